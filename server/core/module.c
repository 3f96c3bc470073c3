/* The table of modules: loads shared objects, checks their ABI, calls them at their times. */
#include "core/module.h"

#include <apr_dso.h>
#include <apr_strings.h>
#include <dlfcn.h>

#include "core/core_conf.h"
#include "edge_log.h"
#include "edge_obj.h"

EDGE_LOG_AREA(edge_module_log, "module")

#define SUFFIX "_module"

static edge_module_t *table[EDGE_MODULES_MOST];
static const char *paths[EDGE_MODULES_MOST];
static unsigned count;

void edge_modules_begin(void) {
    if (count > 0)
        return;
    edge_core_module.name = "core";
    table[count++] = &edge_core_module;
}

const edge_module_t *edge_module_at(unsigned index) { return index < count ? table[index] : NULL; }

const char *edge_module_path(unsigned index) { return index < count ? paths[index] : NULL; }

const edge_module_t *edge_module_find(edge_span_t name) {
    for (unsigned i = 0; i < count; i++)
        if (edge_span_equal(name, edge_span_of(table[i]->name)))
            return table[i];
    return NULL;
}

/* "spf_module" -> "spf"; NULL when it does not end so. */
static const char *name_of(const char *symbol, apr_pool_t *pool) {
    size_t len = strlen(symbol), suffix = sizeof(SUFFIX) - 1;
    if (len <= suffix || strcmp(symbol + len - suffix, SUFFIX) != 0)
        return NULL;
    return apr_pstrmemdup(pool, symbol, len - suffix);
}

static apr_status_t check_abi(apr_dso_handle_t *handle, const char *symbol, apr_pool_t *pool, const char **why) {
    apr_dso_handle_sym_t found;
    if (apr_dso_sym(&found, handle, apr_pstrcat(pool, symbol, "_abi", NULL)) != APR_SUCCESS) {
        *why = apr_psprintf(pool, "it has no symbol %s_abi: is it a module of this name?", symbol);
        return APR_EGENERAL;
    }
    uint32_t abi = *(const uint32_t *)found;
    if (abi == EDGE_MODULE_ABI)
        return APR_SUCCESS;
    *why =
        apr_psprintf(pool, "it was built for module ABI %u, this server has %u: build it again", abi, EDGE_MODULE_ABI);
    return APR_EGENERAL;
}

static const char *dso_trouble(apr_dso_handle_t *handle, apr_pool_t *pool) {
    char text[512];
    return apr_pstrdup(pool, apr_dso_error(handle, text, sizeof(text)));
}

apr_status_t edge_module_load(const char *symbol, const char *path, apr_pool_t *pool, const char **why) {
    apr_dso_handle_t *handle;
    apr_dso_handle_sym_t found;
    const char *name = name_of(symbol, pool);
    if (!name) {
        *why = "the name must end in _module";
        return APR_EINVAL;
    }
    if (edge_module_find(edge_span_of(name)))
        return APR_EEXIST;
    if (count == EDGE_MODULES_MOST) {
        *why = apr_psprintf(pool, "more than %d modules", EDGE_MODULES_MOST);
        return APR_ENOSPC;
    }
    if (apr_dso_load(&handle, path, pool) != APR_SUCCESS) {
        *why = dso_trouble(handle, pool);
        return APR_EGENERAL;
    }
    /* Never unloaded, not even at the end: a thread of the module may be running its code until the very last. */
    dlopen(path, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    apr_status_t status = check_abi(handle, symbol, pool, why);
    if (status != APR_SUCCESS)
        return status;
    if (apr_dso_sym(&found, handle, symbol) != APR_SUCCESS) {
        *why = apr_psprintf(pool, "it has no symbol %s", symbol);
        return APR_EGENERAL;
    }
    edge_module_t *module = found;
    module->name = name;
    paths[count] = apr_pstrdup(pool, path);
    table[count++] = module;
    return APR_SUCCESS;
}

apr_status_t edge_modules_register_counters(const char **why) {
    for (unsigned i = 1; i < count; i++) {
        unsigned rows = 0;
        while (table[i]->counters && table[i]->counters[rows].name)
            rows++;
        if (rows == 0)
            continue;
        apr_status_t status = edge_counter_register(table[i]->name, table[i]->counters, rows, &table[i]->first_counter);
        if (status != APR_SUCCESS) {
            *why = table[i]->name;
            return status;
        }
    }
    return APR_SUCCESS;
}

apr_status_t edge_modules_start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    for (unsigned i = 0; i < count; i++) {
        apr_status_t status = table[i]->start ? table[i]->start(snapshot, pool) : APR_SUCCESS;
        if (status != APR_SUCCESS) {
            EDGE_LOG_STATUS(&edge_module_log, EDGE_LOG_ERROR, 420, status, "module %s does not start", table[i]->name);
            return status;
        }
    }
    return APR_SUCCESS;
}

void edge_modules_stop(void) {
    for (unsigned i = count; i-- > 0;)
        if (table[i]->stop)
            table[i]->stop();
}

apr_status_t edge_modules_worker_start(edge_worker_t *worker) {
    for (unsigned i = 0; i < count; i++) {
        apr_status_t status = table[i]->worker_start ? table[i]->worker_start(worker) : APR_SUCCESS;
        if (status != APR_SUCCESS) {
            EDGE_LOG_STATUS(&edge_module_log, EDGE_LOG_ERROR, 421, status, "module %s does not start on worker %u",
                            table[i]->name, edge_worker_index(worker));
            return status;
        }
    }
    return APR_SUCCESS;
}

void edge_modules_worker_stop(edge_worker_t *worker) {
    for (unsigned i = count; i-- > 0;)
        if (table[i]->worker_stop)
            table[i]->worker_stop(worker);
}

bool edge_modules_drain(bool now) {
    bool idle = true;
    for (unsigned i = 0; i < count; i++)
        if (table[i]->drain)
            idle = table[i]->drain(now) && idle;
    return idle;
}
