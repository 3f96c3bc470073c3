/*
 * The parameters of MAIL and RCPT: which there are, and what their values may be.
 *
 * Concept:  rows (tbl/smtp_parameters.def), each with the extensions that bring it
 *           and a function that judges its value.
 * Owner:    rows are static.
 * Threads:  any.
 * Lifetime: static.
 * Errors:   a reply row.
 */
#ifndef EDGE_PROTO_SMTP_PARAMETER_H
#define EDGE_PROTO_SMTP_PARAMETER_H

#include "proto/smtp_command.h"

/* `value` is absent without "=". Notes what it learned in `out`. */
typedef edge_reply_row_t edge_smtp_parameter_check_fn(edge_span_t value, uint32_t announced,
                                                      edge_smtp_envelope_command_t *out);

typedef struct edge_smtp_parameter_row {
    edge_span_t name; /* upper case */
    edge_smtp_verb_t verb;
    uint32_t extensions; /* EDGE_X_BIT; any of them */
    edge_smtp_parameter_check_fn *check;
    const char *prose;
} edge_smtp_parameter_row_t;

/* NULL: this verb has no such parameter. */
const edge_smtp_parameter_row_t *edge_smtp_parameter_find(edge_smtp_verb_t verb, edge_span_t name);
/* esmtp-keyword and esmtp-value of RFC 5321 4.1.2, the value with UTF-8 (RFC 6531 3.3). */
bool edge_smtp_parameter_is_word(edge_span_t name, edge_span_t value);

#endif
