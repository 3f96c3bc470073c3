/*
 * A line of a password file.
 *
 *     # comment, or an empty line
 *     USER:CREDENTIAL[:IDENTITY]
 *
 *     ann:$y$j9T$...                                                    a hash of crypt(3)
 *     ann:{SCRAM-SHA-256}100000$SALT:STOREDKEY:SERVERKEY:ann@example.org
 *     bob:{PLAIN}secret                                                 "\:" and "\\" in the secret stand for : and \
 *
 * Concept:  one line is one credential; a user may have several lines, one of a
 *           kind. IDENTITY is what a session is called afterwards; USER when it is
 *           not written. The form of the SCRAM verifier is the one of RFC 5803.
 * Owner:    spans into the line.
 * Threads:  any.
 * Lifetime: of the line.
 * Errors:   a text that says what is wrong, static.
 */
#ifndef EDGE_PROTO_PASSWORD_FILE_H
#define EDGE_PROTO_PASSWORD_FILE_H

#include "edge_password.h"

/* Longest line that is taken, without its line end. */
#define EDGE_PASSWORD_FILE_LINE_MOST 4096

typedef struct edge_password_line {
    edge_span_t user;       /* absent: a comment or an empty line */
    edge_span_t credential; /* as written */
    edge_span_t identity;   /* absent when it is not written */
    edge_password_kind_t kind;
    edge_span_t secret; /* PLAIN: as written, see edge_password_file_unescape */
    edge_scram_t scram; /* SCRAM */
} edge_password_line_t;

/* `text` without its line feed; a CR at its end is left out. NULL: well-formed. */
EDGE_API const char *edge_password_file_line(edge_span_t text, edge_password_line_t *line);
/* The secret as it counts; `out` holds secret.len octets. Returns the length. */
EDGE_API size_t edge_password_file_unescape(edge_span_t secret, char *out);
/* The other way; returns the length. `out` holds 2 * secret.len octets. */
EDGE_API size_t edge_password_file_escape(edge_span_t secret, char *out);
/* NULL: it may be a user's name or identity. */
EDGE_API const char *edge_password_file_name(edge_span_t name);
/* Longest credential edge_password_file_scram writes, with its NUL. */
#define EDGE_PASSWORD_FILE_SCRAM_SIZE 256
EDGE_API size_t edge_password_file_scram(const edge_scram_t *scram, char *out, size_t size);

#endif
