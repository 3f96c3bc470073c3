/* One call into a script: a coroutine that is taken, resumed, told why it failed, and given back. */
#include <stdio.h>
#include <stdlib.h>

#include "edge_obj.h"
#include "mod_lua.h"

#define IDLE_MOST 64

static int make_thread(lua_State *L) {
    elua_run_t *run = lua_touserdata(L, 1);
    run->thread = lua_newthread(L);
    run->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static elua_run_t *make_run(elua_world_t *world) {
    elua_run_t *run = calloc(1, sizeof(*run));
    if (!run)
        return NULL;
    run->world = world;
    lua_pushcfunction(world->L, make_thread);
    lua_pushlightuserdata(world->L, run);
    if (lua_pcall(world->L, 1, 0, 0) != LUA_OK) {
        lua_settop(world->L, 0);
        free(run);
        return NULL;
    }
    elua_limits_watch(run->thread);
    return run;
}

static void unlink_run(elua_run_t *run) {
    *run->link = run->next;
    if (run->next)
        run->next->link = run->link;
}

elua_run_t *elua_run_begin(elua_world_t *world) {
    elua_run_t *run = world->idle;
    if (run) {
        world->idle = run->next;
        world->idle_count--;
    } else {
        run = make_run(world);
    }
    if (!run)
        return NULL;
    run->next = world->live;
    run->link = &world->live;
    if (run->next)
        run->next->link = &run->next;
    world->live = run;
    run->session = NULL;
    run->object = 0;
    run->pool = NULL;
    run->wait = NULL;
    run->owner = NULL;
    run->waits = false;
    run->why[0] = '\0';
    return run;
}

/* Failure */

/* Called with the failed thread, on which the error's value lies. */
static int describe(lua_State *L) {
    lua_State *thread = lua_touserdata(L, 1);
    lua_xmove(thread, L, 1);
    luaL_traceback(L, thread, luaL_tolstring(L, -1, NULL), 0);
    return 1;
}

static void tell_failure(elua_run_t *run, int status) {
    lua_State *L = run->world->L;
    char reason[64];
    if (status == LUA_YIELD) {
        elua_why("coroutine.yield outside of a coroutine of the script's own", run->why, sizeof(run->why));
        return;
    }
    const char *limit = elua_limits_reason(run->world, status, reason);
    /* A value that is an error can have a function of the script's that says what it is. */
    elua_limits_watch(L);
    elua_limits_set(run->world, run->world->script->limits.instructions);
    lua_pushcfunction(L, describe);
    lua_pushlightuserdata(L, run->thread);
    int told = lua_pcall(L, 1, 1, 0);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "no text";
    if (limit)
        snprintf(run->why, sizeof(run->why), "it takes %s: ", limit);
    size_t len = strlen(run->why);
    elua_why(told == LUA_OK ? text : "(no room for a traceback)", run->why + len, sizeof(run->why) - len);
    lua_settop(L, 0);
}

/* What is to be closed on the way out gets its time. Not in a coroutine that the watch has ended: no watch would see it. */
static void close_thread(elua_run_t *run) {
    elua_limits_set(run->world, run->world->script->limits.instructions);
    lua_resetthread(run->thread);
    elua_limits_free(run->world);
}

/* The state is good after an error; only when the script itself keeps nearly all it may have must it go. */
static void mend(elua_run_t *run, int status, bool spent) {
    elua_world_t *world = run->world;
    if (!spent)
        close_thread(run);
    elua_limits_free(world);
    run->broken = true;
    if (status != LUA_ERRMEM)
        return;
    lua_gc(world->L, LUA_GCCOLLECT);
    if (!world->worn && world->budget.used > world->budget.most / 4 * 3)
        elua_world_replace(world);
}

static elua_outcome_t fail(elua_run_t *run, int status) {
    bool spent = run->world->budget.spent;
    tell_failure(run, status);
    elua_count(spent ? ELUA_C_SPENT : status == LUA_ERRMEM ? ELUA_C_MEMORY : ELUA_C_ERRORS);
    mend(run, status, spent);
    return ELUA_FAILED;
}

/* Going on */

static elua_outcome_t go(elua_run_t *run, int arguments, int64_t instructions) {
    elua_world_t *world = run->world;
    int results = 0;
    EDGE_ASSERT(world->running == NULL);
    world->running = run;
    run->waits = false;
    elua_limits_set(world, instructions);
    int status = lua_resume(run->thread, NULL, arguments, &results);
    world->running = NULL;
    run->left = world->budget.left;
    if (status != LUA_OK && !(status == LUA_YIELD && run->waits))
        return fail(run, status);
    elua_limits_free(world);
    if (status == LUA_YIELD) {
        lua_pop(run->thread, results);
        elua_count(ELUA_C_WAITS);
        return ELUA_WAITS;
    }
    lua_settop(run->thread, 0);
    return ELUA_DONE;
}

elua_outcome_t elua_run_start(elua_run_t *run, lua_CFunction body) {
    lua_pushcfunction(run->thread, body);
    lua_pushlightuserdata(run->thread, run);
    return go(run, 1, run->world->script->limits.instructions);
}

elua_outcome_t elua_run_resume(elua_run_t *run) {
    if (!run->world) {
        snprintf(run->why, sizeof(run->why), "its state was closed while it waited");
        return ELUA_FAILED;
    }
    EDGE_ASSERT(run->waits);
    return go(run, 0, run->left);
}

void elua_run_forget_all(elua_world_t *world) {
    while (world->live) {
        world->live->world = NULL;
        unlink_run(world->live);
    }
}

void elua_run_waits_for(elua_run_t *run, void *waited, void (*forget)(void *waited)) {
    run->waits = true;
    run->waited = waited;
    run->forget = forget;
}

void elua_run_waited(elua_run_t *run) {
    if (run->waited)
        run->forget(run->waited);
    run->waited = NULL;
}

void elua_run_end(elua_run_t *run) {
    elua_world_t *world = run->world;
    elua_run_waited(run);
    if (!world) {
        free(run);
        return;
    }
    if (run->waits)
        close_thread(run);
    unlink_run(run);
    if (!run->waits && !run->broken && world->idle_count < IDLE_MOST) {
        world->idle_count++;
        run->next = world->idle;
        world->idle = run;
    } else {
        luaL_unref(world->L, LUA_REGISTRYINDEX, run->reference);
        free(run);
    }
    elua_world_left(world);
}

elua_run_t *elua_run_of(lua_State *L) {
    elua_run_t *run = elua_world_of(L)->running;
    if (!run || !run->wait)
        luaL_error(L, "nothing can be waited for here: only in a validator while it is called");
    if (run->thread != L)
        luaL_error(L, "nothing can be waited for inside a coroutine of the script's own");
    if (!lua_isyieldable(L))
        luaL_error(L, "nothing can be waited for inside a function that the library calls");
    return run;
}
