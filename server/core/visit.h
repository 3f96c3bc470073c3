/*
 * Visits: asking every worker for something, in small steps.
 *
 * Concept:  whoever wants to know of things that live on workers sends each a letter; the
 *           worker takes one step of bounded size a turn, and further ones in the next
 *           turns, until it has said all. The asker waits, but not for ever: of a worker
 *           that does not answer in time nothing is known, and the rest is given.
 * Owner:    a visit belongs to its asker and to the workers that have not answered; the
 *           last of them frees it.
 * Threads:  steps run on the workers; all else on the asker's thread, which is no worker's.
 * Lifetime: from edge_visit_start to edge_visit_end; a place is the asker's once it is given.
 * Errors:   want of memory is an assertion.
 */
#ifndef EDGE_CORE_VISIT_H
#define EDGE_CORE_VISIT_H

#include "edge_worker.h"

typedef struct edge_visit edge_visit_t;

typedef struct edge_visit_plan {
    /* On a worker. True: there is more to do, in the next turn. */
    bool (*step)(edge_worker_t *worker, const void *question, void *place);
    void (*discard)(void *place); /* on any thread, when nobody needs the place any more; may be NULL */
    size_t place_size;            /* each worker fills in one, zero-filled */
    const void *question;         /* copied */
    size_t question_size;
} edge_visit_plan_t;

edge_visit_t *edge_visit_start(const edge_visit_plan_t *plan);
/* Until all have answered or `most` is over; returns how many have not. */
unsigned edge_visit_wait(edge_visit_t *visit, edge_mono_t most);
/* How many were asked, and the answer of each; NULL: it has not answered. */
unsigned edge_visit_count(const edge_visit_t *visit);
void *edge_visit_place(edge_visit_t *visit, unsigned index);
void edge_visit_end(edge_visit_t *visit);

#endif
