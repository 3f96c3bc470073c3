/* Builds, counts and publishes snapshots. */
#include "core/snapshot.h"

#include <apr_strings.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/conf_apply.h"
#include "core/conf_listen.h"
#include "core/conf_machine.h"
#include "core/conf_resolve.h"
#include "core/conf_world.h"
#include "core/listener_counters.h"
#include "core/module.h"
#include "core/token_conf.h"
#include "core/policy.h"
#include "edge_log.h"
#include "edge_obj.h"
#include "edge_queue.h"

EDGE_LOG_AREA(edge_conf_log, "conf")

#define SNAPSHOT_MAGIC 0x736e6170u

struct edge_snapshot {
    uint32_t magic;
    _Atomic unsigned counts;
    apr_pool_t *pool;
    uint64_t generation;
    edge_snapshot_t *base; /* with a count; NULL: made of files */
    const char *server_root;
    edge_conf_tree_t *tree;
    edge_section_t *server;
};

/* Taking the pointer and its count must be one step against publishing; a lock is held for a few instructions,
 * once per connection. */
static pthread_mutex_t publishing = PTHREAD_MUTEX_INITIALIZER;
static edge_snapshot_t *published;

const edge_section_t *edge_snapshot_server(const edge_snapshot_t *snapshot) { return snapshot->server; }
uint64_t edge_snapshot_generation(const edge_snapshot_t *snapshot) { return snapshot->generation; }
const edge_conf_tree_t *edge_snapshot_tree(const edge_snapshot_t *snapshot) { return snapshot->tree; }
const char *edge_snapshot_server_root(const edge_snapshot_t *snapshot) { return snapshot->server_root; }

const edge_section_t *edge_snapshot_find(const edge_snapshot_t *snapshot, edge_scope_t scope, edge_span_t name) {
    for (const edge_section_t *section = snapshot->server->first; section; section = section->next)
        if (section->scope == scope && edge_span_equal(section->name, name))
            return section;
    return NULL;
}

edge_queue_t *edge_snapshot_queue(const edge_snapshot_t *snapshot, unsigned index) {
    for (const edge_section_t *section = snapshot->server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_QUEUE && section->instance && index-- == 0)
            return section->instance;
    return NULL;
}

void edge_snapshot_hold(edge_snapshot_t *snapshot) {
    EDGE_OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    atomic_fetch_add_explicit(&snapshot->counts, 1, memory_order_relaxed);
}

void edge_snapshot_drop(edge_snapshot_t *snapshot) {
    EDGE_OBJ_CHECK(snapshot, SNAPSHOT_MAGIC);
    if (atomic_fetch_sub_explicit(&snapshot->counts, 1, memory_order_acq_rel) != 1)
        return;
    edge_snapshot_t *base = snapshot->base;
    EDGE_OBJ_CLEAR(snapshot);
    apr_pool_destroy(snapshot->pool);
    if (base)
        edge_snapshot_drop(base);
}

void edge_snapshot_publish(edge_snapshot_t *snapshot) {
    edge_snapshot_hold(snapshot);
    pthread_mutex_lock(&publishing);
    edge_snapshot_t *before = published;
    published = snapshot;
    pthread_mutex_unlock(&publishing);
    if (before)
        edge_snapshot_drop(before);
}

edge_snapshot_t *edge_snapshot_current(void) {
    pthread_mutex_lock(&publishing);
    edge_snapshot_t *snapshot = published;
    EDGE_ASSERT(snapshot != NULL);
    edge_snapshot_hold(snapshot);
    pthread_mutex_unlock(&publishing);
    return snapshot;
}

/* Building */

static edge_snapshot_t *make(uint64_t generation, apr_pool_t *pool) {
    edge_snapshot_t *snapshot = apr_pcalloc(pool, sizeof(*snapshot));
    EDGE_OBJ_INIT(snapshot, SNAPSHOT_MAGIC);
    snapshot->pool = pool;
    snapshot->generation = generation;
    atomic_store(&snapshot->counts, 1);
    return snapshot;
}

edge_snapshot_t *edge_snapshot_derived(edge_snapshot_t *base, apr_pool_t *pool) {
    EDGE_ASSERT(base->base == NULL);
    edge_snapshot_t *snapshot = make(base->generation, pool);
    edge_snapshot_hold(base);
    snapshot->base = base;
    snapshot->server_root = base->server_root;
    snapshot->tree = base->tree;
    return snapshot;
}

void edge_snapshot_set_server(edge_snapshot_t *snapshot, edge_section_t *server) { snapshot->server = server; }

edge_snapshot_t *edge_snapshot_base(edge_snapshot_t *snapshot) { return snapshot->base ? snapshot->base : snapshot; }

static void report_loaded_before(edge_conf_check_t *check, const edge_conf_node_t *node) {
    for (const edge_conf_node_t *other = check->tree->root.first; other != node; other = other->next)
        if (!other->is_section && edge_span_equal_nocase(other->name, node->name) && other->count == 2 &&
            edge_span_equal(other->arguments[0].text, node->arguments[0].text))
            edge_conf_report_add(check->report, false, edge_conf_place_of_argument(node, 0), "EDG20003", NULL,
                                 "%s is loaded before (%s:%u): this line does nothing", node->arguments[0].text.at,
                                 other->file->path, other->line);
}

static void load_module(edge_conf_check_t *check, const edge_conf_node_t *node, apr_pool_t *modules_pool) {
    const char *why = NULL;
    if (node->count != 2) {
        edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10040",
                             "write LoadModule NAME_module PATH", "LoadModule takes a name and a path, got %u",
                             node->count);
        return;
    }
    report_loaded_before(check, node);
    const char *path = node->arguments[1].text.at;
    if (path[0] != '/')
        path = apr_pstrcat(modules_pool, check->server_root, "/", path, NULL);
    apr_status_t status = edge_module_load(node->arguments[0].text.at, path, modules_pool, &why);
    if (status == APR_SUCCESS || status == APR_EEXIST)
        return;
    check->modules_failed++;
    edge_conf_report_add(check->report, true, edge_conf_place_of_argument(node, status == APR_EINVAL ? 0 : 1),
                         "EDG10041", NULL, "module %s cannot be loaded: %s", node->arguments[0].text.at, why);
}

/* Modules outlive every snapshot: they are never unloaded. */
static void load_modules(edge_conf_check_t *check) {
    static apr_pool_t *modules_pool;
    if (!modules_pool)
        apr_pool_create(&modules_pool, NULL);
    for (const edge_conf_node_t *node = check->tree->root.first; node; node = node->next)
        if (!node->is_section && edge_span_equal_nocase(node->name, edge_span_of("LoadModule")))
            load_module(check, node, modules_pool);
}

/* What a module adds another may read: in the order of loading. */
static void expand_modules(edge_conf_check_t *check) {
    const edge_module_t *module;
    for (unsigned i = 0; (module = edge_module_at(i)) != NULL; i++)
        if (module->expand)
            module->expand(check);
}

static void check_modules(edge_conf_check_t *check) {
    const edge_module_t *module;
    for (unsigned i = 0; (module = edge_module_at(i)) != NULL; i++)
        if (module->check)
            module->check(check, check->snapshot);
}

static void build(edge_conf_check_t *check, const edge_snapshot_source_t *source) {
    edge_conf_world_t machine = edge_conf_world(source->server_root);
    edge_modules_begin();
    check->server_root = source->server_root;
    check->tree = edge_conf_parse(source->path, source->defines, source->world ? source->world : &machine,
                                  check->report, check->pool);
    check->snapshot->tree = check->tree;
    check->snapshot->server_root = apr_pstrdup(check->pool, source->server_root);
    if (!check->core_only) {
        load_modules(check);
        expand_modules(check);
    }
    check->snapshot->server = edge_conf_apply(check);
    if (!check->core_only) {
        edge_conf_machine_check(check);
        edge_token_conf_load(check, check->snapshot, check->pool);
        edge_conf_resolve(check);
        if (check->report->errors == 0)
            check_modules(check);
        if (check->report->errors == 0 && source->listening)
            edge_conf_listen(check, source->listening);
    }
    edge_conf_report_sort(check->report, check->tree->files);
}

edge_snapshot_t *edge_snapshot_build(const edge_snapshot_source_t *source, uint64_t generation,
                                     edge_conf_report_t *report, apr_pool_t *report_pool, edge_conf_tree_t **tree) {
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    edge_conf_report_start(report, report_pool);
    edge_snapshot_t *snapshot = make(generation, pool);
    edge_conf_check_t check = {.pool = pool, .report = report, .snapshot = snapshot};
    build(&check, source);
    if (tree)
        *tree = check.tree;
    return snapshot;
}

/* A server that has let go of its terminal says it where the operator looks. */
static void log_report(const edge_conf_report_t *report, apr_pool_t *pool) {
    for (const edge_conf_diagnostic_t *said = report->first; said; said = said->next) {
        const char *where = said->place.file ? said->place.file->path : "command line";
        if (said->place.file && said->place.line)
            where = apr_psprintf(pool, "%s:%u:%u", where, said->place.line, said->place.column);
        EDGE_LOG(&edge_conf_log, said->error ? EDGE_LOG_ERROR : EDGE_LOG_WARN, 300, "%s: %s [%s]%s%s", where,
                 said->text, said->code, said->advice ? ": " : "", said->advice ? said->advice : "");
    }
}

static void print_report(const edge_conf_report_t *report, apr_pool_t *pool, FILE *out) {
    for (const edge_conf_diagnostic_t *diagnostic = report->first; diagnostic; diagnostic = diagnostic->next)
        fputs(edge_conf_report_text(diagnostic, pool), out);
    if (report->errors)
        fprintf(out, "%s.\n", edge_conf_report_summary(report, pool));
    fflush(out);
    if (!edge_log_is_stderr())
        log_report(report, pool);
}

/* Only a server counts; whoever looks at a configuration has no place for counters. */
static void register_counters(const edge_snapshot_t *snapshot, edge_conf_report_t *report) {
    const char *module = NULL;
    if (report->errors)
        return;
    if (edge_modules_register_counters(&module) == APR_SUCCESS &&
        (edge_listener_counters_register(snapshot) != APR_SUCCESS ||
         edge_policy_register_counters(snapshot) != APR_SUCCESS))
        edge_conf_report_add(report, false, (edge_conf_place_t){0}, "EDG20011", NULL,
                             "there are more listeners and validators than there is room for counters: some are not "
                             "counted");
    if (module)
        edge_conf_report_add(report, true, (edge_conf_place_t){0}, "EDG10042", NULL,
                             "module %s has more counters than there is room for", module);
}

apr_status_t edge_snapshot_load(const edge_snapshot_source_t *source, uint64_t generation, edge_snapshot_t **snapshot,
                                FILE *out) {
    apr_pool_t *pool;
    edge_conf_report_t report;
    apr_pool_create(&pool, NULL);
    *snapshot = edge_snapshot_build(source, generation, &report, pool, NULL);
    register_counters(*snapshot, &report);
    print_report(&report, pool, out);
    apr_pool_destroy(pool);
    if (report.errors == 0)
        return APR_SUCCESS;
    edge_snapshot_drop(*snapshot);
    *snapshot = NULL;
    return APR_EINVAL;
}

apr_status_t edge_snapshot_core_only(const edge_snapshot_source_t *source, apr_pool_t *pool, edge_snapshot_t **snapshot,
                                     FILE *out) {
    edge_conf_report_t report;
    edge_conf_report_start(&report, pool);
    *snapshot = make(0, pool);
    edge_conf_check_t check = {.pool = pool, .report = &report, .snapshot = *snapshot, .core_only = true};
    build(&check, source);
    if (report.errors == 0)
        return APR_SUCCESS;
    if (out)
        print_report(&report, pool, out);
    return APR_EINVAL;
}
