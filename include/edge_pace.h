/*
 * Pace: how long a client may take, and when it has taken too long.
 *
 * Concept:  notes when what was awaited began and when it last went on, and makes one
 *           deadline out of the several limits of Timeout and MinRate. Only a whole
 *           command is progress of a command; any octet is progress of a message; and
 *           MinRate looks at whole minutes, so that a pause in the middle of a fast
 *           message is no offence.
 * Owner:    the protocol's session.
 * Threads:  plain values; one at a time.
 * Lifetime: of the session.
 * Errors:   none.
 */
#ifndef EDGE_PACE_H
#define EDGE_PACE_H

#include "edge_conn.h"
#include "edge_limits.h"

/* Whose turn it is, and for what. */
typedef enum edge_pace_turn {
    EDGE_PACE_OURS, /* the client waits for us: checks and the queue have deadlines of their own */
    EDGE_PACE_HANDSHAKE,
    EDGE_PACE_BANNER,  /* the first command, */
    EDGE_PACE_COMMAND, /* one behind it, */
    EDGE_PACE_AUTH,    /* or an answer to a challenge: the limit is the same */
    EDGE_PACE_DATA
} edge_pace_turn_t;

typedef struct edge_pace {
    edge_mono_t opened;                    /* the session */
    edge_mono_t line_since;                /* since when a whole command is awaited, or the handshake */
    edge_mono_t data_since, data_progress; /* start of the message; its last octet */
    edge_mono_t rate_since;                /* start of the minute that MinRate looks at */
    uint64_t rate_octets;
} edge_pace_t;

EDGE_API void edge_pace_open(edge_pace_t *pace, edge_mono_t now);
/* A handshake begins. */
EDGE_API void edge_pace_handshake(edge_pace_t *pace, edge_mono_t now);
/* It is the client's turn from now on: what it waited for us is not held against it. */
EDGE_API void edge_pace_start(edge_pace_t *pace, edge_mono_t now);
/* A message begins. */
EDGE_API void edge_pace_body(edge_pace_t *pace, edge_mono_t now);
/* Octets came; `whole`: a command was whole with them. */
EDGE_API void edge_pace_input(edge_pace_t *pace, edge_mono_t now, size_t octets, bool whole);
/* When the client must be looked at again; 0 = never. */
EDGE_API edge_mono_t edge_pace_due(const edge_pace_t *pace, const edge_limits_t *limits, edge_pace_turn_t turn);
/* True: a limit is over, and `reason` says which. Begins the next minute for MinRate. */
EDGE_API bool edge_pace_over(edge_pace_t *pace, const edge_limits_t *limits, edge_pace_turn_t turn, edge_mono_t now,
                             edge_close_reason_t *reason);

#endif
