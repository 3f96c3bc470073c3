/*
 * Configuration: rows that say what may be written, and frozen results.
 *
 * Concept:  every directive is a row with its name, scope, type, slot, default,
 *           bounds, the moment it takes effect, and prose; parsing, checking, the
 *           dump, the manual and the help are all driven by the rows. The result
 *           is a snapshot: a tree of sections, each with one conf struct per module
 *           that has rows there. It is built aside, checked whole, then published
 *           and never changed.
 * Owner:    the snapshot's pool; snapshots are counted (edge_snapshot_hold/drop).
 * Threads:  a snapshot may be read by any thread that holds a count.
 * Lifetime: conf structs, sections and their strings live as long as the snapshot.
 * Errors:   all of them are collected as diagnostics with file, line and column;
 *           nothing is published when there is one.
 */
#ifndef EDGE_CONF_H
#define EDGE_CONF_H

#include "edge_base.h"
#include "edge_clock.h"
#include "edge_conf_word.h"

typedef struct edge_module edge_module_t;
typedef struct edge_section edge_section_t;
typedef struct edge_snapshot edge_snapshot_t;
typedef struct edge_conf_check edge_conf_check_t; /* one run of checking: pool, diagnostics, tree */

/* Where a directive may stand. Sections: <Listener NAME>, <Queue NAME>, <Handoff NAME> in a Queue, <Validator NAME>,
 * <On PHASE> in a Listener, <TLSContext NAME>, <AuthBackend NAME>, <Admin>. */
typedef enum edge_scope {
    EDGE_SCOPE_SERVER,
    EDGE_SCOPE_LISTENER,
    EDGE_SCOPE_ON,
    EDGE_SCOPE_QUEUE,
    EDGE_SCOPE_HANDOFF,
    EDGE_SCOPE_VALIDATOR,
    EDGE_SCOPE_TLSCONTEXT,
    EDGE_SCOPE_AUTHBACKEND,
    EDGE_SCOPE_ADMIN,
    EDGE_SCOPE_COUNT
} edge_scope_t;
#define EDGE_IN(scope) (1u << EDGE_SCOPE_##scope)

typedef enum edge_conf_type {
    EDGE_CONF_SWITCH,   /* bool: on | off */
    EDGE_CONF_NUMBER,   /* uint32_t */
    EDGE_CONF_SIZE,     /* uint64_t octets: 512, 64K, 75M, 1G; "none" = 0 when min is 0 */
    EDGE_CONF_DURATION, /* edge_mono_t microseconds: 250ms, 30s, 5m, 1h; "none" = 0 when min is 0 */
    EDGE_CONF_TEXT,     /* edge_span_t, NUL behind it; one argument */
    EDGE_CONF_PATH,     /* edge_span_t, NUL behind it; absolute, or made so below ServerRoot */
    EDGE_CONF_WORD,     /* int: index into `words` */
    EDGE_CONF_WORDS,    /* uint32_t: bit per word of `words`; several arguments; "all" and "none" */
    EDGE_CONF_CUSTOM    /* `set` reads the arguments itself */
} edge_conf_type_t;

/* When a change takes effect. */
typedef enum edge_conf_when {
    EDGE_WHEN_NOW,
    EDGE_WHEN_COMMAND,
    EDGE_WHEN_SESSION,
    EDGE_WHEN_RELOAD,
    EDGE_WHEN_RESTART
} edge_conf_when_t;

/* One use of a directive in the files, as a custom setter sees it. */
typedef struct edge_conf_line {
    edge_conf_check_t *check;
    const struct edge_directive *row;
    const edge_section_t *section;
    const edge_conf_node_t *node; /* where it is written; NULL: it is the row's default */
    const edge_conf_argument_t *arguments;
    unsigned count;
    apr_pool_t *pool; /* the snapshot's */
} edge_conf_line_t;

typedef struct edge_directive {
    const char *name;
    unsigned scopes; /* EDGE_IN(...) | ... */
    edge_conf_type_t type;
    size_t slot;              /* offset in the module's conf struct of that scope */
    const char *initial;      /* the default, as one would write it; NULL = stays zero */
    int64_t min, max;         /* NUMBER, SIZE, DURATION (microseconds); max 0 = no bound */
    const char *const *words; /* NULL-terminated; WORD, WORDS; for CUSTOM: allowed key= names, if any */
    /* CUSTOM: false after it has reported an error. Without `many` it is called for `initial` first, then in a listener for what
     * the server wrote, then for what is written here: so a setter may leave alone what its arguments do not name. */
    bool (*set)(const edge_conf_line_t *line, void *conf);
    /* CUSTOM: the value as it would be written, for dumps; NULL: the arguments as written. */
    edge_span_t (*show)(const void *conf, apr_pool_t *pool);
    edge_conf_when_t when;
    bool many;    /* may be repeated in one scope */
    bool runtime; /* may be changed by an override while running */
    bool secret;  /* dumps show ******** in its place */
    const char *const
        *protocols;    /* in a <Handoff>: it is for these values of Protocol, NULL-terminated; NULL: for all */
    const char *usage; /* "SIZE | none" */
    const char *prose;
} edge_directive_t;

/* A module's conf struct in one scope. A row with both SERVER and LISTENER scope must have the same struct in both: what the
 * listener does not set is taken from the server, row by row. Structs start zero-filled, then hold the defaults. */
typedef struct edge_conf_struct {
    edge_scope_t scope;
    size_t size;
} edge_conf_struct_t;

/* Reports; usable from setters and from a module's `check` function. Text in plain words: what was got, what is allowed. */
EDGE_API void edge_conf_error(const edge_conf_line_t *line, unsigned argument, const char *code, const char *format,
                              ...) __attribute__((format(printf, 4, 5)));
EDGE_API void edge_conf_warn(const edge_conf_line_t *line, unsigned argument, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* About a whole section, or a directive in it (where it stands, or the section's own line when it is not written). */
EDGE_API void edge_conf_error_in(edge_conf_check_t *check, const edge_section_t *section, const char *directive,
                                 const char *code, const char *format, ...) __attribute__((format(printf, 5, 6)));
EDGE_API void edge_conf_warn_in(edge_conf_check_t *check, const edge_section_t *section, const char *directive,
                                const char *code, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Parsers for custom setters; false = malformed. */
EDGE_API bool edge_conf_parse_duration(edge_span_t text, edge_mono_t *microseconds);
EDGE_API bool edge_conf_parse_size(edge_span_t text, uint64_t *octets);
/* As a text may stand between quotes: for what `show` gives. */
EDGE_API const char *edge_conf_escape(edge_span_t text, apr_pool_t *pool);
/* "key=value": splits; false without "=". */
EDGE_API bool edge_conf_split_pair(edge_span_t text, edge_span_t *key, edge_span_t *value);
/* A path below ServerRoot, or absolute; in the snapshot's pool, NUL behind it. */
EDGE_API edge_span_t edge_conf_path(const edge_conf_line_t *line, edge_span_t path);

/* Reading a snapshot. */
struct edge_section {
    edge_scope_t scope;
    edge_span_t name; /* empty for the server and <Admin> */
    const char *file;
    unsigned line;
    const edge_section_t *parent; /* NULL for the server */
    edge_snapshot_t *snapshot;
    const edge_conf_node_t *node; /* as written */
    void **confs;                 /* by module index; use edge_section_conf */
    const edge_section_t *next;   /* the next of the same parent, in file order */
    const edge_section_t *first;  /* first child */
    void *instance;               /* of the core: listener, queue ...; set before publishing */
    const edge_section_t *loaded; /* as the files have it: itself, or what this one overrides settings of */
};

/* NULL when the module has no struct in that scope. */
EDGE_API void *edge_section_conf(const edge_section_t *section, const edge_module_t *module);
/* Whether the directive was written in this very section (not inherited, not default); and where. */
EDGE_API bool edge_section_wrote(const edge_section_t *section, const char *directive, const char **file,
                                 unsigned *line);
/* The first use of the directive in this very section; NULL when it is not written there. */
EDGE_API const edge_conf_node_t *edge_section_written(const edge_section_t *section, const char *directive);
EDGE_API const edge_section_t *edge_snapshot_server(const edge_snapshot_t *snapshot);
/* NULL when there is none; scope LISTENER, QUEUE, VALIDATOR ... */
EDGE_API const edge_section_t *edge_snapshot_find(const edge_snapshot_t *snapshot, edge_scope_t scope,
                                                  edge_span_t name);
EDGE_API uint64_t edge_snapshot_generation(const edge_snapshot_t *snapshot);
EDGE_API void edge_snapshot_hold(edge_snapshot_t *snapshot);
EDGE_API void edge_snapshot_drop(edge_snapshot_t *snapshot);
/* The published one, with a count for the caller. */
EDGE_API edge_snapshot_t *edge_snapshot_current(void);

#endif
