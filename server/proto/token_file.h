/*
 * A token file: its lines, and the text with a line more or less.
 *
 *     # comment, or an empty line
 *     NAME ROLE SHA256 created=TIME [expires=TIME] [from=NETWORK] [used=DAY]
 *
 *     ops-1 admin 9f86...0a08 created=2026-11-28T22:00:00Z expires=2027-02-26T22:00:00Z from=192.0.2.0/24 used=2026-11-28
 *
 * Concept:  one line is one token; names are told apart without regard to case. What a
 *           program changes leaves all other lines as they are.
 * Owner:    a line's name is a span into the text; new texts are the pool's.
 * Threads:  any.
 * Lifetime: of text and pool.
 * Errors:   a text that says what is wrong, static.
 */
#ifndef EDGE_PROTO_TOKEN_FILE_H
#define EDGE_PROTO_TOKEN_FILE_H

#include "edge_clock.h"
#include "edge_ipaddr.h"
#include "edge_token.h"

#define EDGE_TOKEN_NAME_MOST 64
/* Longest line that is taken, without its line end. */
#define EDGE_TOKEN_FILE_LINE_MOST 1024

typedef struct edge_token_line {
    edge_span_t name; /* absent: a comment or an empty line */
    edge_token_role_t role;
    uint8_t digest[EDGE_TOKEN_DIGEST];
    apr_time_t created, expires; /* 0: not written; never */
    bool bound;                  /* to `network` */
    edge_ipaddr_t network;
    unsigned bits;
    int32_t used; /* the day it was last used, counted from 1970-01-01; -1: never */
} edge_token_line_t;

/* NULL: it may be a token's name: 1 to 64 of letters, digits and . _ @ + -, the first a letter or digit. */
EDGE_API const char *edge_token_file_name(edge_span_t name);
EDGE_API bool edge_token_file_same_name(edge_span_t a, edge_span_t b);
/* `text` without its line feed; a CR at its end is left out. NULL: well-formed. */
EDGE_API const char *edge_token_file_line(edge_span_t text, edge_token_line_t *line);
/* The line as it is written, without a line end. */
EDGE_API edge_span_t edge_token_file_format(const edge_token_line_t *line, apr_pool_t *pool);

/* Walks over the lines; it begins zero-filled. False behind the last one. `why`: what is wrong with this line. */
typedef struct edge_token_cursor {
    size_t at;
    unsigned number;  /* of the line */
    edge_span_t text; /* with its line end */
    edge_token_line_t line;
    const char *why;
} edge_token_cursor_t;
EDGE_API bool edge_token_file_next(edge_span_t file, edge_token_cursor_t *cursor);

/* The line of that name; false: there is none. */
EDGE_API bool edge_token_file_find(edge_span_t file, edge_span_t name, edge_token_line_t *line);
/* The file's text with the line at its end. */
EDGE_API edge_span_t edge_token_file_add(edge_span_t file, const edge_token_line_t *line, apr_pool_t *pool);
/* The file's text without the lines of that name. */
EDGE_API edge_span_t edge_token_file_remove(edge_span_t file, edge_span_t name, apr_pool_t *pool);
/* The file's text with later days of use, where `used` says one for a digest (-1: none); absent: nothing to change. */
typedef int32_t edge_token_used_t(const void *context, const uint8_t digest[EDGE_TOKEN_DIGEST]);
EDGE_API edge_span_t edge_token_file_use(edge_span_t file, edge_token_used_t *used, const void *context,
                                         apr_pool_t *pool);

#endif
