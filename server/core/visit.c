/* Letters to all workers, and the waiting for their answers. */
#include "core/visit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "edge_cond.h"
#include "edge_obj.h"
#include "event/worker.h"

#define VISIT_MAGIC 0x76697369u

typedef struct guest {
    edge_letter_t letter;
    edge_chore_t chore;
    edge_visit_t *visit;
    void *place;
    bool answered;
} guest_t;

struct edge_visit {
    uint32_t magic;
    edge_visit_plan_t plan;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned holders; /* the asker, and workers that are to answer */
    unsigned count, waiting;
    guest_t guests[EDGE_WORKERS_MOST];
};

/* Under the lock, which is given back. */
static void let_go(edge_visit_t *visit) {
    bool last = --visit->holders == 0;
    pthread_mutex_unlock(&visit->lock);
    if (!last)
        return;
    for (unsigned i = 0; i < visit->count; i++) {
        if (visit->plan.discard)
            visit->plan.discard(visit->guests[i].place);
        free(visit->guests[i].place);
    }
    pthread_cond_destroy(&visit->changed);
    pthread_mutex_destroy(&visit->lock);
    free((void *)(uintptr_t)visit->plan.question);
    EDGE_OBJ_CLEAR(visit);
    free(visit);
}

static void answer(guest_t *guest) {
    edge_visit_t *visit = guest->visit;
    pthread_mutex_lock(&visit->lock);
    guest->answered = true;
    visit->waiting--;
    pthread_cond_signal(&visit->changed);
    let_go(visit);
}

/* A worker that has ended has nothing to tell any more. */
static void step(guest_t *guest, edge_worker_t *worker) {
    const edge_visit_plan_t *plan = &guest->visit->plan;
    if (!edge_worker_has_ended(worker) && plan->step(worker, plan->question, guest->place))
        edge_worker_post(worker, &guest->chore);
    else
        answer(guest);
}

static void next_turn(edge_chore_t *chore, edge_worker_t *worker) {
    step(EDGE_CONTAINER(chore, guest_t, chore), worker);
}

static void delivered(edge_letter_t *letter, edge_worker_t *worker) {
    step(EDGE_CONTAINER(letter, guest_t, letter), worker);
}

static void *take(size_t size) {
    void *memory = calloc(1, size ? size : 1);
    EDGE_ASSERT(memory != NULL);
    return memory;
}

static void invite(edge_visit_t *visit, edge_worker_t *worker) {
    guest_t *guest = &visit->guests[visit->count];
    guest->letter.deliver = delivered;
    guest->chore.run = next_turn;
    guest->visit = visit;
    guest->place = take(visit->plan.place_size);
    pthread_mutex_lock(&visit->lock);
    visit->count++;
    visit->waiting++;
    visit->holders++;
    pthread_mutex_unlock(&visit->lock);
    edge_worker_send(worker, &guest->letter);
}

edge_visit_t *edge_visit_start(const edge_visit_plan_t *plan) {
    EDGE_ASSERT(edge_worker_self() == NULL);
    edge_visit_t *visit = take(sizeof(*visit));
    EDGE_OBJ_INIT(visit, VISIT_MAGIC);
    visit->plan = *plan;
    void *question = take(plan->question_size);
    if (plan->question_size)
        memcpy(question, plan->question, plan->question_size);
    visit->plan.question = question;
    visit->holders = 1;
    pthread_mutex_init(&visit->lock, NULL);
    edge_cond_make(&visit->changed);
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        edge_worker_t *worker = edge_worker_at(i);
        if (worker)
            invite(visit, worker);
    }
    return visit;
}

unsigned edge_visit_wait(edge_visit_t *visit, edge_mono_t most) {
    edge_mono_t until = edge_clock_mono() + most;
    pthread_mutex_lock(&visit->lock);
    while (visit->waiting > 0 && edge_cond_wait(&visit->changed, &visit->lock, until))
        ;
    unsigned waiting = visit->waiting;
    pthread_mutex_unlock(&visit->lock);
    return waiting;
}

unsigned edge_visit_count(const edge_visit_t *visit) { return visit->count; }

void *edge_visit_place(edge_visit_t *visit, unsigned index) {
    pthread_mutex_lock(&visit->lock);
    bool answered = visit->guests[index].answered;
    pthread_mutex_unlock(&visit->lock);
    return answered ? visit->guests[index].place : NULL;
}

void edge_visit_end(edge_visit_t *visit) {
    EDGE_OBJ_CHECK(visit, VISIT_MAGIC);
    pthread_mutex_lock(&visit->lock);
    let_go(visit);
}
