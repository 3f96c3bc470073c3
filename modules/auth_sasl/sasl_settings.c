/* What a listener's Auth comes to: its backends, and what is offered when. */
#include "auth_sasl.h"

#include <apr_strings.h>

#include "proto/conf_report.h"

/* Backends */

static const char *backend_name_at(const void *context, unsigned index) {
    const edge_section_t *server = context;
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_AUTHBACKEND && index-- == 0)
            return section->name.at;
    return NULL;
}

static const edge_section_t *named_section(edge_conf_check_t *check, const edge_section_t *listener, edge_span_t name) {
    const edge_section_t *section = edge_snapshot_find(listener->snapshot, EDGE_SCOPE_AUTHBACKEND, name);
    if (section)
        return section;
    const char *near = edge_conf_nearest(name, backend_name_at, listener->parent);
    edge_conf_error_in(check, listener, "Auth", "EDG10853", "there is no <AuthBackend %s>%s%s%s", name.at,
                       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return NULL;
}

static const edge_section_t *only_section(edge_conf_check_t *check, const edge_section_t *listener) {
    const char *name = backend_name_at(listener->parent, 0);
    if (!name)
        edge_conf_error_in(check, listener, "Auth", "EDG10854", "Auth needs an <AuthBackend NAME> to ask");
    else if (backend_name_at(listener->parent, 1))
        edge_conf_error_in(check, listener, "Auth", "EDG10855",
                           "there is more than one <AuthBackend>: say which are asked, backend=%s,...", name);
    else
        return edge_snapshot_find(listener->snapshot, EDGE_SCOPE_AUTHBACKEND, edge_span_of(name));
    return NULL;
}

static bool add_backend(edge_conf_check_t *check, const edge_section_t *section, sasl_settings_t *settings,
                        apr_pool_t *pool) {
    sasl_backend_t *backend = section ? sasl_backend_of(check, section, pool) : NULL;
    if (backend)
        settings->backends[settings->backend_count++] = backend;
    return backend != NULL;
}

static bool find_backends(edge_conf_check_t *check, const edge_section_t *listener, const sasl_listener_conf_t *conf,
                          sasl_settings_t *settings, apr_pool_t *pool) {
    bool good = true;
    if (conf->backend_count == 0)
        return add_backend(check, only_section(check, listener), settings, pool);
    for (unsigned i = 0; i < conf->backend_count; i++)
        good &= add_backend(check, named_section(check, listener, conf->backends[i]), settings, pool);
    return good;
}

/* Mechanisms */

/* Those that no backend can serve are not offered by default; who has asked for one is told. */
static uint32_t choose(edge_conf_check_t *check, const edge_section_t *listener, const sasl_listener_conf_t *conf,
                       const sasl_settings_t *settings) {
    unsigned can = 0;
    uint32_t chosen = 0;
    for (unsigned i = 0; i < settings->backend_count; i++)
        can |= settings->backends[i]->provider->can(settings->backends[i]->store);
    for (unsigned i = 0; sasl_mechanisms[i]; i++) {
        const sasl_mechanism_t *row = sasl_mechanisms[i];
        bool served = can & (1u << row->want);
        if (conf->chosen && (conf->mechanisms & (1u << i)) && !served)
            edge_conf_warn_in(check, listener, "Auth", "EDG20852",
                              "no user can authenticate by %s: the backends keep "
                              "nothing it could use",
                              row->name);
        if (conf->chosen ? (conf->mechanisms & (1u << i)) != 0 : row->usual && served)
            chosen |= 1u << i;
    }
    return chosen;
}

/* Those that backends bring: all of them, or those that are named. */
static bool is_named(const sasl_listener_conf_t *conf, const char *name) {
    for (unsigned i = 0; i < conf->other_count; i++)
        if (edge_span_equal_nocase(conf->others[i], edge_span_of(name)))
            return true;
    return !conf->chosen;
}

static void take_own(sasl_settings_t *settings, const sasl_listener_conf_t *conf, sasl_backend_t *backend) {
    const edge_credentials_mechanism_t *mechanism;
    for (unsigned i = 0; backend->provider->mechanism_at; i++) {
        mechanism = backend->provider->mechanism_at(backend->store, i);
        if (!mechanism || settings->own_count == SASL_OWN_MOST)
            return;
        if (is_named(conf, mechanism->name))
            sasl_own_make(&settings->own[settings->own_count++], backend, mechanism);
    }
}

static bool is_brought(const sasl_settings_t *settings, edge_span_t name) {
    for (unsigned i = 0; i < settings->own_count; i++)
        if (edge_span_equal_nocase(name, edge_span_of(settings->own[i].row.name)))
            return true;
    return false;
}

static void choose_own(edge_conf_check_t *check, const edge_section_t *listener, const sasl_listener_conf_t *conf,
                       sasl_settings_t *settings, apr_pool_t *pool) {
    settings->own = apr_pcalloc(pool, SASL_OWN_MOST * sizeof(*settings->own));
    for (unsigned i = 0; i < settings->backend_count; i++)
        take_own(settings, conf, settings->backends[i]);
    for (unsigned i = 0; i < conf->other_count; i++)
        if (!is_brought(settings, conf->others[i]))
            edge_conf_error_in(check, listener, "Auth", "EDG10851",
                               "\"%s\" is no mechanism, of the server or of a backend", conf->others[i].at);
}

static edge_span_t text_of(const sasl_settings_t *settings, unsigned has, apr_pool_t *pool) {
    const char *text = "";
    for (unsigned i = 0; sasl_mechanisms[i]; i++)
        if ((settings->mechanisms & (1u << i)) && (sasl_mechanisms[i]->needs & ~has) == 0)
            text = apr_pstrcat(pool, text, *text ? " " : "", sasl_mechanisms[i]->name, NULL);
    for (unsigned i = 0; i < settings->own_count; i++)
        if ((settings->own[i].row.needs & ~has) == 0)
            text = apr_pstrcat(pool, text, *text ? " " : "", settings->own[i].row.name, NULL);
    return edge_span_of(text);
}

/* What can never be offered is a mistake rather than a wish. */
static void check_offer(edge_conf_check_t *check, const edge_section_t *listener, const sasl_settings_t *settings,
                        const edge_tls_listener_t *tls) {
    if (settings->insecure && !(tls && tls->mode == EDGE_TLS_IMMEDIATE))
        edge_conf_warn_in(check, listener, "AuthInsecure", "EDG20850",
                          "AuthInsecure on: passwords may cross the network in clear text");
    if (tls || settings->offered[settings->insecure ? SASL_HAS_PRIVACY : 0].len > 0)
        return;
    edge_conf_warn_in(check, listener, "Auth", "EDG20851",
                      "<Listener %s> has no TLS, so none of its mechanisms is ever offered%s", listener->name.at,
                      settings->listener.required ? " and no client can send mail" : "");
}

const edge_auth_listener_t *sasl_settings_prepare(edge_conf_check_t *check, const edge_section_t *listener,
                                                  const edge_tls_listener_t *tls, apr_pool_t *pool) {
    const sasl_listener_conf_t *conf = edge_section_conf(listener, &auth_sasl_module);
    if (conf->mode == SASL_OFF)
        return NULL;
    sasl_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));
    settings->listener = (edge_auth_listener_t){.required = conf->mode == SASL_REQUIRED, .settings = settings};
    settings->insecure = conf->insecure;
    if (!find_backends(check, listener, conf, settings, pool))
        return NULL;
    settings->mechanisms = choose(check, listener, conf, settings);
    choose_own(check, listener, conf, settings, pool);
    for (unsigned has = 0; has < SASL_HAS_ALL; has++)
        settings->offered[has] = text_of(settings, has, pool);
    check_offer(check, listener, settings, tls);
    return &settings->listener;
}

static bool own_at(const sasl_settings_t *settings, unsigned index, edge_auth_mechanism_t *mechanism) {
    for (unsigned i = 0; i < settings->backend_count; i++) {
        const sasl_backend_t *backend = settings->backends[i];
        const edge_credentials_mechanism_t *own;
        for (unsigned m = 0; backend->provider->mechanism_at; m++) {
            if (!(own = backend->provider->mechanism_at(backend->store, m)))
                break;
            if (index-- > 0)
                continue;
            *mechanism = (edge_auth_mechanism_t){own->name, is_brought(settings, edge_span_of(own->name)), true, false};
            return true;
        }
    }
    return false;
}

bool sasl_settings_mechanism_at(const edge_auth_listener_t *listener, unsigned index,
                                edge_auth_mechanism_t *mechanism) {
    const sasl_settings_t *settings = listener->settings;
    unsigned can = 0, count = 0;
    while (sasl_mechanisms[count])
        count++;
    if (index >= count)
        return own_at(settings, index - count, mechanism);
    for (unsigned i = 0; i < settings->backend_count; i++)
        can |= settings->backends[i]->provider->can(settings->backends[i]->store);
    const sasl_mechanism_t *row = sasl_mechanisms[index];
    *mechanism = (edge_auth_mechanism_t){row->name, (settings->mechanisms & (1u << index)) != 0,
                                         (can & (1u << row->want)) != 0, row->needs != 0};
    return true;
}

/* Channel binding by tls-exporter is defined for TLS 1.3 (RFC 9266 4.2). */
unsigned sasl_settings_has(const sasl_settings_t *settings, const edge_session_t *session) {
    const char *version = session->secured.version;
    unsigned has = session->tls || settings->insecure ? SASL_HAS_PRIVACY : 0;
    if (session->tls && version && strcmp(version, "TLSv1.3") == 0)
        has |= SASL_HAS_BINDING;
    if (session->tls && session->secured.client_name)
        has |= SASL_HAS_CERTIFICATE;
    return has;
}
