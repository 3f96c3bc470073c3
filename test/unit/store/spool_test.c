/* Tests of server/store/spool.c: a message's way through the spool and back, over restarts. */
#include "spool_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void one_message(void **state) {
    (void)state;
    edge_queue_t *queue = fixture_open();
    fixture_message_t message = fixture_store(queue, 1, 4096);
    fixture_check(queue, &message);
    assert_int_equal(fixture_count(queue, -1), 1);
    edge_queue_stat_t stat;
    assert_int_equal(queue->provider->stat(queue, &stat), APR_SUCCESS);
    assert_int_equal(stat.messages, 1);
    assert_int_equal(stat.commits, 1);
    assert_int_equal(stat.syncs, 1);
    assert_true(stat.accepting);
    assert_true(stat.oldest > 0);
    assert_true(stat.bytes > 4096 && stat.bytes < 4200);
    fixture_close(queue);
    queue = fixture_open();
    fixture_check(queue, &message);
    assert_int_equal(queue->provider->remove(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->remove(queue, message.id), APR_NOTFOUND);
    assert_int_equal(fixture_count(queue, -1), 0);
    fixture_close(queue);
    queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), 0);
    fixture_close(queue);
    fixture_clear();
}

/* Many, of all sizes: empty, in memory, in files; over several segments. */
static void many_messages(void **state) {
    (void)state;
    enum { COUNT = 300 };
    fixture_message_t *messages = calloc(COUNT, sizeof *messages);
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i].number = i;
        messages[i].size = i % 17 == 0 ? 200000 + i : i % 5 == 0 ? 0 : (i * 97) % 9000;
    }
    edge_queue_t *queue = fixture_open();
    fixture_submit(queue, messages, COUNT);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(fixture_count(queue, -1), COUNT);
        for (unsigned i = 0; i < COUNT; i++) {
            assert_int_equal(messages[i].outcome, EDGE_OUTCOME_STORED);
            fixture_check(queue, &messages[i]);
        }
        fixture_close(queue);
        queue = fixture_open();
    }
    for (unsigned i = 0; i < COUNT; i++) {
        if (i % 3 != 0) {
            assert_int_equal(queue->provider->remove(queue, messages[i].id), APR_SUCCESS);
        }
    }
    fixture_close(queue);
    queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), COUNT / 3);
    for (unsigned i = 0; i < COUNT; i += 3) {
        fixture_check(queue, &messages[i]);
    }
    fixture_close(queue);
    free(messages);
    fixture_clear();
}

static apr_status_t lease(edge_queue_t *queue, apr_time_t now, edge_queue_lease_t *leases, unsigned *count) {
    return queue->provider->lease(queue, now, 4, leases, count);
}

static apr_status_t settle(edge_queue_t *queue, edge_queue_lease_t *lease, const edge_settlement_t *results,
                           unsigned count, apr_time_t next) {
    edge_queue_settling_t settling = {lease->id, lease->envelope, results, count, next, APR_SUCCESS};
    queue->provider->settle(queue, &settling, 1);
    return settling.status;
}

static int64_t counted(unsigned what) { return edge_counter_sum(fixture_options.counters + what); }

/* Rows as a module brings them; what is done twice to the same effect is done once. */
static void what_is_done_is_counted(void **state) {
    static const edge_histogram_row_t took = {"test_took", EDGE_BOUNDS_OPERATION, "Time."};
    static char names[EDGE_SPOOL_COUNTERS][24];
    edge_counter_row_t rows[EDGE_SPOOL_COUNTERS];
    (void)state;
    for (unsigned i = 0; i < EDGE_SPOOL_COUNTERS; i++) {
        snprintf(names[i], sizeof names[i], "test_%u_total", i);
        rows[i] = (edge_counter_row_t){names[i], EDGE_COUNTER_TOTAL, "A row."};
    }
    assert_int_equal(edge_counter_register("test", rows, EDGE_SPOOL_COUNTERS, &fixture_options.counters), APR_SUCCESS);
    edge_histogram_make(&fixture_options.took[EDGE_SPOOL_WRITE], "test", &took, "op=\"write\"");
    edge_histogram_make(&fixture_options.took[EDGE_SPOOL_FSYNC], "test", &took, "op=\"fsync\"");
    edge_queue_t *queue = fixture_open();
    fixture_message_t message = fixture_store(queue, 1, 100);
    edge_queue_lease_t leases[4];
    unsigned count = 0;
    assert_int_equal(queue->provider->hold(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->hold(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->release(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->requeue(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->remove(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->remove(queue, message.id), APR_NOTFOUND);
    static const edge_settlement_t results[][2] = {
        {{0, EDGE_RECIPIENT_DONE, EDGE_NO_SPAN}, {1, EDGE_RECIPIENT_FAILED, EDGE_NO_SPAN}},
        {{0, EDGE_RECIPIENT_FAILED, EDGE_NO_SPAN}, {1, EDGE_RECIPIENT_FAILED, EDGE_NO_SPAN}},
        {{0, EDGE_RECIPIENT_DONE, EDGE_NO_SPAN}, {1, EDGE_RECIPIENT_WAITING, EDGE_NO_SPAN}}};
    for (unsigned i = 0; i < EDGE_COUNT(results); i++) {
        fixture_store(queue, 2 + i, 100);
    }
    assert_int_equal(lease(queue, apr_time_now(), leases, &count), APR_SUCCESS);
    assert_int_equal(count, EDGE_COUNT(results));
    for (unsigned i = 0; i < EDGE_COUNT(results); i++) {
        assert_int_equal(settle(queue, &leases[i], results[i], 2, apr_time_now() + APR_USEC_PER_SEC * 60), APR_SUCCESS);
        apr_pool_destroy(leases[i].pool);
    }
    static const int64_t expected[EDGE_SPOOL_COUNTERS] = {
        [EDGE_SPOOL_ENQUEUED] = 4, [EDGE_SPOOL_HELD] = 1,      [EDGE_SPOOL_RELEASED] = 1, [EDGE_SPOOL_REQUEUED] = 1,
        [EDGE_SPOOL_DELETED] = 1,  [EDGE_SPOOL_HANDED_ON] = 1, [EDGE_SPOOL_GIVEN_UP] = 1, [EDGE_SPOOL_DEFERRED] = 1};
    for (unsigned i = EDGE_SPOOL_WRITES_FAILED; i < EDGE_SPOOL_COUNTERS; i++) {
        assert_int_equal(counted(i), expected[i]);
    }
    int64_t syncs = counted(EDGE_SPOOL_SYNCS);
    assert_true(syncs >= 11);
    assert_int_equal(edge_histogram_observed(&fixture_options.took[EDGE_SPOOL_FSYNC]), syncs);
    assert_int_equal(edge_histogram_observed(&fixture_options.took[EDGE_SPOOL_WRITE]), syncs);
    edge_queue_stat_t stat;
    queue->provider->stat(queue, &stat);
    assert_true(stat.inodes_free > 0);
    fixture_close(queue);
    fixture_reset_options();
    fixture_clear();
}

static void states_survive(void **state) {
    (void)state;
    edge_queue_t *queue = fixture_open();
    fixture_message_t held = fixture_store(queue, 1, 100), tried = fixture_store(queue, 2, 20000);
    edge_queue_lease_t leases[4];
    unsigned count;
    assert_int_equal(queue->provider->hold(queue, held.id), APR_SUCCESS);
    assert_int_equal(lease(queue, apr_time_now(), leases, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_true(edge_uuid_equal(leases[0].id, tried.id));
    assert_int_equal(fixture_count(queue, EDGE_MESSAGE_LEASED), 1);
    assert_int_equal(queue->provider->hold(queue, tried.id), APR_EBUSY);
    assert_int_equal(queue->provider->remove(queue, tried.id), APR_EBUSY);
    edge_settlement_t results[] = {{0, EDGE_RECIPIENT_DONE, EDGE_SPAN("250 ok")},
                                   {1, EDGE_RECIPIENT_WAITING, EDGE_SPAN("451 later")}};
    apr_time_t next = apr_time_now() + apr_time_from_sec(3600);
    assert_int_equal(settle(queue, &leases[0], results, 2, next), APR_SUCCESS);
    apr_pool_destroy(leases[0].pool);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(fixture_count(queue, EDGE_MESSAGE_HELD), 1);
        assert_int_equal(fixture_count(queue, EDGE_MESSAGE_DEFERRED), 1);
        assert_int_equal(lease(queue, apr_time_now(), leases, &count), APR_SUCCESS);
        assert_int_equal(count, 0);
        fixture_close(queue);
        queue = fixture_open();
    }
    assert_int_equal(lease(queue, next, leases, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    edge_queue_lease_t first = leases[0];
    const edge_envelope_t *envelope = first.envelope;
    assert_int_equal(envelope->attempts, 1);
    assert_int_equal(envelope->recipient_count, 2);
    assert_int_equal(envelope->recipients[0].state, EDGE_RECIPIENT_DONE);
    assert_int_equal(envelope->recipients[1].state, EDGE_RECIPIENT_WAITING);
    assert_true(edge_span_equal(envelope->recipients[1].last_reply, edge_span_of("451 later")));
    assert_int_equal(settle(queue, &leases[0], results + 1, 1, next), APR_SUCCESS);
    assert_int_equal(settle(queue, &leases[0], results + 1, 1, next), APR_EBUSY);
    apr_pool_destroy(first.pool);
    assert_int_equal(queue->provider->requeue(queue, tried.id), APR_SUCCESS);
    assert_int_equal(lease(queue, apr_time_now(), leases, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    results[1].state = EDGE_RECIPIENT_FAILED;
    assert_int_equal(settle(queue, &leases[0], results + 1, 1, 0), APR_SUCCESS);
    apr_pool_destroy(leases[0].pool);
    assert_int_equal(queue->provider->release(queue, held.id), APR_SUCCESS);
    assert_int_equal(fixture_count(queue, EDGE_MESSAGE_ACTIVE), 1);
    fixture_close(queue);
    queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), 1);
    assert_int_equal(fixture_count(queue, EDGE_MESSAGE_ACTIVE), 1);
    fixture_close(queue);
    fixture_clear();
}

/* What was given up is due at once, and stays given up: when it is read again, put off, held and released. */
static void given_up_for_good(void **state) {
    (void)state;
    edge_queue_t *queue = fixture_open();
    fixture_message_t message = fixture_store(queue, 1, 100);
    edge_queue_lease_t leases[4];
    unsigned count;
    assert_int_equal(queue->provider->hold(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->give_up(queue, message.id), APR_SUCCESS);
    fixture_close(queue);
    queue = fixture_open();
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(lease(queue, apr_time_now(), leases, &count), APR_SUCCESS);
        assert_int_equal(count, 1);
        assert_true(leases[0].envelope->given_up);
        assert_int_equal(queue->provider->give_up(queue, message.id), APR_EBUSY);
        edge_settlement_t waits = {0, EDGE_RECIPIENT_WAITING, EDGE_SPAN("451 later")};
        assert_int_equal(settle(queue, &leases[0], &waits, 1, apr_time_now()), APR_SUCCESS);
        apr_pool_destroy(leases[0].pool);
        assert_int_equal(queue->provider->hold(queue, message.id), APR_SUCCESS);
        assert_int_equal(queue->provider->release(queue, message.id), APR_SUCCESS);
    }
    fixture_close(queue);
    fixture_clear();
}

/* A lease says since when it was due: what was held was not, whatever its record says. */
static void due_since_it_was_released(void **state) {
    (void)state;
    edge_queue_t *queue = fixture_open();
    fixture_message_t message = fixture_store(queue, 1, 100);
    edge_queue_lease_t leases[4];
    unsigned count;
    apr_time_t now = apr_time_now(), before = now - apr_time_from_sec(60), later = now + apr_time_from_sec(3600);
    edge_settlement_t waits = {0, EDGE_RECIPIENT_WAITING, EDGE_SPAN("451 later")};
    assert_int_equal(lease(queue, now, leases, &count), APR_SUCCESS);
    assert_int_equal(settle(queue, &leases[0], &waits, 1, before), APR_SUCCESS);
    apr_pool_destroy(leases[0].pool);
    assert_int_equal(lease(queue, now, leases, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_true(leases[0].due == before);
    assert_int_equal(settle(queue, &leases[0], &waits, 1, before), APR_SUCCESS);
    apr_pool_destroy(leases[0].pool);
    assert_int_equal(queue->provider->hold(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->release(queue, message.id), APR_SUCCESS);
    assert_int_equal(lease(queue, apr_time_now(), leases, &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_true(leases[0].due >= now);
    assert_true(leases[0].envelope->next_attempt == before);
    assert_int_equal(settle(queue, &leases[0], &waits, 1, later),
                     APR_SUCCESS); /* released before it is due: it waits on */
    apr_pool_destroy(leases[0].pool);
    assert_int_equal(queue->provider->hold(queue, message.id), APR_SUCCESS);
    assert_int_equal(queue->provider->release(queue, message.id), APR_SUCCESS);
    assert_true(queue->provider->due(queue) == later);
    fixture_close(queue);
    fixture_clear();
}

static unsigned arrivals;
static void arrived(void *context) {
    assert_ptr_equal(context, &arrivals);
    arrivals++;
}

static void leased_in_the_order_they_are_due(void **state) {
    (void)state;
    edge_queue_t *queue = fixture_open();
    const edge_queue_provider_t *provider = queue->provider;
    fixture_message_t messages[4];
    edge_queue_lease_t leases[4];
    unsigned count;
    apr_time_t now = apr_time_now(), later = now + apr_time_from_sec(60);
    arrivals = 0;
    assert_true(provider->due(queue) == EDGE_QUEUE_NEVER);
    provider->listen(queue, arrived, &arrivals);
    for (unsigned i = 0; i < 4; i++)
        messages[i] = fixture_store(queue, i, 100);
    assert_true(arrivals >= 4);
    /* What is released or put off is told when it can be leased, not before. */
    assert_int_equal(provider->hold(queue, messages[0].id), APR_SUCCESS);
    unsigned before = arrivals;
    assert_int_equal(provider->release(queue, messages[0].id), APR_SUCCESS);
    provider->listen(queue, NULL, NULL);
    assert_true(arrivals >= before + 2); /* when it is written, and when it is nobody's any more */
    assert_true(provider->due(queue) <= now);
    assert_int_equal(lease(queue, now, leases, &count), APR_SUCCESS);
    assert_int_equal(count, 4);
    assert_true(provider->due(queue) == EDGE_QUEUE_NEVER);
    for (unsigned i = 0; i < 4; i++)
        assert_true(edge_uuid_equal(leases[i].id, messages[i].id)); /* the oldest first */
    /* Put off, and put off less: neither is written down. */
    assert_int_equal(provider->postpone(queue, messages[0].id, later + 2), APR_SUCCESS);
    assert_int_equal(provider->postpone(queue, messages[1].id, later + 1), APR_SUCCESS);
    assert_int_equal(provider->postpone(queue, messages[1].id, later + 1), APR_EBUSY);
    assert_true(provider->due(queue) == later + 1);
    /* Two at once, one of them done. */
    edge_settlement_t done[] = {{0, EDGE_RECIPIENT_DONE, EDGE_SPAN("250 ok")}, {1, EDGE_RECIPIENT_DONE, EDGE_NO_SPAN}};
    edge_settlement_t tried[] = {{0, EDGE_RECIPIENT_WAITING, EDGE_SPAN("451 later")}};
    edge_queue_settling_t list[] = {{messages[2].id, leases[2].envelope, done, 2, 0, APR_EGENERAL},
                                    {messages[1].id, leases[1].envelope, done, 2, 0, APR_SUCCESS},
                                    {messages[3].id, leases[3].envelope, tried, 1, later, APR_EGENERAL}};
    provider->settle(queue, list, 3);
    assert_int_equal(list[0].status, APR_SUCCESS);
    assert_int_equal(list[1].status, APR_EBUSY); /* not leased any more */
    assert_int_equal(list[2].status, APR_SUCCESS);
    assert_int_equal(fixture_count(queue, -1), 3);
    assert_true(provider->due(queue) == later);
    for (unsigned i = 0; i < 4; i++)
        apr_pool_destroy(leases[i].pool);
    assert_int_equal(lease(queue, later + 1, leases, &count), APR_SUCCESS);
    assert_int_equal(count, 2);
    assert_true(edge_uuid_equal(leases[0].id, messages[3].id));
    assert_true(edge_uuid_equal(leases[1].id, messages[1].id));
    apr_pool_destroy(leases[0].pool);
    apr_pool_destroy(leases[1].pool);
    assert_int_equal(provider->flush(queue), 1); /* the one that waits; two are leased */
    assert_true(provider->due(queue) <= apr_time_now());
    assert_int_equal(provider->flush(queue), 0);
    fixture_close(queue);
    queue = fixture_open(); /* what was put off, and what was leased, is as it was written */
    assert_true(queue->provider->due(queue) <= now);
    assert_int_equal(lease(queue, now, leases, &count), APR_SUCCESS);
    assert_int_equal(count, 2);
    assert_true(edge_uuid_equal(leases[0].id, messages[0].id));
    assert_true(queue->provider->due(queue) == later);
    apr_pool_destroy(leases[0].pool);
    apr_pool_destroy(leases[1].pool);
    fixture_close(queue);
    fixture_clear();
}

static void abandoned_bodies_leave_nothing(void **state) {
    char names[8][64];
    (void)state;
    edge_queue_t *queue = fixture_open();
    fixture_abandon(queue, 100);
    fixture_abandon(queue, 5000000);
    fixture_close(queue);
    assert_int_equal(fixture_files("body/new", names, 8), 0);
    fixture_clear();
}

static void bounds(void **state) {
    (void)state;
    fixture_options.max_bytes = 4 * FIXTURE_SEGMENT;
    edge_queue_t *queue = fixture_open();
    fixture_message_t message = {.size = 8000};
    unsigned stored = 0;
    fixture_settle(queue); /* what the first segment takes before it is left is nobody's to say */
    assert_int_equal(queue->provider->room(queue, 0), EDGE_OUTCOME_STORED);
    for (; stored < 1000; stored++) {
        fixture_submit(queue, &message, 1);
        if (message.outcome != EDGE_OUTCOME_STORED) {
            break;
        }
    }
    assert_int_equal(message.outcome, EDGE_OUTCOME_NO_ROOM);
    assert_in_range(stored, 20, 40);
    assert_int_equal(queue->provider->room(queue, 8000), EDGE_OUTCOME_NO_ROOM);
    fixture_close(queue);
    fixture_options.max_bytes = 0;
    fixture_options.min_free = UINT64_MAX / 4;
    queue = fixture_open();
    assert_int_equal(queue->provider->room(queue, 0), EDGE_OUTCOME_NO_ROOM);
    edge_queue_stat_t stat;
    assert_int_equal(queue->provider->stat(queue, &stat), APR_SUCCESS);
    assert_false(stat.accepting);
    assert_true(stat.trouble.len > 0);
    fixture_close(queue);
    fixture_clear();
}

static void a_tool_needs_the_spool_alone(void **state) {
    edge_queue_t second = {.provider = &edge_spool_tool, .name = "test", .directory = fixture_directory};
    const char *why = NULL;
    (void)state;
    edge_queue_t *queue = fixture_open();
    fixture_message_t kept = fixture_store(queue, 1, 1000), removed = fixture_store(queue, 2, 100000);
    assert_true(APR_STATUS_IS_EBUSY(edge_spool_tool.open(&second, NULL, NULL, &why)));
    fixture_close(queue);
    fixture_options.segment_size = 0; /* tools do not know the size */
    assert_int_equal(edge_spool_tool.open(&second, NULL, NULL, &why), APR_SUCCESS);
    assert_int_equal(fixture_count(&second, -1), 2);
    fixture_check(&second, &kept);
    fixture_check(&second, &removed);
    assert_int_equal(second.provider->remove(&second, removed.id), APR_SUCCESS);
    assert_int_equal(second.provider->hold(&second, kept.id), APR_SUCCESS);
    edge_spool_queue_close(&second);
    queue = fixture_open();
    assert_int_equal(fixture_count(queue, EDGE_MESSAGE_HELD), 1);
    assert_int_equal(fixture_count(queue, -1), 1);
    fixture_close(queue);
    fixture_clear();
}

static void short_memory_goes_to_files(void **state) {
    (void)state;
    enum { COUNT = 40 };
    static fixture_message_t messages[COUNT];
    fixture_options.body_memory = 16384;
    edge_queue_t *queue = fixture_open();
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] = (fixture_message_t){.number = i, .size = 7000};
    }
    fixture_submit(queue, messages, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        fixture_check(queue, &messages[i]);
    }
    fixture_close(queue);
    fixture_clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_message),
        cmocka_unit_test(what_is_done_is_counted),
        cmocka_unit_test(many_messages),
        cmocka_unit_test(states_survive),
        cmocka_unit_test(given_up_for_good),
        cmocka_unit_test(due_since_it_was_released),
        cmocka_unit_test(leased_in_the_order_they_are_due),
        cmocka_unit_test(abandoned_bodies_leave_nothing),
        cmocka_unit_test(bounds),
        cmocka_unit_test(a_tool_needs_the_spool_alone),
        cmocka_unit_test(short_memory_goes_to_files),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
