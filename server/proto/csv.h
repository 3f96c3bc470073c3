/*
 * Cells of CSV (RFC 4180) that are safe to open in a spreadsheet.
 *
 * Concept:  a text is quoted whatever it holds. What a spreadsheet would take for a
 *           formula gets an apostrophe in front; what would break a line, steer a
 *           terminal or turn the direction of writing is written as \xHH or \uHHHH. So
 *           a row is a line, and what a client has said stays inert.
 * Owner:    the caller's buffer.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none; bytes that are no UTF-8 become U+FFFD.
 */
#ifndef EDGE_PROTO_CSV_H
#define EDGE_PROTO_CSV_H

#include "edge_base.h"

/* Octets that a text of `len` may become. */
#define EDGE_CSV_ROOM(len) ((len)*6 + 4)

/* Returns how many were written; no NUL behind them. */
EDGE_API size_t edge_csv_text(edge_span_t text, char *out);

#endif
