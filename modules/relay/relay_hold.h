/*
 * Holds: hand-off that an operator has stopped, as a whole or in part.
 *
 * Concept:  a hold stops what concerns all next hops, one of them (by the name of its
 *           <Handoff>), the recipients of one domain, or the messages that came by one
 *           listener. Mail is taken as before and waits. A hold ends when it is lifted,
 *           or by itself. What is under way when it begins is finished.
 * Owner:    one list for the process, and its file; texts are copied.
 * Threads:  open once, before the others; ask on any thread that may block for a moment;
 *           add, lift and list on threads that may block.
 * Lifetime: of the file: a hold outlives a reload, a crash and a restart. A change counts
 *           once it is on disk.
 * Errors:   the system's; APR_EGENERAL with what is wrong in a file that cannot be read.
 */
#ifndef EDGE_MODULE_RELAY_HOLD_H
#define EDGE_MODULE_RELAY_HOLD_H

#include "edge_base.h"
#include "edge_clock.h"

typedef enum relay_hold_scope {
    RELAY_HOLD_ALL,
    RELAY_HOLD_BACKEND,
    RELAY_HOLD_DOMAIN, /* of recipients; small letters */
    RELAY_HOLD_LISTENER
} relay_hold_scope_t;
#define RELAY_HOLD_SCOPES 4u

#define RELAY_HOLD_ID_SIZE 9
#define RELAY_HOLDS_MOST 200u

typedef struct relay_hold {
    char id[RELAY_HOLD_ID_SIZE]; /* 8 hex digits */
    relay_hold_scope_t scope;
    const char *value; /* "" for all */
    const char *reason, *who;
    apr_time_t since;
    apr_time_t until; /* 0: until it is lifted */
} relay_hold_t;

/* "all", "backend", "domain", "listener"; NULL behind them. */
extern const char *const relay_hold_words[RELAY_HOLD_SCOPES + 1];

/* Whether the file is one of holds, or is not there; else says why not. Changes nothing. */
apr_status_t relay_holds_check(const char *path, char *why, size_t size);
/* Reads the file; from now on changes are written to it. */
apr_status_t relay_holds_open(const char *path);
void relay_holds_close(void);

/* Copies `hold` with a new id, which is told in it. APR_ENOSPC: there are too many. */
apr_status_t relay_holds_add(relay_hold_t *hold);
/* APR_NOTFOUND: there is none of this id. What it was, in `pool`. */
apr_status_t relay_holds_lift(edge_span_t id, relay_hold_t *lifted, apr_pool_t *pool);
/* Those that hold now, oldest first, in `pool`; how many. */
unsigned relay_holds_list(relay_hold_t **list, apr_pool_t *pool);
unsigned relay_holds_count(void);

/* Until when this is held: 0: it is not. EDGE_QUEUE_NEVER: until somebody lifts it. `value` is ignored for ALL. */
apr_time_t relay_holds_until(relay_hold_scope_t scope, edge_span_t value);

#endif
