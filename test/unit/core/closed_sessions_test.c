/* Tests of server/core/closed_sessions.c and session_record*.c: what a session was can be read when it has gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>
#include <cmocka.h>

#include "session_fixture.h"

#include "core/closed_sessions.h"
#include "core/session.h"

static apr_pool_t *pool;

static const char *const verbs[] = {"ehlo", "mail", NULL};

static _Alignas(16) char no_snapshot[4096]; /* of generation 0: nothing else of it is asked for */

static edge_session_state_t look(const edge_session_t *session, edge_mono_t *idle_since) {
    *idle_since = session->opened.mono;
    return EDGE_STATE_COMMAND;
}

static int setup(void **state) {
    if (bench_setup(state))
        return -1;
    bench.protocol.verbs = verbs;
    bench.protocol.look = look;
    bench.session.snapshot = (edge_snapshot_t *)no_snapshot;
    bench.session.opened = edge_worker_clock(bench.worker);
    return 0;
}

static edge_session_story_t story;

static edge_span_t as_json(void (*put)(edge_json_t *json, const edge_session_story_t *story)) {
    edge_json_t json;
    edge_json_start(&json, pool, 1024);
    edge_json_object(&json);
    put(&json, &story);
    edge_json_object_end(&json);
    return edge_span(json.text, json.len);
}

static void close_one(const char *id, edge_close_reason_t reason) {
    snprintf(bench.session.id, sizeof(bench.session.id), "%s", id);
    edge_closed_sessions_add(&bench.session, reason);
}

static void it_is_found_by_its_id(void **state) {
    (void)state;
    edge_session_heard(&bench.session, edge_span_of("EHLO a\x01"), false);
    edge_session_said(&bench.session, edge_span_of("250-Hello a\r\n250 SIZE 1\r\n"));
    edge_session_set_ehlo(&bench.session, edge_span_of("a<b>"), true);
    bench.session.waited.queue = 1500000;
    close_one("0123456789ABC", EDGE_CLOSE_TIMEOUT_DATA);
    edge_session_set_ehlo(&bench.session, EDGE_NO_SPAN, false);
    assert_false(edge_closed_sessions_find(edge_span_of("0123456789ABD"), &story));
    assert_true(edge_closed_sessions_find(edge_span_of("0123456789ABC"), &story));
    edge_span_t text = as_json(edge_session_story_put);
    assert_non_null(strstr(text.at, "\"state\":\"closed\""));
    assert_non_null(strstr(text.at, "\"end\":\"timeout_data\",\"trouble\":true"));
    assert_non_null(strstr(text.at, "\"ehlo\":\"a<b>\""));
    assert_non_null(strstr(text.at, "\"queue\":1.5"));
    assert_non_null(strstr(text.at, "\"last_reply\":\"250-Hello a\""));
    text = as_json(edge_session_trail_put);
    assert_non_null(strstr(text.at, "\"from\":\"C\",\"text\":\"EHLO a\\u0001\",\"more\":false"));
    assert_non_null(strstr(text.at, "\"from\":\"S\",\"text\":\"250-Hello a\",\"more\":true"));
}

static void the_ring_turns(void **state) {
    edge_session_record_t record;
    char id[EDGE_SESSION_ID_TEXT];
    uint64_t before = edge_closed_sessions_newest();
    (void)state;
    for (unsigned i = 0; i < EDGE_CLOSED_SESSIONS + 10; i++) {
        snprintf(id, sizeof(id), "S%012u", i);
        close_one(id, EDGE_CLOSE_QUIT);
    }
    uint64_t newest = edge_closed_sessions_newest();
    assert_int_equal(newest, before + EDGE_CLOSED_SESSIONS + 10);
    assert_true(edge_closed_sessions_record(newest, &record));
    assert_string_equal(record.id, id);
    assert_true(edge_closed_sessions_record(newest - EDGE_CLOSED_SESSIONS + 1, &record));
    assert_false(edge_closed_sessions_record(newest - EDGE_CLOSED_SESSIONS, &record));
    assert_false(edge_closed_sessions_record(newest + 1, &record));
    assert_false(edge_closed_sessions_find(edge_span_of("S000000000009"), &story));
    assert_true(edge_closed_sessions_find(edge_span_of("S000000000010"), &story));
}

static void filters(void **state) {
    edge_session_filter_t filter = {.state = -1};
    edge_session_record_t record = {
        .listener = "mx", .ehlo = "mail.example.org", .state = EDGE_STATE_RCPT, .opened_mono = 10, .seen = 110};
    (void)state;
    edge_ipaddr_parse(edge_span_of("192.0.2.7"), &record.from_ip);
    assert_true(edge_session_filter_takes(&filter, &record));
    filter.min_age = 100;
    assert_true(edge_session_filter_takes(&filter, &record));
    filter.min_age = 101;
    assert_false(edge_session_filter_takes(&filter, &record));
    filter.min_age = 0;
    strcpy(filter.ehlo, "*.EXAMPLE.org");
    assert_true(edge_session_filter_takes(&filter, &record));
    strcpy(filter.ehlo, "*.example.net");
    assert_false(edge_session_filter_takes(&filter, &record));
    filter.ehlo[0] = '\0';
    edge_ipaddr_parse_network(edge_span_of("192.0.2.0/24"), &filter.network, &filter.bits);
    assert_true(edge_session_filter_takes(&filter, &record));
    edge_ipaddr_parse_network(edge_span_of("198.51.100.0/24"), &filter.network, &filter.bits);
    assert_false(edge_session_filter_takes(&filter, &record));
    filter.bits = 0;
    filter.state = EDGE_STATE_DATA;
    assert_false(edge_session_filter_takes(&filter, &record));
    filter.state = EDGE_STATE_RCPT;
    strcpy(filter.listener, "submission");
    assert_false(edge_session_filter_takes(&filter, &record));
    strcpy(filter.listener, "mx");
    assert_true(edge_session_filter_takes(&filter, &record));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_found_by_its_id, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_ring_turns, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(filters, setup, bench_teardown),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (edge_closed_sessions_map() != APR_SUCCESS)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
