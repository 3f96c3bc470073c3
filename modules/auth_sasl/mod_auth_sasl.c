/*
 * SASL authentication: directives, counters, the provider of AUTH, and the store `file`.
 *
 *     LoadModule auth_sasl_module modules/mod_auth_sasl.so
 *     <AuthBackend staff>
 *         Type  file
 *         File  secrets/users
 *     </AuthBackend>
 *     <Listener submission>
 *         Auth  required backend=staff
 *     </Listener>
 */
#include "auth_sasl.h"
#include "store.h"

EDGE_LOG_AREA(sasl_log, "auth_sasl")

static void check_backends(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_AUTHBACKEND)
            sasl_backend_check(check, section);
}

static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)snapshot;
    (void)pool;
    if (!sasl_invent_start())
        return APR_EGENERAL;
    apr_status_t status = sasl_scram_start();
    return status == APR_SUCCESS ? sasl_backends_start() : status;
}

static void stop(void) {
    sasl_backends_stop();
    sasl_scram_stop();
}

/* Whoever still hashes sends to workers: it must end before them. */
static void worker_stop(edge_worker_t *worker) {
    (void)worker;
    store_hash_stop();
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(sasl_listener_conf_t)},
    {EDGE_SCOPE_LISTENER, sizeof(sasl_listener_conf_t)},
    {EDGE_SCOPE_AUTHBACKEND, sizeof(sasl_backend_conf_t)},
    {0, 0},
};

static const edge_counter_row_t counters[] = {
    [SASL_C_MALFORMED] = {"auth_failures_malformed_total", EDGE_COUNTER_TOTAL,
                          "Exchanges that ended because the client's messages were malformed."},
    [SASL_C_CANCELED] = {"auth_failures_canceled_total", EDGE_COUNTER_TOTAL,
                         "Exchanges that the client gave up or left."},
    [SASL_C_BUSY] = {"auth_failures_busy_total", EDGE_COUNTER_TOTAL,
                     "Exchanges answered 454 because too many passwords waited to be verified."},
    [SASL_C_TROUBLE] = {"auth_failures_trouble_total", EDGE_COUNTER_TOTAL,
                        "Exchanges answered 454 because a store of credentials was in trouble."},
    [SASL_C_DOWNGRADES] = {"auth_downgrades_total", EDGE_COUNTER_TOTAL,
                           "Clients of SCRAM that were made to believe that no channel binding was offered."},
    [SASL_C_RELOADS] = {"auth_reloads_total", EDGE_COUNTER_TOTAL, "Changed password files that were taken."},
    [SASL_C_RELOADS_FAILED] = {"auth_reloads_failed_total", EDGE_COUNTER_TOTAL,
                               "Changed password files that were refused; the old one stayed in use."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

static const edge_auth_provider_t provider = {
    .name = "sasl",
    .prepare = sasl_settings_prepare,
    .offered = sasl_offered,
    .begin = sasl_begin,
    .step = sasl_step,
    .cancel = sasl_cancel,
    .mechanism_at = sasl_settings_mechanism_at,
    .check = sasl_check,
    .check_cancel = sasl_check_cancel,
};

static const edge_provider_row_t providers[] = {
    {"auth", "sasl", &provider, "AUTH by SASL mechanisms (RFC 4422, RFC 4954)."},
    {"credentials", "file", &store_file_provider, "Credentials in a password file."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(auth_sasl) = {
    .summary = "lets clients say who they are, and believes them when they can show it",
    .structs = structs,
    .directives = sasl_directives,
    .counters = counters,
    .providers = providers,
    .check = check_backends,
    .start = start,
    .stop = stop,
    .worker_stop = worker_stop,
};
