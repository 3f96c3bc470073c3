/*
 * A reply as data: code, enhanced code, text.
 *
 * Concept:  what is answered to a command travels as a value and becomes bytes in
 *           one place only (server/proto/smtp_reply.c), where control bytes are
 *           taken out; so nobody can inject a line break. Default texts are rows
 *           of tbl/reply_texts.def; a row's text may hold %s (the argument) and
 *           %n (the number), filled in when written.
 * Owner:    the value owns nothing; text and argument belong to whoever set them
 *           and must live until the reply is written.
 * Threads:  plain values.
 * Lifetime: one command.
 * Errors:   none.
 */
#ifndef EDGE_REPLY_H
#define EDGE_REPLY_H

#include "edge_base.h"

typedef enum edge_reply_row {
#define EDGE_REPLY(name, code, subject, detail, text, prose) EDGE_R_##name,
#include "tbl/reply_texts.def"
#undef EDGE_REPLY
    EDGE_R_COUNT
} edge_reply_row_t;

#define EDGE_NO_ENHANCED UINT16_MAX

/* Who has decided on a reply. */
typedef enum edge_reply_source {
    EDGE_REPLY_FROM_CORE,  /* syntax and order of commands, credentials */
    EDGE_REPLY_FROM_LIMIT, /* a number that was exceeded: sizes, counts, times */
    EDGE_REPLY_FROM_VALIDATOR,
    EDGE_REPLY_FROM_QUEUE
} edge_reply_source_t;

typedef struct edge_reply {
    uint16_t code;            /* 200..599 */
    uint16_t subject, detail; /* enhanced code (RFC 3463) behind the class, which always follows the code;
                                  EDGE_NO_ENHANCED as subject: none is sent (banner, EHLO, 354) */
    bool literal : 1;         /* text is shown as it is: %s and %n are not filled in */
    bool utf8 : 1;            /* valid UTF-8 may go out (RFC 6531 3.7.4); else octets over 127 become '?' */
    uint8_t source;           /* edge_reply_source_t: who decided it */
    edge_span_t text;         /* lines are separated by LF */
    edge_span_t argument;     /* %s */
    uint64_t number;          /* %n */
} edge_reply_t;

EDGE_API edge_reply_t edge_reply_of(edge_reply_row_t row);
EDGE_API edge_reply_t edge_reply_about(edge_reply_row_t row, edge_span_t argument);
EDGE_API edge_reply_t edge_reply_with_number(edge_reply_row_t row, uint64_t number);
EDGE_API const char *edge_reply_row_prose(edge_reply_row_t row);

/* 2, 4 or 5 for 2xx, 4xx, 5xx; 3 for 354 and 334. */
static inline unsigned edge_reply_class(const edge_reply_t *reply) { return reply->code / 100; }

/* Sets code, enhanced code and text as a validator or the configuration writes them (A29-A32): an enhanced code
 * at the start of the text is lifted out; `enhanced` is "5.7.1" or absent, and wins over the lifted one; its class is
 * forced. With neither of them (or a malformed one) X.0.0 is sent, but a 2xx that had none keeps none (banner, EHLO).
 * The text becomes literal. A code outside 200..599 or 3xx gives false and leaves the reply as it was. The text is
 * not copied. */
EDGE_API bool edge_reply_set(edge_reply_t *reply, unsigned code, edge_span_t enhanced, edge_span_t text);

/* The text with %s and %n filled in, without codes, cleaned of control bytes (LF kept, valid UTF-8 kept); for logs and
 * the HTTP edge.
 * Returns the whole length; writes at most `size`. */
EDGE_API size_t edge_reply_text(const edge_reply_t *reply, char *out, size_t size);

#endif
