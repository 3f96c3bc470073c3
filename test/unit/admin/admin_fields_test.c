/* The fields of every answer, and whole answers for requests that cannot be served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <stdlib.h>

#include "../../../modules/admin/admin.h"

static bool has(const edge_http1_field_t *fields, unsigned count, const char *name, const char *part) {
    for (unsigned i = 0; i < count; i++)
        if (edge_span_equal(fields[i].name, edge_span_of(name)) && strstr(fields[i].value.at, part))
            return true;
    return false;
}

static void a_browser_is_told_what_to_forbid(void **state) {
    edge_http1_field_t fields[ADMIN_OWN_FIELDS_MOST];
    unsigned count = admin_fields_put(fields, false);
    assert_true(count < ADMIN_OWN_FIELDS_MOST);
    assert_true(has(fields, count, "Content-Security-Policy", "default-src 'none'"));
    assert_true(has(fields, count, "Content-Security-Policy", "frame-ancestors 'none'"));
    assert_false(has(fields, count, "Content-Security-Policy", "unsafe"));
    assert_true(has(fields, count, "X-Content-Type-Options", "nosniff"));
    assert_false(has(fields, count, "Strict-Transport-Security", ""));
    assert_true(has(fields, admin_fields_put(fields, true), "Strict-Transport-Security", "max-age="));
}

/* Read back by our own parser: a head, and as much content as it says, of JSON. */
static void a_refusal_is_whole(void **state) {
    char text[4096];
    apr_pool_t *pool;
    edge_http1_field_t fields[32];
    edge_http1_head_t head = {.fields = fields, .room = EDGE_COUNT(fields)};
    size_t len = admin_fields_refusal(431, "head-too-large", "It is \"too\"\r\nlarge.", true, text, sizeof(text));
    apr_pool_create(&pool, NULL);
    assert_int_equal(edge_http1_response(&head, edge_span(text, len)), EDGE_HTTP1_DONE);
    assert_int_equal(head.status, 431);
    assert_true(head.has_length && head.size + head.length == len && !head.keep_alive);
    const edge_json_value_t *problem =
        edge_json_in_read(edge_span(text + head.size, len - head.size), pool, NULL, NULL);
    assert_non_null(problem);
    assert_string_equal(edge_json_in_text(problem, "code").at, "head-too-large");
    assert_string_equal(edge_json_in_text(problem, "detail").at, "It is \"too\"\r\nlarge.");
    assert_int_equal(admin_fields_refusal(400, "x", "y", false, text, 100), 0);
    apr_pool_destroy(pool);
}

static int set_up(void **state) { return apr_initialize(); }

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_browser_is_told_what_to_forbid),
                                       cmocka_unit_test(a_refusal_is_whole)};
    return cmocka_run_group_tests_name("admin/admin_fields", tests, set_up, NULL);
}
