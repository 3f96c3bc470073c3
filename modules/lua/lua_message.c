/* session.message: the open transaction, whose sender and recipients can be assigned. */
#include <stdlib.h>

#include "mod_lua.h"

#define RECIPIENTS_MOST 100000

enum { SESSION = 1, RECIPIENTS, PLACES = RECIPIENTS };

typedef enum field { FIELD_NONE, FIELD_SENDER, FIELD_RECIPIENTS, FIELD_PARAMETERS } field_t;

static const char *const fields[] = {
    [FIELD_SENDER] = "sender",
    [FIELD_RECIPIENTS] = "recipients",
    [FIELD_PARAMETERS] = "parameters",
};

static const char message_key, recipients_key;

/* Both objects are a pointer to the session's, which they hold on to. */
static edge_session_t *session_of(lua_State *L) {
    elua_session_t **known = lua_touserdata(L, 1);
    edge_session_t *session = elua_session_open(L, *known);
    if (!session->transaction)
        luaL_error(L, "this message is over");
    return session;
}

static edge_envelope_t *envelope_of(lua_State *L) { return session_of(L)->transaction->envelope; }

static void push_span(lua_State *L, edge_span_t span) { lua_pushlstring(L, span.len ? span.at : "", span.len); }

static void push_object(lua_State *L, const void *key, int session_index, elua_session_t *known) {
    elua_session_t **object = lua_newuserdatauv(L, sizeof(elua_session_t *), PLACES);
    *object = known;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, session_index);
    lua_setiuservalue(L, -2, SESSION);
}

void elua_message_push(lua_State *L, int index) { push_object(L, &message_key, index, lua_touserdata(L, index)); }

void elua_parameters_push(lua_State *L, const edge_parameters_t *parameters) {
    lua_createtable(L, 0, parameters ? (int)parameters->count : 0);
    for (unsigned i = 0; parameters && i < parameters->count; i++) {
        push_span(L, parameters->list[i].name);
        if (parameters->list[i].value.at)
            push_span(L, parameters->list[i].value);
        else
            lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
}

/* The message */

static field_t field_of(lua_State *L) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return (field_t)lua_tointeger(L, -1);
}

static void push_recipients(lua_State *L) {
    if (lua_getiuservalue(L, 1, RECIPIENTS) != LUA_TNIL)
        return;
    lua_getiuservalue(L, 1, SESSION);
    push_object(L, &recipients_key, lua_gettop(L), *(elua_session_t **)lua_touserdata(L, 1));
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, RECIPIENTS);
}

static int read_message(lua_State *L) {
    const edge_envelope_t *envelope = envelope_of(L);
    switch (field_of(L)) {
    case FIELD_SENDER: push_span(L, envelope->sender); break;
    case FIELD_RECIPIENTS: push_recipients(L); break;
    case FIELD_PARAMETERS: elua_parameters_push(L, &envelope->sender_parameters); break;
    case FIELD_NONE: lua_pushnil(L); break;
    }
    return 1;
}

static edge_span_t checked_address(lua_State *L, int index, const char *what) {
    size_t len;
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "%s is a string, not a %s", what, luaL_typename(L, index));
    const char *text = lua_tolstring(L, index, &len);
    return edge_span(text, len);
}

static void write_sender(lua_State *L, edge_session_t *session) {
    edge_span_t sender = checked_address(L, 3, "message.sender");
    if (!edge_transaction_rewrite_sender(session, sender))
        luaL_error(L, "message.sender is empty or an address like user@example.org, not \"%s\"", lua_tostring(L, 3));
}

static void must_do(lua_State *L, bool done) {
    if (!done)
        luaL_error(L, "message.recipients are addresses like user@example.org, one of them at least");
}

/* Takes a table, or the recipients of a message. */
static void write_recipients(lua_State *L) {
    if (!lua_istable(L, 3) && !lua_isuserdata(L, 3))
        luaL_error(L, "message.recipients is a table of addresses, not a %s", luaL_typename(L, 3));
    lua_Integer count = luaL_len(L, 3);
    if (count < 0 || count > RECIPIENTS_MOST)
        luaL_error(L, "message.recipients can be %d addresses, not %I", RECIPIENTS_MOST, count);
    edge_span_t *addresses = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof(*addresses), 0);
    /* The strings are held by the table; those of a function that makes them up must be held here. */
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(L, 3, i);
        addresses[i - 1] = checked_address(L, -1, "each of message.recipients");
        lua_rawseti(L, -2, i);
    }
    edge_session_t *session = session_of(L);
    elua_limits_charge(L, count * (2 + session->transaction->envelope->recipient_count / 16));
    must_do(L, edge_transaction_rewrite_recipients(session, addresses, (unsigned)count));
}

static int write_message(lua_State *L) {
    edge_session_t *session = session_of(L);
    switch (field_of(L)) {
    case FIELD_SENDER: write_sender(L, session); break;
    case FIELD_RECIPIENTS: write_recipients(L); break;
    default:
        return luaL_error(L, "of session.message, sender and recipients can be assigned, not \"%s\"",
                          luaL_tolstring(L, 2, NULL));
    }
    return 0;
}

/* Its recipients: what a table of addresses would be */

static int read_recipient(lua_State *L) {
    const edge_envelope_t *envelope = envelope_of(L);
    lua_Integer index = lua_isinteger(L, 2) ? lua_tointeger(L, 2) : 0;
    if (index >= 1 && (lua_Unsigned)index <= envelope->recipient_count)
        push_span(L, envelope->recipients[index - 1].address);
    else
        lua_pushnil(L);
    return 1;
}

static int count_recipients(lua_State *L) {
    lua_pushinteger(L, envelope_of(L)->recipient_count);
    return 1;
}

/* One is replaced, one is added behind the last, or the last is taken away. */
static int write_recipient(lua_State *L) {
    edge_session_t *session = session_of(L);
    unsigned count = session->transaction->envelope->recipient_count;
    lua_Integer index = luaL_checkinteger(L, 2);
    bool removes = lua_isnil(L, 3);
    if (index < 1 || index > (lua_Integer)count + !removes || (removes && index != (lua_Integer)count))
        luaL_error(L, "message.recipients has %d of them without gaps: %I cannot be %s", (int)count, index,
                   removes ? "removed" : "assigned");
    if (index > RECIPIENTS_MOST)
        luaL_error(L, "message.recipients can be %d addresses, no more", RECIPIENTS_MOST);
    elua_limits_charge(L, 10 + count / 16);
    if (removes)
        must_do(L, edge_transaction_rewrite_fewer(session, count - 1));
    else
        must_do(L, edge_transaction_rewrite_recipient(session, (unsigned)index - 1,
                                                      checked_address(L, 3, "each of message.recipients")));
    return 0;
}

static int next_recipient(lua_State *L) {
    lua_Integer index = luaL_optinteger(L, 2, 0) + 1;
    lua_settop(L, 1);
    lua_pushinteger(L, index);
    read_recipient(L);
    return lua_isnil(L, -1) ? 1 : 2;
}

static int walk_recipients(lua_State *L) {
    lua_settop(L, 1);
    lua_pushcfunction(L, next_recipient);
    lua_insert(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

void elua_message_register(lua_State *L) {
    static const luaL_Reg of_message[] = {{"__index", read_message}, {"__newindex", write_message}, {NULL, NULL}};
    static const luaL_Reg of_recipients[] = {{"__index", read_recipient},
                                             {"__newindex", write_recipient},
                                             {"__len", count_recipients},
                                             {"__pairs", walk_recipients},
                                             {NULL, NULL}};
    elua_metatable(L, &message_key, of_message, fields, EDGE_COUNT(fields));
    elua_metatable(L, &recipients_key, of_recipients, NULL, 0);
}
