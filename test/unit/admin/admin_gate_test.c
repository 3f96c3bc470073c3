/* The gate: hosts, origins, lengths, and what stands in fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/admin/admin.h"

static const edge_span_t hosts[] = {EDGE_SPAN("localhost"), EDGE_SPAN("127.0.0.1"), EDGE_SPAN("[::1]"),
                                    EDGE_SPAN("admin.example.net")};

/* The status for a request of these fields, which end with NULL. */
static unsigned check(const char *method, const char *query, bool cookie, const char *const *fields) {
    edge_http1_field_t list[16];
    admin_gate_t gate = {.method = edge_span_of(method),
                         .path = edge_span_of("/api/v1/status"),
                         .query = edge_span_of(query),
                         .fields = list,
                         .hosts = hosts,
                         .host_count = EDGE_COUNT(hosts),
                         .cookie = cookie};
    for (; fields[2 * gate.count] != NULL; gate.count++)
        list[gate.count] =
            (edge_http1_field_t){edge_span_of(fields[2 * gate.count]), edge_span_of(fields[2 * gate.count + 1])};
    return admin_gate_check(&gate).status;
}

#define GET(...) check("GET", NULL, false, (const char *const[]){__VA_ARGS__, NULL})
#define POST(...) check("POST", NULL, false, (const char *const[]){__VA_ARGS__, NULL})
#define POST_BY_COOKIE(...) check("POST", NULL, true, (const char *const[]){__VA_ARGS__, NULL})
#define HOST "Host", "localhost:8090"

static void hosts_by_name(void **state) {
    static const char *const good[] = {"localhost", "LOCALHOST:1", "127.0.0.1:8090",
                                       "[::1]",     "[::1]:8090",  "admin.example.net:443"};
    static const char *const bad[] = {"",     "evil",       "localhost.",  "localhost:", "localhost:x", "::1",
                                      "[::1", "127.0.0.1 ", "a@localhost", ":8090",      "[::1]x"};
    for (size_t i = 0; i < EDGE_COUNT(good); i++)
        assert_int_equal(GET("Host", good[i]), 0);
    for (size_t i = 0; i < EDGE_COUNT(bad); i++)
        assert_int_equal(GET("Host", bad[i]), strcmp(bad[i], "127.0.0.1 ") == 0 ? 0 : 400);
    assert_int_equal(GET("X", "y"), 400);
    assert_int_equal(GET(HOST, "host", "localhost"), 400);
}

static void one_length_and_no_coding(void **state) {
    assert_int_equal(POST(HOST, "Content-Length", "2"), 0);
    assert_int_equal(POST(HOST, "Content-Length", "2", "content-length", "2"), 400);
    assert_int_equal(POST(HOST, "Transfer-Encoding", "chunked"), 400);
    assert_int_equal(POST(HOST, "Transfer-Encoding", "", "Content-Length", "2"), 400);
}

static void origins(void **state) {
    assert_int_equal(GET(HOST, "Origin", "http://localhost:8090"), 0);
    assert_int_equal(GET(HOST, "Origin", "https://LOCALHOST:8090"), 0);
    static const char *const bad[] = {"null",
                                      "",
                                      "http://localhost",
                                      "http://localhost:8090/",
                                      "http://localhost:80901",
                                      "ftp://localhost:8090",
                                      "http://evil",
                                      "localhost:8090",
                                      "http://",
                                      "http://x@localhost:8090"};
    for (size_t i = 0; i < EDGE_COUNT(bad); i++)
        assert_int_equal(GET(HOST, "Origin", bad[i]), 403);
    assert_int_equal(GET(HOST, "Origin", "http://localhost:8090", "Origin", "http://localhost:8090"), 403);
    assert_int_equal(POST(HOST), 0);
    assert_int_equal(POST_BY_COOKIE(HOST), 403);
    assert_int_equal(POST_BY_COOKIE(HOST, "Origin", "http://localhost:8090"), 0);
    assert_int_equal(GET(HOST, "Sec-Fetch-Site", "same-origin"), 0);
    assert_int_equal(GET(HOST, "Sec-Fetch-Site", "none"), 0);
    assert_int_equal(GET(HOST, "Sec-Fetch-Site", "cross-site"), 403);
    assert_int_equal(GET(HOST, "Sec-Fetch-Site", "same-site"), 403);
    assert_int_equal(GET(HOST, "Sec-Fetch-Site", ""), 403);
}

static void tokens_in_urls(void **state) {
    const char *const fields[] = {HOST, NULL};
    assert_int_equal(check("GET", "a=b&Token=x", false, fields), 400);
    assert_int_equal(check("GET", "access_token", false, fields), 400);
    assert_int_equal(check("GET", "types=token", false, fields), 0);
}

static void credentials(void **state) {
    edge_span_t field = edge_span_of("a=1; edge=abc.def;edge2=x; b=");
    assert_true(edge_span_equal(admin_gate_cookie(field, "edge"), edge_span_of("abc.def")));
    assert_true(edge_span_equal(admin_gate_cookie(field, "edge2"), edge_span_of("x")));
    assert_int_equal(admin_gate_cookie(field, "b").len, 0);
    assert_null(admin_gate_cookie(field, "c").at);
    assert_null(admin_gate_cookie(EDGE_NO_SPAN, "edge").at);
    assert_null(admin_gate_cookie(edge_span_of("xedge=1"), "edge").at);
    assert_true(edge_span_equal(admin_gate_bearer(edge_span_of("bearer  xyz ")), edge_span_of("xyz")));
    assert_null(admin_gate_bearer(edge_span_of("Basic xyz")).at);
    assert_null(admin_gate_bearer(edge_span_of("Bearer")).at);
    assert_null(admin_gate_bearer(EDGE_NO_SPAN).at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_by_name), cmocka_unit_test(one_length_and_no_coding),
        cmocka_unit_test(origins),       cmocka_unit_test(tokens_in_urls),
        cmocka_unit_test(credentials),
    };
    return cmocka_run_group_tests_name("admin/admin_gate", tests, NULL, NULL);
}
