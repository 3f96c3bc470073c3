/* Bounds what a script may use: octets by the allocator, instructions by a hook and by what it allocates. */
#include <stdio.h>
#include <stdlib.h>

#include "mod_lua.h"

#define OCTETS_AN_INSTRUCTION 64 /* a long string is made without instructions, but not without time */
#define SMALL 1024               /* given even when the budget is used up, so that errors can be told */

static bool may_have(elua_budget_t *budget, size_t old_size, size_t new_size) {
    if (budget->used - old_size + new_size > budget->most)
        return false;
    budget->left -= (int64_t)((new_size - old_size) / OCTETS_AN_INSTRUCTION);
    if (budget->left >= 0 || new_size <= SMALL)
        return true;
    budget->spent = true;
    return false;
}

void *elua_limits_allocate(void *of, void *block, size_t old_size, size_t new_size) {
    elua_budget_t *budget = of;
    if (!block)
        old_size = 0; /* then it says what kind of object is made */
    if (new_size == 0) {
        free(block);
        budget->used -= old_size;
        return NULL;
    }
    if (new_size > old_size && !may_have(budget, old_size, new_size))
        return NULL;
    void *moved = realloc(block, new_size);
    if (moved)
        budget->used = budget->used - old_size + new_size;
    return moved;
}

/* Once the budget is used up every instruction fails: a script that catches the error gets no further. */
static void look(lua_State *L, lua_Debug *event) {
    (void)event;
    elua_limits_charge(L, ELUA_STEP);
}

void elua_limits_charge(lua_State *L, int64_t instructions) {
    elua_world_t *world = elua_world_of(L);
    world->budget.left -= instructions;
    if (world->budget.left >= 0)
        return;
    world->budget.spent = true;
    lua_sethook(L, look, LUA_MASKCOUNT, 1);
    luaL_error(L, "it takes too many instructions");
}

void elua_limits_watch(lua_State *thread) { lua_sethook(thread, look, LUA_MASKCOUNT, ELUA_STEP); }

void elua_limits_set(elua_world_t *world, int64_t instructions) {
    world->budget.left = instructions;
    world->budget.spent = false;
}

void elua_limits_free(elua_world_t *world) { world->budget.left = INT64_MAX; }

const char *elua_limits_reason(const elua_world_t *world, int status, char text[64]) {
    const elua_limits_t *limits = &world->script->limits;
    if (world->budget.spent)
        snprintf(text, 64, "more than %llu instructions",
                 world->worker ? limits->instructions * 1ull : limits->instructions * 1ull * ELUA_LOAD_FACTOR);
    else if (status == LUA_ERRMEM)
        snprintf(text, 64, "more than %llu octets of memory", (unsigned long long)limits->memory);
    else
        return NULL;
    return text;
}
