/* Replies of validators in the operator's words: Reply and ReplyReference. */
#include "core/refusal.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "proto/conf_report.h"

/* No reply of SMTP is longer than some lines; a module's own text may be, and is cut. */
#define TEXT_MOST ((size_t)4096)

/* Facts that a text may name. */
typedef struct fact {
    const char *name;
    edge_span_t (*of)(const edge_check_call_t *call);
} fact_t;

static edge_span_t fact_address(const edge_check_call_t *call) { return call->argument; }
static edge_span_t fact_sender(const edge_check_call_t *call) { return call->sender; }
static edge_span_t fact_client(const edge_check_call_t *call) { return call->client->ip; }
static edge_span_t fact_ehlo(const edge_check_call_t *call) { return call->client->ehlo; }
static edge_span_t fact_identity(const edge_check_call_t *call) { return call->client->auth; }
static edge_span_t fact_server(const edge_check_call_t *call) { return call->client->receiver; }

static const fact_t facts[] = {
    {"address", fact_address}, {"sender", fact_sender},     {"client", fact_client},
    {"ehlo", fact_ehlo},       {"identity", fact_identity}, {"server", fact_server},
};

/* What the module would have said. */
static const edge_span_t said = EDGE_SPAN("text");

static const fact_t *fact_of(edge_span_t name) {
    for (unsigned i = 0; i < EDGE_COUNT(facts); i++)
        if (edge_span_equal(name, edge_span_of(facts[i].name)))
            return &facts[i];
    return NULL;
}

/* Takes %{NAME} off the front; absent when there is none, or it does not end. */
static edge_span_t take_name(edge_span_t *text) {
    const char *end =
        text->len > 2 && text->at[0] == '%' && text->at[1] == '{' ? memchr(text->at, '}', text->len) : NULL;
    if (!end)
        return EDGE_NO_SPAN;
    edge_span_t name = edge_span(text->at + 2, (size_t)(end - text->at) - 2);
    *text = edge_span_after(*text, name.len + 3);
    return name;
}

static const char *fact_name_at(const void *context, unsigned index) {
    (void)context;
    return index < EDGE_COUNT(facts) ? facts[index].name : NULL;
}

static bool check_names(const edge_conf_line_t *line, unsigned argument) {
    edge_span_t text = line->arguments[argument].text;
    while (text.len) {
        edge_span_t name = take_name(&text);
        if (!name.at) {
            text = edge_span_after(text, 1);
            continue;
        }
        if (edge_span_equal(name, said) || fact_of(name))
            continue;
        const char *near = edge_conf_nearest(edge_span_copy(line->pool, name), fact_name_at, NULL);
        edge_conf_error(line, argument, "EDG10322",
                        "%%{%.*s} is no fact of a reply%s%s%s; allowed: %%{address} %%{sender} %%{client} %%{ehlo} "
                        "%%{identity} %%{server} %%{text}",
                        (int)name.len, name.at, near ? " (did you mean %{" : "", near ? near : "", near ? "}?)" : "");
        return false;
    }
    return true;
}

static bool is_enhanced(edge_span_t text) {
    edge_reply_t reply = {.code = 550};
    return text.len >= 5 && (text.at[0] == '4' || text.at[0] == '5') && text.at[1] == '.' &&
           edge_reply_set(&reply, 550, text, edge_span_of("x")) && (reply.subject || reply.detail);
}

static unsigned code_of(edge_span_t text) {
    uint64_t code;
    return text.len == 3 && edge_span_number(text, &code) && code >= 400 && code <= 599 ? (unsigned)code : 0;
}

/* Reply CODE [ENHANCED] TEXT */
bool edge_refusal_set(const edge_conf_line_t *line, edge_refusal_t *refusal) {
    unsigned code = line->count ? code_of(line->arguments[0].text) : 0;
    unsigned last = line->count ? line->count - 1 : 0;
    if (line->count < 2 || line->count > 3 || line->arguments[last].text.len == 0) {
        edge_conf_error(line, last, "EDG10320",
                        "Reply needs a code, perhaps an enhanced code, and a text in quotes, as in "
                        "Reply 550 5.7.1 \"Not here\"; got %u words",
                        line->count);
        return false;
    }
    if (!code) {
        edge_conf_error(line, 0, "EDG10321", "\"%s\" is no code of a refusal: 400 to 599", line->arguments[0].text.at);
        return false;
    }
    if (line->count == 3 &&
        (!is_enhanced(line->arguments[1].text) || line->arguments[1].text.at[0] != line->arguments[0].text.at[0])) {
        edge_conf_error(line, 1, "EDG10323", "\"%s\" is no enhanced code for %u: write %u.SUBJECT.DETAIL, as %u.7.1",
                        line->arguments[1].text.at, code, code / 100, code / 100);
        return false;
    }
    if (!check_names(line, last))
        return false;
    refusal->code = code;
    refusal->enhanced = line->count == 3 ? edge_span_copy(line->pool, line->arguments[1].text) : EDGE_NO_SPAN;
    refusal->text = edge_span_copy(line->pool, line->arguments[last].text);
    return true;
}

edge_span_t edge_refusal_show(const edge_refusal_t *refusal, apr_pool_t *pool) {
    if (!refusal->code)
        return EDGE_NO_SPAN;
    bool enhanced = refusal->enhanced.at != NULL;
    return edge_span_of(apr_psprintf(pool, "%u %s%s\"%s\"", refusal->code, enhanced ? refusal->enhanced.at : "",
                                     enhanced ? " " : "", refusal->text.at));
}

bool edge_refusal_replaces(const edge_refusal_t *refusal, const edge_reply_t *reply) {
    unsigned class = edge_reply_class(reply);
    return refusal->code && (class == 5 || (class == 4 && refusal->code / 100 == 4));
}

static size_t put(char *out, size_t at, edge_span_t text) {
    size_t len = text.len < TEXT_MOST - at ? text.len : TEXT_MOST - at;
    if (len)
        memcpy(out + at, text.at, len);
    return at + len;
}

static edge_span_t text_of(const edge_reply_t *reply, apr_pool_t *pool) {
    char *text = apr_palloc(pool, TEXT_MOST);
    size_t len = edge_reply_text(reply, text, TEXT_MOST);
    return edge_span(text, len < TEXT_MOST ? len : TEXT_MOST);
}

void edge_refusal_apply(const edge_refusal_t *refusal, const edge_check_call_t *call, edge_reply_t *reply) {
    char *out = apr_palloc(call->pool, TEXT_MOST);
    edge_span_t rest = refusal->text;
    size_t len = 0;
    while (rest.len) {
        edge_span_t name = take_name(&rest);
        const fact_t *fact = name.at ? fact_of(name) : NULL;
        if (fact) {
            len = put(out, len, fact->of(call));
        } else if (name.at) {
            len = put(out, len, text_of(reply, call->pool));
        } else {
            len = put(out, len, edge_span(rest.at, 1));
            rest = edge_span_after(rest, 1);
        }
    }
    edge_reply_set(reply, refusal->code, refusal->enhanced, edge_span(out, len));
}

void edge_refusal_refer(edge_reply_t *reply, const char *reference, apr_pool_t *pool) {
    edge_span_t text = text_of(reply, pool);
    char *out = apr_psprintf(pool, "%.*s%s[%s]", (int)text.len, text.at, text.len ? " " : "", reference);
    reply->text = edge_span_of(out);
    reply->argument = EDGE_NO_SPAN;
    reply->literal = true;
}
