/* Mechanisms that a backend brings itself: their messages go to it and back as they are. */
#include <stdlib.h>

#include "auth_sasl.h"

typedef struct own {
    edge_credentials_exchange_t exchange; /* with the backend */
    edge_auth_exchange_t *sasl;
} own_t;

static const sasl_own_t *row_of(const edge_auth_exchange_t *exchange) {
    return EDGE_CONTAINER(exchange->mechanism, sasl_own_t, row);
}

static void stepped(edge_credentials_exchange_t *exchange, const edge_credentials_step_t *step) {
    edge_auth_exchange_t *sasl = EDGE_CONTAINER(exchange, own_t, exchange)->sasl;
    const edge_reply_t *reply = step->reply.code ? &step->reply : NULL;
    switch (step->kind) {
    case EDGE_CREDENTIALS_GOES_ON: sasl_challenge_encoded(sasl, step->challenge); break;
    case EDGE_CREDENTIALS_IS_DONE:
        if (sasl_take_names(sasl, step->identity, EDGE_NO_SPAN))
            sasl_succeed_with(sasl, step->identity, reply);
        else
            sasl_fail_with(sasl, NULL, true);
        break;
    case EDGE_CREDENTIALS_REFUSES: sasl_fail_with(sasl, reply, step->wrong); break;
    }
}

static void take(edge_auth_exchange_t *exchange, edge_span_t response) {
    const sasl_own_t *row = row_of(exchange);
    own_t *own = exchange->own;
    if (!own) {
        own = exchange->own = calloc(1, sizeof(*own));
        if (!own) {
            sasl_refuse(exchange, EDGE_R_AUTH_TROUBLE);
            return;
        }
        own->exchange = (edge_credentials_exchange_t){.mechanism = row->mechanism, .stepped = stepped};
        own->sasl = exchange;
    }
    row->backend->provider->step(row->backend->store, &own->exchange, response);
}

static void end(edge_auth_exchange_t *exchange) {
    const sasl_own_t *row = row_of(exchange);
    own_t *own = exchange->own;
    if (!own)
        return;
    row->backend->provider->leave(row->backend->store, &own->exchange);
    free(own);
}

void sasl_own_make(sasl_own_t *own, sasl_backend_t *backend, const edge_credentials_mechanism_t *mechanism) {
    own->backend = backend;
    own->mechanism = mechanism;
    own->row = (sasl_mechanism_t){.name = mechanism->name,
                                  .needs = mechanism->secure ? 0 : SASL_HAS_PRIVACY,
                                  .take = take,
                                  .end = end,
                                  .prose = "A mechanism of the backend's own."};
}
