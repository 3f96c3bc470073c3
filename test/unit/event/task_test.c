/* Tests of server/event/task.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_counter.h"
#include "edge_task.h"

#include "event/worker.h"
#include "event/worker_priv.h"

#include <apr_general.h>
#include <pthread.h>

static edge_worker_t *worker;

typedef struct work {
    edge_task_t task;
    pthread_t ran_on;
    unsigned runs, dones;
} work_t;

static void run(edge_task_t *task) {
    work_t *work = EDGE_CONTAINER(task, work_t, task);
    work->runs++;
    work->ran_on = pthread_self();
}

static _Atomic unsigned all_done;
static void done(edge_task_t *task) {
    work_t *work = EDGE_CONTAINER(task, work_t, task);
    assert_ptr_equal(edge_worker_self(), task->worker);
    work->dones++;
    atomic_fetch_add(&all_done, 1);
}

static work_t make(edge_worker_t *on) { return (work_t){.task = {.worker = on, .run = run, .done = done}}; }

static void done_comes_home(void **state) {
    edge_task_pool_t *pool;
    work_t work = make(worker);
    (void)state;
    assert_int_equal(edge_task_pool_start(&pool, "test", 2, 10), APR_SUCCESS);
    assert_int_equal(edge_task_submit(pool, &work.task), APR_SUCCESS);
    while (work.dones == 0) {
        edge_loop_turn(worker, -1);
    }
    assert_int_equal(work.runs, 1);
    assert_false(pthread_equal(work.ran_on, pthread_self()));
    edge_task_pool_stop(pool);
}

/* A gate that keeps the pool's only thread busy. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_reached, gate_open;

static void wait_at_gate(edge_task_t *task) {
    run(task);
    pthread_mutex_lock(&gate);
    gate_reached = true;
    pthread_cond_broadcast(&gate_changed);
    while (!gate_open) {
        pthread_cond_wait(&gate_changed, &gate);
    }
    pthread_mutex_unlock(&gate);
}

static void set_gate(bool open) {
    pthread_mutex_lock(&gate);
    gate_open = open;
    gate_reached = false;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate);
}

static void wait_until_busy(void) {
    pthread_mutex_lock(&gate);
    while (!gate_reached) {
        pthread_cond_wait(&gate_changed, &gate);
    }
    pthread_mutex_unlock(&gate);
}

static void a_full_queue_refuses(void **state) {
    edge_task_pool_t *pool;
    work_t busy = make(NULL), queued[3] = {make(NULL), make(NULL), make(NULL)}, refused = make(NULL);
    (void)state;
    edge_counter_map();
    int64_t before = edge_counter_sum(EDGE_C_TASKS_REFUSED);
    atomic_store(&all_done, 0);
    set_gate(false);
    busy.task.run = wait_at_gate;
    assert_int_equal(edge_task_pool_start(&pool, "test", 1, 3), APR_SUCCESS);
    assert_int_equal(edge_task_submit(pool, &busy.task), APR_SUCCESS);
    wait_until_busy();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(edge_task_submit(pool, &queued[i].task), APR_SUCCESS);
    }
    assert_true(APR_STATUS_IS_EAGAIN(edge_task_submit(pool, &refused.task)));
    assert_int_equal(edge_counter_sum(EDGE_C_TASKS_REFUSED), before + 1);
    set_gate(true);
    edge_task_pool_stop(pool); /* runs what is queued */
    assert_int_equal(atomic_load(&all_done), 4);
    assert_int_equal(queued[2].runs, 1);
    assert_int_equal(refused.runs + refused.dones, 0);
}

/* Threads submit while the pool stops: each task is either refused or run and done once. */
#define MANY 2000
static work_t many[3][MANY];
static apr_status_t answers[3][MANY];
static edge_task_pool_t *stopping;
static pthread_barrier_t barrier;

static void *submit_many(void *number) {
    uintptr_t mine = (uintptr_t)number;
    for (int i = 0; i < MANY; i++) {
        if (i == MANY / 2) {
            pthread_barrier_wait(&barrier);
        }
        many[mine][i] = make(NULL);
        answers[mine][i] = edge_task_submit(stopping, &many[mine][i].task);
        if (answers[mine][i] == APR_EOF) {
            return NULL; /* the pool may be gone from now on */
        }
    }
    return NULL;
}

static void stop_loses_nothing(void **state) {
    pthread_t threads[3];
    unsigned submitted = 0;
    (void)state;
    atomic_store(&all_done, 0);
    assert_int_equal(edge_task_pool_start(&stopping, "test", 3, MANY * 3), APR_SUCCESS);
    pthread_barrier_init(&barrier, NULL, 4);
    for (uintptr_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, (void *)i), 0);
    }
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    edge_task_pool_stop(stopping);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < MANY; k++) {
            submitted += answers[i][k] == APR_SUCCESS;
            assert_int_equal(many[i][k].runs, answers[i][k] == APR_SUCCESS);
            assert_int_equal(many[i][k].dones, answers[i][k] == APR_SUCCESS);
        }
    }
    assert_int_equal(submitted, 3 * MANY);
    assert_int_equal(atomic_load(&all_done), submitted);
    pthread_barrier_destroy(&barrier);
}

static pthread_t stopper;
static void *stop_pool(void *unused) {
    edge_task_pool_stop(stopping);
    return unused;
}

static void a_stopping_pool_refuses(void **state) {
    work_t busy = make(NULL), late = make(NULL);
    apr_status_t status;
    (void)state;
    set_gate(false);
    busy.task.run = wait_at_gate;
    assert_int_equal(edge_task_pool_start(&stopping, "test", 1, 1000), APR_SUCCESS);
    assert_int_equal(edge_task_submit(stopping, &busy.task), APR_SUCCESS);
    wait_until_busy();
    assert_int_equal(pthread_create(&stopper, NULL, stop_pool, NULL), 0);
    /* The stop cannot end while the gate is shut, so the pool is there; soon it refuses. */
    unsigned accepted = 0;
    while ((status = edge_task_submit(stopping, &late.task)) != APR_EOF) {
        accepted += status == APR_SUCCESS;
    }
    set_gate(true);
    pthread_join(stopper, NULL);
    assert_int_equal(late.runs, accepted);
}

static int open_worker(void **state) {
    (void)state;
    return edge_worker_make(0, &worker) == APR_SUCCESS ? 0 : -1;
}

static int close_worker(void **state) {
    (void)state;
    edge_worker_destroy(worker);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(done_comes_home),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(stop_loses_nothing),
        cmocka_unit_test(a_stopping_pool_refuses),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("event/task", tests, open_worker, close_worker);
}
