/*
 * What no client should do (rows: tbl/violations.def).
 *
 * Concept:  an offence against the protocol, whatever is answered to it; each is
 *           counted by listener and kind.
 * Owner, Threads, Lifetime: static.
 * Errors:   none.
 */
#ifndef EDGE_VIOLATION_H
#define EDGE_VIOLATION_H

#include "edge_base.h"

typedef enum edge_violation {
#define EDGE_VIOLATION(name, kind, prose) EDGE_VIOLATION_##name,
#include "tbl/violations.def"
#undef EDGE_VIOLATION
    EDGE_VIOLATION_COUNT
} edge_violation_t;

#endif
