/* Reads, keeps and compares the configurations of the parent. */
#include "parent_conf.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/conf_world.h"
#include "edge_log.h"

EDGE_LOG_AREA(edge_parent_conf_log, "parent")

/* The core's part is wrong: a process of its own loads the modules and says all that is wrong at once, as a child would that
 * was started. False: it could not. */
static bool report_whole(const edge_snapshot_source_t *source, FILE *out) {
    edge_snapshot_t *snapshot;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(edge_snapshot_load(source, 0, &snapshot, out) == APR_SUCCESS ? 1 : 0);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

apr_status_t edge_parent_conf_read(const edge_snapshot_source_t *source, edge_parent_conf_t **conf, FILE *out) {
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    edge_parent_conf_t *made = apr_pcalloc(pool, sizeof(*made));
    made->pool = pool;
    made->record = edge_conf_record_make(edge_conf_world(source->server_root), pool);
    made->source = *source;
    made->source.world = edge_conf_record_taking(made->record);
    apr_status_t status = edge_snapshot_core_only(&made->source, pool, &made->snapshot, NULL);
    made->source.world = edge_conf_record_giving(made->record);
    if (status == APR_SUCCESS)
        *conf = made;
    else if (!report_whole(&made->source, out))
        edge_snapshot_core_only(&made->source, pool, &made->snapshot, out);
    if (status != APR_SUCCESS)
        apr_pool_destroy(pool);
    return status;
}

void edge_parent_conf_drop(edge_parent_conf_t *conf) {
    if (conf)
        apr_pool_destroy(conf->pool);
}

const edge_core_server_conf_t *edge_parent_conf_server(const edge_parent_conf_t *conf) {
    return edge_core_server_conf(conf->snapshot);
}

void edge_parent_conf_tell_difference(edge_parent_conf_t *conf) {
    apr_pool_t *pool;
    if (conf->difference_told)
        return;
    apr_pool_create(&pool, NULL);
    const char *difference = edge_conf_record_difference(conf->record, pool);
    if (difference) {
        EDGE_LOG(&edge_parent_conf_log, EDGE_LOG_WARN, 520,
                 "the last configuration that served is started again, although %s: reload to take what is written now",
                 difference);
        conf->difference_told = true;
    }
    apr_pool_destroy(pool);
}
