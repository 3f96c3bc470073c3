/* Task pools: a bounded queue, a few threads, results by letter. */
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_obj.h"
#include "edge_task.h"

#include "event/worker_priv.h"

#include <apr_queue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define TASK_POOL_MAGIC 0x7a5c0f01U

enum { TASKS_RUN, TASKS_WAITING, TASKS_REFUSED, TASKS_COUNTERS };
static const edge_counter_row_t rows[] = {
    [TASKS_RUN] = {"pool_tasks_total", EDGE_COUNTER_TOTAL, "Tasks the pool has run."},
    [TASKS_WAITING] = {"pool_tasks_waiting", EDGE_COUNTER_GAUGE, "Tasks that wait for a thread of the pool."},
    [TASKS_REFUSED] = {"pool_tasks_refused_total", EDGE_COUNTER_TOTAL, "Tasks refused because the queue was full."},
};

struct edge_task_pool {
    unsigned magic;
    apr_pool_t *pool;
    apr_queue_t *queue;
    unsigned counters[TASKS_COUNTERS];
    _Atomic bool stopping;
    _Atomic unsigned submitting; /* callers inside edge_task_submit */
    char name[12];
    unsigned thread_count;
    pthread_t threads[];
};

/* Pushed once a thread when the pool stops. */
static edge_task_t last_task;

static void deliver(edge_letter_t *letter, edge_worker_t *worker) {
    edge_task_t *task = EDGE_CONTAINER(letter, edge_task_t, letter);
    (void)worker;
    task->done(task);
}

static void run(edge_task_pool_t *pool, edge_task_t *task) {
    edge_counter_add(pool->counters[TASKS_WAITING], -1);
    edge_counter_add(pool->counters[TASKS_RUN], 1);
    task->run(task);
    if (task->worker == NULL) {
        task->done(task);
    } else {
        task->letter.deliver = deliver;
        edge_worker_send(task->worker, &task->letter); /* from here on the task is its giver's */
    }
}

static void *live(void *argument) {
    edge_task_pool_t *pool = argument;
    for (;;) {
        void *task = NULL;
        apr_status_t status = apr_queue_pop(pool->queue, &task);
        if (task == &last_task) {
            return NULL;
        }
        if (status == APR_SUCCESS) {
            run(pool, task);
        } else {
            EDGE_ASSERT(APR_STATUS_IS_EINTR(status));
        }
    }
}

static apr_status_t start_threads(edge_task_pool_t *pool, unsigned threads) {
    sigset_t all, before;
    int error = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (error == 0 && pool->thread_count < threads) {
        error = pthread_create(&pool->threads[pool->thread_count], NULL, live, pool);
        if (error == 0) {
            char name[16];
            snprintf(name, sizeof name, "%s-%u", pool->name, pool->thread_count % 1000);
            pthread_setname_np(pool->threads[pool->thread_count++], name);
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return APR_FROM_OS_ERROR(error);
}

static apr_status_t register_counters(edge_task_pool_t *pool) {
    char labels[32];
    apr_status_t status = APR_SUCCESS;
    snprintf(labels, sizeof labels, "pool=\"%s\"", pool->name);
    for (unsigned i = 0; i < TASKS_COUNTERS && status == APR_SUCCESS; i++) {
        status = edge_counter_register_labelled("core", &rows[i], labels, &pool->counters[i]);
    }
    return status;
}

apr_status_t edge_task_pool_start(edge_task_pool_t **made, const char *name, unsigned threads, unsigned queue_most) {
    EDGE_ASSERT(threads > 0 && queue_most > 0);
    edge_task_pool_t *pool = calloc(1, sizeof *pool + threads * sizeof pool->threads[0]);
    if (pool == NULL) {
        return APR_ENOMEM;
    }
    EDGE_OBJ_INIT(pool, TASK_POOL_MAGIC);
    snprintf(pool->name, sizeof pool->name, "%s", name);
    apr_status_t status = register_counters(pool);
    if (status == APR_SUCCESS) {
        status = apr_pool_create_unmanaged(&pool->pool);
    }
    if (status == APR_SUCCESS) {
        status = apr_queue_create(&pool->queue, queue_most, pool->pool);
    }
    if (status == APR_SUCCESS) {
        status = start_threads(pool, threads);
    }
    *made = pool;
    if (status != APR_SUCCESS) {
        edge_task_pool_stop(pool);
        *made = NULL;
    }
    return status;
}

static apr_status_t push(edge_task_pool_t *pool, edge_task_t *task) {
    if (atomic_load(&pool->stopping)) {
        return APR_EOF;
    }
    /* Counted before it is visible: a thread may be done with it at once. */
    edge_counter_add(pool->counters[TASKS_WAITING], 1);
    apr_status_t status;
    do {
        status = apr_queue_trypush(pool->queue, task);
    } while (APR_STATUS_IS_EINTR(status));
    if (status != APR_SUCCESS) {
        edge_counter_add(pool->counters[TASKS_WAITING], -1);
        edge_counter_add(pool->counters[TASKS_REFUSED], 1);
        edge_counter_add(EDGE_C_TASKS_REFUSED, 1);
    }
    return status;
}

apr_status_t edge_task_submit(edge_task_pool_t *pool, edge_task_t *task) {
    EDGE_OBJ_CHECK(pool, TASK_POOL_MAGIC);
    EDGE_ASSERT(task->run != NULL && task->done != NULL);
    atomic_fetch_add(&pool->submitting, 1);
    apr_status_t status = push(pool, task);
    atomic_fetch_sub(&pool->submitting, 1);
    return status;
}

void edge_task_pool_stop(edge_task_pool_t *pool) {
    EDGE_OBJ_CHECK(pool, TASK_POOL_MAGIC);
    atomic_store(&pool->stopping, true);
    /* Whoever saw the pool open may still be about to push; the last tasks must stand behind that. */
    while (atomic_load(&pool->submitting) > 0) {
        sched_yield();
    }
    for (unsigned i = 0; i < pool->thread_count; i++) {
        while (apr_queue_push(pool->queue, &last_task) != APR_SUCCESS) {
        }
    }
    for (unsigned i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    if (pool->pool != NULL) {
        apr_pool_destroy(pool->pool);
    }
    EDGE_OBJ_CLEAR(pool);
    free(pool);
}
