/*
 * Submitting a message by HTTP: a request's head as an envelope, replies as answers.
 *
 * Concept:  what HTTP says in fields is what SMTP says in commands. The head is read
 *           into hello, reverse-path and forward-paths, encoded words and UTF-8
 *           included, or into the row of tbl/http_answers.def that refuses it; and a
 *           reply of a check or the queue becomes a status.
 * Owner:    results are in the caller's pool or point into the head.
 * Threads:  any.
 * Lifetime: that of head and pool.
 * Errors:   rows; a single bad forward-path is told in its own entry, for the others
 *           may be good.
 */
#ifndef EDGE_PROTO_HTTP_SUBMIT_H
#define EDGE_PROTO_HTTP_SUBMIT_H

#include "edge_reply.h"
#include "proto/http1.h"

typedef enum edge_http_answer_row {
#define EDGE_HTTP_ANSWER(name, status, reason, prose) EDGE_HTTP_##name,
#include "tbl/http_answers.def"
#undef EDGE_HTTP_ANSWER
    EDGE_HTTP_ANSWER_COUNT, /* nothing is wrong */
} edge_http_answer_row_t;

EDGE_API unsigned edge_http_answer_status(edge_http_answer_row_t row);
/* The reason with `name` filled in; writes at most `size` octets, returns the whole length. */
EDGE_API size_t edge_http_answer_reason(edge_http_answer_row_t row, edge_span_t name, char *out, size_t size);

/* Names of the fields that make the envelope. */
typedef struct edge_http_names {
    edge_span_t ehlo, sender, recipient;
} edge_http_names_t;

typedef struct edge_http_recipient {
    edge_span_t address;  /* the mailbox; as written when it is none */
    edge_reply_row_t row; /* EDGE_R_RECIPIENT_OK, or why it cannot be one */
    bool utf8;
} edge_http_recipient_t;

typedef struct edge_http_submit {
    edge_span_t ehlo; /* "none" when the client does not say */
    edge_span_t sender;
    bool sender_utf8;
    edge_http_recipient_t *recipients;
    unsigned recipient_count;
    edge_span_t about; /* with a row: the name of the field in question */
} edge_http_submit_t;

/* Whether the target's path is `path`, a slash at the end or not; `path` has none there. The absolute form is a path too. */
EDGE_API bool edge_http_submit_is_path(edge_span_t target, edge_span_t path);
/* EDGE_HTTP_ANSWER_COUNT when the method is POST. */
EDGE_API edge_http_answer_row_t edge_http_submit_method(edge_span_t method);
/* EDGE_HTTP_ANSWER_COUNT when `submit` is filled. */
EDGE_API edge_http_answer_row_t edge_http_submit_read(const edge_http1_head_t *head, const edge_http_names_t *names,
                                                      apr_pool_t *pool, edge_http_submit_t *submit);

/* The status that says what the reply says (A66). */
EDGE_API unsigned edge_http_submit_status(const edge_reply_t *reply);

/* Basic credentials (RFC 7617) of an Authorization field as the initial response of PLAIN (RFC 4616), in base64; absent when
 * they are none. */
EDGE_API edge_span_t edge_http_submit_plain(edge_span_t authorization, apr_pool_t *pool);
/* The token of an Authorization field with Bearer credentials (RFC 6750 2.1), whatever stands for it; absent when they are of
 * another scheme. */
EDGE_API edge_span_t edge_http_submit_token(edge_span_t authorization);

#endif
