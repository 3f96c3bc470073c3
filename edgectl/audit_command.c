/* audit: who changed what of the running server. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "proto/json_in.h"

enum { AUDIT_LIMIT, AUDIT_WHO, AUDIT_ACTION, AUDIT_TARGET };
const ctl_flag_t ctl_audit_flags[] = {
    [AUDIT_LIMIT] = {"--limit", "N", "how many at most; 100 without it"},
    [AUDIT_WHO] = {"--who", "WHO", "of whom: \"uid 0\", \"token:NAME\", \"token:*\""},
    [AUDIT_ACTION] = {"--action", "ACTION", "what was done: setting.change, \"ban.*\""},
    [AUDIT_TARGET] = {"--target", "TARGET", "to what: listener.mx.banner"},
    {.name = NULL},
};

/* "2026-11-22 16:41:09" */
static const char *moment(const edge_json_value_t *entry, apr_pool_t *pool) {
    edge_span_t time = edge_json_in_text(entry, "time");
    if (time.len < 19) {
        return NULL;
    }
    char *text = apr_pstrmemdup(pool, time.at, 19);
    text[10] = ' ';
    return text;
}

static void print_entries(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"TIME (UTC)", "WHO",   "FROM",   "ACTION", "TARGET",
                                        "BEFORE",     "AFTER", "RESULT", "REASON", NULL};
    static const char *const members[] = {"who", "from", "action", "target", "before", "after", "result", "reason"};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *entry = items != NULL ? items->first : NULL; entry != NULL; entry = entry->next) {
        ctl_table_add(table, moment(entry, pool));
        for (unsigned i = 0; i < EDGE_COUNT(members); i++) {
            ctl_table_add(table, edge_json_in_text(entry, members[i]).at);
        }
    }
    ctl_table_print(table, stdout);
}

ctl_exit_t ctl_audit(ctl_t *ctl) {
    static const char *const names[] = {
        [AUDIT_LIMIT] = "limit", [AUDIT_WHO] = "who", [AUDIT_ACTION] = "action", [AUDIT_TARGET] = "target"};
    const char *target = "/api/v1/audit", *mark = "?";
    ctl_answer_t answer = {0};
    for (unsigned i = 0; i < EDGE_COUNT(names); i++) {
        if (ctl->flags[i] != NULL) {
            target = apr_pstrcat(ctl->pool, target, mark, names[i], "=", ctl_escape(ctl->flags[i], ctl->pool), NULL);
            mark = "&";
        }
    }
    ctl_exit_t code = ctl_demand(ctl, "GET", target, &answer);
    if (code == CTL_OK) {
        const edge_json_value_t *items =
            edge_json_in_member(edge_json_in_read(answer.content, ctl->pool, NULL, NULL), "items");
        if (!ctl_print_items(ctl, items)) {
            print_entries(items, ctl->pool);
        }
    }
    return code;
}
