/*
 * Overrides: settings that were changed while running, as a list and as a text.
 *
 * Concept:  an override puts a text in place of what the files say of one setting, with
 *           who did it, when, why, until when, and what the files said then. The text
 *           of a list is what stands in the file of Overrides: directives in their
 *           sections, each behind comments that carry the rest. What is written is
 *           read again as it was.
 * Owner:    the caller's pool.
 * Threads:  values only.
 * Lifetime: of the pool.
 * Errors:   reading passes over what it does not understand, and counts it.
 */
#ifndef EDGE_CORE_OVERRIDE_H
#define EDGE_CORE_OVERRIDE_H

#include <apr_tables.h>

#include "edge_base.h"

typedef struct edge_override {
    const char *key;   /* "listener.mx.max_message_size" */
    const char *value; /* as it would be written; one line */
    const char *by;    /* who: "token:ops-1" */
    apr_time_t at;
    const char *reason;   /* NULL: none was given */
    apr_time_t until;     /* 0: no end */
    bool persistent;      /* outlives a restart */
    const char *over;     /* what the files said then; NULL: nothing */
    const char *sections; /* where the directive stands, outermost first: "Listener mx\nOn RCPT"; "": outside of all */
    const char *before;   /* of the line, what stands before the value: "MaxMessageSize ", "Validate local mode=" */
} edge_override_t;

/* In an array of edge_override_t; NULL: there is none. */
edge_override_t *edge_override_find(const apr_array_header_t *list, const char *key);
/* A copy of the list, all in `pool`, with this one in the place of one with the same key, or behind all. */
apr_array_header_t *edge_override_with(const apr_array_header_t *list, const edge_override_t *one, apr_pool_t *pool);
apr_array_header_t *edge_override_without(const apr_array_header_t *list, const char *key, apr_pool_t *pool);
/* An empty list; a copy of a list. */
apr_array_header_t *edge_override_none(apr_pool_t *pool);
apr_array_header_t *edge_override_copy(const apr_array_header_t *list, apr_pool_t *pool);

/* All, or only the persistent ones. */
const char *edge_override_write(const apr_array_header_t *list, bool persistent_only, apr_pool_t *pool);
/* `bad` counts the pieces that were passed over; may be NULL. */
apr_array_header_t *edge_override_read(edge_span_t text, unsigned *bad, apr_pool_t *pool);

#endif
