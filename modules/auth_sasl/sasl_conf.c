/* What may be written about AUTH: directive rows and their setters. */
#include "auth_sasl.h"

#include <apr_strings.h>

#include "proto/conf_report.h"

#define BOTH (EDGE_IN(SERVER) | EDGE_IN(LISTENER))

static const char *const mode_words[] = {"off", "on", "required", NULL};
static const char *const key_words[] = {"backend", "mechanisms", NULL};

static const char *mechanism_at(const void *context, unsigned index) {
    (void)context;
    return sasl_mechanisms[index] ? sasl_mechanisms[index]->name : NULL;
}

static int find_mechanism(edge_span_t name) {
    for (int i = 0; sasl_mechanisms[i]; i++)
        if (edge_span_equal_nocase(name, edge_span_of(sasl_mechanisms[i]->name)))
            return i;
    return -1;
}

static const char *all_mechanisms(apr_pool_t *pool) {
    const char *all = "";
    for (unsigned i = 0; sasl_mechanisms[i]; i++)
        all = apr_pstrcat(pool, all, i ? ", " : "", sasl_mechanisms[i]->name, NULL);
    return all;
}

/* Some store brings mechanisms of its own; whether this one is among them shows when the backends are open. */
static bool may_be_brought(const sasl_listener_conf_t *conf, edge_span_t name) {
    const char *provider;
    bool brought = false;
    for (unsigned i = 0; (provider = edge_provider_at("credentials", i)) != NULL; i++) {
        const edge_credentials_provider_t *table = edge_provider_find("credentials", edge_span_of(provider));
        brought |= table->mechanism_at != NULL;
    }
    return brought && name.len > 0 && name.len <= EDGE_AUTH_MECHANISM_MOST && conf->other_count < SASL_OWN_MOST;
}

static bool add_mechanism(const edge_conf_line_t *line, unsigned argument, sasl_listener_conf_t *conf,
                          edge_span_t name) {
    int found = find_mechanism(name);
    if (found >= 0) {
        conf->mechanisms |= 1u << found;
        return true;
    }
    if (may_be_brought(conf, name)) {
        conf->others[conf->other_count++] = edge_span_copy(line->pool, name);
        return true;
    }
    const char *text = edge_span_copy(line->pool, name).at, *near = edge_conf_nearest(name, mechanism_at, NULL);
    if (near)
        edge_conf_error(line, argument, "EDG10851", "\"%s\" is no mechanism; did you mean \"%s\"?", text, near);
    else
        edge_conf_error(line, argument, "EDG10851", "\"%s\" is no mechanism; there are %s", text,
                        all_mechanisms(line->pool));
    return false;
}

static bool add_backend(const edge_conf_line_t *line, unsigned argument, sasl_listener_conf_t *conf, edge_span_t name) {
    if (name.len > 0 && conf->backend_count < SASL_BACKENDS_MOST) {
        conf->backends[conf->backend_count++] = edge_span_copy(line->pool, name);
        return true;
    }
    edge_conf_error(line, argument, "EDG10852", name.len ? "more than %d backends" : "backend= needs 1 to %d names",
                    SASL_BACKENDS_MOST);
    return false;
}

typedef bool add_fn(const edge_conf_line_t *line, unsigned argument, sasl_listener_conf_t *conf, edge_span_t name);

/* NAME,NAME,... */
static bool add_all(const edge_conf_line_t *line, unsigned argument, sasl_listener_conf_t *conf, edge_span_t list,
                    add_fn *add) {
    bool good = true;
    for (;;) {
        const char *comma = list.len ? memchr(list.at, ',', list.len) : NULL;
        good &= add(line, argument, conf, comma ? edge_span(list.at, (size_t)(comma - list.at)) : list);
        if (!comma)
            return good;
        list = edge_span_after(list, (size_t)(comma - list.at) + 1);
    }
}

static bool set_option(const edge_conf_line_t *line, unsigned argument, sasl_listener_conf_t *conf) {
    edge_span_t key, value;
    bool pair = edge_conf_split_pair(line->arguments[argument].text, &key, &value);
    if (pair && edge_span_equal_nocase(key, edge_span_of("backend"))) {
        conf->backend_count = 0;
        return add_all(line, argument, conf, value, add_backend);
    }
    if (pair && edge_span_equal_nocase(key, edge_span_of("mechanisms"))) {
        conf->mechanisms = 0;
        conf->other_count = 0;
        conf->chosen = true;
        return add_all(line, argument, conf, value, add_mechanism);
    }
    edge_conf_error(line, argument, "EDG10850", "Auth takes backend=NAME,... and mechanisms=NAME,..., got \"%s\"",
                    line->arguments[argument].text.at);
    return false;
}

/* Auth off | on | required [backend=...] [mechanisms=...]. What is not named stays as the server's part has it. */
static bool set_auth(const edge_conf_line_t *line, void *conf) {
    sasl_listener_conf_t *listener = (sasl_listener_conf_t *)conf;
    unsigned mode = 0;
    while (line->count > 0 && mode_words[mode] &&
           !edge_span_equal_nocase(line->arguments[0].text, edge_span_of(mode_words[mode])))
        mode++;
    if (line->count == 0 || !mode_words[mode]) {
        edge_conf_error(line, 0, "EDG10850", "Auth is off, on or required, got \"%s\"",
                        line->count ? line->arguments[0].text.at : "");
        return false;
    }
    bool good = true;
    listener->mode = (sasl_mode_t)mode;
    for (unsigned i = 1; i < line->count; i++)
        good &= set_option(line, i, listener);
    return good;
}

static const char *show_backends(const sasl_listener_conf_t *conf, apr_pool_t *pool) {
    const char *text = "";
    for (unsigned i = 0; i < conf->backend_count; i++)
        text = apr_pstrcat(pool, text, i ? "," : " backend=", conf->backends[i].at, NULL);
    return text;
}

static const char *show_mechanisms(const sasl_listener_conf_t *conf, apr_pool_t *pool) {
    const char *text = "";
    for (unsigned i = 0; conf->chosen && sasl_mechanisms[i]; i++)
        if (conf->mechanisms & (1u << i))
            text = apr_pstrcat(pool, text, *text ? "," : " mechanisms=", sasl_mechanisms[i]->name, NULL);
    for (unsigned i = 0; conf->chosen && i < conf->other_count; i++)
        text = apr_pstrcat(pool, text, *text ? "," : " mechanisms=", conf->others[i].at, NULL);
    return text;
}

static edge_span_t show_auth(const void *conf, apr_pool_t *pool) {
    const sasl_listener_conf_t *listener = conf;
    return edge_span_of(apr_pstrcat(pool, mode_words[listener->mode], show_backends(listener, pool),
                                    show_mechanisms(listener, pool), NULL));
}

const edge_directive_t sasl_directives[] = {
    {.name = "Auth",
     .scopes = BOTH,
     .type = EDGE_CONF_CUSTOM,
     .initial = "off",
     .words = key_words,
     .set = set_auth,
     .show = show_auth,
     .when = EDGE_WHEN_RELOAD,
     .usage = "off | on | required [backend=NAME,...] [mechanisms=NAME,...]",
     .prose =
         "Whether clients may authenticate, or must before MAIL (530 5.7.0). backend names the <AuthBackend> "
         "sections that are asked, in order, until one knows the user; it may be left out when there is only one. "
         "mechanisms are SCRAM-SHA-256-PLUS, SCRAM-SHA-256, EXTERNAL, CRAM-MD5, PLAIN and LOGIN. When they are not "
         "named, all but CRAM-MD5 that the backends can serve are offered; CRAM-MD5 needs secrets kept in clear "
         "text. PLAIN and LOGIN are offered under TLS only, SCRAM-SHA-256-PLUS under TLS 1.3, EXTERNAL to clients "
         "with a verified certificate."},
    {.name = "AuthInsecure",
     .scopes = BOTH,
     .type = EDGE_CONF_SWITCH,
     .slot = offsetof(sasl_listener_conf_t, insecure),
     .initial = "off",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose = "Whether PLAIN and LOGIN, which send the password itself, are offered without TLS too. Everybody on the "
              "way can read it then."},
    {.name = "Type",
     .scopes = EDGE_IN(AUTHBACKEND),
     .type = EDGE_CONF_TEXT,
     .slot = offsetof(sasl_backend_conf_t, type),
     .initial = "file",
     .when = EDGE_WHEN_RELOAD,
     .usage = "file",
     .prose = "What kind of store this is: file, or what another module brings."},
    {.name = "File",
     .scopes = EDGE_IN(AUTHBACKEND),
     .type = EDGE_CONF_PATH,
     .slot = offsetof(sasl_backend_conf_t, file),
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose = "The password file of Type file, kept by edgectl passwd: lines USER:CREDENTIAL[:IDENTITY], where "
              "CREDENTIAL is a hash of crypt(3), {SCRAM-SHA-256}ITERATIONS$SALT:STOREDKEY:SERVERKEY, or {PLAIN}SECRET. "
              "A changed file is taken within seconds when it is sound; else the old one stays in use. A file that "
              "everybody can read or write is refused. Only root needs to be able to read it."},
    {.name = NULL},
};
