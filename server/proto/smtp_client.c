/* The client's machine: what is said in each state, and what each answer leads to. */
#include "edge_codec.h"
#include "edge_obj.h"
#include "proto/smtp_client_priv.h"

#define GROUP_MOST 100u /* commands on their way: their answers must fit into what the network holds */

enum mark { OPEN, ACCEPTED, RESULTED, UNSAID }; /* UNSAID: no command could be made of it; it has its RESULT too */

static unsigned count_of(const edge_smtp_client_t *machine) { return machine->message->count; }

static void enter(edge_smtp_client_t *machine, uint8_t state) {
    machine->state = state;
    machine->said = machine->heard = 0;
    if (state == EDGE_SMTP_CLIENT_IDLE)
        machine->message = NULL;
}

static edge_reply_t own_reply(unsigned code, unsigned subject, unsigned detail, const char *text) {
    return (edge_reply_t){.code = (uint16_t)code,
                          .subject = (uint16_t)subject,
                          .detail = (uint16_t)detail,
                          .literal = true,
                          .text = edge_span_of(text)};
}

/* The connection is of no use. */
static void fail(edge_smtp_client_t *machine, edge_reply_t reply, bool own) {
    machine->reply = reply;
    machine->own = own;
    enter(machine, EDGE_SMTP_CLIENT_CLOSED);
}

/* Results */

static edge_relay_outcome_t outcome_of(const edge_reply_t *reply) {
    unsigned class = edge_reply_class(reply);
    return class == 2 ? EDGE_RELAY_DONE : class == 5 ? EDGE_RELAY_FAILED : EDGE_RELAY_DEFERRED;
}

/* For the recipients from `from` to `to` that have none; then `after`. */
static void result(edge_smtp_client_t *machine, unsigned from, unsigned to, edge_reply_t reply, bool own,
                   uint8_t after) {
    machine->resulting = true;
    machine->cursor = from;
    machine->end = to;
    machine->reply = reply;
    machine->own = own;
    machine->outcome = outcome_of(&reply);
    machine->blame = reply.code == 421 ? EDGE_RELAY_HOST : EDGE_RELAY_MESSAGE;
    machine->after = after;
}

static void result_all(edge_smtp_client_t *machine, edge_reply_t reply, bool own, uint8_t after) {
    result(machine, 0, count_of(machine), reply, own, after);
}

/* False: all are out. */
static bool give_result(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    uint8_t *marks = machine->message->marks;
    while (machine->cursor < machine->end && marks[machine->cursor] >= RESULTED)
        machine->cursor++;
    if (machine->cursor == machine->end) {
        machine->resulting = false;
        if (machine->after != machine->state)
            enter(machine, machine->after);
        return false;
    }
    if (marks[machine->cursor] == ACCEPTED)
        machine->accepted--;
    marks[machine->cursor] = RESULTED;
    action->kind = EDGE_SMTP_CLIENT_RESULT;
    action->index = machine->cursor++;
    action->outcome = machine->outcome;
    action->blame = machine->blame;
    action->reply = machine->reply;
    action->own = machine->own;
    action->without_dsn = !(machine->offered & EDGE_X_BIT(DSN));
    return true;
}

/* What is behind this answer nobody knows. */
static void lose(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (machine->state < EDGE_SMTP_CLIENT_ENVELOPE || machine->state > EDGE_SMTP_CLIENT_END) {
        machine->goodbye = machine->state == EDGE_SMTP_CLIENT_QUIT;
        fail(machine, reply, true);
    } else if (!machine->answered) {
        fail(machine, reply, true);
    } else {
        result_all(machine, reply, true, EDGE_SMTP_CLIENT_CLOSED);
        machine->blame = EDGE_RELAY_HOST;
    }
}

static void confused(edge_smtp_client_t *machine) {
    machine->answered = true;
    lose(machine, own_reply(451, 5, 0, "its answer is none of SMTP"));
}

void edge_smtp_client_lost(edge_smtp_client_t *machine, edge_span_t why) {
    if (machine->state == EDGE_SMTP_CLIENT_CLOSED)
        return;
    if (machine->resulting) {
        machine->after = EDGE_SMTP_CLIENT_CLOSED;
        return;
    }
    edge_reply_t reply = own_reply(451, 4, 2, "");
    reply.text = why;
    lose(machine, reply);
}

/* Before a message */

/* The strongest that both sides know; what fails is not tried again by a weaker one. */
static void authenticate(edge_smtp_client_t *machine) {
    const edge_smtp_client_rules_t *rules = machine->rules;
    uint8_t scram = EDGE_SMTP_CLIENT_SCRAM | (rules->binding.len > 0 ? EDGE_SMTP_CLIENT_SCRAM_PLUS : 0);
    if (rules->nonce.len > 0 && (machine->mechanisms & scram))
        enter(machine, EDGE_SMTP_CLIENT_AUTH_SCRAM);
    else if (!machine->secured && !machine->rules->clear_password)
        fail(machine, own_reply(451, 7, 0, "the password is not said without TLS, and the server offers none"), true);
    else if (machine->mechanisms & EDGE_SMTP_CLIENT_PLAIN)
        enter(machine, EDGE_SMTP_CLIENT_AUTH_PLAIN);
    else if (machine->mechanisms & EDGE_SMTP_CLIENT_LOGIN)
        enter(machine, EDGE_SMTP_CLIENT_AUTH_LOGIN);
    else
        fail(machine, own_reply(451, 7, 0, "the server offers no AUTH of SCRAM-SHA-256, PLAIN or LOGIN"), true);
}

static void greeted(edge_smtp_client_t *machine) {
    const edge_smtp_client_rules_t *rules = machine->rules;
    if (rules->tls != EDGE_SMTP_CLIENT_TLS_NEVER && !machine->secured && (machine->offered & EDGE_X_BIT(STARTTLS)))
        enter(machine, EDGE_SMTP_CLIENT_STARTTLS);
    else if (rules->tls == EDGE_SMTP_CLIENT_TLS_MUST && !machine->secured)
        fail(machine, own_reply(451, 7, 10, "TLS is required, and the server does not offer it"), true);
    else if (rules->user.len > 0 && !machine->authed)
        authenticate(machine);
    else
        enter(machine, EDGE_SMTP_CLIENT_IDLE);
}

static void hear_greeting(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (edge_reply_class(&reply) == 2)
        enter(machine, EDGE_SMTP_CLIENT_EHLO);
    else
        fail(machine, reply, false);
}

static bool may_do_without_extensions(const edge_smtp_client_rules_t *rules) {
    return !rules->lmtp && rules->tls != EDGE_SMTP_CLIENT_TLS_MUST && rules->user.len == 0;
}

static void hear_ehlo(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (edge_reply_class(&reply) == 2)
        greeted(machine);
    else if (edge_reply_class(&reply) == 5 && may_do_without_extensions(machine->rules))
        enter(machine, EDGE_SMTP_CLIENT_HELO);
    else
        fail(machine, reply, false);
}

static void hear_helo(edge_smtp_client_t *machine, edge_reply_t reply) {
    machine->offered = 0;
    if (edge_reply_class(&reply) == 2)
        enter(machine, EDGE_SMTP_CLIENT_IDLE);
    else
        fail(machine, reply, false);
}

static void hear_starttls(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (reply.code == 220 && machine->input.len > 0) {
        lose(machine, own_reply(451, 7, 0, "something stood in clear text behind its answer to STARTTLS"));
    } else if (reply.code == 220) {
        enter(machine, EDGE_SMTP_CLIENT_TLS);
    } else if (machine->rules->tls == EDGE_SMTP_CLIENT_TLS_MUST || reply.code == 421) {
        fail(machine, reply, false);
    } else {
        machine->offered &= ~EDGE_X_BIT(STARTTLS);
        greeted(machine);
    }
}

static void hear_auth(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (reply.code == 334 && machine->state == EDGE_SMTP_CLIENT_AUTH_LOGIN) {
        enter(machine, EDGE_SMTP_CLIENT_AUTH_USER);
    } else if (reply.code == 334 && machine->state == EDGE_SMTP_CLIENT_AUTH_USER) {
        enter(machine, EDGE_SMTP_CLIENT_AUTH_PASSWORD);
    } else if (edge_reply_class(&reply) == 2 && machine->state != EDGE_SMTP_CLIENT_AUTH_LOGIN &&
               machine->state != EDGE_SMTP_CLIENT_AUTH_USER) {
        machine->authed = true;
        greeted(machine);
    } else if (edge_reply_class(&reply) >= 4) {
        fail(machine, reply, false);
    } else {
        confused(machine);
    }
}

/* SCRAM */

static edge_reply_t no_proof(const char *why) { return own_reply(451, 7, 0, why); }

/* What stands behind 334. */
static bool decode(const edge_reply_t *reply, char *out, size_t size, edge_span_t *text) {
    size_t len;
    if (reply->text.len / 4 * 3 > size || !edge_base64_decode(reply->text, out, size, &len))
        return false;
    *text = edge_span(out, len);
    return true;
}

static void hear_challenge(edge_smtp_client_t *machine, const edge_reply_t *reply) {
    char room[EDGE_SMTP_ANSWER_TEXT_MOST];
    edge_span_t text;
    if (decode(reply, room, sizeof(room), &text) &&
        edge_scram_client_hear(&machine->scram, text, machine->rules->binding))
        enter(machine, EDGE_SMTP_CLIENT_AUTH_PROVE);
    else
        fail(machine, no_proof("the server's part of SCRAM is none"), true);
}

static void hear_signature(edge_smtp_client_t *machine, const edge_reply_t *reply) {
    char room[EDGE_SMTP_ANSWER_TEXT_MOST];
    edge_span_t text;
    if (decode(reply, room, sizeof(room), &text) && edge_scram_client_is_proven(text, machine->signature))
        enter(machine, EDGE_SMTP_CLIENT_AUTH_PROVEN);
    else
        fail(machine, no_proof("the server does not prove that it knows the password"), true);
}

static void hear_scram(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (edge_reply_class(&reply) >= 4) {
        fail(machine, reply, false);
    } else if (reply.code == 334 && machine->state == EDGE_SMTP_CLIENT_AUTH_SCRAM) {
        hear_challenge(machine, &reply);
    } else if (reply.code == 334 && machine->state == EDGE_SMTP_CLIENT_AUTH_PROOF) {
        hear_signature(machine, &reply);
    } else if (edge_reply_class(&reply) == 2 && machine->state == EDGE_SMTP_CLIENT_AUTH_PROVEN) {
        machine->authed = true;
        greeted(machine);
    } else {
        fail(machine, no_proof("the server does not prove that it knows the password"), true);
    }
}

static void hear_unasked(edge_smtp_client_t *machine, edge_reply_t reply) { fail(machine, reply, false); }

/* A message */

typedef struct lack {
    uint32_t need, offer; /* no offer: TLS that is verified */
    uint16_t code, subject, detail;
    const char *text;
} lack_t;

static const lack_t lacks[] = {
    {EDGE_CARRIES_SMTPUTF8, EDGE_X_BIT(SMTPUTF8), 553, 6, 7, "the next hop does not know of SMTPUTF8"},
    {EDGE_CARRIES_REQUIRETLS, 0, 550, 7, 10,
     "the message asks for TLS on its whole way (REQUIRETLS), and the next hop proves by no certificate who it is"},
    {EDGE_CARRIES_REQUIRETLS, EDGE_X_BIT(REQUIRETLS), 550, 7, 30, "the next hop does not know of REQUIRETLS"},
    {EDGE_CARRIES_BINARYMIME, EDGE_X_BIT(BINARYMIME) | EDGE_X_BIT(CHUNKING), 554, 6, 3,
     "the next hop takes no binary content"},
    {EDGE_CARRIES_8BITMIME, EDGE_X_BIT(8BITMIME), 554, 6, 3, "the next hop takes no 8-bit content"},
};

static bool is_lacking(const edge_smtp_client_t *machine, const lack_t *lack) {
    if (lack->offer == 0)
        return !machine->secured || !machine->rules->verified;
    return (machine->offered & lack->offer) != lack->offer;
}

uint32_t edge_smtp_client_lacks(const edge_smtp_client_t *machine, uint32_t needs) {
    uint32_t lacking = 0;
    for (unsigned i = 0; i < EDGE_COUNT(lacks); i++)
        if ((needs & lacks[i].need) && is_lacking(machine, &lacks[i]))
            lacking |= lacks[i].need;
    return lacking;
}

/* What the next hop cannot take is not tried. */
static void refuse_unsuitable(edge_smtp_client_t *machine) {
    const edge_smtp_client_message_t *message = machine->message;
    if (message->size != UINT64_MAX && machine->size_most > 0 && message->size > machine->size_most) {
        result_all(machine, own_reply(552, 3, 4, "the message is larger than the next hop takes"), true,
                   EDGE_SMTP_CLIENT_IDLE);
        return;
    }
    for (unsigned i = 0; i < EDGE_COUNT(lacks); i++) {
        if (!(message->needs & lacks[i].need) || !is_lacking(machine, &lacks[i]))
            continue;
        edge_reply_t reply = own_reply(lacks[i].code, lacks[i].subject, lacks[i].detail, lacks[i].text);
        if (message->unfit.len > 0 && (lacks[i].need & (EDGE_CARRIES_8BITMIME | EDGE_CARRIES_BINARYMIME)))
            reply.text = message->unfit;
        result_all(machine, reply, true, EDGE_SMTP_CLIENT_IDLE);
        return;
    }
}

void edge_smtp_client_send(edge_smtp_client_t *machine, const edge_smtp_client_message_t *message) {
    EDGE_ASSERT(machine->state == EDGE_SMTP_CLIENT_IDLE && machine->said == 1 && !machine->resulting);
    EDGE_ASSERT(message->count > 0);
    machine->message = message;
    machine->accepted = 0;
    machine->answered = machine->mail_refused = false;
    machine->chunked = (machine->offered & EDGE_X_BIT(CHUNKING)) && message->size != UINT64_MAX && !message->ask_only;
    memset(message->marks, OPEN, message->count);
    enter(machine, EDGE_SMTP_CLIENT_ENVELOPE);
    refuse_unsuitable(machine);
}

static void hear_mail(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (edge_reply_class(&reply) == 2)
        return;
    machine->mail_refused = true;
    if (machine->message->ask_only) /* no word on the recipients */
        reply = own_reply(451, 1, 0, "the next hop does not take the sender of a question");
    result_all(machine, reply, machine->message->ask_only, EDGE_SMTP_CLIENT_ENVELOPE);
}

static void hear_rcpt(edge_smtp_client_t *machine, unsigned index, edge_reply_t reply) {
    if (machine->message->marks[index] >= RESULTED)
        return;
    if (edge_reply_class(&reply) != 2 && machine->message->all_or_none) {
        result_all(machine, reply, false, EDGE_SMTP_CLIENT_ENVELOPE);
        return;
    }
    if (edge_reply_class(&reply) != 2 || machine->message->ask_only) {
        result(machine, index, index + 1, reply, false, EDGE_SMTP_CLIENT_ENVELOPE);
        return;
    }
    machine->message->marks[index] = ACCEPTED;
    machine->accepted++;
}

static void hear_data(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (reply.code == 354)
        enter(machine, machine->accepted > 0 ? EDGE_SMTP_CLIENT_STREAM : EDGE_SMTP_CLIENT_EMPTY);
    else if (edge_reply_class(&reply) >= 4)
        result_all(machine, reply, false, EDGE_SMTP_CLIENT_ENVELOPE);
    else
        confused(machine);
}

/* The command at the front has its answer; those that could not be said have none. */
static unsigned take_heard(edge_smtp_client_t *machine) {
    unsigned heard = machine->heard++;
    while (machine->heard < machine->said && machine->heard <= count_of(machine) &&
           machine->message->marks[machine->heard - 1] == UNSAID)
        machine->heard++;
    return heard;
}

static void hear_envelope(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (machine->heard == machine->said) { /* nothing was asked */
        confused(machine);
        return;
    }
    unsigned heard = take_heard(machine);
    machine->answered = true;
    if (reply.code == 421)
        result_all(machine, reply, false, EDGE_SMTP_CLIENT_CLOSED);
    else if (edge_reply_class(&reply) == 3 && heard <= count_of(machine))
        confused(machine);
    else if (heard == 0)
        hear_mail(machine, reply);
    else if (heard <= count_of(machine))
        hear_rcpt(machine, heard - 1, reply);
    else
        hear_data(machine, reply);
}

/* The server gives up before it has the whole message: what follows would be read as commands. */
static void hear_too_early(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (edge_reply_class(&reply) >= 4)
        result_all(machine, reply, false, EDGE_SMTP_CLIENT_CLOSED);
    else
        confused(machine);
}

static void hear_end(edge_smtp_client_t *machine, edge_reply_t reply) {
    uint8_t after = reply.code == 421 ? EDGE_SMTP_CLIENT_CLOSED : EDGE_SMTP_CLIENT_IDLE;
    unsigned index = 0;
    if (edge_reply_class(&reply) == 3) {
        confused(machine);
        return;
    }
    if (!machine->rules->lmtp || reply.code == 421) {
        result_all(machine, reply, false, after);
        return;
    }
    while (machine->message->marks[index] != ACCEPTED)
        index++;
    result(machine, index, index + 1, reply, false, machine->accepted > 1 ? EDGE_SMTP_CLIENT_END : after);
}

static void hear_rset(edge_smtp_client_t *machine, edge_reply_t reply) {
    if (edge_reply_class(&reply) == 2 || (machine->state == EDGE_SMTP_CLIENT_EMPTY && reply.code != 421))
        enter(machine, EDGE_SMTP_CLIENT_IDLE);
    else
        fail(machine, reply, false);
}

static void hear_bye(edge_smtp_client_t *machine, edge_reply_t reply) {
    machine->goodbye = true;
    fail(machine, reply, false);
}

static void (*const hear_in[EDGE_SMTP_CLIENT_STATES])(edge_smtp_client_t *, edge_reply_t) = {
    [EDGE_SMTP_CLIENT_GREETING] = hear_greeting, [EDGE_SMTP_CLIENT_EHLO] = hear_ehlo,
    [EDGE_SMTP_CLIENT_HELO] = hear_helo,         [EDGE_SMTP_CLIENT_STARTTLS] = hear_starttls,
    [EDGE_SMTP_CLIENT_AUTH_PLAIN] = hear_auth,   [EDGE_SMTP_CLIENT_AUTH_LOGIN] = hear_auth,
    [EDGE_SMTP_CLIENT_AUTH_USER] = hear_auth,    [EDGE_SMTP_CLIENT_AUTH_PASSWORD] = hear_auth,
    [EDGE_SMTP_CLIENT_AUTH_SCRAM] = hear_scram,  [EDGE_SMTP_CLIENT_AUTH_PROVE] = hear_unasked,
    [EDGE_SMTP_CLIENT_AUTH_PROOF] = hear_scram,  [EDGE_SMTP_CLIENT_AUTH_PROVEN] = hear_scram,
    [EDGE_SMTP_CLIENT_IDLE] = hear_unasked,      [EDGE_SMTP_CLIENT_ENVELOPE] = hear_envelope,
    [EDGE_SMTP_CLIENT_BDAT] = hear_too_early,    [EDGE_SMTP_CLIENT_STREAM] = hear_too_early,
    [EDGE_SMTP_CLIENT_END] = hear_end,           [EDGE_SMTP_CLIENT_EMPTY] = hear_rset,
    [EDGE_SMTP_CLIENT_RSET] = hear_rset,         [EDGE_SMTP_CLIENT_QUIT] = hear_bye,
};

/* False: more input is needed. */
static bool hear(edge_smtp_client_t *machine) {
    edge_span_t line, before = machine->input;
    if (machine->state == EDGE_SMTP_CLIENT_CLOSED || machine->state == EDGE_SMTP_CLIENT_TLS)
        return false;
    bool first = machine->answer.lines == 0;
    edge_smtp_answer_result_t got = edge_smtp_answer_next(&machine->answer, &machine->input, &line);
    machine->eaten += before.len - machine->input.len;
    if (got == EDGE_SMTP_ANSWER_MORE)
        return false;
    if (got == EDGE_SMTP_ANSWER_GARBAGE) {
        confused(machine);
        return true;
    }
    if (machine->state == EDGE_SMTP_CLIENT_EHLO && !first)
        edge_smtp_client_offer(machine, line);
    if (got == EDGE_SMTP_ANSWER_WHOLE) {
        machine->answers++;
        hear_in[machine->state](machine, edge_smtp_answer_reply(&machine->answer));
    }
    return true;
}

/* Saying */

typedef enum step { STEP_ACT, STEP_AGAIN, STEP_WAIT } step_t;

static step_t write_line(edge_smtp_client_t *machine, edge_smtp_client_action_t *action, edge_span_t bytes) {
    machine->said++;
    if (!bytes.at) {
        fail(machine, own_reply(451, 5, 0, "what is to be said has characters that no command may hold"), true);
        return STEP_AGAIN;
    }
    action->kind = EDGE_SMTP_CLIENT_WRITE;
    action->bytes = bytes;
    return STEP_ACT;
}

static step_t say_hello(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    machine->offered = 0;
    machine->size_most = 0;
    machine->mechanisms = 0;
    const char *verb = machine->state == EDGE_SMTP_CLIENT_HELO ? "HELO" : machine->rules->lmtp ? "LHLO" : "EHLO";
    return write_line(machine, action, edge_smtp_client_word(action, verb, machine->rules->hello));
}

static step_t say_word(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    static const char *const words[EDGE_SMTP_CLIENT_STATES] = {
        [EDGE_SMTP_CLIENT_STARTTLS] = "STARTTLS", [EDGE_SMTP_CLIENT_AUTH_LOGIN] = "AUTH LOGIN",
        [EDGE_SMTP_CLIENT_EMPTY] = ".",           [EDGE_SMTP_CLIENT_RSET] = "RSET",
        [EDGE_SMTP_CLIENT_QUIT] = "QUIT",         [EDGE_SMTP_CLIENT_AUTH_PROVEN] = "",
    };
    return write_line(machine, action, edge_smtp_client_word(action, words[machine->state], EDGE_NO_SPAN));
}

static step_t say_plain(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    return write_line(machine, action, edge_smtp_client_plain(machine, action));
}

static step_t say_secret(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    bool user = machine->state == EDGE_SMTP_CLIENT_AUTH_USER;
    return write_line(machine, action,
                      edge_smtp_client_base64(action, user ? machine->rules->user : machine->rules->password));
}

static step_t say_scram(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    return write_line(machine, action, edge_smtp_client_scram(machine, action));
}

static step_t say_proof(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    return write_line(machine, action, edge_smtp_client_proof(machine, action));
}

static step_t say_kind(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    machine->said++;
    action->kind = machine->state == EDGE_SMTP_CLIENT_TLS          ? EDGE_SMTP_CLIENT_START_TLS
                   : machine->state == EDGE_SMTP_CLIENT_AUTH_PROVE ? EDGE_SMTP_CLIENT_PROVE
                   : machine->state == EDGE_SMTP_CLIENT_IDLE       ? EDGE_SMTP_CLIENT_READY
                                                                   : EDGE_SMTP_CLIENT_BODY;
    action->scram = &machine->scram;
    action->stuffed = !machine->chunked;
    return STEP_ACT;
}

static step_t say_closed(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    machine->said++;
    action->kind = EDGE_SMTP_CLIENT_CLOSE;
    action->reply = machine->reply;
    action->own = machine->own;
    action->goodbye = machine->goodbye;
    action->unheard = !machine->message || !machine->answered;
    return STEP_ACT;
}

/* Nothing of the group is left to say or hear: no recipient is left, or the bytes follow. */
static step_t conclude(edge_smtp_client_t *machine) {
    enter(machine, machine->mail_refused    ? EDGE_SMTP_CLIENT_IDLE
                   : machine->accepted == 0 ? EDGE_SMTP_CLIENT_RSET
                                            : EDGE_SMTP_CLIENT_BDAT);
    return STEP_AGAIN;
}

static bool may_say(const edge_smtp_client_t *machine) {
    unsigned open = machine->said - machine->heard;
    if (machine->mail_refused || open >= GROUP_MOST)
        return false;
    if (machine->message->all_or_none && machine->said > count_of(machine))
        return open == 0 && machine->accepted > 0; /* DATA, when all have been accepted */
    if (machine->offered & EDGE_X_BIT(PIPELINING))
        return machine->said <= count_of(machine) || machine->accepted > 0 || open > 0;
    return open == 0 && (machine->said <= count_of(machine) || machine->accepted > 0);
}

/* A recipient that cannot be said is refused here. */
static step_t say_rcpt(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    unsigned index = machine->said - 1;
    edge_span_t bytes = edge_smtp_client_rcpt(machine, action, index);
    if (bytes.at)
        return write_line(machine, action, bytes);
    if (machine->heard == machine->said)
        machine->heard++;
    machine->said++;
    machine->message->marks[index] = UNSAID;
    action->kind = EDGE_SMTP_CLIENT_RESULT;
    action->index = index;
    action->outcome = EDGE_RELAY_FAILED;
    action->reply = own_reply(553, 1, 3, "the address cannot be said in a command");
    action->own = true;
    return STEP_ACT;
}

static step_t say_envelope(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    unsigned all = 1 + count_of(machine) + (machine->chunked || machine->message->ask_only ? 0 : 1);
    if (machine->said < all && may_say(machine)) {
        if (machine->said == 0)
            return write_line(machine, action, edge_smtp_client_mail(machine, action));
        if (machine->said <= count_of(machine))
            return say_rcpt(machine, action);
        return write_line(machine, action, edge_smtp_client_word(action, "DATA", EDGE_NO_SPAN));
    }
    return machine->heard == machine->said ? conclude(machine) : STEP_WAIT;
}

static step_t say_bdat(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    edge_span_t bytes = edge_smtp_client_bdat(machine, action);
    enter(machine, EDGE_SMTP_CLIENT_STREAM);
    action->kind = EDGE_SMTP_CLIENT_WRITE;
    action->bytes = bytes;
    return STEP_ACT;
}

static step_t say_nothing(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    (void)machine, (void)action;
    return STEP_WAIT;
}

static step_t (*const say_in[EDGE_SMTP_CLIENT_STATES])(edge_smtp_client_t *, edge_smtp_client_action_t *) = {
    [EDGE_SMTP_CLIENT_GREETING] = say_nothing,
    [EDGE_SMTP_CLIENT_EHLO] = say_hello,
    [EDGE_SMTP_CLIENT_HELO] = say_hello,
    [EDGE_SMTP_CLIENT_STARTTLS] = say_word,
    [EDGE_SMTP_CLIENT_TLS] = say_kind,
    [EDGE_SMTP_CLIENT_AUTH_PLAIN] = say_plain,
    [EDGE_SMTP_CLIENT_AUTH_LOGIN] = say_word,
    [EDGE_SMTP_CLIENT_AUTH_USER] = say_secret,
    [EDGE_SMTP_CLIENT_AUTH_PASSWORD] = say_secret,
    [EDGE_SMTP_CLIENT_AUTH_SCRAM] = say_scram,
    [EDGE_SMTP_CLIENT_AUTH_PROVE] = say_kind,
    [EDGE_SMTP_CLIENT_AUTH_PROOF] = say_proof,
    [EDGE_SMTP_CLIENT_AUTH_PROVEN] = say_word,
    [EDGE_SMTP_CLIENT_IDLE] = say_kind,
    [EDGE_SMTP_CLIENT_ENVELOPE] = say_envelope,
    [EDGE_SMTP_CLIENT_BDAT] = say_bdat,
    [EDGE_SMTP_CLIENT_STREAM] = say_kind,
    [EDGE_SMTP_CLIENT_END] = say_nothing,
    [EDGE_SMTP_CLIENT_EMPTY] = say_word,
    [EDGE_SMTP_CLIENT_RSET] = say_word,
    [EDGE_SMTP_CLIENT_QUIT] = say_word,
    [EDGE_SMTP_CLIENT_CLOSED] = say_closed,
};

static step_t say(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    if (machine->state != EDGE_SMTP_CLIENT_ENVELOPE && machine->said > 0)
        return STEP_WAIT;
    return say_in[machine->state](machine, action);
}

/* The driver's calls */

void edge_smtp_client_start(edge_smtp_client_t *machine, const edge_smtp_client_rules_t *rules) {
    memset(machine, 0, sizeof(*machine));
    machine->rules = rules;
    machine->secured = rules->secure;
    machine->input = edge_span_of("");
}

void edge_smtp_client_input(edge_smtp_client_t *machine, edge_span_t bytes) {
    machine->input = bytes;
    machine->eaten = 0;
}

bool edge_smtp_client_next(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    memset(action, 0, offsetof(edge_smtp_client_action_t, room));
    for (;;) {
        if (machine->resulting) {
            if (give_result(machine, action))
                return true;
            continue;
        }
        step_t step = say(machine, action);
        if (step == STEP_ACT)
            return true;
        if (step == STEP_WAIT && !hear(machine))
            return false;
    }
}

size_t edge_smtp_client_eaten(edge_smtp_client_t *machine) {
    size_t eaten = machine->eaten;
    machine->input = edge_span_of("");
    machine->eaten = 0;
    return eaten;
}

void edge_smtp_client_sent(edge_smtp_client_t *machine) {
    if (machine->state == EDGE_SMTP_CLIENT_STREAM && machine->said == 1 && !machine->resulting)
        enter(machine, EDGE_SMTP_CLIENT_END);
}

void edge_smtp_client_secured(edge_smtp_client_t *machine) {
    EDGE_ASSERT(machine->state == EDGE_SMTP_CLIENT_TLS && machine->said == 1);
    machine->secured = true;
    enter(machine, EDGE_SMTP_CLIENT_EHLO);
}

void edge_smtp_client_proved(edge_smtp_client_t *machine, const uint8_t proof[EDGE_SCRAM_KEY_SIZE],
                             const uint8_t signature[EDGE_SCRAM_KEY_SIZE]) {
    if (machine->state != EDGE_SMTP_CLIENT_AUTH_PROVE)
        return; /* the server has gone meanwhile */
    memcpy(machine->proof, proof, sizeof(machine->proof));
    memcpy(machine->signature, signature, sizeof(machine->signature));
    enter(machine, EDGE_SMTP_CLIENT_AUTH_PROOF);
}

void edge_smtp_client_quit(edge_smtp_client_t *machine) {
    EDGE_ASSERT(machine->state == EDGE_SMTP_CLIENT_IDLE && machine->said == 1);
    enter(machine, EDGE_SMTP_CLIENT_QUIT);
}

unsigned edge_smtp_client_answers(const edge_smtp_client_t *machine) { return machine->answers; }

edge_smtp_client_wait_t edge_smtp_client_waits(const edge_smtp_client_t *machine) {
    static const uint8_t waits[EDGE_SMTP_CLIENT_STATES] = {
        [EDGE_SMTP_CLIENT_GREETING] = EDGE_SMTP_CLIENT_WAITS_GREETING,
        [EDGE_SMTP_CLIENT_EHLO] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_HELO] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_STARTTLS] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_TLS] = EDGE_SMTP_CLIENT_WAITS_TLS,
        [EDGE_SMTP_CLIENT_AUTH_PLAIN] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_AUTH_LOGIN] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_AUTH_USER] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_AUTH_PASSWORD] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_AUTH_SCRAM] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_AUTH_PROVE] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_AUTH_PROOF] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_AUTH_PROVEN] = EDGE_SMTP_CLIENT_WAITS_HELLO,
        [EDGE_SMTP_CLIENT_IDLE] = EDGE_SMTP_CLIENT_WAITS_NOTHING,
        [EDGE_SMTP_CLIENT_ENVELOPE] = EDGE_SMTP_CLIENT_WAITS_COMMAND,
        [EDGE_SMTP_CLIENT_BDAT] = EDGE_SMTP_CLIENT_WAITS_BODY,
        [EDGE_SMTP_CLIENT_STREAM] = EDGE_SMTP_CLIENT_WAITS_BODY,
        [EDGE_SMTP_CLIENT_END] = EDGE_SMTP_CLIENT_WAITS_END,
        [EDGE_SMTP_CLIENT_EMPTY] = EDGE_SMTP_CLIENT_WAITS_COMMAND,
        [EDGE_SMTP_CLIENT_RSET] = EDGE_SMTP_CLIENT_WAITS_COMMAND,
        [EDGE_SMTP_CLIENT_QUIT] = EDGE_SMTP_CLIENT_WAITS_BYE,
        [EDGE_SMTP_CLIENT_CLOSED] = EDGE_SMTP_CLIENT_WAITS_CLOSED,
    };
    return (edge_smtp_client_wait_t)waits[machine->state];
}
