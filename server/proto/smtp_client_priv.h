/* What the files of the client's machine share. */
#ifndef EDGE_PROTO_SMTP_CLIENT_PRIV_H
#define EDGE_PROTO_SMTP_CLIENT_PRIV_H

#include "proto/smtp_client.h"

#define EDGE_SMTP_CLIENT_PLAIN 1u
#define EDGE_SMTP_CLIENT_LOGIN 2u
#define EDGE_SMTP_CLIENT_SCRAM 4u
#define EDGE_SMTP_CLIENT_SCRAM_PLUS 8u

enum edge_smtp_client_state {
    EDGE_SMTP_CLIENT_GREETING,
    EDGE_SMTP_CLIENT_EHLO,
    EDGE_SMTP_CLIENT_HELO,
    EDGE_SMTP_CLIENT_STARTTLS,
    EDGE_SMTP_CLIENT_TLS,
    EDGE_SMTP_CLIENT_AUTH_PLAIN,
    EDGE_SMTP_CLIENT_AUTH_LOGIN,
    EDGE_SMTP_CLIENT_AUTH_USER,
    EDGE_SMTP_CLIENT_AUTH_PASSWORD,
    EDGE_SMTP_CLIENT_AUTH_SCRAM,  /* the first message */
    EDGE_SMTP_CLIENT_AUTH_PROVE,  /* the driver computes */
    EDGE_SMTP_CLIENT_AUTH_PROOF,  /* the last message */
    EDGE_SMTP_CLIENT_AUTH_PROVEN, /* the server has proved something too; nothing is left to say */
    EDGE_SMTP_CLIENT_IDLE,
    EDGE_SMTP_CLIENT_ENVELOPE, /* MAIL, RCPT ..., DATA */
    EDGE_SMTP_CLIENT_BDAT,
    EDGE_SMTP_CLIENT_STREAM, /* the driver writes the message */
    EDGE_SMTP_CLIENT_END,
    EDGE_SMTP_CLIENT_EMPTY, /* DATA was accepted without recipients: an empty message ends that (RFC 2920 3.1) */
    EDGE_SMTP_CLIENT_RSET,
    EDGE_SMTP_CLIENT_QUIT,
    EDGE_SMTP_CLIENT_CLOSED,
    EDGE_SMTP_CLIENT_STATES
};

/* smtp_client_command.c: the text of a command into `action->room`; the span is absent when it cannot be said. */
edge_span_t edge_smtp_client_word(edge_smtp_client_action_t *action, const char *verb, edge_span_t argument);
edge_span_t edge_smtp_client_mail(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action);
edge_span_t edge_smtp_client_rcpt(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action, unsigned index);
edge_span_t edge_smtp_client_bdat(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action);
/* `initial`: with the verb in front. */
edge_span_t edge_smtp_client_plain(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action);
edge_span_t edge_smtp_client_scram(edge_smtp_client_t *machine, edge_smtp_client_action_t *action);
edge_span_t edge_smtp_client_proof(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action);
edge_span_t edge_smtp_client_base64(edge_smtp_client_action_t *action, edge_span_t text);
/* What a line of the answer to EHLO offers. */
void edge_smtp_client_offer(edge_smtp_client_t *machine, edge_span_t line);

#endif
