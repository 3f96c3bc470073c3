/*
 * A session: what is known of one client connection, whatever its protocol.
 *
 * Concept:  three objects with three lifetimes: the connection (socket), the
 *           session (hello, TLS, identity) and the transaction (one message). A
 *           protocol embeds edge_session_t as the first member of its own struct
 *           and drives a dialogue; policy, limits, logs and the queue work on this
 *           part alone, so the SMTP and the HTTP edge share them.
 * Owner:    its worker, from accept until the connection's reap.
 * Threads:  the worker's own.
 * Lifetime: listener, rules and validators come from the snapshot the session
 *           holds. The transaction's pool is made at MAIL and goes with it.
 * Errors:   none of its own.
 */
#ifndef EDGE_SESSION_H
#define EDGE_SESSION_H

#include "edge_auth.h"
#include "edge_check.h"
#include "edge_conf.h"
#include "edge_conn.h"
#include "edge_limits.h"
#include "edge_message.h"
#include "edge_queue.h"
#include "edge_tls.h"
#include "edge_violation.h"

typedef struct edge_listener edge_listener_t;
typedef struct edge_transaction edge_transaction_t;

/* What a session is in the middle of, for whoever looks at it. */
typedef enum edge_session_state {
#define EDGE_STATE(name, text, prose) EDGE_STATE_##name,
#include "tbl/session_states.def"
#undef EDGE_STATE
    EDGE_STATE_COUNT
} edge_session_state_t;

/* When a session that is to end does so. */
typedef enum edge_stop {
    EDGE_STOP_SOON,     /* what has begun is finished first: a transaction, a request */
    EDGE_STOP_ANSWERED, /* behind the answer that is under way; at once when it is the client's turn */
    EDGE_STOP_NOW       /* only the queue's answer is waited for: it must be true */
} edge_stop_t;

#define EDGE_SESSION_VERBS 14

/* What a protocol module gives: provider kind "protocol". */
typedef struct edge_protocol {
    const char *name;
    const char *const *verbs;           /* names, at most EDGE_SESSION_VERBS; ends with NULL */
    size_t session_size;                /* of the struct that begins with edge_session_t */
    const edge_conn_handler_t *handler; /* its owner is the session */
    bool takes_no_mail; /* its listeners have no queue, and its sessions no line in the log of mail, no place among
                         * MaxConnections and none in figures and lists: who looks after the server gets in when it is full */
    /* Before `opened`: session facts are set. `refused` is NULL, or the reply of the limit that was hit:
     * then the protocol says it in its own way and closes with `reason`. */
    void (*open)(edge_session_t *session, const edge_reply_t *refused, edge_close_reason_t reason);
    /* The policy list of the last edge_session_ask is through. */
    void (*verdict)(edge_session_t *session, edge_reply_t reply);
    /* The queue's answer to edge_session_submit, as a reply. */
    void (*stored)(edge_session_t *session, edge_reply_t reply);
    /* The answer to a step of AUTH (edge_session_auth_*): at once, inside that call, or later. */
    void (*authenticated)(edge_session_t *session, const edge_auth_answer_t *answer);
    /* The queue takes bytes again. */
    void (*body_room)(edge_session_t *session);
    /* The session is to end, with `row` as its last reply where one can be said. */
    void (*stop)(edge_session_t *session, edge_stop_t when, edge_reply_row_t row, edge_close_reason_t reason);
    /* The state, and since when nothing has come from the client and nothing gone to it. */
    edge_session_state_t (*look)(const edge_session_t *session, edge_mono_t *idle_since);
    /* While loading: the settings of a listener, made once (rules, texts); NULL and an error reported when they are wrong.
     * `carries` is what the listener's queue carries. */
    void *(*prepare)(edge_conf_check_t *check, const edge_section_t *listener, uint32_t carries, apr_pool_t *pool);
} edge_protocol_t;

/* A listener as it runs: fixed parts of a <Listener> section. */
struct edge_listener {
    edge_span_t name;
    const edge_section_t *section;
    const edge_protocol_t *protocol;
    void *settings; /* what `prepare` gave */
    edge_queue_t *queue;
    const edge_tls_listener_t *tls;   /* NULL: no TLS here */
    const edge_auth_listener_t *auth; /* NULL: no AUTH here */
    bool identified; /* the protocol takes nothing from strangers, by its own means; set by its `prepare` */
    edge_span_t server_name;
    struct edge_policy *policy;              /* lists by phase (core/policy.h) */
    edge_mono_t session_most;                /* Timeout session=; 0 = none */
    struct edge_listener_counters *counters; /* core/listener_counters.h; NULL: nothing is counted */
};

/* TLS handshakes of a listener so far, by what came of them. */
typedef struct edge_handshakes {
    const char *version; /* "TLSv1.3", "other"; NULL: they have failed */
    int64_t count;
} edge_handshakes_t;
/* The index-th of a fixed list, at 0 from the start; false behind the last, and for a listener without TLS. Any thread. */
EDGE_API bool edge_listener_handshakes(const edge_listener_t *listener, unsigned index, edge_handshakes_t *handshakes);

/* What a module keeps for a session until it closes; embedded in something of the module's. */
typedef struct edge_session_kept edge_session_kept_t;
struct edge_session_kept {
    edge_session_kept_t *next;
    const void *whose; /* an address of the module's own, to find it by */
    /* The session closes, with its facts still as they were; it is kept no more. */
    void (*release)(edge_session_kept_t *kept);
};

struct edge_session {
    uint32_t magic;
    char id[EDGE_SESSION_ID_TEXT];
    bool greeted_esmtp; /* EHLO, not HELO */
    bool tls;
    bool counted;   /* it holds a place in the limit table */
    bool used_utf8; /* this transaction uses SMTPUTF8 */
    bool watched;   /* somebody may wait for its lines (core/session_watch.c) */
    edge_conn_t *conn;
    edge_snapshot_t *snapshot;
    const edge_listener_t *listener;
    edge_ipaddr_t from_ip, to_ip;
    uint16_t from_port, to_port;
    edge_clock_t opened;
    char *ehlo_as;     /* NUL-terminated; NULL before a hello was accepted */
    char *client_name; /* verified, once somebody has looked (edge_client_name.h); NULL */
    char *authed;      /* identity; NULL */
    char auth_mechanism[EDGE_AUTH_MECHANISM_MOST + 1]; /* of `authed`, or of the exchange; "" */
    edge_tls_facts_t secured;                          /* what the handshake came to; zero without `tls` */
    struct edge_authenticating *authenticating;        /* the open exchange (core/auth.c); NULL */
    edge_transaction_t *transaction;                   /* NULL outside MAIL .. end */
    struct edge_asking *asking;                        /* the open policy question (core/policy.c); NULL */
    struct edge_asking *answered; /* what the text of its reply stands in, until edge_session_replied */
    edge_session_kept_t *kept;    /* what modules keep */
    unsigned transactions;        /* so far; for the id SESSION.N */
    unsigned changes;       /* of hello, identity and what TLS said: views of them are stale when it has gone on */
    unsigned refusals;      /* of validators so far; for references */
    const char *refused_by; /* the validator whose refusal was enforced last; NULL */
    struct {
        uint32_t commands, refused; /* replies to commands; 4xx and 5xx among them */
        uint32_t messages;          /* accepted */
        uint32_t messages_refused;  /* 4xx and 5xx behind a message */
        uint32_t recipients, recipients_refused;
        uint32_t dns; /* questions that went to a name server (edge_dns.h) */
        struct {
            uint16_t ok, total;
        } by_verb[EDGE_SESSION_VERBS]; /* in the protocol's order of verbs */
    } counts;
    edge_mono_t handshake_since; /* 0: none is going on */
    struct {
        edge_mono_t validators, queue, credentials; /* the rest was the client's */
        edge_mono_t told;                           /* of them: with replies to commands */
    } waited;
    struct edge_trail *trail;     /* the last lines (core/trail.c); NULL before the first */
    struct edge_verdicts *judged; /* the last answers of validators (core/verdicts.c); NULL before the first */
    struct {
        edge_session_t *next, *previous; /* all sessions of the worker, the newest first */
    } all;
};

/* One recipient that was refused, for the log. */
typedef struct edge_refused_recipient {
    edge_span_t address;
    uint16_t code, subject, detail;
    struct edge_refused_recipient *next;
} edge_refused_recipient_t;

struct edge_transaction {
    apr_pool_t *pool;
    edge_submission_t submission;
    edge_session_t *session; /* NULL once the session has gone while the queue works */
    const edge_listener_t *listener;
    edge_snapshot_t *snapshot; /* held once the session has gone */
    edge_envelope_t *envelope;
    edge_body_t *body;                                         /* from open to abandon or submit */
    edge_clock_t started;                                      /* MAIL */
    edge_mono_t data_started, data_ended, submitted, answered; /* 0 = not reached */
    edge_mono_t full_since;                                    /* the queue takes no bytes; 0 = it does */
    edge_refused_recipient_t *refused;
    unsigned refused_count;
    unsigned number;
    struct edge_header_scan *scan; /* of the body, from its opening on */
    struct {
        char *at; /* NULL: no check wants them */
        size_t len, room;
    } headers; /* what has come of the header block */
};

/* "SMTP", "ESMTP", "ESMTPSA", "UTF8SMTP" ...: A43 with A86-A87 corrected; RFC 3848, RFC 6531. */
EDGE_API const char *edge_session_protocol(const edge_session_t *session);
/* A span of NULL clears. False: no memory. */
EDGE_API bool edge_session_set_ehlo(edge_session_t *session, edge_span_t name, bool esmtp);
/* The name that the client's address was found to have, for whoever looks at the session. */
EDGE_API void edge_session_set_client_name(edge_session_t *session, edge_span_t verified);
/* Facts as spans (good as long as the session stands as it is); texts are made in `pool`. */
EDGE_API void edge_session_facts(const edge_session_t *session, apr_pool_t *pool, edge_client_facts_t *facts);

/* Puts the listener's TLS on the connection: the handshake begins when what was written has gone. */
EDGE_API void edge_session_shake_hands(edge_session_t *session);
/* The handshake is done: what it came to is taken over, and what was said in clear text is forgotten: the hello and the
 * identity (RFC 3207 4.2). */
EDGE_API void edge_session_secured(edge_session_t *session);

/* Mechanisms offered as the session stands now, separated by blanks; empty: AUTH is not offered. */
EDGE_API edge_span_t edge_session_mechanisms(const edge_session_t *session);
/* AUTH: begins an exchange; `authenticated` of the protocol brings the answer. The initial response is absent when there
 * is none, "=" when it is empty. A mechanism that is not offered is answered FAILED with 504 5.5.4. */
EDGE_API void edge_session_auth(edge_session_t *session, edge_span_t mechanism, edge_span_t initial);
/* Credentials that the protocol has looked at itself, of a mechanism that is none of SASL's: `answer` is DONE or FAILED. Bans,
 * counts, delays and the log are those of an exchange, and so is the answer, which may come later. */
EDGE_API void edge_session_auth_told(edge_session_t *session, edge_span_t mechanism, const edge_auth_answer_t *answer);
/* The client's line behind a CHALLENGE. */
EDGE_API void edge_session_auth_respond(edge_session_t *session, edge_span_t response);
/* The client has given up, or has gone. No answer follows. */
EDGE_API void edge_session_auth_cancel(edge_session_t *session);
/* Too many failures have shut this name to the client's address, or the address is banned by now: a mechanism in which
 * the server proves something to the client asks before it does, and fails as if the credentials were wrong. The others
 * need not: their DONE becomes a failure. */
EDGE_API bool edge_session_auth_shut(const edge_session_t *session, edge_span_t tried);
/* The success has been said: the session is this identity's from now on. A span of NULL: nobody's. False: no memory. */
EDGE_API bool edge_session_set_authed(edge_session_t *session, edge_span_t identity);

/* `kept` holds `whose` and `release`. One that is looked for is found in as many steps as modules keep something. */
EDGE_API void edge_session_kept_add(edge_session_t *session, edge_session_kept_t *kept);
/* NULL: nothing is kept under that address. */
EDGE_API edge_session_kept_t *edge_session_kept_find(const edge_session_t *session, const void *whose);
/* Without release. */
EDGE_API void edge_session_kept_remove(edge_session_t *session, edge_session_kept_t *kept);

/* Puts a phase to the listener's list; `verdict` of the protocol is called with the outcome: at once, before this returns,
 * when no check waits (true), else later (false). `argument` and `parameters` must live until then. */
EDGE_API bool edge_session_ask(edge_session_t *session, edge_phase_t phase, edge_span_t argument,
                               const edge_parameters_t *parameters, edge_reply_t reply);
/* The reply of the last verdict has been written and logged: what its text stood in may go. */
EDGE_API void edge_session_replied(edge_session_t *session);

/* MAIL accepted: makes the transaction; address and parameters are copied. */
EDGE_API edge_transaction_t *edge_transaction_begin(edge_session_t *session);
/* Policy rewrites the open transaction's envelope, until it is submitted; what is given is copied. The sender is empty
 * (the null reverse-path) or a mailbox, a recipient a mailbox (RFC 5321 4.1.2; with octets over 127 only where the client
 * said SMTPUTF8): else false, and nothing has changed. What was said to an address with parameters stays with it. */
EDGE_API bool edge_transaction_rewrite_sender(edge_session_t *session, edge_span_t sender);
/* All of them; one at least as soon as there is one. */
EDGE_API bool edge_transaction_rewrite_recipients(edge_session_t *session, const edge_span_t *addresses,
                                                  unsigned count);
/* The one at `index`, or, where `index` is their count, one more. */
EDGE_API bool edge_transaction_rewrite_recipient(edge_session_t *session, unsigned index, edge_span_t address);
/* Those behind the first `count` go; at least one stays. */
EDGE_API bool edge_transaction_rewrite_fewer(edge_session_t *session, unsigned count);
/* Ends it without a message; the body is abandoned. The outcome goes to the transaction log with the last reply. */
EDGE_API void edge_transaction_end(edge_session_t *session, const edge_reply_t *reply, edge_span_t command);
/* Opens the queue's body; NULL is never returned, a body that cannot be kept fails when submitted. */
EDGE_API edge_body_t *edge_transaction_open_body(edge_session_t *session);
/* Bytes of the message, in any cut: scanned for its header block, which is kept when checks of HAVE_DATA want it. */
EDGE_API edge_body_flow_t edge_transaction_write(edge_session_t *session, edge_span_t bytes);
/* The message is refused before its end: its body goes, the transaction stays. */
EDGE_API void edge_transaction_drop_body(edge_session_t *session);
/* RCPT accepted: `recipient` is copied as it is, its spans live in the transaction's pool. */
EDGE_API void edge_transaction_accept(edge_session_t *session, const edge_recipient_t *recipient);
/* RCPT refused; `address` lives in the transaction's pool. */
EDGE_API void edge_transaction_refuse(edge_session_t *session, edge_span_t address, const edge_reply_t *reply);
/* Before MAIL is asked: whether the queue could take so many octets at all; else what to say. */
EDGE_API bool edge_transaction_has_room(const edge_session_t *session, uint64_t size, edge_reply_t *refusal);
/* The body is complete: dates the envelope and freezes the client's facts in it. Before HAVE_DATA is asked. */
EDGE_API void edge_transaction_complete(edge_session_t *session);
/* Submits body and envelope with `prelude` (headers, in the transaction's pool) in front; `stored` follows exactly once unless the session goes first: the message is then kept
 * and logged all the same. The session has no transaction any more when `stored` is called. */
EDGE_API void edge_transaction_submit(edge_session_t *session, edge_span_t prelude);

/* After edge_transaction_complete: MaxHops Received fields are in the message. */
EDGE_API bool edge_transaction_loops(const edge_session_t *session);
/* HAVE_DATA accepted: edge_transaction_submit with Received and what AddMissingHeaders says; `usual` is what its auto means
 * for the protocol. */
EDGE_API void edge_transaction_commit(edge_session_t *session, edge_add_missing_t usual);

/* Lines for the operator who looks at the session; only the newest are kept. `withheld`: more was said that nobody may see.
 * Of what is said to the client the first line is kept. */
EDGE_API void edge_session_heard(edge_session_t *session, edge_span_t line, bool withheld);
EDGE_API void edge_session_said(edge_session_t *session, edge_span_t text);

/* A reply that goes to the client: counted, and remembered for the log. `verb` is the protocol's index. */
EDGE_API void edge_session_count_reply(edge_session_t *session, unsigned verb, const edge_reply_t *reply);
/* What no client should do, once for each time it did: counted. */
EDGE_API void edge_session_violated(edge_session_t *session, edge_violation_t violation);
/* HTTP: a request was answered; `began` is when its head was whole, 0 when it never was. */
EDGE_API void edge_session_count_request(edge_session_t *session, unsigned status, edge_mono_t began);
/* One line in the transaction log at the end, limits given back; called from the protocol's `closed`. */
EDGE_API void edge_session_close(edge_session_t *session, edge_close_reason_t reason);

#endif
