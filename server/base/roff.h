/*
 * Text for the source of a manual page.
 *
 * Concept:  in roff a backslash begins a command, and so does a dot or an apostrophe at the
 *           start of a line: plain text is written so that it stays text.
 * Owner:    nothing is kept.
 * Threads:  any; the caller's stream.
 * Lifetime: of the call.
 * Errors:   those of the stream, which its owner looks at.
 */
#ifndef EDGE_BASE_ROFF_H
#define EDGE_BASE_ROFF_H

#include <stdio.h>

void edge_roff_text(FILE *out, const char *text);
/* With its line end. */
void edge_roff_line(FILE *out, const char *text);
/* Lines that are roff already, up to NULL. */
void edge_roff_source(FILE *out, const char *const *lines);

#endif
