/* The client's commands as text, and what a server's keywords come to. */
#include "edge_codec.h"
#include "edge_password.h"
#include "proto/smtp_client_priv.h"

/* A line that grows in the action's room. */
typedef struct line {
    char *at;
    size_t len, size;
    bool failed; /* too long, or with an octet that no command may hold */
} line_t;

static line_t begin(edge_smtp_client_action_t *action) {
    return (line_t){action->room, 0, sizeof(action->room), false};
}

static void put(line_t *line, edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
            line->failed = true;
    if (text.len > line->size - 2 - line->len)
        line->failed = true;
    if (line->failed || text.len == 0)
        return;
    memcpy(line->at + line->len, text.at, text.len);
    line->len += text.len;
}

static void put_text(line_t *line, const char *text) { put(line, edge_span_of(text)); }

static void put_number(line_t *line, uint64_t number) {
    char digits[20];
    size_t at = sizeof(digits);
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(line, edge_span(digits + at, sizeof(digits) - at));
}

static edge_span_t finish(line_t *line) {
    if (line->failed)
        return EDGE_NO_SPAN;
    memcpy(line->at + line->len, "\r\n", 2);
    return edge_span(line->at, line->len + 2);
}

edge_span_t edge_smtp_client_word(edge_smtp_client_action_t *action, const char *verb, edge_span_t argument) {
    line_t line = begin(action);
    put_text(&line, verb);
    if (argument.len > 0) {
        put_text(&line, " ");
        put(&line, argument);
    }
    return finish(&line);
}

/* Envelope */

/* As the client that brought the message has said it. */
static void put_parameter(line_t *line, const edge_parameters_t *parameters, const char *name) {
    for (unsigned i = 0; i < parameters->count; i++) {
        const edge_parameter_t *parameter = &parameters->list[i];
        if (!edge_span_equal_nocase(parameter->name, edge_span_of(name)) || parameter->value.len == 0)
            continue;
        put_text(line, " ");
        put(line, parameter->name);
        put_text(line, "=");
        put(line, parameter->value);
        return;
    }
}

static void put_body(line_t *line, uint32_t needs) {
    if (needs & EDGE_CARRIES_BINARYMIME)
        put_text(line, " BODY=BINARYMIME");
    else if (needs & EDGE_CARRIES_8BITMIME)
        put_text(line, " BODY=8BITMIME");
}

edge_span_t edge_smtp_client_mail(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    const edge_smtp_client_message_t *message = machine->message;
    line_t line = begin(action);
    put_text(&line, "MAIL FROM:<");
    put(&line, message->envelope->sender);
    put_text(&line, ">");
    if ((machine->offered & EDGE_X_BIT(SIZE)) && message->size != UINT64_MAX) {
        put_text(&line, " SIZE=");
        put_number(&line, message->size);
    }
    put_body(&line, message->needs);
    if (message->needs & EDGE_CARRIES_SMTPUTF8)
        put_text(&line, " SMTPUTF8");
    if (message->needs & EDGE_CARRIES_REQUIRETLS)
        put_text(&line, " REQUIRETLS");
    if (machine->offered & EDGE_X_BIT(DSN)) {
        put_parameter(&line, &message->envelope->sender_parameters, "RET");
        put_parameter(&line, &message->envelope->sender_parameters, "ENVID");
    }
    return finish(&line);
}

edge_span_t edge_smtp_client_rcpt(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action,
                                  unsigned index) {
    const edge_smtp_client_message_t *message = machine->message;
    const edge_recipient_t *recipient = &message->envelope->recipients[message->recipients[index]];
    line_t line = begin(action);
    put_text(&line, "RCPT TO:<");
    put(&line, recipient->address);
    put_text(&line, ">");
    if (machine->offered & EDGE_X_BIT(DSN)) {
        put_parameter(&line, &recipient->parameters, "NOTIFY");
        put_parameter(&line, &recipient->parameters, "ORCPT");
    }
    return finish(&line);
}

edge_span_t edge_smtp_client_bdat(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    line_t line = begin(action);
    put_text(&line, "BDAT ");
    put_number(&line, machine->message->size);
    put_text(&line, " LAST");
    return finish(&line);
}

/* AUTH */

static void put_base64(line_t *line, edge_span_t text) {
    if (EDGE_BASE64_SIZE(text.len) > line->size - 2 - line->len) {
        line->failed = true;
        return;
    }
    line->len += edge_base64_encode(text, line->at + line->len, line->size - line->len);
}

edge_span_t edge_smtp_client_base64(edge_smtp_client_action_t *action, edge_span_t text) {
    line_t line = begin(action);
    put_base64(&line, text);
    return finish(&line);
}

#define PLAIN_MOST 1024

edge_span_t edge_smtp_client_plain(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    char message[PLAIN_MOST];
    edge_span_t user = machine->rules->user, password = machine->rules->password;
    line_t line = begin(action);
    if (user.len + password.len + 2 > sizeof(message))
        return EDGE_NO_SPAN;
    message[0] = '\0';
    memcpy(message + 1, user.at, user.len);
    message[user.len + 1] = '\0';
    memcpy(message + user.len + 2, password.at, password.len);
    put_text(&line, "AUTH PLAIN ");
    put_base64(&line, edge_span(message, user.len + password.len + 2));
    edge_password_wipe(message, sizeof(message));
    return finish(&line);
}

/* Bound to the channel wherever both sides can. */
edge_span_t edge_smtp_client_scram(edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    char first[EDGE_SCRAM_MESSAGE_MOST];
    const edge_smtp_client_rules_t *rules = machine->rules;
    bool could = rules->binding.len > 0, bound = could && (machine->mechanisms & EDGE_SMTP_CLIENT_SCRAM_PLUS);
    size_t len =
        edge_scram_client_first(&machine->scram, rules->user, rules->nonce, bound, could, first, sizeof(first));
    line_t line = begin(action);
    if (len == 0)
        return EDGE_NO_SPAN;
    put_text(&line, bound ? "AUTH SCRAM-SHA-256-PLUS " : "AUTH SCRAM-SHA-256 ");
    put_base64(&line, edge_span(first, len));
    return finish(&line);
}

edge_span_t edge_smtp_client_proof(const edge_smtp_client_t *machine, edge_smtp_client_action_t *action) {
    char final[EDGE_SCRAM_MESSAGE_MOST];
    size_t len = edge_scram_client_final(&machine->scram, machine->proof, final, sizeof(final));
    return len == 0 ? EDGE_NO_SPAN : edge_smtp_client_base64(action, edge_span(final, len));
}

/* Keywords */

static const struct {
    const char *keyword;
    uint32_t bit;
} keywords[] = {
#define EDGE_EXTENSION(name, keyword, prose) {keyword, EDGE_X_BIT(name)},
#include "tbl/smtp_extensions.def"
#undef EDGE_EXTENSION
};

static edge_span_t take_word(edge_span_t *line) {
    *line = edge_span_trim(*line);
    size_t len = 0;
    while (len < line->len && line->at[len] != ' ' && line->at[len] != '\t')
        len++;
    edge_span_t word = edge_span(line->at, len);
    *line = edge_span_after(*line, len);
    return word;
}

static void offer_mechanism(edge_smtp_client_t *machine, edge_span_t name) {
    if (edge_span_equal_nocase(name, edge_span_of("PLAIN")))
        machine->mechanisms |= EDGE_SMTP_CLIENT_PLAIN;
    if (edge_span_equal_nocase(name, edge_span_of("LOGIN")))
        machine->mechanisms |= EDGE_SMTP_CLIENT_LOGIN;
    if (edge_span_equal_nocase(name, edge_span_of("SCRAM-SHA-256")))
        machine->mechanisms |= EDGE_SMTP_CLIENT_SCRAM;
    if (edge_span_equal_nocase(name, edge_span_of("SCRAM-SHA-256-PLUS")))
        machine->mechanisms |= EDGE_SMTP_CLIENT_SCRAM_PLUS;
}

/* "AUTH=PLAIN" is how servers of old times write it. */
void edge_smtp_client_offer(edge_smtp_client_t *machine, edge_span_t line) {
    edge_span_t word = take_word(&line);
    if (edge_span_starts_nocase(word, edge_span_of("AUTH="))) {
        offer_mechanism(machine, edge_span_after(word, 5));
        word.len = 4;
    }
    for (unsigned i = 0; i < EDGE_COUNT(keywords); i++) {
        if (!edge_span_equal_nocase(word, edge_span_of(keywords[i].keyword)))
            continue;
        machine->offered |= keywords[i].bit;
        if (keywords[i].bit == EDGE_X_BIT(SIZE) && !edge_span_number(take_word(&line), &machine->size_most))
            machine->size_most = 0;
        while (keywords[i].bit == EDGE_X_BIT(AUTH) && edge_span_trim(line).len > 0)
            offer_mechanism(machine, take_word(&line));
    }
}
