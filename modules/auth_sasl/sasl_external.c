/* EXTERNAL (RFC 4422 appendix A): the client certificate has already said who it is. */
#include "auth_sasl.h"

static void found(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer) {
    if (answer->result == EDGE_CREDENTIALS_GOOD)
        sasl_succeed(exchange, answer);
    else
        sasl_fail(exchange);
}

static void respond(edge_auth_exchange_t *exchange, edge_span_t message) {
    edge_span_t name = edge_span_of(exchange->session->secured.client_name);
    if (!edge_sasl_text_authzid(message))
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_RESPONSE);
    else if (!name.at || name.len > EDGE_SASL_NAME_MOST || !sasl_take_names(exchange, name, message))
        sasl_fail(exchange);
    else
        sasl_ask(exchange, found);
}

const sasl_mechanism_t sasl_external = {
    .name = "EXTERNAL",
    .needs = SASL_HAS_CERTIFICATE,
    .want = EDGE_CREDENTIALS_NAME,
    .usual = true,
    .respond = respond,
    .prose = "The name in the client's certificate (RFC 4422 appendix A).",
};
