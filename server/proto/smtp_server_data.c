/* The SMTP machine's messages: DATA, BDAT, and what is asked and done at their end. */
#include "proto/smtp_server_priv.h"

#define END_OF_DATA ((edge_span_t)EDGE_SPAN("."))

static bool is_refused(const edge_smtp_server_t *machine) { return machine->body_refused != EDGE_SMTP_NOT_REFUSED; }

/* The message will not be kept; what follows of it is only swallowed. The first reason counts. */
static void refuse_body(edge_smtp_server_t *machine, edge_reply_row_t row) {
    if (is_refused(machine))
        return;
    machine->body_refused = (uint8_t)row;
    edge_smtp_server_drop_body(machine);
}

/* MAIL and RCPT came before, as they must: EDGE_R_OK, or the row that says what lacks. */
static edge_reply_row_t check_order(const edge_smtp_server_t *machine) {
    if (machine->chunks_failed)
        return EDGE_R_BAD_SEQUENCE;
    if (!machine->transaction)
        return EDGE_R_NO_SENDER;
    return machine->recipients == 0 ? EDGE_R_NO_RECIPIENTS : EDGE_R_OK;
}

/* The limits hold as they are now, whatever the rules become while the message arrives. */
static void begin_body(edge_smtp_server_t *machine, bool by_chunks) {
    const edge_smtp_rules_t *rules = machine->rules;
    machine->body_octets = 0;
    machine->body_most = rules->max_message_size ? rules->max_message_size : UINT64_MAX;
    machine->body_refused = EDGE_SMTP_NOT_REFUSED;
    machine->close_on_bare = rules->newlines == EDGE_NEWLINE_REJECT_CLOSE;
    machine->by_chunks = by_chunks;
    machine->told_bare = machine->told_smuggled = false;
    edge_smtp_dot_start(&machine->dot, !by_chunks, rules->newlines == EDGE_NEWLINE_NORMALIZE);
}

/* Body octets on their way to the driver. */
static edge_smtp_step_t give_span(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t bytes) {
    if (is_refused(machine))
        return EDGE_SMTP_STEP_ON;
    if (bytes.len > machine->body_most - machine->body_octets) {
        refuse_body(machine, EDGE_R_SIZE_EXCEEDED);
        return EDGE_SMTP_STEP_ON;
    }
    machine->body_octets += bytes.len;
    edge_smtp_server_act(action, EDGE_SMTP_BODY_SPAN);
    action->bytes = bytes;
    return EDGE_SMTP_STEP_ACT;
}

/* The end of a message that was refused while it came. */
static edge_smtp_step_t answer_refused(edge_smtp_server_t *machine) {
    edge_reply_row_t row = (edge_reply_row_t)machine->body_refused;
    edge_smtp_server_forget(machine);
    edge_smtp_server_answer_row(machine, row);
    if (row == EDGE_R_BARE_NEWLINE && machine->close_on_bare)
        edge_smtp_server_finish(machine, EDGE_R_BARE_NEWLINE_CLOSE, EDGE_SMTP_CLOSE_BARE_NEWLINE);
    return EDGE_SMTP_STEP_ON;
}

static edge_smtp_step_t ask_have_data(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    machine->verb = END_OF_DATA;
    return edge_smtp_server_ask(machine, action, EDGE_PHASE_HAVE_DATA, EDGE_NO_SPAN, edge_reply_of(EDGE_R_MESSAGE_OK));
}

/* DATA */

edge_smtp_step_t edge_smtp_server_data(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_reply_row_t row = check_order(machine);
    /* RFC 3030 2, 3: one message comes by DATA or by BDAT, and BINARYMIME by BDAT only. */
    if (row == EDGE_R_OK && (machine->by_chunks || machine->binary))
        row = EDGE_R_BAD_SEQUENCE;
    if (row != EDGE_R_OK)
        return edge_smtp_server_answer_row(machine, row);
    return edge_smtp_server_ask(machine, action, EDGE_PHASE_DATA, EDGE_NO_SPAN, edge_reply_of(EDGE_R_START_DATA));
}

static edge_smtp_step_t end_of_data(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    machine->reading = EDGE_SMTP_READS_COMMAND;
    if (!is_refused(machine))
        return ask_have_data(machine, action);
    machine->verb = END_OF_DATA;
    return answer_refused(machine);
}

/* Once a message, also where it is refused for something else. An end that is disguised has a bare newline, if only behind it. */
static void tell_newlines(edge_smtp_server_t *machine, bool bare) {
    bool smuggled = bare && machine->dot.smuggled;
    if (bare && !machine->told_bare)
        edge_smtp_server_violated(machine, EDGE_VIOLATION_BARE_NEWLINE);
    if (smuggled && !machine->told_smuggled)
        edge_smtp_server_violated(machine, EDGE_VIOLATION_SMUGGLING);
    machine->told_bare |= bare;
    machine->told_smuggled |= smuggled;
}

/* One call of the decoder over the first `part` octets of the input. */
static edge_smtp_dot_result_t decode(edge_smtp_server_t *machine, edge_span_t part, edge_span_t *bytes, size_t *eaten) {
    edge_span_t rest = part;
    edge_smtp_dot_result_t result = edge_smtp_dot_next(&machine->dot, &rest, bytes);
    *eaten = part.len - rest.len;
    tell_newlines(machine, machine->dot.bare);
    if (result == EDGE_SMTP_DOT_BARE)
        refuse_body(machine, EDGE_R_BARE_NEWLINE);
    machine->progressed |= *eaten > 0;
    edge_smtp_server_eat(machine, *eaten);
    return result;
}

edge_smtp_step_t edge_smtp_server_read_data(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_span_t bytes;
    size_t eaten;
    switch (decode(machine, machine->input, &bytes, &eaten)) {
    case EDGE_SMTP_DOT_SPAN: return give_span(machine, action, bytes);
    case EDGE_SMTP_DOT_END: return end_of_data(machine, action);
    case EDGE_SMTP_DOT_BARE: return EDGE_SMTP_STEP_ON;
    default: return EDGE_SMTP_STEP_HUNGRY;
    }
}

/* BDAT */

/* A chunk that is not the last fails: those behind it would make a message with a hole (RFC 3030 2). */
static void chunk_failed(edge_smtp_server_t *machine, bool had_transaction) {
    if (!machine->bdat.last && had_transaction)
        machine->chunks_failed = true;
    else if (machine->bdat.last && !machine->transaction)
        machine->chunks_failed = false;
}

/* The announced octets are read whatever the answer is, and before it; `reply` waits for their end. */
static edge_smtp_step_t refuse_chunk(edge_smtp_server_t *machine, edge_reply_t reply) {
    machine->reply = reply;
    machine->reading = EDGE_SMTP_READS_REFUSED_CHUNK;
    return EDGE_SMTP_STEP_ON;
}

edge_smtp_step_t edge_smtp_server_read_refused_chunk(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    (void)action;
    size_t octets = edge_smtp_bdat_part(&machine->bdat, machine->input).len;
    edge_smtp_bdat_took(&machine->bdat, octets);
    edge_smtp_server_eat(machine, octets);
    machine->progressed |= octets > 0;
    if (machine->bdat.left > 0)
        return EDGE_SMTP_STEP_HUNGRY;
    machine->reading = EDGE_SMTP_READS_COMMAND;
    chunk_failed(machine, machine->transaction);
    edge_smtp_server_answer(machine, machine->reply);
    return EDGE_SMTP_STEP_ON;
}

/* How many octets would follow is unknown, so nothing of the message can be trusted any more. */
static edge_smtp_step_t refuse_unreadable_chunk(edge_smtp_server_t *machine) {
    if (machine->by_chunks)
        edge_smtp_server_forget(machine);
    return edge_smtp_server_answer_row(machine, EDGE_R_BAD_ARGUMENTS);
}

static void begin_chunk(edge_smtp_server_t *machine) {
    machine->reading = EDGE_SMTP_READS_CHUNK;
    if (machine->bdat.size > machine->body_most - machine->body_octets)
        refuse_body(machine, EDGE_R_SIZE_EXCEEDED);
}

edge_smtp_step_t edge_smtp_server_bdat(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    bool had_transaction = machine->transaction;
    if (!edge_smtp_bdat_parse(argument, &machine->bdat)) {
        machine->bdat.last = false;
        edge_smtp_step_t step = refuse_unreadable_chunk(machine);
        chunk_failed(machine, had_transaction);
        return step;
    }
    edge_reply_row_t row = check_order(machine);
    if (row != EDGE_R_OK)
        return refuse_chunk(machine, edge_reply_of(row));
    if (!machine->by_chunks)
        return edge_smtp_server_ask(machine, action, EDGE_PHASE_DATA, EDGE_NO_SPAN, edge_reply_of(EDGE_R_START_DATA));
    begin_chunk(machine);
    return EDGE_SMTP_STEP_ON;
}

static edge_smtp_step_t end_of_chunk(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    machine->reading = EDGE_SMTP_READS_COMMAND;
    if (machine->bdat.last && !machine->binary && !edge_smtp_dot_finish(&machine->dot)) {
        tell_newlines(machine, true);
        refuse_body(machine, EDGE_R_BARE_NEWLINE);
    }
    if (is_refused(machine)) {
        answer_refused(machine);
        chunk_failed(machine, true);
        return EDGE_SMTP_STEP_ON;
    }
    if (machine->bdat.last)
        return ask_have_data(machine, action);
    edge_smtp_server_answer(machine, edge_reply_with_number(EDGE_R_CHUNK_OK, machine->bdat.size));
    return EDGE_SMTP_STEP_ON;
}

static edge_smtp_dot_result_t take_binary(edge_smtp_server_t *machine, edge_span_t part, edge_span_t *bytes,
                                          size_t *eaten) {
    *bytes = part;
    *eaten = part.len;
    machine->progressed |= part.len > 0;
    edge_smtp_server_eat(machine, part.len);
    return part.len > 0 ? EDGE_SMTP_DOT_SPAN : EDGE_SMTP_DOT_MORE;
}

edge_smtp_step_t edge_smtp_server_read_chunk(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_span_t part = edge_smtp_bdat_part(&machine->bdat, machine->input), bytes;
    size_t eaten;
    if (machine->bdat.left == 0)
        return end_of_chunk(machine, action);
    edge_smtp_dot_result_t result =
        machine->binary ? take_binary(machine, part, &bytes, &eaten) : decode(machine, part, &bytes, &eaten);
    edge_smtp_bdat_took(&machine->bdat, eaten);
    if (result == EDGE_SMTP_DOT_SPAN)
        return give_span(machine, action, bytes);
    return result == EDGE_SMTP_DOT_BARE || machine->bdat.left == 0 ? EDGE_SMTP_STEP_ON : EDGE_SMTP_STEP_HUNGRY;
}

/* Verdicts */

static bool closes(const edge_reply_t *reply) { return reply->code == 421 || reply->code == 221; }

/* Whether DATA or BDAT was asked about is told by the verb. */
static bool asked_for_chunk(const edge_smtp_server_t *machine) { return machine->verb.at[0] == 'B'; }

static void settle_first_chunk(edge_smtp_server_t *machine, edge_reply_t reply, bool success) {
    if (!success) {
        refuse_chunk(machine, reply);
        return;
    }
    begin_body(machine, true);
    machine->due |= EDGE_SMTP_DUE_OPEN;
    begin_chunk(machine);
}

void edge_smtp_server_settle_data(edge_smtp_server_t *machine, edge_reply_t reply, bool success) {
    if (closes(&reply)) {
        edge_smtp_server_close(machine, EDGE_SMTP_CLOSE_POLICY);
        edge_smtp_server_answer(machine, reply);
        return;
    }
    if (asked_for_chunk(machine)) {
        settle_first_chunk(machine, reply, success);
        return;
    }
    EDGE_ASSERT(success || edge_reply_class(&reply) != 3);
    edge_smtp_server_answer(machine, reply);
    if (!success || machine->closing)
        return;
    begin_body(machine, false);
    machine->reading = EDGE_SMTP_READS_DATA;
    machine->due |= EDGE_SMTP_DUE_OPEN;
}

/* A 2xx, whatever its number, tells the client that we have the message; so it is committed even where 221 closes. */
void edge_smtp_server_settle_have_data(edge_smtp_server_t *machine, edge_reply_t reply, bool success) {
    EDGE_ASSERT(edge_reply_class(&reply) != 3);
    if (success) {
        machine->close_stored = reply.code == 221;
        machine->due |= EDGE_SMTP_DUE_COMMIT;
        return;
    }
    edge_smtp_server_forget(machine);
    if (closes(&reply))
        edge_smtp_server_close(machine, EDGE_SMTP_CLOSE_POLICY);
    edge_smtp_server_answer(machine, reply);
}
