/*
 * Settings: everything the configuration holds, each under one key.
 *
 * Concept:  a key names a directive in its section (max_message_size,
 *           listener.mx.banner), the mode of a validator's binding
 *           (validator.NAME.LISTENER.COMMAND.mode), the level of a log area (log.AREA)
 *           or the mechanisms of AUTH (listener.NAME.auth.mechanisms). Whatever shows or
 *           changes a setting, by whichever route, goes through this.
 * Owner:    settings live in the pool they were listed in, and point into a snapshot.
 * Threads:  read-only.
 * Lifetime: while the snapshot is held.
 * Errors:   none.
 */
#ifndef EDGE_CORE_SETTING_H
#define EDGE_CORE_SETTING_H

#include <apr_tables.h>

#include "core/policy.h"
#include "edge_module.h"

typedef enum edge_setting_kind {
    EDGE_SETTING_DIRECTIVE,
    EDGE_SETTING_MODE,
    EDGE_SETTING_LEVEL,
    EDGE_SETTING_MECHANISMS
} edge_setting_kind_t;

typedef struct edge_setting {
    edge_setting_kind_t kind;
    const char *key;
    const edge_section_t *section;
    const edge_module_t *module;
    const edge_directive_t *row; /* MODE: Validate, LEVEL: LogLevel, MECHANISMS: Auth */
    edge_binding_t *binding;     /* MODE */
    edge_phase_t phase;          /* MODE */
    const char *area;            /* LEVEL; NULL: of all areas that have none of their own */
} edge_setting_t;

/* All of a snapshot, in the order of modules and sections: an array of edge_setting_t. */
apr_array_header_t *edge_settings_list(const edge_snapshot_t *snapshot, apr_pool_t *pool);
/* NULL: there is none of that key. */
const edge_setting_t *edge_setting_find(const edge_snapshot_t *snapshot, const char *key, apr_pool_t *pool);
/* "MaxConnectionsPerIP" -> "max_connections_per_ip" */
const char *edge_setting_word(const char *directive, apr_pool_t *pool);

/* Whether it may be changed while running, and when a change takes effect. */
bool edge_setting_is_mutable(const edge_setting_t *setting);
edge_conf_when_t edge_setting_when(const edge_setting_t *setting);

/* The value as it would be written behind what edge_setting_before gives; NULL: it has none. In a snapshot with overrides MODE and
 * LEVEL are what the files say: what holds of those is said by the overrides themselves. */
const char *edge_setting_text(const edge_setting_t *setting, apr_pool_t *pool);
const char *edge_setting_default(const edge_setting_t *setting, apr_pool_t *pool);
/* Where the files say it, own section or the server's; NULL: nowhere, the default holds. */
const edge_conf_node_t *edge_setting_node(const edge_setting_t *setting);
/* Where a directive for it stands, and what of it stands before the value; as edge_override_t has them. */
const char *edge_setting_sections(const edge_setting_t *setting, apr_pool_t *pool);
const char *edge_setting_before(const edge_setting_t *setting, apr_pool_t *pool);

/* -1: no mode. */
int edge_setting_mode(edge_span_t text);

#endif
