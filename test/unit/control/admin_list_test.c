/* What all lists have: members that are chosen, a tag, a link to the next page. */
#include "admin_list_fixture.h"

#define THINGS "/api/v1/all/things"

/* The first item, as it was told. */
static void first_is(const char *wanted) {
    const edge_json_value_t *items = edge_json_in_member(document(), "items");
    assert_non_null(items->first);
    assert_string_equal(apr_pstrmemdup(pool, items->first->raw.at, items->first->raw.len), wanted);
}

static void members_are_chosen(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS "?fields=id", NULL), 200);
    first_is("{\"id\":1}");
    assert_int_equal(edge_json_in_number(document(), "matched", 0), ITEMS);
    assert_string_equal(edge_json_in_text(document(), "next_cursor").at, "2");
    assert_int_equal(ask(THINGS "?fields=client.port,id", NULL), 200);
    first_is("{\"id\":1,\"client\":{\"port\":1001}}");
    assert_int_equal(ask(THINGS "?fields=client,%20names", NULL), 200);
    first_is("{\"client\":{\"ip\":\"192.0.2.1\",\"port\":1001},\"names\":[\"=a\",\"b\"]}");
    assert_int_equal(ask(THINGS "?fields=client.ip,client", NULL), 200);
    first_is("{\"client\":{\"ip\":\"192.0.2.1\",\"port\":1001}}");
    assert_int_equal(ask(THINGS "?fields=client.ip&cursor=1", NULL), 200);
    first_is("{\"client\":null}");
}

static void unknown(const char *fields, const char *suggestion) {
    assert_int_equal(ask(apr_pstrcat(pool, THINGS "?fields=", fields, NULL), NULL), 422);
    const edge_json_value_t *error = edge_json_in_member(document(), "errors")->first;
    assert_string_equal(edge_json_in_text(error, "pointer").at, "?fields");
    edge_span_t got = edge_json_in_text(error, "suggestion");
    if (suggestion == NULL) {
        assert_null(got.at);
    } else {
        assert_string_equal(got.at, suggestion);
    }
    assert_int_equal(calls, 0);
}

static void what_there_is_not_is_said(void **state) {
    (void)state;
    unknown("idd", NULL);
    unknown("id,client.prt", "client.port");
    unknown("client.ip.x", "client.ip");
    unknown("names.x", "names");
    unknown("id,,text", NULL);
    unknown(".", NULL);
    unknown("zzzzzzzzzzzzzzzz", NULL);
    assert_int_equal(ask(THINGS "?fields=", NULL), 422);
    assert_int_equal(ask(THINGS "?fields=id&fields=id", NULL), 422);
    assert_int_equal(ask("/other?fields=id", NULL), 422);
    assert_int_equal(ask(THINGS "?field=id", NULL), 422);
    assert_string_equal(edge_json_in_text(edge_json_in_member(document(), "errors")->first, "suggestion").at, "fields");
}

static void the_next_page_is_linked(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS, NULL), 200);
    assert_string_equal(field("Link"), "<?cursor=2>; rel=\"next\"");
    assert_int_equal(ask(THINGS "?limit=3&cursor=1&text=a%20%3E%26%2B%C3%A9&fields=id", NULL), 200);
    assert_string_equal(field("Link"), "<?limit=3&text=a%20%3E%26%2B%C3%A9&fields=id&cursor=4>; rel=\"next\"");
    assert_int_equal(ask(THINGS "?cursor=6", NULL), 200);
    assert_null(field("Link"));
}

static void the_tag_is_of_what_is_told(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS, NULL), 200);
    const char *tag = answer.etag;
    assert_int_equal(strncmp(tag, "W/\"", 3), 0);
    assert_int_equal(ask(THINGS, NULL), 200);
    assert_string_equal(answer.etag, tag);
    edge_admin_call_t known = {.local = true, .if_none_match = edge_span_of(tag)};
    assert_int_equal(carry(known, "GET", THINGS, NULL), 304);
    assert_int_equal(carry(known, "GET", THINGS "?cursor=1", NULL), 200);
    assert_int_equal(carry(known, "GET", THINGS "?text=y", NULL), 200);
    assert_int_equal(carry(known, "GET", THINGS "?fields=id", NULL), 200);
}

static void one_item(void **state) {
    (void)state;
    assert_int_equal(ask(THINGS "/2", NULL), 200);
    assert_int_equal(edge_json_in_number(document(), "id", 0), 2);
    assert_int_equal(document()->count, 4);
    assert_null(answer.etag);
    assert_null(field("Link"));
    assert_int_equal(ask(THINGS "/0", NULL), 404);
    assert_string_equal(edge_json_in_text(document(), "detail").at, "There is none whose id is \"0\".");
    fails_at = 1;
    assert_int_equal(ask(THINGS "/1", NULL), 503);
    assert_ptr_equal(edge_admin_list_answer(&edge_admin_routes[0]), list_rows);
    assert_null(edge_admin_list_answer(&edge_admin_routes[2]));
    const edge_admin_route_t *item = edge_admin_routes;
    while (item->handler != edge_admin_list_item) {
        item++;
    }
    assert_ptr_equal(edge_admin_list_answer(item), item_rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_are_chosen, start, end),
        cmocka_unit_test_setup_teardown(what_there_is_not_is_said, start, end),
        cmocka_unit_test_setup_teardown(the_next_page_is_linked, start, end),
        cmocka_unit_test_setup_teardown(one_item, start, end),
        cmocka_unit_test_setup_teardown(the_tag_is_of_what_is_told, start, end),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("control/admin_list", tests, NULL, NULL);
}
