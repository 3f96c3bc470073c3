/* Arbitrary client text with events in between: the machine's promises hold, and in every cut it does the same.
 * Input: a byte of rules, one of answers, one of cut; then text, in which 0xff and a byte are an event. */
#include <stdio.h>
#include <stdlib.h>

#include "edge_obj.h"
#include "edge_utf8.h"
#include "proto/smtp_reply.h"
#include "proto/smtp_server_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : fail(#condition, __LINE__))

static void fail(const char *what, int line) {
    fprintf(stderr, "smtp_server_fuzz.c:%d: %s\n", line, what);
    abort();
}

enum { AT_ONCE, LATE, BY_EVENT };

typedef struct observer {
    edge_smtp_server_t machine;
    edge_smtp_rules_t rules;
    uint8_t seed;
    int answers; /* when questions are answered */
    unsigned asked;
    edge_reply_t open;
    int open_kind; /* phase; -1 the queue */
    char *argument;
    bool tls_started; /* since the input was shown */
    char mechanism;
    unsigned challenges;
    bool strict; /* the octets come one by one: which command each belongs to is known */
    bool body_open, closed, stored_well;
    char last; /* of the body */
    bool body_bad;
    unsigned commands, replies; /* lines eaten as commands; replies to them */
    char before;                /* the octet eaten before, as far as it was a command's */
    char *pending;
    size_t pending_len;
    uint64_t digest; /* of all actions; of a body only when it is committed: how much of a spoilt one came is chance */
    uint64_t body_digest;
    uint64_t body_octets;
} observer_t;

static void mix(uint64_t *digest, const void *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        *digest = (*digest ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
}

static void digest(observer_t *o, const void *bytes, size_t len) { mix(&o->digest, bytes, len); }

static void digest_span(observer_t *o, edge_span_t span) {
    digest(o, &span.len, sizeof(span.len));
    if (span.len)
        digest(o, span.at, span.len);
}

/* No octet of a reply can end a line early, and every line has its code. */
static void check_wire(const observer_t *o, const edge_smtp_action_t *action) {
    static char text[1 << 16];
    size_t len = action->with_keywords ? edge_smtp_hello_format(&action->reply, action->keywords, &o->rules,
                                                                action->mechanisms, text, sizeof(text))
                                       : edge_smtp_reply_format(&action->reply, text, sizeof(text));
    MUST(len <= sizeof(text) && len >= 6);
    for (char *line = text, *end; line < text + len; line = end + 2) {
        end = memchr(line, '\r', (size_t)(text + len - line));
        MUST(end && end + 1 < text + len && end[1] == '\n');
        MUST(end - line + 2 <= 512 && end - line >= 3);
        MUST((line[3] == ' ') == (end + 2 == text + len));
        MUST((line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0' == action->reply.code);
        for (char *c = line; c < end; c++)
            MUST(((unsigned char)*c >= ' ' && *c != 0x7f) || *c == '\t');
        MUST(edge_utf8_valid(edge_span(line, (size_t)(end - line))));
    }
}

static void on_reply(observer_t *o, const edge_smtp_action_t *action) {
    const edge_reply_t *reply = &action->reply;
    bool end_of_data = action->verb.len == 1 && action->verb.at[0] == '.' && o->stored_well;
    check_wire(o, action);
    if (action->verb.len == 1 && action->verb.at[0] == '.' && edge_reply_class(reply) == 2)
        MUST(end_of_data);
    o->stored_well = false;
    MUST(o->replies < 1 + o->commands || o->machine.closing);
    if (reply->code != 354) /* a challenge answers its line, as the response answers with one of its own */
        o->replies++;
    digest(o, &reply->code, sizeof(reply->code));
    digest_span(o, reply->text);
    digest_span(o, reply->argument);
}

/* What was accepted has CRLF line ends only. */
static void on_span(observer_t *o, edge_span_t bytes) {
    MUST(o->body_open && bytes.len > 0);
    o->body_octets += bytes.len;
    MUST(o->body_octets <= o->machine.body_most);
    for (size_t i = 0; i < bytes.len; i++) {
        if ((bytes.at[i] == '\n') != (o->last == '\r'))
            o->body_bad = true;
        o->last = bytes.at[i];
    }
    mix(&o->body_digest, bytes.at, bytes.len);
}

static void on_commit(observer_t *o) {
    MUST(o->body_open);
    MUST(o->machine.binary || (!o->body_bad && o->last != '\r'));
    digest(o, &o->body_digest, sizeof(o->body_digest));
    o->body_open = false;
}

/* AUTH goes on as its octets say, so that every cut goes the same way. */
static void on_auth(observer_t *o, const edge_smtp_action_t *action) {
    o->open_kind = -2;
    if (action->kind == EDGE_SMTP_AUTH)
        o->challenges = 0;
    o->mechanism = action->bytes.len > 0 ? action->bytes.at[action->bytes.len - 1] : 0;
    digest_span(o, action->argument);
    digest_span(o, action->bytes);
}

static void answer_auth(observer_t *o) {
    if (o->mechanism % 3 == 0 && o->challenges++ < 4)
        edge_smtp_server_challenge(&o->machine, edge_span_of("YQ=="));
    else if (o->mechanism % 3 == 2)
        edge_smtp_server_identified(&o->machine, edge_span_of("bob"), edge_reply_of(EDGE_R_AUTH_OK));
    else
        edge_smtp_server_not_identified(&o->machine, edge_reply_of(EDGE_R_BAD_ARGUMENTS));
}

static void on_question(observer_t *o, const edge_smtp_action_t *action) {
    o->open = action->reply;
    o->open_kind = action->kind == EDGE_SMTP_COMMIT ? -1 : (int)action->phase;
    o->asked++;
    free(o->argument);
    o->argument = malloc(action->reply.argument.len + 1);
    if (action->reply.argument.len)
        memcpy(o->argument, action->reply.argument.at, action->reply.argument.len);
    o->open.argument.at = o->argument;
    digest_span(o, action->argument);
    digest_span(o, action->verb);
    for (unsigned i = 0; action->parameters && i < action->parameters->count; i++) {
        digest_span(o, action->parameters->list[i].name);
        digest_span(o, action->parameters->list[i].value);
    }
}

static void note(observer_t *o, const edge_smtp_action_t *action) {
    MUST(!o->closed);
    if (action->kind != EDGE_SMTP_BODY_SPAN)
        digest(o, &action->kind, sizeof(action->kind));
    switch (action->kind) {
    case EDGE_SMTP_REPLY: on_reply(o, action); break;
    case EDGE_SMTP_ASK:
    case EDGE_SMTP_COMMAND: on_question(o, action); break;
    case EDGE_SMTP_COMMIT:
        on_commit(o);
        on_question(o, action);
        break;
    case EDGE_SMTP_BODY_OPEN:
        MUST(!o->body_open);
        o->body_open = true;
        o->body_bad = false;
        o->last = 0;
        o->body_octets = 0;
        o->body_digest = 0;
        break;
    case EDGE_SMTP_BODY_SPAN: on_span(o, action->bytes); break;
    case EDGE_SMTP_BODY_DROP:
        MUST(o->body_open);
        o->body_open = false;
        break;
    case EDGE_SMTP_RESET: MUST(!o->body_open); break;
    case EDGE_SMTP_START_TLS:
        MUST(!o->body_open && !o->machine.transaction);
        o->open_kind = -3;
        o->tls_started = true;
        break;
    case EDGE_SMTP_AUTH:
    case EDGE_SMTP_AUTH_RESPONSE:
        MUST(!o->machine.authed && !o->machine.transaction);
        on_auth(o, action);
        break;
    case EDGE_SMTP_AUTH_CANCEL: break;
    case EDGE_SMTP_CLOSE:
        MUST(!o->body_open);
        o->closed = true;
        digest(o, &action->close_reason, sizeof(int));
        break;
    }
}

/* An answer that depends on the question's number only. */
static edge_reply_t answer_of(observer_t *o) {
    static const unsigned codes[] = {250, 251, 450, 550, 554, 421, 221, 354};
    unsigned roll = (o->seed * 2654435761u + o->asked * 40503u) >> 7;
    edge_reply_t reply = o->open;
    if (o->open_kind == -1)
        reply = edge_reply_of(EDGE_R_QUEUED);
    if ((o->seed & 1) || roll % 8)
        return reply;
    unsigned code = codes[roll / 8 % (o->open_kind == EDGE_PHASE_DATA ? 8 : 7)];
    if (code == 354)
        return edge_reply_of(EDGE_R_START_DATA);
    edge_reply_set(&reply, code, edge_span_of("9.1.2000"), edge_span_of("4.2.2 No\xc3\xbc\n\r way\x01 %s\n"));
    return reply;
}

static void answer(observer_t *o) {
    if (o->open_kind == -2) {
        answer_auth(o);
        return;
    }
    if (o->open_kind == -3) {
        edge_smtp_server_secured(&o->machine);
        MUST(o->machine.greeted == EDGE_SMTP_GREETED_NOT && !o->machine.authed);
        return;
    }
    edge_reply_t reply = answer_of(o);
    if (o->open_kind == -1) {
        o->stored_well = edge_reply_class(&reply) == 2;
        edge_smtp_server_stored(&o->machine, reply);
    } else {
        edge_smtp_server_verdict(&o->machine, reply);
    }
}

static bool waits(const observer_t *o) { return edge_smtp_server_waits(&o->machine) != EDGE_SMTP_WAITS_NOT; }

/* Commands are counted from the bytes that were eaten while one was read, by their CRLF. */
static void count_eaten(observer_t *o, unsigned reading, const char *from, size_t len) {
    bool command = reading == EDGE_SMTP_READS_COMMAND || reading == EDGE_SMTP_READS_LONG_LINE;
    for (size_t i = 0; i < len && command; i++) {
        o->commands += from[i] == '\n' && o->before == '\r';
        o->before = from[i];
    }
    if (!command)
        o->before = 0;
}

static void take_actions(observer_t *o) {
    edge_smtp_action_t action;
    for (;;) {
        bool waited = waits(o);
        unsigned reading = o->machine.reading;
        size_t eaten = o->machine.eaten;
        const char *from = o->machine.input.at;
        bool more = edge_smtp_server_next(&o->machine, &action);
        MUST(!waited || (o->machine.eaten == eaten && (!more || o->machine.closing)));
        /* One call may go from a command into the chunk behind it, whose CRLF then count too: see `strict`. */
        if (o->machine.eaten > eaten)
            count_eaten(o, reading, from, o->machine.eaten - eaten);
        if (!more)
            return;
        note(o, &action);
        if (waits(o) && o->answers == AT_ONCE)
            answer(o);
    }
}

static void run(observer_t *o) {
    take_actions(o);
    while (waits(o) && o->answers != BY_EVENT) {
        answer(o);
        take_actions(o);
    }
}

static void show(observer_t *o) {
    size_t before;
    do {
        before = o->pending_len;
        char *bytes = malloc(before);
        if (before)
            memcpy(bytes, o->pending, before);
        o->tls_started = false;
        edge_smtp_server_input(&o->machine, edge_span(bytes, before));
        take_actions(o);
        size_t eaten = edge_smtp_server_eaten(&o->machine);
        free(bytes);
        MUST(eaten <= before && (!o->tls_started || eaten == before)); /* nothing from before TLS is left */
        o->pending_len -= eaten;
        memmove(o->pending, o->pending + eaten, o->pending_len);
        run(o);
    } while (o->pending_len < before && o->pending_len > 0 && !waits(o));
}

/* Exactly one reply to each command; the one that a message belongs to is answered at its end. */
static void check_replies(const observer_t *o) {
    bool in_message = o->machine.reading > EDGE_SMTP_READS_LONG_LINE;
    if (o->strict && !o->closed)
        MUST(o->replies + in_message == o->commands + 1);
}

static void feed(observer_t *o, const uint8_t *text, size_t len, size_t cut) {
    while (len > 0) {
        size_t part = len < cut ? len : cut;
        memcpy(o->pending + o->pending_len, text, part);
        o->pending_len += part;
        text += part;
        len -= part;
        if (!waits(o))
            show(o);
        check_replies(o);
    }
}

static void event(observer_t *o, uint8_t what) {
    switch (what % 8) {
    case 0: edge_smtp_server_timeout(&o->machine, EDGE_SMTP_CLOSE_TIMEOUT_DATA); break;
    case 1: edge_smtp_server_peer_closed(&o->machine); break;
    case 2: edge_smtp_server_stop(&o->machine, EDGE_SMTP_STOP_SOON, EDGE_R_SHUTDOWN, EDGE_SMTP_CLOSE_DRAIN); break;
    case 3: edge_smtp_server_stop(&o->machine, EDGE_SMTP_STOP_NOW, EDGE_R_SHUTDOWN, EDGE_SMTP_CLOSE_DRAIN); break;
    case 4: edge_smtp_server_fail(&o->machine); break;
    case 5:
        o->rules.max_message_size = 40;
        edge_smtp_server_use(&o->machine, &o->rules);
        break;
    case 7: edge_smtp_server_stop(&o->machine, EDGE_SMTP_STOP_ANSWERED, EDGE_R_KICKED, EDGE_SMTP_CLOSE_KICKED); break;
    default:
        if (waits(o))
            answer(o);
    }
    run(o);
    if (o->pending_len && !waits(o))
        show(o);
}

/* With STARTTLS what a client sends together with it counts, so cuts do not come to the same. */
static void make_rules(edge_smtp_rules_t *rules, uint8_t bits, uint8_t seed, bool tls) {
    uint32_t all = tls ? EDGE_X_ALL : EDGE_X_ALL & ~EDGE_X_BIT(STARTTLS);
    *rules = (edge_smtp_rules_t){.extensions = bits & 1 ? all : all & ~EDGE_X_BIT(SMTPUTF8),
                                 .needs_auth = seed & 2,
                                 .needs_tls = tls ? (edge_smtp_needs_tls_t)(seed >> 2) % 3 : EDGE_SMTP_NEEDS_TLS_NOT,
                                 .max_message_size = bits & 2   ? 0
                                                     : bits & 4 ? 300
                                                                : 100000,
                                 .max_recipients = bits & 8 ? 0 : 2,
                                 .max_errors = bits & 16 ? 5 : 0,
                                 .max_line = 64,
                                 .newlines = (edge_newline_rule_t)((bits >> 5) % 3),
                                 .verbs = EDGE_SPAN("XPING XA")};
}

static uint64_t play(const uint8_t *data, size_t size, size_t cut, int answers, bool tls) {
    observer_t *o = calloc(1, sizeof(*o));
    o->pending = malloc(size + 1);
    make_rules(&o->rules, data[0], data[1], tls);
    o->seed = data[1];
    o->answers = answers;
    o->strict = cut == 1 && answers == AT_ONCE;
    o->digest = 14695981039346656037u;
    edge_smtp_server_start(&o->machine, &o->rules, edge_reply_about(EDGE_R_BANNER, edge_span_of("slimta.org")));
    edge_smtp_server_offer(&o->machine, edge_span_of("PLAIN CRAM-MD5"));
    run(o);
    for (size_t at = 3; at < size;) {
        const uint8_t *mark = memchr(data + at, 0xff, size - at);
        size_t len = mark ? (size_t)(mark - data) - at : size - at;
        feed(o, data + at, len, cut);
        at += len;
        if (at + 1 < size)
            event(o, data[at + 1]);
        at += 2;
    }
    while (waits(o)) {
        answer(o);
        run(o);
        show(o);
    }
    edge_smtp_server_peer_closed(&o->machine);
    run(o);
    while (waits(o)) { /* answered by events: the rest now */
        answer(o);
        run(o);
        show(o);
    }
    run(o);
    MUST(o->closed && !o->body_open);
    uint64_t result = o->digest;
    free(o->argument);
    free(o->pending);
    free(o);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4 || size > 20000)
        return 0;
    uint64_t whole = play(data, size, size, AT_ONCE, false);
    MUST(play(data, size, 1, AT_ONCE, false) == whole);
    MUST(play(data, size, data[2] % 13 + 1u, LATE, false) == whole);
    play(data, size, data[2] % 13 + 1u, BY_EVENT, false);
    play(data, size, size, AT_ONCE, true);
    play(data, size, data[2] % 13 + 1u, LATE, true);
    play(data, size, data[2] % 13 + 1u, BY_EVENT, true);
    return 0;
}
