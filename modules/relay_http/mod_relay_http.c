/*
 * A next hop by HTTP: directives and the provider.
 *
 *     LoadModule relay_http_module modules/mod_relay_http.so
 *     <Queue main>
 *         Spool spool/main
 *         <Handoff application>
 *             Protocol   http
 *             Url        https://app.example.net/inbound
 *             HttpSecret "a long secret that only the two know"
 *         </Handoff>
 *     </Queue>
 */
#include "proto/http1.h"
#include "relay_http.h"

static const char *const formats[] = {"raw", "json", NULL};

static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)snapshot;
    (void)pool;
    return http_courier_start();
}

/* The courier sends letters to workers: it ends before them. */
static void worker_stop(edge_worker_t *worker) {
    (void)worker;
    http_courier_stop();
}

static bool set_url(const edge_conf_line_t *line, void *to) {
    http_conf_t *conf = to;
    const char *wrong = line->count == 1 ? http_courier_url(line->arguments[0].text, line->pool, &conf->remote)
                                         : "it is more or less than one word";
    if (wrong != NULL) {
        edge_conf_error(line, 0, "EDG11211",
                        "\"%s\" is no URL to post to: %s; write https://HOST/PATH or http://HOST:PORT/PATH",
                        line->count > 0 ? line->arguments[0].text.at : "", wrong);
        return false;
    }
    conf->url = line->arguments[0].text;
    return true;
}

static bool is_header(edge_span_t text) {
    const char *colon = memchr(text.at, ':', text.len);
    if (colon == NULL || !edge_http1_is_token(edge_span(text.at, (size_t)(colon - text.at)))) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f) {
            return false;
        }
    }
    return edge_span_trim(edge_span_after(text, (size_t)(colon + 1 - text.at))).len > 0;
}

static bool set_header(const edge_conf_line_t *line, void *to) {
    http_conf_t *conf = to;
    if (line->count != 1 || !is_header(line->arguments[0].text)) {
        edge_conf_error(line, 0, "EDG11212",
                        "HttpHeader takes one header in quotes, as \"Authorization: Bearer TOKEN\"");
        return false;
    }
    if (conf->header_count == HTTP_HEADERS_MOST) {
        edge_conf_error(line, 0, "EDG11213", "more than %u headers in one <Handoff>", HTTP_HEADERS_MOST);
        return false;
    }
    conf->headers[conf->header_count++] = line->arguments[0].text;
    return true;
}

static void *prepare(edge_conf_check_t *check, const edge_section_t *handoff, apr_pool_t *pool) {
    http_conf_t *conf = edge_section_conf(handoff, &relay_http_module);
    (void)pool;
    if (conf->url.len == 0) {
        edge_conf_error_in(check, handoff, "Protocol", "EDG11214",
                           "<Handoff %s> is of Protocol http and has no Url: where do messages go?", handoff->name.at);
        return NULL;
    }
    return conf;
}

static const edge_relay_provider_t provider = {
    .name = "http",
    .prose = "Posts each message to a URL; the status is the answer.",
    .prepare = prepare,
    .carries = EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8 | EDGE_CARRIES_BINARYMIME | EDGE_CARRIES_DSN,
    .deliver = http_deliver,
    .cancel = http_deliver_cancel,
};

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_HANDOFF, sizeof(http_conf_t)},
    {0, 0},
};

static const char *const of_http[] = {"http", NULL};

static const edge_directive_t directives[] = {
    {.name = "Url",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_http,
     .type = EDGE_CONF_CUSTOM,
     .set = set_url,
     .when = EDGE_WHEN_RELOAD,
     .usage = "URL",
     .prose = "Where messages are posted to, by http or https. 2xx means taken; 408, 425, 429, 401, 407, 3xx and 5xx "
              "later; other "
              "4xx never. Redirects are not followed, and proxies of the environment are not used."},
    {.name = "HttpFormat",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_http,
     .type = EDGE_CONF_WORD,
     .slot = offsetof(http_conf_t, format),
     .initial = "raw",
     .words = formats,
     .when = EDGE_WHEN_RELOAD,
     .usage = "raw | json",
     .prose =
         "raw: the message as it is (message/rfc822), its envelope in X-Ehlo, X-Sender and X-Recipient, as an HTTP "
         "listener of edged takes it. json: one object with the envelope, and the message in base 64 as `message`."},
    {.name = "HttpSecret",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_http,
     .type = EDGE_CONF_TEXT,
     .slot = offsetof(http_conf_t, secret),
     .when = EDGE_WHEN_RELOAD,
     .secret = true,
     .usage = "TEXT",
     .prose = "Signs each post: X-Edged-Signature is sha256= and the HMAC-SHA256 in hexadecimal of the lines of "
              "X-Edged-Timestamp, X-Sender and each X-Recipient, an empty line, and the body."},
    {.name = "HttpHeader",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_http,
     .type = EDGE_CONF_CUSTOM,
     .set = set_header,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .secret = true,
     .usage = "\"NAME: VALUE\"",
     .prose = "A header that each post carries, such as one that authorises it."},
    {.name = "HttpTimeout",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_http,
     .type = EDGE_CONF_DURATION,
     .slot = offsetof(http_conf_t, timeout),
     .initial = "2m",
     .min = 100000,
     .max = INT64_C(3600000000),
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION",
     .prose = "How long a post may take from its beginning to its answer; then it is tried later."},
    {.name = "HttpAuthorities",
     .scopes = EDGE_IN(HANDOFF),
     .protocols = of_http,
     .type = EDGE_CONF_PATH,
     .slot = offsetof(http_conf_t, authorities),
     .when = EDGE_WHEN_RELOAD,
     .usage = "FILE",
     .prose = "Certificates of the authorities that may vouch for an https server, in PEM; without it the system's. A "
              "certificate is always verified."},
    {.name = NULL},
};

static const edge_provider_row_t providers[] = {
    {"handoff", "http", &provider, "Posts to a URL, raw with the envelope in headers or as JSON, signed."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(relay_http) = {
    .summary = "a next hop by HTTP: each message is posted to a URL",
    .structs = structs,
    .directives = directives,
    .providers = providers,
    .start = start,
    .worker_stop = worker_stop,
};
