/*
 * Overrides in force: taken up at the start, changed while running, ended by time.
 *
 * Concept:  a change is an edit: begun, tried on a snapshot made aside, and committed
 *           whole or not at all. Committing writes the file first, then the memory that
 *           a reload reads, then publishes the snapshot. The files win over an override
 *           that was made over another value than they hold now.
 * Owner:    the child that serves; one that retires changes nothing any more.
 * Threads:  take_up and take_over on the main thread; edits on any that may block. One
 *           edit is open at a time, over all children.
 * Lifetime: from taking over to the end of the child.
 * Errors:   what an override has wrong is reported as for a file (core/derive.h); the
 *           rest as apr_status_t.
 */
#ifndef EDGE_CORE_OVERRIDES_H
#define EDGE_CORE_OVERRIDES_H

#include "core/derive.h"
#include "core/override_store.h"

/* At the start of a child, before it publishes: the overrides as the one before has them, or at the first start those of the
 * file at `path` (NULL: none), on `loaded`. Gives the snapshot to publish, with one count. */
edge_snapshot_t *edge_overrides_take_up(edge_snapshot_t *loaded, const char *path);
/* It serves: from now on this child changes them. What could not be kept is told and put into the audit trail. */
void edge_overrides_take_over(void);
/* Now and then on the main thread: ends those whose time is over. */
void edge_overrides_turn(apr_time_t now);
/* Whether changes may outlive a restart. */
bool edge_overrides_may_persist(void);

typedef struct edge_overrides_edit {
    apr_pool_t *pool;
    apr_array_header_t *list;  /* as it stands; put another in its place */
    edge_snapshot_t *base;     /* what the files say; held */
    edge_snapshot_t *current;  /* what is published; held */
    edge_snapshot_t *tried;    /* NULL before edge_overrides_try */
    edge_conf_report_t report; /* of the last try */
} edge_overrides_edit_t;

/* False: another child serves by now. Ends with commit or abandon. */
bool edge_overrides_begin(edge_overrides_edit_t *edit, apr_pool_t *pool);
/* Makes a snapshot of the edit's list; false: `report` says what is wrong. */
bool edge_overrides_try(edge_overrides_edit_t *edit);
/* After a successful try. When it fails nothing has changed. Ends the edit in either case. */
apr_status_t edge_overrides_commit(edge_overrides_edit_t *edit);
void edge_overrides_abandon(edge_overrides_edit_t *edit);

/* The list as it stands, with the snapshot published and what it stands on, each with a count. */
apr_array_header_t *edge_overrides_now(edge_snapshot_t **current, edge_snapshot_t **base, apr_pool_t *pool);

/* Modes of validators and levels of logs, which no snapshot holds (overrides_apply.c). */
void edge_overrides_apply(const apr_array_header_t *list, const edge_snapshot_t *snapshot, apr_pool_t *pool);

#endif
