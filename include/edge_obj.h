/*
 * Magic numbers and assertions: our own bugs stop the process at once.
 *
 * Concept:  a long-lived object starts with a magic number that is set when it
 *           is made and cleared when it dies, so that a stale pointer is caught
 *           at the next entry and not a thousand lines later.
 * Owner:    whoever made the object sets and clears the number.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   a failed assertion writes file, line and text to the error log and
 *           standard error, then aborts. Assertions are for our bugs only; the
 *           machine's trouble is an apr_status_t, the peer's a verdict.
 */
#ifndef EDGE_OBJ_H
#define EDGE_OBJ_H

#include "edge_base.h"

EDGE_API _Noreturn void edge_assert_failed(const char *file, int line, const char *function, const char *text);

#define EDGE_ASSERT(condition) \
    (EDGE_LIKELY(condition) ? (void)0 : edge_assert_failed(__FILE__, __LINE__, __func__, #condition))

#define EDGE_OBJ_INIT(object, number) ((object)->magic = (number))
#define EDGE_OBJ_CHECK(object, number) EDGE_ASSERT((object) != NULL && (object)->magic == (number))
#define EDGE_OBJ_CLEAR(object) ((object)->magic = 0xdeadU)

#endif
