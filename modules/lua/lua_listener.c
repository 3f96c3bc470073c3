/* The edge objects of a script: a listener and its settings. */
#include <apr_strings.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "lua_script.h"
#include "proto/conf_report.h"

#define SMTP_EDGE "slimta.edge.smtp"
#define HTTP_EDGE "slimta.edge.http"

typedef struct edge_value {
    unsigned number;
    bool http;
} edge_value_t;

static const char *const phase_names[] = {
#define EDGE_PHASE(name, success, prose) [EDGE_PHASE_##name] = #name,
#include "tbl/phases.def"
#undef EDGE_PHASE
};

static const char *phase_at(const void *context, unsigned index) {
    (void)context;
    return index < EDGE_COUNT(phase_names) ? phase_names[index] : NULL;
}

static edge_value_t *edge_at(lua_State *L) {
    edge_value_t *edge = luaL_testudata(L, 1, SMTP_EDGE);
    if (!edge)
        edge = luaL_testudata(L, 1, HTTP_EDGE);
    if (!edge)
        luaL_typeerror(L, 1, "an edge object: call it with a colon, edge:method(...),");
    return edge;
}

/* The object a setter is called on; NULL in a worker. */
static elua_object_t *object_to_set(lua_State *L, const char *what) {
    const edge_value_t *edge = edge_at(L);
    const elua_record_t *record = elua_record_of(L);
    elua_must_start(L, what);
    return record ? record->objects[edge->number] : NULL;
}

/* What was set can be read again, as session.smtp_edge too. */
static void keep(lua_State *L, const char *field, int value) {
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, value);
    lua_setfield(L, -2, field);
    lua_pop(L, 1);
}

static void set(lua_State *L, elua_object_t *object, const char *directive, const char *const *arguments,
                unsigned count) {
    elua_record_t *record = elua_record_of(L);
    if (object)
        elua_grow_set(record, object, elua_record_here(L, record), directive, arguments, count);
}

/* Setters. What a value may be is for the directive's row to say; here only what it must be to become one. */

static int set_banner_message(lua_State *L) {
    elua_object_t *object = object_to_set(L, "set_banner_message");
    char code[24];
    snprintf(code, sizeof(code), "%lld", (long long)luaL_checkinteger(L, 2));
    const char *words[] = {code, luaL_checkstring(L, 3)};
    if (object && object->http)
        return luaL_error(L, "an HTTP edge has no banner");
    set(L, object, "Banner", words, EDGE_COUNT(words));
    keep(L, "banner_code", 2);
    keep(L, "banner_message", 3);
    return 0;
}

static int set_max_message_size(lua_State *L) {
    elua_object_t *object = object_to_set(L, "set_max_message_size");
    char text[24] = "none";
    const char *word = text;
    if (!lua_isnoneornil(L, 2)) {
        lua_Integer octets = luaL_checkinteger(L, 2);
        luaL_argcheck(L, octets > 0, 2, "a size is a number of octets above 0; nil is none");
        snprintf(text, sizeof(text), "%lld", (long long)octets);
    }
    set(L, object, "MaxMessageSize", &word, 1);
    lua_settop(L, 2);
    keep(L, "max_message_size", 2);
    return 0;
}

static int set_timeout(lua_State *L) {
    elua_object_t *object = object_to_set(L, "set_timeout");
    char text[32] = "none";
    const char *word = text;
    if (!lua_isnoneornil(L, 2)) {
        lua_Number seconds = luaL_checknumber(L, 2);
        luaL_argcheck(L, isfinite(seconds) && seconds >= 0.001 && seconds < 1e9, 2,
                      "a time is a number of seconds above 0; nil is none");
        snprintf(text, sizeof(text), "%.0fms", (double)(seconds * 1000));
    }
    set(L, object, "Timeout", &word, 1);
    lua_settop(L, 2);
    keep(L, "timeout", 2);
    return 0;
}

static int enable_tls(lua_State *L) {
    elua_object_t *object = object_to_set(L, "enable_tls");
    elua_context_t *context = elua_ssl_context(L, 2);
    bool immediate = lua_toboolean(L, 3);
    if (!object)
        return 0;
    object->tls = context;
    object->immediate = immediate || object->http; /* HTTP has no STARTTLS */
    object->tls_origin = elua_record_here(L, elua_record_of(L));
    context->used = true;
    return 0;
}

static int enable_authentication(lua_State *L) {
    elua_object_t *object = object_to_set(L, "enable_authentication");
    elua_auth_t *auth = elua_auth_check(L, 2);
    if (!object)
        return 0;
    object->auth = auth;
    object->auth_origin = elua_record_here(L, elua_record_of(L));
    auth->used = true;
    return 0;
}

/* set_validator(COMMAND, function): one for a command, the last; nil takes it away. */

static int phase_of(const char *name) {
    for (unsigned i = 0; i < EDGE_COUNT(phase_names); i++)
        if (edge_span_equal_nocase(edge_span_of(name), edge_span_of(phase_names[i])))
            return (int)i;
    return -1;
}

static void warn_of_unknown(lua_State *L, const char *name) {
    elua_record_t *record = elua_record_of(L);
    const char *near = edge_conf_nearest(edge_span_of(name), phase_at, NULL);
    if (record)
        edge_conf_grow_warn(record->check, elua_record_here(L, record), "EDG20991",
                            "\"%s\" is no command that can be validated: this function never runs%s%s%s", name,
                            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool is_callable(lua_State *L, int index) {
    return lua_isfunction(L, index) || luaL_getmetafield(L, index, "__call") != LUA_TNIL;
}

static int set_validator(lua_State *L) {
    elua_object_t *object = object_to_set(L, "set_validator");
    const edge_value_t *edge = edge_at(L);
    const char *name = luaL_checkstring(L, 2);
    int phase = phase_of(name);
    luaL_checkany(L, 3);
    if (!lua_isnil(L, 3) && !is_callable(L, 3))
        return luaL_typeerror(L, 3, "function");
    lua_settop(L, 3);
    if (phase < 0) {
        warn_of_unknown(L, name);
        return 0;
    }
    if (object)
        object->validators[phase] =
            lua_isnil(L, 3) ? (edge_conf_origin_t){NULL, 0} : elua_record_here(L, elua_record_of(L));
    elua_world_set_handler(L, edge->number, (edge_phase_t)phase);
    return 0;
}

/* The server accepts from when it serves to when it stops. */
static int accept_one(lua_State *L) {
    edge_at(L);
    return elua_ratchet_accept(L);
}

static int close_listener(lua_State *L) {
    edge_at(L);
    return 0;
}

/* Own fields of the object live beside its methods. */

static int index_field(lua_State *L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    return 1;
}

static int set_field(lua_State *L) {
    edge_at(L);
    luaL_argcheck(L, !lua_isnil(L, 2), 2, "a field has a name");
    lua_getiuservalue(L, 1, 1);
    lua_insert(L, 2);
    lua_rawset(L, 2);
    return 0;
}

static void open_class(lua_State *L, const char *class, const luaL_Reg *methods) {
    luaL_newmetatable(L, class);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "methods");
    lua_pushcclosure(L, index_field, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set_field);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "an edge object");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void elua_listener_open(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"set_banner_message", set_banner_message},
        {"set_max_message_size", set_max_message_size},
        {"set_timeout", set_timeout},
        {"enable_tls", enable_tls},
        {"enable_authentication", enable_authentication},
        {"set_validator", set_validator},
        {"accept", accept_one},
        {"close", close_listener},
        {NULL, NULL},
    };
    open_class(L, SMTP_EDGE, methods);
    open_class(L, HTTP_EDGE, methods);
}

void elua_listener_methods(lua_State *L, bool http) {
    luaL_getmetatable(L, http ? HTTP_EDGE : SMTP_EDGE);
    lua_getfield(L, -1, "methods");
    lua_remove(L, -2);
}

static void record_object(lua_State *L, const edge_value_t *edge, edge_conf_node_t *listener, const char *name) {
    elua_record_t *record = elua_record_of(L);
    if (!record)
        return;
    elua_object_t *object = apr_pcalloc(record->pool, sizeof(*object));
    object->http = edge->http;
    object->name = name;
    object->listener = listener;
    record->objects[edge->number] = object;
    record->object_count = edge->number + 1;
}

void elua_listener_push(lua_State *L, bool http, edge_conf_node_t *listener, const char *name) {
    elua_makings_t *makings = elua_makings_of(L);
    if (makings->objects == ELUA_OBJECTS_MOST)
        luaL_error(L, "a script can make %d edges, no more", ELUA_OBJECTS_MOST);
    edge_value_t *edge = lua_newuserdatauv(L, sizeof(*edge), 1);
    *edge = (edge_value_t){.number = makings->objects++, .http = http};
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, http ? HTTP_EDGE : SMTP_EDGE);
    record_object(L, edge, listener, name);
    lua_pushvalue(L, -1);
    elua_world_set_object(L, edge->number);
}
