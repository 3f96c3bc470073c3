/* The routes about bans, called as a carrier calls them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "control/admin.h"
#include "core/bans.h"
#include "edge_clock.h"
#include "proto/json_in.h"

static apr_pool_t *pool;
static edge_admin_answer_t answer;

static int start(void **state) {
    (void)state;
    apr_pool_create(&pool, NULL);
    edge_bans_lift((edge_ipaddr_t){{0}}, 0, edge_clock_read().mono);
    return 0;
}

static int end(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static unsigned ask(const char *method, const char *target, edge_admin_role_t role) {
    edge_admin_call_t call = {
        .method = edge_span_of(method), .target = edge_span_of(target), .role = role, .who = "a test", .local = true};
    edge_admin_answer_start(&answer, pool);
    edge_admin_dispatch(&call, &answer);
    return answer.status;
}

static const edge_json_value_t *document(void) {
    const edge_json_value_t *read = edge_json_in_read(edge_span(answer.json.text, answer.json.len), pool, NULL, NULL);
    assert_non_null(read);
    return read;
}

static unsigned add(const char *query) {
    return ask("POST", apr_pstrcat(pool, "/api/v1/bans?", query, NULL), EDGE_ADMIN_OPERATE);
}

static void assert_member(const edge_json_value_t *value, const char *name, const char *text) {
    edge_span_t got = edge_json_in_text(value, name);
    assert_non_null(got.at);
    assert_string_equal(got.at, text);
}

static const edge_json_value_t *items(void) {
    assert_int_equal(ask("GET", "/api/v1/bans", EDGE_ADMIN_READ), 200);
    return edge_json_in_member(document(), "items");
}

static void what_is_added_is_listed(void **state) {
    (void)state;
    assert_int_equal(items()->count, 0);
    assert_int_equal(add("address=192.0.2.7&for=1h&reason=too%20much"), 200);
    assert_member(document(), "address", "192.0.2.7");
    assert_int_equal(add("address=2001%3Adb8%3A%3A%2F32"), 200);
    const edge_json_value_t *list = items();
    assert_int_equal(list->count, 2);
    assert_member(list->first, "address", "2001:db8::/32");
    assert_int_equal(edge_json_in_member(list->first, "expires")->type, EDGE_JSON_NULL);
    assert_member(list->first->next, "address", "192.0.2.7");
    assert_member(list->first->next, "source", "manual");
    assert_member(list->first->next, "reason", "too much");
    assert_int_equal(edge_json_in_text(list->first->next, "expires").len, EDGE_CLOCK_RFC3339_SIZE - 1);
    assert_int_equal(edge_json_in_number(list->first->next, "hits", -1), 0);
}

static void the_servers_own_are_listed_as_such(void **state) {
    edge_clock_t now = edge_clock_read();
    edge_ban_t ban = {.until = now.mono + EDGE_SECONDS(60), .since = now.wall, .reason = "5 failed authentications"};
    (void)state;
    assert_true(edge_ipaddr_parse_network(edge_span_of("192.0.2.9"), &ban.address, &ban.bits));
    assert_true(edge_bans_add(&ban, now.mono));
    assert_member(items()->first, "source", "auto");
}

static void lifting(void **state) {
    (void)state;
    assert_int_equal(add("address=192.0.2.7"), 200);
    assert_int_equal(add("address=2001:db8:1:2::/64"), 200);
    assert_int_equal(ask("DELETE", "/api/v1/bans/192.0.2.8", EDGE_ADMIN_OPERATE), 404);
    assert_int_equal(ask("DELETE", "/api/v1/bans/192.0.2.7", EDGE_ADMIN_OPERATE), 200);
    assert_int_equal(edge_json_in_number(document(), "lifted", 0), 1);
    assert_int_equal(ask("DELETE", "/api/v1/bans/192.0.2.7", EDGE_ADMIN_OPERATE), 404);
    assert_int_equal(ask("DELETE", "/api/v1/bans/2001:db8:1:3::5", EDGE_ADMIN_OPERATE), 404);
    assert_int_equal(ask("DELETE", "/api/v1/bans/2001:db8:1:2::5", EDGE_ADMIN_OPERATE), 200);
    assert_int_equal(add("address=192.0.2.0/24"), 200);
    assert_int_equal(add("address=192.0.2.7"), 200);
    assert_int_equal(ask("DELETE", "/api/v1/bans/192.0.2.0%2F24", EDGE_ADMIN_OPERATE), 200);
    assert_int_equal(ask("DELETE", "/api/v1/bans/all", EDGE_ADMIN_OPERATE), 200);
    assert_int_equal(edge_json_in_number(document(), "lifted", 0), 1);
    assert_int_equal(ask("DELETE", "/api/v1/bans/all", EDGE_ADMIN_OPERATE), 200);
    assert_int_equal(edge_json_in_number(document(), "lifted", -1), 0);
}

static void nonsense_is_refused(void **state) {
    static const char *const bad[] = {"",
                                      "address=",
                                      "address=mx.example",
                                      "address=192.0.2.7&for=soon",
                                      "address=192.0.2.7&for=0s",
                                      "address=192.0.2.7&for=5",
                                      "address=192.0.2.7&for=106751991167d",
                                      "address=192.0.2.7&because=x",
                                      "address=192.0.2.7&address=192.0.2.8"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(bad); i++)
        assert_int_equal(add(bad[i]), 422);
    char *reason = apr_pcalloc(pool, EDGE_BANS_REASON + 1);
    memset(reason, 'x', EDGE_BANS_REASON);
    assert_int_equal(add(apr_pstrcat(pool, "address=192.0.2.7&reason=", reason, NULL)), 422);
    reason[EDGE_BANS_REASON - 1] = '\0';
    assert_int_equal(ask("DELETE", "/api/v1/bans/nobody", EDGE_ADMIN_OPERATE), 422);
    assert_int_equal(items()->count, 0);
    assert_int_equal(add(apr_pstrcat(pool, "address=192.0.2.7&reason=", reason, NULL)), 200);
    assert_member(items()->first, "reason", reason);
}

static void roles(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/api/v1/bans?address=192.0.2.7", EDGE_ADMIN_READ), 403);
    assert_int_equal(ask("DELETE", "/api/v1/bans/all", EDGE_ADMIN_READ), 403);
    assert_int_equal(ask("GET", "/api/v1/bans", EDGE_ADMIN_NOBODY), 401);
    assert_int_equal(ask("PUT", "/api/v1/bans", EDGE_ADMIN_ADMIN), 405);
}

static void no_room_is_said(void **state) {
    unsigned status = 200, added = 0;
    (void)state;
    for (; status == 200 && added < 250; added++)
        status = add(apr_psprintf(pool, "address=10.%u.0.0/16", added));
    assert_int_equal(status, 507);
    assert_int_equal(items()->count, added - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_added_is_listed, start, end),
        cmocka_unit_test_setup_teardown(the_servers_own_are_listed_as_such, start, end),
        cmocka_unit_test_setup_teardown(lifting, start, end),
        cmocka_unit_test_setup_teardown(nonsense_is_refused, start, end),
        cmocka_unit_test_setup_teardown(roles, start, end),
        cmocka_unit_test_setup_teardown(no_room_is_said, start, end),
    };
    apr_initialize();
    if (edge_bans_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests_name("control/admin_bans", tests, NULL, NULL);
}
