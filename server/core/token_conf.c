/* Reads the token file that the configuration names. */
#include "core/token_conf.h"

#include "core/core_conf.h"
#include "core/tokens.h"

typedef struct where {
    edge_conf_check_t *check;
    const edge_section_t *section;
    const char *path;
} where_t;

static void report(void *context, unsigned line, const char *what) {
    const where_t *where = context;
    if (line > 0)
        edge_conf_error_in(where->check, where->section, "TokenFile", "EDG10340", "%s:%u: %s", where->path, line, what);
    else
        edge_conf_error_in(where->check, where->section, "TokenFile", "EDG10341", "%s: %s", where->path, what);
}

void edge_token_conf_load(edge_conf_check_t *check, const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    const edge_section_t *admin = edge_core_admin_section(snapshot);
    where_t where = {check, admin ? admin : edge_snapshot_server(snapshot),
                     edge_core_admin_conf(snapshot, pool).token_file.at};
    edge_file_stamp_t stamp;
    if (!where.path)
        return; /* it was written wrongly, which has been said */
    edge_token_table_t *table = edge_token_table_read(where.path, &stamp, report, &where);
    edge_tokens_use(where.path, table, stamp);
}
