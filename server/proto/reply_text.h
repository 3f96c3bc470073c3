/*
 * The text of a reply, filled in and cleaned, run by run.
 *
 * Concept:  the one place where %s and %n are filled in and where bytes that must
 *           not reach a peer or a log are replaced; smtp_reply.c makes lines of it.
 * Owner:    runs point into the reply's spans or into static text.
 * Threads:  any.
 * Lifetime: a run is good during the call that hands it out.
 * Errors:   none.
 */
#ifndef EDGE_PROTO_REPLY_TEXT_H
#define EDGE_PROTO_REPLY_TEXT_H

#include "edge_reply.h"

/* A run of clean bytes; {"\n", 1} alone is a line break and no other run holds one. */
typedef void edge_reply_text_run_fn(void *to, edge_span_t run);

/* Hands out the whole text. A line break at its end is left out, CR before LF too; `utf8` keeps valid UTF-8. */
void edge_reply_text_walk(const edge_reply_t *reply, bool utf8, edge_reply_text_run_fn *run, void *to);

#endif
