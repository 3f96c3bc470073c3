/* The complete message at HAVE_DATA: its size and its header fields. */
#include "mod_lua.h"
#include "proto/header.h"

typedef enum field { FIELD_NONE, FIELD_SIZE, FIELD_CUT, FIELD_HEADER, FIELD_HEADERS } field_t;

static const char *const fields[] = {
    [FIELD_SIZE] = "size", [FIELD_CUT] = "cut", [FIELD_HEADER] = "header", [FIELD_HEADERS] = "headers"};

typedef struct message {
    const edge_check_call_t *call; /* NULL: the check has answered */
} message_t;

static const char message_key;

#define OCTETS_AN_INSTRUCTION 16

static const edge_check_call_t *call_of(lua_State *L, int index) {
    message_t *message = luaL_testudata(L, index, "edge.message");
    if (!message)
        luaL_argerror(L, index, "a message is expected: message:header(\"Subject\"), message:headers()");
    if (!message->call)
        luaL_error(L, "this message can be looked at while its validator is called only");
    return message->call;
}

/* Folds are taken out by hand, into the state's own buffer: what is made in the call's pool would stay there. */
static void push_value(lua_State *L, edge_span_t value) {
    value = edge_span_trim(value);
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, value.len);
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] != '\n' && !(value.at[i] == '\r' && i + 1 < value.len && value.at[i + 1] == '\n'))
            out[len++] = value.at[i];
    luaL_pushresultsize(&buffer, len);
}

/* message:header(NAME): a list of the values of all fields of that name, in any case of letters. */
static int find_fields(lua_State *L) {
    const edge_check_call_t *call = call_of(L, 1);
    size_t len;
    const char *name = luaL_checklstring(L, 2, &len);
    edge_span_t block = call->headers;
    edge_header_field_t field;
    elua_limits_charge(L, (int64_t)(block.len / OCTETS_AN_INSTRUCTION));
    lua_newtable(L);
    for (lua_Integer count = 0; edge_header_next(&block, &field);)
        if (edge_span_equal_nocase(field.name, edge_span(name, len))) {
            push_value(L, field.value);
            lua_rawseti(L, -2, ++count);
        }
    return 1;
}

/* Upvalues: the message, and where the next field begins. */
static int next_field(lua_State *L) {
    const edge_check_call_t *call = call_of(L, lua_upvalueindex(1));
    edge_span_t block = edge_span_after(call->headers, (size_t)lua_tointeger(L, lua_upvalueindex(2)));
    edge_header_field_t field;
    if (!edge_header_next(&block, &field))
        return 0;
    lua_pushinteger(L, (lua_Integer)(call->headers.len - block.len));
    lua_replace(L, lua_upvalueindex(2));
    lua_pushlstring(L, field.name.at, field.name.len);
    push_value(L, field.value);
    return 2;
}

/* for name, value in message:headers() do */
static int walk_fields(lua_State *L) {
    call_of(L, 1);
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_field, 2);
    return 1;
}

static int read_message(lua_State *L) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    field_t field = (field_t)lua_tointeger(L, -1);
    switch (field) {
    case FIELD_SIZE: lua_pushinteger(L, (lua_Integer)call_of(L, 1)->size); break;
    case FIELD_CUT: lua_pushboolean(L, call_of(L, 1)->headers_cut); break;
    case FIELD_HEADER: lua_pushcfunction(L, find_fields); break;
    case FIELD_HEADERS: lua_pushcfunction(L, walk_fields); break;
    case FIELD_NONE: lua_pushnil(L); break;
    }
    return 1;
}

void elua_headers_push(lua_State *L, const edge_check_call_t *call) {
    message_t *message = lua_newuserdatauv(L, sizeof(*message), 0);
    message->call = call;
    luaL_setmetatable(L, "edge.message");
}

void elua_headers_close(lua_State *L, int index) { ((message_t *)lua_touserdata(L, index))->call = NULL; }

void elua_headers_register(lua_State *L) {
    static const luaL_Reg functions[] = {{"__index", read_message}, {NULL, NULL}};
    elua_metatable(L, &message_key, functions, fields, EDGE_COUNT(fields));
    lua_rawgetp(L, LUA_REGISTRYINDEX, &message_key);
    lua_setfield(L, LUA_REGISTRYINDEX, "edge.message");
}
