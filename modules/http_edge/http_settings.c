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

static void check_security(edge_conf_check_t *check, const edge_section_t *section, const http_conf_t *conf) {
    const edge_listener_t *listener = section->instance;
    if (listener->tls && listener->tls->mode == EDGE_TLS_STARTTLS)
        edge_conf_error_in(check, section, "TLS", "EDG10654",
                           "TLS starttls is SMTP's; <Listener %s> speaks HTTP: write TLS immediate, or off",
                           section->name.at);
    if (listener->auth && listener->auth->required && conf->auth == HTTP_AUTH_OFF)
        edge_conf_error_in(
            check, section, "HttpAuth", "EDG10655",
            "Auth required and HttpAuth off: nobody could send anything; write HttpAuth basic, or Auth on");
    if (!listener->auth && conf->auth != HTTP_AUTH_OFF && edge_section_wrote(section, "HttpAuth", NULL, NULL))
        edge_conf_error_in(
            check, section, "HttpAuth", "EDG10656",
            "HttpAuth basic needs credentials: write Auth on backend=NAME, or Auth required backend=NAME");
}

void *http_settings_prepare(edge_conf_check_t *check, const edge_section_t *section, uint32_t carries,
                            apr_pool_t *pool) {
    const http_conf_t *conf = edge_section_conf(section, &http_edge_module);
    const edge_listener_t *listener = section->instance;
    http_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));
    check_security(check, section, conf);
    check_phases(check, section);
    settings->conf = conf;
    settings->limits = edge_limits_of(section);
    settings->carries = carries;
    settings->basic = listener->auth && conf->auth == HTTP_AUTH_BASIC;
    settings->challenge =
        edge_span_of(apr_pstrcat(pool, "Basic realm=\"", listener->server_name.at, "\", charset=\"UTF-8\"", NULL));
    return settings;
}
