/* A name and a password, tried on a listener's stores without a session. */
#include <stdlib.h>

#include "auth_sasl.h"

#define SASL_CHECK_MAGIC 0x73636865u

struct edge_auth_check {
    uint32_t magic;
    sasl_lookup_t lookup;
    char *name, *password; /* prepared */
    bool beginning, ended; /* sasl_check has not returned yet; it is answered */
    edge_auth_checked_fn *checked;
    void *asker;
};

static void end(edge_auth_check_t *check) {
    edge_password_forget(check->name);
    edge_password_forget(check->password);
    EDGE_OBJ_CLEAR(check);
    free(check);
}

static edge_auth_verdict_t verdict_of(edge_credentials_result_t result) {
    switch (result) {
    case EDGE_CREDENTIALS_GOOD: return EDGE_AUTH_VERIFIED;
    case EDGE_CREDENTIALS_WRONG: return EDGE_AUTH_WRONG;
    case EDGE_CREDENTIALS_UNKNOWN: return EDGE_AUTH_UNKNOWN;
    case EDGE_CREDENTIALS_BUSY: return EDGE_AUTH_BUSY;
    default: return EDGE_AUTH_TROUBLE;
    }
}

static void found(sasl_lookup_t *lookup, const edge_credentials_answer_t *answer) {
    edge_auth_check_t *check = EDGE_CONTAINER(lookup, edge_auth_check_t, lookup);
    EDGE_OBJ_CHECK(check, SASL_CHECK_MAGIC);
    edge_auth_checked_t checked = {.verdict = verdict_of(answer->result)};
    if (checked.verdict != EDGE_AUTH_UNKNOWN)
        checked.store = lookup->settings->backends[lookup->at]->section->name;
    if (checked.verdict == EDGE_AUTH_VERIFIED)
        checked.identity = answer->identity;
    check->checked(check->asker, &checked);
    check->ended = true;
    if (!check->beginning)
        end(check);
}

static edge_auth_check_t *tell(edge_auth_check_t *check, edge_auth_verdict_t verdict) {
    edge_auth_checked_t checked = {.verdict = verdict};
    check->checked(check->asker, &checked);
    end(check);
    return NULL;
}

edge_auth_check_t *sasl_check(const edge_auth_listener_t *listener, edge_span_t name, edge_span_t password,
                              edge_auth_checked_fn *checked, void *asker) {
    edge_auth_check_t *check = calloc(1, sizeof(*check));
    EDGE_ASSERT(check != NULL);
    EDGE_OBJ_INIT(check, SASL_CHECK_MAGIC);
    check->checked = checked;
    check->asker = asker;
    check->name = sasl_prepare(name);
    check->password = sasl_prepare(password);
    if (!check->name || !check->password)
        return tell(check, EDGE_AUTH_UNUSABLE);
    check->lookup.found = found;
    check->lookup.query.want = EDGE_CREDENTIALS_VERIFY;
    check->lookup.query.user = edge_span_of(check->name);
    check->lookup.query.password = edge_span_of(check->password);
    check->lookup.query.mechanism = sasl_plain.name;
    check->beginning = true;
    sasl_lookup_start(&check->lookup, listener->settings);
    check->beginning = false;
    if (check->ended) {
        end(check);
        return NULL;
    }
    return check;
}

void sasl_check_cancel(edge_auth_check_t *check) {
    EDGE_OBJ_CHECK(check, SASL_CHECK_MAGIC);
    sasl_lookup_cancel(&check->lookup);
    end(check);
}
