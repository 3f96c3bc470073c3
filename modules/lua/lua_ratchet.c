/* ratchet: threads of a script that is being loaded. Each runs until it ends or until it asks an edge to accept. */
#include "lua_script.h"

#define KERNEL "ratchet"

static const char accepts; /* what a thread that accepts yields: nobody else has this address */
static const char threads_key;

/* Threads that wait for their turn: a list in the registry, in the order of their making. */

static void push_threads(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &threads_key); }

/* A function and `arguments` values behind it, on top, become a thread; it is left there in their stead. */
static void attach_top(lua_State *L, int arguments) {
    lua_State *thread = lua_newthread(L);
    lua_insert(L, -arguments - 2);
    elua_limits_charge(L, ELUA_STEP);
    elua_limits_watch(thread);
    luaL_checkstack(thread, arguments + 1, "too many arguments");
    lua_xmove(L, thread, arguments + 1);
    push_threads(L);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, ++elua_makings_of(L)->threads);
    lua_pop(L, 1);
}

static int attach(lua_State *L) {
    elua_must_start(L, "ratchet.thread.attach");
    luaL_checkany(L, 1);
    attach_top(L, lua_gettop(L) - 1);
    return 1;
}

static void fail(lua_State *L, lua_State *thread) {
    luaL_tolstring(thread, -1, NULL);
    lua_xmove(thread, L, 1);
    lua_error(L);
}

/* What else it may yield for, nobody would bring. */
static void run_thread(lua_State *L, lua_State *thread) {
    int results = 0;
    int status = lua_resume(thread, L, lua_gettop(thread) - 1, &results);
    if (status == LUA_OK)
        return;
    if (status != LUA_YIELD)
        fail(L, thread);
    if (results != 1 || lua_touserdata(thread, -1) != (const void *)&accepts)
        luaL_error(L, "coroutine.yield outside of a coroutine of the script's own");
}

/* The next thread on top of the stack, taken off the list; false: none is left. */
static bool take_thread(lua_State *L) {
    elua_makings_t *makings = elua_makings_of(L);
    push_threads(L);
    if (lua_rawgeti(L, -1, (lua_Integer)makings->turn + 1) != LUA_TTHREAD) {
        lua_pop(L, 2);
        return false;
    }
    makings->turn++;
    lua_pushnil(L);
    lua_rawseti(L, -3, makings->turn);
    lua_remove(L, -2);
    return true;
}

static void run_threads(lua_State *L) {
    while (take_thread(L)) {
        run_thread(L, lua_tothread(L, -1));
        lua_pop(L, 1);
    }
}

int elua_ratchet_accept(lua_State *L) {
    elua_must_start(L, "accept");
    if (!lua_isyieldable(L))
        return luaL_error(L, "accept cannot be called here: only by the script itself or by one of its threads");
    elua_makings_of(L)->accepting = true;
    lua_pushlightuserdata(L, (void *)(uintptr_t)&accepts);
    return lua_yield(L, 1);
}

/* A kernel: ratchet.new(entry [, error handler]), whose loop returns when no thread is left. Where an edge accepts one
 * always is. An error is the script's, whatever the handler would make of it: the configuration is being read. */

static int kernel_new(lua_State *L) {
    elua_must_start(L, "ratchet.new");
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_newuserdatauv(L, 0, 1);
    lua_insert(L, 1);
    lua_setiuservalue(L, 1, 1);
    luaL_setmetatable(L, KERNEL);
    return 1;
}

static int kernel_loop(lua_State *L) {
    luaL_checkudata(L, 1, KERNEL);
    elua_must_start(L, "loop");
    lua_settop(L, 1);
    lua_getiuservalue(L, 1, 1);
    attach_top(L, 0);
    run_threads(L);
    return elua_makings_of(L)->accepting && lua_isyieldable(L) ? elua_ratchet_accept(L) : 0;
}

/* The script's own text is the first thread. */
int elua_ratchet_run(lua_State *L) {
    attach_top(L, 0);
    run_threads(L);
    elua_makings_of(L)->starting = false;
    return 0;
}

void elua_ratchet_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"new", kernel_new}, {NULL, NULL}};
    static const luaL_Reg thread_functions[] = {{"attach", attach}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"loop", kernel_loop}, {NULL, NULL}};
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &threads_key);
    luaL_newmetatable(L, KERNEL);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    elua_library(L, "ratchet");
    luaL_newlib(L, thread_functions);
    elua_library(L, "ratchet.thread");
    lua_setfield(L, -2, "thread");
    elua_socket_open(L);
    elua_ssl_open(L);
    lua_setglobal(L, "ratchet");
}
