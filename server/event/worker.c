/* Workers: their threads, seats, chores and mail. */
#include "edge_counter.h"
#include "edge_obj.h"

#include "event/worker.h"
#include "event/worker_priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

EDGE_LOG_AREA(edge_worker_log, "event")

static _Atomic(edge_worker_t *) workers[EDGE_WORKERS_MOST];
static _Atomic unsigned worker_count;
static _Atomic unsigned seats_taken;
static _Thread_local edge_worker_t *self;

static const edge_histogram_row_t lag = {
    "event_loop_lag_seconds", EDGE_BOUNDS_OPERATION,
    "How long turns of the workers' loops took: so long does whatever comes have to wait."};

edge_worker_t *edge_worker_self(void) { return self; }
unsigned edge_worker_index(const edge_worker_t *worker) { return worker->index; }
unsigned edge_worker_count(void) { return atomic_load(&worker_count); }
edge_clock_t edge_worker_clock(const edge_worker_t *worker) { return worker->clock; }
apr_pool_t *edge_worker_pool(edge_worker_t *worker) { return worker->pool; }

edge_worker_t *edge_worker_at(unsigned index) {
    return index < EDGE_WORKERS_MOST ? atomic_load_explicit(&workers[index], memory_order_acquire) : NULL;
}

bool edge_worker_look(unsigned index, edge_worker_facts_t *facts) {
    edge_worker_t *worker = edge_worker_at(index);
    if (worker == NULL || !edge_worker_peek(index, facts)) {
        return false;
    }
    atomic_store_explicit(&worker->busy_most, 0, memory_order_relaxed);
    return true;
}

bool edge_worker_peek(unsigned index, edge_worker_facts_t *facts) {
    edge_worker_t *worker = edge_worker_at(index);
    if (worker == NULL) {
        return false;
    }
    *facts = (edge_worker_facts_t){
        .index = index,
        .thread = worker->thread,
        .started = worker->started,
        .turns = atomic_load_explicit(&worker->turns, memory_order_relaxed),
        .busy_since = atomic_load_explicit(&worker->busy_since, memory_order_relaxed),
        .busy_last = atomic_load_explicit(&worker->busy_last, memory_order_relaxed),
        .busy_most = atomic_load_explicit(&worker->busy_most, memory_order_relaxed),
        .watched = atomic_load_explicit(&worker->watched, memory_order_relaxed),
    };
    return true;
}

void edge_worker_send(edge_worker_t *worker, edge_letter_t *letter) {
    EDGE_OBJ_CHECK(worker, EDGE_WORKER_MAGIC);
    if (edge_mailbox_put(&worker->mailbox, letter)) {
        edge_loop_interrupt(&worker->loop);
    }
}

static void add_chore(edge_chore_list_t *list, edge_chore_t *chore) {
    if (chore->queued) {
        return;
    }
    chore->queued = true;
    chore->next = NULL;
    if (list->head == NULL) {
        list->head = chore;
    } else {
        list->last->next = chore;
    }
    list->last = chore;
}

void edge_worker_post(edge_worker_t *worker, edge_chore_t *chore) {
    EDGE_ASSERT(worker == self);
    add_chore(&worker->posted, chore);
}

void edge_worker_reap(edge_worker_t *worker, edge_chore_t *chore) {
    EDGE_ASSERT(worker == self);
    add_chore(&worker->reaped, chore);
}

void edge_worker_run_chores(edge_chore_list_t *list, edge_worker_t *worker, bool added_too) {
    do {
        edge_chore_t *chore = list->head;
        list->head = list->last = NULL;
        while (chore != NULL) {
            edge_chore_t *next = chore->next;
            chore->queued = false;
            chore->run(chore, worker); /* may free the chore, or post it again for the next turn */
            chore = next;
        }
    } while (added_too && list->head != NULL);
}

unsigned edge_worker_new_seat(void) {
    unsigned seat = atomic_fetch_add(&seats_taken, 1);
    EDGE_ASSERT(seat < EDGE_WORKER_SEATS);
    return seat;
}

void edge_worker_set_seat(edge_worker_t *worker, unsigned seat, void *value) {
    EDGE_ASSERT(worker == self && seat < EDGE_WORKER_SEATS);
    worker->seats[seat] = value;
}

void *edge_worker_seat(edge_worker_t *worker, unsigned seat) {
    EDGE_ASSERT(worker == self && seat < EDGE_WORKER_SEATS);
    return worker->seats[seat];
}

static void enter(edge_worker_t *worker) {
    self = worker;
    edge_counter_use_block(worker->index + 1);
}

apr_status_t edge_worker_make(unsigned index, edge_worker_t **made) {
    EDGE_ASSERT(index < EDGE_WORKERS_MOST && edge_worker_at(index) == NULL && self == NULL);
    edge_worker_t *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return APR_ENOMEM;
    }
    EDGE_OBJ_INIT(worker, EDGE_WORKER_MAGIC);
    worker->index = index;
    worker->clock = edge_clock_read();
    worker->started = worker->clock.mono;
    worker->thread = (int)gettid();
    edge_histogram_make(&worker->lag, "core", &lag, ""); /* without room it counts nothing */
    enter(worker);
    worker->pool = edge_worker_take_pool(worker);
    apr_status_t status = edge_loop_open(&worker->loop, worker->pool);
    if (status != APR_SUCCESS) {
        apr_pool_destroy(worker->pool);
        free(worker);
        self = NULL;
        return status;
    }
    atomic_store_explicit(&workers[index], worker, memory_order_release);
    atomic_fetch_add(&worker_count, 1);
    *made = worker;
    return APR_SUCCESS;
}

bool edge_worker_has_ended(const edge_worker_t *worker) { return worker->ended; }

/* A letter may post, a chore may send. */
void edge_worker_settle(edge_worker_t *worker) {
    EDGE_ASSERT(worker == self && worker->ended);
    do {
        worker->clock = edge_clock_read();
        edge_worker_run_chores(&worker->posted, worker, false);
        edge_worker_run_chores(&worker->reaped, worker, true);
    } while (edge_mailbox_drain(&worker->mailbox, worker) > 0 || worker->posted.head != NULL ||
             worker->reaped.head != NULL);
}

static void finish(edge_worker_t *worker) {
    EDGE_OBJ_CHECK(worker, EDGE_WORKER_MAGIC);
    EDGE_ASSERT(worker == self);
    worker->ended = true;
    edge_worker_settle(worker);
    edge_listener_detach_all(worker);
    atomic_store(&workers[worker->index], NULL);
    atomic_fetch_sub(&worker_count, 1);
    edge_worker_settle(worker);
    self = NULL;
    edge_counter_use_block(0);
}

/* Apart from finish, because a sender looks once more at the mailbox after its letter has gone: the thread that
 * joins the worker, and was the last to send, frees it. */
static void free_worker(edge_worker_t *worker) {
    edge_ticket_table_free(&worker->tickets);
    edge_timer_heap_free(&worker->timers);
    edge_worker_memory_free(&worker->memory);
    apr_pool_destroy(worker->pool);
    EDGE_OBJ_CLEAR(worker);
    free(worker);
}

void edge_worker_destroy(edge_worker_t *worker) {
    finish(worker);
    free_worker(worker);
}

typedef struct start {
    const edge_workers_plan_t *plan; /* the starter's: only until `told` */
    unsigned index;
    apr_status_t status;
    bool told;
} start_t;

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t start_changed = PTHREAD_COND_INITIALIZER;
static pthread_t threads[EDGE_WORKERS_MOST];
static unsigned thread_count;

static void tell(start_t *start, apr_status_t status) {
    pthread_mutex_lock(&start_lock);
    start->status = status;
    start->told = true;
    pthread_cond_broadcast(&start_changed);
    pthread_mutex_unlock(&start_lock);
}

static apr_status_t wait_for(start_t *start) {
    pthread_mutex_lock(&start_lock);
    while (!start->told) {
        pthread_cond_wait(&start_changed, &start_lock);
    }
    pthread_mutex_unlock(&start_lock);
    return start->status;
}

static void name_thread(unsigned index) {
    char name[16];
    snprintf(name, sizeof name, "worker-%u", index);
    pthread_setname_np(pthread_self(), name);
}

/* Returns the worker, for whoever joins to free. */
static void *live(void *argument) {
    start_t *start = argument;
    edge_workers_plan_t plan = *start->plan;
    edge_worker_t *worker;

    name_thread(start->index);
    apr_status_t status = edge_worker_make(start->index, &worker);
    if (status != APR_SUCCESS) {
        tell(start, status);
        return NULL;
    }
    if (plan.started != NULL) {
        status = plan.started(worker, plan.context);
    }
    tell(start, status);
    if (status == APR_SUCCESS) {
        while (!atomic_load_explicit(&worker->stopping, memory_order_relaxed)) {
            edge_loop_turn(worker, -1);
        }
        worker->ended = true;
        if (plan.stopping != NULL) {
            plan.stopping(worker, plan.context);
        }
    }
    finish(worker);
    return worker;
}

/* Signals are the business of the thread that starts the workers: theirs are blocked from their first instruction. */
static apr_status_t start_thread(start_t *start) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&threads[thread_count], NULL, live, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        return APR_FROM_OS_ERROR(error);
    }
    thread_count++;
    return wait_for(start);
}

/* Ended workers keep their memory until edge_workers_forget: a worker may send to another until its own end,
 * and a module's thread, which is stopped behind the workers, may just then find a ticket stale. */
static void *ended[EDGE_WORKERS_MOST];

void edge_workers_forget(void) {
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        if (ended[i] != NULL) {
            free_worker(ended[i]);
            ended[i] = NULL;
        }
    }
}

apr_status_t edge_workers_start(const edge_workers_plan_t *plan) {
    EDGE_ASSERT(plan->count >= 1 && plan->count <= EDGE_WORKERS_MOST && thread_count == 0);
    edge_workers_forget();
    for (unsigned i = 0; i < plan->count; i++) {
        start_t start = {.plan = plan, .index = i};
        apr_status_t status = start_thread(&start);
        if (status != APR_SUCCESS) {
            edge_workers_stop();
            return status;
        }
    }
    return APR_SUCCESS;
}

static void end_loop(edge_letter_t *letter, edge_worker_t *worker) {
    (void)letter;
    atomic_store(&worker->stopping, true);
}

void edge_workers_stop(void) {
    static edge_letter_t letters[EDGE_WORKERS_MOST];
    for (unsigned i = 0; i < thread_count; i++) {
        /* A worker whose start failed has ended by itself. It cannot end between these lines: only we end it. */
        edge_worker_t *worker = edge_worker_at(i);
        if (worker != NULL) {
            letters[i].deliver = end_loop;
            edge_worker_send(worker, &letters[i]);
        }
    }
    for (unsigned i = 0; i < thread_count; i++) {
        pthread_join(threads[i], &ended[i]);
    }
    thread_count = 0;
}
