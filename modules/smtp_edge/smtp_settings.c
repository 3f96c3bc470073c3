/* Makes a listener's settings of what was written: once per snapshot. */
#include "smtp_edge.h"

/* Keywords that promise something of the message's further way. */
static uint32_t carried_extensions(uint32_t carries) {
    uint32_t bits = EDGE_X_BIT(PIPELINING) | EDGE_X_BIT(ENHANCEDSTATUSCODES) | EDGE_X_BIT(SIZE) | EDGE_X_BIT(CHUNKING) |
                    EDGE_X_BIT(LIMITS);
    static const struct {
        uint32_t carries, extension;
    } needs[] = {
        {EDGE_CARRIES_8BITMIME, EDGE_X_BIT(8BITMIME)},     {EDGE_CARRIES_SMTPUTF8, EDGE_X_BIT(SMTPUTF8)},
        {EDGE_CARRIES_BINARYMIME, EDGE_X_BIT(BINARYMIME)}, {EDGE_CARRIES_DSN, EDGE_X_BIT(DSN)},
        {EDGE_CARRIES_REQUIRETLS, EDGE_X_BIT(REQUIRETLS)},
    };
    for (unsigned i = 0; i < EDGE_COUNT(needs); i++)
        if (carries & needs[i].carries)
            bits |= needs[i].extension;
    return bits;
}

static uint32_t offered_extensions(const edge_listener_t *listener) {
    bool starttls = listener->tls && listener->tls->mode == EDGE_TLS_STARTTLS;
    return (starttls ? EDGE_X_BIT(STARTTLS) : 0) | (listener->auth ? EDGE_X_BIT(AUTH) : 0);
}

/* "%{ServerName}" is the only name a banner knows. */
static edge_span_t banner_text(edge_conf_check_t *check, const edge_section_t *listener, edge_span_t template,
                               edge_span_t server_name, apr_pool_t *pool) {
    static const char name[] = "%{ServerName}";
    char *out = apr_palloc(pool, template.len + server_name.len * (template.len / (sizeof(name) - 1)) + 1);
    size_t len = 0;
    for (size_t i = 0; i < template.len;) {
        if (template.len - i >= sizeof(name) - 1 && memcmp(template.at + i, name, sizeof(name) - 1) == 0) {
            memcpy(out + len, server_name.at, server_name.len);
            len += server_name.len;
            i += sizeof(name) - 1;
            continue;
        }
        if (template.at[i] == '%' && i + 1 < template.len && template.at[i + 1] == '{')
            edge_conf_error_in(check, listener, "Banner", "EDG10607", "a banner knows only %%{ServerName}, got \"%s\"",
                               template.at + i);
        out[len++] = template.at[i++];
    }
    out[len] = '\0';
    return edge_span(out, len);
}

static void heard(edge_smtp_server_t *machine, edge_span_t shown, bool withheld) {
    edge_session_heard(&EDGE_CONTAINER(machine, smtp_session_t, machine)->session, shown, withheld);
}

static void violated(edge_smtp_server_t *machine, edge_violation_t violation) {
    edge_session_violated(&EDGE_CONTAINER(machine, smtp_session_t, machine)->session, violation);
}

void *smtp_settings_prepare(edge_conf_check_t *check, const edge_section_t *section, uint32_t carries,
                            apr_pool_t *pool) {
    const smtp_conf_t *conf = edge_section_conf(section, &smtp_edge_module);
    const edge_limits_t *limits = edge_limits_of(section);
    const edge_listener_t *listener = section->instance;
    smtp_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));

    settings->rules.extensions = conf->extensions & (carried_extensions(carries) | offered_extensions(listener));
    if (limits->max_message_size == 0)
        settings->rules.extensions &= ~EDGE_X_BIT(SIZE);
    settings->rules.max_message_size = limits->max_message_size;
    settings->rules.max_recipients = limits->max_recipients;
    settings->rules.max_errors = conf->max_errors;
    settings->rules.max_line = 2048;
    settings->rules.needs_tls = listener->tls ? (edge_smtp_needs_tls_t)listener->tls->require : EDGE_SMTP_NEEDS_TLS_NOT;
    settings->rules.needs_auth = listener->auth && listener->auth->required;
    settings->rules.heard = heard;
    settings->rules.violated = violated;
    settings->rules.newlines = (edge_newline_rule_t)conf->newlines;

    settings->banner = edge_reply_of(EDGE_R_BANNER);
    settings->banner.code = (uint16_t)conf->banner.code;
    settings->banner.text = banner_text(check, section, conf->banner.text, listener->server_name, pool);
    settings->banner.literal = true;

    settings->limits = limits;
    return settings;
}
