/* Lists as lines: NDJSON and CSV, page by page, harmless in a spreadsheet. */
#include "admin_list_fixture.h"

#define THINGS "/api/v1/all/things"

static unsigned lines(void) {
    unsigned count = 0;
    for (const char *at = sent; *at != '\0'; at++) {
        count += *at == '\n';
    }
    return count;
}

static void a_whole_list_by_lines(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS, "application/x-ndjson"), 200);
    assert_int_equal(calls, 3);
    assert_false(counted);
    assert_int_equal(lines(), ITEMS);
    assert_string_equal(answer.type, "application/x-ndjson");
    assert_string_equal(field("Content-Disposition"), "attachment; filename=\"all-things.ndjson\"");
    assert_null(field("Link"));
    const char *rest = sent;
    for (unsigned i = 0; i < ITEMS; i++) {
        size_t len = strcspn(rest, "\n");
        const edge_json_value_t *item = edge_json_in_read(edge_span(rest, len), pool, NULL, NULL);
        assert_int_equal(edge_json_in_number(item, "id", 0), i + 1);
        rest += len + 1;
    }
}

static void columns_are_the_rows(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS "?text=%3D1%2B%22x%22", "text/csv"), 200);
    assert_string_equal(answer.type, "text/csv; charset=utf-8; header=present");
    assert_string_equal(field("Content-Disposition"), "attachment; filename=\"all-things.csv\"");
    assert_int_equal(lines(), ITEMS + 1);
    const char *wanted = "id,text,client.ip,client.port,names,well\r\n"
                         "1,\"'=1+\"\"x\"\"\",\"192.0.2.1\",1001,\"[\"\"=a\"\",\"\"b\"\"]\",true\r\n"
                         "2,,,,\"[\"\"=a\"\",\"\"b\"\"]\",\r\n";
    assert_int_equal(strncmp(sent, wanted, strlen(wanted)), 0);
}

static void members_are_chosen(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS "?fields=client.port,id", "text/csv"), 200);
    assert_int_equal(strncmp(sent, "id,client.port\r\n1,1001\r\n2,\r\n3,1003\r\n", 36), 0);
    assert_int_equal(ask(THINGS "?fields=client.port,id", "application/x-ndjson"), 200);
    assert_int_equal(strncmp(sent, "{\"id\":1,\"client\":{\"port\":1001}}\n{\"id\":2,\"client\":null}\n", 55), 0);
    assert_int_equal(ask(THINGS "?fields=idd", "text/csv"), 422);
    assert_string_equal(answer.type, "application/problem+json");
}

static void with_a_limit_one_page(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS "?limit=2&cursor=1", "text/csv"), 200);
    assert_int_equal(lines(), 3);
    assert_int_equal(calls, 1);
    assert_string_equal(field("Link"), "<?limit=2&cursor=3>; rel=\"next\"");
}

static void trouble(void **state) {
    (void)state;
    fails_at = 1;
    assert_int_equal(ask(THINGS, "text/csv"), 503);
    assert_string_equal(answer.type, "application/problem+json");
    assert_string_equal(edge_json_in_text(document(), "request_id").at, answer.request_id);
    assert_string_equal(edge_json_in_text(document(), "instance").at, THINGS);
    assert_string_equal(field("Retry-After"), "1");
    assert_true(answer.elsewhere); /* the connection ends: who asks again asks another */
    assert_false(answer.streaming);
    fails_at = 2;
    assert_int_equal(ask(THINGS, "text/csv"), 200);
    assert_true(answer.broken);
}

static void the_head_alone(void **state) {
    (void)state;
    assert_int_equal(carry((edge_admin_call_t){.local = true}, "HEAD", THINGS, "text/csv"), 200);
    assert_true(answer.streaming);
    assert_int_equal(calls, 1);
}

static void who_wants_neither_gets_json(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS, "image/png"), 200);
    assert_false(answer.streaming);
    assert_true(counted);
    assert_non_null(edge_json_in_member(document(), "items"));
}

static void what_is_no_list_just_now_is_told_as_it_is(void **state) {
    (void)state;
    assert_int_equal(ask("/text", "text/csv"), 200);
    assert_string_equal(answer.type, "text/plain");
    assert_string_equal(sent, "plain");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_list_by_lines, start, end),
        cmocka_unit_test_setup_teardown(columns_are_the_rows, start, end),
        cmocka_unit_test_setup_teardown(members_are_chosen, start, end),
        cmocka_unit_test_setup_teardown(with_a_limit_one_page, start, end),
        cmocka_unit_test_setup_teardown(trouble, start, end),
        cmocka_unit_test_setup_teardown(the_head_alone, start, end),
        cmocka_unit_test_setup_teardown(who_wants_neither_gets_json, start, end),
        cmocka_unit_test_setup_teardown(what_is_no_list_just_now_is_told_as_it_is, start, end),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("control/admin_export", tests, NULL, NULL);
}
