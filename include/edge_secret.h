/*
 * A secret that is the same in every generation of the child.
 *
 * Concept:  what a client could compare before and after a reload must not change with
 *           it. The parent draws the secret before its first fork; it is written nowhere
 *           and gone with the parent.
 * Owner:    the parent; children have it by being forked.
 * Threads:  any.
 * Lifetime: of the parent. A program without one (edged -t, tests) draws its own.
 * Errors:   none; without randomness nothing starts.
 */
#ifndef EDGE_SECRET_H
#define EDGE_SECRET_H

#include "edge_base.h"

#define EDGE_SECRET_SIZE 32

/* Makes it unless it is there; before the first fork. */
EDGE_API apr_status_t edge_secret_make(void);
/* Not to be used as it is: whoever wants a key derives one of it for a purpose. */
EDGE_API const uint8_t *edge_secret(void);

#endif
