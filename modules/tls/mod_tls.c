/*
 * Encryption by OpenSSL, as a transport for any protocol.
 *
 *     <TLSContext default>
 *         Certificate     tls/mx.example.net.pem
 *         CertificateKey  tls/mx.example.net.key
 *     </TLSContext>
 *     <Listener mx>
 *         TLS  starttls context=default
 *     </Listener>
 */
#include "tls.h"

EDGE_LOG_AREA(tls_log, "tls")

/* Contexts that no listener uses are checked too; they are not loaded twice. */
static void check(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    const edge_section_t *server = edge_snapshot_server(snapshot);
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_TLSCONTEXT)
            tls_context_check(check, section);
}

static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)snapshot, (void)pool;
    return tls_reload_start();
}

static void stop(void) {
    tls_reload_stop();
    tls_resume_stop();
}

static const edge_tls_provider_t provider = {
    .name = "openssl",
    .prepare = tls_listener_prepare,
    .facts = tls_transport_facts,
    .exporter = tls_transport_exporter,
    .certificates = tls_expiry_visit,
    .context_of = tls_listener_context_name,
    .hop_prepare = tls_hop_prepare,
    .hop_transport = &tls_hop_transport,
};

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_TLSCONTEXT, sizeof(tls_conf_t)},
    {EDGE_SCOPE_LISTENER, sizeof(tls_listener_conf_t)},
    {0, 0},
};

static const edge_counter_row_t counters[] = {
    [TLS_C_RESUMED] = {"tls_handshakes_resumed_total", EDGE_COUNTER_TOTAL,
                       "Handshakes completed that resumed an earlier session; they are in tls_handshakes_total too."},
    [TLS_C_FAILED_GARBAGE] = {"tls_failed_garbage_total", EDGE_COUNTER_TOTAL,
                              "Handshakes that failed because what came is no TLS."},
    [TLS_C_FAILED_MISMATCH] = {"tls_failed_mismatch_total", EDGE_COUNTER_TOTAL,
                               "Handshakes that failed because the client speaks no version or cipher that is spoken "
                               "here."},
    [TLS_C_FAILED_ALERT] = {"tls_failed_alert_total", EDGE_COUNTER_TOTAL,
                            "Handshakes that the client broke off with an alert, as when it does not trust the "
                            "certificate."},
    [TLS_C_FAILED_CERTIFICATE] = {"tls_failed_certificate_total", EDGE_COUNTER_TOTAL,
                                  "Handshakes that failed because the client's certificate was missing or refused."},
    [TLS_C_FAILED_CLOSED] = {"tls_failed_closed_total", EDGE_COUNTER_TOTAL,
                             "Handshakes in which the client went away."},
    [TLS_C_FAILED_UNFINISHED] = {"tls_failed_unfinished_total", EDGE_COUNTER_TOTAL,
                                 "Handshakes that were not completed in time."},
    [TLS_C_FAILED_OTHER] = {"tls_failed_other_total", EDGE_COUNTER_TOTAL,
                            "Handshakes that failed for another reason, which the log tells."},
    [TLS_C_CLIENTS_VERIFIED] = {"tls_client_certificates_verified_total", EDGE_COUNTER_TOTAL,
                                "Handshakes with a client certificate that ClientCA has signed."},
    [TLS_C_CLIENTS_REFUSED] = {"tls_client_certificates_refused_total", EDGE_COUNTER_TOTAL,
                               "Handshakes with a client certificate that is not believed, or without one that is "
                               "required."},
    [TLS_C_NAMES_UNKNOWN] = {"tls_names_unknown_total", EDGE_COUNTER_TOTAL,
                             "Clients that asked for a name of which there is no certificate."},
    [TLS_C_TRUNCATED] = {"tls_truncated_total", EDGE_COUNTER_TOTAL,
                         "Connections that the client ended without saying so inside TLS."},
    [TLS_C_BROKEN] = {"tls_broken_total", EDGE_COUNTER_TOTAL,
                      "Connections that broke after the handshake because of what came inside TLS."},
    [TLS_C_RELOADS] = {"tls_reloads_total{result=\"ok\"}", EDGE_COUNTER_TOTAL,
                       "Times certificates were loaded anew, or refused and the old ones kept, by result."},
    [TLS_C_RELOADS_FAILED] = {"tls_reloads_total{result=\"failed\"}", EDGE_COUNTER_TOTAL,
                              "Times certificates were loaded anew, or refused and the old ones kept, by result."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

static const edge_provider_row_t providers[] = {
    {"tls", "openssl", &provider, "TLS 1.2 and 1.3 by OpenSSL, at once or behind STARTTLS."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(tls) = {
    .summary = "encrypts connections, by STARTTLS or from the first octet on",
    .structs = structs,
    .directives = tls_directives,
    .counters = counters,
    .providers = providers,
    .routes = tls_routes,
    .check = check,
    .start = start,
    .stop = stop,
};
