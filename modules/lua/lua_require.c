/* `require` of Lua files beside the script: read while the configuration is loaded, kept for the workers. */
#include <apr_strings.h>
#include <stdio.h>

#include "mod_lua.h"

#define SOURCE_MOST ((size_t)16 * 1024 * 1024)

/* Parts of letters, digits, "_" and "-", separated by single dots: nothing that leads out of the directory. */
static bool is_name(const char *name) {
    bool fresh = true;
    for (; *name; name++) {
        bool dot = *name == '.';
        if (dot ? fresh : !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *name))
            return false;
        fresh = dot;
    }
    return !fresh;
}

static const elua_source_t *find(const elua_script_t *script, const char *name) {
    for (const elua_source_t *source = script->required; source; source = source->next)
        if (strcmp(source->name, name) == 0)
            return source;
    return NULL;
}

/* NULL: `name` cannot be read, and errno says why. */
static const char *read_whole(const char *path, apr_pool_t *pool, size_t *len) {
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *text = NULL;
    size_t room = 0, got;
    *len = 0;
    do {
        if (*len == room) {
            char *more = apr_palloc(pool, room = room ? room * 4 : 16384);
            if (*len)
                memcpy(more, text, *len);
            text = more;
        }
        got = fread(text + *len, 1, room - *len, file);
        *len += got;
    } while (got > 0 && *len <= SOURCE_MOST);
    bool bad = ferror(file);
    fclose(file);
    return bad ? NULL : text;
}

static const elua_source_t *take_in(lua_State *L, elua_script_t *script, const char *name) {
    char *path = apr_pstrcat(script->pool, script->directory, "/", name, ".lua", NULL);
    for (char *at = path + strlen(script->directory) + 1; at < path + strlen(path) - 4; at++)
        if (*at == '.')
            *at = '/';
    elua_source_t *source = apr_pcalloc(script->pool, sizeof(*source));
    source->name = apr_pstrdup(script->pool, name);
    source->path = path;
    source->text.at = read_whole(path, script->pool, &source->text.len);
    if (!source->text.at)
        luaL_error(L, "module '%s': %s cannot be read: %s", name, path, strerror(errno));
    source->next = script->required;
    script->required = source;
    return source;
}

static int require(lua_State *L) {
    elua_world_t *world = elua_world_of(L);
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, 2, name) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    luaL_argcheck(L, is_name(name), 1, "names of modules are made of letters, digits, _ and -, with dots between");
    const elua_source_t *source = find(world->script, name);
    if (!source && world->worker)
        return luaL_error(L, "module '%s' was not required while the configuration was loaded", name);
    if (!source)
        source = take_in(L, world->script, name);
    lua_pushfstring(L, "@%s", source->path);
    if (luaL_loadbufferx(L, source->text.at, source->text.len, lua_tostring(L, -1), "t") != LUA_OK)
        return lua_error(L);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}

void elua_require_open(lua_State *L) {
    lua_pushcfunction(L, require);
    lua_setglobal(L, "require");
}
