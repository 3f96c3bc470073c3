/* Makes a listener's settings of what was written: once per snapshot. */
#include "http_edge.h"

#include <apr_strings.h>

/* HTTP has no moment for the others. */
static bool has_phase(edge_span_t name) {
    static const char *const phases[] = {"AUTH", "EHLO", "MAIL", "RCPT", "DATA", "HAVE_DATA", NULL};
    for (unsigned i = 0; phases[i]; i++)
        if (edge_span_equal_nocase(name, edge_span_of(phases[i])))
            return true;
    return false;
}

static void check_phases(edge_conf_check_t *check, const edge_section_t *listener) {
    for (const edge_section_t *on = listener->first; on; on = on->next)
        if (on->scope == EDGE_SCOPE_ON && !has_phase(on->name))
            edge_conf_warn_in(check, on, NULL, "EDG20650",
                              "<On %s> is never asked by HTTP, which knows AUTH, EHLO, MAIL, RCPT, DATA and HAVE_DATA",
                              on->name.at);
}

static void check_auth(edge_conf_check_t *check, const edge_section_t *section, const http_conf_t *conf) {
    const edge_listener_t *listener = section->instance;
    bool wanted = (listener->auth && listener->auth->required) || (conf->auth & HTTP_AUTH_REQUIRED);
    bool written = edge_section_wrote(section, "HttpAuth", NULL, NULL);
    if (wanted && conf->auth == 0)
        edge_conf_error_in(
            check, section, "HttpAuth", "EDG10655",
            "Auth required and HttpAuth off: nobody could send anything; write HttpAuth basic, or Auth on");
    if (!listener->auth && (conf->auth & HTTP_AUTH_BASIC) && written)
        edge_conf_error_in(
            check, section, "HttpAuth", "EDG10656",
            "HttpAuth basic needs credentials: write Auth on backend=NAME, or Auth required backend=NAME");
    if (wanted && conf->auth & HTTP_AUTH_BEARER && !(conf->auth & HTTP_AUTH_BASIC) &&
        edge_tokens_count_of(EDGE_TOKEN_SUBMIT) == 0)
        edge_conf_warn_in(check, section, "HttpAuth", "EDG20651",
                          "there is no token yet that HttpAuth bearer takes: edgectl token create --role submit --name "
                          "NAME makes one");
}

static void check_security(edge_conf_check_t *check, const edge_section_t *section, const http_conf_t *conf) {
    const edge_listener_t *listener = section->instance;
    if (listener->tls && listener->tls->mode == EDGE_TLS_STARTTLS)
        edge_conf_error_in(check, section, "TLS", "EDG10654",
                           "TLS starttls is SMTP's; <Listener %s> speaks HTTP: write TLS immediate, or off",
                           section->name.at);
    check_auth(check, section, conf);
}

static void settle_auth(http_settings_t *settings, edge_listener_t *listener, apr_pool_t *pool) {
    const char *realm = listener->server_name.at;
    uint32_t words = settings->conf->auth;
    settings->basic = listener->auth && (words & HTTP_AUTH_BASIC);
    settings->bearer = (words & HTTP_AUTH_BEARER) != 0;
    settings->required = (words & HTTP_AUTH_REQUIRED) || (listener->auth && listener->auth->required);
    listener->identified = settings->required;
    if (settings->basic)
        settings->basic_challenge =
            edge_span_of(apr_pstrcat(pool, "Basic realm=\"", realm, "\", charset=\"UTF-8\"", NULL));
    if (!settings->bearer)
        return;
    const char *bearer = apr_pstrcat(pool, "Bearer realm=\"", realm, "\"", NULL);
    settings->bearer_challenge = edge_span_of(bearer);
    settings->token_is_wrong = edge_span_of(apr_pstrcat(pool, bearer, ", error=\"invalid_token\"", NULL));
    settings->token_is_for_another =
        edge_span_of(apr_pstrcat(pool, bearer, ", error=\"insufficient_scope\", scope=\"submit\"", NULL));
}

void *http_settings_prepare(edge_conf_check_t *check, const edge_section_t *section, uint32_t carries,
                            apr_pool_t *pool) {
    const http_conf_t *conf = edge_section_conf(section, &http_edge_module);
    http_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));
    check_security(check, section, conf);
    check_phases(check, section);
    settings->conf = conf;
    settings->limits = edge_limits_of(section);
    settings->carries = carries;
    settle_auth(settings, section->instance, pool);
    return settings;
}
