/* A mechanism of a script's own: object:challenge(data, last_response, final_reply), called for each message. */
#include "lua_mechanism.h"

#include <stdlib.h>

#include "edge_codec.h"
#include "lua_asking.h"

typedef struct talk {
    elua_asking_t asking;
    edge_credentials_exchange_t *exchange;
    edge_span_t response; /* during the step */
    int data;             /* reference of the table that goes through all steps */
    /* what the step has come to */
    char *identity, *challenge, *message;
    char enhanced[16];
    lua_Integer code;
} talk_t;

static void forget_results(talk_t *talk) {
    free(talk->identity);
    edge_password_forget(talk->challenge);
    free(talk->message);
    talk->identity = talk->challenge = talk->message = NULL;
}

static char *take_text(lua_State *L, int index, const char *what) {
    if (!lua_toboolean(L, index))
        return NULL;
    if (!lua_isstring(L, index))
        luaL_error(L, "challenge gives as %s a %s, not a string", what, luaL_typename(L, index));
    const char *text = lua_tostring(L, index);
    char *copy = strdup(text);
    if (!copy)
        luaL_error(L, "no memory");
    return copy;
}

static bool is_base64(const char *text) {
    edge_span_t span = edge_span_of(text);
    char *decoded = malloc(span.len / 4 * 3 + 3);
    size_t len;
    bool good = decoded && edge_base64_decode(span, decoded, span.len / 4 * 3 + 3, &len);
    free(decoded);
    return good;
}

/* final_reply: `code`, `message`, `enhanced_status_code`. */
static void take_reply(lua_State *L, int index, talk_t *talk) {
    lua_getfield(L, index, "code");
    int is_number;
    talk->code = lua_tointegerx(L, -1, &is_number);
    if (!is_number || talk->code < 200 || talk->code > 599)
        luaL_error(L, "final_reply.code must be a number from 200 to 599");
    lua_getfield(L, index, "message");
    talk->message = take_text(L, -1, "final_reply.message");
    lua_getfield(L, index, "enhanced_status_code");
    const char *enhanced = lua_isstring(L, -1) ? lua_tostring(L, -1) : "";
    strncpy(talk->enhanced, enhanced, sizeof(talk->enhanced) - 1);
    lua_pop(L, 3);
}

/* identity, or nil and the next challenge */
static int take_results(lua_State *L, int status, lua_KContext context) {
    const elua_run_t *run = lua_touserdata(L, 1);
    talk_t *talk = EDGE_CONTAINER(run->owner, talk_t, asking);
    (void)status;
    (void)context;
    talk->identity = take_text(L, -2, "identity");
    talk->challenge = take_text(L, -1, "challenge");
    if (talk->challenge && !talk->identity && !is_base64(talk->challenge))
        luaL_error(L, "challenge gives a challenge that is no base64");
    take_reply(L, 2, talk);
    return 0;
}

static void push_data(lua_State *L, talk_t *talk) {
    if (talk->data == LUA_NOREF) {
        lua_newtable(L);
        talk->data = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, talk->data);
}

static void push_reply(lua_State *L) {
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, "235");
    lua_setfield(L, -2, "code");
    lua_pushliteral(L, "Authentication successful");
    lua_setfield(L, -2, "message");
    lua_pushliteral(L, "2.7.0");
    lua_setfield(L, -2, "enhanced_status_code");
}

static int call_challenge(lua_State *L) {
    const elua_run_t *run = lua_touserdata(L, 1);
    talk_t *talk = EDGE_CONTAINER(run->owner, talk_t, asking);
    push_reply(L);
    elua_auth_push(L, talk->asking.auth->number, talk->asking.mechanism);
    lua_getfield(L, -1, "challenge");
    lua_insert(L, -2);
    push_data(L, talk);
    if (talk->response.at)
        lua_pushlstring(L, talk->response.at, talk->response.len);
    else
        lua_pushnil(L);
    lua_pushvalue(L, 2);
    lua_callk(L, 4, 2, 0, take_results);
    return take_results(L, LUA_OK, 0);
}

/* Only with 235 it is a success (or goes on); a refusal that leaves it so is the usual one. */
static edge_credentials_step_t step_of(const talk_t *talk) {
    edge_credentials_step_t step = {.kind = EDGE_CREDENTIALS_REFUSES, .wrong = talk->code == 235 || talk->code == 535};
    if (talk->code == 235 && talk->identity)
        step = (edge_credentials_step_t){.kind = EDGE_CREDENTIALS_IS_DONE, .identity = edge_span_of(talk->identity)};
    else if (talk->code == 235 && talk->challenge)
        return (edge_credentials_step_t){.kind = EDGE_CREDENTIALS_GOES_ON, .challenge = edge_span_of(talk->challenge)};
    else if (talk->code == 235)
        return step;
    step.reply = edge_reply_of(EDGE_R_AUTH_OK);
    if (!edge_reply_set(&step.reply, (unsigned)talk->code, edge_span_of(talk->enhanced[0] ? talk->enhanced : NULL),
                        edge_span_of(talk->message ? talk->message : "")))
        step.reply.code = 0;
    if (step.kind == EDGE_CREDENTIALS_REFUSES && step.reply.code < 400)
        step.reply.code = 0;
    return step;
}

static void trouble(edge_credentials_exchange_t *exchange) {
    edge_credentials_step_t step = {.kind = EDGE_CREDENTIALS_REFUSES, .reply = edge_reply_of(EDGE_R_AUTH_TROUBLE)};
    exchange->stepped(exchange, &step);
}

/* The talk may be gone, or in its next step, when `stepped` has returned: what it has come to is taken out of it first. */
static void done(elua_asking_t *asking, bool good) {
    talk_t *talk = EDGE_CONTAINER(asking, talk_t, asking), results = *talk;
    edge_credentials_exchange_t *exchange = talk->exchange;
    talk->identity = talk->challenge = talk->message = NULL;
    if (good) {
        edge_credentials_step_t step = step_of(&results);
        exchange->stepped(exchange, &step);
    } else {
        trouble(exchange);
    }
    forget_results(&results);
}

static talk_t *begin(const elua_auth_t *auth, edge_credentials_exchange_t *exchange) {
    talk_t *talk = calloc(1, sizeof(*talk));
    if (!talk)
        return NULL;
    talk->asking = (elua_asking_t){.auth = auth, .mechanism = exchange->mechanism->name, .done = done};
    talk->exchange = exchange;
    talk->data = LUA_NOREF;
    if (elua_asking_open(&talk->asking))
        return talk;
    free(talk);
    return NULL;
}

/* "=" is an empty message. */
void elua_mechanism_step(void *store, edge_credentials_exchange_t *exchange, edge_span_t response) {
    if (!exchange->state)
        exchange->state = begin(store, exchange);
    talk_t *talk = exchange->state;
    if (!talk) {
        trouble(exchange);
        return;
    }
    talk->response = edge_span_equal(response, edge_span_of("=")) ? edge_span_of("") : response;
    elua_asking_call(&talk->asking, call_challenge);
}

void elua_mechanism_leave(void *store, edge_credentials_exchange_t *exchange) {
    talk_t *talk = exchange->state;
    (void)store;
    if (!talk)
        return;
    luaL_unref(talk->asking.run->world->L, LUA_REGISTRYINDEX, talk->data);
    elua_asking_close(&talk->asking);
    forget_results(talk);
    free(talk);
    exchange->state = NULL;
}
