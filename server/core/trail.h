/*
 * A trail: the last lines of a session, for the operator who looks at it.
 *
 * Concept:  lines lie packed behind one another in one block that grows with what is
 *           said, up to EDGE_TRAIL_MOST octets; then the oldest give way. A line is cut
 *           at EDGE_TRAIL_LINE_MOST octets. Who adds one has taken out what nobody may
 *           see: credentials, and messages.
 * Owner:    its session; the memory is the worker's.
 * Threads:  the worker's own; a copy is anybody's.
 * Lifetime: from the session's first line to its end.
 * Errors:   none.
 */
#ifndef EDGE_CORE_TRAIL_H
#define EDGE_CORE_TRAIL_H

#include "edge_worker.h"

#define EDGE_TRAIL_MOST 1024
#define EDGE_TRAIL_LINE_MOST 160

typedef struct edge_trail {
    uint16_t size;    /* octets of the whole block */
    uint16_t used;    /* of `lines` */
    uint32_t dropped; /* lines that gave way */
    char lines[];
} edge_trail_t;

/* A block for copies. */
typedef union edge_trail_copy {
    edge_trail_t trail;
    char room[EDGE_TRAIL_MOST];
} edge_trail_copy_t;

typedef struct edge_trail_line {
    uint32_t at; /* milliseconds, as given */
    bool client; /* the client said it; else the server */
    bool more;   /* there was more: cut, further lines, or withheld */
    edge_span_t text;
} edge_trail_line_t;

/* The line as it is kept: no longer than may be. */
edge_trail_line_t edge_trail_cut(const edge_trail_line_t *line);
/* Makes the trail when there is none; it may move. */
void edge_trail_add(edge_trail_t **trail, edge_worker_t *worker, const edge_trail_line_t *line);
/* How many lines have been added, those that gave way too. `trail` may be NULL here and below. */
uint64_t edge_trail_count(const edge_trail_t *trail);
void edge_trail_copy(const edge_trail_t *trail, edge_trail_copy_t *copy);
void edge_trail_free(edge_trail_t *trail, edge_worker_t *worker);
/* The line at `*at`, which begins at 0 and is moved on; false behind the last, or where a copy makes no sense. */
bool edge_trail_next(const edge_trail_t *trail, unsigned *at, edge_trail_line_t *line);

#endif
