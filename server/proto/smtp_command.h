/*
 * Command lines: verbs, and what MAIL and RCPT say (RFC 5321 4.1).
 *
 * Concept:  the verbs are rows (tbl/smtp_verbs.def). A line is split into verb and
 *           argument; the arguments of MAIL and RCPT become a bare address and
 *           parameters as name and value, each checked by its own RFC (SIZE 1870,
 *           BODY 6152 and 3030, SMTPUTF8 6531, RET ENVID NOTIFY ORCPT 3461, AUTH
 *           4954, REQUIRETLS 8689). Kinder than the grammar, as Postfix is: blanks
 *           behind the colon, several blanks between words, blanks at the end.
 * Owner:    results are spans of the line; names of parameters are static.
 * Threads:  any.
 * Lifetime: that of the line.
 * Errors:   a reply row, with what it is about.
 */
#ifndef EDGE_PROTO_SMTP_COMMAND_H
#define EDGE_PROTO_SMTP_COMMAND_H

#include "proto/address.h"
#include "proto/smtp_server.h"

typedef enum edge_smtp_verb {
#define EDGE_VERB(name, text, extension, group, prose) EDGE_SMTP_VERB_##name,
#include "tbl/smtp_verbs.def"
#undef EDGE_VERB
    EDGE_SMTP_VERB_COUNT /* as a result: no verb of the table */
} edge_smtp_verb_t;

typedef enum edge_smtp_argument_rule {
    EDGE_SMTP_ARGUMENT_MUST,
    EDGE_SMTP_ARGUMENT_MAY,
    EDGE_SMTP_ARGUMENT_NONE
} edge_smtp_argument_rule_t;

/* Where a verb may stand in a pipelined group of commands. */
typedef enum edge_smtp_group {
    EDGE_SMTP_GROUP_ANY,
    EDGE_SMTP_GROUP_LAST,
    EDGE_SMTP_GROUP_OWN /* what stands behind it has rules of its own: a chunk, a handshake */
} edge_smtp_group_t;

/* "ehlo", "helo" ... as the transaction log counts them, in the order of edge_smtp_verb_t; a NULL behind the last. */
EDGE_API extern const char *const edge_smtp_verb_names[EDGE_SMTP_VERB_COUNT + 1];
/* Whatever the case of its letters; "." (end of data) counts as DATA. EDGE_SMTP_VERB_COUNT: none of the table. */
EDGE_API unsigned edge_smtp_verb_index(edge_span_t verb);
/* "EHLO", "HELO" ...: as replies name it. */
EDGE_API edge_span_t edge_smtp_verb_name(edge_smtp_verb_t verb);
/* EDGE_X_BIT without whose announcement the verb is unknown; 0: none. */
EDGE_API uint32_t edge_smtp_verb_extension(edge_smtp_verb_t verb);
EDGE_API edge_smtp_argument_rule_t edge_smtp_verb_argument(edge_smtp_verb_t verb);
EDGE_API edge_smtp_group_t edge_smtp_verb_group(edge_smtp_verb_t verb);
EDGE_API const char *edge_smtp_verb_prose(edge_smtp_verb_t verb);

typedef struct edge_smtp_command {
    edge_span_t verb;     /* as written; may be empty */
    edge_span_t argument; /* without blanks at its ends; empty when there is none */
} edge_smtp_command_t;

EDGE_API edge_smtp_command_t edge_smtp_command_split(edge_span_t line);

/* What MAIL or RCPT said. */
typedef struct edge_smtp_envelope_command {
    edge_address_t address;
    edge_parameters_t parameters; /* in the room that was given */
    uint32_t needs;               /* EDGE_CARRIES_* */
    uint64_t declared_size;       /* SIZE=; 0 when absent */
    edge_span_t about;            /* the parameter that an error row is about */
} edge_smtp_envelope_command_t;

/* EDGE_R_OK, or the row that refuses. `announced`: EDGE_X_BIT of what this session may use. `room` holds
 * EDGE_SMTP_PARAMETERS_MOST. Whether an address over 127 is allowed is not judged here, but see `address.utf8`. */
EDGE_API edge_reply_row_t edge_smtp_command_mail(edge_span_t argument, uint32_t announced, edge_parameter_t *room,
                                                 edge_smtp_envelope_command_t *out);
EDGE_API edge_reply_row_t edge_smtp_command_rcpt(edge_span_t argument, uint32_t announced, edge_parameter_t *room,
                                                 edge_smtp_envelope_command_t *out);
/* The name of a hello: any run without control bytes, 1 to 255 octets. Clients send what they like there, and a name is
 * judged by validators, not by syntax. */
EDGE_API bool edge_smtp_command_hello_name(edge_span_t argument);

#endif
