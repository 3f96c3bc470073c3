/* The SMTP machine's parts among themselves: the driver's calls (smtp_server.c), commands, messages. */
#ifndef EDGE_PROTO_SMTP_SERVER_PRIV_H
#define EDGE_PROTO_SMTP_SERVER_PRIV_H

#include "edge_obj.h"
#include "proto/smtp_server.h"

/* Bits of `due`: what is decided is given out in this order, one action a call. */
enum {
    EDGE_SMTP_DUE_BANNER = 1 << 0,
    EDGE_SMTP_DUE_DROP = 1 << 1,
    EDGE_SMTP_DUE_RESET = 1 << 2,
    EDGE_SMTP_DUE_CANCEL = 1 << 3, /* of an exchange */
    EDGE_SMTP_DUE_COMMIT = 1 << 4,
    EDGE_SMTP_DUE_REPLY = 1 << 5,
    EDGE_SMTP_DUE_OPEN = 1 << 6,
    EDGE_SMTP_DUE_TLS = 1 << 7,      /* behind its 220 */
    EDGE_SMTP_DUE_IDENTITY = 1 << 8, /* is put to policy */
    EDGE_SMTP_DUE_LAST = 1 << 9,     /* last_row, before the close */
    EDGE_SMTP_DUE_CLOSE = 1 << 10
};

/* `reading` */
enum {
    EDGE_SMTP_READS_COMMAND,
    EDGE_SMTP_READS_LONG_LINE, /* skips to its CRLF */
    EDGE_SMTP_READS_DATA,
    EDGE_SMTP_READS_CHUNK,
    EDGE_SMTP_READS_REFUSED_CHUNK
};

/* `greeted` */
enum { EDGE_SMTP_GREETED_NOT, EDGE_SMTP_GREETED_HELO, EDGE_SMTP_GREETED_EHLO, EDGE_SMTP_GREETED_REFUSED };

/* The reasons to close, in the numbers of edge_close_reason_t, whose header is of a higher floor. */
enum {
#define EDGE_CLOSE(name, text, trouble, prose) EDGE_SMTP_CLOSE_##name,
#include "tbl/close_reasons.def"
#undef EDGE_CLOSE
};

/* `body_refused` */
#define EDGE_SMTP_NOT_REFUSED EDGE_R_COUNT

/* What a look at the input came to. */
typedef enum edge_smtp_step {
    EDGE_SMTP_STEP_HUNGRY, /* nothing more can be made of it */
    EDGE_SMTP_STEP_ON,     /* something is due, or another state reads on */
    EDGE_SMTP_STEP_ACT     /* the action is filled in */
} edge_smtp_step_t;

/* smtp_server.c */

/* The reply of a command: counts it, and ends the session when it was one refusal too many. */
void edge_smtp_server_answer(edge_smtp_server_t *machine, edge_reply_t reply);
/* A command has been answered: the time has come for who waits for that. */
void edge_smtp_server_answered(edge_smtp_server_t *machine);
/* The same as answer, with a row; there is more to come of the input. */
edge_smtp_step_t edge_smtp_server_answer_row(edge_smtp_server_t *machine, edge_reply_row_t row);
/* The transaction is over without a message; the body, if open, is dropped. */
void edge_smtp_server_forget(edge_smtp_server_t *machine);
void edge_smtp_server_drop_body(edge_smtp_server_t *machine);
/* Closes after what is due. The first reason counts. */
void edge_smtp_server_close(edge_smtp_server_t *machine, int reason);
/* `row` is sent, then close. */
void edge_smtp_server_finish(edge_smtp_server_t *machine, edge_reply_row_t row, int reason);
/* Fills in a question; `verb` is as written. `parameters` and the like are left to the caller. */
edge_smtp_step_t edge_smtp_server_ask(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_phase_t phase,
                                      edge_span_t argument, edge_reply_t success);
/* Who wants to know is told. */
void edge_smtp_server_violated(edge_smtp_server_t *machine, edge_violation_t violation);
/* Takes `octets` off the input. */
void edge_smtp_server_eat(edge_smtp_server_t *machine, size_t octets);
void edge_smtp_server_act(edge_smtp_action_t *action, edge_smtp_action_kind_t kind);

/* smtp_server_command.c */

edge_smtp_step_t edge_smtp_server_read_command(edge_smtp_server_t *machine, edge_smtp_action_t *action);
edge_smtp_step_t edge_smtp_server_read_long_line(edge_smtp_server_t *machine, edge_smtp_action_t *action);
void edge_smtp_server_settle(edge_smtp_server_t *machine, edge_reply_t reply);

/* smtp_server_secure.c */

edge_smtp_step_t edge_smtp_server_starttls(edge_smtp_server_t *machine, edge_smtp_action_t *action);
edge_smtp_step_t edge_smtp_server_auth(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument);
/* A line behind a challenge; `row` says what is wrong with it, EDGE_R_OK that nothing is. */
edge_smtp_step_t edge_smtp_server_auth_line(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t line,
                                            edge_reply_row_t row);
/* EDGE_R_OK, or the 530 that refuses the verb for want of TLS. */
edge_reply_row_t edge_smtp_server_wants_tls(const edge_smtp_server_t *machine, unsigned verb);
void edge_smtp_server_settle_starttls(edge_smtp_server_t *machine);

/* smtp_server_data.c */

edge_smtp_step_t edge_smtp_server_data(edge_smtp_server_t *machine, edge_smtp_action_t *action);
edge_smtp_step_t edge_smtp_server_bdat(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument);
edge_smtp_step_t edge_smtp_server_read_data(edge_smtp_server_t *machine, edge_smtp_action_t *action);
edge_smtp_step_t edge_smtp_server_read_chunk(edge_smtp_server_t *machine, edge_smtp_action_t *action);
edge_smtp_step_t edge_smtp_server_read_refused_chunk(edge_smtp_server_t *machine, edge_smtp_action_t *action);
/* The verdict on DATA and on HAVE_DATA. */
void edge_smtp_server_settle_data(edge_smtp_server_t *machine, edge_reply_t reply, bool success);
void edge_smtp_server_settle_have_data(edge_smtp_server_t *machine, edge_reply_t reply, bool success);

#endif
