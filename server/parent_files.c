/* Opens, moves and removes the parent's log and PidFile. */
#include "parent_files.h"

#include "edge_log.h"
#include "pidfile.h"
#include "priv.h"
#include "standard_error.h"

extern edge_log_area_t edge_parent_conf_log;

static const edge_core_server_conf_t *server_conf(const edge_parent_files_t *files) {
    return edge_parent_conf_server(files->conf);
}

/* NULL: standard error. */
static const char *log_path(const edge_parent_files_t *files) {
    edge_span_t path = server_conf(files)->error_log;
    return files->foreground || path.len == 0 ? NULL : path.at;
}

static void make_directories(const edge_parent_files_t *files) {
    const edge_core_server_conf_t *conf = server_conf(files);
    edge_identity_t identity;
    if (edge_priv_find(conf->user, conf->group, &identity) != APR_SUCCESS)
        return;
    if (log_path(files))
        edge_priv_directory_of(log_path(files), &identity);
    edge_priv_directory_of(conf->pid_file.at, &identity);
}

static apr_status_t open_log(const edge_parent_files_t *files) {
    apr_status_t status = edge_log_open(log_path(files));
    if (status != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_parent_conf_log, EDGE_LOG_ERROR, 516, status, "cannot open ErrorLog %s", log_path(files));
    return status;
}

/* The child opens the log anew by itself when it is rotated, and is then no longer root. */
static void give_log(const edge_parent_files_t *files) {
    const edge_core_server_conf_t *conf = server_conf(files);
    edge_identity_t identity;
    if (!log_path(files) || edge_priv_find(conf->user, conf->group, &identity) != APR_SUCCESS)
        return;
    apr_status_t status = edge_priv_file(log_path(files), &identity);
    if (status != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_parent_conf_log, EDGE_LOG_WARN, 518, status, "ErrorLog %s cannot be given to User",
                        log_path(files));
}

static void follow_log(const edge_parent_files_t *files) {
    if (!files->foreground)
        edge_standard_error_follow();
}

static void write_pid(const edge_parent_files_t *files) {
    const char *path = server_conf(files)->pid_file.at;
    apr_status_t status = edge_pidfile_write(path);
    if (status != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_parent_conf_log, EDGE_LOG_ERROR, 505, status, "cannot write PidFile %s", path);
}

apr_status_t edge_parent_files_open(const edge_parent_files_t *files) {
    make_directories(files);
    apr_status_t status = open_log(files);
    if (status == APR_SUCCESS)
        give_log(files);
    return status;
}

void edge_parent_files_settle(const edge_parent_files_t *files) {
    write_pid(files);
    follow_log(files);
}

void edge_parent_files_move(edge_parent_files_t *files, const edge_parent_conf_t *conf) {
    edge_parent_files_t before = *files;
    files->conf = conf;
    make_directories(files);
    if (!edge_span_equal(server_conf(&before)->error_log, server_conf(files)->error_log))
        open_log(files);
    give_log(files); /* User may be another */
    follow_log(files);
    if (!edge_span_equal(server_conf(&before)->pid_file, server_conf(files)->pid_file)) {
        write_pid(files);
        edge_parent_files_remove(&before);
    }
}

void edge_parent_files_reopen(const edge_parent_files_t *files) {
    apr_status_t status = edge_log_reopen();
    give_log(files);
    if (status != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_parent_conf_log, EDGE_LOG_ERROR, 514, status,
                        "cannot reopen the error log; the old one goes on");
    follow_log(files);
}

void edge_parent_files_remove(const edge_parent_files_t *files) {
    edge_pidfile_remove(server_conf(files)->pid_file.at);
}
