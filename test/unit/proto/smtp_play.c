/* Drives the SMTP machine for tests and writes its actions down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "smtp_play.h"

#include "edge_obj.h"
#include "proto/smtp_reply.h"

static const char *const phases[] = {
#define EDGE_PHASE(name, success, prose) #name,
#include "tbl/phases.def"
#undef EDGE_PHASE
};
static const char *const reasons[] = {
#define EDGE_CLOSE(name, text, trouble, prose) text,
#include "tbl/close_reasons.def"
#undef EDGE_CLOSE
};

/* The script */

static void script_add(play_t *play, const char *bytes, size_t len) {
    play->script = realloc(play->script, play->script_len + len + 1);
    memcpy(play->script + play->script_len, bytes, len);
    play->script_len += len;
    play->script[play->script_len] = '\0';
}

static void script_text(play_t *play, const char *text) { script_add(play, text, strlen(text)); }

static void script_escaped(play_t *play, edge_span_t bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        char out[8];
        unsigned char c = (unsigned char)bytes.at[i];
        if (c == '\r' || c == '\n')
            snprintf(out, sizeof(out), "\\%c", c == '\r' ? 'r' : 'n');
        else if (c < ' ' || c >= 0x7f)
            snprintf(out, sizeof(out), "\\x%02x", c);
        else
            snprintf(out, sizeof(out), "%c", c);
        script_text(play, out);
    }
}

static void script_line(play_t *play, const char *what, const char *more) {
    if (play->in_body)
        script_text(play, "\n");
    play->in_body = false;
    script_text(play, what);
    script_text(play, more);
    script_text(play, "\n");
}

static void script_reply(play_t *play, const edge_smtp_action_t *action) {
    static char text[65536];
    size_t len = action->with_keywords ? edge_smtp_hello_format(&action->reply, action->keywords, &play->rules,
                                                                action->mechanisms, text, sizeof(text))
                                       : edge_smtp_reply_format(&action->reply, text, sizeof(text));
    EDGE_ASSERT(len < sizeof(text) && len > 2);
    text[len] = '\0';
    for (char *line = text, *end; *line; line = end + 2) {
        end = strstr(line, "\r\n");
        EDGE_ASSERT(end != NULL);
        *end = '\0';
        script_line(play, "S: ", line);
    }
}

static void script_span(play_t *play, edge_span_t bytes) {
    if (!play->in_body)
        script_text(play, "BODY ");
    play->in_body = true;
    script_escaped(play, bytes);
}

static void script_question(play_t *play, const edge_smtp_action_t *action) {
    char line[4096], *at = line, *end = line + sizeof(line);
    bool command = action->kind == EDGE_SMTP_COMMAND;
    at += snprintf(at, (size_t)(end - at), "%s", command ? "COMMAND" : phases[action->phase]);
    if (command)
        at += snprintf(at, (size_t)(end - at), " %.*s", (int)action->verb.len, action->verb.at);
    if (action->argument.at)
        at += snprintf(at, (size_t)(end - at), " [%.*s]", (int)action->argument.len, action->argument.at);
    for (unsigned i = 0; action->parameters && i < action->parameters->count; i++) {
        const edge_parameter_t *parameter = &action->parameters->list[i];
        at += snprintf(at, (size_t)(end - at), " %.*s", (int)parameter->name.len, parameter->name.at);
        if (parameter->value.at)
            at += snprintf(at, (size_t)(end - at), "=%.*s", (int)parameter->value.len, parameter->value.at);
    }
    if (action->needs)
        at += snprintf(at, (size_t)(end - at), " needs %x", action->needs);
    if (action->declared_size)
        at += snprintf(at, (size_t)(end - at), " size %llu", (unsigned long long)action->declared_size);
    script_line(play, "ASK ", line);
}

static void script_auth(play_t *play, const edge_smtp_action_t *action) {
    char line[256];
    int at = snprintf(line, sizeof(line), "[%.*s]", (int)action->argument.len,
                      action->argument.len ? action->argument.at : "");
    if (action->kind == EDGE_SMTP_AUTH_RESPONSE)
        at = 0;
    if (action->bytes.at)
        snprintf(line + at, sizeof(line) - (size_t)at, "%s%.*s", at ? " " : "", (int)action->bytes.len,
                 action->bytes.at);
    script_line(play, action->kind == EDGE_SMTP_AUTH ? "AUTH " : "RESPONSE ", line);
    play->asked = PLAY_AUTH;
}

/* Answers */

static edge_reply_t usual_answer(const play_t *play) {
    if (play->asked == -1)
        return edge_reply_about(EDGE_R_QUEUED, (edge_span_t)EDGE_SPAN("7"));
    return play->open;
}

static edge_reply_t answer_of(const play_t *play) {
    for (unsigned i = 0; i < play->answer_count; i++)
        if (play->answers[i].phase == play->asked && play->answers[i].reply.code)
            return play->answers[i].reply;
    return usual_answer(play);
}

/* Whoever waits copies: what the question pointed to goes with the input. */
static void keep_open(play_t *play, const edge_smtp_action_t *action) {
    play->open = action->reply;
    free(play->argument);
    play->argument = NULL;
    if (!action->reply.argument.at)
        return;
    play->argument = malloc(action->reply.argument.len + 1);
    memcpy(play->argument, action->reply.argument.at, action->reply.argument.len);
    play->open.argument.at = play->argument;
}

/* Without other orders: a challenge where nothing was sent, then the credentials are right. */
static void answer_auth(play_t *play) {
    play->open = edge_reply_of(EDGE_R_AUTH_OK);
    edge_reply_t reply = answer_of(play);
    if (reply.code == 235 && play->challenges > 0 && play->challenges--)
        edge_smtp_server_challenge(&play->machine, (edge_span_t)EDGE_SPAN("Y2hhbGxlbmdl"));
    else if (reply.code == 235)
        edge_smtp_server_identified(&play->machine, (edge_span_t)EDGE_SPAN("bob"), reply);
    else
        edge_smtp_server_not_identified(&play->machine, reply);
}

static void give_answer(play_t *play) {
    if (play->asked == PLAY_TLS) {
        edge_smtp_server_secured(&play->machine);
        return;
    }
    if (play->asked == PLAY_AUTH) {
        answer_auth(play);
        return;
    }
    edge_reply_t reply = answer_of(play);
    if (play->asked == -1)
        edge_smtp_server_stored(&play->machine, reply);
    else
        edge_smtp_server_verdict(&play->machine, reply);
}

static void note(play_t *play, const edge_smtp_action_t *action) {
    switch (action->kind) {
    case EDGE_SMTP_REPLY: script_reply(play, action); break;
    case EDGE_SMTP_ASK:
    case EDGE_SMTP_COMMAND:
        script_question(play, action);
        keep_open(play, action);
        play->asked = action->kind == EDGE_SMTP_ASK ? (int)action->phase : EDGE_PHASE_COUNT;
        break;
    case EDGE_SMTP_COMMIT:
        script_line(play, "COMMIT", "");
        play->asked = -1;
        break;
    case EDGE_SMTP_RESET: script_line(play, "RESET", ""); break;
    case EDGE_SMTP_START_TLS:
        script_line(play, "START_TLS", "");
        play->asked = PLAY_TLS;
        break;
    case EDGE_SMTP_AUTH:
    case EDGE_SMTP_AUTH_RESPONSE: script_auth(play, action); break;
    case EDGE_SMTP_AUTH_CANCEL: script_line(play, "CANCEL", ""); break;
    case EDGE_SMTP_BODY_OPEN: script_line(play, "OPEN", ""); break;
    case EDGE_SMTP_BODY_SPAN:
        EDGE_ASSERT(action->bytes.len > 0);
        script_span(play, action->bytes);
        break;
    case EDGE_SMTP_BODY_DROP: script_line(play, "DROP", ""); break;
    case EDGE_SMTP_CLOSE: script_line(play, "CLOSE ", reasons[action->close_reason]); break;
    }
}

static bool is_open(const play_t *play) { return edge_smtp_server_waits(&play->machine) != EDGE_SMTP_WAITS_NOT; }

static void take_actions(play_t *play) {
    edge_smtp_action_t action;
    while (edge_smtp_server_next(&play->machine, &action)) {
        note(play, &action);
        if (is_open(play) && !play->late && !play->manual)
            give_answer(play);
    }
}

void play_run(play_t *play) {
    take_actions(play);
    while (is_open(play) && !play->manual) {
        give_answer(play);
        take_actions(play);
    }
}

/* Shows the first `len` octets of what is pending. */
static void show(play_t *play, size_t len) {
    char *bytes = malloc(len + 1);
    memcpy(bytes, play->pending, len);
    edge_smtp_server_input(&play->machine, edge_span(bytes, len));
    take_actions(play);
    size_t eaten = edge_smtp_server_eaten(&play->machine);
    free(bytes);
    EDGE_ASSERT(eaten <= len);
    play->pending_len -= eaten;
    memmove(play->pending, play->pending + eaten, play->pending_len);
    play_run(play);
}

/* Shown again while something is eaten, as a connection does. */
static void show_all(play_t *play) {
    size_t before;
    do {
        before = play->pending_len;
        show(play, before);
    } while (play->pending_len < before && play->pending_len > 0 && !is_open(play));
}

void play_feed(play_t *play, edge_span_t text) {
    size_t cut = play->cut ? play->cut : text.len;
    while (text.len > 0) {
        size_t len = text.len < cut ? text.len : cut;
        play->pending = realloc(play->pending, play->pending_len + len + 1);
        memcpy(play->pending + play->pending_len, text.at, len);
        play->pending_len += len;
        text = edge_span_after(text, len);
        if (!is_open(play))
            show_all(play);
    }
}

void play_say(play_t *play, const char *text) { play_feed(play, edge_span_of(text)); }

void play_verdict(play_t *play, edge_reply_t reply) {
    edge_smtp_server_verdict(&play->machine, reply);
    take_actions(play);
    if (!is_open(play))
        show_all(play);
}

void play_stored(play_t *play, edge_reply_t reply) {
    edge_smtp_server_stored(&play->machine, reply);
    take_actions(play);
    if (!is_open(play))
        show_all(play);
}

void play_answer(play_t *play, int phase, unsigned code, const char *enhanced, const char *text) {
    unsigned at = 0;
    while (at < play->answer_count && play->answers[at].phase != phase)
        at++;
    EDGE_ASSERT(at < PLAY_ANSWERS_MOST);
    if (at == play->answer_count)
        play->answer_count++;
    play->answers[at].phase = phase;
    memset(&play->answers[at].reply, 0, sizeof(edge_reply_t));
    if (code == 0)
        return;
    if (code == 354)
        play->answers[at].reply = edge_reply_of(EDGE_R_START_DATA);
    else
        EDGE_ASSERT(edge_reply_set(&play->answers[at].reply, code, edge_span_of(enhanced), edge_span_of(text)));
}

/* From start to end */

void play_rules(edge_smtp_rules_t *rules) {
    *rules = (edge_smtp_rules_t){.extensions = EDGE_X_ALL,
                                 .max_message_size = 1000,
                                 .max_recipients = 3,
                                 .max_line = 2048,
                                 .newlines = EDGE_NEWLINE_REJECT,
                                 .verbs = EDGE_SPAN("XPING XFORWARD")};
}

void play_start(play_t *play, const edge_smtp_rules_t *rules, size_t cut, bool late) {
    play_end(play);
    play->rules = *rules;
    play->cut = cut;
    play->late = late;
    edge_smtp_server_start(&play->machine, &play->rules,
                           edge_reply_about(EDGE_R_BANNER, (edge_span_t)EDGE_SPAN("slimta.org")));
    play_run(play);
}

void play_greeted(play_t *play, const edge_smtp_rules_t *rules, size_t cut, bool late) {
    play_start(play, rules, cut, late);
    play_say(play, "EHLO client.example.com\r\n");
    play_told(play);
}

const char *play_told(play_t *play) {
    static char *told;
    if (play->in_body)
        script_text(play, "\n");
    play->in_body = false;
    free(told);
    told = play->script ? play->script : calloc(1, 1);
    play->script = NULL;
    play->script_len = 0;
    return told;
}

void play_end(play_t *play) {
    play_told(play);
    free(play->argument);
    free(play->pending);
    memset(play, 0, sizeof(*play));
}

/* Dialogues */

play_t play_it;
edge_smtp_rules_t play_set;
size_t play_cut;
bool play_late;

int play_setup(void **state) {
    (void)state;
    play_rules(&play_set);
    return 0;
}

int play_teardown(void **state) {
    (void)state;
    play_end(&play_it);
    return 0;
}

void play_begin(void) { play_start(&play_it, &play_set, play_cut, play_late); }

void play_begin_greeted(void) { play_greeted(&play_it, &play_set, play_cut, play_late); }

void play_begin_envelope(void) {
    play_begin_greeted();
    play_say(&play_it, "MAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org>\r\n");
    play_told(&play_it);
}

void play_begin_data(void) {
    play_begin_envelope();
    play_say(&play_it, "DATA\r\n");
    play_told(&play_it);
}

int play_dialogues(const struct CMUnitTest *tests, size_t count) {
    static const size_t cuts[] = {0, 1, 3};
    int failed = 0;
    for (unsigned i = 0; i < 2 * EDGE_COUNT(cuts); i++) {
        play_cut = cuts[i / 2];
        play_late = i % 2;
        printf("in pieces of %zu, answers %s\n", play_cut, play_late ? "late" : "at once");
        failed += _cmocka_run_group_tests("dialogues", tests, count, NULL, NULL);
    }
    return failed != 0;
}
