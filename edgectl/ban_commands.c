/* bans, bans add, bans lift: addresses that are not served for a while. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

enum { ADD_FOR, ADD_REASON };
const ctl_flag_t ctl_bans_add_flags[] = {
    [ADD_FOR] = {"--for", "TIME", "90s, 15m, 1h, 2d; without it, until lifted"},
    [ADD_REASON] = {"--reason", "TEXT", "shown in the list"},
    {.name = NULL},
};

static void print_bans(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"ADDRESS", "SOURCE", ">SINCE", ">ENDS IN", ">HITS", "REASON", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *ban = items != NULL ? items->first : NULL; ban != NULL; ban = ban->next) {
        const char *reason = ctl_member_text(ban, "reason");
        ctl_table_add(table, ctl_member_text(ban, "address"));
        ctl_table_add(table, ctl_member_text(ban, "source"));
        ctl_table_add(table, ctl_member_age(ban, "since", pool));
        ctl_table_add(table, ctl_member_end(ban, "expires", pool));
        ctl_table_add(table, apr_psprintf(pool, "%" APR_INT64_T_FMT, edge_json_in_number(ban, "hits", 0)));
        ctl_table_add(table, reason != NULL && reason[0] != '\0' ? reason : NULL);
    }
    ctl_table_print(table, stdout);
}

ctl_exit_t ctl_bans_list(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", "/api/v1/bans", &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *items = edge_json_in_member(answer.document, "items");
    if (!ctl_print_items(ctl, items)) {
        print_bans(items, ctl->pool);
    }
    return CTL_OK;
}

ctl_exit_t ctl_bans_add(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const char *target =
        apr_pstrcat(ctl->pool, "/api/v1/bans?address=", ctl_escape(ctl->arguments[0], ctl->pool), NULL);
    if (ctl->flags[ADD_FOR] != NULL) {
        target = apr_pstrcat(ctl->pool, target, "&for=", ctl_escape(ctl->flags[ADD_FOR], ctl->pool), NULL);
    }
    if (ctl->flags[ADD_REASON] != NULL) {
        target = apr_pstrcat(ctl->pool, target, "&reason=", ctl_escape(ctl->flags[ADD_REASON], ctl->pool), NULL);
    }
    ctl_exit_t code = ctl_demand(ctl, "POST", target, &answer);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        const edge_json_value_t *ban = answer.document;
        const char *end = ctl_member_end(ban, "expires", ctl->pool);
        printf("%s banned, %s%s\n", ctl_human_clean(edge_json_in_text(ban, "address"), ctl->pool),
               strcmp(end, "never") == 0 ? "until lifted" : "ends in ", strcmp(end, "never") == 0 ? "" : end);
    }
    return code;
}

/* Every address named is tried; the first failure gives the exit status. */
ctl_exit_t ctl_bans_lift(ctl_t *ctl) {
    ctl_exit_t first = CTL_OK;
    for (unsigned i = 0; i < ctl->argument_count; i++) {
        ctl_answer_t answer = {0};
        ctl_exit_t code = ctl_demand(
            ctl, "DELETE", apr_pstrcat(ctl->pool, "/api/v1/bans/", ctl_escape(ctl->arguments[i], ctl->pool), NULL),
            &answer);
        if (code == CTL_OK && ctl->output != CTL_TABLE) {
            ctl_print_json(answer.content);
        } else if (code == CTL_OK) {
            const edge_json_value_t *done = answer.document;
            printf("%s lifted (%lld)\n", ctl->arguments[i], (long long)edge_json_in_number(done, "lifted", 0));
        }
        first = first == CTL_OK ? code : first;
    }
    return first;
}
