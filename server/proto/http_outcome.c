/* From statuses of HTTP to outcomes and replies. */
#include "proto/http_outcome.h"

#include <apr_strings.h>

#include "proto/http1_write.h"

#define LINE_MOST 200 /* octets of the content that are shown */

/* Statuses that mean something of their own; all others go by their class. */
static const struct {
    unsigned status;
    edge_relay_outcome_t outcome;
    edge_relay_blame_t blame;
    uint16_t code, subject, detail;
} rows[] = {
    {401, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 7, 8},    {407, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 7, 8},
    {404, EDGE_RELAY_FAILED, EDGE_RELAY_MESSAGE, 550, 1, 1},   {408, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 4, 2},
    {410, EDGE_RELAY_FAILED, EDGE_RELAY_MESSAGE, 550, 1, 6},   {413, EDGE_RELAY_FAILED, EDGE_RELAY_MESSAGE, 552, 3, 4},
    {425, EDGE_RELAY_DEFERRED, EDGE_RELAY_MESSAGE, 451, 0, 0}, {429, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 4, 5},
    {507, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 452, 3, 1},
};

static edge_relay_outcome_t by_status(unsigned status, edge_reply_t *reply, edge_relay_blame_t *blame) {
    bool done = status >= 200 && status < 300, failed = status >= 400 && status < 500;
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        if (rows[i].status == status) {
            *blame = rows[i].blame;
            reply->code = rows[i].code;
            reply->subject = rows[i].subject;
            reply->detail = rows[i].detail;
            return rows[i].outcome;
        }
    }
    *blame = done || failed ? EDGE_RELAY_MESSAGE : EDGE_RELAY_HOST;
    reply->code = done ? 250 : failed ? 554 : 451;
    reply->subject = reply->detail = 0;
    return done ? EDGE_RELAY_DONE : failed ? EDGE_RELAY_FAILED : EDGE_RELAY_DEFERRED;
}

/* "550" or "550 5.1.1", when its class is that of `reply` already. */
static bool take_smtp_reply(edge_span_t text, edge_reply_t *reply) {
    uint64_t code;
    edge_reply_t taken = *reply;
    if (text.len < 3 || !edge_span_number(edge_span(text.at, 3), &code) || code / 100 != edge_reply_class(reply) ||
        (text.len > 3 && text.at[3] != ' ')) {
        return false;
    }
    edge_span_t enhanced = text.len > 4 ? edge_span_after(text, 4) : EDGE_NO_SPAN;
    if (!edge_reply_set(&taken, (unsigned)code, enhanced, EDGE_NO_SPAN)) {
        return false;
    }
    *reply = taken;
    return true;
}

static edge_span_t first_line(edge_span_t content) {
    size_t len = 0;
    while (content.len > 0 && (unsigned char)content.at[0] <= ' ') {
        content = edge_span_after(content, 1);
    }
    while (len < content.len && len < LINE_MOST && content.at[len] != '\r' && content.at[len] != '\n') {
        len++;
    }
    return edge_span(content.at, len);
}

static edge_span_t words(const edge_http_answer_t *answer, bool smtp, apr_pool_t *pool) {
    edge_span_t reason = answer->reason.len > 0 ? answer->reason : edge_span_of(edge_http1_reason(answer->status));
    edge_span_t line = smtp ? EDGE_NO_SPAN : first_line(answer->content);
    if (smtp) {
        return edge_span_copy(pool, reason);
    }
    return edge_span_of(apr_psprintf(pool, "HTTP %u %.*s%s%.*s", answer->status, (int)reason.len, reason.at,
                                     line.len > 0 ? ": " : "", (int)line.len, line.len > 0 ? line.at : ""));
}

edge_relay_outcome_t edge_http_outcome(const edge_http_answer_t *answer, apr_pool_t *pool, edge_reply_t *reply,
                                       edge_relay_blame_t *blame) {
    *reply = (edge_reply_t){.literal = true};
    edge_relay_outcome_t outcome = by_status(answer->status, reply, blame);
    bool smtp = answer->smtp_reply.at != NULL && take_smtp_reply(answer->smtp_reply, reply);
    reply->literal = true;
    reply->text = words(answer, smtp, pool);
    return outcome;
}
