/*
 * Words of a configuration line.
 *
 * Concept:  a logical line is what a newline ends, unless a backslash stands before
 *           it. Words are parted by blanks; "..." keeps blanks, \" and \\ stand for
 *           themselves inside; # begins a comment at the start of a line or behind
 *           a blank, outside quotes.
 * Owner:    the pool.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   an open quote is reported; the line's words so far are kept.
 */
#ifndef EDGE_PROTO_CONF_WORDS_H
#define EDGE_PROTO_CONF_WORDS_H

#include "proto/conf_parse.h"

#define EDGE_CONF_WORDS_MOST 256

typedef struct edge_conf_cursor {
    const edge_conf_file_t *file;
    size_t at;
    unsigned line, column;
} edge_conf_cursor_t;

/* Reads the next logical line that has words; false at the end of the file. Variables are not filled in yet. */
bool edge_conf_words_next(edge_conf_cursor_t *cursor, edge_conf_argument_t *words, unsigned *count,
                          edge_conf_report_t *report, apr_pool_t *pool);

#endif
