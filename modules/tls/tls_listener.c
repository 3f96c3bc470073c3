/* A listener's TLS directive: which transport with which context. */
#include "tls.h"

#include <apr_strings.h>

#include "proto/conf_parse.h"
#include "proto/conf_report.h"

static const char *context_at(const void *server, unsigned index) {
    for (const edge_section_t *section = ((const edge_section_t *)server)->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_TLSCONTEXT && index-- == 0)
            return section->name.at;
    return NULL;
}

static const edge_section_t *find_context(edge_conf_check_t *check, const edge_section_t *listener, edge_span_t name) {
    const edge_section_t *section = edge_snapshot_find(listener->snapshot, EDGE_SCOPE_TLSCONTEXT, name);
    if (section)
        return section;
    const char *near = edge_conf_nearest(name, context_at, listener->parent);
    if (near)
        edge_conf_error_in(check, listener, "TLS", "EDG10801",
                           "TLS context \"%s\" is not defined; did you mean \"%s\"? Write context=%s", name.at, near,
                           near);
    else
        edge_conf_error_in(
            check, listener, "TLS", "EDG10801",
            "TLS context \"%s\" is not defined: write <TLSContext %s> with Certificate and CertificateKey", name.at,
            name.at);
    return NULL;
}

static bool ends_with_port_25(edge_span_t address) {
    static const edge_span_t port = EDGE_SPAN(":25");
    return address.len > port.len && edge_span_equal(edge_span_after(address, address.len - port.len), port);
}

static bool listens_on_25(const edge_section_t *listener) {
    for (const edge_conf_node_t *node = listener->node->first; node; node = node->next)
        for (unsigned i = 0;
             !node->is_section && edge_span_equal_nocase(node->name, edge_span_of("Listen")) && i < node->count; i++)
            if (ends_with_port_25(node->arguments[i].text))
                return true;
    return false;
}

static void warn(edge_conf_check_t *check, const edge_section_t *listener, const tls_listener_conf_t *conf) {
    if (conf->mode != EDGE_TLS_IMMEDIATE)
        return;
    if (listens_on_25(listener))
        edge_conf_warn_in(check, listener, "TLS", "EDG20007",
                          "TLS immediate on port 25: other servers will not be able to connect");
    if (conf->require != EDGE_TLS_REQUIRE_NOTHING)
        edge_conf_warn_in(check, listener, "TLS", "EDG20800",
                          "require= says nothing here: with TLS immediate there is no moment without TLS");
}

const edge_tls_listener_t *tls_listener_prepare(edge_conf_check_t *check, const edge_section_t *listener,
                                                apr_pool_t *pool) {
    const tls_listener_conf_t *conf = edge_section_conf(listener, &tls_module);
    if (conf->mode == EDGE_TLS_OFF)
        return NULL;
    warn(check, listener, conf);
    const edge_section_t *section = find_context(check, listener, conf->context);
    tls_context_t *context = section ? tls_context_of(check, section, pool) : NULL;
    if (!context)
        return NULL;
    edge_tls_listener_t *tls = apr_pcalloc(pool, sizeof(*tls));
    tls->mode = conf->mode;
    tls->require = conf->mode == EDGE_TLS_IMMEDIATE ? EDGE_TLS_REQUIRE_NOTHING : conf->require;
    tls->transport = &tls_transport;
    tls->settings = context;
    return tls;
}

const char *tls_listener_context_name(const edge_tls_listener_t *listener) {
    return ((const tls_context_t *)listener->settings)->name;
}
