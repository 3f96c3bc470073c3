/*
 * The server's side of an SMTP dialogue, as a pure machine (RFC 5321, 2920, 1870, 3030, 3207, 4954, 6152, 6531, 9422).
 *
 * Concept:  no I/O, no clock, no memory of its own. The driver shows input and
 *           reports events; the machine answers with one action at a time:
 *
 *               edge_smtp_server_input(&machine, bytes);       what is unread now
 *               while (edge_smtp_server_next(&machine, &action)) do what it says
 *               eaten = edge_smtp_server_eaten(&machine);      to be taken off the input
 *
 *           `next` returns false when it needs more input, or waits for an answer
 *           (edge_smtp_server_waits). While it waits it eats nothing.
 * Owner:    the driver embeds it in its session.
 * Threads:  one at a time.
 * Lifetime: rules must outlive the machine or be replaced by edge_smtp_server_use.
 *           Spans in an action point into the input that was shown (or into
 *           static text) and are good until the next call to `next`; whoever
 *           waits copies them first.
 * Errors:   invariants are assertions: one reply per command (DATA: the go-ahead,
 *           then one), no input eaten while waiting, never two questions open, a
 *           success at end of data only after `stored`, every opened body ends in
 *           exactly one commit or abandon, a bare CR or LF never ends a command or
 *           a body, nothing that came before TLS is read or remembered behind it.
 */
#ifndef EDGE_SMTP_SERVER_H
#define EDGE_SMTP_SERVER_H

#include "edge_message.h"
#include "edge_phase.h"
#include "edge_reply.h"
#include "edge_violation.h"

/* What the driver may look at; nobody else writes. */
typedef struct edge_smtp_server edge_smtp_server_t;

/* Keywords of the EHLO answer, in the order announced: EDGE_EXTENSION(NAME, keyword, prose) in smtp_extensions.def. */
typedef enum edge_smtp_extension {
#define EDGE_EXTENSION(name, keyword, prose) EDGE_X_##name,
#include "tbl/smtp_extensions.def"
#undef EDGE_EXTENSION
    EDGE_X_COUNT
} edge_smtp_extension_t;
#define EDGE_X_BIT(name) (1u << EDGE_X_##name)
#define EDGE_X_ALL ((1u << EDGE_X_COUNT) - 1)

typedef enum edge_newline_rule {
    EDGE_NEWLINE_REJECT,
    EDGE_NEWLINE_REJECT_CLOSE,
    EDGE_NEWLINE_NORMALIZE /* bare LF becomes CRLF; bare CR is refused all the same */
} edge_newline_rule_t;

/* What is refused with 530 5.7.0 before TLS. */
typedef enum edge_smtp_needs_tls {
    EDGE_SMTP_NEEDS_TLS_NOT,
    EDGE_SMTP_NEEDS_TLS_FOR_AUTH, /* AUTH */
    EDGE_SMTP_NEEDS_TLS_FOR_ALL   /* all but EHLO, HELO, STARTTLS, NOOP, QUIT (RFC 3207 4) */
} edge_smtp_needs_tls_t;

/* Who listens to what the client says: each line once, before it is answered. `withheld`: behind what is shown, or instead of
 * it, stood something that is nobody's business: credentials, what may be some, or no readable line at all. */
typedef void edge_smtp_heard_fn(edge_smtp_server_t *machine, edge_span_t shown, bool withheld);

/* Who counts what no client should do. */
typedef void edge_smtp_violated_fn(edge_smtp_server_t *machine, edge_violation_t violation);

/* Frozen settings; shared by all sessions of a listener. */
typedef struct edge_smtp_rules {
    uint32_t extensions;       /* EDGE_X_BIT: allowed by the configuration and carried by the queue */
    uint64_t max_message_size; /* octets; 0 = no limit and no SIZE keyword */
    uint32_t max_recipients;   /* accepted in one transaction; 0 = no limit */
    uint32_t max_errors;       /* replies of 4xx/5xx to commands before 421 4.7.0; 0 = no limit */
    uint32_t max_line;         /* octets of a command line with its CRLF */
    edge_newline_rule_t newlines;
    edge_smtp_needs_tls_t needs_tls;
    bool needs_auth;                 /* MAIL without AUTH before it is 530 5.7.0 (RFC 4954 6) */
    edge_span_t verbs;               /* names of commands that modules add, blank-separated, upper case; may be empty */
    edge_smtp_heard_fn *heard;       /* NULL: nobody */
    edge_smtp_violated_fn *violated; /* the same */
} edge_smtp_rules_t;

/* As many different parameters as MAIL or RCPT know; a repeated one is refused. */
#define EDGE_SMTP_PARAMETERS_MOST 8

typedef enum edge_smtp_action_kind {
    EDGE_SMTP_REPLY,     /* write `reply` (multi-line EHLO included: keywords are in `extensions`) */
    EDGE_SMTP_ASK,       /* put `phase` to policy; then edge_smtp_server_verdict */
    EDGE_SMTP_COMMAND,   /* a verb of a module (`verb`, `argument`); then edge_smtp_server_verdict */
    EDGE_SMTP_RESET,     /* the transaction, if any, is over without a message: RSET, hello, refused data */
    EDGE_SMTP_BODY_OPEN, /* a body begins */
    EDGE_SMTP_BODY_SPAN, /* `bytes` of it, dot-unstuffed */
    EDGE_SMTP_BODY_DROP, /* the body will not be kept (too long, bad newline, refused, peer gone): abandon it */
    EDGE_SMTP_COMMIT,    /* give body and envelope to the queue; then edge_smtp_server_stored */
    EDGE_SMTP_START_TLS, /* shake hands once the 220 is written; then edge_smtp_server_secured */
    EDGE_SMTP_AUTH,      /* begin an exchange of mechanism `argument`; `bytes` is the initial response, absent when the
                            client gave none; then edge_smtp_server_challenge, _identified or _not_identified */
    EDGE_SMTP_AUTH_RESPONSE, /* `bytes` is the client's line behind a challenge; then the same */
    EDGE_SMTP_AUTH_CANCEL,   /* the exchange is over: the client said so, or what it said is no response */
    EDGE_SMTP_CLOSE          /* close with `close_reason` after what was written; the last action */
} edge_smtp_action_kind_t;

typedef struct edge_smtp_action {
    edge_smtp_action_kind_t kind;
    edge_reply_t reply;   /* REPLY: to be written. ASK: the success reply, which policy may change */
    bool with_keywords;   /* REPLY to EHLO: append the keyword lines for `keywords` */
    uint32_t keywords;    /* EDGE_X_BIT */
    edge_phase_t phase;   /* ASK */
    edge_span_t verb;     /* of the command that is being answered: as the client wrote it, but the table's name in the
                            REPLY that follows a verdict (the input may be gone by then); "." at end of data; absent
                            where a reply answers no command, and in the REPLY to a module's verb */
    edge_span_t argument; /* ASK: EHLO's name; MAIL, RCPT: the bare address; VRFY, HELP, NOOP: the text */
    const edge_parameters_t *parameters; /* ASK MAIL, RCPT */
    uint32_t needs;                      /* ASK MAIL, RCPT: EDGE_CARRIES_* that BODY=, SMTPUTF8, NOTIFY= ... ask for */
    uint64_t declared_size;              /* ASK MAIL: SIZE=, 0 when absent */
    edge_span_t bytes;                   /* BODY_SPAN, AUTH, AUTH_RESPONSE */
    edge_span_t mechanisms;              /* with_keywords: for the AUTH line */
    int close_reason;                    /* CLOSE: edge_close_reason_t */
    edge_parameters_t parameter_list;    /* what `parameters` points to; not to be looked at for itself */
    edge_parameter_t parameter_room[EDGE_SMTP_PARAMETERS_MOST];
} edge_smtp_action_t;

#include "proto/smtp_server_state.h" /* the struct, so that it can be embedded; its members are private */

/* The first action is the ASK for BANNER with `banner` as its success reply. Its spans must live until asked. */
EDGE_API void edge_smtp_server_start(edge_smtp_server_t *machine, const edge_smtp_rules_t *rules, edge_reply_t banner);
/* Refuses at once: reply (421), close with `reason`; instead of start. */
EDGE_API void edge_smtp_server_refuse(edge_smtp_server_t *machine, const edge_smtp_rules_t *rules, edge_reply_t reply,
                                      int reason);
/* New rules from the next command on (a new snapshot); keywords already announced stay understood. */
/* Mechanisms of AUTH as they are offered from the next EHLO on, separated by blanks; empty: none (A48). The text must
 * live as long as the machine or the next call. */
EDGE_API void edge_smtp_server_offer(edge_smtp_server_t *machine, edge_span_t mechanisms);
/* For a connection that begins with TLS: before the first input. */
EDGE_API void edge_smtp_server_begins_with_tls(edge_smtp_server_t *machine);
EDGE_API void edge_smtp_server_use(edge_smtp_server_t *machine, const edge_smtp_rules_t *rules);

EDGE_API void edge_smtp_server_input(edge_smtp_server_t *machine, edge_span_t bytes);
EDGE_API bool edge_smtp_server_next(edge_smtp_server_t *machine, edge_smtp_action_t *action);
/* Bytes eaten since the last edge_smtp_server_input; ends that input. */
EDGE_API size_t edge_smtp_server_eaten(edge_smtp_server_t *machine);

/* Answers the open ASK or COMMAND with the reply to send; the state advances by the phase's success (tbl/phases.def).
 * 421 or 221 closes after it. Replies to EHLO and HELO go out without an enhanced code (A29). The reply's spans must
 * live until its REPLY action: that is the following `next`, except where DATA was asked for a first BDAT and refused:
 * its chunk is read and dropped before the REPLY (RFC 3030 2). After CLOSE a late verdict is ignored. */
EDGE_API void edge_smtp_server_verdict(edge_smtp_server_t *machine, edge_reply_t reply);
/* Answers COMMIT. A 2xx is the only way a 250 leaves at end of data. A 421 closes after it. */
EDGE_API void edge_smtp_server_stored(edge_smtp_server_t *machine, edge_reply_t reply);

/* The handshake of START_TLS is done: hello, identity and transaction are forgotten (RFC 3207 4.2). */
EDGE_API void edge_smtp_server_secured(edge_smtp_server_t *machine);
/* Answers AUTH or AUTH_RESPONSE: goes on with "334 base64", whose text must live until its REPLY action. */
EDGE_API void edge_smtp_server_challenge(edge_smtp_server_t *machine, edge_span_t base64);
/* The same: the credentials are right. AUTH is put to policy with `success`; `identity` must live until asked. */
EDGE_API void edge_smtp_server_identified(edge_smtp_server_t *machine, edge_span_t identity, edge_reply_t success);
/* The same: they are not; `reply` is 4xx or 5xx. A 421 closes after it. */
EDGE_API void edge_smtp_server_not_identified(edge_smtp_server_t *machine, edge_reply_t reply);

/* When a session that is to end does so. */
typedef enum edge_smtp_stop {
    EDGE_SMTP_STOP_SOON,     /* at the next command outside a transaction */
    EDGE_SMTP_STOP_ANSWERED, /* when the command that is under way is answered; at once when it is the client's turn */
    EDGE_SMTP_STOP_NOW
} edge_smtp_stop_t;

/* Events; each may be reported at any time, also while waiting. Actions follow from `next`; while a COMMIT is open
 * timeout and stop take effect after `stored`, so that the client learns what became of its message. */
EDGE_API void edge_smtp_server_timeout(edge_smtp_server_t *machine, int close_reason); /* 421 4.4.2, close; in the
                                                                                          handshake without a word */
EDGE_API void edge_smtp_server_peer_closed(edge_smtp_server_t *machine);               /* end of input */
/* `row`, a 421, and the close with `close_reason`, when the time has come. */
EDGE_API void edge_smtp_server_stop(edge_smtp_server_t *machine, edge_smtp_stop_t when, edge_reply_row_t row,
                                    int close_reason);
EDGE_API void edge_smtp_server_fail(edge_smtp_server_t *machine); /* 421 4.3.0, close */

typedef enum edge_smtp_waiting {
    EDGE_SMTP_WAITS_NOT,
    EDGE_SMTP_WAITS_VERDICT,
    EDGE_SMTP_WAITS_STORED,
    EDGE_SMTP_WAITS_AUTH,
    EDGE_SMTP_WAITS_TLS
} edge_smtp_waiting_t;
EDGE_API edge_smtp_waiting_t edge_smtp_server_waits(const edge_smtp_server_t *machine);
EDGE_API bool
edge_smtp_server_in_data(const edge_smtp_server_t *machine); /* reading a body: which time limit applies */
EDGE_API bool edge_smtp_server_in_transaction(const edge_smtp_server_t *machine); /* MAIL accepted, not yet ended */
EDGE_API bool edge_smtp_server_closing(const edge_smtp_server_t *machine);        /* nothing is read any more */
/* Whether the input shown last brought progress: a whole command line, or octets of a message. A piece of a line that
 * is too long is eaten without being progress, so that an endless line does not push the time limit along. */
EDGE_API bool edge_smtp_server_progressed(const edge_smtp_server_t *machine);
EDGE_API bool edge_smtp_server_greeted_with_ehlo(const edge_smtp_server_t *machine);

#endif
