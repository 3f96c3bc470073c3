/* The session as a script sees it: facts that are looked up when they are read, and fields of the script's own. */
#include "mod_lua.h"

#define IDENTITY_MOST 512
#define HELLO_MOST 255

/* Places of what a session's object holds on to. */
enum { OWN_FIELDS = 1, MESSAGE, PLACES = MESSAGE };

typedef enum field {
    FIELD_OWN,
    FIELD_ID,
    FIELD_LISTENER,
    FIELD_PROTOCOL,
    FIELD_SECURITY,
    FIELD_TLS,
    FIELD_FROM_IP,
    FIELD_FROM_PORT,
    FIELD_TO_IP,
    FIELD_TO_PORT,
    FIELD_EHLO_AS,
    FIELD_AUTHED,
    FIELD_AUTH_MECHANISM,
    FIELD_MESSAGE,
    FIELD_COUNTERS,
    FIELD_SMTP_EDGE,
    FIELD_HTTP_EDGE,
} field_t;

static const char *const fields[] = {
    [FIELD_ID] = "id",
    [FIELD_LISTENER] = "listener",
    [FIELD_PROTOCOL] = "protocol",
    [FIELD_SECURITY] = "security",
    [FIELD_TLS] = "tls",
    [FIELD_FROM_IP] = "from_ip",
    [FIELD_FROM_PORT] = "from_port",
    [FIELD_TO_IP] = "to_ip",
    [FIELD_TO_PORT] = "to_port",
    [FIELD_EHLO_AS] = "ehlo_as",
    [FIELD_AUTHED] = "authed",
    [FIELD_AUTH_MECHANISM] = "auth_mechanism",
    [FIELD_MESSAGE] = "message",
    [FIELD_COUNTERS] = "counters",
    [FIELD_SMTP_EDGE] = "smtp_edge",
    [FIELD_HTTP_EDGE] = "http_edge",
};

static const char methods_key; /* of the metatable in the registry */

edge_session_t *elua_session_open(lua_State *L, elua_session_t *known) {
    if (!known->session)
        luaL_error(L, "this session has ended");
    return known->session;
}

/* Reading */

static void push_address(lua_State *L, edge_ipaddr_t address) {
    char text[EDGE_IPADDR_TEXT];
    edge_ipaddr_format(address, text);
    lua_pushstring(L, text);
}

static void push_text(lua_State *L, const char *text) {
    if (text && *text)
        lua_pushstring(L, text);
    else
        lua_pushnil(L);
}

static void set_text(lua_State *L, const char *name, const char *text) {
    push_text(L, text);
    lua_setfield(L, -2, name);
}

static void push_tls(lua_State *L, const edge_session_t *session) {
    if (!session->tls) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 4);
    set_text(L, "version", session->secured.version);
    set_text(L, "cipher", session->secured.cipher);
    set_text(L, "sni", session->secured.sni);
    set_text(L, "client_subject", session->secured.client_subject);
}

static void push_counters(lua_State *L, const edge_session_t *session) {
    const struct {
        const char *name;
        uint32_t value;
    } counters[] = {
        {"commands", session->counts.commands},     {"refused", session->counts.refused},
        {"messages", session->counts.messages},     {"transactions", session->transactions},
        {"recipients", session->counts.recipients}, {"recipients_refused", session->counts.recipients_refused},
    };
    lua_createtable(L, 0, EDGE_COUNT(counters));
    for (unsigned i = 0; i < EDGE_COUNT(counters); i++) {
        lua_pushinteger(L, counters[i].value);
        lua_setfield(L, -2, counters[i].name);
    }
}

static void push_message(lua_State *L, elua_session_t *known) {
    if (!known->session->transaction) {
        lua_pushnil(L);
        return;
    }
    if (lua_getiuservalue(L, 1, MESSAGE) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    elua_message_push(L, 1);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, MESSAGE);
}

static void push_edge(lua_State *L, elua_session_t *known, bool http) {
    const elua_world_t *world = known->world;
    bool is_http = strcmp(known->session->listener->protocol->name, "http") == 0;
    if (!world->running || world->running->object >= world->object_count || http != is_http)
        lua_pushnil(L);
    else
        lua_rawgeti(L, LUA_REGISTRYINDEX, world->objects[world->running->object]);
}

static int read_own(lua_State *L) {
    if (lua_getiuservalue(L, 1, OWN_FIELDS) != LUA_TTABLE)
        return 1;
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    return 1;
}

static field_t field_of(lua_State *L) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    field_t field = (field_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return field;
}

static int read_field(lua_State *L) {
    elua_session_t *known = lua_touserdata(L, 1);
    const edge_session_t *session = elua_session_open(L, known);
    switch (field_of(L)) {
    case FIELD_OWN: return read_own(L);
    case FIELD_ID: lua_pushstring(L, session->id); break;
    case FIELD_LISTENER: lua_pushlstring(L, session->listener->name.at, session->listener->name.len); break;
    case FIELD_PROTOCOL: lua_pushstring(L, edge_session_protocol(session)); break;
    case FIELD_SECURITY: lua_pushstring(L, session->tls ? "TLS" : "none"); break;
    case FIELD_TLS: push_tls(L, session); break;
    case FIELD_FROM_IP: push_address(L, session->from_ip); break;
    case FIELD_FROM_PORT: lua_pushinteger(L, session->from_port); break;
    case FIELD_TO_IP: push_address(L, session->to_ip); break;
    case FIELD_TO_PORT: lua_pushinteger(L, session->to_port); break;
    case FIELD_EHLO_AS: push_text(L, session->ehlo_as); break;
    case FIELD_AUTHED: push_text(L, session->authed); break;
    case FIELD_AUTH_MECHANISM: push_text(L, session->auth_mechanism); break;
    case FIELD_MESSAGE: push_message(L, known); break;
    case FIELD_COUNTERS: push_counters(L, session); break;
    case FIELD_SMTP_EDGE: push_edge(L, known, false); break;
    case FIELD_HTTP_EDGE: push_edge(L, known, true); break;
    }
    return 1;
}

/* Assigning */

static void write_own(lua_State *L) {
    if (lua_getiuservalue(L, 1, OWN_FIELDS) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, OWN_FIELDS);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, -3);
}

/* What is assigned goes into logs and header fields. nil gives the absent span. */
static edge_span_t checked_text(lua_State *L, const char *name, size_t most, bool blanks) {
    edge_span_t text = EDGE_NO_SPAN;
    if (lua_isnil(L, 3))
        return text;
    if (lua_type(L, 3) != LUA_TSTRING)
        luaL_error(L, "session.%s takes a string or nil, not a %s", name, luaL_typename(L, 3));
    text.at = lua_tolstring(L, 3, &text.len);
    if (text.len == 0 || text.len > most)
        luaL_error(L, "session.%s takes 1 to %d octets, not %d", name, (int)most, (int)text.len);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < ' ' || c == 0x7f || (c == ' ' && !blanks))
            luaL_error(L, "session.%s cannot hold the octet %d", name, c);
    }
    return text;
}

static void write_message(lua_State *L, elua_session_t *known) {
    push_message(L, known);
    if (lua_isnil(L, -1))
        luaL_error(L, "session.message is there between MAIL and the end of the message only");
    luaL_argexpected(L, lua_istable(L, 3), 3, "table");
    static const char *const names[] = {"sender", "recipients"};
    for (unsigned i = 0; i < EDGE_COUNT(names); i++)
        if (lua_getfield(L, 3, names[i]) != LUA_TNIL)
            lua_setfield(L, -2, names[i]);
        else
            lua_pop(L, 1);
}

static int write_field(lua_State *L) {
    elua_session_t *known = lua_touserdata(L, 1);
    edge_session_t *session = elua_session_open(L, known);
    field_t field = field_of(L);
    bool done = true;
    if (field == FIELD_OWN)
        write_own(L);
    else if (field == FIELD_AUTHED)
        done = edge_session_set_authed(session, checked_text(L, "authed", IDENTITY_MOST, true));
    else if (field == FIELD_EHLO_AS)
        done = edge_session_set_ehlo(session, checked_text(L, "ehlo_as", HELLO_MOST, false), session->greeted_esmtp);
    else if (field == FIELD_MESSAGE)
        write_message(L, known);
    else
        return luaL_error(L, "session.%s cannot be assigned: authed, ehlo_as, message and names of your own can",
                          fields[field]);
    return done ? 0 : luaL_error(L, "no memory");
}

/* Coming and going */

static int say_name(lua_State *L) {
    const elua_session_t *known = lua_touserdata(L, 1);
    if (known->session)
        lua_pushfstring(L, "session %s", known->session->id);
    else
        lua_pushliteral(L, "session (ended)");
    return 1;
}

static void unlink_session(elua_session_t *known) {
    *known->link = known->next;
    if (known->next)
        known->next->link = known->link;
    known->session = NULL;
}

static void released(edge_session_kept_t *kept) {
    elua_session_t *known = EDGE_CONTAINER(kept, elua_session_t, kept);
    unlink_session(known);
    luaL_unref(known->world->L, LUA_REGISTRYINDEX, known->reference);
}

static void meet(lua_State *L, elua_world_t *world, edge_session_t *session) {
    elua_session_t *known = lua_newuserdatauv(L, sizeof(*known), PLACES);
    memset(known, 0, sizeof(*known));
    lua_rawgetp(L, LUA_REGISTRYINDEX, &methods_key);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    known->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    known->world = world;
    known->session = session;
    known->next = world->sessions;
    known->link = &world->sessions;
    if (known->next)
        known->next->link = &known->next;
    world->sessions = known;
    known->kept.whose = world;
    known->kept.release = released;
    edge_session_kept_add(session, &known->kept);
}

void elua_session_push(lua_State *L, edge_session_t *session) {
    elua_world_t *world = elua_world_of(L);
    edge_session_kept_t *kept = edge_session_kept_find(session, world);
    if (EDGE_LIKELY(kept != NULL))
        lua_rawgeti(L, LUA_REGISTRYINDEX, EDGE_CONTAINER(kept, elua_session_t, kept)->reference);
    else
        meet(L, world, session);
}

void elua_session_forget_all(elua_world_t *world) {
    while (world->sessions) {
        edge_session_kept_remove(world->sessions->session, &world->sessions->kept);
        unlink_session(world->sessions);
    }
}

void elua_metatable(lua_State *L, const void *key, const luaL_Reg *functions, const char *const *names,
                    unsigned count) {
    lua_createtable(L, 0, 8);
    lua_createtable(L, 0, (int)count);
    for (unsigned i = 1; i < count; i++) {
        lua_pushinteger(L, i);
        lua_setfield(L, -2, names[i]);
    }
    luaL_setfuncs(L, functions, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void elua_session_register(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"__index", read_field}, {"__newindex", write_field}, {"__tostring", say_name}, {NULL, NULL}};
    elua_metatable(L, &methods_key, functions, fields, EDGE_COUNT(fields));
}
