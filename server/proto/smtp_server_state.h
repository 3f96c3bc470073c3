/*
 * The struct of the SMTP machine, public only so that it can be embedded.
 *
 * Concept:  what one session must remember between two calls; below 300 bytes.
 *           Members are the machine's own; look through edge_smtp_server_*.
 * Owner:    the driver's session.
 * Threads:  one at a time.
 * Lifetime: one session.
 * Errors:   none.
 */
#ifndef EDGE_PROTO_SMTP_SERVER_STATE_H
#define EDGE_PROTO_SMTP_SERVER_STATE_H

#include "proto/smtp_bdat.h"
#include "proto/smtp_dot.h"

struct edge_smtp_server {
    const edge_smtp_rules_t *rules;
    edge_span_t input; /* shown and not eaten */
    size_t eaten;
    edge_reply_t reply;     /* to be written, or kept until a refused chunk is swallowed */
    edge_span_t verb;       /* of the command that is being answered */
    edge_span_t mechanisms; /* offered */
    edge_span_t identity;   /* until AUTH is put to policy */
    uint64_t body_octets;   /* given out of the open body */
    uint64_t body_most;     /* MaxMessageSize as it was when the body began */
    edge_smtp_bdat_t bdat;  /* the chunk that is being read */
    uint32_t announced;     /* EDGE_X_BIT: keywords of the EHLO answer */
    uint32_t recipients;    /* accepted in this transaction */
    uint32_t errors;        /* replies of 4xx and 5xx so far */
    edge_smtp_dot_t dot;
    uint16_t due; /* actions that are decided and not yet given out, in the order of their bits */
    int16_t close_reason, stop_reason;
    uint8_t reading; /* what the next input is */
    uint8_t greeted;
    uint8_t waits;        /* edge_smtp_waiting_t */
    uint8_t asked;        /* edge_phase_t of the open question; EDGE_PHASE_COUNT: a module's verb */
    uint8_t last_row;     /* edge_reply_row_t of the 421 before the close */
    uint8_t stop_row;     /* the same, for `stopping` and `stop_answered` */
    uint8_t body_refused; /* edge_reply_row_t why the body is only swallowed; EDGE_R_COUNT: it is not */
    bool transaction;
    bool body_open;
    bool by_chunks;     /* this message comes by BDAT */
    bool chunks_failed; /* BDAT failed: 503 until RSET (RFC 3030 2) */
    bool utf8;          /* MAIL had SMTPUTF8 */
    bool binary;        /* MAIL had BODY=BINARYMIME: line ends mean nothing */
    bool told_bare;     /* of this message: its bare newline, and its disguised end */
    bool told_smuggled;
    bool told_ahead;    /* that the client has not waited for a reply that it must wait for */
    bool close_on_bare; /* BareNewline reject close, when the body began */
    bool after_cr;      /* of a line that is being skipped */
    bool auth_line;     /* that line is an AUTH command */
    bool auth_response; /* the next line, or the one that is being skipped, answers a challenge */
    bool secure;        /* TLS */
    bool authed;
    bool progressed;
    bool stopping;      /* stop_row at the next command outside a transaction */
    bool stop_answered; /* stop_row behind the next reply */
    bool tried_auth;    /* AUTH was said: what is no command may be credentials */
    bool peer_gone;
    bool put_off;      /* last_row and close_reason wait for `stored` */
    bool close_stored; /* a 221 was given to HAVE_DATA */
    bool hello_due;    /* the reply that is due gets the keywords */
    bool closing;
};

#endif
