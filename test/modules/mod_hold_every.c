/* A test module: in every phase its check takes a ticket, which another thread resumes a random moment later. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "edge_module.h"

#define MOST_NS 3000000 /* an eighth of it at most: 0.4 ms */

/* A ticket that waits to be resumed. The list is a stack: the order in which sessions go on is not that of their asking. */
typedef struct held {
    struct held *next;
    edge_ticket_t ticket;
} held_t;

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static held_t *stack;
static bool ending;

enum { COUNTER_HELD, COUNTER_STALE };
extern edge_module_t hold_every_module;

static held_t *take_one(void) {
    pthread_mutex_lock(&lock);
    while (!stack && !ending)
        pthread_cond_wait(&more, &lock);
    held_t *held = stack;
    if (held)
        stack = held->next;
    pthread_mutex_unlock(&lock);
    return held;
}

static void *resume_all(void *unused) {
    unsigned seed = 1;
    sigset_t all;
    (void)unused;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (held_t *held; (held = take_one()) != NULL; free(held)) {
        /* One in four goes on at once, perhaps before its worker has returned from the check. */
        struct timespec pause = {0, rand_r(&seed) % 4 ? (long)(rand_r(&seed) % MOST_NS) / 8 : 0};
        if (pause.tv_nsec)
            nanosleep(&pause, NULL);
        edge_result_t result = {APR_SUCCESS, 0, NULL};
        if (!edge_ticket_resume(held->ticket, result))
            edge_counter_add(hold_every_module.first_counter + COUNTER_STALE, 1);
        /* Twice is once too often: it must be counted and do nothing. */
        if (rand_r(&seed) % 8 == 0 && edge_ticket_resume(held->ticket, result))
            abort();
    }
    return NULL;
}

static edge_check_answer_t hold(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)reply;
    held_t *held = malloc(sizeof(*held));
    if (!held)
        return EDGE_CHECK_ERROR;
    held->ticket = edge_check_wait(call);
    edge_counter_add(hold_every_module.first_counter + COUNTER_HELD, 1);
    pthread_mutex_lock(&lock);
    held->next = stack;
    stack = held;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
    return EDGE_CHECK_WAIT;
}

static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)snapshot;
    (void)pool;
    ending = false;
    return pthread_create(&thread, NULL, resume_all, NULL);
}

static void stop(void) {
    pthread_mutex_lock(&lock);
    ending = true;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
}

static const edge_check_row_t checks[] = {
#define EDGE_PHASE(NAME, success, words) \
    {.phase = EDGE_PHASE_##NAME,         \
     .name = "hold",                     \
     .kind = EDGE_CHECK_INLINE,          \
     .function = hold,                   \
     .prose = "Waits a moment."},
#include "tbl/phases.def"
#undef EDGE_PHASE
    {.name = NULL},
};

static const edge_counter_row_t counters[] = {
    [COUNTER_HELD] = {"held_total", EDGE_COUNTER_TOTAL, "Sessions that waited."},
    [COUNTER_STALE] = {"stale_total", EDGE_COUNTER_TOTAL, "Sessions that were gone when their turn came."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

EDGE_MODULE(hold_every) = {
    .summary = "lets every command wait a moment by a ticket (for tests)",
    .checks = checks,
    .counters = counters,
    .start = start,
    .stop = stop,
};
