/* A queue for tests of what puts messages into one. */
#ifndef EDGE_TEST_MEMORY_QUEUE_H
#define EDGE_TEST_MEMORY_QUEUE_H

#include "../relay_discard/hop_fixture.h"

#include "edge_queue.h"

/* Keeps one message in memory. */
typedef struct memory_queue {
    edge_queue_t queue;
    edge_body_t body;
    char text[400000];
    unsigned waits; /* every second write says WAIT, this many times */
    edge_chore_t room, answer;
    edge_submission_t *submission;
    edge_outcome_t outcome;
    unsigned opened, abandoned;
    bool closed; /* for writing: WAIT was said */
} memory_queue_t;

extern memory_queue_t memory;

/* Empties it; from then on it stores. */
void memory_queue_make(void);

#endif
