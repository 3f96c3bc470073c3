/* Heads as bytes: exact forms, cut buffers, and no injected lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/http1_write.h"

static char out[512];

static void a_response(void **state) {
    (void)state;
    edge_http1_field_t fields[] = {{EDGE_SPAN("Content-Length"), EDGE_SPAN("36")}};
    size_t len = edge_http1_write_response(0, 200, edge_span_of("Message queued as x"), fields, 1, out, sizeof out);
    out[len] = '\0';
    assert_string_equal(out, "HTTP/1.0 200 Message queued as x\r\nContent-Length: 36\r\n\r\n");
    len = edge_http1_write_response(1, 404, EDGE_NO_SPAN, NULL, 0, out, sizeof out);
    out[len] = '\0';
    assert_string_equal(out, "HTTP/1.1 404 Not Found\r\n\r\n");
}

static void a_request(void **state) {
    (void)state;
    edge_http1_field_t fields[] = {{EDGE_SPAN("Host"), EDGE_SPAN("localhost")}};
    size_t len =
        edge_http1_write_request(edge_span_of("GET"), edge_span_of("/api/v1/status"), fields, 1, out, sizeof out);
    out[len] = '\0';
    assert_string_equal(out, "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

static void nothing_can_be_injected(void **state) {
    (void)state;
    edge_http1_field_t fields[] = {{EDGE_SPAN("X"), EDGE_SPAN("a\r\nY: b\0c")}};
    size_t len = edge_http1_write_response(1, 400, edge_span_of("bad\r\n\r\nbody"), fields, 1, out, sizeof out);
    out[len] = '\0';
    assert_string_equal(out, "HTTP/1.1 400 bad    body\r\nX: a  Y: b c\r\n\r\n");
}

static void a_small_buffer_gets_what_fits(void **state) {
    (void)state;
    memset(out, '#', sizeof out);
    assert_int_equal(edge_http1_write_response(1, 200, EDGE_NO_SPAN, NULL, 0, out, 10), 19);
    assert_memory_equal(out, "HTTP/1.1 2#", 11);
    assert_int_equal(edge_http1_write_response(1, 200, EDGE_NO_SPAN, NULL, 0, NULL, 0), 19);
}

static void phrases(void **state) {
    (void)state;
    assert_string_equal(edge_http1_reason(503), "Service Unavailable");
    assert_string_equal(edge_http1_reason(299), "Successful");
    assert_string_equal(edge_http1_reason(999), "Unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response),
        cmocka_unit_test(a_request),
        cmocka_unit_test(nothing_can_be_injected),
        cmocka_unit_test(a_small_buffer_gets_what_fits),
        cmocka_unit_test(phrases),
    };
    return cmocka_run_group_tests_name("proto/http1_write", tests, NULL, NULL);
}
