/*
 * What became of a recipient at a next hop.
 *
 * Concept:  done, deferred or failed, and whose trouble it is.
 * Owner:    values only.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none.
 */
#ifndef EDGE_RELAY_RESULT_H
#define EDGE_RELAY_RESULT_H

typedef enum edge_relay_outcome {
    EDGE_RELAY_DEFERRED, /* not now: try again later. What a result is until it is set. */
    EDGE_RELAY_DONE,     /* the next hop is responsible from now on */
    EDGE_RELAY_FAILED    /* never: the sender is told */
} edge_relay_outcome_t;

/* Whose trouble it is: a host in trouble is left alone for a while, with all that waits for it. */
typedef enum edge_relay_blame { EDGE_RELAY_MESSAGE, EDGE_RELAY_HOST } edge_relay_blame_t;

#endif
