/* Holds: whom they concern, when they end, and what a file of them says after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../modules/relay/relay.h"
#include "../../../modules/relay/relay_hold.h"

static apr_pool_t *pool;
static char path[64];

static int start(void **state) {
    apr_initialize();
    apr_pool_create(&pool, NULL);
    strcpy(path, "/tmp/edged_holds_XXXXXX");
    close(mkstemp(path));
    unlink(path);
    return edge_counter_map() == APR_SUCCESS && relay_holds_open(path) == APR_SUCCESS ? 0 : -1;
}

static int end(void **state) {
    relay_holds_close();
    unlink(path);
    apr_pool_destroy(pool);
    return 0;
}

static const char *add(relay_hold_scope_t scope, const char *value, apr_time_t length) {
    apr_time_t now = edge_clock_read().wall;
    relay_hold_t hold = {.scope = scope,
                         .value = value,
                         .reason = "a \"reason\"",
                         .who = "uid 0",
                         .since = now,
                         .until = length ? now + length : 0};
    assert_int_equal(relay_holds_add(&hold), APR_SUCCESS);
    return apr_pstrdup(pool, hold.id);
}

static bool is_held(relay_hold_scope_t scope, const char *value) {
    return relay_holds_until(scope, edge_span_of(value)) > 0;
}

static apr_status_t lift(const char *id) {
    relay_hold_t lifted;
    return relay_holds_lift(edge_span_of(id), &lifted, pool);
}

static void without_any_nothing_is_held(void **state) {
    for (unsigned scope = 0; scope < RELAY_HOLD_SCOPES; scope++)
        assert_false(is_held((relay_hold_scope_t)scope, "x"));
    assert_int_equal(relay_holds_count(), 0);
    assert_int_equal(lift("12345678"), APR_NOTFOUND);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void each_concerns_its_own(void **state) {
    const char *domain = add(RELAY_HOLD_DOMAIN, "a.example", 0);
    assert_true(is_held(RELAY_HOLD_DOMAIN, "A.example"));
    assert_false(is_held(RELAY_HOLD_DOMAIN, "b.a.example"));
    assert_false(is_held(RELAY_HOLD_LISTENER, "a.example"));
    assert_false(is_held(RELAY_HOLD_ALL, ""));
    const char *all = add(RELAY_HOLD_ALL, "", 0);
    assert_true(is_held(RELAY_HOLD_ALL, ""));
    assert_false(is_held(RELAY_HOLD_BACKEND, ""));
    assert_int_equal(relay_holds_count(), 2);
    assert_int_equal(lift(domain), APR_SUCCESS);
    assert_false(is_held(RELAY_HOLD_DOMAIN, "a.example"));
    assert_int_equal(lift(domain), APR_NOTFOUND);
    assert_int_equal(lift(all), APR_SUCCESS);
    assert_int_equal(relay_holds_count(), 0);
}

static void the_longest_counts(void **state) {
    add(RELAY_HOLD_ALL, "", EDGE_SECONDS(3600));
    apr_time_t hour = relay_holds_until(RELAY_HOLD_ALL, EDGE_NO_SPAN);
    add(RELAY_HOLD_ALL, "", EDGE_SECONDS(60));
    assert_int_equal(relay_holds_until(RELAY_HOLD_ALL, EDGE_NO_SPAN), hour);
    add(RELAY_HOLD_ALL, "", 0);
    assert_int_equal(relay_holds_until(RELAY_HOLD_ALL, EDGE_NO_SPAN), EDGE_QUEUE_NEVER);
}

static void one_that_is_over_is_none(void **state) {
    relay_hold_t *list;
    add(RELAY_HOLD_ALL, "", 1);
    while (is_held(RELAY_HOLD_ALL, "")) {
    }
    assert_int_equal(relay_holds_count(), 0);
    assert_int_equal(relay_holds_list(&list, pool), 0);
    add(RELAY_HOLD_BACKEND, "x", 0); /* the next change takes it out of the file */
    assert_int_equal(relay_holds_open(path), APR_SUCCESS);
    assert_int_equal(relay_holds_list(&list, pool), 1);
    assert_int_equal(list[0].scope, RELAY_HOLD_BACKEND);
}

static void they_are_read_again(void **state) {
    relay_hold_t *before, *after;
    add(RELAY_HOLD_DOMAIN, "a.example", EDGE_SECONDS(100));
    add(RELAY_HOLD_LISTENER, "mx \"x\"", 0);
    assert_int_equal(relay_holds_list(&before, pool), 2);
    assert_int_equal(relay_holds_open(path), APR_SUCCESS);
    assert_int_equal(relay_holds_list(&after, pool), 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(after[i].id, before[i].id);
        assert_int_equal(after[i].scope, before[i].scope);
        assert_string_equal(after[i].value, before[i].value);
        assert_string_equal(after[i].reason, "a \"reason\"");
        assert_string_equal(after[i].who, "uid 0");
        assert_int_equal(after[i].since / 1000, before[i].since / 1000); /* kept to a millisecond */
        assert_int_equal(after[i].until / 1000, before[i].until / 1000);
    }
}

static void there_is_a_bound(void **state) {
    relay_hold_t hold = {.scope = RELAY_HOLD_ALL, .value = "", .reason = "", .who = ""};
    for (unsigned i = 0; i < RELAY_HOLDS_MOST; i++)
        add(RELAY_HOLD_ALL, "", 0);
    assert_int_equal(relay_holds_add(&hold), APR_ENOSPC);
    assert_int_equal(relay_holds_count(), RELAY_HOLDS_MOST);
}

static void what_cannot_be_written_does_not_hold(void **state) {
    relay_hold_t hold = {.scope = RELAY_HOLD_ALL, .value = "", .reason = "", .who = ""};
    assert_int_equal(relay_holds_open("/nonexistent/holds.json"), APR_SUCCESS);
    assert_int_not_equal(relay_holds_add(&hold), APR_SUCCESS);
    assert_false(is_held(RELAY_HOLD_ALL, ""));
}

static void broken_files_are_named(void **state) {
    static const char *const files[][2] = {
        {"{", "octet"},
        {"[]", "no list of \"holds\""},
        {"{\"holds\":1}", "no list of \"holds\""},
        {"{\"holds\":[{\"scope\":\"x\"}]}", "hold 1 of the list has a \"scope\""},
        {"{\"holds\":[{\"scope\":\"all\",\"id\":\"1\"}]}", "hold 1 of the list has an \"id\""},
        {"{\"holds\":[{\"scope\":\"all\",\"id\":\"12345678\",\"until\":\"soon\"}]}", "has a time that is none"},
        {"{\"holds\":[{\"scope\":\"domain\",\"id\":\"12345678\"}]}", "does not say what it holds"},
    };
    char why[200];
    for (unsigned i = 0; i < EDGE_COUNT(files); i++) {
        FILE *file = fopen(path, "w");
        fputs(files[i][0], file);
        fclose(file);
        assert_int_not_equal(relay_holds_check(path, why, sizeof(why)), APR_SUCCESS);
        if (!strstr(why, files[i][1]))
            fail_msg("%s: %s", files[i][0], why);
    }
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(relay_holds_check(path, why, sizeof(why)), APR_SUCCESS);
    unlink(path);
    assert_int_equal(relay_holds_check(path, why, sizeof(why)), APR_SUCCESS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_any_nothing_is_held, start, end),
        cmocka_unit_test_setup_teardown(each_concerns_its_own, start, end),
        cmocka_unit_test_setup_teardown(the_longest_counts, start, end),
        cmocka_unit_test_setup_teardown(one_that_is_over_is_none, start, end),
        cmocka_unit_test_setup_teardown(they_are_read_again, start, end),
        cmocka_unit_test_setup_teardown(there_is_a_bound, start, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_does_not_hold, start, end),
        cmocka_unit_test_setup_teardown(broken_files_are_named, start, end),
    };
    return cmocka_run_group_tests_name("relay_hold", tests, NULL, NULL);
}
