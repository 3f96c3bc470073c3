/* SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677, RFC 9266), over libgsasl.
 *
 * libgsasl asks for credentials by a callback that cannot wait. So the name is read from the client's first message here,
 * the stores are asked, and only then is the message given to libgsasl, with all it may want to know already set. */
#include <gsasl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth_sasl.h"
#include "edge_codec.h"

#define MESSAGE_MOST 4096  /* octets of a message: names and nonces */
#define CHALLENGE_MOST 372 /* octets that fit a reply line in base 64: a client with a longer nonce is no honest one */

typedef struct scram {
    Gsasl_session *gsasl;
    char *first;    /* the client's first message, while the stores are asked */
    char *identity; /* NULL: there is no such user, or nothing to verify it by */
    bool proven;
} scram_t;

static Gsasl *library;

/* All properties are set beforehand. */
static int no_callback(Gsasl *context, Gsasl_session *session, Gsasl_property property) {
    (void)context;
    (void)session;
    (void)property;
    return GSASL_NO_CALLBACK;
}

apr_status_t sasl_scram_start(void) {
    if (gsasl_init(&library) != GSASL_OK)
        return APR_ENOMEM;
    gsasl_callback_set(library, no_callback);
    return APR_SUCCESS;
}

void sasl_scram_stop(void) {
    if (library)
        gsasl_done(library);
    library = NULL;
}

static bool set_base64(Gsasl_session *gsasl, Gsasl_property property, const uint8_t *bytes, size_t len) {
    char text[EDGE_BASE64_SIZE(EDGE_SCRAM_SALT_MOST) + 1];
    EDGE_ASSERT(len <= EDGE_SCRAM_SALT_MOST);
    text[edge_base64_encode(edge_span((const char *)bytes, len), text, sizeof(text))] = '\0';
    bool good = gsasl_property_set(gsasl, property, text) == GSASL_OK;
    edge_password_wipe(text, sizeof(text));
    return good;
}

static bool set_verifier(Gsasl_session *gsasl, const edge_scram_t *verifier) {
    char iterations[16];
    snprintf(iterations, sizeof(iterations), "%u", verifier->iterations);
    return gsasl_property_set(gsasl, GSASL_SCRAM_ITER, iterations) == GSASL_OK &&
           set_base64(gsasl, GSASL_SCRAM_SALT, verifier->salt, verifier->salt_len) &&
           set_base64(gsasl, GSASL_SCRAM_STOREDKEY, verifier->stored_key, EDGE_SCRAM_KEY_SIZE) &&
           set_base64(gsasl, GSASL_SCRAM_SERVERKEY, verifier->server_key, EDGE_SCRAM_KEY_SIZE);
}

/* For nobody: the salt stays the same for a name, the keys fit no password. */
static bool invent(const edge_auth_exchange_t *exchange, uint32_t iterations, edge_scram_t *verifier) {
    memset(verifier, 0, sizeof(*verifier));
    verifier->iterations = iterations ? iterations : EDGE_SCRAM_ITERATIONS_USUAL;
    sasl_invent(edge_span_of(exchange->name), verifier);
    return RAND_bytes(verifier->stored_key, EDGE_SCRAM_KEY_SIZE) == 1 &&
           RAND_bytes(verifier->server_key, EDGE_SCRAM_KEY_SIZE) == 1;
}

/* Channel binding. It is given to libgsasl for the plain mechanism too where -PLUS was offered: then a client that says it
 * saw no -PLUS has been lied to, and is refused (RFC 5802 6). */

static bool set_binding(const edge_auth_exchange_t *exchange, Gsasl_session *gsasl) {
    const sasl_settings_t *settings = exchange->settings;
    uint8_t binding[EDGE_TLS_EXPORTER_SIZE];
    edge_span_t offered = settings->offered[sasl_settings_has(settings, exchange->session)];
    edge_span_t plus = edge_span_of(sasl_scram_sha_256_plus.name);
    if (!edge_span_starts_nocase(offered, plus))
        return true;
    const edge_tls_provider_t *tls = edge_tls_provider();
    void *state = edge_conn_transport_state(exchange->session->conn);
    bool good = tls && state && tls->exporter(state, binding) &&
                set_base64(gsasl, GSASL_CB_TLS_EXPORTER, binding, sizeof(binding));
    edge_password_wipe(binding, sizeof(binding));
    return good;
}

/* Steps */

static void no_success(edge_auth_exchange_t *exchange, int status, edge_span_t message) {
    if (status == GSASL_AUTHENTICATION_ERROR) {
        if (message.len > 0 &&
            message.at[0] == 'y') /* a first message: the client was made to believe that there is no -PLUS */
            sasl_count(SASL_C_DOWNGRADES);
        sasl_fail(exchange);
    } else if (status == GSASL_MALLOC_ERROR || status == GSASL_CRYPTO_ERROR)
        sasl_refuse(exchange, EDGE_R_AUTH_TROUBLE);
    else
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_RESPONSE);
}

static void step(edge_auth_exchange_t *exchange, edge_span_t message) {
    scram_t *scram = exchange->own;
    char *output = NULL;
    size_t len = 0;
    int status = gsasl_step(scram->gsasl, message.at, message.len, &output, &len);
    scram->proven = status == GSASL_OK;
    /* The server's signature would tell that the password was right: not for keys that were drawn by lot, and not for a
     * name that is shut. */
    if (scram->proven && (!scram->identity || edge_session_auth_shut(exchange->session, edge_span_of(exchange->name))))
        sasl_fail(exchange);
    else if (status != GSASL_OK && status != GSASL_NEEDS_MORE)
        no_success(exchange, status, message);
    else if (len > CHALLENGE_MOST)
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_RESPONSE);
    else
        sasl_challenge(exchange, edge_span(output ? output : "", len));
    gsasl_free(output);
}

static bool prepare(const edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer) {
    scram_t *scram = exchange->own;
    edge_scram_t verifier = answer->scram;
    bool known = answer->result == EDGE_CREDENTIALS_GOOD;
    if (known)
        scram->identity = strndup(answer->identity.at, answer->identity.len);
    bool good = (known ? scram->identity != NULL : invent(exchange, answer->scram.iterations, &verifier)) &&
                gsasl_server_start(library, exchange->mechanism->name, &scram->gsasl) == GSASL_OK &&
                set_verifier(scram->gsasl, &verifier) && set_binding(exchange, scram->gsasl);
    edge_password_wipe(&verifier, sizeof(verifier));
    return good;
}

static void found(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer) {
    scram_t *scram = exchange->own;
    if (!prepare(exchange, answer)) {
        sasl_count(SASL_C_TROUBLE);
        sasl_refuse(exchange, EDGE_R_AUTH_TROUBLE);
        return;
    }
    char *first = scram->first;
    scram->first = NULL;
    step(exchange, edge_span_of(first));
    free(first);
}

/* Who names a channel binding means -PLUS, and nobody else does (RFC 5802 6). libgsasl lets "p" pass for the plain
 * mechanism, where nothing would be compared; and tls-exporter is the only binding that is known here. */
static bool flag_fits(const edge_auth_exchange_t *exchange, edge_span_t first) {
    if (exchange->mechanism->needs & SASL_HAS_BINDING)
        return edge_span_starts_nocase(first, (edge_span_t)EDGE_SPAN("p=tls-exporter,"));
    return first.at[0] != 'p';
}

static void take_first(edge_auth_exchange_t *exchange, edge_span_t message) {
    edge_sasl_scram_t names;
    if (!edge_sasl_text_scram(message, &names) || !flag_fits(exchange, message)) {
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_RESPONSE);
        return;
    }
    scram_t *scram = exchange->own = calloc(1, sizeof(*scram));
    if (scram)
        scram->first = strndup(message.at, message.len);
    if (!scram || !scram->first)
        sasl_refuse(exchange, EDGE_R_AUTH_TROUBLE);
    else if (!sasl_take_names(exchange, edge_span_of(names.user), edge_span_of(names.authzid)))
        sasl_fail(exchange);
    else
        sasl_ask(exchange, found);
}

/* Behind the server's last message the client has nothing left to say (RFC 4954 4). */
static void take_last(edge_auth_exchange_t *exchange, edge_span_t message) {
    const scram_t *scram = exchange->own;
    if (message.len > 0)
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_RESPONSE);
    else
        sasl_succeed_with(exchange, edge_span_of(scram->identity), NULL);
}

static void respond(edge_auth_exchange_t *exchange, edge_span_t message) {
    const scram_t *scram = exchange->own;
    bool clean = message.len <= MESSAGE_MOST && (message.len == 0 || !memchr(message.at, '\0', message.len));
    if (!clean)
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_RESPONSE);
    else if (!scram)
        take_first(exchange, message);
    else if (!scram->proven)
        step(exchange, message);
    else
        take_last(exchange, message);
}

static void end(edge_auth_exchange_t *exchange) {
    scram_t *scram = exchange->own;
    if (!scram)
        return;
    if (scram->gsasl)
        gsasl_finish(scram->gsasl);
    free(scram->first);
    free(scram->identity);
    free(scram);
}

const sasl_mechanism_t sasl_scram_sha_256 = {
    .name = "SCRAM-SHA-256",
    .want = EDGE_CREDENTIALS_SCRAM,
    .usual = true,
    .respond = respond,
    .end = end,
    .prose = "Proof of the password on both sides without sending it (RFC 7677).",
};

const sasl_mechanism_t sasl_scram_sha_256_plus = {
    .name = "SCRAM-SHA-256-PLUS",
    .needs = SASL_HAS_PRIVACY | SASL_HAS_BINDING,
    .want = EDGE_CREDENTIALS_SCRAM,
    .usual = true,
    .respond = respond,
    .end = end,
    .prose = "The same, bound to this very TLS connection (RFC 9266).",
};
