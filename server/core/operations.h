/*
 * What a child asks of the parent, what became of it, and the generations there were.
 *
 * Concept:  only the parent can test a configuration as it would be loaded (keys may
 *           belong to root alone) and reload. A child writes what it wants into shared
 *           memory and says so by an octet on its pipe; the parent does it and writes the
 *           outcome there. Whoever asked may be answered by the next child.
 * Owner:    the parent maps before the first fork.
 * Threads:  any; one robust lock. ask and get in children, take and end in the parent.
 * Lifetime: of the parent; the last EDGE_OPERATIONS_MOST are known.
 * Errors:   0: an operation of that kind is under way.
 */
#ifndef EDGE_CORE_OPERATIONS_H
#define EDGE_CORE_OPERATIONS_H

#include "edge_clock.h"

#define EDGE_OPERATIONS_MOST 16u
#define EDGE_OPERATION_RESULT ((size_t)32 * 1024)
#define EDGE_OPERATIONS_DROPPED ((size_t)24 * 1024) /* octets of that list */
#define EDGE_GENERATIONS_MOST 20u
#define EDGE_OPERATION_WANTED 'W' /* the octet */

typedef enum edge_operation_kind { EDGE_OPERATION_TEST, EDGE_OPERATION_RELOAD } edge_operation_kind_t;
typedef enum edge_operation_state {
    EDGE_OPERATION_NONE,
    EDGE_OPERATION_ASKED,
    EDGE_OPERATION_RUNNING,
    EDGE_OPERATION_DONE,
    EDGE_OPERATION_FAILED
} edge_operation_state_t;

typedef struct edge_operation {
    uint64_t id;
    edge_operation_kind_t kind;
    edge_operation_state_t state;
    apr_time_t at, ended;
    char who[64];
    size_t len;
    char result[EDGE_OPERATION_RESULT]; /* JSON */
} edge_operation_t;

typedef struct edge_generation {
    uint64_t generation;
    apr_time_t at;
    char who[64];    /* "start", "signal", "crash", or who asked */
    char result[16]; /* "serving", "refused" */
    unsigned files;
    unsigned dropped; /* overrides */
} edge_generation_t;

apr_status_t edge_operations_map(void);
/* In a child: where the octet goes. */
void edge_operations_use(int descriptor);

/* The id; 0: one is under way already. */
uint64_t edge_operation_ask(edge_operation_kind_t kind, const char *who);
/* The same, but waits while one is under way; 0: one still is when the time is over. */
uint64_t edge_operation_ask_in_turn(edge_operation_kind_t kind, const char *who, edge_mono_t most);
/* False: it is not known, or no longer. */
bool edge_operation_get(uint64_t id, edge_operation_t *copy);
/* Waits until it is over; false: it was not in time. */
bool edge_operation_wait(uint64_t id, edge_mono_t most, edge_operation_t *copy);

/* The parent's: the next one that was asked for, which runs from now on; false: none. */
bool edge_operation_take(edge_operation_t *copy);
void edge_operation_end(uint64_t id, bool good, edge_span_t result);

/* What the child that is about to serve has not taken up of the overrides: how many, and JSON for the reload's answer. */
void edge_operations_drop(unsigned count, edge_span_t list);
unsigned edge_operations_dropped(void);
/* The parent's: a reload went well. */
void edge_operation_reloaded(uint64_t id, uint64_t generation);

void edge_generations_note(const edge_generation_t *generation);
/* The newest first; how many there are. */
unsigned edge_generations_list(edge_generation_t into[EDGE_GENERATIONS_MOST]);

#endif
