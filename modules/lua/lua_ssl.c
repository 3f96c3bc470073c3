/* ratchet.ssl: contexts of encryption, which become <TLSContext> sections. */
#include <apr_strings.h>

#include "lua_script.h"

#define SSL "ratchet.ssl"

typedef struct ssl_value {
    elua_context_t *context; /* NULL in a worker */
} ssl_value_t;

static bool is_taken(const elua_record_t *record, const char *name) {
    for (const elua_context_t *context = record->contexts; context; context = context->next)
        if (strcmp(context->name, name) == 0)
            return true;
    return false;
}

static elua_context_t *record_context(lua_State *L, elua_record_t *record) {
    elua_context_t *context = apr_pcalloc(record->pool, sizeof(*context)), **last = &record->contexts;
    context->name = elua_record_name(L, record, "TLSContext", is_taken);
    context->origin = context->loaded = elua_record_here(L, record);
    while (*last)
        last = &(*last)->next;
    *last = context;
    return context;
}

/* The method is given up: MinVersion of the server holds, which speaks 1.2 and 1.3. */
static int ssl_new(lua_State *L) {
    elua_must_start(L, "ratchet.ssl.new");
    elua_record_t *record = elua_record_of(L);
    ssl_value_t *value = lua_newuserdatauv(L, sizeof(*value), 0);
    value->context = record ? record_context(L, record) : NULL;
    luaL_setmetatable(L, SSL);
    return 1;
}

static ssl_value_t *ssl_at(lua_State *L, int index) { return luaL_checkudata(L, index, SSL); }

/* load_certs(CERTIFICATE [, KEY]): without KEY the same file holds both. */
static int load_certs(lua_State *L) {
    elua_context_t *context = ssl_at(L, 1)->context;
    const char *certificate = luaL_checkstring(L, 2), *key = luaL_optstring(L, 3, certificate);
    if (!lua_isnoneornil(L, 4))
        return luaL_argerror(L, 4, "a key with a password cannot be used: the server must start by itself");
    if (!context)
        return 0;
    if (context->count == ELUA_PATHS_MOST)
        return luaL_error(L, "load_certs: more than %d certificates", ELUA_PATHS_MOST);
    elua_record_t *record = elua_record_of(L);
    context->certificates[context->count] = apr_pstrdup(record->pool, certificate);
    context->keys[context->count++] = apr_pstrdup(record->pool, key);
    context->loaded = elua_record_here(L, record);
    return 0;
}

/* load_cas(DIRECTORY, FILE): a file only. */
static int load_cas(lua_State *L) {
    elua_context_t *context = ssl_at(L, 1)->context;
    if (!lua_isnoneornil(L, 2))
        return luaL_argerror(L, 2, "a directory of certificates cannot be used: give nil and a file");
    const char *file = luaL_checkstring(L, 3);
    if (context)
        context->authorities = apr_pstrdup(elua_record_of(L)->pool, file);
    return 0;
}

static int set_verify_mode(lua_State *L) {
    static const char *const modes[] = {"none", "peer", "once", "fail", NULL};
    static const char *const directives[] = {"off", "request", "request", "require"};
    elua_context_t *context = ssl_at(L, 1)->context;
    int mode = luaL_checkoption(L, 2, NULL, modes);
    if (context)
        context->client = directives[mode];
    return 0;
}

/* What the server sees to itself. */
static int ssl_other(lua_State *L) {
    ssl_at(L, 1);
    return 0;
}

elua_context_t *elua_ssl_context(lua_State *L, int index) { return ssl_at(L, index)->context; }

void elua_ssl_open(lua_State *L) {
    static const char *const methods_of_ssl[] = {"SSLv2",   "SSLv3",   "SSLv23", "TLSv1",
                                                 "TLSv1_1", "TLSv1_2", "DTLSv1", NULL};
    static const luaL_Reg functions[] = {{"new", ssl_new}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"load_certs", load_certs},
                                       {"load_cas", load_cas},
                                       {"set_verify_mode", set_verify_mode},
                                       {"load_dh_params", ssl_other},
                                       {"load_randomness", ssl_other},
                                       {"generate_tmp_rsa", ssl_other},
                                       {NULL, NULL}};
    luaL_newmetatable(L, SSL);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    for (unsigned i = 0; methods_of_ssl[i]; i++) {
        static const char *const sides[] = {"", "_server", "_client"};
        for (unsigned side = 0; side < EDGE_COUNT(sides); side++) {
            lua_pushfstring(L, "%s%s", methods_of_ssl[i], sides[side]);
            lua_pushvalue(L, -1);
            lua_rawset(L, -3);
        }
    }
    elua_library(L, SSL);
    lua_setfield(L, -2, "ssl");
}
