/* slimta: edges on sockets of the script's own, and the bus between edge and queue. */
#include <apr_strings.h>
#include <stdio.h>

#include "edge_codec.h"
#include "lua_script.h"

#define BUS_CLIENT "slimta.bus.client"
#define BUS_SERVER "slimta.bus.server"

/* A table of functions, on top, under the name that `require` knows it by. */
void elua_library(lua_State *L, const char *name) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* The bus: its client end is the queue of the configuration; nobody waits at the server end. */

static int bus_new_local(lua_State *L) {
    elua_must_start(L, "slimta.bus.new_local");
    lua_newuserdatauv(L, 0, 0);
    luaL_setmetatable(L, BUS_SERVER);
    lua_newuserdatauv(L, 0, 0);
    luaL_setmetatable(L, BUS_CLIENT);
    return 2;
}

static int bus_new_remote(lua_State *L) {
    return luaL_error(L, "a bus to another machine cannot be made here: the edge hands on to the <Queue> of the "
                         "configuration; use slimta.bus.new_local()");
}

/* Edges */

static bool is_name_taken(elua_record_t *record, const char *name) {
    edge_conf_node_t *root = edge_conf_grow_root(record->check);
    for (edge_conf_node_t *at = NULL; (at = edge_conf_grow_section(root, at, "Listener")) != NULL;)
        if (edge_span_equal(edge_conf_grow_argument(at, 0), edge_span_of(name)))
            return true;
    return false;
}

/* "smtp-25", and "smtp-25-2" for another address with this port. */
static const char *name_of(elua_record_t *record, const char *protocol, const char *address) {
    const char *base = apr_psprintf(record->pool, "%s-%s", protocol, strrchr(address, ':') + 1), *name = base;
    for (unsigned again = 2; is_name_taken(record, name); again++)
        name = apr_psprintf(record->pool, "%s-%u", base, again);
    return name;
}

static const char *queue_of(lua_State *L, elua_record_t *record) {
    const edge_conf_node_t *root = edge_conf_grow_root(record->check);
    const edge_conf_node_t *said = edge_conf_grow_directive(root, NULL, "LuaQueue");
    const edge_conf_node_t *only = edge_conf_grow_section(root, NULL, "Queue");
    if (said && edge_conf_grow_argument(said, 0).len > 0)
        return edge_conf_grow_argument(said, 0).at;
    if (!only || edge_conf_grow_argument(only, 0).len == 0)
        luaL_error(L, "there is no <Queue> that this edge could hand on to");
    if (edge_conf_grow_section(root, only, "Queue"))
        luaL_error(L, "there is more than one <Queue>: say by LuaQueue NAME which one takes what this edge receives");
    return edge_conf_grow_argument(only, 0).at;
}

static void add(elua_record_t *record, edge_conf_node_t *listener, edge_conf_origin_t origin, const char *name,
                const char *argument) {
    edge_conf_grow_add(record->check, listener, origin, name, &argument, 1);
}

/* new(SOCKET, BUS) */
static int edge_new(lua_State *L, bool http) {
    elua_record_t *record = elua_record_of(L);
    const char *protocol = http ? "http" : "smtp", *name = protocol;
    edge_conf_node_t *listener = NULL;
    elua_must_start(L, http ? "slimta.edge.http.new" : "slimta.edge.smtp.new");
    const char *address = elua_socket_address(L, 1);
    luaL_checkudata(L, 2, BUS_CLIENT);
    if (record) {
        edge_conf_origin_t origin = elua_record_here(L, record);
        name = name_of(record, protocol, address);
        const char *queue = queue_of(L, record);
        listener =
            edge_conf_grow_add_section(record->check, edge_conf_grow_root(record->check), origin, "Listener", name);
        add(record, listener, origin, "Listen", address);
        add(record, listener, origin, "Protocol", protocol);
        add(record, listener, origin, "Queue", queue);
    }
    elua_listener_push(L, http, listener, name);
    return 1;
}

static int smtp_new(lua_State *L) { return edge_new(L, false); }
static int http_new(lua_State *L) { return edge_new(L, true); }

/* slimta.base64, for mechanisms of the script's own. */

static int base64_encode(lua_State *L) {
    edge_span_t text;
    text.at = luaL_checklstring(L, 1, &text.len);
    luaL_Buffer buffer;
    size_t size = EDGE_BASE64_SIZE(text.len);
    elua_limits_charge(L, (int64_t)(size / 16));
    edge_base64_encode(text, luaL_buffinitsize(L, &buffer, size + 1), size);
    luaL_pushresultsize(&buffer, size);
    return 1;
}

/* nil: it is none. */
static int base64_decode(lua_State *L) {
    edge_span_t text;
    text.at = luaL_checklstring(L, 1, &text.len);
    luaL_Buffer buffer;
    size_t size = text.len / 4 * 3 + 3, len = 0;
    elua_limits_charge(L, (int64_t)(size / 16));
    if (!edge_base64_decode(text, luaL_buffinitsize(L, &buffer, size), size, &len)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_pushresultsize(&buffer, len);
    return 1;
}

static void open_edges(lua_State *L) {
    static const luaL_Reg auth_functions[] = {{"new", elua_auth_new}, {NULL, NULL}};
    lua_newtable(L);
    elua_listener_methods(L, false);
    lua_pushcfunction(L, smtp_new);
    lua_setfield(L, -2, "new");
    elua_library(L, "slimta.edge.smtp");
    luaL_newlib(L, auth_functions);
    elua_library(L, "slimta.edge.smtp.auth");
    lua_setfield(L, -2, "auth");
    lua_setfield(L, -2, "smtp");
    elua_listener_methods(L, true);
    lua_pushcfunction(L, http_new);
    lua_setfield(L, -2, "new");
    elua_library(L, "slimta.edge.http");
    lua_setfield(L, -2, "http");
    elua_library(L, "slimta.edge");
}

void elua_slimta_open(lua_State *L) {
    static const luaL_Reg bus_functions[] = {
        {"new_local", bus_new_local}, {"new_client", bus_new_remote}, {"new_server", bus_new_remote}, {NULL, NULL}};
    static const luaL_Reg base64_functions[] = {{"encode", base64_encode}, {"decode", base64_decode}, {NULL, NULL}};
    luaL_newmetatable(L, BUS_CLIENT);
    luaL_newmetatable(L, BUS_SERVER);
    lua_pop(L, 2);
    lua_newtable(L);
    luaL_newlib(L, bus_functions);
    elua_library(L, "slimta.bus");
    lua_setfield(L, -2, "bus");
    luaL_newlib(L, base64_functions);
    elua_library(L, "slimta.base64");
    lua_setfield(L, -2, "base64");
    lua_newtable(L); /* scripts require it for its side effects */
    elua_library(L, "slimta.message");
    lua_setfield(L, -2, "message");
    open_edges(L);
    lua_setfield(L, -2, "edge");
    elua_library(L, "slimta");
    lua_setglobal(L, "slimta");
}
