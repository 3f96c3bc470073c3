/*
 * Lua: validators and listeners' settings written as scripts.
 *
 *     LoadModule lua_module modules/mod_lua.so
 *     LuaMemory  64M
 *     <Listener mx>
 *         LuaScript conf/edge.lua
 *     </Listener>
 */
#include "lua_script.h"

EDGE_LOG_AREA(elua_log, "lua")

void elua_count(unsigned counter) { edge_counter_add(lua_module.first_counter + counter, 1); }

static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)snapshot, (void)pool;
    return elua_worlds_start();
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(elua_conf_t)},
    {EDGE_SCOPE_LISTENER, sizeof(elua_listener_conf_t)},
    {EDGE_SCOPE_VALIDATOR, sizeof(elua_handler_t)},
    {0, 0},
};

/* Scripts have been read before rows are looked at. */
static bool set_script(const edge_conf_line_t *line, void *conf) {
    (void)line;
    (void)conf;
    return true;
}

static const edge_directive_t directives[] = {
    {.name = "LuaScript",
     .scopes = EDGE_IN(SERVER),
     .type = EDGE_CONF_CUSTOM,
     .set = set_script,
     .when = EDGE_WHEN_RELOAD,
     .many = true,
     .usage = "PATH",
     .prose =
         "A script that makes listeners of its own: slimta.edge.smtp.new, slimta.edge.http.new. It is run once "
         "while the configuration is read, up to its first accept; what it sets is configuration from then on, with "
         "the script's lines for places. docs/LUA.md tells what it finds."},
    {.name = "LuaScript",
     .scopes = EDGE_IN(LISTENER),
     .type = EDGE_CONF_PATH,
     .slot = offsetof(elua_listener_conf_t, script),
     .when = EDGE_WHEN_RELOAD,
     .usage = "PATH",
     .prose =
         "A script that sets up this listener, which it sees as smtp_edge or http_edge. What it sets replaces what "
         "the section says. docs/LUA.md tells what it finds."},
    {.name = "LuaQueue",
     .scopes = EDGE_IN(SERVER),
     .type = EDGE_CONF_TEXT,
     .slot = offsetof(elua_conf_t, queue),
     .when = EDGE_WHEN_RELOAD,
     .usage = "NAME",
     .prose = "The <Queue> of listeners that a script makes. It need not be said when there is only one."},
    {.name = "LuaMemory",
     .scopes = EDGE_IN(SERVER),
     .type = EDGE_CONF_SIZE,
     .slot = offsetof(elua_conf_t, limits.memory),
     .initial = "32M",
     .min = 1024 * 1024,
     .max = (int64_t)4096 * 1024 * 1024,
     .when = EDGE_WHEN_RELOAD,
     .usage = "SIZE",
     .prose = "Octets that each script may hold in each worker. A call that wants more fails, and OnError decides."},
    {.name = "LuaInstructions",
     .scopes = EDGE_IN(SERVER),
     .type = EDGE_CONF_NUMBER,
     .slot = offsetof(elua_conf_t, limits.instructions),
     .initial = "1000000",
     .min = 10000,
     .max = 1000000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "NUMBER",
     .prose = "Instructions of Lua that one call of a script's function may take; walking over long texts and tables "
              "counts as well. A call that wants more fails, and OnError decides. While it is loaded a script may take "
              "a hundred times as many."},
    {.name = NULL},
};

/* What a function lets through nobody can know; whoever writes one for senders or recipients has thought of strangers. */
static bool guards(const void *conf) {
    (void)conf;
    return true;
}

#define CALLED .name = "lua", .kind = EDGE_CHECK_INLINE, .function = elua_call_check, .resumed = elua_call_resumed
static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_BANNER, CALLED, .prose = "Calls the script's function with session and reply."},
    {.phase = EDGE_PHASE_EHLO, CALLED, .prose = "Calls the script's function with session, reply and the name."},
    {.phase = EDGE_PHASE_HELO,
     CALLED,
     .prose = "Calls the script's function for HELO, else that for EHLO, with session, reply and the name."},
    {.phase = EDGE_PHASE_STARTTLS, CALLED, .prose = "Calls the script's function with session and reply."},
    {.phase = EDGE_PHASE_AUTH,
     CALLED,
     .prose = "Calls the script's function with session, reply, mechanism and identity."},
    {.phase = EDGE_PHASE_MAIL,
     CALLED,
     .guards = guards,
     .guards_unseen = true,
     .prose = "Calls the script's function with session, reply, the sender and the parameters."},
    {.phase = EDGE_PHASE_RCPT,
     CALLED,
     .guards = guards,
     .guards_unseen = true,
     .prose = "Calls the script's function with session, reply, the recipient and the parameters."},
    {.phase = EDGE_PHASE_DATA, CALLED, .prose = "Calls the script's function with session and reply."},
    {.phase = EDGE_PHASE_HAVE_DATA,
     CALLED,
     .prose = "Calls the script's function with session, reply and the message."},
    {.phase = EDGE_PHASE_RSET, CALLED, .prose = "Calls the script's function with session and reply."},
    {.phase = EDGE_PHASE_NOOP, CALLED, .prose = "Calls the script's function with session, reply and the text."},
    {.phase = EDGE_PHASE_VRFY, CALLED, .prose = "Calls the script's function with session, reply and the text."},
    {.phase = EDGE_PHASE_HELP, CALLED, .prose = "Calls the script's function with session, reply and the text."},
    {.phase = EDGE_PHASE_QUIT, CALLED, .prose = "Calls the script's function with session and reply."},
    {.name = NULL},
};

static const edge_counter_row_t counters[] = {
    [ELUA_C_ERRORS] = {"lua_errors_total", EDGE_COUNTER_TOTAL,
                       "Calls into scripts that ended in an error of the script."},
    [ELUA_C_SPENT] = {"lua_instructions_exceeded_total", EDGE_COUNTER_TOTAL,
                      "Calls into scripts that took more than LuaInstructions."},
    [ELUA_C_MEMORY] = {"lua_memory_exceeded_total", EDGE_COUNTER_TOTAL,
                       "Calls into scripts that wanted more than LuaMemory."},
    [ELUA_C_REBUILT] = {"lua_states_replaced_total", EDGE_COUNTER_TOTAL,
                        "Scripts that began anew in a worker because what they kept filled LuaMemory."},
    [ELUA_C_WAITS] = {"lua_waits_total", EDGE_COUNTER_TOTAL, "Times a call into a script waited for an answer."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

static const edge_provider_row_t providers[] = {
    {"credentials", "lua", &elua_credentials, "Secrets that a script's functions give, and mechanisms of its own."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(lua) = {
    .summary = "runs validators that are written in Lua",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .counters = counters,
    .providers = providers,
    .expand = elua_script_expand,
    .check = elua_script_check,
    .start = start,
    .worker_start = elua_worlds_worker_start,
    .worker_stop = elua_worlds_worker_stop,
};
