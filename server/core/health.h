/*
 * Health: a few checks that say whether this server does its work.
 *
 * Concept:  each check looks at one thing and says ok, warn or fail, and why; since when it
 *           says so is remembered in this process. Readiness is stricter and shorter: may
 *           somebody send connections here?
 * Owner:    the checks' memory is the process'.
 * Threads:  any but a worker's; it may block for a moment, to ask the workers.
 * Lifetime: of the process.
 * Errors:   are what it tells.
 */
#ifndef EDGE_CORE_HEALTH_H
#define EDGE_CORE_HEALTH_H

#include "edge_clock.h"

typedef enum edge_health { EDGE_HEALTH_OK, EDGE_HEALTH_WARN, EDGE_HEALTH_FAIL } edge_health_t;

typedef enum edge_health_name {
    EDGE_HEALTH_LISTENERS,
    EDGE_HEALTH_SPOOL,
    EDGE_HEALTH_DISK,
    EDGE_HEALTH_CERTIFICATES,
    EDGE_HEALTH_WORKERS,
    EDGE_HEALTH_CONFIGURATION,
    EDGE_HEALTH_CLOCK,
    EDGE_HEALTH_DNS,
    EDGE_HEALTH_COUNT
} edge_health_name_t;

typedef struct edge_health_check {
    const char *name;
    edge_health_t status;
    apr_time_t since;
    char detail[200];
} edge_health_check_t;

/* "ok", "warn", "fail". */
const char *edge_health_word(edge_health_t status);
void edge_health_look(edge_health_check_t checks[EDGE_HEALTH_COUNT]);
/* Whether connections may be sent here; else `why`, in at most `size` octets. */
bool edge_health_ready(char *why, unsigned size);

#endif
