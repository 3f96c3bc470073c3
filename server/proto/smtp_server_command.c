/* The SMTP machine's commands: each is checked and asked about here, and settled by its verdict. */
#include "proto/smtp_command.h"
#include "proto/smtp_line.h"
#include "proto/smtp_server_priv.h"

/* Answers */

static edge_smtp_step_t answer_about(edge_smtp_server_t *machine, edge_reply_row_t row, edge_span_t argument) {
    edge_smtp_server_answer(machine, edge_reply_about(row, argument));
    return EDGE_SMTP_STEP_ON;
}

/* Hello */

/* What is announced must be understood and have its number; so without a limit there is nothing to say of it. */
static uint32_t keywords_of(const edge_smtp_server_t *machine) {
    const edge_smtp_rules_t *rules = machine->rules;
    uint32_t keywords = rules->extensions & EDGE_X_ALL;
    keywords &= ~(machine->secure ? EDGE_X_BIT(STARTTLS) : EDGE_X_BIT(REQUIRETLS)); /* RFC 8689 2: inside TLS only */
    if (machine->mechanisms.len == 0 || edge_smtp_server_wants_tls(machine, EDGE_SMTP_VERB_AUTH) != EDGE_R_OK)
        keywords &= ~EDGE_X_BIT(AUTH);
    if (rules->max_message_size == 0)
        keywords &= ~EDGE_X_BIT(SIZE);
    if (rules->max_recipients == 0)
        keywords &= ~EDGE_X_BIT(LIMITS);
    return keywords;
}

static edge_smtp_step_t ask_hello(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_phase_t phase,
                                  edge_span_t name) {
    if (!edge_smtp_command_hello_name(name))
        return edge_smtp_server_answer_row(machine, EDGE_R_BAD_ARGUMENTS);
    edge_smtp_server_ask(machine, action, phase, name, edge_reply_about(EDGE_R_HELLO, name));
    action->reply.utf8 = false;
    return EDGE_SMTP_STEP_ACT;
}

static edge_smtp_step_t command_EHLO(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    return ask_hello(machine, action, EDGE_PHASE_EHLO, argument);
}

static edge_smtp_step_t command_HELO(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    return ask_hello(machine, action, EDGE_PHASE_HELO, argument);
}

/* RFC 5321 4.1.4: a hello forgets what was before it. */
static void settle_hello(edge_smtp_server_t *machine, uint8_t greeted, uint32_t keywords) {
    edge_smtp_server_forget(machine);
    machine->chunks_failed = false;
    machine->greeted = greeted;
    machine->announced = keywords;
}

static void settle_EHLO(edge_smtp_server_t *machine) {
    settle_hello(machine, EDGE_SMTP_GREETED_EHLO, keywords_of(machine));
    machine->hello_due = true;
}

static void settle_HELO(edge_smtp_server_t *machine) { settle_hello(machine, EDGE_SMTP_GREETED_HELO, 0); }

/* MAIL and RCPT */

/* Before any hello nothing has been announced, and the order is what is wrong. */
static uint32_t understood(const edge_smtp_server_t *machine) {
    return machine->greeted == EDGE_SMTP_GREETED_NOT ? EDGE_X_ALL : machine->announced;
}

static edge_smtp_step_t refuse_needs_utf8(edge_smtp_server_t *machine, edge_reply_row_t bad) {
    bool offered = (machine->announced & EDGE_X_BIT(SMTPUTF8)) != 0;
    return edge_smtp_server_answer_row(machine, offered ? EDGE_R_NEEDS_SMTPUTF8 : bad);
}

/* Whom a client names there counts only when we know the client itself (RFC 4954 5). */
static void believe_parameters(const edge_smtp_server_t *machine, edge_parameters_t *parameters) {
    unsigned kept = 0;
    for (unsigned i = 0; i < parameters->count; i++)
        if (machine->authed || !edge_span_equal(parameters->list[i].name, (edge_span_t)EDGE_SPAN("AUTH")))
            parameters->list[kept++] = parameters->list[i];
    parameters->count = kept;
}

static edge_smtp_step_t ask_mail(edge_smtp_server_t *machine, edge_smtp_action_t *action,
                                 const edge_smtp_envelope_command_t *mail) {
    edge_span_t sender = mail->address.mailbox;
    machine->utf8 = (mail->needs & EDGE_CARRIES_SMTPUTF8) != 0;
    machine->binary = (mail->needs & EDGE_CARRIES_BINARYMIME) != 0;
    edge_smtp_server_ask(machine, action, EDGE_PHASE_MAIL, sender, edge_reply_about(EDGE_R_SENDER_OK, sender));
    action->needs = mail->needs;
    action->declared_size = mail->declared_size;
    action->parameter_list = mail->parameters;
    believe_parameters(machine, &action->parameter_list);
    action->parameters = &action->parameter_list;
    return EDGE_SMTP_STEP_ACT;
}

/* Syntax, then order, then limits (A17). */
static edge_smtp_step_t command_MAIL(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    edge_smtp_envelope_command_t mail;
    edge_reply_row_t row = edge_smtp_command_mail(argument, understood(machine), action->parameter_room, &mail);
    uint64_t most = machine->rules->max_message_size;
    if (row != EDGE_R_OK)
        return answer_about(machine, row, mail.about);
    if (machine->greeted == EDGE_SMTP_GREETED_NOT || machine->transaction || machine->chunks_failed)
        return edge_smtp_server_answer_row(machine, EDGE_R_BAD_SEQUENCE);
    if (machine->rules->needs_auth && !machine->authed)
        return edge_smtp_server_answer_row(machine, EDGE_R_AUTH_REQUIRED);
    if (mail.address.utf8 && !(mail.needs & EDGE_CARRIES_SMTPUTF8))
        return refuse_needs_utf8(machine, EDGE_R_BAD_SENDER);
    if (most > 0 && mail.declared_size > most) {
        edge_smtp_server_answer(machine, edge_reply_with_number(EDGE_R_SIZE_DECLARED, most));
        return EDGE_SMTP_STEP_ON;
    }
    return ask_mail(machine, action, &mail);
}

static void settle_MAIL(edge_smtp_server_t *machine) {
    machine->transaction = true;
    machine->recipients = 0;
}

static edge_smtp_step_t command_RCPT(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    edge_smtp_envelope_command_t rcpt;
    edge_reply_row_t row = edge_smtp_command_rcpt(argument, understood(machine), action->parameter_room, &rcpt);
    uint32_t most = machine->rules->max_recipients;
    if (row != EDGE_R_OK)
        return answer_about(machine, row, rcpt.about);
    if (!machine->transaction || machine->by_chunks || machine->chunks_failed)
        return edge_smtp_server_answer_row(machine, EDGE_R_BAD_SEQUENCE);
    if (rcpt.address.utf8 && !machine->utf8)
        return refuse_needs_utf8(machine, EDGE_R_BAD_RECIPIENT);
    if (most > 0 && machine->recipients >= most)
        return edge_smtp_server_answer_row(machine, EDGE_R_TOO_MANY_RECIPIENTS);
    edge_smtp_server_ask(machine, action, EDGE_PHASE_RCPT, rcpt.address.mailbox,
                         edge_reply_about(EDGE_R_RECIPIENT_OK, rcpt.address.mailbox));
    action->needs = rcpt.needs;
    action->parameter_list = rcpt.parameters;
    action->parameters = &action->parameter_list;
    return EDGE_SMTP_STEP_ACT;
}

static void settle_RCPT(edge_smtp_server_t *machine) { machine->recipients++; }

/* The others */

static edge_smtp_step_t command_DATA(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    (void)argument;
    return edge_smtp_server_data(machine, action);
}

static edge_smtp_step_t command_BDAT(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    return edge_smtp_server_bdat(machine, action, argument);
}

static edge_smtp_step_t command_STARTTLS(edge_smtp_server_t *machine, edge_smtp_action_t *action,
                                         edge_span_t argument) {
    (void)argument; /* it is empty */
    return edge_smtp_server_starttls(machine, action);
}

static edge_smtp_step_t command_AUTH(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    return edge_smtp_server_auth(machine, action, argument);
}

static edge_smtp_step_t command_RSET(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    (void)argument; /* it is empty */
    return edge_smtp_server_ask(machine, action, EDGE_PHASE_RSET, EDGE_NO_SPAN, edge_reply_of(EDGE_R_OK));
}

static void settle_RSET(edge_smtp_server_t *machine) {
    edge_smtp_server_forget(machine);
    machine->chunks_failed = false;
}

static void settle_AUTH(edge_smtp_server_t *machine) { machine->authed = true; }

static edge_smtp_step_t command_NOOP(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    return edge_smtp_server_ask(machine, action, EDGE_PHASE_NOOP, argument, edge_reply_of(EDGE_R_OK));
}

static edge_smtp_step_t command_QUIT(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    (void)argument; /* it is empty */
    return edge_smtp_server_ask(machine, action, EDGE_PHASE_QUIT, EDGE_NO_SPAN, edge_reply_of(EDGE_R_BYE));
}

static edge_smtp_step_t command_VRFY(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    return edge_smtp_server_ask(machine, action, EDGE_PHASE_VRFY, argument, edge_reply_of(EDGE_R_CANNOT_VERIFY));
}

static edge_smtp_step_t command_HELP(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    return edge_smtp_server_ask(machine, action, EDGE_PHASE_HELP, argument, edge_reply_of(EDGE_R_HELP));
}

static edge_smtp_step_t command_EXPN(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t argument) {
    (void)action;
    (void)argument;
    return edge_smtp_server_answer_row(machine, EDGE_R_NO_EXPN);
}

static edge_smtp_step_t (*const commands[])(edge_smtp_server_t *, edge_smtp_action_t *, edge_span_t) = {
#define EDGE_VERB(name, text, extension, group, prose) command_##name,
#include "tbl/smtp_verbs.def"
#undef EDGE_VERB
};

/* Dispatch */

/* A name among those of rules->verbs, which are separated by single blanks. */
static bool is_module_verb(edge_span_t verbs, edge_span_t verb) {
    while (verb.len > 0 && verbs.len > 0) {
        const char *blank = memchr(verbs.at, ' ', verbs.len);
        edge_span_t name = edge_span(verbs.at, blank ? (size_t)(blank - verbs.at) : verbs.len);
        if (edge_span_equal_nocase(name, verb))
            return true;
        verbs = edge_span_after(verbs, blank ? name.len + 1 : name.len);
    }
    return false;
}

static edge_smtp_step_t ask_module(edge_smtp_server_t *machine, edge_smtp_action_t *action,
                                   const edge_smtp_command_t *command) {
    edge_smtp_server_act(action, EDGE_SMTP_COMMAND);
    action->verb = command->verb;
    action->argument = command->argument;
    action->reply = edge_reply_of(EDGE_R_OK);
    machine->verb = EDGE_NO_SPAN; /* the client's letters may be gone when the reply is written */
    machine->asked = EDGE_PHASE_COUNT;
    machine->waits = EDGE_SMTP_WAITS_VERDICT;
    return EDGE_SMTP_STEP_ACT;
}

static bool breaks_argument_rule(unsigned verb, edge_span_t argument) {
    edge_smtp_argument_rule_t rule = edge_smtp_verb_argument((edge_smtp_verb_t)verb);
    return (rule == EDGE_SMTP_ARGUMENT_NONE && argument.len > 0) ||
           (rule == EDGE_SMTP_ARGUMENT_MUST && argument.len == 0);
}

/* A verb of an extension that was not announced in this session is none. */
static bool is_understood(const edge_smtp_server_t *machine, unsigned verb) {
    if (verb == EDGE_SMTP_VERB_COUNT)
        return false;
    uint32_t extension = edge_smtp_verb_extension((edge_smtp_verb_t)verb);
    bool early = (extension & (EDGE_X_BIT(STARTTLS) | EDGE_X_BIT(AUTH))) != 0 &&
                 machine->greeted != EDGE_SMTP_GREETED_EHLO; /* then the order is what is wrong */
    return extension == 0 || ((early ? keywords_of(machine) : machine->announced) & extension) != 0;
}

/* What stands behind a command was sent without waiting for its reply. A group whose commands may be is an extension, and has
 * an end (RFC 2920 3.1). */
static void look_behind(edge_smtp_server_t *machine, unsigned verb) {
    edge_smtp_group_t group = verb == EDGE_SMTP_VERB_COUNT ? EDGE_SMTP_GROUP_ANY : edge_smtp_verb_group(verb);
    bool may = group == EDGE_SMTP_GROUP_ANY && (machine->announced & EDGE_X_BIT(PIPELINING)) != 0;
    if (machine->input.len == 0 || group == EDGE_SMTP_GROUP_OWN || may || machine->told_ahead)
        return;
    machine->told_ahead = true;
    edge_smtp_server_violated(machine, EDGE_VIOLATION_PIPELINING);
}

static edge_smtp_step_t dispatch(edge_smtp_server_t *machine, edge_smtp_action_t *action,
                                 const edge_smtp_command_t *command) {
    unsigned verb = edge_smtp_verb_index(command->verb);
    if (command->verb.len == 1) /* "." stands for data elsewhere, here it is no verb */
        verb = EDGE_SMTP_VERB_COUNT;
    look_behind(machine, verb);
    if (machine->greeted == EDGE_SMTP_GREETED_REFUSED && verb != EDGE_SMTP_VERB_QUIT)
        return edge_smtp_server_answer_row(machine, EDGE_R_BANNER_REFUSED_STATE);
    if (verb == EDGE_SMTP_VERB_COUNT && is_module_verb(machine->rules->verbs, command->verb))
        return ask_module(machine, action, command);
    edge_reply_row_t wants_tls = edge_smtp_server_wants_tls(machine, verb);
    if (wants_tls != EDGE_R_OK)
        return edge_smtp_server_answer_row(machine, wants_tls);
    if (!is_understood(machine, verb)) {
        edge_smtp_server_violated(machine, EDGE_VIOLATION_UNKNOWN_COMMAND);
        return edge_smtp_server_answer_row(machine, EDGE_R_UNKNOWN_COMMAND);
    }
    /* A BDAT without its number spoils the message that it was part of. */
    if (breaks_argument_rule(verb, command->argument) && verb != EDGE_SMTP_VERB_BDAT)
        return edge_smtp_server_answer_row(machine, EDGE_R_BAD_ARGUMENTS);
    edge_smtp_step_t step = commands[verb](machine, action, command->argument);
    if (machine->waits != EDGE_SMTP_WAITS_NOT || machine->reading != EDGE_SMTP_READS_COMMAND)
        machine->verb = edge_smtp_verb_name((edge_smtp_verb_t)verb);
    return step;
}

/* RFC 5321 3.8: 421 to a command, outside a transaction so that no message is lost half-way. QUIT has its own answer. */
static bool stops_here(const edge_smtp_server_t *machine, edge_span_t verb) {
    return machine->stopping && !machine->transaction && edge_smtp_verb_index(verb) != EDGE_SMTP_VERB_QUIT;
}

/* Up to the mechanism's name. */
static edge_span_t without_credentials(edge_span_t line, bool *withheld) {
    edge_smtp_command_t command = edge_smtp_command_split(line), words = edge_smtp_command_split(command.argument);
    *withheld = words.argument.len > 0;
    return words.verb.len ? edge_span(line.at, (size_t)(words.verb.at + words.verb.len - line.at)) : command.verb;
}

/* Whoever has said AUTH and was refused may go on with a password as if nothing had happened. */
static bool may_be_secret(const edge_smtp_server_t *machine, edge_span_t line) {
    if (machine->auth_response)
        return !edge_span_equal(line, (edge_span_t)EDGE_SPAN("*"));
    return machine->tried_auth && edge_smtp_verb_index(edge_smtp_command_split(line).verb) == EDGE_SMTP_VERB_COUNT;
}

/* What may be shown of a line. */
static void tell(edge_smtp_server_t *machine, edge_span_t line, bool readable) {
    bool withheld = !readable || may_be_secret(machine, line);
    bool auth = !withheld && !machine->auth_response && edge_smtp_line_is_auth(line);
    machine->tried_auth |= auth;
    if (auth)
        line = without_credentials(line, &withheld);
    else if (withheld)
        line = (edge_span_t)EDGE_SPAN("");
    if (machine->rules->heard)
        machine->rules->heard(machine, line, withheld);
}

/* A line has come to its end; `row` refuses it whatever it says, EDGE_R_OK does not. */
static edge_smtp_step_t line_ended(edge_smtp_server_t *machine, edge_smtp_action_t *action, edge_span_t line,
                                   edge_reply_row_t row) {
    machine->progressed = true;
    tell(machine, line, row == EDGE_R_OK);
    if (machine->auth_response)
        return edge_smtp_server_auth_line(machine, action, line, row);
    edge_smtp_command_t command = edge_smtp_command_split(row == EDGE_R_OK ? line : (edge_span_t)EDGE_SPAN(""));
    machine->verb = command.verb;
    if (stops_here(machine, command.verb)) {
        edge_smtp_server_close(machine, machine->stop_reason);
        return edge_smtp_server_answer_row(machine, (edge_reply_row_t)machine->stop_row);
    }
    if (row == EDGE_R_OK)
        return dispatch(machine, action, &command);
    return edge_smtp_server_answer_row(
        machine, machine->greeted == EDGE_SMTP_GREETED_REFUSED ? EDGE_R_BANNER_REFUSED_STATE : row);
}

edge_smtp_step_t edge_smtp_server_read_command(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_span_t rest = machine->input, line;
    bool auth = machine->auth_response || edge_smtp_line_is_auth(rest);
    edge_smtp_line_result_t result =
        edge_smtp_line_take(&rest, auth ? EDGE_SMTP_LINE_AUTH_MOST : machine->rules->max_line, &line);
    edge_smtp_server_eat(machine, machine->input.len - rest.len);
    switch (result) {
    case EDGE_SMTP_LINE_WHOLE: return line_ended(machine, action, line, EDGE_R_OK);
    case EDGE_SMTP_LINE_BAD:
        edge_smtp_server_violated(machine,
                                  memchr(line.at, 0, line.len) ? EDGE_VIOLATION_NUL : EDGE_VIOLATION_BARE_NEWLINE);
        return line_ended(machine, action, line, EDGE_R_UNKNOWN_COMMAND);
    case EDGE_SMTP_LINE_TOO_LONG:
        machine->reading = EDGE_SMTP_READS_LONG_LINE;
        machine->after_cr = false;
        machine->auth_line = auth;
        return EDGE_SMTP_STEP_ON;
    default: return EDGE_SMTP_STEP_HUNGRY;
    }
}

edge_smtp_step_t edge_smtp_server_read_long_line(edge_smtp_server_t *machine, edge_smtp_action_t *action) {
    edge_span_t rest = machine->input;
    bool whole = edge_smtp_line_skip(&rest, &machine->after_cr);
    edge_smtp_server_eat(machine, machine->input.len - rest.len);
    if (!whole)
        return EDGE_SMTP_STEP_HUNGRY;
    machine->reading = EDGE_SMTP_READS_COMMAND;
    edge_smtp_server_violated(machine, EDGE_VIOLATION_LINE_TOO_LONG);
    return line_ended(machine, action, EDGE_NO_SPAN,
                      machine->auth_line ? EDGE_R_AUTH_LINE_TOO_LONG : EDGE_R_LINE_TOO_LONG);
}

/* Verdicts */

static const uint16_t successes[] = {
#define EDGE_PHASE(name, success, prose) success,
#include "tbl/phases.def"
#undef EDGE_PHASE
};

/* What a success does, where it does something. DATA and HAVE_DATA go their own way. */
static void (*const settles[EDGE_PHASE_COUNT])(edge_smtp_server_t *) = {
    [EDGE_PHASE_EHLO] = settle_EHLO,
    [EDGE_PHASE_HELO] = settle_HELO,
    [EDGE_PHASE_MAIL] = settle_MAIL,
    [EDGE_PHASE_RCPT] = settle_RCPT,
    [EDGE_PHASE_RSET] = settle_RSET,
    [EDGE_PHASE_AUTH] = settle_AUTH,
    [EDGE_PHASE_STARTTLS] = edge_smtp_server_settle_starttls,
};

static bool is_success(unsigned phase, const edge_reply_t *reply) {
    unsigned success = phase < EDGE_PHASE_COUNT ? successes[phase] : 2;
    return success < 10 ? edge_reply_class(reply) == success : reply->code == success;
}

static bool is_hello(unsigned phase) { return phase == EDGE_PHASE_EHLO || phase == EDGE_PHASE_HELO; }

static void settle_banner(edge_smtp_server_t *machine, edge_reply_t reply, bool success) {
    if (!success)
        machine->greeted = EDGE_SMTP_GREETED_REFUSED;
    if (reply.code == 421 || reply.code == 221)
        edge_smtp_server_close(machine, EDGE_SMTP_CLOSE_BANNER_REFUSED);
    machine->reply = reply; /* no command is answered, so no error is counted */
    machine->due |= EDGE_SMTP_DUE_REPLY;
    edge_smtp_server_answered(machine);
}

static void settle_command(edge_smtp_server_t *machine, edge_reply_t reply, bool success) {
    unsigned phase = machine->asked;
    EDGE_ASSERT(edge_reply_class(&reply) != 3);
    if (phase == EDGE_PHASE_QUIT)
        edge_smtp_server_close(machine, EDGE_SMTP_CLOSE_QUIT);
    else if (reply.code == 421 || reply.code == 221)
        edge_smtp_server_close(machine, EDGE_SMTP_CLOSE_POLICY);
    if (is_hello(phase))
        reply.subject = EDGE_NO_ENHANCED;
    if (success && phase < EDGE_PHASE_COUNT && settles[phase])
        settles[phase](machine);
    edge_smtp_server_answer(machine, reply);
    if (phase == EDGE_PHASE_MAIL && !success)
        machine->utf8 = machine->binary = false;
}

void edge_smtp_server_settle(edge_smtp_server_t *machine, edge_reply_t reply) {
    bool success = is_success(machine->asked, &reply);
    switch (machine->asked) {
    case EDGE_PHASE_BANNER: settle_banner(machine, reply, success); break;
    case EDGE_PHASE_DATA: edge_smtp_server_settle_data(machine, reply, success); break;
    case EDGE_PHASE_HAVE_DATA: edge_smtp_server_settle_have_data(machine, reply, success); break;
    default: settle_command(machine, reply, success);
    }
}
