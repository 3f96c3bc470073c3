/* Who sends a request: by a bearer token, a session of the console, or a certificate. */
#include "admin.h"

#include <apr_strings.h>

#define IDLE APR_TIME_C(1800000000) /* 30 min */
#define RENEW APR_TIME_C(60000000)

edge_admin_role_t admin_who_role(edge_token_role_t role) {
    switch (role) {
    case EDGE_TOKEN_READ: return EDGE_ADMIN_READ;
    case EDGE_TOKEN_OPERATE: return EDGE_ADMIN_OPERATE;
    case EDGE_TOKEN_ADMIN: return EDGE_ADMIN_ADMIN;
    default: return EDGE_ADMIN_NOBODY;
    }
}

admin_failure_t admin_who_failure(edge_token_verdict_t verdict) {
    return verdict == EDGE_TOKEN_EXPIRED        ? ADMIN_FAILURE_EXPIRED
           : verdict == EDGE_TOKEN_WRONG_SOURCE ? ADMIN_FAILURE_SOURCE
                                                : ADMIN_FAILURE_UNKNOWN;
}

static void by_token(admin_exchange_t *x, edge_span_t token) {
    edge_token_facts_t facts;
    edge_token_verdict_t verdict = edge_token_check(token, x->origin.address, apr_time_now(), &facts);
    edge_admin_role_t role = verdict == EDGE_TOKEN_OK ? admin_who_role(facts.role) : EDGE_ADMIN_NOBODY;
    x->who.failed = role == EDGE_ADMIN_NOBODY;
    x->who.failure = admin_who_failure(verdict);
    if (x->who.failed)
        return;
    x->who.role = role;
    x->who.who = apr_pstrcat(x->pool, "token:", facts.name, NULL);
    x->who.rate = x->who.who;
}

/* Tells a token from a later one of the same name; never 0. */
apr_time_t admin_who_token_stamp(const edge_token_facts_t *facts) { return apr_time_sec(facts->created) + 1; }

/* A session ends with the token it came of. */
static bool token_is_there(const admin_seal_t *seal, apr_pool_t *pool) {
    const apr_array_header_t *tokens = edge_tokens_list(pool);
    for (int i = 0; i < tokens->nelts; i++) {
        const edge_token_facts_t *facts = &APR_ARRAY_IDX(tokens, i, edge_token_facts_t);
        if (strcmp(facts->name, seal->name) == 0)
            return admin_who_token_stamp(facts) == seal->token_created && admin_who_role(facts->role) == seal->role &&
                   (facts->expires == 0 || facts->expires > apr_time_now());
    }
    return false;
}

static bool is_good(const admin_seal_t *seal, apr_pool_t *pool) {
    apr_time_t now = apr_time_now();
    return now < seal->until && now - seal->issued < IDLE && !admin_pace_has_ended(seal->id) &&
           (seal->token_created == 0 || token_is_there(seal, pool));
}

static void by_session(admin_exchange_t *x, edge_span_t text) {
    admin_seal_t *seal = &x->who.seal;
    x->who.failure = ADMIN_FAILURE_SESSION;
    if (!admin_seal_read(text, ADMIN_SEAL_SESSION, seal, x->pool) || !is_good(seal, x->pool))
        return; /* as if nothing had been said: the page asks to log in */
    x->who.role = seal->role;
    x->who.who = apr_pstrcat(x->pool, "console:", seal->name, NULL);
    x->who.rate = apr_pstrcat(x->pool, "session:", seal->id, NULL);
    x->who.cookie = true;
    if (apr_time_now() - seal->issued < RENEW)
        return;
    admin_seal_t renewed = *seal;
    renewed.issued = apr_time_now();
    edge_admin_field(
        &x->answer, "Set-Cookie",
        admin_login_cookie(admin_seal_write(&renewed, ADMIN_SEAL_SESSION, x->pool), x->origin.tls, x->pool));
}

static void by_certificate(admin_exchange_t *x) {
    for (unsigned i = 0; x->conf && i < x->conf->certificate_count; i++) {
        const admin_certificate_t *row = &x->conf->certificates[i];
        if (!edge_span_equal(row->subject, edge_span_of(x->origin.subject)))
            continue;
        x->who.role = row->role;
        x->who.who = apr_pstrcat(x->pool, "certificate:", x->origin.subject, NULL);
        x->who.rate = x->who.who;
    }
}

void admin_who_find(admin_exchange_t *x) {
    char address[EDGE_IPADDR_TEXT];
    edge_span_t authorization = admin_gate_field(&x->gate, "Authorization", 0);
    edge_span_t cookie =
        admin_gate_cookie(admin_gate_field(&x->gate, "Cookie", 0), admin_login_cookie_name(x->origin.tls));
    edge_ipaddr_format(x->origin.address, address);
    x->who.rate = apr_pstrcat(x->pool, "address:", address, NULL);
    if (authorization.at)
        by_token(x, admin_gate_bearer(authorization));
    else if (cookie.at)
        by_session(x, cookie);
    if (x->who.role == EDGE_ADMIN_NOBODY && !x->who.failed && x->origin.subject[0])
        by_certificate(x);
}
