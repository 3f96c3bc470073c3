/*
 * The client's side of an SMTP or LMTP dialogue, as a pure machine (RFC 5321, 2033, 2920, 1870, 3030, 3207, 3461, 4954,
 * 6152, 6531, 8689).
 *
 * Concept:  no I/O, no clock, no memory of its own. The driver shows input and reports
 *           events; the machine answers with one action at a time:
 *
 *               edge_smtp_client_input(&machine, bytes);
 *               while (edge_smtp_client_next(&machine, &action)) do what it says
 *               eaten = edge_smtp_client_eaten(&machine);
 *
 *           It greets, encrypts and authenticates by itself, then says READY. A message
 *           is given to it (edge_smtp_client_send); it answers with one RESULT for each
 *           recipient, then READY again, or CLOSE. For its bytes it says BODY: the driver
 *           writes them, dot-stuffed (proto/smtp_stuff.h) or as they are, and says
 *           edge_smtp_client_sent.
 * Owner:    the driver embeds it. Rules and message are the driver's.
 * Threads:  one at a time.
 * Lifetime: rules as long as the machine, a message until its last RESULT. What an action
 *           points to is good until the next call to `next`.
 * Errors:   every failure is a RESULT or a CLOSE with a reply: the server's own, or ours
 *           (`own`). CLOSE with `unheard` says that the server has answered nothing of
 *           the message that was being sent, if one was: it may be sent again elsewhere
 *           at once.
 */
#ifndef EDGE_PROTO_SMTP_CLIENT_H
#define EDGE_PROTO_SMTP_CLIENT_H

#include "edge_message.h"
#include "edge_relay_result.h"
#include "proto/scram_client.h"
#include "proto/smtp_answer.h"
#include "proto/smtp_server.h"

typedef enum edge_smtp_client_tls {
    EDGE_SMTP_CLIENT_TLS_NEVER,
    EDGE_SMTP_CLIENT_TLS_MAY, /* when it is offered */
    EDGE_SMTP_CLIENT_TLS_MUST
} edge_smtp_client_tls_t;

typedef struct edge_smtp_client_rules {
    edge_span_t hello; /* our name */
    bool lmtp;         /* LHLO, and an answer for each recipient at the end of the data */
    bool secure;       /* the connection begins with TLS */
    bool verified;     /* its certificate is believed and names the server; set before edge_smtp_client_secured */
    edge_smtp_client_tls_t tls;
    edge_span_t user, password; /* AUTH; absent: none */
    bool clear_password;        /* PLAIN and LOGIN also without TLS */
    edge_span_t nonce;          /* for SCRAM: text that nobody can foresee; absent: SCRAM is not used */
    edge_span_t binding;        /* of the channel (tls-exporter); set before edge_smtp_client_secured; absent: none */
} edge_smtp_client_rules_t;

typedef struct edge_smtp_client_message {
    const edge_envelope_t *envelope;
    const unsigned *recipients; /* indices in the envelope */
    unsigned count;
    uint32_t needs;    /* EDGE_CARRIES_*: what of the envelope's is really needed */
    bool all_or_none;  /* where one recipient is refused, all are, and nothing is sent */
    bool ask_only;     /* whether the recipients would be taken: no message follows */
    uint64_t size;     /* octets; UINT64_MAX: not known */
    edge_span_t unfit; /* what is said where the next hop does not take its content; absent: words of the machine's */
    uint8_t *marks;    /* `count` octets for the machine's use */
} edge_smtp_client_message_t;

typedef enum edge_smtp_client_action_kind {
    EDGE_SMTP_CLIENT_WRITE,     /* `bytes` */
    EDGE_SMTP_CLIENT_START_TLS, /* shake hands; then edge_smtp_client_secured */
    EDGE_SMTP_CLIENT_PROVE,     /* edge_password_scram_prove over what `scram` says; then edge_smtp_client_proved */
    EDGE_SMTP_CLIENT_READY,     /* a message may be sent */
    EDGE_SMTP_CLIENT_BODY,      /* write the message's bytes; then edge_smtp_client_sent */
    EDGE_SMTP_CLIENT_RESULT,    /* of recipient `index` of the message: `outcome`, `blame`, `reply`, `own` */
    EDGE_SMTP_CLIENT_CLOSE      /* the last action */
} edge_smtp_client_action_kind_t;

#define EDGE_SMTP_CLIENT_LINE_MOST 4096 /* octets of a command */

typedef struct edge_smtp_client_action {
    edge_smtp_client_action_kind_t kind;
    edge_span_t bytes;
    const edge_scram_client_t *scram; /* PROVE: `asked` and `message`, good until edge_smtp_client_proved */
    bool stuffed;                     /* BODY: as DATA; else exactly `size` octets as they are */
    unsigned index;
    edge_relay_outcome_t outcome;
    edge_relay_blame_t blame;
    edge_reply_t reply;                    /* RESULT, CLOSE */
    bool own;                              /* the words are ours */
    bool without_dsn;                      /* RESULT DONE: the server does not know of DSN */
    bool unheard;                          /* CLOSE */
    bool goodbye;                          /* CLOSE: we asked for it; nothing is wrong */
    char room[EDGE_SMTP_CLIENT_LINE_MOST]; /* what `bytes` points to */
} edge_smtp_client_action_t;

/* What is waited for: which time limit applies. */
typedef enum edge_smtp_client_wait {
    EDGE_SMTP_CLIENT_WAITS_GREETING,
    EDGE_SMTP_CLIENT_WAITS_HELLO, /* and all up to READY */
    EDGE_SMTP_CLIENT_WAITS_TLS,
    EDGE_SMTP_CLIENT_WAITS_NOTHING, /* READY */
    EDGE_SMTP_CLIENT_WAITS_COMMAND,
    EDGE_SMTP_CLIENT_WAITS_GO, /* the answer to DATA */
    EDGE_SMTP_CLIENT_WAITS_BODY,
    EDGE_SMTP_CLIENT_WAITS_END, /* the answer to the message */
    EDGE_SMTP_CLIENT_WAITS_BYE,
    EDGE_SMTP_CLIENT_WAITS_CLOSED
} edge_smtp_client_wait_t;

/* Private but for its size. */
typedef struct edge_smtp_client {
    const edge_smtp_client_rules_t *rules;
    const edge_smtp_client_message_t *message;
    edge_span_t input;
    size_t eaten;
    edge_smtp_answer_t answer;
    uint32_t offered;   /* EDGE_X_BIT */
    uint64_t size_most; /* 0: not said */
    uint8_t mechanisms; /* of AUTH */
    edge_scram_client_t scram;
    uint8_t proof[EDGE_SCRAM_KEY_SIZE], signature[EDGE_SCRAM_KEY_SIZE];
    uint8_t state;
    uint8_t after;     /* the state behind the RESULTs that are due */
    bool secured;      /* TLS is on */
    bool authed;       /* AUTH has succeeded */
    bool chunked;      /* this message goes by BDAT */
    bool mail_refused; /* the rest of a pipelined group is of no use */
    bool answered;     /* something of this message was */
    bool resulting;    /* RESULTs are due: of the recipients from `cursor` to `end` */
    bool own;          /* the words of `reply` are ours */
    bool goodbye;
    unsigned said, heard; /* commands of this state and their answers */
    unsigned answers;
    unsigned accepted; /* recipients that wait for the end */
    unsigned cursor, end;
    edge_reply_t reply; /* of the RESULTs, and of CLOSE */
    edge_relay_outcome_t outcome;
    edge_relay_blame_t blame;
} edge_smtp_client_t;

EDGE_API void edge_smtp_client_start(edge_smtp_client_t *machine, const edge_smtp_client_rules_t *rules);
EDGE_API void edge_smtp_client_input(edge_smtp_client_t *machine, edge_span_t bytes);
EDGE_API bool edge_smtp_client_next(edge_smtp_client_t *machine, edge_smtp_client_action_t *action);
/* Octets eaten since the last edge_smtp_client_input; ends that input. */
EDGE_API size_t edge_smtp_client_eaten(edge_smtp_client_t *machine);

/* After READY: what of these EDGE_CARRIES_* the server does not offer. */
EDGE_API uint32_t edge_smtp_client_lacks(const edge_smtp_client_t *machine, uint32_t needs);
/* After READY. */
EDGE_API void edge_smtp_client_send(edge_smtp_client_t *machine, const edge_smtp_client_message_t *message);
/* After BODY: all bytes have been written, the end of the data included. */
EDGE_API void edge_smtp_client_sent(edge_smtp_client_t *machine);
/* After START_TLS: the handshake is done. */
EDGE_API void edge_smtp_client_secured(edge_smtp_client_t *machine);
/* After PROVE. */
EDGE_API void edge_smtp_client_proved(edge_smtp_client_t *machine, const uint8_t proof[EDGE_SCRAM_KEY_SIZE],
                                      const uint8_t signature[EDGE_SCRAM_KEY_SIZE]);
/* After READY: says QUIT. */
EDGE_API void edge_smtp_client_quit(edge_smtp_client_t *machine);

/* The connection has ended, a time limit is over, the message's bytes cannot be had: at any time. CLOSE follows, with
 * RESULTs (4.4.2) before it where a message is under way. `why` is said to operators and senders: static text. */
EDGE_API void edge_smtp_client_lost(edge_smtp_client_t *machine, edge_span_t why);

/* Whole answers that were heard so far: what tells a slow server from one that dribbles. */
EDGE_API unsigned edge_smtp_client_answers(const edge_smtp_client_t *machine);

EDGE_API edge_smtp_client_wait_t edge_smtp_client_waits(const edge_smtp_client_t *machine);

#endif
