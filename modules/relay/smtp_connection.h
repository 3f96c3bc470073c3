/*
 * What the files of a connection to a next hop share.
 *
 *   connection   from its beginning to its end: what the socket tells and what the client's machine wants (smtp_connection.c)
 *   idle         those of a worker that have nothing to do, and wait to be used again (smtp_idle.c)
 *   secure       TLS, and the proof of who we are (smtp_secure.c)
 *   body         the message it is given: surveyed where it may have to be converted, and its bytes (smtp_body.c)
 *   answer       what came of a message, or of the connection, for its user (smtp_answer.c)
 */
#ifndef EDGE_MODULE_SMTP_CONNECTION_H
#define EDGE_MODULE_SMTP_CONNECTION_H

#include "relay_convert.h"
#include "relay_smtp.h"
#include "smtp_proof.h"

struct relay_connection {
    edge_conn_t *conn;
    edge_smtp_client_t client;
    edge_smtp_client_rules_t rules;
    edge_smtp_client_message_t message;
    edge_worker_t *worker;
    const edge_relay_t *relay;
    const relay_smtp_t *smtp;
    edge_span_t domain, name; /* by malloc, in `texts` */
    char *texts;
    edge_tls_towards_t towards; /* its name by malloc */
    relay_proof_t *proof;       /* of the password, while it is computed */
    char nonce[EDGE_SCRAM_CLIENT_NONCE_MOST];
    uint8_t binding[EDGE_TLS_EXPORTER_SIZE];
    const relay_user_t *user; /* NULL: it is nobody's */
    void *owner;
    edge_delivery_t *delivery;
    edge_source_t *source;    /* of the delivery, or what is made of it for this next hop */
    relay_convert_t *convert; /* NULL: nothing is made of it */
    edge_smtp_stuff_t stuff;
    uint64_t sent;
    bool opened;    /* there is a connection, under TLS where it begins with that */
    bool ready;     /* for a message */
    bool given;     /* the machine has one */
    bool unkept;    /* and it needs REQUIRETLS, which is not kept here */
    bool begin;     /* it is given one in a moment */
    bool surveying; /* it is read, to learn what may be made of it */
    bool streaming; /* the message's bytes go */
    bool stuffed, blocked, closing;
    bool tls_begun; /* by STARTTLS */
    bool shaking;   /* hands, for TLS */
    bool spoilt;    /* the source, not the host, is in trouble */
    edge_chore_t pump;
    relay_connection_t *next, **link; /* among those that wait for work */
};

/* Connection (smtp_connection.c) */

/* Does what the machine wants, and sets the deadline for what it waits for then. */
void relay_connection_run(relay_connection_t *self);
/* It cannot go on. */
void relay_connection_lose(relay_connection_t *self, const char *why);
void relay_connection_deadline(relay_connection_t *self, edge_mono_t time);

/* Idle (smtp_idle.c) */

void relay_idle_wait(relay_connection_t *self);
/* Where it waits; else nothing. */
void relay_idle_leave(relay_connection_t *self);
/* One that waits and goes there, taken out; NULL. */
relay_connection_t *relay_idle_take(edge_worker_t *worker, const edge_relay_t *relay, edge_span_t domain);

/* Secure (smtp_secure.c) */

/* How the connection begins; the machine's rules about TLS. */
const edge_transport_t *relay_secure_transport(relay_connection_t *self, const relay_connect_t *how);
/* The machine's rules about AUTH. */
void relay_secure_user(relay_connection_t *self, const relay_target_t *target);
void relay_secure_start(relay_connection_t *self);
/* The handshake is done. */
void relay_secure_done(relay_connection_t *self);
void relay_secure_prove(relay_connection_t *self, const edge_scram_client_t *scram);

/* Body (smtp_body.c) */

/* The connection is ready for its delivery's message. */
void relay_body_give(relay_connection_t *self);
/* The machine wants the bytes. */
void relay_body_begin(relay_connection_t *self, bool stuffed);
/* A turn, if there is anything to do. */
void relay_body_go_on(relay_connection_t *self);
/* The socket takes more again. */
void relay_body_drained(relay_connection_t *self);

/* Answer (smtp_answer.c) */

void relay_answer_take(relay_connection_t *self, const edge_smtp_client_action_t *action);
/* Its user is told, and it is nobody's from here on. */
void relay_answer_let_go(relay_connection_t *self);
/* The same, without a word to the user. */
void relay_answer_forget(relay_connection_t *self);
/* Whatever it said before a message is no word on that message: 5xx too means "not this way, not now". */
void relay_answer_useless(relay_connection_t *self, const edge_reply_t *reply, bool own, bool tls);
/* It was closed while it had a user. */
void relay_answer_failure(relay_connection_t *self, edge_close_reason_t reason);

#endif
