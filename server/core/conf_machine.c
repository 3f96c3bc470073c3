/* Checks the accounts and directories that a configuration names. */
#include "core/conf_machine.h"

#include <apr_strings.h>
#include <apr_user.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core_conf.h"

static bool has_user(const char *name, apr_pool_t *pool) {
    apr_uid_t user;
    apr_gid_t group;
    return apr_uid_get(&user, &group, name, pool) == APR_SUCCESS;
}

static bool has_group(const char *name, apr_pool_t *pool) {
    apr_gid_t group;
    return apr_gid_get(&group, name, pool) == APR_SUCCESS;
}

static void check_accounts(edge_conf_check_t *check, const edge_section_t *server,
                           const edge_core_server_conf_t *conf) {
    if (conf->user.len && !has_user(conf->user.at, check->pool))
        edge_conf_report_add(check->report, true, edge_conf_place_of_argument(edge_section_written(server, "User"), 0),
                             "EDG10070",
                             apr_psprintf(check->pool, "make it: useradd --system --no-create-home %s", conf->user.at),
                             "there is no user \"%s\" on this machine", conf->user.at);
    if (conf->group.len && !has_group(conf->group.at, check->pool))
        edge_conf_report_add(check->report, true, edge_conf_place_of_argument(edge_section_written(server, "Group"), 0),
                             "EDG10071", apr_psprintf(check->pool, "make it: groupadd --system %s", conf->group.at),
                             "there is no group \"%s\" on this machine", conf->group.at);
}

/* The nearest directory above `path` that exists, or whatever stands in its way. */
static const char *nearest_existing(const char *path, struct stat *facts, apr_pool_t *pool) {
    char *at = apr_pstrdup(pool, path);
    while (stat(at, facts) < 0) {
        char *slash = strrchr(at, '/');
        if (errno == ENOTDIR || !slash)
            facts->st_mode = 0;
        if (!slash)
            return at;
        slash[slash == at ? 1 : 0] = '\0';
    }
    return at;
}

/* `directory` is there, or can be made. */
static void check_directory(edge_conf_check_t *check, const edge_section_t *section, const char *directive,
                            const char *directory) {
    struct stat facts;
    const char *existing = nearest_existing(directory, &facts, check->pool);
    if (!S_ISDIR(facts.st_mode))
        edge_conf_error_in(check, section, directive, "EDG10072",
                           "\"%s\" needs the directory %s, but %s is no directory", directive, directory, existing);
    else if (access(existing, W_OK) < 0)
        edge_conf_warn_in(check, section, directive, "EDG20005",
                          "\"%s\" needs the directory %s, but %s may not be written by who runs this", directive,
                          directory, existing);
}

/* `path` is a file: it is its directory that counts. */
static void check_file(edge_conf_check_t *check, const edge_section_t *section, const char *directive,
                       edge_span_t path) {
    struct stat facts;
    const char *slash = path.len ? strrchr(path.at, '/') : NULL;
    if (!slash)
        return;
    if (stat(path.at, &facts) == 0 && S_ISDIR(facts.st_mode))
        edge_conf_error_in(check, section, directive, "EDG10073", "\"%s\" needs a file, but %s is a directory",
                           directive, path.at);
    else
        check_directory(check, section, directive,
                        slash == path.at ? "/" : apr_pstrmemdup(check->pool, path.at, (apr_size_t)(slash - path.at)));
}

static void check_queue(edge_conf_check_t *check, const edge_section_t *section) {
    const edge_conf_node_t *spool = edge_section_written(section, "Spool");
    if (!spool || spool->count != 1 || spool->arguments[0].text.len == 0)
        return;
    const char *path = spool->arguments[0].text.at;
    check_directory(check, section, "Spool",
                    path[0] == '/' ? path : apr_pstrcat(check->pool, check->server_root, "/", path, NULL));
}

static void check_admin(edge_conf_check_t *check, const edge_section_t *section) {
    const edge_core_admin_conf_t *conf = edge_section_conf(section, &edge_core_module);
    check_file(check, section, "AuditLog", conf->audit_log);
    check_file(check, section, "Overrides", conf->overrides);
}

void edge_conf_machine_check(edge_conf_check_t *check) {
    const edge_section_t *server = edge_snapshot_server(check->snapshot);
    const edge_core_server_conf_t *conf = edge_section_conf(server, &edge_core_module);
    check_accounts(check, server, conf);
    check_file(check, server, "PidFile", conf->pid_file);
    check_file(check, server, "ControlSocket", conf->control_socket);
    check_file(check, server, "ErrorLog", conf->error_log);
    for (unsigned i = 0; i < conf->transaction_log_count; i++)
        check_file(check, server, "TransactionLog", conf->transaction_logs[i]);
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_QUEUE)
            check_queue(check, section);
        else if (section->scope == EDGE_SCOPE_ADMIN)
            check_admin(check, section);
}
