/* Verbs, and the arguments of MAIL and RCPT. */
#include "proto/smtp_command.h"

#include "proto/smtp_parameter.h"

#define HELLO_NAME_MOST 255

/* Verbs */

static const struct verb {
    edge_span_t name;
    uint32_t extension;
    edge_smtp_group_t group;
    const char *prose;
} verbs[] = {
#define EDGE_VERB(name, text, extension, group, prose) {EDGE_SPAN(#name), extension, EDGE_SMTP_GROUP_##group, prose},
#include "tbl/smtp_verbs.def"
#undef EDGE_VERB
};

const char *const edge_smtp_verb_names[EDGE_SMTP_VERB_COUNT + 1] = {
#define EDGE_VERB(name, text, extension, group, prose) text,
#include "tbl/smtp_verbs.def"
#undef EDGE_VERB
    NULL,
};

/* Verbs that are not named here must have an argument. */
static const edge_smtp_argument_rule_t arguments[EDGE_SMTP_VERB_COUNT] = {
    [EDGE_SMTP_VERB_DATA] = EDGE_SMTP_ARGUMENT_NONE,     [EDGE_SMTP_VERB_RSET] = EDGE_SMTP_ARGUMENT_NONE,
    [EDGE_SMTP_VERB_STARTTLS] = EDGE_SMTP_ARGUMENT_NONE, [EDGE_SMTP_VERB_QUIT] = EDGE_SMTP_ARGUMENT_NONE,
    [EDGE_SMTP_VERB_NOOP] = EDGE_SMTP_ARGUMENT_MAY,      [EDGE_SMTP_VERB_HELP] = EDGE_SMTP_ARGUMENT_MAY,
    [EDGE_SMTP_VERB_EXPN] = EDGE_SMTP_ARGUMENT_MAY,
};

unsigned edge_smtp_verb_index(edge_span_t verb) {
    if (verb.len == 1 && verb.at[0] == '.')
        return EDGE_SMTP_VERB_DATA;
    unsigned index = 0;
    while (index < EDGE_SMTP_VERB_COUNT && !edge_span_equal_nocase(verb, verbs[index].name))
        index++;
    return index;
}

edge_smtp_argument_rule_t edge_smtp_verb_argument(edge_smtp_verb_t verb) { return arguments[verb]; }

edge_span_t edge_smtp_verb_name(edge_smtp_verb_t verb) { return verbs[verb].name; }

uint32_t edge_smtp_verb_extension(edge_smtp_verb_t verb) { return verbs[verb].extension; }

edge_smtp_group_t edge_smtp_verb_group(edge_smtp_verb_t verb) { return verbs[verb].group; }

const char *edge_smtp_verb_prose(edge_smtp_verb_t verb) { return verbs[verb].prose; }

/* Lines */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* The run up to a blank or the end, off the front of `text`. */
static edge_span_t take_word(edge_span_t *text) {
    size_t len = 0;
    while (len < text->len && !is_blank(text->at[len]))
        len++;
    edge_span_t word = edge_span(text->at, len);
    *text = edge_span_after(*text, len);
    return word;
}

static void skip_blanks(edge_span_t *text) {
    while (text->len > 0 && is_blank(text->at[0]))
        *text = edge_span_after(*text, 1);
}

edge_smtp_command_t edge_smtp_command_split(edge_span_t line) {
    edge_smtp_command_t command;
    command.verb = take_word(&line);
    command.argument = edge_span_trim(line);
    return command;
}

bool edge_smtp_command_hello_name(edge_span_t argument) {
    if (argument.len == 0 || argument.len > HELLO_NAME_MOST)
        return false;
    for (size_t i = 0; i < argument.len; i++)
        if ((unsigned char)argument.at[i] < ' ' || argument.at[i] == 0x7f)
            return false;
    return true;
}

/* MAIL and RCPT */

static bool has_parameter(const edge_parameters_t *parameters, edge_span_t name) {
    for (unsigned i = 0; i < parameters->count; i++)
        if (edge_span_equal(parameters->list[i].name, name))
            return true;
    return false;
}

/* One word behind the path. */
static edge_reply_row_t add_parameter(edge_span_t word, edge_smtp_verb_t verb, uint32_t announced,
                                      edge_smtp_envelope_command_t *out) {
    const char *equals = memchr(word.at, '=', word.len);
    edge_span_t name = edge_span(word.at, equals ? (size_t)(equals - word.at) : word.len);
    edge_span_t value = equals ? edge_span_after(word, name.len + 1) : EDGE_NO_SPAN;
    out->about = name;
    if (!edge_smtp_parameter_is_word(name, value))
        return EDGE_R_BAD_ARGUMENTS;
    const edge_smtp_parameter_row_t *row = edge_smtp_parameter_find(verb, name);
    if (!row || !(row->extensions & announced))
        return EDGE_R_UNKNOWN_PARAMETER;
    if (has_parameter(&out->parameters, row->name))
        return EDGE_R_REPEATED_PARAMETER;
    edge_reply_row_t result = row->check(value, announced, out);
    if (result == EDGE_R_OK)
        out->parameters.list[out->parameters.count++] = (edge_parameter_t){row->name, value};
    return result;
}

static edge_reply_row_t parse(edge_span_t argument, edge_span_t keyword, edge_smtp_verb_t verb, uint32_t announced,
                              edge_parameter_t *room, edge_smtp_envelope_command_t *out) {
    edge_reply_row_t bad = verb == EDGE_SMTP_VERB_MAIL ? EDGE_R_BAD_SENDER : EDGE_R_BAD_RECIPIENT;
    edge_reply_row_t result = EDGE_R_OK;
    memset(out, 0, sizeof(*out));
    out->parameters.list = room;
    if (!edge_span_starts_nocase(argument, keyword))
        return bad;
    argument = edge_span_after(argument, keyword.len);
    skip_blanks(&argument);
    if (!edge_address_path(&argument, verb == EDGE_SMTP_VERB_MAIL ? EDGE_ADDRESS_REVERSE : EDGE_ADDRESS_FORWARD,
                           &out->address))
        return bad;
    if (argument.len > 0 && !is_blank(argument.at[0]))
        return bad;
    skip_blanks(&argument);
    while (result == EDGE_R_OK && argument.len > 0) {
        result = add_parameter(take_word(&argument), verb, announced, out);
        skip_blanks(&argument);
    }
    return result;
}

edge_reply_row_t edge_smtp_command_mail(edge_span_t argument, uint32_t announced, edge_parameter_t *room,
                                        edge_smtp_envelope_command_t *out) {
    return parse(argument, (edge_span_t)EDGE_SPAN("FROM:"), EDGE_SMTP_VERB_MAIL, announced, room, out);
}

edge_reply_row_t edge_smtp_command_rcpt(edge_span_t argument, uint32_t announced, edge_parameter_t *room,
                                        edge_smtp_envelope_command_t *out) {
    return parse(argument, (edge_span_t)EDGE_SPAN("TO:"), EDGE_SMTP_VERB_RCPT, announced, room, out);
}
