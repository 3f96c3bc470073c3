/* The SMTP machine's STARTTLS (RFC 3207) and AUTH (RFC 4954). */
#include "proto/smtp_command.h"
#include "proto/smtp_server_priv.h"

/* What is refused before TLS */

static bool is_free_of_tls(unsigned verb) {
    return verb == EDGE_SMTP_VERB_EHLO || verb == EDGE_SMTP_VERB_HELO || verb == EDGE_SMTP_VERB_STARTTLS ||
           verb == EDGE_SMTP_VERB_NOOP || verb == EDGE_SMTP_VERB_QUIT || verb == EDGE_SMTP_VERB_COUNT;
}

edge_reply_row_t edge_smtp_server_wants_tls(const edge_smtp_server_t *machine, unsigned verb) {
    edge_smtp_needs_tls_t needs = machine->rules->needs_tls;
    bool wanted = needs == EDGE_SMTP_NEEDS_TLS_FOR_ALL
                      ? !is_free_of_tls(verb)
                      : needs == EDGE_SMTP_NEEDS_TLS_FOR_AUTH && verb == EDGE_SMTP_VERB_AUTH;
    return wanted && !machine->secure ? EDGE_R_TLS_REQUIRED : EDGE_R_OK;
}

/* STARTTLS */

/* Whatever stands behind the command was sent in clear text, by the client or by somebody on the way, and would be taken
 * for part of the encrypted session (CVE-2011-0411): such a connection is of no use to anybody. */
edge_smtp_step_t edge_smtp_server_starttls(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    if (machine->greeted != EDGE_SMTP_GREETED_EHLO)
        return edge_smtp_server_answer_row(machine, EDGE_R_BAD_SEQUENCE);
    if (machine->input.len > 0) {
        edge_smtp_server_violated(machine, EDGE_VIOLATION_STARTTLS_INJECTION);
        edge_smtp_server_forget(machine);
        edge_smtp_server_close(machine, EDGE_SMTP_CLOSE_TLS_PLAINTEXT);
        return EDGE_SMTP_STEP_ON;
    }
    return edge_smtp_server_ask(machine, action, EDGE_PHASE_STARTTLS, EDGE_NO_SPAN,
                                edge_reply_of(EDGE_R_STARTTLS_READY));
}

void edge_smtp_server_settle_starttls(edge_smtp_server_t *machine) {
    edge_smtp_server_forget(machine);
    machine->due |= EDGE_SMTP_DUE_TLS;
}

void edge_smtp_server_secured(edge_smtp_server_t *machine) {
    if (machine->closing)
        return;
    EDGE_ASSERT(machine->waits == EDGE_SMTP_WAITS_TLS);
    machine->waits = EDGE_SMTP_WAITS_NOT;
    machine->secure = true;
    machine->authed = machine->chunks_failed = false;
    machine->greeted = EDGE_SMTP_GREETED_NOT;
    machine->announced = 0;
}

/* AUTH */

edge_smtp_step_t edge_smtp_server_auth(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    if (machine->greeted != EDGE_SMTP_GREETED_EHLO || machine->authed || machine->transaction || machine->chunks_failed)
        return edge_smtp_server_answer_row(machine, EDGE_R_BAD_SEQUENCE);
    edge_smtp_command_t words = edge_smtp_command_split(argument);
    edge_smtp_server_act(action, EDGE_SMTP_AUTH);
    action->verb = machine->verb;
    action->argument = words.verb;
    action->bytes = words.argument.len > 0 ? words.argument : EDGE_NO_SPAN;
    machine->waits = EDGE_SMTP_WAITS_AUTH;
    return EDGE_SMTP_STEP_ACT;
}

static edge_smtp_step_t cancel(edge_smtp_server_t *machine, edge_reply_row_t row) {
    machine->auth_response = false;
    machine->due |= EDGE_SMTP_DUE_CANCEL;
    return edge_smtp_server_answer_row(machine, row);
}

edge_smtp_step_t edge_smtp_server_auth_line(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t line,
                                            edge_reply_row_t row) {
    if (row != EDGE_R_OK)
        return cancel(machine, row == EDGE_R_UNKNOWN_COMMAND ? EDGE_R_AUTH_BAD_BASE64 : row);
    if (edge_span_equal(line, (edge_span_t)EDGE_SPAN("*")))
        return cancel(machine, EDGE_R_AUTH_CANCELED);
    edge_smtp_server_act(action, EDGE_SMTP_AUTH_RESPONSE);
    action->verb = machine->verb;
    action->bytes = line;
    machine->auth_response = false;
    machine->waits = EDGE_SMTP_WAITS_AUTH;
    return EDGE_SMTP_STEP_ACT;
}

/* False: the session is closing and wants no answer any more. */
static bool take_answer(edge_smtp_server_t *machine) {
    if (machine->closing)
        return false;
    EDGE_ASSERT(machine->waits == EDGE_SMTP_WAITS_AUTH);
    machine->waits = EDGE_SMTP_WAITS_NOT;
    return true;
}

void edge_smtp_server_challenge(edge_smtp_server_t *machine, edge_span_t base64) {
    if (!take_answer(machine))
        return;
    machine->auth_response = true;
    edge_smtp_server_answer(machine,
                            (edge_reply_t){.code = 334, .subject = EDGE_NO_ENHANCED, .literal = true, .text = base64});
}

void edge_smtp_server_identified(edge_smtp_server_t *machine, edge_span_t identity, edge_reply_t success) {
    if (!take_answer(machine))
        return;
    machine->identity = identity;
    machine->reply = success;
    machine->due |= EDGE_SMTP_DUE_IDENTITY;
}

void edge_smtp_server_not_identified(edge_smtp_server_t *machine, edge_reply_t reply) {
    if (!take_answer(machine))
        return;
    EDGE_ASSERT(edge_reply_class(&reply) == 4 || edge_reply_class(&reply) == 5);
    if (reply.code == 421)
        edge_smtp_server_close(machine, EDGE_SMTP_CLOSE_BANNED);
    edge_smtp_server_answer(machine, reply);
}
