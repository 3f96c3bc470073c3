/* Makes listeners and queues of the sections and checks what only the whole can show. */
#include "core/conf_resolve.h"

#include <apr_strings.h>

#include "core/auth.h"
#include "core/conf_handoff.h"
#include "core/conf_known.h"
#include "core/core_conf.h"
#include "core/limits.h"
#include "core/listener_counters.h"
#include "core/policy.h"
#include "core/relay_guard.h"
#include "edge_session.h"

/* A queue's kind is told by the directive that only this kind has. */
static const struct {
    const char *directive, *provider;
} queue_kinds[] = {
    {"Spool", "spool"},
    {"Relay", "relay"},
};

static const char *queue_kind(const edge_section_t *section) {
    for (unsigned i = 0; i < EDGE_COUNT(queue_kinds); i++)
        if (edge_section_wrote(section, queue_kinds[i].directive, NULL, NULL))
            return queue_kinds[i].provider;
    return NULL;
}

static const char *below_root(const edge_conf_check_t *check, const char *path) {
    return path[0] == '/' ? path : apr_pstrcat(check->pool, check->server_root, "/", path, NULL);
}

/* The directive that would make it such a queue is unknown and has been reported. */
static bool is_reported(const char *kind) {
    const edge_module_t *module;
    for (unsigned m = 0; (module = edge_module_at(m)) != NULL; m++)
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            if ((row->scopes & EDGE_IN(QUEUE)) && edge_span_equal_nocase(edge_span_of(row->name), edge_span_of(kind)))
                return false;
    return true;
}

static void resolve_queue(edge_conf_check_t *check, edge_section_t *section) {
    const char *kind = queue_kind(section);
    if (!kind) {
        edge_conf_error_in(check, section, NULL, "EDG10050",
                           "<Queue %s> does not say what it is: write Spool PATH in it", section->name.at);
        return;
    }
    const edge_queue_provider_t *provider = edge_provider_find("queue", edge_span_of(kind));
    if (!provider && (check->modules_failed || is_reported(kind)))
        return;
    if (!provider) {
        edge_conf_error_in(check, section, NULL, "EDG10051", "no loaded module provides queues of kind %s", kind);
        return;
    }
    edge_queue_t *queue = apr_pcalloc(check->pool, sizeof(*queue));
    const edge_conf_node_t *spool = edge_section_written(section, "Spool");
    queue->provider = provider;
    queue->name = section->name.at;
    queue->carries = provider->carries | edge_conf_handoff_carries(section);
    if (spool && spool->count > 0)
        queue->directory = below_root(check, spool->arguments[0].text.at);
    section->instance = queue;
}

/* A queue that puts some of its messages into another carries only what both carry. Whether that queue may stand there is
 * its module's to say. */
static void resolve_fallback(edge_conf_check_t *check, const edge_section_t *section) {
    const edge_conf_node_t *node = edge_section_written(section, "RelayFallback");
    const edge_section_t *other = node && node->count == 1
                                      ? edge_snapshot_find(check->snapshot, EDGE_SCOPE_QUEUE, node->arguments[0].text)
                                      : NULL;
    edge_queue_t *queue = section->instance;
    if (queue && other && other->instance)
        queue->carries &= ((const edge_queue_t *)other->instance)->carries;
}

static const char *section_name_at(const void *context, unsigned index) {
    const edge_section_t *section = context;
    for (const edge_section_t *other = section->parent->first; other; other = other->next)
        if (other->scope == EDGE_SCOPE_QUEUE && index-- == 0)
            return other->name.at;
    return NULL;
}

static edge_queue_t *find_queue(edge_conf_check_t *check, const edge_section_t *listener, edge_span_t name) {
    if (!name.at && edge_section_written(listener, "Queue"))
        return NULL;
    if (!name.at) {
        edge_conf_error_in(check, listener, NULL, "EDG10052", "<Listener %s> has no Queue", listener->name.at);
        return NULL;
    }
    const edge_section_t *section = edge_snapshot_find(check->snapshot, EDGE_SCOPE_QUEUE, name);
    if (section)
        return section->instance; /* NULL: reported there */
    const char *near = edge_conf_nearest(name, section_name_at, listener);
    edge_conf_report_add(check->report, true, edge_conf_place_of_argument(edge_section_written(listener, "Queue"), 0),
                         "EDG10053", near ? apr_psprintf(check->pool, "did you mean \"%s\"?", near) : NULL,
                         "queue \"%s\" is not defined", name.at);
    return NULL;
}

static const char *protocol_at(const void *context, unsigned index) {
    (void)context;
    return edge_provider_at("protocol", index);
}

static const edge_protocol_t *find_protocol(edge_conf_check_t *check, const edge_section_t *listener,
                                            edge_span_t name) {
    const edge_protocol_t *protocol = edge_provider_find("protocol", name);
    if (protocol || check->modules_failed)
        return protocol;
    const edge_conf_node_t *node = edge_section_written(listener, "Protocol");
    const char *near = edge_conf_nearest(name, protocol_at, NULL);
    edge_conf_report_add(
        check->report, true, node ? edge_conf_place_of_argument(node, 0) : edge_conf_place_of(listener->node),
        "EDG10054",
        near ? apr_psprintf(check->pool, "did you mean \"%s\"?", near)
             : apr_psprintf(check->pool, "add: LoadModule %s_edge_module modules/mod_%s_edge.so", name.at, name.at),
        "no loaded module speaks \"%s\"", name.at);
    return NULL;
}

/* Encryption first: what may be offered of AUTH depends on it. */
static void prepare_security(edge_conf_check_t *check, edge_listener_t *listener) {
    const edge_tls_provider_t *tls = edge_tls_provider();
    const edge_auth_provider_t *auth = edge_auth_provider();
    if (tls)
        listener->tls = tls->prepare(check, listener->section, check->pool);
    if (auth)
        listener->auth = auth->prepare(check, listener->section, listener->tls, check->pool);
}

/* Settings are prepared last: they look at the listener they belong to. */
static void resolve_listener(edge_conf_check_t *check, edge_section_t *section, bool sound) {
    edge_core_listener_conf_t *conf = edge_section_conf(section, &edge_core_module);
    edge_listener_t *listener = apr_pcalloc(check->pool, sizeof(*listener));
    listener->counters = apr_pcalloc(check->pool, sizeof(*listener->counters));
    conf->own_max_connections = edge_section_wrote(section, "MaxConnections", NULL, NULL);
    listener->name = section->name;
    listener->section = section;
    listener->server_name = conf->server_name;
    listener->protocol = find_protocol(check, section, conf->protocol);
    bool mail = !listener->protocol || !listener->protocol->takes_no_mail;
    listener->queue = mail ? find_queue(check, section, conf->queue) : NULL;
    listener->policy = edge_policy_prepare(check, section, check->pool);
    section->instance = listener;
    if (conf->listen_count == 0 && !edge_section_written(section, "Listen"))
        edge_conf_error_in(check, section, NULL, "EDG10055", "<Listener %s> has no Listen: write Listen ADDRESS:PORT",
                           section->name.at);
    if (sound)
        prepare_security(check, listener);
    if (sound && listener->protocol && (listener->queue || !mail))
        listener->settings =
            listener->protocol->prepare(check, section, listener->queue ? listener->queue->carries : 0, check->pool);
}

/* Two listeners cannot have one address; an any-address takes the port of every address of its family. */
static bool is_any(edge_ipaddr_t address) {
    static const uint8_t zero[16];
    return edge_ipaddr_is_v4(address) ? memcmp(address.bytes + 12, zero, 4) == 0 : memcmp(address.bytes, zero, 16) == 0;
}

static bool in_conflict(const edge_core_listen_t *a, const edge_core_listen_t *b) {
    if (a->port != b->port || edge_ipaddr_is_v4(a->address) != edge_ipaddr_is_v4(b->address))
        return false;
    return edge_ipaddr_equal(a->address, b->address) || is_any(a->address) || is_any(b->address);
}

static void check_against(edge_conf_check_t *check, const edge_section_t *section, const edge_section_t *other) {
    const edge_core_listener_conf_t *mine = edge_core_listener_conf(section), *theirs = edge_core_listener_conf(other);
    for (unsigned i = 0; i < mine->listen_count; i++)
        for (unsigned j = 0; j < (section == other ? i : theirs->listen_count); j++)
            if (in_conflict(&mine->listens[i], &theirs->listens[j]))
                edge_conf_error_in(
                    check, section, "Listen", "EDG10056", "%s is taken by <Listener %s> (%s:%u), which listens on %s",
                    mine->listens[i].text.at, other->name.at, other->file, other->line, theirs->listens[j].text.at);
}

static void check_addresses(edge_conf_check_t *check, const edge_section_t *server) {
    for (const edge_section_t *section = server->first; section; section = section->next)
        for (const edge_section_t *other = server->first; section->scope == EDGE_SCOPE_LISTENER; other = other->next) {
            if (other->scope == EDGE_SCOPE_LISTENER)
                check_against(check, section, other);
            if (other == section)
                break;
        }
}

void edge_conf_resolve_limits(edge_conf_check_t *check, const edge_section_t *section) {
    const edge_core_listener_conf_t *mine = edge_core_listener_conf(section);
    const edge_core_server_conf_t *server = edge_core_server_conf(check->snapshot);
    if (mine->own_max_connections && server->max_connections && mine->max_connections > server->max_connections)
        edge_conf_warn_in(check, section, "MaxConnections", "EDG20010",
                          "MaxConnections %u of <Listener %s> is above the server's %u, which holds first",
                          mine->max_connections, section->name.at, server->max_connections);
    edge_limits_check(check, section);
}

/* Known modules by index, for a near miss; a name may come several times. */
static const char *known_at(const void *context, unsigned index) {
    (void)context;
    return edge_conf_known_module_at(index);
}

/* A condition that quietly never holds because of a typing error is the worst of bugs. */
static void check_conditions(edge_conf_check_t *check) {
    for (int i = 0; i < check->tree->skipped->nelts; i++) {
        const edge_conf_node_t *node = APR_ARRAY_IDX(check->tree->skipped, i, edge_conf_skipped_t).node;
        if (!edge_span_equal_nocase(node->name, edge_span_of("IfModule")) || node->arguments[0].text.at[0] == '!')
            continue;
        edge_span_t name = node->arguments[0].text;
        static const edge_span_t suffix = EDGE_SPAN("_module");
        bool suffixed = name.len > suffix.len && edge_span_equal(edge_span_after(name, name.len - suffix.len), suffix);
        edge_span_t bare = suffixed ? edge_span_copy(check->pool, edge_span(name.at, name.len - suffix.len)) : name;
        if (suffixed && edge_conf_known_is_module(bare))
            continue;
        const char *near = edge_conf_nearest(bare, known_at, NULL);
        edge_conf_report_add(check->report, false, edge_conf_place_of_argument(node, 0), "EDG20004",
                             near ? apr_psprintf(check->pool, "did you mean \"%s_module\"?", near) : NULL,
                             "no module \"%s\" is loaded or known: this part is skipped", name.at);
    }
}

void edge_conf_resolve(edge_conf_check_t *check) {
    const edge_section_t *server = edge_snapshot_server(check->snapshot);
    bool some = false, sound = check->report->errors == 0; /* else structs may hold less than a protocol expects */
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_QUEUE) {
            edge_conf_handoff_resolve(check, section, sound);
            resolve_queue(check, (edge_section_t *)(uintptr_t)section);
        }
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_QUEUE)
            resolve_fallback(check, section);
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_LISTENER) {
            some = true;
            resolve_listener(check, (edge_section_t *)(uintptr_t)section, sound);
            edge_conf_resolve_limits(check, section);
            if (sound)
                edge_relay_guard_check(check, section);
        }
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_VALIDATOR)
            edge_policy_module(check, section);
    check_addresses(check, server);
    check_conditions(check);
    if (!some)
        edge_conf_error_in(check, server, NULL, "EDG10057", "there is no <Listener>: nothing would be served");
}
