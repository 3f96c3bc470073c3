/* Tests of server/event/worker.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_counter.h"

#include "event/worker.h"
#include "event/worker_priv.h"

#include <apr_general.h>
#include <pthread.h>
#include <signal.h>

static _Atomic unsigned started, stopped, blocked, delivered;
static unsigned seat;

static apr_status_t start(edge_worker_t *worker, void *context) {
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    atomic_fetch_add(&blocked, sigismember(&set, SIGPIPE) && sigismember(&set, SIGTERM));
    assert_ptr_equal(edge_worker_self(), worker);
    assert_ptr_equal(edge_worker_at(edge_worker_index(worker)), worker);
    edge_worker_set_seat(worker, seat, context);
    edge_counter_add(EDGE_C_TICKETS_STALE, 1);
    atomic_fetch_add(&started, 1);
    return APR_SUCCESS;
}

static void stop(edge_worker_t *worker, void *context) {
    assert_ptr_equal(edge_worker_seat(worker, seat), context);
    atomic_fetch_add(&stopped, 1);
}

static void deliver(edge_letter_t *letter, edge_worker_t *worker) {
    (void)letter;
    assert_ptr_equal(edge_worker_self(), worker);
    atomic_fetch_add(&delivered, 1);
}

static void start_work_stop(void **state) {
    static edge_letter_t letters[4][1000];
    int context;
    edge_workers_plan_t plan = {.count = 4, .started = start, .stopping = stop, .context = &context};
    (void)state;
    assert_int_equal(edge_counter_map(), APR_SUCCESS);
    for (int round = 1; round <= 3; round++) {
        atomic_store(&delivered, 0);
        assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
        assert_int_equal(atomic_load(&started), 4 * round);
        assert_int_equal(edge_worker_count(), 4);
        assert_null(edge_worker_at(4));
        assert_null(edge_worker_at(EDGE_WORKERS_MOST));
        for (unsigned i = 0; i < 4; i++) {
            for (unsigned k = 0; k < 1000; k++) {
                letters[i][k].deliver = deliver;
                edge_worker_send(edge_worker_at(i), &letters[i][k]);
            }
        }
        edge_workers_stop();
        edge_workers_forget();
        assert_int_equal(atomic_load(&delivered), 4000); /* what was sent before the stop is delivered */
        assert_int_equal(atomic_load(&stopped), 4 * round);
        assert_int_equal(edge_worker_count(), 0);
        assert_null(edge_worker_at(0));
    }
    assert_int_equal(atomic_load(&blocked), 12);
    assert_int_equal(edge_counter_sum(EDGE_C_TICKETS_STALE), 12);
}

static apr_status_t fail_third(edge_worker_t *worker, void *context) {
    (void)context;
    return edge_worker_index(worker) == 2 ? APR_ENOMEM : APR_SUCCESS;
}

static void a_failed_start_stops_all(void **state) {
    edge_workers_plan_t plan = {.count = 4, .started = fail_third, .stopping = stop};
    (void)state;
    unsigned before = atomic_load(&stopped);
    seat = edge_worker_new_seat();
    assert_int_equal(edge_workers_start(&plan), APR_ENOMEM);
    assert_int_equal(edge_worker_count(), 0);
    assert_int_equal(atomic_load(&stopped) - before, 2);
    plan.started = NULL;
    plan.stopping = NULL;
    assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
    edge_workers_stop();
    edge_workers_forget();
}

static _Atomic unsigned run_late;
typedef struct late {
    edge_letter_t letter;
    edge_chore_t chore;
} late_t;

static void run_chore(edge_chore_t *chore, edge_worker_t *worker) {
    (void)chore, (void)worker;
    atomic_fetch_add(&run_late, 1);
}

static void post_from_letter(edge_letter_t *letter, edge_worker_t *worker) {
    late_t *late = EDGE_CONTAINER(letter, late_t, letter);
    late->chore.run = run_chore;
    edge_worker_post(worker, &late->chore);
}

static void send_at_the_end(edge_worker_t *worker, void *context) { edge_worker_send(worker, context); }

static void the_end_leaves_nothing_undone(void **state) {
    late_t late = {.letter.deliver = post_from_letter};
    edge_workers_plan_t plan = {.count = 1, .stopping = send_at_the_end, .context = &late.letter};
    (void)state;
    assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
    edge_workers_stop();
    edge_workers_forget();
    assert_int_equal(atomic_load(&run_late), 1);
}

static void seats_are_separate(void **state) {
    edge_worker_t *worker;
    int a, b;
    (void)state;
    unsigned one = edge_worker_new_seat(), two = edge_worker_new_seat();
    assert_int_not_equal(one, two);
    assert_int_equal(edge_worker_make(7, &worker), APR_SUCCESS);
    assert_null(edge_worker_seat(worker, one));
    edge_worker_set_seat(worker, one, &a);
    edge_worker_set_seat(worker, two, &b);
    assert_ptr_equal(edge_worker_seat(worker, one), &a);
    assert_ptr_equal(edge_worker_seat(worker, two), &b);
    edge_worker_destroy(worker);
    assert_null(edge_worker_self());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_work_stop),
        cmocka_unit_test(a_failed_start_stops_all),
        cmocka_unit_test(the_end_leaves_nothing_undone),
        cmocka_unit_test(seats_are_separate),
    };
    apr_initialize();
    seat = edge_worker_new_seat();
    return cmocka_run_group_tests_name("event/worker", tests, NULL, NULL);
}
