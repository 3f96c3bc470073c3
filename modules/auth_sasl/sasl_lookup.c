/* Asks a listener's stores, one after the other. */
#include "auth_sasl.h"

static const sasl_backend_t *backend_of(const sasl_lookup_t *lookup) { return lookup->settings->backends[lookup->at]; }

static void ask(sasl_lookup_t *lookup) {
    const sasl_backend_t *backend = backend_of(lookup);
    lookup->query.state = NULL;
    backend->provider->ask(backend->store, &lookup->query);
}

/* Behind the last store the first one is asked to pretend, so that nobody sees by the clock who is known. */
static void ask_next(sasl_lookup_t *lookup) {
    lookup->at++;
    lookup->query.pretend = lookup->at == lookup->settings->backend_count;
    if (lookup->query.pretend)
        lookup->at = 0;
    ask(lookup);
}

/* The store gives its secret away rather than compare itself: it may be written in another form than is compared. */
static edge_credentials_answer_t compare(const edge_credentials_query_t *query,
                                         const edge_credentials_answer_t *answer) {
    edge_credentials_answer_t compared = *answer;
    char *secret = sasl_prepare(answer->secret);
    bool equal = secret && edge_password_equal(edge_span_of(secret), query->password);
    edge_password_forget(secret);
    compared.result = equal ? EDGE_CREDENTIALS_GOOD : EDGE_CREDENTIALS_WRONG;
    return compared;
}

static void answered(edge_credentials_query_t *query, const edge_credentials_answer_t *answer) {
    sasl_lookup_t *lookup = EDGE_CONTAINER(query, sasl_lookup_t, query);
    if (answer->result == EDGE_CREDENTIALS_UNKNOWN && !query->pretend) {
        ask_next(lookup);
        return;
    }
    lookup->open = false;
    if (answer->result == EDGE_CREDENTIALS_COMPARE) {
        edge_credentials_answer_t compared = compare(query, answer);
        lookup->found(lookup, &compared);
    } else {
        lookup->found(lookup, answer);
    }
}

void sasl_lookup_start(sasl_lookup_t *lookup, const sasl_settings_t *settings) {
    EDGE_ASSERT(!lookup->open && settings->backend_count > 0);
    lookup->settings = settings;
    lookup->at = 0;
    lookup->query.pretend = false;
    lookup->open = true;
    lookup->query.answered = answered;
    lookup->query.worker = edge_worker_self();
    ask(lookup);
}

void sasl_lookup_cancel(sasl_lookup_t *lookup) {
    if (!lookup->open)
        return;
    const sasl_backend_t *backend = backend_of(lookup);
    lookup->open = false;
    backend->provider->cancel(backend->store, &lookup->query);
}
