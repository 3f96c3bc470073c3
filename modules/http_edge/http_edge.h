/*
 * The HTTP edge: mail in by one POST.
 *
 * Concept:  a protocol for the core's sessions. A request goes through stages: its head
 *           is awaited, read into an envelope (proto/http_submit.h), put to the same
 *           policy as SMTP's commands, its content streams into the queue's body, and
 *           the queue's answer becomes the response. One request at a time is eaten;
 *           what is pipelined behind it waits uneaten.
 * Owner:    a session belongs to its worker; settings to the snapshot; a request to its
 *           session, from the head's end to the answer, in a pool of its own.
 * Threads:  the worker's own.
 * Lifetime: settings as long as the snapshot that the session holds. An idle
 *           connection holds no memory but its session.
 * Errors:   the peer's are answers; what fails in here is 503 and closes.
 */
#ifndef EDGE_HTTP_EDGE_H
#define EDGE_HTTP_EDGE_H

#include "edge_module.h"
#include "edge_pace.h"
#include "edge_session.h"
#include "edge_tokens.h"
#include "proto/http1.h"
#include "proto/http1_chunks.h"
#include "proto/http_submit.h"
#include "proto/smtp_dot.h"

/* Words of HttpAuth; none of them: off. */
typedef enum http_auth {
    HTTP_AUTH_BASIC = 1,
    HTTP_AUTH_BEARER = 2,
    HTTP_AUTH_REQUIRED = 4,
    HTTP_AUTH_INSECURE = 8 /* tokens without TLS, also from elsewhere than this host */
} http_auth_t;

/* As written; one struct for server and listener. */
typedef struct http_conf {
    edge_span_t path; /* without a slash at its end */
    edge_http_names_t names;
    bool partial;
    int newlines;  /* index of its words: normalize, reject */
    uint32_t auth; /* http_auth_t */
} http_conf_t;

/* As used: made once per listener and snapshot. */
typedef struct http_settings {
    const http_conf_t *conf;
    const edge_limits_t *limits;
    uint32_t carries;                                 /* EDGE_CARRIES_*: of the listener's queue */
    bool basic, bearer;                               /* credentials that are taken */
    bool required;                                    /* without any, nothing is */
    edge_span_t basic_challenge, bearer_challenge;    /* absent: not asked for */
    edge_span_t token_is_wrong, token_is_for_another; /* the same, with what is wrong (RFC 6750 3.1) */
} http_settings_t;

typedef enum http_stage {
    HTTP_SHAKES_HANDS, /* nothing can be said */
    HTTP_REFUSED,      /* by a limit, which is said when it can be */
    HTTP_AWAITS_HEAD,
    /* A question is put, or its answer awaited. */
    HTTP_ASKS_CREDENTIALS,
    HTTP_ASKS_IDENTITY,
    HTTP_ASKS_EHLO,
    HTTP_ASKS_MAIL,
    HTTP_ASKS_RCPT,
    HTTP_ASKS_DATA,
    HTTP_READS_BODY,
    HTTP_ASKS_HAVE_DATA,
    HTTP_STORES,
    HTTP_SWALLOWS, /* the rest of a request that is answered */
    HTTP_CLOSES
} http_stage_t;

typedef struct http_request {
    apr_pool_t *pool;
    edge_mono_t began;      /* its head was whole */
    edge_http1_head_t head; /* over a copy in the pool */
    edge_http_submit_t submit;
    edge_span_t identity;  /* until AUTH's verdict */
    edge_reply_t *results; /* by recipient; their texts are in the pool. Code 0: not asked */
    unsigned cursor;       /* the recipient that is asked about */
    int first_refused;     /* index; -1 */
    edge_recipient_t candidate;
    edge_smtp_dot_t lines; /* line ends of the content */
    uint64_t octets;       /* of the content so far, as sent */
    bool eight_bit;
    bool json;
    bool with_token;         /* what credentials it has are a token */
    char id[EDGE_UUID_TEXT]; /* of the message */
} http_request_t;

typedef struct http_session {
    edge_session_t session; /* first: the core sees this part only */
    edge_pace_t pace;
    http_request_t *request; /* from the head's end to the answer */
    uint64_t left;           /* of a content with a length, or of what a chunked one may still bring when swallowed */
    size_t open;             /* octets at the input's front that are content, framing done */
    edge_http1_chunks_t chunks;
    edge_reply_t refused; /* HTTP_REFUSED */
    edge_close_reason_t refused_reason;
    uint32_t searched;   /* of the awaited head: no end before this octet */
    uint8_t stage;       /* http_stage_t */
    uint8_t stop_reason; /* edge_close_reason_t, with `stops` */
    bool chunked;
    bool waiting;   /* for a check, the queue, or credentials */
    bool running;   /* inside the loop: verdicts are only noted */
    bool paused;    /* the connection shows no input */
    bool body_full; /* the queue takes no bytes now */
    bool stops;     /* the answer that is under way is the last */
    bool has_digest;
    uint8_t digest[32]; /* of the Authorization that `authed` came of */
} http_session_t;

extern const edge_protocol_t http_protocol;
extern const edge_directive_t http_directives[];
extern edge_log_area_t http_log;
extern edge_module_t http_edge_module;
extern const char *const http_verb_names[]; /* methods, in the session's line of the log; ends with NULL */

/* http_directives.c */
extern const char *const http_newline_words[];
/* http_settings.c */
void *http_settings_prepare(edge_conf_check_t *check, const edge_section_t *listener, uint32_t carries,
                            apr_pool_t *pool);

/* http_session.c: goes on after an event that came from elsewhere than the input. */
void http_session_run(http_session_t *s);

/* http_request.c: eats a head when it is whole. */
size_t http_request_head(http_session_t *s, edge_span_t bytes);
void http_request_free(http_session_t *s);

/* http_policy.c: puts the question of the stage, and takes its answer. */
void http_policy_ask(http_session_t *s);
void http_policy_verdict(http_session_t *s, edge_reply_t reply);
void http_policy_stored(http_session_t *s, edge_reply_t reply);

/* http_credentials.c */
void http_credentials_ask(http_session_t *s);
void http_credentials_answered(edge_session_t *session, const edge_auth_answer_t *answer);
void http_credentials_settle(http_session_t *s, const edge_reply_t *reply);

/* http_body.c: eats content. */
void http_body_begin(http_session_t *s);
size_t http_body_input(http_session_t *s, edge_span_t bytes);
size_t http_body_swallow(http_session_t *s, edge_span_t bytes);

/* http_answer.c: each ends the request, and settles what comes behind it on the connection. `command` is what is refused, for
 * the log: "MAIL", "RCPT" ... */
void http_answer_reply(http_session_t *s, const edge_reply_t *reply, const char *command);
/* With a status of its own, instead of the reply's. */
void http_answer_with_status(http_session_t *s, unsigned status, const edge_reply_t *reply, const char *command);
void http_answer_row(http_session_t *s, edge_http_answer_row_t row);
/* A request that cannot be read; `head` is the request's own, or there is no request yet. Closes. */
void http_answer_bad(http_session_t *s, const edge_http1_head_t *head);
/* The last of the connection, whatever the request's state: a check may hold on to it, so it is let go with the session. `reply`
 * may be NULL. */
void http_answer_last(http_session_t *s, unsigned status, const edge_reply_t *reply, edge_close_reason_t reason);

/* http_json.c: the document of an answer, in the request's pool. */
edge_span_t http_json_answer(const http_request_t *request, unsigned status, edge_span_t reason,
                             const edge_reply_t *reply);

/* http_deadline.c: what the clock says */
void http_deadline_start(http_session_t *s);
void http_deadline_input(http_session_t *s, size_t octets, bool head_eaten);
void http_deadline_set(http_session_t *s);
bool http_deadline_over(http_session_t *s, edge_close_reason_t *reason);

static inline const http_settings_t *http_settings_of(const http_session_t *s) { return s->session.listener->settings; }
static inline edge_mono_t http_now(const http_session_t *s) {
    return edge_worker_clock(edge_conn_worker(s->session.conn)).mono;
}

#endif
