/* The global `edge`: what the server does for a script. Also print, which goes to the error log. */
#include <stdlib.h>

#include "edge_dns.h"
#include "mod_lua.h"

#define LINE_MOST 2000  /* octets of a line in the log */
#define LINE_COSTS 1000 /* instructions */
#define DNS_COSTS 1000

/* edge.log */

static void write_line(lua_State *L, edge_log_level_t level, const char *text) {
    elua_world_t *world = elua_world_of(L);
    edge_log_about_t about = {world->running && world->running->session ? world->running->session->id : NULL, NULL};
    char line[LINE_MOST];
    elua_limits_charge(L, LINE_COSTS);
    elua_why(text, line, sizeof(line));
    EDGE_LOG_ABOUT(&elua_log, level, 1015, &about, APR_SUCCESS, "%s: %s", world->script->path, line);
}

/* edge.log([LEVEL,] TEXT) */
static int log_line(lua_State *L) {
    edge_log_level_t level = EDGE_LOG_NOTICE;
    if (lua_gettop(L) > 1) {
        size_t len;
        const char *name = luaL_checklstring(L, 1, &len);
        if (!edge_log_level_parse(edge_span(name, len), &level))
            return luaL_error(L, "edge.log: \"%s\" is no level: emerg, error, warn, notice, info, debug, trace", name);
        lua_remove(L, 1);
    }
    luaL_checkany(L, 1);
    write_line(L, level, luaL_tolstring(L, 1, NULL));
    return 0;
}

static int print(lua_State *L) {
    int count = lua_gettop(L);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&buffer, ' ');
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    write_line(L, EDGE_LOG_NOTICE, lua_tostring(L, -1));
    return 0;
}

/* edge.dns */

typedef struct lookup {
    edge_dns_question_t question;
    edge_ticket_t ticket;
    edge_dns_outcome_t outcome;
    edge_dns_type_t type;
    edge_dns_record_t *records;
    unsigned count;
    const char *trouble;
} lookup_t;

static void lookup_free(void *waited) {
    lookup_t *lookup = waited;
    edge_dns_cancel(&lookup->question);
    for (unsigned i = 0; i < lookup->count; i++)
        free((char *)(uintptr_t)lookup->records[i].text.at);
    free(lookup->records);
    free(lookup);
}

/* The answer is good inside this call only. */
static bool keep_records(lookup_t *lookup, const edge_dns_answer_t *answer) {
    lookup->records = calloc(answer->count + 1, sizeof(*lookup->records));
    for (; lookup->records && lookup->count < answer->count; lookup->count++) {
        edge_dns_record_t *record = &lookup->records[lookup->count];
        *record = answer->records[lookup->count];
        if (!record->text.at)
            continue;
        char *text = malloc(record->text.len + 1);
        if (!text)
            return false;
        memcpy(text, record->text.at, record->text.len);
        record->text.at = text;
    }
    return lookup->records != NULL;
}

static void answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    lookup_t *lookup = EDGE_CONTAINER(question, lookup_t, question);
    lookup->outcome = answer->outcome;
    lookup->trouble = answer->outcome == EDGE_DNS_LIMITED ? "too many questions" : "no answer";
    if (answer->outcome == EDGE_DNS_FOUND && !keep_records(lookup, answer)) {
        lookup->outcome = EDGE_DNS_FAILED;
        lookup->trouble = "no memory";
    }
    edge_ticket_resume(lookup->ticket, (edge_result_t){.status = APR_SUCCESS});
}

static void push_record(lua_State *L, edge_dns_type_t type, const edge_dns_record_t *record) {
    char address[EDGE_IPADDR_TEXT];
    switch (type) {
    case EDGE_DNS_A:
    case EDGE_DNS_AAAA:
        edge_ipaddr_format(record->address, address);
        lua_pushstring(L, address);
        break;
    case EDGE_DNS_MX:
        lua_createtable(L, 0, 2);
        lua_pushinteger(L, record->preference);
        lua_setfield(L, -2, "preference");
        lua_pushlstring(L, record->text.len ? record->text.at : "", record->text.len);
        lua_setfield(L, -2, "exchange");
        break;
    default: lua_pushlstring(L, record->text.len ? record->text.at : "", record->text.len);
    }
}

/* A list, empty when there is no such record; or nil and why nobody knows. */
static int push_answer(lua_State *L, int status, lua_KContext context) {
    elua_run_t *run = elua_world_of(L)->running;
    const lookup_t *lookup = run->waited;
    (void)status, (void)context;
    lua_settop(L, 0);
    if (lookup->outcome == EDGE_DNS_FAILED || lookup->outcome == EDGE_DNS_LIMITED) {
        lua_pushnil(L);
        lua_pushstring(L, lookup->trouble);
    } else {
        lua_createtable(L, (int)lookup->count, 0);
        for (unsigned i = 0; i < lookup->count; i++) {
            push_record(L, lookup->type, &lookup->records[i]);
            lua_rawseti(L, -2, i + 1);
        }
    }
    elua_run_waited(run);
    return lua_gettop(L);
}

static edge_dns_type_t checked_type(lua_State *L) {
    static const char *const names[] = {"A", "AAAA", "MX", "TXT", "PTR", NULL};
    static const edge_dns_type_t types[] = {EDGE_DNS_A, EDGE_DNS_AAAA, EDGE_DNS_MX, EDGE_DNS_TXT, EDGE_DNS_PTR};
    return types[luaL_checkoption(L, 1, NULL, names)];
}

/* edge.dns(TYPE, NAME); the name of PTR may be an address. */
static int dns(lua_State *L) {
    edge_dns_type_t type = checked_type(L);
    size_t len;
    const char *name = luaL_checklstring(L, 2, &len);
    elua_run_t *run = elua_run_of(L);
    elua_limits_charge(L, DNS_COSTS);
    edge_ipaddr_t address;
    edge_worker_t *worker = run->world->worker;
    lookup_t *lookup = calloc(1, sizeof(*lookup));
    if (!lookup)
        return luaL_error(L, "no memory");
    lookup->type = type;
    lookup->question.answered = answered;
    lookup->question.spent = run->session ? &run->session->counts.dns : NULL;
    lookup->ticket = run->wait(run);
    elua_run_waits_for(run, lookup, lookup_free);
    if (type == EDGE_DNS_PTR && edge_ipaddr_parse(edge_span(name, len), &address))
        edge_dns_ask_names(worker, &lookup->question, address);
    else
        edge_dns_ask(worker, &lookup->question, type, edge_span(name, len));
    return lua_yieldk(L, 0, 0, push_answer);
}

void elua_edge_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"log", log_line}, {"dns", dns}, {"lookup", elua_lookup}, {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_setglobal(L, "edge");
    lua_pushcfunction(L, print);
    lua_setglobal(L, "print");
}
