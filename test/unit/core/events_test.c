/* The ring of events: order, waiting, what is lost, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "edge_event.h"

static apr_pool_t *pool;
static edge_event_seen_t seen;

static edge_event_next_t next(uint64_t *after) { return edge_event_next(after, edge_clock_mono(), &seen, pool); }

static void in_order(void **state) {
    uint64_t after = edge_event_last(), first = after;
    assert_int_equal(next(&after), EDGE_EVENT_NOTHING);
    edge_event("config", edge_span_of("{\"a\":1}"));
    edge_event("audit", edge_span_of("{}"));
    assert_int_equal(next(&after), EDGE_EVENT_SEEN);
    assert_int_equal(seen.id, first + 1);
    assert_string_equal(seen.type, "config");
    assert_string_equal(seen.json.at, "{\"a\":1}");
    assert_int_equal(next(&after), EDGE_EVENT_SEEN);
    assert_string_equal(seen.type, "audit");
    assert_int_equal(after, edge_event_last());
    assert_int_equal(next(&after), EDGE_EVENT_NOTHING);
    assert_true(edge_event_wanted());
}

static void replayed(void **state) {
    uint64_t after = edge_event_last();
    edge_event("queue", edge_span_of("{}"));
    uint64_t again = after;
    assert_int_equal(next(&after), EDGE_EVENT_SEEN);
    assert_int_equal(next(&again), EDGE_EVENT_SEEN);
    assert_int_equal(again, after);
}

static void lost_by_number(void **state) {
    uint64_t after = edge_event_last();
    for (unsigned i = 0; i < 10100; i++) {
        edge_event("session", edge_span_of("{}"));
    }
    assert_int_equal(next(&after), EDGE_EVENT_GAP);
    assert_int_equal(seen.id, 100);
    unsigned count = 0;
    for (; next(&after) == EDGE_EVENT_SEEN; count++) {
    }
    assert_int_equal(count, 10000);
}

static void lost_by_size(void **state) {
    static char text[EDGE_EVENT_MOST];
    uint64_t after = edge_event_last(), expected = 0;
    unsigned lost, count = 0;
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(text, 12, "%010u", i);
        text[10] = 'x';
        edge_event("session", edge_span(text, sizeof text - i % 7));
    }
    assert_int_equal(next(&after), EDGE_EVENT_GAP);
    lost = (unsigned)seen.id;
    for (; next(&after) == EDGE_EVENT_SEEN; count++) {
        expected = lost + count;
        assert_int_equal(strtoul(seen.json.at, NULL, 10), expected);
        assert_int_equal(seen.json.len, sizeof text - expected % 7);
    }
    assert_int_equal(lost + count, 1000);
    assert_in_range(count, 250, 256);
}

static void too_large(void **state) {
    static char text[EDGE_EVENT_MOST + 1];
    uint64_t after = edge_event_last();
    edge_event("audit", edge_span(text, sizeof text));
    assert_int_equal(next(&after), EDGE_EVENT_SEEN);
    assert_string_equal(seen.json.at, "{}");
}

/* Of a process before, or of a clock that was set back. */
static void strange_ids(void **state) {
    uint64_t after = 5;
    assert_int_equal(next(&after), EDGE_EVENT_GAP);
    assert_in_range(seen.id, 1000, 20000); /* that were told here; not the time since then */
    after = edge_event_last() + 1000;
    assert_int_equal(next(&after), EDGE_EVENT_GAP);
    assert_int_equal(after, edge_event_last());
    assert_int_equal(next(&after), EDGE_EVENT_NOTHING);
    after = UINT64_MAX;
    assert_int_equal(next(&after), EDGE_EVENT_GAP);
}

#define TELLERS 4
#define TOLD 2000
static void *tell(void *unused) {
    for (unsigned i = 0; i < TOLD; i++) {
        edge_event("session", edge_span_of("{}"));
    }
    return NULL;
}

static void from_many_threads(void **state) {
    pthread_t threads[TELLERS];
    uint64_t after = edge_event_last();
    unsigned count = 0;
    for (unsigned i = 0; i < TELLERS; i++) {
        pthread_create(&threads[i], NULL, tell, NULL);
    }
    while (count < TELLERS * TOLD) {
        assert_int_equal(edge_event_next(&after, edge_clock_mono() + EDGE_SECONDS(60), &seen, pool), EDGE_EVENT_SEEN);
        count++;
    }
    for (unsigned i = 0; i < TELLERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(next(&after), EDGE_EVENT_NOTHING);
}

static void *stop(void *unused) {
    edge_event_stop();
    return NULL;
}

/* Last: there is no way back. */
static void the_end_wakes_who_waits(void **state) {
    pthread_t thread;
    uint64_t after = edge_event_last();
    pthread_create(&thread, NULL, stop, NULL);
    assert_int_equal(edge_event_next(&after, edge_clock_mono() + EDGE_SECONDS(60), &seen, pool), EDGE_EVENT_END);
    pthread_join(thread, NULL);
    assert_int_equal(next(&after), EDGE_EVENT_END);
}

static int set_up(void **state) {
    apr_initialize();
    apr_pool_create(&pool, NULL);
    assert_false(edge_event_wanted());
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),          cmocka_unit_test(replayed),
        cmocka_unit_test(lost_by_number),    cmocka_unit_test(lost_by_size),
        cmocka_unit_test(too_large),         cmocka_unit_test(strange_ids),
        cmocka_unit_test(from_many_threads), cmocka_unit_test(the_end_wakes_who_waits),
    };
    return cmocka_run_group_tests_name("core/events", tests, set_up, NULL);
}
