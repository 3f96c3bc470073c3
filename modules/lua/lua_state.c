/* A script's state on a worker: made, found, replaced, closed. */
#include <stdio.h>
#include <stdlib.h>

#include "mod_lua.h"

#define RETRY_AFTER EDGE_SECONDS(10) /* a script that fails to start is tried again */

/* The worlds of one worker, by the number of their scripts. */
typedef struct home {
    struct place {
        elua_world_t *world;
        edge_mono_t failed; /* 0: it has not */
    } * places;
    unsigned room;
    elua_world_t *all;
} home_t;

static unsigned seat;
static atomic_flag seat_taken = ATOMIC_FLAG_INIT;
static _Atomic unsigned scripts;

unsigned elua_script_number(void) { return atomic_fetch_add(&scripts, 1); }

elua_world_t *elua_world_of(lua_State *L) { return *(elua_world_t **)lua_getextraspace(L); }

void elua_why(const char *text, char *why, size_t size) {
    size_t len = 0;
    for (; *text && len + 4 < size; text++) {
        if (*text != '\n') {
            why[len++] = *text == '\t' ? ' ' : *text;
            continue;
        }
        memcpy(why + len, " | ", 3);
        len += 3;
        text += text[1] == '\t';
    }
    why[len] = '\0';
}

/* Making */

static int panic(lua_State *L) {
    EDGE_LOG(&elua_log, EDGE_LOG_EMERG, 1010, "an error of Lua outside of every protected call: %s",
             lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "(no text)");
    return 0;
}

static int with_traceback(lua_State *L) {
    const char *text = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, L, text, 1);
    return 1;
}

static int run_text(lua_State *L) {
    elua_world_t *world = elua_world_of(L);
    elua_script_t *script = world->script;
    elua_compat_open(L);
    elua_require_open(L);
    elua_edge_open(L);
    elua_session_register(L);
    elua_message_register(L);
    elua_headers_register(L);
    elua_reply_register(L);
    if (script->open) {
        lua_pushcfunction(L, script->open);
        lua_call(L, 0, 0);
    }
    lua_settop(L, 0);
    lua_pushfstring(L, "@%s", script->path);
    if (luaL_loadbufferx(L, script->text.at, script->text.len, lua_tostring(L, 1), "t") != LUA_OK)
        return lua_error(L);
    elua_limits_watch(L);
    if (script->run) {
        lua_pushcfunction(L, script->run);
        lua_insert(L, -2);
    }
    lua_call(L, script->run ? 1 : 0, 0);
    return 0;
}

static void tell_failure(elua_world_t *world, int status, char *why, size_t size) {
    char reason[64];
    if (elua_limits_reason(world, status, reason))
        snprintf(why, size, "%s: loading it takes %s", world->script->path, reason);
    else
        elua_why(lua_type(world->L, -1) == LUA_TSTRING ? lua_tostring(world->L, -1) : "no text", why, size);
}

elua_world_t *elua_world_make(elua_script_t *script, edge_worker_t *worker, void *loading, char *why, size_t size) {
    elua_world_t *world = calloc(1, sizeof(*world));
    snprintf(why, size, "no memory for a state of Lua");
    if (!world)
        return NULL;
    world->script = script;
    world->worker = worker;
    world->loading = loading;
    world->budget.most = script->limits.memory;
    elua_limits_free(world);
    world->L = lua_newstate(elua_limits_allocate, &world->budget);
    if (!world->L) {
        free(world);
        return NULL;
    }
    *(elua_world_t **)lua_getextraspace(world->L) = world;
    lua_atpanic(world->L, panic);
    lua_pushcfunction(world->L, with_traceback);
    lua_pushcfunction(world->L, run_text);
    elua_limits_set(world, (int64_t)script->limits.instructions * ELUA_LOAD_FACTOR);
    int status = lua_pcall(world->L, 0, 0, 1);
    if (status != LUA_OK) {
        tell_failure(world, status, why, size);
        elua_world_close(world);
        return NULL;
    }
    elua_limits_free(world);
    lua_settop(world->L, 0);
    why[0] = '\0';
    return world;
}

void elua_world_close(elua_world_t *world) {
    elua_limits_set(world, ELUA_STEP);
    elua_session_forget_all(world);
    elua_run_forget_all(world);
    for (elua_run_t *run = world->idle, *next; run; run = next) {
        next = run->next;
        free(run);
    }
    lua_close(world->L);
    free(world->handlers);
    free(world->objects);
    free(world);
}

/* What setters remember */

static void make_room(lua_State *L, elua_world_t *world, unsigned object) {
    if (object < world->object_count)
        return;
    if (object >= ELUA_OBJECTS_MOST)
        luaL_error(L, "a script can make %d listener objects, no more", ELUA_OBJECTS_MOST);
    int(*handlers)[EDGE_PHASE_COUNT] = realloc(world->handlers, (object + 1) * sizeof(*handlers));
    if (handlers)
        world->handlers = handlers;
    int *objects = realloc(world->objects, (object + 1) * sizeof(*objects));
    if (objects)
        world->objects = objects;
    if (!handlers || !objects)
        luaL_error(L, "no memory");
    for (; world->object_count <= object; world->object_count++) {
        world->objects[world->object_count] = LUA_NOREF;
        for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
            world->handlers[world->object_count][phase] = LUA_NOREF;
    }
}

static void remember(lua_State *L, int *reference) {
    luaL_unref(L, LUA_REGISTRYINDEX, *reference);
    *reference = LUA_NOREF;
    if (lua_isnil(L, -1))
        lua_pop(L, 1);
    else
        *reference = luaL_ref(L, LUA_REGISTRYINDEX);
}

void elua_world_set_handler(lua_State *L, unsigned object, edge_phase_t phase) {
    elua_world_t *world = elua_world_of(L);
    make_room(L, world, object);
    remember(L, &world->handlers[object][phase]);
}

void elua_world_set_object(lua_State *L, unsigned object) {
    elua_world_t *world = elua_world_of(L);
    make_room(L, world, object);
    remember(L, &world->objects[object]);
}

int elua_world_handler(const elua_world_t *world, unsigned object, edge_phase_t phase) {
    if (object >= world->object_count)
        return LUA_NOREF;
    int reference = world->handlers[object][phase];
    return reference == LUA_NOREF && phase == EDGE_PHASE_HELO ? world->handlers[object][EDGE_PHASE_EHLO] : reference;
}

/* Those of a worker */

apr_status_t elua_worlds_start(void) {
    if (!atomic_flag_test_and_set(&seat_taken))
        seat = edge_worker_new_seat();
    return APR_SUCCESS;
}

apr_status_t elua_worlds_worker_start(edge_worker_t *worker) {
    home_t *home = calloc(1, sizeof(*home));
    edge_worker_set_seat(worker, seat, home);
    return home ? APR_SUCCESS : APR_ENOMEM;
}

void elua_worlds_worker_stop(edge_worker_t *worker) {
    home_t *home = edge_worker_seat(worker, seat);
    if (!home)
        return;
    for (elua_world_t *world = home->all, *next; world; world = next) {
        next = world->next;
        elua_world_close(world);
    }
    free(home->places);
    free(home);
    edge_worker_set_seat(worker, seat, NULL);
}

static struct place *place_of(home_t *home, unsigned number) {
    if (number >= home->room) {
        struct place *places = realloc(home->places, (number + 1) * sizeof(*places));
        if (!places)
            return NULL;
        memset(places + home->room, 0, (number + 1 - home->room) * sizeof(*places));
        home->places = places;
        home->room = number + 1;
    }
    return &home->places[number];
}

static elua_world_t *make_here(home_t *home, struct place *place, elua_script_t *script, edge_worker_t *worker) {
    edge_mono_t now = edge_worker_clock(worker).mono;
    char why[ELUA_WHY_MOST];
    if (place->failed && now - place->failed < RETRY_AFTER)
        return NULL;
    place->world = elua_world_make(script, worker, NULL, why, sizeof(why));
    place->failed = place->world ? 0 : now;
    if (!place->world) {
        elua_count(ELUA_C_ERRORS);
        EDGE_LOG(&elua_log, EDGE_LOG_ERROR, 1011, "script %s did not start in this worker: %s", script->path, why);
        return NULL;
    }
    place->world->next = home->all;
    home->all = place->world;
    return place->world;
}

elua_world_t *elua_world_here(elua_script_t *script) {
    edge_worker_t *worker = edge_worker_self();
    home_t *home = edge_worker_seat(worker, seat);
    if (EDGE_LIKELY(script->number < home->room && home->places[script->number].world))
        return home->places[script->number].world;
    struct place *place = place_of(home, script->number);
    return place ? make_here(home, place, script, worker) : NULL;
}

static void close_worn(elua_world_t *world) {
    home_t *home = edge_worker_seat(world->worker, seat);
    for (elua_world_t **link = &home->all; *link; link = &(*link)->next)
        if (*link == world) {
            *link = world->next;
            break;
        }
    elua_world_close(world);
}

void elua_world_replace(elua_world_t *world) {
    home_t *home = edge_worker_seat(world->worker, seat);
    if (home->places[world->script->number].world == world)
        home->places[world->script->number].world = NULL;
    world->worn = true;
    elua_count(ELUA_C_REBUILT);
    EDGE_LOG(&elua_log, EDGE_LOG_WARN, 1012,
             "script %s keeps %llu octets of the %llu it may have: it starts anew in this worker, what it kept is gone",
             world->script->path, (unsigned long long)world->budget.used, (unsigned long long)world->budget.most);
}

void elua_world_left(elua_world_t *world) {
    if (world->worn && !world->live)
        close_worn(world);
}
