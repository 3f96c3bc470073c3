/* Tests of server/event/ticket.c: exactly one end for every ticket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_counter.h"
#include "edge_ticket.h"

#include "event/worker.h"
#include "event/worker_priv.h"

#include <apr_general.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

static edge_worker_t *worker;

typedef struct waiter {
    unsigned calls;
    edge_result_t result;
    edge_ticket_t next;
} waiter_t;

static void resumed(void *owner, edge_result_t result) {
    waiter_t *waiter = owner;
    waiter->calls++;
    waiter->result = result;
}

static int64_t stale(void) { return edge_counter_sum(EDGE_C_TICKETS_STALE); }

static void the_result_arrives_by_mail(void **state) {
    waiter_t waiter = {0};
    int data;
    (void)state;
    edge_ticket_t ticket = edge_ticket_take(worker, resumed, &waiter, 0);
    assert_true(ticket != EDGE_NO_TICKET);
    assert_true(edge_ticket_resume(ticket, (edge_result_t){.status = APR_EGENERAL, .code = 250, .data = &data}));
    assert_int_equal(waiter.calls, 0);
    edge_loop_turn(worker, -1);
    assert_int_equal(waiter.calls, 1);
    assert_int_equal(waiter.result.status, APR_EGENERAL);
    assert_int_equal(waiter.result.code, 250);
    assert_ptr_equal(waiter.result.data, &data);
}

static void only_the_first_resume_counts(void **state) {
    waiter_t waiter = {0};
    (void)state;
    int64_t before = stale();
    edge_ticket_t ticket = edge_ticket_take(worker, resumed, &waiter, 0);
    assert_true(edge_ticket_resume(ticket, (edge_result_t){.code = 1}));
    assert_false(edge_ticket_resume(ticket, (edge_result_t){.code = 2}));
    edge_loop_turn(worker, 0);
    assert_false(edge_ticket_resume(ticket, (edge_result_t){.code = 3}));
    edge_loop_turn(worker, 0);
    assert_int_equal(waiter.calls, 1);
    assert_int_equal(waiter.result.code, 1);
    assert_int_equal(stale(), before + 2);
}

static void an_old_ticket_does_not_reach_the_next_owner(void **state) {
    waiter_t old = {0}, next = {0};
    (void)state;
    edge_ticket_t first = edge_ticket_take(worker, resumed, &old, 0);
    edge_ticket_drop(worker, first);
    edge_ticket_t second = edge_ticket_take(worker, resumed, &next, 0);
    assert_true(first != second);
    assert_int_equal(first >> 32, second >> 32); /* the same slot */
    assert_false(edge_ticket_resume(first, (edge_result_t){0}));
    edge_ticket_drop(worker, first);
    assert_true(edge_ticket_resume(second, (edge_result_t){0}));
    edge_loop_turn(worker, 0);
    assert_int_equal(old.calls, 0);
    assert_int_equal(next.calls, 1);
}

static unsigned discarded;
static void discard(void *data) {
    discarded++;
    free(data);
}

static void dropped_while_on_its_way(void **state) {
    waiter_t waiter = {0};
    (void)state;
    discarded = 0;
    int64_t before = stale();
    edge_ticket_t ticket = edge_ticket_take(worker, resumed, &waiter, 0);
    assert_true(edge_ticket_resume_owned(ticket, (edge_result_t){.data = malloc(10)}, discard));
    edge_ticket_drop(worker, ticket);
    edge_ticket_drop(worker, ticket);
    edge_loop_turn(worker, 0);
    assert_int_equal(waiter.calls, 0);
    assert_int_equal(discarded, 1);
    assert_int_equal(stale(), before + 1);
    ticket = edge_ticket_take(worker, resumed, &waiter, 0);
    assert_true(edge_ticket_resume_owned(ticket, (edge_result_t){.data = NULL}, discard));
    edge_loop_turn(worker, 0);
    assert_int_equal(waiter.calls, 1);
    assert_int_equal(discarded, 1);
}

static void the_deadline_resumes(void **state) {
    waiter_t waiter = {0};
    (void)state;
    edge_ticket_t ticket = edge_ticket_take(worker, resumed, &waiter, edge_worker_clock(worker).mono + EDGE_MS(1));
    while (waiter.calls == 0) {
        edge_loop_turn(worker, -1);
    }
    assert_int_equal(waiter.result.status, APR_TIMEUP);
    assert_false(edge_ticket_resume(ticket, (edge_result_t){0}));
}

static void in_time_means_sent_in_time(void **state) {
    waiter_t waiter = {0};
    (void)state;
    edge_ticket_t ticket = edge_ticket_take(worker, resumed, &waiter, 1); /* due at once */
    assert_true(edge_ticket_resume(ticket, (edge_result_t){.code = 5}));
    edge_loop_turn(worker, 0);
    assert_int_equal(waiter.calls, 1);
    assert_int_equal(waiter.result.status, APR_SUCCESS);
    /* A dropped ticket's deadline does not fire. */
    ticket = edge_ticket_take(worker, resumed, &waiter, 1);
    edge_ticket_drop(worker, ticket);
    edge_loop_turn(worker, 0);
    assert_int_equal(waiter.calls, 1);
}

static void take_next(void *owner, edge_result_t result) {
    waiter_t *waiter = owner;
    resumed(owner, result);
    waiter->next = edge_ticket_take(worker, resumed, waiter, 0);
}

static void the_callback_may_take_the_next(void **state) {
    waiter_t waiter = {0};
    (void)state;
    edge_ticket_resume(edge_ticket_take(worker, take_next, &waiter, 0), (edge_result_t){0});
    edge_loop_turn(worker, 0);
    assert_true(waiter.next != EDGE_NO_TICKET);
    edge_ticket_resume(waiter.next, (edge_result_t){0});
    edge_loop_turn(worker, 0);
    assert_int_equal(waiter.calls, 2);
}

static void nonsense_is_ignored(void **state) {
    (void)state;
    edge_ticket_drop(worker, EDGE_NO_TICKET);
    assert_false(edge_ticket_resume(EDGE_NO_TICKET, (edge_result_t){0}));
    assert_false(edge_ticket_resume(UINT64_MAX, (edge_result_t){0}));
    assert_false(edge_ticket_resume(UINT64_C(0x0100ffff00000001), (edge_result_t){0}));
    assert_false(edge_ticket_resume(UINT64_C(0x0500000000000001), (edge_result_t){0}));
}

static void more_tickets_than_a_chunk(void **state) {
    static waiter_t waiters[EDGE_TICKET_CHUNK * 3];
    static edge_ticket_t tickets[EDGE_TICKET_CHUNK * 3];
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(waiters); i++) {
        tickets[i] = edge_ticket_take(worker, resumed, &waiters[i], 0);
    }
    for (size_t i = 0; i < EDGE_COUNT(waiters); i++) {
        assert_true(edge_ticket_resume(tickets[i], (edge_result_t){.code = (uint32_t)i}));
    }
    edge_loop_turn(worker, 0);
    for (size_t i = 0; i < EDGE_COUNT(waiters); i++) {
        assert_int_equal(waiters[i].calls, 1);
        assert_int_equal(waiters[i].result.code, i);
    }
}

/* Threads resume the same tickets at once while the owner drops some: every ticket has exactly one end. */
#define RACE_TICKETS 5000
static _Atomic edge_ticket_t race_tickets[RACE_TICKETS];
static waiter_t race_waiters[RACE_TICKETS];
static _Atomic unsigned wins[RACE_TICKETS], race_discarded;

static void count_discarded(void *data) {
    (void)data;
    atomic_fetch_add(&race_discarded, 1);
}

static void *race(void *unused) {
    for (unsigned i = 0; i < RACE_TICKETS; i++) {
        edge_ticket_t ticket;
        while ((ticket = atomic_load(&race_tickets[i])) == EDGE_NO_TICKET) {
            sched_yield();
        }
        if (edge_ticket_resume_owned(ticket, (edge_result_t){.code = i}, count_discarded)) {
            atomic_fetch_add(&wins[i], 1);
        }
    }
    return unused;
}

static void threads_race_and_one_wins(void **state) {
    pthread_t threads[3];
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, race, NULL), 0);
    }
    bool dropped[RACE_TICKETS] = {false};
    for (unsigned i = 0; i < RACE_TICKETS; i++) {
        edge_mono_t deadline = i % 5 == 0 ? edge_worker_clock(worker).mono + 1 : 0;
        edge_ticket_t ticket = edge_ticket_take(worker, resumed, &race_waiters[i], deadline);
        atomic_store(&race_tickets[i], ticket);
        if (i % 3 == 0) {
            sched_yield();
            edge_ticket_drop(worker, ticket);
            dropped[i] = true;
        }
        if (i % 16 == 0) {
            edge_loop_turn(worker, 0);
        }
    }
    for (size_t i = 0; i < EDGE_COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    edge_loop_turn(worker, 0);
    unsigned lost = 0;
    for (unsigned i = 0; i < RACE_TICKETS; i++) {
        assert_true(atomic_load(&wins[i]) <= 1);
        assert_true(race_waiters[i].calls <= 1);
        if (race_waiters[i].calls == 1) {
            bool late = race_waiters[i].result.status == APR_TIMEUP;
            assert_int_equal(atomic_load(&wins[i]), late ? 0 : 1);
            assert_true(late || race_waiters[i].result.code == i);
        } else {
            assert_true(dropped[i]);
            lost += atomic_load(&wins[i]);
        }
    }
    assert_int_equal(lost, atomic_load(&race_discarded));
}

static int open_worker(void **state) {
    (void)state;
    edge_counter_map();
    return edge_worker_make(0, &worker) == APR_SUCCESS ? 0 : -1;
}

static int close_worker(void **state) {
    (void)state;
    edge_worker_destroy(worker);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_arrives_by_mail),
        cmocka_unit_test(only_the_first_resume_counts),
        cmocka_unit_test(an_old_ticket_does_not_reach_the_next_owner),
        cmocka_unit_test(dropped_while_on_its_way),
        cmocka_unit_test(the_deadline_resumes),
        cmocka_unit_test(in_time_means_sent_in_time),
        cmocka_unit_test(the_callback_may_take_the_next),
        cmocka_unit_test(nonsense_is_ignored),
        cmocka_unit_test(more_tickets_than_a_chunk),
        cmocka_unit_test(threads_race_and_one_wins),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("event/ticket", tests, open_worker, close_worker);
}
