/* slimta.edge.smtp.auth: which mechanisms a script serves, and by which function or object. */
#include <apr_strings.h>
#include <ctype.h>

#include "edge_auth.h"
#include "lua_script.h"

#define AUTH "slimta.edge.smtp.auth"

typedef struct auth_value {
    unsigned number;
    elua_auth_t *auth; /* NULL in a worker */
} auth_value_t;

static const char auths_key;

/* The objects by number, so that a worker finds what a listener's backend stands for. */
static void keep_object(lua_State *L, unsigned number) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &auths_key);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (lua_Integer)number + 1);
    lua_pop(L, 1);
}

/* What stands behind the mechanism, on top of the stack; nil: nothing. */
void elua_auth_push(lua_State *L, unsigned number, const char *mechanism) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &auths_key);
    if (lua_rawgeti(L, -1, (lua_Integer)number + 1) == LUA_TUSERDATA) {
        lua_getiuservalue(L, -1, 1);
        lua_getfield(L, -1, mechanism);
        lua_replace(L, -4);
        lua_pop(L, 2);
        return;
    }
    lua_pop(L, 2);
    lua_pushnil(L);
}

static bool is_taken(const elua_record_t *record, const char *name) {
    for (const elua_auth_t *auth = record->auths; auth; auth = auth->next)
        if (strcmp(auth->name, name) == 0)
            return true;
    return false;
}

static elua_auth_t *record_auth(lua_State *L, elua_record_t *record, unsigned number) {
    elua_auth_t *auth = apr_pcalloc(record->pool, sizeof(*auth)), **last = &record->auths;
    auth->number = number;
    auth->name = elua_record_name(L, record, "AuthBackend", is_taken);
    auth->origin = elua_record_here(L, record);
    auth->script = record->script;
    while (*last)
        last = &(*last)->next;
    *last = auth;
    return auth;
}

int elua_auth_new(lua_State *L) {
    elua_must_start(L, "slimta.edge.smtp.auth.new");
    elua_record_t *record = elua_record_of(L);
    auth_value_t *value = lua_newuserdatauv(L, sizeof(*value), 1);
    value->number = elua_makings_of(L)->auths++;
    value->auth = NULL;
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, AUTH);
    keep_object(L, value->number);
    if (record)
        value->auth = record_auth(L, record, value->number);
    return 1;
}

elua_auth_t *elua_auth_check(lua_State *L, int index) {
    auth_value_t *value = luaL_checkudata(L, index, AUTH);
    return value->auth;
}

/* RFC 4422 3.1; in capital letters on the stack. */
static const char *mechanism_name(lua_State *L, int index) {
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    char name[EDGE_AUTH_MECHANISM_MOST + 1];
    if (len == 0 || len > EDGE_AUTH_MECHANISM_MOST)
        luaL_argerror(L, index, "the name of a mechanism has 1 to 20 letters");
    for (size_t i = 0; i < len; i++) {
        name[i] = (char)toupper((unsigned char)text[i]);
        if (!name[i] || !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", name[i]))
            luaL_argerror(L, index, "the name of a mechanism is made of letters, digits, - and _");
    }
    return lua_pushlstring(L, name, len);
}

static bool is_known(const char *name) {
    return strcmp(name, "PLAIN") == 0 || strcmp(name, "LOGIN") == 0 || strcmp(name, "CRAM-MD5") == 0;
}

/* A mechanism of the script's own is an object with `challenge`; secure: it may be used without TLS. */
static bool check_object(lua_State *L, int index, const char *name) {
    luaL_argexpected(L, lua_istable(L, index) || lua_isuserdata(L, index), index, "mechanism object");
    lua_getfield(L, index, "challenge");
    if (!lua_isfunction(L, -1))
        luaL_error(L, "mechanism %s: the object has no function challenge", name);
    lua_getfield(L, index, "secure");
    bool secure = lua_toboolean(L, -1);
    lua_pop(L, 2);
    return secure;
}

static void record_mechanism(lua_State *L, elua_auth_t *auth, const char *name, bool custom, bool secure) {
    unsigned at = 0;
    while (at < auth->count && strcmp(auth->mechanisms[at].name, name) != 0)
        at++;
    if (at == ELUA_MECHANISMS_MOST)
        luaL_error(L, "more than %d mechanisms", ELUA_MECHANISMS_MOST);
    auth->mechanisms[at] =
        (edge_credentials_mechanism_t){.name = apr_pstrdup(elua_record_of(L)->pool, name), .secure = secure};
    auth->custom[at] = custom;
    auth->count += at == auth->count;
}

/* CRAM-MD5 takes the name of the host behind the function. */
static void take_host(lua_State *L, elua_auth_t *auth, int index) {
    size_t len;
    if (lua_isnoneornil(L, index))
        return;
    const char *host = luaL_checklstring(L, index, &len);
    bool good = len > 0 && len <= 255;
    for (size_t i = 0; i < len; i++)
        good &= isalnum((unsigned char)host[i]) || strchr(".-_:[]", host[i]);
    luaL_argcheck(L, good, index, "the name of a host has 1 to 255 letters, digits, dots and hyphens");
    if (auth)
        auth->challenge_host = apr_pstrdup(elua_record_of(L)->pool, host);
}

/* add_mechanism(NAME, FUNCTION or OBJECT, ...): the last one of a name counts. */
static int add_mechanism(lua_State *L) {
    auth_value_t *value = luaL_checkudata(L, 1, AUTH);
    elua_must_start(L, "add_mechanism");
    luaL_checkany(L, 3);
    const char *name = mechanism_name(L, 2);
    bool known = is_known(name), secure = strcmp(name, "CRAM-MD5") == 0;
    if (known)
        luaL_checktype(L, 3, LUA_TFUNCTION);
    else
        secure = check_object(L, 3, name);
    if (strcmp(name, "CRAM-MD5") == 0)
        take_host(L, value->auth, 4);
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, name);
    if (value->auth)
        record_mechanism(L, value->auth, name, !known, secure);
    return 0;
}

void elua_auth_open(lua_State *L) {
    static const luaL_Reg methods[] = {{"add_mechanism", add_mechanism}, {NULL, NULL}};
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &auths_key);
    luaL_newmetatable(L, AUTH);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
