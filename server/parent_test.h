/*
 * Testing what is on disk, by a process of its own.
 *
 * Concept:  as a reload would load it: the same privileges, the same modules, nothing
 *           bound and nothing started. What it finds goes to whoever asked
 *           (core/operations.h) as JSON, and nowhere else.
 * Owner:    supervise.c.
 * Threads:  the parent's only one.
 * Lifetime: one test at a time.
 * Errors:   a test that dies is a failed operation.
 */
#ifndef EDGE_PARENT_TEST_H
#define EDGE_PARENT_TEST_H

#include <sys/types.h>

#include "core/snapshot.h"

typedef struct edge_parent_test {
    pid_t pid; /* 0: none runs */
    uint64_t operation;
} edge_parent_test_t;

/* `operation` has been taken; ends it at once when no process can be made. */
void edge_parent_test_start(edge_parent_test_t *test, uint64_t operation, const edge_snapshot_source_t *source);
/* True: it was this one's process that ended. */
bool edge_parent_test_ended(edge_parent_test_t *test, pid_t pid);

#endif
