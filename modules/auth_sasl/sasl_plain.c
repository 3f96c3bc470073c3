/* PLAIN (RFC 4616): identity, name and password in one message. */
#include "auth_sasl.h"

static void respond(edge_auth_exchange_t *exchange, edge_span_t message) {
    edge_sasl_plain_t plain;
    if (!edge_sasl_text_plain(message, &plain))
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_PLAIN);
    else if (!sasl_take_names(exchange, plain.authcid, plain.authzid))
        sasl_fail(exchange);
    else
        sasl_verify(exchange, plain.password);
}

const sasl_mechanism_t sasl_plain = {
    .name = "PLAIN",
    .needs = SASL_HAS_PRIVACY,
    .want = EDGE_CREDENTIALS_VERIFY,
    .usual = true,
    .respond = respond,
    .prose = "Name and password in one message (RFC 4616).",
};
