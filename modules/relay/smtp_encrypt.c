/* TLS towards next hops by SMTP and LMTP: what a <Handoff> says about it. */
#include "relay_smtp.h"

static bool has_socket(const relay_conf_t *conf) {
    for (unsigned i = 0; i < conf->address_count; i++)
        if (conf->addresses[i].path)
            return true;
    return false;
}

static relay_encrypt_t usual(const relay_smtp_t *smtp) {
    return smtp->tls && !smtp->lmtp ? RELAY_ENCRYPT_OPPORTUNISTIC : RELAY_ENCRYPT_OFF;
}

bool relay_encrypt_prepare(relay_smtp_t *smtp, edge_conf_check_t *check, const edge_section_t *handoff,
                           apr_pool_t *pool) {
    const relay_conf_t *conf = smtp->conf;
    smtp->tls = edge_tls_provider();
    if (smtp->tls && !smtp->tls->hop_prepare)
        smtp->tls = NULL;
    smtp->encrypt = conf->encrypt == RELAY_ENCRYPT_UNSAID ? usual(smtp) : conf->encrypt;
    if ((conf->certificate.len > 0) != (conf->key.len > 0) ||
        (conf->key.len > 0 && smtp->encrypt == RELAY_ENCRYPT_OFF)) {
        edge_conf_error_in(check, handoff, conf->key.len > 0 ? "TLSCertificateKey" : "TLSCertificate", "EDG10968",
                           "a certificate for the next hop needs all three of TLS, TLSCertificate and "
                           "TLSCertificateKey");
        return false;
    }
    if (smtp->encrypt == RELAY_ENCRYPT_OFF)
        return true;
    if (!smtp->tls) {
        edge_conf_error_in(check, handoff, "TLS", "EDG10956",
                           "TLS towards a next hop needs a module that brings it: LoadModule tls_module");
        return false;
    }
    if (smtp->encrypt == RELAY_ENCRYPT_VERIFIED && !conf->encrypt_name.at && has_socket(conf)) {
        edge_conf_error_in(check, handoff, "TLS", "EDG10957",
                           "behind a unix socket there is no host whose name a certificate could say: write "
                           "TLS verify name=HOST");
        return false;
    }
    edge_tls_hop_files_t files = {.authorities = conf->authorities.len > 0 ? conf->authorities.at : NULL,
                                  .certificate = conf->certificate.len > 0 ? conf->certificate.at : NULL,
                                  .key = conf->key.len > 0 ? conf->key.at : NULL};
    smtp->tls_hop = smtp->tls->hop_prepare(check, handoff, &files, smtp->encrypt == RELAY_ENCRYPT_VERIFIED, pool);
    return smtp->tls_hop != NULL;
}

/* By MX records nobody knows whether the host that is verified is the right one (RFC 8689 4.2.1). */
uint32_t relay_encrypt_lacks(const relay_smtp_t *smtp) {
    return !smtp->lmtp && smtp->tls_hop && smtp->conf->address_count > 0 ? 0 : EDGE_CARRIES_REQUIRETLS;
}

edge_smtp_client_tls_t relay_encrypt_rule(const relay_smtp_t *smtp, bool plain) {
    switch (smtp->encrypt) {
    case RELAY_ENCRYPT_OPPORTUNISTIC: return plain ? EDGE_SMTP_CLIENT_TLS_NEVER : EDGE_SMTP_CLIENT_TLS_MAY;
    case RELAY_ENCRYPT_REQUIRED:
    case RELAY_ENCRYPT_VERIFIED: return EDGE_SMTP_CLIENT_TLS_MUST;
    case RELAY_ENCRYPT_UNSAID:
    case RELAY_ENCRYPT_OFF: break;
    }
    return EDGE_SMTP_CLIENT_TLS_NEVER;
}
