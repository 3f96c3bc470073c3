/* What may be written about the SMTP edge: directive rows and their setters. */
#include "smtp_edge.h"

#include <apr_strings.h>

#define SLOT(member) offsetof(smtp_conf_t, member)
#define BOTH (EDGE_IN(SERVER) | EDGE_IN(LISTENER))

/* In the order of tbl/smtp_extensions.def, so that bit and word agree. */
static const char *const extension_words[] = {
#define EDGE_EXTENSION(name, keyword, prose) keyword,
#include "tbl/smtp_extensions.def"
#undef EDGE_EXTENSION
    NULL};
static const char *const newline_words[] = {"reject", "close", "normalize", NULL};

/* Banner [CODE] "TEXT" */
static bool set_banner(const edge_conf_line_t *line, void *conf) {
    struct smtp_banner *banner = &((smtp_conf_t *)conf)->banner;
    uint64_t code = 220;
    if (line->count < 1 || line->count > 2) {
        edge_conf_error(line, 0, "EDG10601", "Banner takes [CODE] \"TEXT\", got %u arguments", line->count);
        return false;
    }
    if (line->count == 2 &&
        (!edge_span_number(line->arguments[0].text, &code) || !(code == 220 || (code >= 400 && code <= 599)))) {
        edge_conf_error(line, 0, "EDG10602", "\"%s\" is no banner code: 220, or 400 to 599 to refuse",
                        line->arguments[0].text.at);
        return false;
    }
    banner->code = (uint32_t)code;
    banner->text = edge_span_copy(line->pool, line->arguments[line->count - 1].text);
    return true;
}

static edge_span_t show_banner(const void *conf, apr_pool_t *pool) {
    const struct smtp_banner *banner = &((const smtp_conf_t *)conf)->banner;
    return edge_span_of(apr_psprintf(pool, "%u \"%s\"", banner->code, edge_conf_escape(banner->text, pool)));
}

/* BareNewline reject [close] | normalize */
static bool set_newlines(const edge_conf_line_t *line, void *conf) {
    static const edge_span_t reject = EDGE_SPAN("reject"), closing = EDGE_SPAN("close"),
                             normalize = EDGE_SPAN("normalize");
    int *rule = &((smtp_conf_t *)conf)->newlines;
    bool first_is_reject = line->count > 0 && edge_span_equal_nocase(line->arguments[0].text, reject);
    if (line->count == 1 && first_is_reject) {
        *rule = EDGE_NEWLINE_REJECT;
        return true;
    }
    if (line->count == 2 && first_is_reject && edge_span_equal_nocase(line->arguments[1].text, closing)) {
        *rule = EDGE_NEWLINE_REJECT_CLOSE;
        return true;
    }
    if (line->count == 1 && edge_span_equal_nocase(line->arguments[0].text, normalize)) {
        *rule = EDGE_NEWLINE_NORMALIZE;
        return true;
    }
    edge_conf_error(line, 0, "EDG10603", "BareNewline takes \"reject\", \"reject close\" or \"normalize\", got \"%s\"",
                    line->count ? line->arguments[0].text.at : "");
    return false;
}

static edge_span_t show_newlines(const void *conf, apr_pool_t *pool) {
    static const char *const texts[] = {"reject", "reject close", "normalize"};
    (void)pool;
    return edge_span_of(texts[((const smtp_conf_t *)conf)->newlines]);
}

const edge_directive_t smtp_directives[] = {
    {.name = "Banner",
     .scopes = BOTH,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(banner),
     .initial = "220 \"%{ServerName} ESMTP Mail Gateway\"",
     .set = set_banner,
     .show = show_banner,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "[CODE] \"TEXT\"",
     .prose = "The first line a client sees; %{ServerName} is filled in. A CODE of 4xx or 5xx refuses every session: "
              "421 closes at "
              "once, any other leaves only QUIT."},
    {.name = "MaxErrors",
     .scopes = BOTH,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(max_errors),
     .initial = "20",
     .min = 1,
     .max = 100000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "NUMBER",
     .prose = "Refused commands in one session after which it is closed with 421 4.7.0."},
    {.name = "BareNewline",
     .scopes = BOTH,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(newlines),
     .initial = "reject",
     .words = newline_words,
     .set = set_newlines,
     .show = show_newlines,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "reject [close] | normalize",
     .prose = "What a bare CR or LF in a message means: reject answers 550 5.6.0 at its end (and with close also 421 "
              "and closes); normalize "
              "makes CRLF of each bare LF, a bare CR is refused all the same. Neither ever ends a message."},
    {.name = "Extensions",
     .scopes = BOTH,
     .type = EDGE_CONF_WORDS,
     .slot = SLOT(extensions),
     .initial = "all",
     .words = extension_words,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "all | KEYWORD... | +KEYWORD -KEYWORD...",
     .prose = "Which keywords EHLO may announce; + and - edit what holds so far, the default or the server's. A "
              "keyword is announced only when the listener's queue can carry what "
              "it promises, and "
              "what is not announced is not understood."},
    {.name = NULL},
};
