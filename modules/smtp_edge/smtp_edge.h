/*
 * The SMTP edge: mail in by RFC 5321.
 *
 * Concept:  a protocol for the core's sessions. All dialogue is in the pure machine
 *           (proto/smtp_server.h); here its actions meet the connection, the
 *           policy runner and the queue, and the clock meets its time limits.
 * Owner:    a session belongs to its worker; settings to the snapshot.
 * Threads:  the worker's own.
 * Lifetime: settings as long as the snapshot that the session holds.
 * Errors:   what fails in here ends the session with 421 4.3.0.
 */
#ifndef EDGE_SMTP_EDGE_H
#define EDGE_SMTP_EDGE_H

#include "edge_module.h"
#include "edge_pace.h"
#include "edge_session.h"
#include "proto/smtp_server.h"

/* As written; one struct for server and listener. */
typedef struct smtp_conf {
    struct smtp_banner {
        uint32_t code;
        edge_span_t text; /* absent: the default row */
    } banner;
    uint32_t max_errors;
    uint32_t extensions;
    int newlines; /* edge_newline_rule_t */
} smtp_conf_t;

/* As used: made once per listener and snapshot. */
typedef struct smtp_settings {
    edge_smtp_rules_t rules;
    edge_reply_t banner;
    const edge_limits_t *limits;
} smtp_settings_t;

typedef struct smtp_session {
    edge_session_t session; /* first: the core sees this part only */
    edge_smtp_server_t machine;
    edge_close_reason_t refuse_reason;
    edge_phase_t asked;     /* the open ASK */
    edge_span_t asked_verb; /* in `verb_text` */
    char verb_text[12];
    bool running;                /* inside the action loop: verdicts are only noted */
    bool paused;                 /* the connection shows no input: an answer or room is awaited */
    bool body_full;              /* the queue takes no bytes now */
    bool asking_early;           /* the STARTTLS phase of immediate TLS is open; the machine waits */
    bool handshaking;            /* TLS: nothing can be said, and its own time limit holds */
    bool reset_pending;          /* the transaction ends with the next reply */
    char *hello;                 /* EHLO's name until its verdict */
    char *auth_text;             /* what AUTH's answer stands in until it is said */
    edge_span_t auth_identity;   /* in it, until AUTH's verdict */
    edge_recipient_t *candidate; /* RCPT until its verdict; in the transaction's pool */
    edge_pace_t pace;
} smtp_session_t;

extern const edge_protocol_t smtp_protocol;
extern const edge_directive_t smtp_directives[];
extern edge_log_area_t smtp_log;
extern edge_module_t smtp_edge_module;

/* smtp_settings.c */
void *smtp_settings_prepare(edge_conf_check_t *check, const edge_section_t *listener, uint32_t carries,
                            apr_pool_t *pool);
/* smtp_session.c: goes on after an event that came from elsewhere than the input. */
void smtp_session_run(smtp_session_t *s);
/* smtp_secure.c: STARTTLS and AUTH */
void smtp_secure_begin(smtp_session_t *s);
void smtp_secure_opened(smtp_session_t *s);
void smtp_secure_settle_early(smtp_session_t *s);
void smtp_secure_start_tls(smtp_session_t *s);
void smtp_secure_auth(smtp_session_t *s, const edge_smtp_action_t *action);
void smtp_secure_authenticated(edge_session_t *session, const edge_auth_answer_t *answer);
void smtp_secure_ask_identity(smtp_session_t *s, const edge_smtp_action_t *action);
void smtp_secure_settle_identity(smtp_session_t *s, edge_reply_t *reply);
/* smtp_deadline.c: what the clock says */
void smtp_deadline_start(smtp_session_t *s);
void smtp_deadline_input(smtp_session_t *s, size_t octets, bool line_eaten);
void smtp_deadline_body(smtp_session_t *s);
void smtp_deadline_set(smtp_session_t *s);
/* True: a limit is over, and `reason` says which. */
bool smtp_deadline_over(smtp_session_t *s, edge_close_reason_t *reason);
/* smtp_transaction.c: the machine's questions about one message */
void smtp_transaction_ask_mail(smtp_session_t *s, const edge_smtp_action_t *action);
void smtp_transaction_ask_rcpt(smtp_session_t *s, const edge_smtp_action_t *action);
void smtp_transaction_ask_have_data(smtp_session_t *s, const edge_smtp_action_t *action);
void smtp_transaction_verdict(smtp_session_t *s, const edge_reply_t *reply);
void smtp_transaction_body(smtp_session_t *s, const edge_smtp_action_t *action);
void smtp_transaction_commit(smtp_session_t *s);

static inline const smtp_settings_t *smtp_settings_of(const smtp_session_t *s) { return s->session.listener->settings; }
static inline edge_mono_t smtp_now(const smtp_session_t *s) {
    return edge_worker_clock(edge_conn_worker(s->session.conn)).mono;
}

#endif
