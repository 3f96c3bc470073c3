/* What may be written about the HTTP edge: directive rows and their setters. */
#include "http_edge.h"

#include <apr_strings.h>

#define SLOT(member) offsetof(http_conf_t, member)
#define BOTH (EDGE_IN(SERVER) | EDGE_IN(LISTENER))

const char *const http_newline_words[] = {"normalize", "reject", NULL};
static const char *const auth_words[] = {"basic", "bearer", "required", "insecure", NULL};
static const char *const header_words[] = {"ehlo", "sender", "recipient", NULL};

/* HttpPath PATH; a slash at its end says nothing. */
static bool set_path(const edge_conf_line_t *line, void *conf) {
    edge_span_t path = line->count == 1 ? line->arguments[0].text : EDGE_NO_SPAN;
    bool good = path.len > 0 && path.at[0] == '/';
    for (size_t i = 0; good && i < path.len; i++)
        good = path.at[i] > ' ' && path.at[i] < 0x7f && path.at[i] != '?' && path.at[i] != '#';
    if (!good) {
        edge_conf_error(line, 0, "EDG10650",
                        "HttpPath needs one path that begins with a slash, without blanks, ? or #, got \"%s\"",
                        path.len ? path.at : "");
        return false;
    }
    while (path.len > 0 && path.at[path.len - 1] == '/')
        path.len--;
    ((http_conf_t *)conf)->path = edge_span_copy(line->pool, path);
    return true;
}

static edge_span_t show_path(const void *conf, apr_pool_t *pool) {
    edge_span_t path = ((const http_conf_t *)conf)->path;
    (void)pool;
    return path.len ? path : edge_span_of("/");
}

/* Fields that mean something else already. */
static bool is_taken(edge_span_t name) {
    static const char *const taken[] = {"accept",
                                        "authorization",
                                        "connection",
                                        "content-encoding",
                                        "content-length",
                                        "content-type",
                                        "expect",
                                        "host",
                                        "te",
                                        "transfer-encoding",
                                        "trailer",
                                        "upgrade",
                                        "date",
                                        "www-authenticate",
                                        "proxy-connection",
                                        NULL};
    for (unsigned i = 0; taken[i]; i++)
        if (edge_span_equal_nocase(name, edge_span_of(taken[i])))
            return true;
    return false;
}

static edge_span_t *name_slot(edge_http_names_t *names, edge_span_t key) {
    edge_span_t *slots[] = {&names->ehlo, &names->sender, &names->recipient};
    for (unsigned i = 0; header_words[i]; i++)
        if (edge_span_equal_nocase(key, edge_span_of(header_words[i])))
            return slots[i];
    return NULL;
}

static bool set_one_header(const edge_conf_line_t *line, unsigned argument, edge_http_names_t *names) {
    edge_span_t key, value, *slot = NULL;
    edge_span_t text = line->arguments[argument].text;
    if (edge_conf_split_pair(text, &key, &value))
        slot = name_slot(names, key);
    if (!slot) {
        edge_conf_error(line, argument, "EDG10651", "\"%s\" is none of ehlo=NAME, sender=NAME and recipient=NAME",
                        text.at);
        return false;
    }
    if (!edge_http1_is_token(value) || is_taken(value)) {
        edge_conf_error(line, argument, "EDG10652", "\"%s\" cannot name a header of the envelope: %s", text.at,
                        is_taken(value) ? "HTTP itself uses it" : "letters, digits and dashes make a name");
        return false;
    }
    *slot = edge_span_copy(line->pool, value);
    return true;
}

/* HttpHeaders ehlo=NAME sender=NAME recipient=NAME. What is not named keeps its name. */
static bool set_headers(const edge_conf_line_t *line, void *conf) {
    edge_http_names_t *names = &((http_conf_t *)conf)->names;
    bool good = line->count > 0;
    if (!good)
        edge_conf_error(line, 0, "EDG10651", "HttpHeaders needs ehlo=NAME, sender=NAME or recipient=NAME");
    for (unsigned i = 0; i < line->count; i++)
        good &= set_one_header(line, i, names);
    if (good &&
        (edge_span_equal_nocase(names->ehlo, names->sender) || edge_span_equal_nocase(names->ehlo, names->recipient) ||
         edge_span_equal_nocase(names->sender, names->recipient))) {
        edge_conf_error(line, 0, "EDG10653", "two headers of the envelope have one name");
        good = false;
    }
    return good;
}

static edge_span_t show_headers(const void *conf, apr_pool_t *pool) {
    const edge_http_names_t *names = &((const http_conf_t *)conf)->names;
    return edge_span_of(apr_pstrcat(pool, "ehlo=", names->ehlo.at, " sender=", names->sender.at,
                                    " recipient=", names->recipient.at, NULL));
}

/* HttpAuth off | [basic] [bearer] [required] [insecure] */
static uint32_t auth_bit(edge_span_t text) {
    for (unsigned i = 0; auth_words[i]; i++)
        if (edge_span_equal_nocase(text, edge_span_of(auth_words[i])))
            return 1u << i;
    return 0;
}

static bool set_auth(const edge_conf_line_t *line, void *conf) {
    uint32_t bits = 0;
    bool off = line->count == 1 && edge_span_equal_nocase(line->arguments[0].text, edge_span_of("off"));
    if (line->count == 0) {
        edge_conf_error(line, 0, "EDG10657", "HttpAuth needs basic, bearer or both, or off");
        return false;
    }
    for (unsigned i = 0; i < line->count && !off; i++) {
        uint32_t bit = auth_bit(line->arguments[i].text);
        if (!bit) {
            edge_conf_error(line, i, "EDG10657",
                            "HttpAuth takes basic, bearer, required and insecure, or off alone, got \"%s\"",
                            line->arguments[i].text.at);
            return false;
        }
        bits |= bit;
    }
    if (!off && !(bits & (HTTP_AUTH_BASIC | HTTP_AUTH_BEARER))) {
        edge_conf_error(line, 0, "EDG10657", "HttpAuth %s needs basic or bearer beside it", line->arguments[0].text.at);
        return false;
    }
    ((http_conf_t *)conf)->auth = bits;
    return true;
}

static edge_span_t show_auth(const void *conf, apr_pool_t *pool) {
    uint32_t bits = ((const http_conf_t *)conf)->auth;
    const char *text = "";
    for (unsigned i = 0; auth_words[i]; i++)
        if (bits & 1u << i)
            text = apr_pstrcat(pool, text, *text ? " " : "", auth_words[i], NULL);
    return edge_span_of(*text ? text : "off");
}

const edge_directive_t http_directives[] = {
    {.name = "HttpPath",
     .scopes = BOTH,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(path),
     .initial = "/email",
     .set = set_path,
     .show = show_path,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "PATH",
     .prose = "Where messages are posted; a slash behind it makes no difference. Every other path is 404."},
    {.name = "HttpHeaders",
     .scopes = BOTH,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(names),
     .initial = "ehlo=X-Ehlo sender=X-Sender recipient=X-Recipient",
     .words = header_words,
     .set = set_headers,
     .show = show_headers,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "[ehlo=NAME] [sender=NAME] [recipient=NAME]",
     .prose = "The request's headers that make the envelope: the client's name, the reverse-path, and each recipient. "
              "What is not named keeps its name."},
    {.name = "HttpPartial",
     .scopes = BOTH,
     .type = EDGE_CONF_SWITCH,
     .slot = SLOT(partial),
     .initial = "off",
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "on | off",
     .prose = "With several recipients of which some are refused: off refuses the whole request with the first "
              "refusal's reply, on takes the message for the others. A client that asks for application/json is told "
              "about each."},
    {.name = "HttpBareNewline",
     .scopes = BOTH,
     .type = EDGE_CONF_WORD,
     .slot = SLOT(newlines),
     .initial = "normalize",
     .words = http_newline_words,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "normalize | reject",
     .prose = "What a line of a message means that ends in LF alone: normalize makes it CRLF, reject answers 400. A "
              "bare CR is 400 either way."},
    {.name = "HttpAuth",
     .scopes = BOTH,
     .type = EDGE_CONF_CUSTOM,
     .slot = SLOT(auth),
     .initial = "basic",
     .words = auth_words,
     .set = set_auth,
     .show = show_auth,
     .when = EDGE_WHEN_SESSION,
     .runtime = true,
     .usage = "off | [basic] [bearer] [required] [insecure]",
     .prose = "How a client says who it is. basic takes name and password (RFC 7617) against the same credentials as "
              "SMTP, where the listener has Auth and takes PLAIN. bearer takes a token of role submit (RFC 6750, "
              "TokenFile), under TLS or from this host, with insecure from anywhere. Wrong ones are counted, delayed "
              "and banned as AuthFailures says. With required, or Auth required, a request without is 401."},
    {.name = NULL},
};
