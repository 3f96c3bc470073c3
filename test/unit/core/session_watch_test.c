/* Tests of server/core/session_watch.c: lines go from the session's worker to its watchers, and nobody waits for a reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>
#include <cmocka.h>
#include <pthread.h>

#include "session_fixture.h"

#include "core/session_watch.h"

static edge_session_watch_seen_t seen;

static edge_session_watch_next_t next(edge_session_watch_t *watch) {
    return edge_session_watch_next(watch, edge_clock_mono(), &seen);
}

static edge_session_watch_next_t wait_next(edge_session_watch_t *watch) {
    return edge_session_watch_next(watch, edge_clock_mono() + EDGE_SECONDS(60), &seen);
}

static bool seen_is(uint64_t number, const char *text) {
    return seen.number == number && edge_span_equal(seen.line.text, edge_span_of(text));
}

static edge_session_watch_t *watched(void) {
    edge_session_watch_t *watch = edge_session_watch_begin();
    edge_session_watch_attach(edge_session_watch_number(watch), &bench.session);
    return watch;
}

static void hear(const char *text) { edge_session_heard(&bench.session, edge_span_of(text), false); }

static void lines_from_the_attaching_on(void **state) {
    (void)state;
    edge_session_watch_t *watch = edge_session_watch_begin();
    hear("EHLO a");
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_NOTHING);
    assert_false(bench.session.watched);
    edge_session_watch_attach(edge_session_watch_number(watch), &bench.session);
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_NOTHING);
    edge_session_said(&bench.session, edge_span_of("250-Hello\r\n250 x\r\n"));
    edge_session_heard(&bench.session, edge_span_of("AUTH PLAIN"), true);
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_LINE);
    assert_true(seen_is(2, "250-Hello"));
    assert_true(!seen.line.client && seen.line.more);
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_LINE);
    assert_true(seen_is(3, "AUTH PLAIN"));
    assert_true(seen.line.client && seen.line.more);
    edge_session_watch_end(watch);
    assert_true(bench.session.watched);
    hear("NOOP");
    assert_false(bench.session.watched);
}

static void a_long_line_is_cut(void **state) {
    char text[1000];
    (void)state;
    edge_session_watch_t *watch = watched();
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    hear(text);
    hear("");
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_LINE);
    assert_int_equal(seen.line.text.len, EDGE_TRAIL_LINE_MOST);
    assert_true(seen.line.more);
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_LINE);
    assert_true(seen_is(2, ""));
    edge_session_watch_end(watch);
}

static void who_reads_late_is_told_what_is_lost(void **state) {
    char text[16];
    (void)state;
    edge_session_watch_t *late = watched(), *quick = watched();
    for (unsigned i = 1; i <= EDGE_SESSION_WATCH_LINES + 10; i++) {
        snprintf(text, sizeof(text), "%u", i);
        hear(text);
        assert_int_equal(next(quick), EDGE_SESSION_WATCH_LINE);
        assert_true(seen_is(i, text));
    }
    assert_int_equal(next(late), EDGE_SESSION_WATCH_GAP);
    assert_int_equal(seen.lost, 10);
    assert_int_equal(seen.number, 10);
    for (unsigned i = 11; i <= EDGE_SESSION_WATCH_LINES + 10; i++) {
        snprintf(text, sizeof(text), "%u", i);
        assert_int_equal(next(late), EDGE_SESSION_WATCH_LINE);
        assert_true(seen_is(i, text));
    }
    assert_int_equal(next(late), EDGE_SESSION_WATCH_NOTHING);
    edge_session_watch_end(late);
    edge_session_watch_end(quick);
}

static void the_end_comes_behind_the_lines(void **state) {
    (void)state;
    edge_session_watch_t *watch = watched();
    hear("QUIT");
    edge_session_watch_close(&bench.session, EDGE_CLOSE_QUIT);
    assert_false(bench.session.watched);
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_LINE);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(next(watch), EDGE_SESSION_WATCH_CLOSED);
        assert_int_equal(seen.end, EDGE_CLOSE_QUIT);
        assert_int_equal(seen.ended, edge_worker_clock(bench.worker).wall);
    }
    edge_session_watch_end(watch);
}

/* The reader has given up while the worker was asked. */
static void a_watch_that_is_over_is_not_attached(void **state) {
    (void)state;
    edge_session_watch_t *watch = edge_session_watch_begin();
    uint64_t number = edge_session_watch_number(watch);
    edge_session_watch_end(watch);
    edge_session_watch_attach(number, &bench.session);
    assert_false(bench.session.watched);
}

static void only_its_own_session(void **state) {
    edge_session_t other = bench.session;
    (void)state;
    edge_session_watch_t *watch = watched();
    other.trail = NULL;
    other.watched = true;
    edge_trail_line_t line = {.text = edge_span_of("x")};
    edge_session_watch_tell(&other, &line);
    assert_false(other.watched);
    other.watched = true;
    edge_session_watch_close(&other, EDGE_CLOSE_QUIT);
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_NOTHING);
    edge_session_watch_end(watch);
}

#define SAID 20000u

static const char *wrong; /* that the reader found; NULL: nothing */

static void *read_all(void *context) {
    edge_session_watch_seen_t mine;
    edge_session_watch_next_t got;
    uint64_t counted = 0;
    while ((got = edge_session_watch_next(context, edge_clock_mono() + EDGE_SECONDS(60), &mine)) !=
           EDGE_SESSION_WATCH_CLOSED) {
        if (got != EDGE_SESSION_WATCH_LINE && got != EDGE_SESSION_WATCH_GAP)
            wrong = "neither a line nor a gap";
        counted += got == EDGE_SESSION_WATCH_LINE ? 1 : mine.lost;
        if (mine.number != counted)
            wrong = "a line is missing";
    }
    if (counted != SAID)
        wrong = "not all that was said";
    return NULL;
}

static void to_another_thread(void **state) {
    pthread_t thread;
    (void)state;
    edge_session_watch_t *watch = watched();
    pthread_create(&thread, NULL, read_all, watch);
    for (unsigned i = 0; i < SAID; i++)
        hear("NOOP");
    edge_session_watch_close(&bench.session, EDGE_CLOSE_QUIT);
    pthread_join(thread, NULL);
    assert_null(wrong);
    edge_session_watch_end(watch);
}

static void *stop(void *unused) {
    edge_session_watch_stop();
    return unused;
}

/* Last: there is no way back. */
static void the_end_of_all_wakes_who_waits(void **state) {
    pthread_t thread;
    (void)state;
    edge_session_watch_t *watch = watched();
    pthread_create(&thread, NULL, stop, NULL);
    assert_int_equal(wait_next(watch), EDGE_SESSION_WATCH_STOPPED);
    pthread_join(thread, NULL);
    hear("NOOP");
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_LINE);
    assert_int_equal(next(watch), EDGE_SESSION_WATCH_STOPPED);
    edge_session_watch_end(watch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_from_the_attaching_on, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(who_reads_late_is_told_what_is_lost, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_end_comes_behind_the_lines, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_watch_that_is_over_is_not_attached, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(only_its_own_session, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(to_another_thread, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_end_of_all_wakes_who_waits, bench_setup, bench_teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
