/* LuaScript: finds the scripts a configuration names, runs each once, and lets it grow. */
#include <apr_strings.h>
#include <stdlib.h>

#include "lua_script.h"

static const char makings_key;

elua_makings_t *elua_makings_of(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &makings_key);
    elua_makings_t *makings = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return makings;
}

elua_record_t *elua_record_of(lua_State *L) { return elua_world_of(L)->loading; }

void elua_must_start(lua_State *L, const char *what) {
    if (!elua_makings_of(L)->starting)
        luaL_error(L, "%s is for the start of a script: nothing can be set up any more", what);
}

/* The innermost function of the script itself: what it requires asks in its name. */
edge_conf_origin_t elua_record_here(lua_State *L, const elua_record_t *record) {
    lua_Debug about;
    for (int level = 0; lua_getstack(L, level, &about); level++) {
        lua_getinfo(L, "Sl", &about);
        if (about.currentline > 0 && about.source[0] == '@' && strcmp(about.source + 1, record->script->path) == 0)
            return (edge_conf_origin_t){record->file, (unsigned)about.currentline};
    }
    return (edge_conf_origin_t){record->file, 0};
}

/* Of letters that can stand in a name of the configuration. */
static const char *plain_name(const char *text, apr_pool_t *pool) {
    char *name = apr_pstrdup(pool, text);
    for (char *at = name; *at; at++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *at))
            *at = '_';
    return name;
}

/* Another script may be called the same. */
static bool is_in_tree(const elua_record_t *record, const char *section, const char *name) {
    edge_conf_node_t *root = edge_conf_grow_root(record->check);
    for (edge_conf_node_t *at = NULL; (at = edge_conf_grow_section(root, at, section)) != NULL;)
        if (edge_span_equal(edge_conf_grow_argument(at, 0), edge_span_of(name)))
            return true;
    return false;
}

const char *elua_record_name(lua_State *L, elua_record_t *record, const char *section,
                             bool (*taken)(const elua_record_t *record, const char *name)) {
    edge_conf_origin_t here = elua_record_here(L, record);
    const char *file = strrchr(record->script->path, '/') + 1, *owner = "";
    if (record->listener)
        owner = apr_pstrcat(record->pool, plain_name(edge_conf_grow_argument(record->listener, 0).at, record->pool),
                            ":", NULL);
    const char *base = apr_psprintf(record->pool, "lua:%s%s:%u", owner, plain_name(file, record->pool), here.line);
    const char *name = base;
    for (unsigned again = 2; taken(record, name) || is_in_tree(record, section, name); again++)
        name = apr_psprintf(record->pool, "%s-%u", base, again);
    return name;
}

/* What a script finds */

static void open_makings(lua_State *L) {
    elua_makings_t *makings = lua_newuserdatauv(L, sizeof(*makings), 0);
    *makings = (elua_makings_t){.starting = true};
    lua_rawsetp(L, LUA_REGISTRYINDEX, &makings_key);
}

/* The listener in whose section the script stands is its first object. */
static void push_own_listener(lua_State *L, elua_record_t *own) {
    const edge_conf_node_t *protocol = edge_conf_grow_directive(own->listener, NULL, "Protocol");
    bool http = protocol && edge_span_equal_nocase(edge_conf_grow_argument(protocol, 0), edge_span_of("http"));
    elua_listener_push(L, http, own->listener, edge_conf_grow_argument(own->listener, 0).at);
    lua_setglobal(L, http ? "http_edge" : "smtp_edge");
}

static int open_script(lua_State *L) {
    elua_record_t *own = elua_world_of(L)->script->own;
    open_makings(L);
    elua_auth_open(L);
    elua_listener_open(L);
    elua_slimta_open(L);
    elua_ratchet_open(L);
    if (own->listener)
        push_own_listener(L, own);
    return 0;
}

/* Loading */

/* "PATH:12: text" of the script itself points into it; how it got there is of no use here. */
static edge_conf_origin_t origin_of_error(const elua_record_t *record, const char **why) {
    edge_conf_origin_t origin = {record->file, 0};
    size_t len = strlen(record->script->path);
    const char *traceback = strstr(*why, " | stack traceback:");
    if (traceback)
        *why = apr_pstrmemdup(record->pool, *why, (apr_size_t)(traceback - *why));
    if (strncmp(*why, record->script->path, len) != 0 || (*why)[len] != ':')
        return origin;
    char *end;
    unsigned long line = strtoul(*why + len + 1, &end, 10);
    if (end == *why + len + 1 && *end == ' ')
        *why = end + 1;
    if (*end == ':' && line > 0) {
        origin.line = (unsigned)line;
        *why = end[1] == ' ' ? end + 2 : end + 1;
    }
    return origin;
}

/* As written, or by default. The rows are not looked at yet: what is wrong is reported when they are. */
static edge_span_t value_of(edge_conf_check_t *check, const char *directive) {
    const edge_conf_node_t *written = edge_conf_grow_directive(edge_conf_grow_root(check), NULL, directive);
    if (written && edge_conf_grow_argument(written, 0).at)
        return edge_conf_grow_argument(written, 0);
    const edge_directive_t *row = lua_module.directives;
    while (strcmp(row->name, directive) != 0)
        row++;
    return edge_span_of(row->initial);
}

static elua_limits_t limits_of(edge_conf_check_t *check) {
    elua_limits_t limits = {0, 0};
    uint64_t instructions = 0;
    edge_conf_parse_size(value_of(check, "LuaMemory"), &limits.memory);
    edge_span_number(value_of(check, "LuaInstructions"), &instructions);
    limits.instructions = instructions > UINT32_MAX ? UINT32_MAX : (uint32_t)instructions;
    return limits;
}

static const char *directory_of(const char *path, apr_pool_t *pool) {
    return apr_pstrmemdup(pool, path, (apr_size_t)(strrchr(path, '/') - path));
}

/* A first line "#!/usr/bin/lua" is for the shell; the lines keep their numbers. */
static edge_span_t without_hash_bang(edge_span_t text) {
    const char *end = text.len && text.at[0] == '#' ? memchr(text.at, '\n', text.len) : NULL;
    return end ? edge_span_after(text, (size_t)(end - text.at)) : text;
}

static elua_script_t *make_script(edge_conf_check_t *check, const edge_conf_file_t *file, elua_record_t *record) {
    apr_pool_t *pool = edge_conf_grow_pool(check);
    elua_script_t *script = apr_pcalloc(pool, sizeof(*script));
    script->path = edge_conf_grow_file_path(file);
    script->directory = directory_of(script->path, pool);
    script->text = without_hash_bang(edge_conf_grow_file_text(file));
    script->number = elua_script_number();
    script->limits = limits_of(check);
    script->open = open_script;
    script->run = elua_ratchet_run;
    script->pool = pool;
    script->own = record;
    return script;
}

static void load(edge_conf_check_t *check, edge_conf_node_t *named_by, edge_conf_node_t *listener) {
    char text[ELUA_WHY_MOST];
    const char *why = text;
    const edge_conf_file_t *file = edge_conf_grow_read(check, named_by);
    if (!file)
        return;
    elua_record_t *record = apr_pcalloc(edge_conf_grow_pool(check), sizeof(*record));
    record->check = check;
    record->pool = edge_conf_grow_pool(check);
    record->file = file;
    record->listener = listener;
    record->script = make_script(check, file, record);
    elua_world_t *world = elua_world_make(record->script, NULL, record, text, sizeof(text));
    if (!world) {
        edge_conf_origin_t origin = origin_of_error(record, &why);
        edge_conf_grow_error(check, origin, "EDG10990", "%s", why);
        return;
    }
    elua_world_close(world);
    elua_grow_all(record);
    record->check = NULL; /* the loading is over; what workers need stays */
}

/* Protocol is smtp where it is not written. */
static bool is_known_protocol(const edge_conf_node_t *listener) {
    const edge_conf_node_t *written = edge_conf_grow_directive(listener, NULL, "Protocol");
    edge_span_t name = written ? edge_conf_grow_argument(written, 0) : edge_span_of("smtp");
    return edge_span_equal_nocase(name, edge_span_of("smtp")) || edge_span_equal_nocase(name, edge_span_of("http"));
}

static void load_of_listener(edge_conf_check_t *check, edge_conf_node_t *listener) {
    edge_conf_node_t *named_by = edge_conf_grow_directive(listener, NULL, "LuaScript");
    if (!named_by || edge_conf_grow_argument(listener, 0).len == 0)
        return;
    if (is_known_protocol(listener))
        load(check, named_by, listener);
    else
        edge_conf_grow_error(check, edge_conf_grow_origin(named_by), "EDG10993",
                             "a script can set up listeners of Protocol smtp and http, not this one");
}

void elua_script_expand(edge_conf_check_t *check) {
    edge_conf_node_t *root = edge_conf_grow_root(check), *last = NULL;
    for (edge_conf_node_t *at = NULL; (at = edge_conf_grow_section(root, at, "Listener")) != NULL; last = at)
        continue;
    for (edge_conf_node_t *at = NULL; (at = edge_conf_grow_section(root, at, "Listener")) != NULL;) {
        load_of_listener(check, at);
        if (at == last)
            break; /* behind it stand those that scripts have made */
    }
    for (edge_conf_node_t *at = NULL; (at = edge_conf_grow_directive(root, at, "LuaScript")) != NULL;)
        load(check, at, NULL);
}

/* After all sections are filled */

void elua_script_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        elua_handler_t *handler =
            section->scope == EDGE_SCOPE_VALIDATOR ? edge_section_conf(section, &lua_module) : NULL;
        const elua_handler_t *grown = handler ? elua_grown_handler(section->node) : NULL;
        const edge_conf_node_t *module = handler ? edge_conf_grow_directive(section->node, NULL, "Module") : NULL;
        if (grown)
            *handler = *grown;
        else if (module && edge_span_equal(edge_conf_grow_argument(module, 0), edge_span_of("lua_module")))
            edge_conf_error_in(check, section, "Module", "EDG10994",
                               "validators of lua_module are made by a script's set_validator: name the script by "
                               "LuaScript in the <Listener>");
    }
}
