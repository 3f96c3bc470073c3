/* edge.lookup: lists of the configuration, asked by a script. Files are opened while the script is loaded, and read again by the
 * server; a worker only asks what is in memory. */
#include <apr_strings.h>

#include "lua_script.h"

#include "edge_lookup.h"

#define LOOKUP_COSTS 500 /* instructions */

static const edge_span_t file_mark = EDGE_SPAN("file:");

static bool is_file(const char *name) { return edge_span_starts_nocase(edge_span_of(name), file_mark); }

static const elua_list_t *find(const elua_script_t *script, const char *name) {
    for (const elua_list_t *list = script->lists; list; list = list->next)
        if (strcmp(list->name, name) == 0)
            return list;
    return NULL;
}

static bool has_table(const elua_record_t *record, const char *name) {
    edge_conf_node_t *root = edge_conf_grow_root(record->check);
    for (edge_conf_node_t *at = NULL; (at = edge_conf_grow_directive(root, at, "Table")) != NULL;)
        if (edge_span_equal(edge_conf_grow_argument(at, 0), edge_span_of(name)))
            return true;
    return false;
}

/* While loading. */
static const elua_list_t *take_in(lua_State *L, elua_script_t *script, const char *name) {
    const elua_record_t *record = elua_record_of(L);
    const char *why = NULL, *path = is_file(name) ? name + file_mark.len : NULL;
    elua_list_t *list = apr_pcalloc(script->pool, sizeof(*list));
    list->name = apr_pstrdup(script->pool, name);
    if (path && *path == '\0')
        luaL_error(L, "edge.lookup: file: needs a path behind it");
    if (path)
        list->file = edge_lookup_open(record ? edge_conf_grow_path(record->check, path) : path, script->pool, &why);
    if (path && !list->file)
        luaL_error(L, "edge.lookup: %s", why);
    if (!path && record && !has_table(record, name))
        luaL_error(L, "edge.lookup: there is no Table \"%s\"; a file is named as file:PATH", name);
    list->next = script->lists;
    script->lists = list;
    return list;
}

static const elua_list_t *list_of(lua_State *L, const char *name) {
    elua_world_t *world = elua_world_of(L);
    const elua_list_t *list = find(world->script, name);
    if (list)
        return list;
    if (world->worker)
        luaL_error(L,
                   "edge.lookup: \"%s\" was not opened while the script was loaded: write local list = "
                   "edge.lookup(\"%s\") at its start",
                   name, name);
    return take_in(L, world->script, name);
}

/* Asking */

/* One answer; a Table is the running configuration's. */
static edge_lookup_answer_t find_in_table(const char *name, const edge_lookup_key_t *key, apr_pool_t *pool,
                                          edge_span_t *value) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_lookup_answer_t answer = edge_lookup_find(edge_lookup_named(snapshot, edge_span_of(name)), key, pool, value);
    edge_snapshot_drop(snapshot);
    return answer;
}

/* VALUE ("" when none is written), or nil; or nil and why nobody knows. */
static int push_answer(lua_State *L, const elua_list_t *list, edge_span_t text, apr_pool_t *pool) {
    edge_lookup_key_t key = edge_lookup_key(text);
    edge_span_t value;
    edge_lookup_answer_t answer =
        list->file ? edge_lookup_find(list->file, &key, pool, &value) : find_in_table(list->name, &key, pool, &value);
    if (answer == EDGE_LOOKUP_YES)
        lua_pushlstring(L, value.at ? value.at : "", value.len);
    else
        lua_pushnil(L);
    if (answer == EDGE_LOOKUP_FAILED)
        lua_pushliteral(L, "a pattern tried too much");
    return answer == EDGE_LOOKUP_FAILED ? 2 : 1;
}

static int ask(lua_State *L, const elua_list_t *list, int argument) {
    elua_world_t *world = elua_world_of(L);
    size_t len;
    const char *text = luaL_checklstring(L, argument, &len);
    elua_limits_charge(L, LOOKUP_COSTS);
    if (!list->file && !world->worker)
        return luaL_error(L, "edge.lookup: Table \"%s\" cannot be asked before the server serves", list->name);
    if (world->running && world->running->pool)
        return push_answer(L, list, edge_span(text, len), world->running->pool);
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    int count = push_answer(L, list, edge_span(text, len), pool);
    apr_pool_destroy(pool);
    return count;
}

static int ask_upvalue(lua_State *L) { return ask(L, lua_touserdata(L, lua_upvalueindex(1)), 1); }

/* edge.lookup(LIST): a function of a key. edge.lookup(LIST, KEY): its answer. */
int elua_lookup(lua_State *L) {
    const elua_list_t *list = list_of(L, luaL_checkstring(L, 1));
    if (lua_gettop(L) > 1)
        return ask(L, list, 2);
    lua_pushlightuserdata(L, (void *)(uintptr_t)list);
    lua_pushcclosure(L, ask_upvalue, 1);
    return 1;
}
