/* The SMTP machine: what the driver calls, and the actions in their order. */
#include "proto/smtp_server_priv.h"

/* No input: nothing to read, but a place to count from. */
static const edge_span_t nothing = EDGE_SPAN("");

/* Actions */

void edge_smtp_server_act(edge_smtp_action_t *action, edge_smtp_action_kind_t kind) {
    memset(action, 0, offsetof(edge_smtp_action_t, parameter_room));
    action->kind = kind;
}

edge_smtp_step_t edge_smtp_server_ask(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_phase_t phase,
                                      edge_span_t argument, edge_reply_t success) {
    EDGE_ASSERT(machine->waits == EDGE_SMTP_WAITS_NOT);
    edge_smtp_server_act(action, EDGE_SMTP_ASK);
    action->phase = phase;
    action->argument = argument;
    action->reply = success;
    action->reply.utf8 = machine->utf8;
    action->verb = machine->verb;
    machine->asked = (uint8_t)phase;
    machine->waits = EDGE_SMTP_WAITS_VERDICT;
    return EDGE_SMTP_STEP_ACT;
}

static void act_ask_banner(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_smtp_server_ask(machine, action, EDGE_PHASE_BANNER, EDGE_NO_SPAN, machine->reply);
}

static void act_drop(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    (void)machine;
    edge_smtp_server_act(action, EDGE_SMTP_BODY_DROP);
}

static void act_reset(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    (void)machine;
    edge_smtp_server_act(action, EDGE_SMTP_RESET);
}

static void act_commit(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    EDGE_ASSERT(machine->body_open && machine->waits == EDGE_SMTP_WAITS_NOT);
    edge_smtp_server_act(action, EDGE_SMTP_COMMIT);
    machine->body_open = false;
    machine->waits = EDGE_SMTP_WAITS_STORED;
}

static void act_reply(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_smtp_server_act(action, EDGE_SMTP_REPLY);
    action->reply = machine->reply;
    action->verb = machine->verb;
    if (machine->hello_due) {
        action->with_keywords = true;
        action->keywords = machine->announced;
        action->mechanisms = machine->mechanisms;
        machine->hello_due = false;
    }
    if (!machine->auth_response) /* a challenge is no answer: the command goes on */
        machine->verb = EDGE_NO_SPAN;
}

static void act_open(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    EDGE_ASSERT(!machine->body_open);
    edge_smtp_server_act(action, EDGE_SMTP_BODY_OPEN);
    machine->body_open = true;
}

static void act_cancel(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    (void)machine;
    edge_smtp_server_act(action, EDGE_SMTP_AUTH_CANCEL);
}

static void act_start_tls(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    EDGE_ASSERT(machine->waits == EDGE_SMTP_WAITS_NOT && machine->input.len == 0);
    edge_smtp_server_act(action, EDGE_SMTP_START_TLS);
    machine->waits = EDGE_SMTP_WAITS_TLS;
}

static void act_ask_identity(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_smtp_server_ask(machine, action, EDGE_PHASE_AUTH, machine->identity, machine->reply);
}

static void act_last(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_smtp_server_act(action, EDGE_SMTP_REPLY);
    action->reply = edge_reply_of((edge_reply_row_t)machine->last_row);
}

static void act_close(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    EDGE_ASSERT(!machine->body_open);
    edge_smtp_server_act(action, EDGE_SMTP_CLOSE);
    action->close_reason = machine->close_reason;
}

/* By bit of `due`. */
static void (*const acts[])(edge_smtp_server_t *, edge_smtp_action_t *) = {
    act_ask_banner, act_drop,      act_reset,        act_cancel, act_commit, act_reply,
    act_open,       act_start_tls, act_ask_identity, act_last,   act_close,
};

static void act_due(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    unsigned bit = (unsigned)__builtin_ctz(machine->due);
    machine->due &= (uint16_t) ~(1u << bit);
    acts[bit](machine, action);
}

/* Decisions */

void edge_smtp_server_eat(edge_smtp_server_t *machine, size_t octets) {
    machine->input = edge_span_after(machine->input, octets);
    machine->eaten += octets;
}

void edge_smtp_server_violated(edge_smtp_server_t *machine, edge_violation_t violation) {
    if (machine->rules->violated)
        machine->rules->violated(machine, violation);
}

void edge_smtp_server_drop_body(edge_smtp_server_t *machine) {
    machine->due &= (uint16_t)~EDGE_SMTP_DUE_OPEN;
    if (machine->body_open)
        machine->due |= EDGE_SMTP_DUE_DROP;
    machine->body_open = false;
}

static void clear_transaction(edge_smtp_server_t *machine) {
    machine->transaction = machine->by_chunks = machine->utf8 = machine->binary = false;
    machine->recipients = 0;
}

void edge_smtp_server_forget(edge_smtp_server_t *machine) {
    edge_smtp_server_drop_body(machine);
    if (machine->transaction)
        machine->due |= EDGE_SMTP_DUE_RESET;
    clear_transaction(machine);
}

void edge_smtp_server_close(edge_smtp_server_t *machine, int reason) {
    if (machine->closing)
        return;
    edge_smtp_server_drop_body(machine);
    machine->closing = true;
    machine->close_reason = (int16_t)reason;
    machine->due |= EDGE_SMTP_DUE_CLOSE;
}

void edge_smtp_server_finish(edge_smtp_server_t *machine, edge_reply_row_t row, int reason) {
    if (machine->closing)
        return;
    bool in_handshake = machine->waits == EDGE_SMTP_WAITS_TLS; /* nothing can be said there */
    machine->waits = EDGE_SMTP_WAITS_NOT;
    machine->due &=
        (uint16_t) ~(EDGE_SMTP_DUE_BANNER | EDGE_SMTP_DUE_COMMIT | EDGE_SMTP_DUE_TLS | EDGE_SMTP_DUE_IDENTITY);
    if (!in_handshake)
        machine->due |= EDGE_SMTP_DUE_LAST;
    machine->last_row = (uint8_t)row;
    edge_smtp_server_close(machine, reason);
}

static bool is_refusal(const edge_reply_t *reply) {
    return edge_reply_class(reply) == 4 || edge_reply_class(reply) == 5;
}

void edge_smtp_server_answer(edge_smtp_server_t *machine, edge_reply_t reply) {
    EDGE_ASSERT(!(machine->due & EDGE_SMTP_DUE_REPLY));
    EDGE_ASSERT(reply.code >= 200 && reply.code <= 599);
    reply.utf8 = machine->utf8;
    machine->reply = reply;
    machine->due |= EDGE_SMTP_DUE_REPLY;
    machine->errors += is_refusal(&reply);
    if (is_refusal(&reply) && machine->rules->max_errors > 0 && machine->errors >= machine->rules->max_errors)
        edge_smtp_server_finish(machine, EDGE_R_TOO_MANY_ERRORS, EDGE_SMTP_CLOSE_TOO_MANY_ERRORS);
    if (edge_reply_class(&reply) != 3)
        edge_smtp_server_answered(machine);
}

void edge_smtp_server_answered(edge_smtp_server_t *machine) {
    if (machine->stop_answered)
        edge_smtp_server_finish(machine, (edge_reply_row_t)machine->stop_row, machine->stop_reason);
}

edge_smtp_step_t edge_smtp_server_answer_row(edge_smtp_server_t *machine, edge_reply_row_t row) {
    edge_smtp_server_answer(machine, edge_reply_of(row));
    return EDGE_SMTP_STEP_ON;
}

/* Start */

static void clear(edge_smtp_server_t *machine, const edge_smtp_rules_t *rules, edge_reply_t reply) {
    memset(machine, 0, sizeof(*machine));
    machine->rules = rules;
    machine->input = nothing;
    machine->reply = reply;
    machine->body_refused = EDGE_SMTP_NOT_REFUSED;
}

void edge_smtp_server_start(edge_smtp_server_t *machine, const edge_smtp_rules_t *rules, edge_reply_t banner) {
    clear(machine, rules, banner);
    machine->due = EDGE_SMTP_DUE_BANNER;
}

void edge_smtp_server_refuse(edge_smtp_server_t *machine, const edge_smtp_rules_t *rules, edge_reply_t reply,
                             int reason) {
    clear(machine, rules, reply);
    machine->due = EDGE_SMTP_DUE_REPLY;
    edge_smtp_server_close(machine, reason);
}

void edge_smtp_server_offer(edge_smtp_server_t *machine, edge_span_t mechanisms) { machine->mechanisms = mechanisms; }

void edge_smtp_server_begins_with_tls(edge_smtp_server_t *machine) { machine->secure = true; }

void edge_smtp_server_use(edge_smtp_server_t *machine, const edge_smtp_rules_t *rules) { machine->rules = rules; }

/* Input */

void edge_smtp_server_input(edge_smtp_server_t *machine, edge_span_t bytes) {
    machine->input = bytes.len > 0 ? bytes : nothing;
    machine->eaten = 0;
    machine->progressed = false;
}

size_t edge_smtp_server_eaten(edge_smtp_server_t *machine) {
    size_t eaten = machine->eaten;
    machine->input = nothing;
    machine->eaten = 0;
    return eaten;
}

static edge_smtp_step_t (*const readers[])(edge_smtp_server_t *, edge_smtp_action_t *) = {
    [EDGE_SMTP_READS_COMMAND] = edge_smtp_server_read_command,
    [EDGE_SMTP_READS_LONG_LINE] = edge_smtp_server_read_long_line,
    [EDGE_SMTP_READS_DATA] = edge_smtp_server_read_data,
    [EDGE_SMTP_READS_CHUNK] = edge_smtp_server_read_chunk,
    [EDGE_SMTP_READS_REFUSED_CHUNK] = edge_smtp_server_read_refused_chunk,
};

/* The machine needs what will not come any more. */
static void end_of_input(edge_smtp_server_t *machine) {
    bool in_message = machine->body_open || edge_smtp_server_in_data(machine);
    edge_smtp_server_close(machine, in_message ? EDGE_SMTP_CLOSE_PEER_CLOSED_IN_DATA : EDGE_SMTP_CLOSE_PEER_CLOSED);
}

bool edge_smtp_server_next(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    for (;;) {
        if (machine->due) {
            act_due(machine, action);
            return true;
        }
        if (machine->closing || machine->waits != EDGE_SMTP_WAITS_NOT)
            return false;
        edge_smtp_step_t step = readers[machine->reading](machine, action);
        if (step == EDGE_SMTP_STEP_ACT)
            return true;
        if (step == EDGE_SMTP_STEP_HUNGRY && !machine->peer_gone)
            return false;
        if (step == EDGE_SMTP_STEP_HUNGRY)
            end_of_input(machine);
    }
}

/* Answers */

void edge_smtp_server_verdict(edge_smtp_server_t *machine, edge_reply_t reply) {
    if (machine->closing)
        return;
    EDGE_ASSERT(machine->waits == EDGE_SMTP_WAITS_VERDICT);
    machine->waits = EDGE_SMTP_WAITS_NOT;
    edge_smtp_server_settle(machine, reply);
}

void edge_smtp_server_stored(edge_smtp_server_t *machine, edge_reply_t reply) {
    if (machine->closing)
        return;
    EDGE_ASSERT(machine->waits == EDGE_SMTP_WAITS_STORED && edge_reply_class(&reply) != 3);
    machine->waits = EDGE_SMTP_WAITS_NOT;
    if (reply.code == 421 || machine->close_stored)
        edge_smtp_server_close(machine, EDGE_SMTP_CLOSE_POLICY);
    edge_smtp_server_answer(machine, reply);
    clear_transaction(machine);
    if (machine->put_off)
        edge_smtp_server_finish(machine, (edge_reply_row_t)machine->last_row, machine->close_reason);
}

/* Events */

/* While the queue has the message its answer comes first: the client must learn it, or it sends the message again. */
static void finish_or_put_off(edge_smtp_server_t *machine, edge_reply_row_t row, int reason) {
    if (machine->waits != EDGE_SMTP_WAITS_STORED || machine->closing) {
        edge_smtp_server_finish(machine, row, reason);
    } else if (!machine->put_off) {
        machine->put_off = true;
        machine->last_row = (uint8_t)row;
        machine->close_reason = (int16_t)reason;
    }
}

void edge_smtp_server_timeout(edge_smtp_server_t *machine, int close_reason) {
    finish_or_put_off(machine, EDGE_R_TIMED_OUT, close_reason);
}

void edge_smtp_server_peer_closed(edge_smtp_server_t *machine) { machine->peer_gone = true; }

/* Somebody else's turn than the client's, or the middle of a message. */
static bool is_answering(const edge_smtp_server_t *machine) {
    return machine->due != 0 || (machine->waits != EDGE_SMTP_WAITS_NOT && machine->waits != EDGE_SMTP_WAITS_TLS) ||
           edge_smtp_server_in_data(machine) || machine->reading == EDGE_SMTP_READS_REFUSED_CHUNK;
}

void edge_smtp_server_stop(edge_smtp_server_t *machine, edge_smtp_stop_t when, edge_reply_row_t row, int close_reason) {
    machine->stop_row = (uint8_t)row;
    machine->stop_reason = (int16_t)close_reason;
    machine->stopping = true;
    if (when == EDGE_SMTP_STOP_ANSWERED && is_answering(machine))
        machine->stop_answered = true;
    else if (when != EDGE_SMTP_STOP_SOON)
        finish_or_put_off(machine, row, close_reason);
}

void edge_smtp_server_fail(edge_smtp_server_t *machine) {
    edge_smtp_server_finish(machine, EDGE_R_UNHANDLED, EDGE_SMTP_CLOSE_INTERNAL);
}

/* Looks */

edge_smtp_waiting_t edge_smtp_server_waits(const edge_smtp_server_t *machine) {
    return (edge_smtp_waiting_t)machine->waits;
}

bool edge_smtp_server_in_data(const edge_smtp_server_t *machine) {
    return machine->reading == EDGE_SMTP_READS_DATA || machine->reading == EDGE_SMTP_READS_CHUNK;
}

bool edge_smtp_server_in_transaction(const edge_smtp_server_t *machine) { return machine->transaction; }

bool edge_smtp_server_closing(const edge_smtp_server_t *machine) { return machine->closing; }

bool edge_smtp_server_progressed(const edge_smtp_server_t *machine) { return machine->progressed; }

bool edge_smtp_server_greeted_with_ehlo(const edge_smtp_server_t *machine) {
    return machine->greeted == EDGE_SMTP_GREETED_EHLO;
}
