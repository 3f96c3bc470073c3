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
static const char *const add_missing_words[] = {"off", "on", "authenticated", NULL};
static const char *const timeout_words[] = {"command", "data", "tls", "session", "data-total", NULL};

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
    return edge_span_of(apr_psprintf(pool, "%u \"%s\"", banner->code, banner->text.at));
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

static edge_mono_t *timeout_slot(smtp_timeouts_t *timeouts, edge_span_t key) {
    edge_mono_t *slots[] = {&timeouts->command, &timeouts->data, &timeouts->tls, &timeouts->session,
                            &timeouts->data_total};
    for (unsigned i = 0; timeout_words[i]; i++)
        if (edge_span_equal_nocase(key, edge_span_of(timeout_words[i])))
            return slots[i];
    return NULL;
}

static bool set_one_timeout(const edge_conf_line_t *line, unsigned argument, smtp_timeouts_t *timeouts) {
    static const edge_span_t none = EDGE_SPAN("none");
    edge_span_t key, value;
    edge_mono_t *slot = NULL, duration = 0;
    edge_span_t text = line->arguments[argument].text;
    if (edge_conf_split_pair(text, &key, &value))
        slot = timeout_slot(timeouts, key);
    else
        value = EDGE_NO_SPAN;
    if (!slot) {
        edge_conf_error(
            line, argument, "EDG10604",
            "\"%s\" is no time limit: one duration (30s) or none, or command= data= tls= session= data-total=",
            text.at);
        return false;
    }
    if (!edge_span_equal_nocase(value, none) &&
        (!edge_conf_parse_duration(value, &duration) || duration < EDGE_MS(10))) {
        edge_conf_error(line, argument, "EDG10605",
                        "\"%s\" needs a duration with a unit of at least 10ms, or none: for example 300s", text.at);
        return false;
    }
    *slot = duration;
    return true;
}

/* Timeout 30s | none | command=300s data=180s ... What is not named keeps its default. */
static bool set_timeout(const edge_conf_line_t *line, void *conf) {
    static const edge_span_t none = EDGE_SPAN("none");
    smtp_timeouts_t *timeouts = &((smtp_conf_t *)conf)->timeouts;
    edge_mono_t one = 0;
    if (line->count == 1 && edge_span_equal_nocase(line->arguments[0].text, none)) {
        memset(timeouts, 0, sizeof(*timeouts));
        return true;
    }
    if (line->count == 1 && edge_conf_parse_duration(line->arguments[0].text, &one) && one >= EDGE_MS(10)) {
        timeouts->command = timeouts->data = one;
        return true;
    }
    if (line->count == 0)
        edge_conf_error(line, 0, "EDG10606",
                        "Timeout needs a duration (30s), none, or command= data= tls= session= data-total=");
    bool good = line->count > 0;
    for (unsigned i = 0; i < line->count; i++)
        good &= set_one_timeout(line, i, timeouts);
    return good;
}

static const char *duration_text(apr_pool_t *pool, edge_mono_t value) {
    if (value == 0)
        return "none";
    if (value % EDGE_SECONDS(1) == 0)
        return apr_psprintf(pool, "%" APR_INT64_T_FMT "s", (apr_int64_t)(value / EDGE_SECONDS(1)));
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "ms", (apr_int64_t)(value / EDGE_MS(1)));
}

static edge_span_t show_timeout(const void *conf, apr_pool_t *pool) {
    const smtp_timeouts_t *timeouts = &((const smtp_conf_t *)conf)->timeouts;
    return edge_span_of(apr_pstrcat(
        pool, "command=", duration_text(pool, timeouts->command), " data=", duration_text(pool, timeouts->data),
        " tls=", duration_text(pool, timeouts->tls), " session=", duration_text(pool, timeouts->session),
        " data-total=", duration_text(pool, timeouts->data_total), NULL));
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
    {.name = "MaxMessageSize",
     .scopes = BOTH,
     .type = EDGE_CONF_SIZE,
     .slot = SLOT(max_message_size),
     .initial = "78643200",
     .min = 0,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "SIZE | none",
     .prose = "The largest message taken, in octets as the client sends them after dot-unstuffing. It is announced as "
              "SIZE; none takes "
              "the announcement and the limit away."},
    {.name = "MaxRecipients",
     .scopes = BOTH,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(max_recipients),
     .initial = "1000",
     .min = 1,
     .max = 100000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "NUMBER",
     .prose = "Recipients accepted in one transaction; the next ones get 452 4.5.3 and are sent again by the client. "
              "RFC 5321 asks for at "
              "least 100."},
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
    {.name = "MaxHops",
     .scopes = BOTH,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(max_hops),
     .initial = "100",
     .min = 1,
     .max = 10000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "NUMBER",
     .prose = "A message with this many Received fields goes in circles: 554 5.4.6."},
    {.name = "MinRate",
     .scopes = BOTH,
     .type = EDGE_CONF_NUMBER,
     .slot = SLOT(min_rate),
     .initial = "100",
     .min = 0,
     .max = 1000000,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "OCTETS",
     .prose = "Octets per second that a message must bring, over each minute of its data; a slower client is timed "
              "out. 0 switches "
              "it off."},
    {.name = "Timeout",
     .scopes = BOTH,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(timeouts),
     .initial = "command=300s data=180s tls=20s session=1h data-total=1h",
     .words = timeout_words,
     .set = set_timeout,
     .show = show_timeout,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "DURATION | none | command=D data=D tls=D session=D data-total=D",
     .prose = "How long a client may take: for a whole command line, for progress of a message's data, for the TLS "
              "handshake, for the "
              "session, for the data of one message. One DURATION sets command and data; none switches all off."},
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
     .usage = "all | KEYWORD...",
     .prose = "Which keywords EHLO may announce. A keyword is announced only when the listener's queue can carry what "
              "it promises, and "
              "what is not announced is not understood."},
    {.name = "AddMissingHeaders",
     .scopes = BOTH,
     .type = EDGE_CONF_WORD,
     .slot = SLOT(add_missing),
     .initial = "authenticated",
     .words = add_missing_words,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "off | on | authenticated",
     .prose = "Whether From, Date and Message-Id are put in front of a message that lacks them: never, always, or for "
              "authenticated "
              "clients only. From is never made of the null sender."},
    {.name = NULL},
};
