/* LOGIN: name, then password, each asked for. Never standardised, spoken by many. */
#include "auth_sasl.h"

static void ask_name(edge_auth_exchange_t *exchange) { sasl_challenge(exchange, (edge_span_t)EDGE_SPAN("Username:")); }

/* An initial response is the name. */
static void take_name(edge_auth_exchange_t *exchange, edge_span_t message) {
    if (!edge_sasl_text_login(message, EDGE_SASL_NAME_MOST))
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_LOGIN);
    else if (!sasl_take_names(exchange, message, EDGE_NO_SPAN))
        sasl_fail(exchange);
    else
        sasl_challenge(exchange, (edge_span_t)EDGE_SPAN("Password:"));
}

static void respond(edge_auth_exchange_t *exchange, edge_span_t message) {
    if (!exchange->name)
        take_name(exchange, message);
    else if (!edge_sasl_text_login(message, EDGE_SASL_PASSWORD_MOST))
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_LOGIN);
    else
        sasl_verify(exchange, message);
}

const sasl_mechanism_t sasl_login = {
    .name = "LOGIN",
    .needs = SASL_HAS_PRIVACY,
    .want = EDGE_CREDENTIALS_VERIFY,
    .usual = true,
    .start = ask_name,
    .respond = respond,
    .prose = "Name and password, each asked for.",
};
