/* Backends: the <AuthBackend> sections as they run. */
#include "auth_sasl.h"

#include <apr_strings.h>

#include "proto/conf_report.h"

/* Made while loading, on one thread; read by any afterwards. */
static sasl_backend_t *first;

static apr_status_t forget(void *memory) {
    sasl_backend_t *backend = memory, **link = &first;
    while (*link && *link != backend)
        link = &(*link)->next;
    if (*link)
        *link = backend->next;
    return APR_SUCCESS;
}

static const char *type_at(const void *context, unsigned index) {
    (void)context;
    return edge_provider_at("credentials", index);
}

static const edge_credentials_provider_t *provider_of(edge_conf_check_t *check, const edge_section_t *section) {
    const sasl_backend_conf_t *conf = edge_section_conf(section, &auth_sasl_module);
    const edge_credentials_provider_t *provider = edge_provider_find("credentials", conf->type);
    const char *near = provider ? NULL : edge_conf_nearest(conf->type, type_at, NULL);
    if (near)
        edge_conf_error_in(check, section, "Type", "EDG10856",
                           "no loaded module keeps credentials in a \"%s\"; did you "
                           "mean \"%s\"?",
                           conf->type.at, near);
    else if (!provider)
        edge_conf_error_in(check, section, "Type", "EDG10856", "no loaded module keeps credentials in a \"%s\"",
                           conf->type.at);
    return provider;
}

static sasl_backend_t *make(edge_conf_check_t *check, const edge_section_t *section, apr_pool_t *pool) {
    sasl_backend_t *backend = apr_pcalloc(pool, sizeof(*backend));
    backend->section = section;
    backend->provider = provider_of(check, section);
    if (backend->provider)
        backend->store = backend->provider->prepare(check, section, pool);
    backend->next = first;
    first = backend;
    apr_pool_cleanup_register(pool, backend, forget, apr_pool_cleanup_null);
    return backend;
}

/* A change of settings while running makes sections anew, but no backends. */
static sasl_backend_t *find(const edge_section_t *section) {
    sasl_backend_t *backend = first;
    while (backend && backend->section != section->loaded)
        backend = backend->next;
    return backend;
}

sasl_backend_t *sasl_backend_of(edge_conf_check_t *check, const edge_section_t *section, apr_pool_t *pool) {
    sasl_backend_t *backend = find(section);
    if (!backend)
        backend = make(check, section, pool);
    return backend->store ? backend : NULL;
}

void sasl_backend_check(edge_conf_check_t *check, const edge_section_t *section) {
    apr_pool_t *pool;
    if (find(section))
        return;
    edge_conf_warn_in(check, section, NULL, "EDG20853", "no listener uses <AuthBackend %s>", section->name.at);
    apr_pool_create(&pool, NULL);
    make(check, section, pool);
    apr_pool_destroy(pool); /* it was only to be seen whether it is sound */
}

apr_status_t sasl_backends_start(void) {
    apr_status_t status = APR_SUCCESS;
    for (sasl_backend_t *backend = first; backend && status == APR_SUCCESS; backend = backend->next)
        if (backend->store && backend->provider->start)
            status = backend->provider->start(backend->store);
    return status;
}

void sasl_backends_stop(void) {
    for (sasl_backend_t *backend = first; backend; backend = backend->next)
        if (backend->store && backend->provider->stop)
            backend->provider->stop(backend->store);
}
