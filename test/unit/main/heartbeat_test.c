/* One worker that does not take its letter stops the beat; when it does, the beat goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include <semaphore.h>

#include "edge_worker.h"
#include "event/worker.h"
#include "heartbeat.h"

static sem_t held, go;

static void hold(edge_letter_t *letter, edge_worker_t *worker) {
    (void)letter;
    (void)worker;
    sem_post(&held);
    while (sem_wait(&go) != 0)
        continue;
}

static void answer(edge_letter_t *letter, edge_worker_t *worker) {
    (void)letter;
    (void)worker;
    sem_post(&held);
}

static apr_status_t started(edge_worker_t *worker, void *context) {
    (void)worker;
    (void)context;
    return APR_SUCCESS;
}

static void stopping(edge_worker_t *worker, void *context) {
    (void)context;
    edge_worker_settle(worker);
}

/* Letters of one sender arrive in order: what was sent before has been delivered. */
static void wait_for_all(void) {
    static edge_letter_t letters[2];
    for (unsigned i = 0; i < 2; i++) {
        letters[i].deliver = answer;
        edge_worker_send(edge_worker_at(i), &letters[i]);
    }
    for (unsigned i = 0; i < 2; i++)
        while (sem_wait(&held) != 0)
            continue;
}

static void all_must_turn(void **state) {
    static edge_letter_t holding;
    edge_workers_plan_t plan = {2, started, stopping, NULL};
    (void)state;
    assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
    assert_true(edge_heartbeat());
    wait_for_all();
    assert_true(edge_heartbeat());
    wait_for_all();
    holding.deliver = hold;
    edge_worker_send(edge_worker_at(1), &holding);
    sem_wait(&held);
    assert_true(edge_heartbeat()); /* of the last round */
    assert_false(edge_heartbeat());
    assert_false(edge_heartbeat());
    sem_post(&go);
    wait_for_all();
    assert_true(edge_heartbeat());
    wait_for_all();
    edge_workers_stop();
    edge_workers_forget();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_must_turn)};
    apr_initialize();
    sem_init(&held, 0, 0);
    sem_init(&go, 0, 0);
    return cmocka_run_group_tests_name("main/heartbeat", tests, NULL, NULL);
}
