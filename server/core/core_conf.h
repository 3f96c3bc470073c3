/*
 * The core's own settings, as they stand in a snapshot.
 *
 * Concept:  the module "core" has rows like any other; these are its structs, one
 *           per scope. Names of other sections are kept as written and resolved
 *           when the snapshot is built.
 * Owner:    the snapshot.
 * Threads:  read-only.
 * Lifetime: of the snapshot.
 * Errors:   none.
 */
#ifndef EDGE_CORE_CONF_H
#define EDGE_CORE_CONF_H

#include "core/failures.h"
#include "core/lookup.h"
#include "core/refusal.h"
#include "edge_conf.h"
#include "edge_ipaddr.h"
#include "edge_limits.h"
#include "edge_log.h"
#include "edge_module.h"

#define EDGE_CORE_TRANSACTION_LOGS_MOST 8
#define EDGE_CORE_LEVELS_MOST 64
#define EDGE_CORE_LISTENS_MOST 32
#define EDGE_CORE_VALIDATES_MOST 64

typedef struct edge_core_level {
    edge_span_t area; /* absent: the level of all others */
    edge_log_level_t level;
} edge_core_level_t;

typedef struct edge_core_listen {
    edge_span_t text; /* as written */
    edge_ipaddr_t address;
    uint16_t port;
} edge_core_listen_t;

/* One struct for server and listener, so that rows of both scopes share their slots. */
typedef struct edge_core_conf {
    edge_span_t server_name;
    uint32_t max_connections, max_connections_per_ip;
    edge_limits_t limits;
    edge_failures_rule_t auth_failures;
    bool reply_reference, open_relay;
    bool own_max_connections; /* in a listener: MaxConnections is written there, and bounds that listener alone */

    /* of the server */
    edge_span_t user, group;
    uint32_t workers; /* 0 = one per processor */
    edge_mono_t graceful_timeout;
    uint32_t rate_keys;
    uint32_t max_open_files; /* 0 = as many as MaxConnections needs */
    edge_span_t pid_file, control_socket;
    edge_span_t error_log; /* empty: standard error */
    edge_core_level_t levels[EDGE_CORE_LEVELS_MOST];
    unsigned level_count;
    edge_span_t transaction_logs[EDGE_CORE_TRANSACTION_LOGS_MOST];
    unsigned transaction_log_count;
    struct {
        edge_span_t servers; /* "ADDRESS:PORT,..."; empty = the system's */
        edge_mono_t timeout, longest;
        uint32_t tries, in_flight, per_session, cached;
    } dns;
    edge_lookup_named_t *tables; /* Table */

    /* of a listener */
    edge_core_listen_t listens[EDGE_CORE_LISTENS_MOST];
    unsigned listen_count;
    edge_span_t protocol, queue;
} edge_core_server_conf_t, edge_core_listener_conf_t;

typedef enum edge_core_on_error { EDGE_ON_ERROR_PASS, EDGE_ON_ERROR_TEMPFAIL } edge_core_on_error_t;

typedef struct edge_core_validator_conf {
    edge_span_t module; /* "require_module" */
    int on_error;       /* edge_core_on_error_t */
    edge_mono_t timeout;
    edge_refusal_t refusal; /* Reply */
} edge_core_validator_conf_t;

typedef struct edge_core_validate {
    edge_span_t validator;
    int mode; /* edge_binding_mode_t */
    const char *file;
    unsigned line, column;
    const edge_conf_node_t *node;
} edge_core_validate_t;

typedef struct edge_core_on_conf {
    edge_core_validate_t validates[EDGE_CORE_VALIDATES_MOST];
    unsigned count;
} edge_core_on_conf_t;

/* Also of a configuration without <Admin>. */
typedef struct edge_core_admin_conf {
    edge_span_t audit_log, overrides; /* absolute; empty: none */
    edge_span_t token_file;           /* absolute */
} edge_core_admin_conf_t;

extern edge_module_t edge_core_module;

/* "192.0.2.1:25" or "[2001:db8::1]:25", the port from 1 to 65535; leaves `text` of it alone. */
bool edge_core_listen_parse(edge_span_t text, edge_core_listen_t *listen_on);

static inline const edge_core_server_conf_t *edge_core_server_conf(const edge_snapshot_t *snapshot) {
    return edge_section_conf(edge_snapshot_server(snapshot), &edge_core_module);
}
static inline const edge_core_listener_conf_t *edge_core_listener_conf(const edge_section_t *listener) {
    return edge_section_conf(listener, &edge_core_module);
}
static inline const edge_core_validator_conf_t *edge_core_validator_conf(const edge_section_t *validator) {
    return edge_section_conf(validator, &edge_core_module);
}
/* What LogLevel says of an area; of NULL: of all that have none of their own. */
edge_log_level_t edge_core_log_level(const edge_core_server_conf_t *conf, const char *area);
/* NULL: there is no <Admin>. */
const edge_section_t *edge_core_admin_section(const edge_snapshot_t *snapshot);
/* What <Admin> says; where there is none, its defaults, made in `pool`. */
edge_core_admin_conf_t edge_core_admin_conf(const edge_snapshot_t *snapshot, apr_pool_t *pool);
static inline const edge_core_on_conf_t *edge_core_on_conf(const edge_section_t *on) {
    return edge_section_conf(on, &edge_core_module);
}

#endif
