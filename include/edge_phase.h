/*
 * The phases in which policy is asked (rows: tbl/phases.def).
 *
 * Concept:  a phase is a moment of a session at which validators may answer.
 * Owner, Threads, Lifetime: static.
 * Errors:   none.
 */
#ifndef EDGE_PHASE_H
#define EDGE_PHASE_H

#include "edge_base.h"

typedef enum edge_phase {
#define EDGE_PHASE(name, success, prose) EDGE_PHASE_##name,
#include "tbl/phases.def"
#undef EDGE_PHASE
    EDGE_PHASE_COUNT
} edge_phase_t;

#endif
