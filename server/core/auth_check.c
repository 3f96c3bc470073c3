/* A question about a name and a password: from the asker's thread to a worker and back. */
#include "core/auth_check.h"

#include <apr_strings.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/auth.h"
#include "edge_cond.h"
#include "edge_obj.h"
#include "edge_password.h"
#include "event/worker.h"

#define QUESTION_MAGIC 0x71756573u
#define WORD_MOST 512u

typedef struct question {
    uint32_t magic;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned holders; /* the asker; the worker, from the question to its end; the letter that takes it back */
    bool answered;
    edge_auth_verdict_t verdict;
    char store[WORD_MOST], identity[WORD_MOST];
    edge_letter_t begin, leave;
    edge_snapshot_t *snapshot;
    const edge_auth_listener_t *auth;
    edge_span_t name, password; /* its own */
    edge_auth_check_t *check;   /* the worker's: while the store works */
} question_t;

/* With all that it holds: a NUL ends no password. */
static edge_span_t copy(edge_span_t text) {
    char *own = calloc(1, text.len + 1);
    EDGE_ASSERT(own != NULL);
    if (text.len > 0)
        memcpy(own, text.at, text.len);
    return edge_span(own, text.len);
}

static void forget(edge_span_t own) {
    char *text = (char *)(uintptr_t)own.at;
    edge_password_wipe(text, own.len);
    free(text);
}

static void keep(edge_span_t text, char out[WORD_MOST]) {
    size_t len = text.len < WORD_MOST - 1 ? text.len : WORD_MOST - 1;
    if (len > 0)
        memcpy(out, text.at, len);
    out[len] = '\0';
}

static void let_go(question_t *question) {
    pthread_mutex_lock(&question->lock);
    bool last = --question->holders == 0;
    pthread_mutex_unlock(&question->lock);
    if (!last)
        return;
    forget(question->name);
    forget(question->password);
    edge_snapshot_drop(question->snapshot);
    pthread_cond_destroy(&question->changed);
    pthread_mutex_destroy(&question->lock);
    EDGE_OBJ_CLEAR(question);
    free(question);
}

/* On the worker */

static void answer(question_t *question, const edge_auth_checked_t *checked) {
    pthread_mutex_lock(&question->lock);
    question->verdict = checked->verdict;
    keep(checked->store, question->store);
    keep(checked->identity, question->identity);
    question->answered = true;
    pthread_cond_signal(&question->changed);
    pthread_mutex_unlock(&question->lock);
}

/* Inside edge_auth_provider_t.check nothing is open yet: `begin` ends it. */
static void checked(void *asker, const edge_auth_checked_t *checked) {
    question_t *question = asker;
    EDGE_OBJ_CHECK(question, QUESTION_MAGIC);
    bool later = question->check != NULL;
    question->check = NULL;
    answer(question, checked);
    if (later)
        let_go(question);
}

static void begin(edge_letter_t *letter, edge_worker_t *worker) {
    question_t *question = EDGE_CONTAINER(letter, question_t, begin);
    if (edge_worker_has_ended(worker)) {
        edge_auth_checked_t trouble = {.verdict = EDGE_AUTH_TROUBLE};
        answer(question, &trouble);
    } else {
        question->check =
            edge_auth_provider()->check(question->auth, question->name, question->password, checked, question);
    }
    if (!question->check)
        let_go(question);
}

static void leave(edge_letter_t *letter, edge_worker_t *worker) {
    question_t *question = EDGE_CONTAINER(letter, question_t, leave);
    (void)worker;
    if (question->check) {
        edge_auth_provider()->check_cancel(question->check);
        question->check = NULL;
        let_go(question);
    }
    let_go(question);
}

/* On the asker's thread */

/* One after the other. */
static edge_worker_t *choose(void) {
    static _Atomic unsigned turn;
    unsigned first = turn++;
    edge_worker_t *worker = NULL;
    for (unsigned i = 0; !worker && i < EDGE_WORKERS_MOST; i++)
        worker = edge_worker_at((first + i) % EDGE_WORKERS_MOST);
    return worker;
}

static question_t *make(edge_snapshot_t *snapshot, const edge_listener_t *listener, edge_span_t name,
                        edge_span_t password) {
    question_t *question = calloc(1, sizeof(*question));
    EDGE_ASSERT(question != NULL);
    EDGE_OBJ_INIT(question, QUESTION_MAGIC);
    pthread_mutex_init(&question->lock, NULL);
    edge_cond_make(&question->changed);
    question->holders = 2;
    question->snapshot = snapshot;
    edge_snapshot_hold(snapshot);
    question->auth = listener->auth;
    question->name = copy(name);
    question->password = copy(password);
    question->begin.deliver = begin;
    question->leave.deliver = leave;
    return question;
}

/* False: it was not answered in time, and is to be taken back. */
static bool wait_for(question_t *question, edge_mono_t most) {
    edge_mono_t until = edge_clock_mono() + most;
    pthread_mutex_lock(&question->lock);
    while (!question->answered && edge_cond_wait(&question->changed, &question->lock, until))
        ;
    bool good = question->answered;
    if (!good)
        question->holders++;
    pthread_mutex_unlock(&question->lock);
    return good;
}

static const char *word(const char *text, apr_pool_t *pool) { return *text ? apr_pstrdup(pool, text) : NULL; }

bool edge_auth_check_can(void) {
    const edge_auth_provider_t *provider = edge_auth_provider();
    return provider && provider->check;
}

void edge_auth_check_ask(edge_snapshot_t *snapshot, const edge_listener_t *listener, edge_span_t name,
                         edge_span_t password, edge_mono_t most, edge_auth_told_t *told, apr_pool_t *pool) {
    edge_worker_t *worker = choose();
    edge_mono_t began = edge_clock_read().mono;
    EDGE_ASSERT(edge_worker_self() == NULL && listener->auth != NULL);
    *told = (edge_auth_told_t){.verdict = EDGE_AUTH_TROUBLE};
    if (!worker)
        return;
    question_t *question = make(snapshot, listener, name, password);
    edge_worker_send(worker, &question->begin);
    told->late = !wait_for(question, most);
    told->took = edge_clock_read().mono - began;
    if (told->late) {
        edge_worker_send(worker, &question->leave);
    } else {
        told->verdict = question->verdict;
        told->store = word(question->store, pool);
        told->identity = word(question->identity, pool);
    }
    let_go(question);
}
