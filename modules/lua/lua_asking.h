/* A script's function called for the sake of an authentication. */
#ifndef EDGE_LUA_ASKING_H
#define EDGE_LUA_ASKING_H

#include "lua_script.h"

typedef struct elua_asking elua_asking_t;
struct elua_asking {
    const elua_auth_t *auth;
    const char *mechanism;
    /* Once for each elua_asking_call, inside it or later. `good`: the function has returned. */
    void (*done)(elua_asking_t *asking, bool good);
    /* its own */
    elua_run_t *run;
    apr_pool_t *pool;
    edge_worker_t *worker;
    edge_ticket_t ticket;
};

/* With auth, mechanism and done set. False: the script cannot be run, which has been logged. */
bool elua_asking_open(elua_asking_t *asking);
/* `body` as of elua_run_start; the run's owner is `asking`. May be called again when it has been answered. */
void elua_asking_call(elua_asking_t *asking, lua_CFunction body);
/* Also when a call has not been answered: it is given up. */
void elua_asking_close(elua_asking_t *asking);

#endif
