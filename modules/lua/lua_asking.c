/* Calls a script's function on the worker of whoever authenticates; it may wait, within a deadline. */
#include "lua_asking.h"

#define DEADLINE EDGE_SECONDS(30)

bool elua_asking_open(elua_asking_t *asking) {
    elua_world_t *world = elua_world_here(asking->auth->script);
    asking->run = world ? elua_run_begin(world) : NULL;
    if (!asking->run)
        return false;
    apr_pool_create(&asking->pool, NULL);
    asking->worker = edge_worker_self();
    asking->ticket = EDGE_NO_TICKET;
    return true;
}

/* What is under way is cancelled by the pool's cleanups, before the coroutine goes. */
void elua_asking_close(elua_asking_t *asking) {
    edge_ticket_drop(asking->worker, asking->ticket);
    apr_pool_destroy(asking->pool);
    elua_run_end(asking->run);
    asking->run = NULL;
}

static void settle(elua_asking_t *asking, elua_outcome_t outcome) {
    if (outcome == ELUA_WAITS)
        return;
    if (outcome == ELUA_FAILED)
        EDGE_LOG(&elua_log, EDGE_LOG_ERROR, 1030, "mechanism %s of %s: %s", asking->mechanism, asking->auth->name,
                 asking->run->why);
    asking->done(asking, outcome == ELUA_DONE);
}

static void resumed(void *owner, edge_result_t result) {
    elua_asking_t *asking = owner;
    asking->ticket = EDGE_NO_TICKET;
    if (!APR_STATUS_IS_TIMEUP(result.status)) {
        settle(asking, elua_run_resume(asking->run));
        return;
    }
    EDGE_LOG(&elua_log, EDGE_LOG_ERROR, 1031, "mechanism %s of %s: the script waits for more than 30 s",
             asking->mechanism, asking->auth->name);
    asking->done(asking, false);
}

static edge_ticket_t wait_here(elua_run_t *run) {
    elua_asking_t *asking = run->owner;
    edge_mono_t deadline = edge_worker_clock(asking->worker).mono + DEADLINE;
    asking->ticket = edge_ticket_take(asking->worker, resumed, asking, deadline);
    return asking->ticket;
}

void elua_asking_call(elua_asking_t *asking, lua_CFunction body) {
    asking->run->pool = asking->pool;
    asking->run->wait = wait_here;
    asking->run->owner = asking;
    settle(asking, elua_run_start(asking->run, body));
}
