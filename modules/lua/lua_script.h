/* The loading half of the Lua module: from a script to configuration.
 *
 *   elua_record_t    what one run of a script's text while loading asks for; lives as long as the snapshot
 *   elua_object_t    a listener as the script sees it (smtp_edge, http_edge), by number
 *   elua_context_t   ratchet.ssl.new(): becomes a <TLSContext>
 *   elua_auth_t      slimta.edge.smtp.auth.new(): becomes an <AuthBackend> of Type lua
 *
 * A worker that runs the same text gets the same objects under the same numbers, and no record.
 */
#ifndef EDGE_LUA_SCRIPT_H
#define EDGE_LUA_SCRIPT_H

#include "edge_conf_grow.h"
#include "edge_credentials.h"
#include "mod_lua.h"

#define ELUA_PATHS_MOST 8
#define ELUA_MECHANISMS_MOST 16

typedef struct elua_context {
    struct elua_context *next;
    const char *name; /* of the <TLSContext> */
    edge_conf_origin_t origin, loaded;
    const char *certificates[ELUA_PATHS_MOST], *keys[ELUA_PATHS_MOST];
    unsigned count;
    const char *authorities; /* load_cas; NULL */
    const char *client;      /* what ClientCertificate is; NULL: as it is by default */
    bool used;
} elua_context_t;

typedef struct elua_auth {
    struct elua_auth *next;
    unsigned number;
    const char *name; /* of the <AuthBackend> */
    edge_conf_origin_t origin;
    edge_credentials_mechanism_t mechanisms[ELUA_MECHANISMS_MOST];
    bool custom[ELUA_MECHANISMS_MOST]; /* an object with `challenge`, not a function that gives secrets */
    unsigned count;
    const char *challenge_host; /* of CRAM-MD5; NULL: ServerName */
    elua_script_t *script;
    bool used;
} elua_auth_t;

typedef struct elua_object {
    bool http;
    const char *name;           /* of the <Listener> */
    edge_conf_node_t *listener; /* its section */
    elua_context_t *tls;        /* NULL: enable_tls was not called */
    elua_auth_t *auth;
    bool immediate;
    edge_conf_origin_t tls_origin, auth_origin;
    edge_conf_origin_t validators[EDGE_PHASE_COUNT]; /* line 0: none */
} elua_object_t;

typedef struct elua_record {
    edge_conf_check_t *check;
    apr_pool_t *pool;
    const edge_conf_file_t *file;
    elua_script_t *script;
    edge_conf_node_t *listener; /* the script stands in it; NULL: in the server's part */
    elua_object_t *objects[ELUA_OBJECTS_MOST];
    unsigned object_count;
    elua_context_t *contexts;
    elua_auth_t *auths;
} elua_record_t;

/* What a state keeps of the objects made in it. */
typedef struct elua_makings {
    unsigned objects, auths;
    unsigned threads, turn; /* attached, and begun */
    bool starting;          /* the script's text is running */
    bool accepting;         /* one of its edges has been asked to accept */
} elua_makings_t;

/* --- lua_script.c ---------------------------------------------------------------------------------------------------- */

/* The slots of the module. */
void elua_script_expand(edge_conf_check_t *check);
void elua_script_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot);

/* NULL in a worker. */
elua_record_t *elua_record_of(lua_State *L);
elua_makings_t *elua_makings_of(lua_State *L);
/* Raises behind the start of a script. */
void elua_must_start(lua_State *L, const char *what);
/* The line of the script that is being run. */
edge_conf_origin_t elua_record_here(lua_State *L, const elua_record_t *record);
/* "lua:edge.lua:12" for a section, made different from those that are there and from what `taken` knows. */
const char *elua_record_name(lua_State *L, elua_record_t *record, const char *section,
                             bool (*taken)(const elua_record_t *record, const char *name));

/* --- lua_grow.c ------------------------------------------------------------------------------------------------------ */

/* Sets a directive of a listener; what its section said before counts no more, which is a warning. */
void elua_grow_set(elua_record_t *record, elua_object_t *object, edge_conf_origin_t origin, const char *name,
                   const char *const *arguments, unsigned count);
/* The script is through: contexts, backends and validators become sections. */
void elua_grow_all(elua_record_t *record);

/* What a grown section came from; NULL: no script made it. */
const elua_handler_t *elua_grown_handler(const edge_conf_node_t *node);
elua_auth_t *elua_grown_auth(const edge_conf_node_t *node);

/* --- what a script sees: called protected, before its text ------------------------------------------------------------- */

void elua_listener_open(lua_State *L); /* lua_listener.c: the edge objects' methods */
void elua_slimta_open(lua_State *L);   /* lua_slimta.c: slimta */
void elua_ratchet_open(lua_State *L);  /* lua_ratchet.c: ratchet */
void elua_socket_open(lua_State *L);   /* lua_socket.c: ratchet.socket; takes the table `ratchet` on top */
void elua_ssl_open(lua_State *L);      /* lua_ssl.c: ratchet.ssl; the same */
void elua_auth_open(lua_State *L);     /* lua_auth.c: the auth objects' methods */

/* The table on top stays there; `require` gives it by this name (lua_slimta.c). */
void elua_library(lua_State *L, const char *name);

/* A listener's object on top of the stack. While loading `listener` is its section. */
void elua_listener_push(lua_State *L, bool http, edge_conf_node_t *listener, const char *name);
/* The table of methods of the class on top. */
void elua_listener_methods(lua_State *L, bool http);
int elua_auth_new(lua_State *L);
/* What add_mechanism was given, on top of the stack; nil: nothing. */
void elua_auth_push(lua_State *L, unsigned number, const char *mechanism);

/* Runs the text, then what it attached, each until it accepts; takes the text as a function. */
int elua_ratchet_run(lua_State *L);
/* accept: ends this thread's part. */
int elua_ratchet_accept(lua_State *L);

/* "0.0.0.0:25" of a socket that listens; raises for anything else. */
const char *elua_socket_address(lua_State *L, int index);
/* Raises when the value is none. NULL in a worker. */
elua_context_t *elua_ssl_context(lua_State *L, int index);
elua_auth_t *elua_auth_check(lua_State *L, int index);

/* --- running (lua_secret.c, lua_mechanism.c) -------------------------------------------------------------------------- */

extern const edge_credentials_provider_t elua_credentials;

#endif
