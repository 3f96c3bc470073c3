/* A script from a string, in a state as a worker has it; on(PHASE, function) makes it the handler of object 0. */
#ifndef EDGE_TEST_LUA_FIXTURE_H
#define EDGE_TEST_LUA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/lua/mod_lua.h"

typedef struct lua_fixture {
    elua_script_t script;
    elua_world_t *world;
    char why[ELUA_WHY_MOST];
} lua_fixture_t;

/* A NULL worker would be the loading half. */
#define LUA_FIXTURE_WORKER ((edge_worker_t *)(void *)1)

static int lua_fixture_on(lua_State *L) {
    static const char *const names[] = {
#define EDGE_PHASE(name, success, prose) #name,
#include "tbl/phases.def"
#undef EDGE_PHASE
        NULL};
    int phase = luaL_checkoption(L, 1, NULL, names);
    lua_settop(L, 2);
    elua_world_set_handler(L, 0, (edge_phase_t)phase);
    return 0;
}

static int lua_fixture_open(lua_State *L) {
    lua_pushcfunction(L, lua_fixture_on);
    lua_setglobal(L, "on");
    return 0;
}

static inline bool lua_fixture_load(lua_fixture_t *fixture, const char *text, edge_worker_t *worker) {
    if (!fixture->script.path)
        fixture->script = (elua_script_t){.path = "test.lua",
                                          .directory = "/nowhere",
                                          .limits = {4 * 1024 * 1024, 1000000},
                                          .open = lua_fixture_open};
    fixture->script.text = edge_span_of(text);
    fixture->world = elua_world_make(&fixture->script, worker, NULL, fixture->why, sizeof(fixture->why));
    return fixture->world != NULL;
}

static inline void lua_fixture_unload(lua_fixture_t *fixture) {
    if (fixture->world)
        elua_world_close(fixture->world);
    fixture->world = NULL;
}

/* Calls the handler of that phase without arguments. */
static inline int lua_fixture_body(lua_State *L) {
    elua_run_t *run = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, elua_world_handler(run->world, run->object, (edge_phase_t)(intptr_t)run->owner));
    lua_callk(L, 0, 0, 0, NULL);
    return 0;
}

static inline elua_outcome_t lua_fixture_run(lua_fixture_t *fixture, edge_phase_t phase) {
    elua_run_t *run = elua_run_begin(fixture->world);
    assert_non_null(run);
    run->owner = (void *)(intptr_t)phase;
    elua_outcome_t outcome = elua_run_start(run, lua_fixture_body);
    memcpy(fixture->why, run->why, sizeof(fixture->why));
    elua_run_end(run);
    return outcome;
}

/* Loads `text` and calls what it put on NOOP. */
static inline elua_outcome_t lua_fixture_once(lua_fixture_t *fixture, const char *text) {
    if (!lua_fixture_load(fixture, text, LUA_FIXTURE_WORKER))
        fail_msg("the script does not load: %s", fixture->why);
    return lua_fixture_run(fixture, EDGE_PHASE_NOOP);
}

#endif
