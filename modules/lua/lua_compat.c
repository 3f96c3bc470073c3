/* The libraries that scripts are given: those of Lua 5.4 without what blocks, ends or spies on the process, and with
 * the names that older scripts use. */
#include <lualib.h>
#include <string.h>

#include "lua_pattern.h"
#include "mod_lua.h"

#define OCTETS_AN_INSTRUCTION 16
#define COMPARED_AN_INSTRUCTION 1024 /* octets, of each with each */
#define STEPS_AN_INSTRUCTION 2       /* of a pattern, which is walked twice */
#define COROUTINE_COSTS ELUA_STEP    /* a new one runs that far before anybody looks */
#define COLLECTION_COSTS 10000

/* What the length of the arguments costs, for library functions that walk over them. */
static int charged(lua_State *L) {
    lua_Unsigned length = 0;
    for (int i = lua_gettop(L); i > 0; i--)
        if (lua_type(L, i) == LUA_TSTRING || lua_type(L, i) == LUA_TTABLE)
            length += lua_rawlen(L, i);
    if (length >= OCTETS_AN_INSTRUCTION)
        elua_limits_charge(L, (int64_t)(length / OCTETS_AN_INSTRUCTION));
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static void charge_all_of(lua_State *L, const char *library, const char *const *names) {
    lua_getglobal(L, library);
    for (; *names; names++) {
        lua_getfield(L, -1, *names);
        lua_pushcclosure(L, charged, 1);
        lua_setfield(L, -2, *names);
    }
    lua_pop(L, 1);
}

/* string.find, match, gmatch and gsub: what they will try is walked first, and only what the budget has left is left to them. */

static size_t start_of(lua_State *L, elua_pattern_search_t search, size_t len) {
    lua_Integer from = search == ELUA_PATTERN_GSUB ? 1 : luaL_optinteger(L, 3, 1);
    if (from > 0)
        return (lua_Unsigned)from - 1 > len ? len + 1 : (size_t)from - 1;
    return from == 0 || from < -(lua_Integer)len ? 0 : len - (size_t)-from;
}

static void charge_plain(lua_State *L, size_t text, size_t pattern) {
    elua_limits_charge(L, (int64_t)(text / OCTETS_AN_INSTRUCTION));
    if (pattern > 0 && text / COMPARED_AN_INSTRUCTION > (size_t)INT32_MAX / pattern)
        elua_limits_charge(L, INT32_MAX);
    elua_limits_charge(L, (int64_t)(text / COMPARED_AN_INSTRUCTION * pattern));
}

static void charge_pattern(lua_State *L, elua_pattern_search_t search, edge_span_t text, edge_span_t pattern) {
    int64_t left = elua_world_of(L)->budget.left;
    int64_t most = left < INT64_MAX / STEPS_AN_INSTRUCTION ? left * STEPS_AN_INSTRUCTION : INT64_MAX - 1;
    elua_pattern_walk_t walk =
        elua_pattern_walk(text, pattern, start_of(L, search, text.len), search, most > 0 ? most : 0);
    elua_limits_charge(L, walk.steps / STEPS_AN_INSTRUCTION + 1);
}

static int search(lua_State *L) {
    elua_pattern_search_t how = (elua_pattern_search_t)lua_tointeger(L, lua_upvalueindex(2));
    bool plainly = lua_toboolean(L, lua_upvalueindex(3));
    if (lua_isstring(L, 1) && lua_isstring(L, 2)) {
        edge_span_t text, pattern;
        text.at = lua_tolstring(L, 1, &text.len);
        pattern.at = lua_tolstring(L, 2, &pattern.len);
        if (plainly && (lua_toboolean(L, 4) || elua_pattern_is_plain(pattern)))
            charge_plain(L, text.len, pattern.len);
        else
            charge_pattern(L, how, text, pattern);
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static void count_patterns(lua_State *L) {
    static const struct {
        const char *name;
        elua_pattern_search_t how;
    } rows[] = {{"find", ELUA_PATTERN_FIRST},
                {"match", ELUA_PATTERN_FIRST},
                {"gmatch", ELUA_PATTERN_GMATCH},
                {"gsub", ELUA_PATTERN_GSUB}};
    lua_getglobal(L, LUA_STRLIBNAME);
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        lua_getfield(L, -1, rows[i].name);
        lua_pushinteger(L, rows[i].how);
        lua_pushboolean(L, i == 0);
        lua_pushcclosure(L, search, 3);
        lua_setfield(L, -2, rows[i].name);
    }
    lua_pop(L, 1);
}

static int make_coroutine(lua_State *L) {
    elua_limits_charge(L, COROUTINE_COSTS);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* Finalizers run when nobody counts: none are taken. */
static int set_metatable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "a metatable with __gc cannot be used here");
        lua_pop(L, 1);
    }
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* "count" tells, "collect" and "step" do; how it is done is not the script's to say. */
static int collect_garbage(lua_State *L) {
    const char *what = luaL_optstring(L, 1, "collect");
    if (strcmp(what, "count") == 0) {
        lua_pushnumber(L, lua_gc(L, LUA_GCCOUNT) + lua_gc(L, LUA_GCCOUNTB) / 1024.0);
        return 1;
    }
    if (strcmp(what, "collect") == 0 || strcmp(what, "step") == 0) {
        elua_limits_charge(L, COLLECTION_COSTS);
        lua_gc(L, LUA_GCCOLLECT);
    }
    lua_pushinteger(L, 0);
    return 1;
}

/* A handler of errors runs without the watch when it was the watch that raised one: then it is not called. */
static int handle(lua_State *L) {
    if (elua_world_of(L)->budget.left < 0)
        return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int call_with_handler(lua_State *L) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handle, 1);
    lua_replace(L, 2);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* Text only: what a compiler did not make can crash the process. */
static int load_text(lua_State *L) {
    if (lua_gettop(L) < 3)
        lua_settop(L, 3);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static void open_libraries(lua_State *L) {
    static const luaL_Reg libraries[] = {
        {LUA_GNAME, luaopen_base},        {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table},
        {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},    {LUA_UTF8LIBNAME, luaopen_utf8},
        {LUA_OSLIBNAME, luaopen_os},      {LUA_DBLIBNAME, luaopen_debug},
    };
    for (unsigned i = 0; i < EDGE_COUNT(libraries); i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
}

/* Only these of a library stay. */
static void keep_only(lua_State *L, const char *library, const char *const *names) {
    lua_getglobal(L, library);
    lua_newtable(L);
    for (; *names; names++) {
        lua_getfield(L, -2, *names);
        lua_setfield(L, -2, *names);
    }
    lua_pushvalue(L, -1);
    lua_setglobal(L, library);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, library);
    lua_pop(L, 3);
}

static void remove_from(lua_State *L, const char *library, const char *name) {
    lua_getglobal(L, library);
    lua_pushnil(L);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* The function of a library that now stands under `name` becomes the first upvalue of what takes its place. */
static void wrap(lua_State *L, const char *library, const char *name, lua_CFunction instead) {
    lua_getglobal(L, library);
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, instead, 1);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static int get_n(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushinteger(L, luaL_len(L, 1));
    return 1;
}

static int power(lua_State *L) {
    luaL_checknumber(L, 1);
    luaL_checknumber(L, 2);
    lua_settop(L, 2);
    lua_arith(L, LUA_OPPOW);
    return 1;
}

static void old_names(lua_State *L) {
    lua_getglobal(L, LUA_TABLIBNAME);
    lua_getfield(L, -1, "unpack");
    lua_setglobal(L, "unpack");
    lua_pushcfunction(L, get_n);
    lua_setfield(L, -2, "getn");
    lua_getglobal(L, LUA_MATHLIBNAME);
    lua_pushcfunction(L, power);
    lua_setfield(L, -2, "pow");
    lua_getglobal(L, "load");
    lua_setglobal(L, "loadstring");
    lua_pop(L, 2);
}

void elua_compat_open(lua_State *L) {
    static const char *const of_os[] = {"time", "date", "clock", "difftime", "getenv", NULL};
    static const char *const of_debug[] = {"traceback", NULL};
    static const char *const walking_strings[] = {"byte",    "format", "len",    "lower", "pack", "rep",
                                                  "reverse", "sub",    "unpack", "upper", NULL};
    static const char *const walking_tables[] = {"concat", "insert", "move", "remove", "sort", "unpack", NULL};
    static const char *const walking_utf8[] = {"codepoint", "len", "offset", NULL};
    open_libraries(L);
    keep_only(L, LUA_OSLIBNAME, of_os);
    keep_only(L, LUA_DBLIBNAME, of_debug);
    remove_from(L, LUA_STRLIBNAME, "dump");
    remove_from(L, LUA_GNAME, "dofile");
    remove_from(L, LUA_GNAME, "loadfile");
    remove_from(L, LUA_GNAME, "warn");
    charge_all_of(L, LUA_STRLIBNAME, walking_strings);
    count_patterns(L);
    charge_all_of(L, LUA_TABLIBNAME, walking_tables);
    charge_all_of(L, LUA_UTF8LIBNAME, walking_utf8);
    wrap(L, LUA_COLIBNAME, "create", make_coroutine);
    wrap(L, LUA_COLIBNAME, "wrap", make_coroutine);
    wrap(L, LUA_GNAME, "load", load_text);
    wrap(L, LUA_GNAME, "xpcall", call_with_handler);
    lua_pushcfunction(L, set_metatable);
    lua_setglobal(L, "setmetatable");
    lua_pushcfunction(L, collect_garbage);
    lua_setglobal(L, "collectgarbage");
    old_names(L);
}
