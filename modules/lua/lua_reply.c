/* The reply as a script sees it: code, message, enhanced_status_code. */
#include <stdio.h>
#include <stdlib.h>

#include "edge_utf8.h"
#include "mod_lua.h"

typedef enum field { FIELD_NONE, FIELD_CODE, FIELD_MESSAGE, FIELD_ENHANCED } field_t;

static const char *const fields[] = {
    [FIELD_CODE] = "code", [FIELD_MESSAGE] = "message", [FIELD_ENHANCED] = "enhanced_status_code"};

enum { MESSAGE = 1, ENHANCED, PLACES = ENHANCED }; /* what the script has assigned; false: nil */

typedef struct reply {
    edge_reply_t first; /* as it would be sent */
    uint16_t code;
    bool open, code_set, message_set, enhanced_set;
} reply_t;

static const char reply_key;

static field_t field_of(lua_State *L) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return (field_t)lua_tointeger(L, -1);
}

static reply_t *open_reply(lua_State *L) {
    reply_t *reply = lua_touserdata(L, 1);
    if (!reply->open)
        luaL_error(L, "this reply has been given: it can be used while its validator is called only");
    return reply;
}

/* Reading */

static void push_first_message(lua_State *L, const edge_reply_t *reply) {
    char text[ELUA_REPLY_MOST];
    size_t len = edge_reply_text(reply, text, sizeof(text));
    lua_pushlstring(L, text, len < sizeof(text) ? len : sizeof(text));
}

static void push_first_enhanced(lua_State *L, const reply_t *reply) {
    if (reply->first.subject == EDGE_NO_ENHANCED)
        lua_pushnil(L);
    else
        lua_pushfstring(L, "%d.%d.%d", reply->code / 100, reply->first.subject, reply->first.detail);
}

static void push_code(lua_State *L, unsigned code) {
    char text[4] = {(char)('0' + code / 100 % 10), (char)('0' + code / 10 % 10), (char)('0' + code % 10), '\0'};
    lua_pushlstring(L, text, 3);
}

static int read_field(lua_State *L) {
    const reply_t *reply = open_reply(L);
    switch (field_of(L)) {
    case FIELD_CODE: push_code(L, reply->code); break;
    case FIELD_MESSAGE:
        if (reply->message_set)
            lua_getiuservalue(L, 1, MESSAGE);
        else
            push_first_message(L, &reply->first);
        break;
    case FIELD_ENHANCED:
        if (reply->enhanced_set)
            lua_getiuservalue(L, 1, ENHANCED);
        else
            push_first_enhanced(L, reply);
        break;
    case FIELD_NONE: lua_pushnil(L); break;
    }
    return 1;
}

/* Assigning */

static bool code_of(lua_State *L, const reply_t *reply, unsigned *code) {
    size_t len = 3;
    lua_Integer value = 0;
    if (lua_type(L, 3) == LUA_TNUMBER) {
        int whole;
        value = lua_tointegerx(L, 3, &whole);
        if (!whole)
            return false;
    } else if (lua_type(L, 3) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, 3, &len);
        for (size_t i = 0; i < len && i < 4; i++)
            value = text[i] >= '0' && text[i] <= '9' ? value * 10 + text[i] - '0' : 10000;
    } else {
        return false;
    }
    *code = (unsigned)value;
    return len == 3 && (value == reply->first.code || (value >= 200 && value <= 599 && value / 100 != 3));
}

static void write_code(lua_State *L, reply_t *reply) {
    unsigned code = 0;
    if (!code_of(L, reply, &code))
        luaL_error(L, "reply.code is a number from 200 to 299 or 400 to 599, or its three digits, not %s%s%s",
                   lua_isstring(L, 3) ? "\"" : "a ", lua_isstring(L, 3) ? lua_tostring(L, 3) : luaL_typename(L, 3),
                   lua_isstring(L, 3) ? "\"" : "");
    reply->code = (uint16_t)code;
    reply->code_set = true;
}

static int write_field(lua_State *L) {
    reply_t *reply = open_reply(L);
    field_t field = field_of(L);
    lua_settop(L, 3);
    if (field == FIELD_NONE)
        return luaL_error(L, "a reply has code, message and enhanced_status_code, but no \"%s\"",
                          luaL_tolstring(L, 2, NULL));
    if (field == FIELD_CODE) {
        write_code(L, reply);
        return 0;
    }
    if (!lua_isstring(L, 3) && !(field == FIELD_ENHANCED && lua_isnil(L, 3)))
        return luaL_error(L, "reply.%s is a string, not a %s", fields[field], luaL_typename(L, 3));
    lua_tostring(L, 3);
    lua_setiuservalue(L, 1, field == FIELD_MESSAGE ? MESSAGE : ENHANCED);
    *(field == FIELD_MESSAGE ? &reply->message_set : &reply->enhanced_set) = true;
    return 0;
}

/* Using it */

/* So much of the text as a reply may hold, ending between characters. */
static edge_span_t cut(edge_span_t text) {
    unsigned lines = 1;
    size_t len = 0;
    for (; len < text.len && len < ELUA_REPLY_MOST; len++)
        if (text.at[len] == '\n' && ++lines > ELUA_REPLY_LINES_MOST)
            break;
    while (len < text.len && len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    return edge_span(text.at, len);
}

static edge_span_t assigned(lua_State *L, int index, int place, apr_pool_t *pool) {
    edge_span_t text = EDGE_NO_SPAN, kept;
    if (lua_getiuservalue(L, index, place) == LUA_TSTRING)
        text.at = lua_tolstring(L, -1, &text.len);
    lua_pop(L, 1); /* the object holds it */
    if (!text.at)
        return text;
    kept = cut(text);
    if (kept.len < text.len)
        EDGE_LOG(&elua_log, EDGE_LOG_WARN, 1013, "%s: a reply's text of %llu octets was cut to %llu",
                 elua_world_of(L)->script->path, (unsigned long long)text.len, (unsigned long long)kept.len);
    return edge_span_copy(pool, kept);
}

static edge_span_t first_text(const edge_reply_t *reply, apr_pool_t *pool) {
    char text[ELUA_REPLY_MOST];
    size_t len = edge_reply_text(reply, text, sizeof(text));
    return edge_span_copy(pool, edge_span(text, len < sizeof(text) ? len : sizeof(text)));
}

/* Only the code or the enhanced code of the reply at hand is changed. */
static void use_same_text(edge_reply_t *reply, const reply_t *said, edge_span_t enhanced, apr_pool_t *pool) {
    edge_reply_t first = said->first;
    edge_reply_set(reply, said->code, enhanced, first_text(&first, pool));
    if (!said->enhanced_set && first.subject != EDGE_NO_ENHANCED) {
        reply->subject = first.subject;
        reply->detail = first.detail;
    }
}

static void use_new_text(edge_reply_t *reply, const reply_t *said, edge_span_t enhanced, edge_span_t text) {
    edge_reply_set(reply, said->code, enhanced, text);
    bool lifted = reply->text.len < text.len;
    if (!said->enhanced_set && !lifted && said->first.subject != EDGE_NO_ENHANCED) {
        reply->subject = said->first.subject;
        reply->detail = said->first.detail;
    }
}

/* 354 and its like stay what they are. */
static void use_words(edge_reply_t *reply, edge_span_t text) {
    reply->text = text;
    reply->literal = true;
}

bool elua_reply_close(lua_State *L, int index, edge_reply_t *reply, apr_pool_t *pool) {
    reply_t *said = lua_touserdata(L, index);
    bool changed = (said->code_set && said->code != said->first.code) || said->message_set || said->enhanced_set;
    said->open = false;
    if (!changed)
        return false;
    edge_span_t enhanced = assigned(L, index, ENHANCED, pool), text = assigned(L, index, MESSAGE, pool);
    if (said->code / 100 == 3) {
        if (said->message_set)
            use_words(reply, text);
    } else if (said->message_set) {
        use_new_text(reply, said, enhanced, text);
    } else {
        use_same_text(reply, said, enhanced, pool);
    }
    return true;
}

void elua_reply_push(lua_State *L, const edge_reply_t *first) {
    reply_t *reply = lua_newuserdatauv(L, sizeof(*reply), PLACES);
    memset(reply, 0, sizeof(*reply));
    reply->first = *first;
    reply->code = first->code;
    reply->open = true;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &reply_key);
    lua_setmetatable(L, -2);
}

void elua_reply_register(lua_State *L) {
    static const luaL_Reg functions[] = {{"__index", read_field}, {"__newindex", write_field}, {NULL, NULL}};
    elua_metatable(L, &reply_key, functions, fields, EDGE_COUNT(fields));
}
