/*
 * The Lua module's private header. (Its functions begin with elua_, because lua_ is the library's own.)
 *
 * Concept:  a script (elua_script_t) is read and run once while the configuration is
 *           loaded; its text is kept in the snapshot. Each worker runs that text again
 *           in a state of its own (elua_world_t), made when the first session needs
 *           it: there the same objects come to be in the same order, so a listener's
 *           handler is found by the number of its object and the phase. One call of a
 *           handler is a run (elua_run_t): a coroutine of that state, which may wait.
 * Owner:    a script belongs to the snapshot, a world to its worker (or to whoever loads),
 *           a run to its caller until it has ended.
 * Threads:  loading on the main thread; worlds and runs on their worker's own.
 * Lifetime: a world that was filled up by its script is replaced: its last run closes it.
 * Errors:   a script's error is text with file and line; nothing here ends the process.
 */
#ifndef EDGE_MOD_LUA_H
#define EDGE_MOD_LUA_H

#include <lauxlib.h>
#include <lua.h>

#include "edge_lookup.h"
#include "edge_module.h"
#include "edge_session.h"

typedef struct elua_world elua_world_t;
typedef struct elua_run elua_run_t;
typedef struct elua_session elua_session_t;
typedef struct elua_source elua_source_t;

#define ELUA_WHY_MOST 1024 /* octets of an error's text with its traceback */
#define ELUA_OBJECTS_MOST 256

extern edge_module_t lua_module;
extern edge_log_area_t elua_log;

enum { ELUA_C_ERRORS, ELUA_C_SPENT, ELUA_C_MEMORY, ELUA_C_REBUILT, ELUA_C_WAITS };
void elua_count(unsigned counter);

/* --- configuration --------------------------------------------------------------------------------------------------- */

typedef struct elua_limits {
    uint64_t memory;       /* octets a state may hold */
    uint32_t instructions; /* of one call; loading may take ELUA_LOAD_FACTOR times as many */
} elua_limits_t;

#define ELUA_LOAD_FACTOR 100

typedef struct elua_conf {
    elua_limits_t limits;
    edge_span_t queue; /* LuaQueue */
} elua_conf_t;         /* of the server */

typedef struct elua_listener_conf {
    edge_span_t script; /* LuaScript; absolute */
} elua_listener_conf_t;

/* A file that a script took in by `require` while it was loaded: workers get the same text. */
struct elua_source {
    elua_source_t *next;
    const char *name; /* as given to require */
    const char *path;
    edge_span_t text;
};

/* A list that the script has opened by edge.lookup. */
typedef struct elua_list {
    struct elua_list *next;
    const char *name;    /* as the script writes it */
    edge_lookup_t *file; /* NULL: a Table of that name */
} elua_list_t;

typedef struct elua_script {
    const char *path;      /* as errors name it */
    const char *directory; /* where `require` looks; absolute */
    edge_span_t text;
    unsigned number; /* elua_script_number() */
    elua_limits_t limits;
    /* Puts in what the script sees beside the standard libraries; called protected, before the text runs. May be NULL. */
    lua_CFunction open;
    /* Gets the text as a function and calls it. NULL: it is called as it is. */
    lua_CFunction run;
    elua_source_t *required;
    elua_list_t *lists; /* added to while loading only */
    apr_pool_t *pool;   /* the snapshot's */
    void *own;          /* of whoever made it */
} elua_script_t;

/* The struct of a <Validator> of this module begins with it. */
typedef struct elua_handler {
    elua_script_t *script;
    unsigned object; /* which of the script's objects */
} elua_handler_t;

/* Unique in the process, from 0. */
unsigned elua_script_number(void);

/* --- worlds (lua_state.c) -------------------------------------------------------------------------------------------- */

typedef struct elua_budget {
    uint64_t used, most; /* octets */
    int64_t left;        /* instructions */
    bool spent;          /* it has been exceeded */
} elua_budget_t;

struct elua_world {
    elua_budget_t budget;
    lua_State *L;
    elua_script_t *script;
    edge_worker_t *worker;             /* NULL while loading */
    void *loading;                     /* while loading: what the script's setters fill; else NULL */
    int (*handlers)[EDGE_PHASE_COUNT]; /* by object and phase: reference in the registry, or LUA_NOREF */
    int *objects;                      /* by object: what session.smtp_edge is */
    unsigned object_count;
    elua_run_t *running; /* the run whose coroutine is being resumed; NULL */
    elua_run_t *idle;    /* ended, with a coroutine to be used again */
    unsigned idle_count;
    elua_run_t *live;         /* begun and not ended */
    bool worn;                /* replaced: closed by its last run */
    elua_world_t *next;       /* of the same worker */
    elua_session_t *sessions; /* that a script has seen (lua_session.c) */
};

/* Makes a state and runs the script's text. NULL: `why` says it (with file and line when it is the script's). */
elua_world_t *elua_world_make(elua_script_t *script, edge_worker_t *worker, void *loading, char *why, size_t size);
void elua_world_close(elua_world_t *world);
elua_world_t *elua_world_of(lua_State *L);
/* This worker's world of the script, made when there is none yet. NULL: it could not be made, which has been logged. */
elua_world_t *elua_world_here(elua_script_t *script);
/* The script keeps so much that its state is full: whoever asks for a world next gets a new one. */
void elua_world_replace(elua_world_t *world);
/* A run of it has ended: one that is worn is closed with its last. */
void elua_world_left(elua_world_t *world);
apr_status_t elua_worlds_start(void);
apr_status_t elua_worlds_worker_start(edge_worker_t *worker);
void elua_worlds_worker_stop(edge_worker_t *worker);

/* An error value as one line, lines of a traceback joined by " | "; `why` is always ended. */
void elua_why(const char *text, char *why, size_t size);

/* For setters, inside a protected call. The function (nil: none) on top of the stack is taken off and remembered. */
void elua_world_set_handler(lua_State *L, unsigned object, edge_phase_t phase);
/* The value on top is taken off: session.smtp_edge (or http_edge) of sessions whose handler is of that object. */
void elua_world_set_object(lua_State *L, unsigned object);
/* LUA_NOREF: none. HELO falls back to EHLO's. */
int elua_world_handler(const elua_world_t *world, unsigned object, edge_phase_t phase);

/* --- runs (lua_run.c) ------------------------------------------------------------------------------------------------ */

typedef enum elua_outcome { ELUA_DONE, ELUA_WAITS, ELUA_FAILED } elua_outcome_t;

struct elua_run {
    elua_run_t *next, **link;
    elua_world_t *world; /* NULL: it was closed while this waited; the run fails when it is resumed */
    lua_State *thread;
    int reference;           /* of the thread */
    int64_t left;            /* instructions, while it waits */
    edge_session_t *session; /* whom it is about; NULL */
    unsigned object;
    apr_pool_t *pool; /* good until the run has ended: who waits registers its cancellation here */
    /* Takes a ticket: when it is resumed, elua_run_resume must be called. NULL: this run cannot wait. */
    edge_ticket_t (*wait)(elua_run_t *run);
    void *owner; /* the caller's */
    bool waits, broken;
    void *waited;                 /* what it waits for */
    void (*forget)(void *waited); /* ends and frees that */
    char why[ELUA_WHY_MOST];      /* after ELUA_FAILED */
};

/* NULL: no memory. The caller sets session, object, pool, wait and owner. */
elua_run_t *elua_run_begin(elua_world_t *world);
/* `body` is called in the coroutine with the run as light userdata: it pushes function and arguments and ends in
 * lua_callk. What it leaves of results is read by its continuation. */
elua_outcome_t elua_run_start(elua_run_t *run, lua_CFunction body);
elua_outcome_t elua_run_resume(elua_run_t *run);
/* The world closes: those that wait have lost it. */
void elua_run_forget_all(elua_world_t *world);
/* Also of one that waits: its coroutine is closed. */
void elua_run_end(elua_run_t *run);
/* What a run waits for, with its ticket taken: lua_yieldk must follow at once. The continuation, or the run's end, frees it. */
void elua_run_waits_for(elua_run_t *run, void *waited, void (*forget)(void *waited));
void elua_run_waited(elua_run_t *run);
/* The run of a function that was called by the script; an error when there is none that may wait here. */
elua_run_t *elua_run_of(lua_State *L);

/* --- sessions (lua_session.c) ---------------------------------------------------------------------------------------- */

/* The memory of a session's object; one in each world that has seen the session. */
struct elua_session {
    edge_session_kept_t kept;
    elua_session_t *next, **link; /* all of the world */
    elua_world_t *world;
    edge_session_t *session; /* NULL: it has ended, and only the script still knows of it */
    int reference;
};

void elua_session_register(lua_State *L);
void elua_session_push(lua_State *L, edge_session_t *session);
/* Raises when it has ended. */
edge_session_t *elua_session_open(lua_State *L, elua_session_t *known);
/* The world closes. */
void elua_session_forget_all(elua_world_t *world);
/* A metatable under `key` in the registry, whose functions have a table from names to their numbers as upvalue. */
void elua_metatable(lua_State *L, const void *key, const luaL_Reg *functions, const char *const *names, unsigned count);

/* --- the open message: session.message (lua_message.c) ---------------------------------------------------------------- */

void elua_message_register(lua_State *L);
/* `index`: where the session's object lies on the stack. */
void elua_message_push(lua_State *L, int index);
/* A table from names to values, or true where there is none. */
void elua_parameters_push(lua_State *L, const edge_parameters_t *parameters);

/* --- the complete message at HAVE_DATA (lua_headers.c) ------------------------------------------------------------------ */

void elua_headers_register(lua_State *L);
/* Its fields can be read until elua_headers_close. */
void elua_headers_push(lua_State *L, const edge_check_call_t *call);
void elua_headers_close(lua_State *L, int index);

/* --- the reply (lua_reply.c) ---------------------------------------------------------------------------------------------- */

#define ELUA_REPLY_MOST 4096 /* octets of a text */
#define ELUA_REPLY_LINES_MOST 32

void elua_reply_register(lua_State *L);
void elua_reply_push(lua_State *L, const edge_reply_t *reply);
/* What the script has made of the reply at `index`, which cannot be used from then on; texts are put into `pool`. False: it
 * is as it was. */
bool elua_reply_close(lua_State *L, int index, edge_reply_t *reply, apr_pool_t *pool);

/* --- validators (lua_call.c) ----------------------------------------------------------------------------------------------- */

edge_check_answer_t elua_call_check(const edge_check_call_t *call, edge_reply_t *reply);
edge_check_answer_t elua_call_resumed(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply);

/* --- limits (lua_limits.c) ------------------------------------------------------------------------------------------- */

#define ELUA_STEP 1000 /* instructions from one look at the budget to the next */

void *elua_limits_allocate(void *budget, void *block, size_t old_size, size_t new_size);
/* Puts the watch on a coroutine; those it makes have it too. */
void elua_limits_watch(lua_State *thread);
/* Until elua_limits_free, calls in this world may take so many instructions. */
void elua_limits_set(elua_world_t *world, int64_t instructions);
void elua_limits_free(elua_world_t *world);
/* For a function whose time is not counted in instructions: raises when the budget is used up. */
void elua_limits_charge(lua_State *L, int64_t instructions);
/* After a failure with this status: "more than N instructions", "more than N octets of memory", or NULL: neither. */
const char *elua_limits_reason(const elua_world_t *world, int status, char text[64]);

/* --- what a script sees ---------------------------------------------------------------------------------------------- */

/* Standard libraries as far as they are given, with the names of older scripts; lua_compat.c. */
void elua_compat_open(lua_State *L);
/* The global `edge`: log, lookup, dns; lua_edge.c. */
void elua_edge_open(lua_State *L);
/* edge.lookup; lua_lookup.c. */
int elua_lookup(lua_State *L);
/* require, with the texts that were read while loading; lua_require.c. */
void elua_require_open(lua_State *L);

#endif
