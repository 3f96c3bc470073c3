/* Chunked content: decoded in every cut, and every malformed framing refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/http1_chunks.h"

/* Decodes in pieces of `cut` octets into `out`; `left` is what was not eaten. */
static edge_http1_chunks_state_t decode(const char *text, size_t len, size_t cut, char *out, size_t *left) {
    edge_http1_chunks_t chunks = {0};
    edge_http1_chunks_state_t state = EDGE_HTTP1_CHUNKS_MORE;
    size_t at = 0, written = 0;
    while (state == EDGE_HTTP1_CHUNKS_MORE && at < len) {
        size_t step = len - at < cut ? len - at : cut;
        edge_span_t input = edge_span(text + at, step), data;
        while ((state = edge_http1_chunks_next(&chunks, &input, &data)) == EDGE_HTTP1_CHUNKS_DATA) {
            memcpy(out + written, data.at, data.len);
            written += data.len;
        }
        at += step - input.len;
    }
    out[written] = '\0';
    *left = len - at;
    return state;
}

static void good(const char *text, const char *content, size_t rest) {
    for (size_t cut = 1; cut <= strlen(text); cut++) {
        char out[256];
        size_t left;
        assert_int_equal(decode(text, strlen(text), cut, out, &left), EDGE_HTTP1_CHUNKS_DONE);
        assert_string_equal(out, content);
        assert_int_equal(left, rest);
    }
}

static void decodes_in_every_cut(void **state) {
    (void)state;
    good("0\r\n\r\n", "", 0);
    good("5\r\nhello\r\n6;x=\"y\";z\r\n world\r\n0\r\n\r\nGET /", "hello world", 5);
    good("00A\r\n0123456789\r\na\r\n\r\n\r\n\r\n\r\n\r\n\r\n000;end\r\nTrailer: x\r\nOther:\r\n\r\n",
         "0123456789\r\n\r\n\r\n\r\n\r\n", 0);
}

static void refuses(const char *text) {
    for (size_t cut = 1; cut <= strlen(text); cut++) {
        char out[1024];
        size_t left;
        assert_int_equal(decode(text, strlen(text), cut, out, &left), EDGE_HTTP1_CHUNKS_BAD);
    }
}

static void refuses_what_is_malformed(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "\r\n",
        ";x\r\n",
        "g\r\n",
        "0x5\r\n",
        "-1\r\n",
        "5\n",
        "5\r\r",
        "5 \r\n",
        "5\thello",
        "1000000000000000\r\n",
        "5;x\ny\r\n",
        "5;\x01\r\n",
        "1\r\nab",
        "1\r\na\n",
        "1\r\na\rb",
        "0\r\nX\r\n\r\n",
        "0\r\n: y\r\n",
        "0\r\n X: y\r\n",
        "0\r\nX : y\r\n",
        "0\r\nX: y\n",
        "0\r\nX: \x01\r\n",
        "0\r\n\rx",
    };
    for (size_t i = 0; i < EDGE_COUNT(wrong); i++) {
        refuses(wrong[i]);
    }
}

static void bounds_what_is_dropped(void **state) {
    (void)state;
    static char text[EDGE_HTTP1_TRAILER_MOST + 100];
    char out[16];
    size_t left;
    memset(text, 'x', sizeof text);
    memcpy(text, "1;", 2);
    assert_int_equal(decode(text, 2 + EDGE_HTTP1_EXTENSION_MOST, 100, out, &left), EDGE_HTTP1_CHUNKS_MORE);
    assert_int_equal(decode(text, 3 + EDGE_HTTP1_EXTENSION_MOST, 100, out, &left), EDGE_HTTP1_CHUNKS_BAD);
    memcpy(text, "0\r\nX:", 5);
    assert_int_equal(decode(text, 3 + EDGE_HTTP1_TRAILER_MOST, 100, out, &left), EDGE_HTTP1_CHUNKS_MORE);
    assert_int_equal(decode(text, 4 + EDGE_HTTP1_TRAILER_MOST, 100, out, &left), EDGE_HTTP1_CHUNKS_BAD);
}

static void is_over_for_good(void **state) {
    (void)state;
    edge_http1_chunks_t chunks = {0};
    edge_span_t end = edge_span_of("0\r\n\r\n"), more = edge_span_of("5\r\n"), data;
    assert_int_equal(edge_http1_chunks_next(&chunks, &end, &data), EDGE_HTTP1_CHUNKS_DONE);
    assert_int_equal(edge_http1_chunks_next(&chunks, &more, &data), EDGE_HTTP1_CHUNKS_DONE);
    assert_int_equal(more.len, 3);
    edge_http1_chunks_t broken = {0};
    edge_span_t wrong = edge_span_of("x");
    assert_int_equal(edge_http1_chunks_next(&broken, &wrong, &data), EDGE_HTTP1_CHUNKS_BAD);
    assert_int_equal(edge_http1_chunks_next(&broken, &more, &data), EDGE_HTTP1_CHUNKS_BAD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_in_every_cut),
        cmocka_unit_test(refuses_what_is_malformed),
        cmocka_unit_test(bounds_what_is_dropped),
        cmocka_unit_test(is_over_for_good),
    };
    return cmocka_run_group_tests_name("proto/http1_chunks", tests, NULL, NULL);
}
