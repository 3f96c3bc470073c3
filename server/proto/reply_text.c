/* Rows to replies; what a validator writes as a reply; filling in and cleaning the text. */
#include "proto/reply_text.h"

#include "edge_utf8.h"

static const struct row {
    uint16_t code, subject, detail;
    edge_span_t text;
    const char *prose;
} rows[] = {
#define EDGE_REPLY(name, code, subject, detail, text, prose) {code, subject, detail, EDGE_SPAN(text), prose},
#include "tbl/reply_texts.def"
#undef EDGE_REPLY
};

static edge_reply_source_t source_of(edge_reply_row_t row) {
    switch (row) {
    case EDGE_R_SIZE_DECLARED:
    case EDGE_R_SIZE_EXCEEDED:
    case EDGE_R_TOO_MANY_RECIPIENTS:
    case EDGE_R_TOO_MANY_HOPS:
    case EDGE_R_TOO_MANY_ERRORS:
    case EDGE_R_TOO_MANY_CONNECTIONS:
    case EDGE_R_TOO_MANY_FROM_ADDRESS:
    case EDGE_R_BANNED:
    case EDGE_R_TIMED_OUT:
    case EDGE_R_LINE_TOO_LONG:
    case EDGE_R_AUTH_LINE_TOO_LONG: return EDGE_REPLY_FROM_LIMIT;
    case EDGE_R_CHECK_FAILED: return EDGE_REPLY_FROM_VALIDATOR;
    case EDGE_R_NO_ROOM:
    case EDGE_R_QUEUE_DOWN:
    case EDGE_R_QUEUED: return EDGE_REPLY_FROM_QUEUE;
    default: return EDGE_REPLY_FROM_CORE;
    }
}

edge_reply_t edge_reply_of(edge_reply_row_t row) {
    const struct row *from = &rows[row];
    return (edge_reply_t){.code = from->code,
                          .subject = from->subject,
                          .detail = from->detail,
                          .source = (uint8_t)source_of(row),
                          .text = from->text};
}

edge_reply_t edge_reply_about(edge_reply_row_t row, edge_span_t argument) {
    edge_reply_t reply = edge_reply_of(row);
    reply.argument = argument;
    return reply;
}

edge_reply_t edge_reply_with_number(edge_reply_row_t row, uint64_t number) {
    edge_reply_t reply = edge_reply_of(row);
    reply.number = number;
    return reply;
}

const char *edge_reply_row_prose(edge_reply_row_t row) { return rows[row].prose; }

/* Setting */

/* 1 to 3 digits off the front of `text`. */
static bool take_number(edge_span_t *text, uint16_t *value) {
    size_t len = 0;
    *value = 0;
    while (len < text->len && len < 3 && text->at[len] >= '0' && text->at[len] <= '9')
        *value = (uint16_t)(*value * 10 + (text->at[len++] - '0'));
    if (len > 0)
        *text = edge_span_after(*text, len);
    return len > 0;
}

static bool take_dot(edge_span_t *text) {
    if (text->len == 0 || text->at[0] != '.')
        return false;
    *text = edge_span_after(*text, 1);
    return true;
}

/* RFC 3463 2: class "." subject "." detail off the front of `text`, with a blank, a line end or nothing behind it. */
static bool take_enhanced(edge_span_t *text, uint16_t *subject, uint16_t *detail) {
    edge_span_t rest = *text;
    uint16_t class;
    if (!take_number(&rest, &class) || (class != 2 && class != 4 && class != 5) || !take_dot(&rest) ||
        !take_number(&rest, subject) || !take_dot(&rest) || !take_number(&rest, detail))
        return false;
    if (rest.len > 0 && rest.at[0] != ' ' && rest.at[0] != '\t' && rest.at[0] != '\n' && rest.at[0] != '\r')
        return false;
    while (rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t'))
        rest = edge_span_after(rest, 1);
    *text = rest;
    return true;
}

bool edge_reply_set(edge_reply_t *reply, unsigned code, edge_span_t enhanced, edge_span_t text) {
    uint16_t subject = 0, detail = 0, given_subject, given_detail;
    bool plain_success = reply->subject == EDGE_NO_ENHANCED && reply->code / 100 == 2 && code / 100 == 2;
    if (code < 200 || code > 599 || code / 100 == 3)
        return false;
    bool known = take_enhanced(&text, &subject, &detail);
    if (take_enhanced(&enhanced, &given_subject, &given_detail) && enhanced.len == 0) {
        known = true;
        subject = given_subject;
        detail = given_detail;
    }
    reply->code = (uint16_t)code;
    reply->subject = known ? subject : plain_success ? EDGE_NO_ENHANCED : 0;
    reply->detail = known ? detail : 0;
    reply->text = text;
    reply->literal = true;
    return true;
}

/* Filling in and cleaning */

typedef struct walk {
    bool utf8;
    bool break_due; /* a line break that was seen; handed out with what follows, so that the last one goes */
    bool in_text;   /* of the reply itself: its LF are line breaks; those of an argument are not */
    edge_reply_text_run_fn *run;
    void *to;
} walk_t;

static void hand_out(walk_t *walk, edge_span_t run) {
    if (walk->break_due)
        walk->run(walk->to, (edge_span_t)EDGE_SPAN("\n"));
    walk->break_due = false;
    if (run.len)
        walk->run(walk->to, run);
}

/* Octets of the clean character at the front; 0: it must not go out. */
static size_t clean_len(const walk_t *walk, edge_span_t text) {
    unsigned char c = (unsigned char)text.at[0];
    if (c < 0x80)
        return c == '\t' || (c >= ' ' && c != 0x7f);
    return walk->utf8 ? edge_utf8_len(text) : 0;
}

/* A character that is not clean, at the front: a line break, a CR that belongs to one, or what becomes '?'. */
static void hand_out_special(walk_t *walk, edge_span_t text) {
    if (walk->in_text && text.at[0] == '\r' && text.len > 1 && text.at[1] == '\n')
        return;
    if (!walk->in_text || text.at[0] != '\n') {
        hand_out(walk, (edge_span_t)EDGE_SPAN("?"));
        return;
    }
    if (walk->break_due)
        hand_out(walk, EDGE_NO_SPAN);
    walk->break_due = true;
}

static void walk_bytes(walk_t *walk, edge_span_t text) {
    size_t at = 0;
    while (text.len > 0) {
        size_t len = at < text.len ? clean_len(walk, edge_span_after(text, at)) : 0;
        at += len;
        if (len > 0)
            continue;
        if (at > 0)
            hand_out(walk, edge_span(text.at, at));
        text = edge_span_after(text, at);
        at = 0;
        if (text.len == 0)
            return;
        hand_out_special(walk, text);
        text = edge_span_after(text, 1);
    }
}

static void walk_argument(walk_t *walk, edge_span_t argument) {
    walk->in_text = false;
    walk_bytes(walk, argument);
    walk->in_text = true;
}

static void walk_number(walk_t *walk, uint64_t number) {
    char digits[20];
    size_t at = sizeof(digits);
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    hand_out(walk, edge_span(digits + at, sizeof(digits) - at));
}

void edge_reply_text_walk(const edge_reply_t *reply, bool utf8, edge_reply_text_run_fn *run, void *to) {
    walk_t walk = {.utf8 = utf8, .in_text = true, .run = run, .to = to};
    edge_span_t text = reply->text;
    while (!reply->literal && text.len > 0) {
        const char *mark = memchr(text.at, '%', text.len);
        size_t len = mark ? (size_t)(mark - text.at) : text.len;
        char what = mark && len + 1 < text.len ? mark[1] : '\0';
        if (mark && what != 's' && what != 'n')
            len++; /* a per cent sign like any other */
        walk_bytes(&walk, edge_span(text.at, len));
        text = edge_span_after(text, len);
        if (what != 's' && what != 'n')
            continue;
        if (what == 's')
            walk_argument(&walk, reply->argument);
        else
            walk_number(&walk, reply->number);
        text = edge_span_after(text, 2);
    }
    walk_bytes(&walk, text);
}

typedef struct copy {
    char *out;
    size_t size, len;
} copy_t;

static void copy_run(void *to, edge_span_t run) {
    copy_t *copy = to;
    if (copy->len < copy->size)
        memcpy(copy->out + copy->len, run.at, run.len < copy->size - copy->len ? run.len : copy->size - copy->len);
    copy->len += run.len;
}

size_t edge_reply_text(const edge_reply_t *reply, char *out, size_t size) {
    copy_t copy = {out, size, 0};
    edge_reply_text_walk(reply, true, copy_run, &copy);
    return copy.len;
}
