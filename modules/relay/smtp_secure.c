/* A connection under TLS, and the proof of who we are. */
#include <apr_general.h>
#include <stdlib.h>

#include "edge_codec.h"
#include "relay_log.h"
#include "smtp_connection.h"

/* TLS */

/* Whom the certificate has to name: what was written, the host, or the address when nobody gave it a name. */
static char *expected_name(const relay_conf_t *conf, const relay_target_t *target) {
    char address[EDGE_IPADDR_TEXT];
    edge_span_t name = conf->encrypt_name;
    if (!name.at && target->path)
        return NULL;
    if (!name.at && target->named)
        name = target->name;
    if (!name.at) {
        edge_ipaddr_format(target->address, address);
        name = edge_span_of(address);
    }
    char *copy = strndup(name.at, name.len);
    EDGE_ASSERT(copy != NULL);
    return copy;
}

const edge_transport_t *relay_secure_transport(relay_connection_t *self, const relay_connect_t *how) {
    self->rules.tls = relay_encrypt_rule(self->smtp, how->plain);
    if (self->rules.tls == EDGE_SMTP_CLIENT_TLS_NEVER)
        return &edge_transport_plain;
    self->towards.hop = self->smtp->tls_hop;
    self->towards.name = expected_name(self->smtp->conf, how->target);
    self->rules.secure = self->shaking = self->smtp->conf->encrypt_at_once;
    return self->shaking ? self->smtp->tls->hop_transport : &edge_transport_plain;
}

void relay_secure_start(relay_connection_t *self) {
    self->tls_begun = self->shaking = true;
    edge_conn_set_transport(self->conn, self->smtp->tls->hop_transport, &self->towards);
}

void relay_secure_done(relay_connection_t *self) {
    edge_tls_facts_t facts;
    self->shaking = false;
    self->smtp->tls->facts(edge_conn_transport_state(self->conn), &facts);
    relay_count(RELAY_C_ENCRYPTED, 1);
    relay_count(RELAY_C_VERIFIED, facts.verified);
    relay_log_encrypted(self->relay->name, self->name, &facts);
    self->rules.verified = facts.verified;
    if (self->smtp->tls->exporter(edge_conn_transport_state(self->conn), self->binding))
        self->rules.binding = edge_span((const char *)self->binding, sizeof(self->binding));
    if (self->tls_begun)
        edge_smtp_client_secured(&self->client);
}

/* AUTH */

/* Without random octets there is no SCRAM. */
static void draw_nonce(relay_connection_t *self) {
    unsigned char random[18];
    if (apr_generate_random_bytes(random, sizeof(random)) == APR_SUCCESS)
        self->rules.nonce = edge_span(self->nonce, edge_base64_encode(edge_span((const char *)random, sizeof(random)),
                                                                      self->nonce, sizeof(self->nonce)));
}

/* The password is for our own machine's ears, or for TLS. */
void relay_secure_user(relay_connection_t *self, const relay_target_t *target) {
    self->rules.user = self->smtp->conf->user;
    self->rules.password = self->smtp->password;
    if (self->rules.user.len > 0)
        draw_nonce(self);
    self->rules.clear_password = target->path || edge_ipaddr_is_loopback(target->address);
}

static void proved(relay_proof_t *proof) {
    relay_connection_t *self = proof->owner;
    self->proof = NULL;
    if (self->closing)
        return;
    if (!proof->good) {
        relay_connection_lose(self, "the password cannot be proved");
        return;
    }
    edge_smtp_client_proved(&self->client, proof->proof, proof->signature);
    relay_connection_run(self);
}

void relay_secure_prove(relay_connection_t *self, const edge_scram_client_t *scram) {
    self->proof = relay_proof_begin(relay_readers(), self->worker, scram, self->smtp->password, proved, self);
    if (!self->proof)
        edge_smtp_client_lost(&self->client, edge_span_of("the password cannot be proved"));
}
