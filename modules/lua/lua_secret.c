/* A script's functions as a store of credentials: each gives the secret of a user. */
#include <stdlib.h>

#include "edge_obj.h"
#include "lua_asking.h"
#include "lua_mechanism.h"

/* Adding a backend */

static void *prepare(edge_conf_check_t *check, const edge_section_t *backend, apr_pool_t *pool) {
    elua_auth_t *auth = elua_grown_auth(backend->node);
    (void)pool;
    if (!auth)
        edge_conf_error_in(check, backend, "Type", "EDG10995",
                           "an <AuthBackend> of Type lua is made by a script: enable_authentication");
    return auth;
}

static unsigned can(void *store) {
    const elua_auth_t *auth = store;
    unsigned can = 0;
    for (unsigned i = 0; i < auth->count; i++)
        if (!auth->custom[i])
            can |= strcmp(auth->mechanisms[i].name, "CRAM-MD5") == 0 ? EDGE_CREDENTIALS_CAN(SECRET)
                                                                     : EDGE_CREDENTIALS_CAN(VERIFY);
    return can;
}

/* Asking */

typedef struct asked {
    elua_asking_t asking;
    edge_credentials_query_t *query;
    char *secret, *identity, *message; /* what the function has returned; NULL: nil */
} asked_t;

static void forget(asked_t *asked) {
    if (asked->asking.run)
        elua_asking_close(&asked->asking);
    edge_password_forget(asked->secret);
    free(asked->identity);
    free(asked->message);
    free(asked);
}

static void answer(asked_t *asked, edge_credentials_result_t result) {
    edge_credentials_query_t *query = asked->query;
    edge_credentials_answer_t given = {.result = result,
                                       .identity = asked->identity ? edge_span_of(asked->identity) : query->user,
                                       .secret = edge_span_of(asked->secret),
                                       .message = edge_span_of(asked->message)};
    query->answered(query, &given);
    forget(asked);
}

static void done(elua_asking_t *asking, bool good) {
    asked_t *asked = EDGE_CONTAINER(asking, asked_t, asking);
    if (!good)
        answer(asked, EDGE_CREDENTIALS_TROUBLE);
    else if (!asked->secret)
        answer(asked, EDGE_CREDENTIALS_WRONG);
    else
        answer(asked, asked->query->want == EDGE_CREDENTIALS_VERIFY ? EDGE_CREDENTIALS_COMPARE : EDGE_CREDENTIALS_GOOD);
}

static char *take_text(lua_State *L, int index, const char *mechanism, const char *what) {
    if (!lua_toboolean(L, index))
        return NULL;
    if (!lua_isstring(L, index))
        luaL_error(L, "the function of mechanism %s gives as %s a %s, not a string", mechanism, what,
                   luaL_typename(L, index));
    const char *text = lua_tostring(L, index);
    char *copy = strdup(text);
    if (!copy)
        luaL_error(L, "no memory");
    return copy;
}

/* secret, identity, message */
static int take_results(lua_State *L, int status, lua_KContext context) {
    const elua_run_t *run = lua_touserdata(L, 1);
    asked_t *asked = EDGE_CONTAINER(run->owner, asked_t, asking);
    (void)status;
    (void)context;
    asked->secret = take_text(L, -3, asked->asking.mechanism, "the secret");
    asked->identity = take_text(L, -2, asked->asking.mechanism, "the identity");
    asked->message = take_text(L, -1, asked->asking.mechanism, "the message");
    return 0;
}

/* The name, and with PLAIN whom the user wants to act as. */
static int call_function(lua_State *L) {
    const elua_run_t *run = lua_touserdata(L, 1);
    const asked_t *asked = EDGE_CONTAINER(run->owner, asked_t, asking);
    const edge_credentials_query_t *query = asked->query;
    bool plain = strcmp(asked->asking.mechanism, "PLAIN") == 0;
    elua_auth_push(L, asked->asking.auth->number, asked->asking.mechanism);
    lua_pushlstring(L, query->user.at, query->user.len);
    if (plain)
        lua_pushlstring(L, query->authzid.at ? query->authzid.at : "", query->authzid.len);
    lua_callk(L, plain ? 2 : 1, 3, 0, take_results);
    return take_results(L, LUA_OK, 0);
}

/* No other store is asked when the script refuses, so nobody is asked to pretend. */
static void ask(void *store, edge_credentials_query_t *query) {
    asked_t *asked = calloc(1, sizeof(*asked));
    edge_credentials_answer_t trouble = {.result = EDGE_CREDENTIALS_TROUBLE};
    query->state = asked;
    if (asked) {
        asked->asking = (elua_asking_t){.auth = store, .mechanism = query->mechanism, .done = done};
        asked->query = query;
    }
    if (asked && elua_asking_open(&asked->asking)) {
        elua_asking_call(&asked->asking, call_function);
        return;
    }
    free(asked);
    query->answered(query, &trouble);
}

static void cancel(void *store, edge_credentials_query_t *query) {
    (void)store;
    forget(query->state);
}

static const char *challenge_host(void *store) { return ((const elua_auth_t *)store)->challenge_host; }

static const edge_credentials_mechanism_t *mechanism_at(void *store, unsigned index) {
    const elua_auth_t *auth = store;
    for (unsigned i = 0; i < auth->count; i++)
        if (auth->custom[i] && index-- == 0)
            return &auth->mechanisms[i];
    return NULL;
}

const edge_credentials_provider_t elua_credentials = {
    .name = "lua",
    .prose = "Secrets that a script's functions give, and mechanisms of its own.",
    .prepare = prepare,
    .can = can,
    .ask = ask,
    .cancel = cancel,
    .challenge_host = challenge_host,
    .mechanism_at = mechanism_at,
    .step = elua_mechanism_step,
    .leave = elua_mechanism_leave,
};
