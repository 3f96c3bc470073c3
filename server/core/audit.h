/*
 * The audit trail's file: opened, appended to, read again; see edge_audit.h.
 *
 * Concept:  one JSON object a line, in the order of what happened. Reading begins at
 *           the end, for the newest is what is asked for.
 * Owner:    the child; two generations append to one file, each line in one write.
 * Threads:  open and close on the main thread; the rest on any that may block.
 * Lifetime: of the child.
 * Errors:   errno of the file; lines that are no JSON (a machine went down while one was
 *           written) are passed over when reading.
 */
#ifndef EDGE_CORE_AUDIT_H
#define EDGE_CORE_AUDIT_H

#include <apr_tables.h>

#include "edge_audit.h"
#include "proto/json_in.h"

#define EDGE_AUDIT_LINE_MOST 65536

/* What a line says. Texts may be NULL. */
typedef struct edge_audit_entry {
    const char *who, *role, *from, *action, *target, *before, *after, *reason, *request_id, *result;
} edge_audit_entry_t;

/* `path` is absolute; NULL: no trail is kept. */
apr_status_t edge_audit_open(const char *path);
/* SIGUSR1: the file may have been moved away. */
apr_status_t edge_audit_reopen(void);
void edge_audit_close(void);
/* What the server did by itself is written by this: who is then "edged". */
void edge_audit_write(const edge_audit_entry_t *entry);

/* NULL: no trail is kept. */
const char *edge_audit_path(apr_pool_t *pool);

/* What is looked for: members that are absent match everything; a text ending in * matches what begins so. */
typedef struct edge_audit_query {
    edge_span_t who, action, target;
    edge_span_t cursor; /* of the page before; absent: the newest */
    unsigned limit;
    bool count; /* `matched` is wanted: the whole file is looked through */
} edge_audit_query_t;

typedef struct edge_audit_page {
    apr_array_header_t *entries; /* const edge_json_value_t *, newest first */
    const char *next_cursor;     /* NULL: nothing follows */
    uint64_t matched;            /* on all pages */
} edge_audit_page_t;

/* APR_EOF: the cursor is of a file that has been moved away. APR_EINVAL: it is none. No file is an empty one. */
apr_status_t edge_audit_read(const edge_audit_query_t *query, edge_audit_page_t *page, apr_pool_t *pool);

#endif
