/*
 * The admin's API and console over HTTP.
 *
 *     <Admin>
 *         Listen     127.0.0.1:8090
 *         TokenFile  secrets/admin.tokens
 *     </Admin>
 *     <Listener console>
 *         Listen    192.0.2.1:8443
 *         Protocol  admin
 *         TLS       immediate
 *     </Listener>
 */
#include "admin.h"

EDGE_LOG_AREA(admin_log, "admin_http")

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_ADMIN, sizeof(admin_conf_t)},
    {0, 0},
};

static const edge_provider_row_t providers[] = {
    {"protocol", "admin", &admin_protocol, "The admin's API and console, by HTTP."},
    {NULL, NULL, NULL, NULL},
};

static void load_files(const admin_conf_t *conf, apr_pool_t *pool) {
    if (!conf || !conf->console)
        return;
    apr_status_t status = admin_files_load(conf->files.at, pool);
    if (status != APR_SUCCESS || !admin_files_find(edge_span_of("/")))
        EDGE_LOG_STATUS(&admin_log, EDGE_LOG_WARN, 1103, status,
                        "the console's pages are not all there: ConsoleFiles %s; the API is", conf->files.at);
}

static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    const admin_conf_t *conf = admin_conf_of(snapshot);
    if (!admin_conf_listener(snapshot, 0))
        return APR_SUCCESS;
    admin_exchange_use(snapshot);
    admin_figures_make();
    admin_pace_start(conf ? conf->request_rate : 20);
    load_files(conf, pool);
    if (edge_tokens_count() == 0)
        EDGE_LOG(
            &admin_log, EDGE_LOG_NOTICE, 1104,
            "there is no token: until one is made (edgectl token create --name NAME --role admin), the admin's server "
            "answers probes, and logins by a link (edgectl console)");
    return admin_server_start(snapshot, pool);
}

EDGE_MODULE(admin) = {
    .summary = "serves the admin's API and console by HTTP",
    .structs = structs,
    .directives = admin_directives,
    .providers = providers,
    .routes = admin_routes,
    .expand = admin_conf_expand,
    .check = admin_conf_check,
    .start = start,
    .stop = admin_server_stop,
    .worker_start = admin_upstream_worker_start,
    .worker_stop = admin_upstream_worker_stop,
};
