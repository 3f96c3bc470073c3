/* holds, holds add, holds lift: hand-off that is stopped, as a whole or in part. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

enum { ADD_FOR, ADD_REASON };
const ctl_flag_t ctl_holds_add_flags[] = {
    [ADD_FOR] = {"--for", "TIME", "90s, 15m, 1h, 2d; without it, until lifted"},
    [ADD_REASON] = {"--reason", "TEXT", "why; kept in the list and in the audit trail"},
    {.name = NULL},
};

static const char *what_of(const edge_json_value_t *hold, apr_pool_t *pool) {
    const char *value = ctl_member_text(hold, "value");
    return value != NULL ? apr_pstrcat(pool, ctl_member_text(hold, "scope"), " ", value, NULL)
                         : ctl_member_text(hold, "scope");
}

ctl_exit_t ctl_holds_list(ctl_t *ctl) {
    static const char *const heads[] = {"ID", "HELD", ">SINCE", ">ENDS IN", "BY", "REASON", NULL};
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand_of_relay(ctl, "GET", "/api/v1/queue/holds", &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *items = edge_json_in_member(answer.document, "items");
    if (ctl_print_items(ctl, items)) {
        return CTL_OK;
    }
    ctl_table_t *table = ctl_table_make(heads, ctl->pool);
    for (const edge_json_value_t *hold = items != NULL ? items->first : NULL; hold != NULL; hold = hold->next) {
        ctl_table_add(table, ctl_member_text(hold, "id"));
        ctl_table_add(table, what_of(hold, ctl->pool));
        ctl_table_add(table, ctl_member_age(hold, "since", ctl->pool));
        ctl_table_add(table, ctl_member_end(hold, "expires", ctl->pool));
        ctl_table_add(table, ctl_member_text(hold, "who"));
        ctl_table_add(table, ctl_member_text(hold, "reason"));
    }
    ctl_table_print(table, stdout);
    return CTL_OK;
}

static const char *with(ctl_t *ctl, const char *target, const char *name, const char *value) {
    return value == NULL ? target
                         : apr_pstrcat(ctl->pool, target, strchr(target, '?') != NULL ? "&" : "?", name, "=",
                                       ctl_escape(value, ctl->pool), NULL);
}

ctl_exit_t ctl_holds_add(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const char *target = with(ctl, "/api/v1/queue/holds", "scope", ctl->arguments[0]);
    target = with(ctl, target, "value", ctl->argument_count > 1 ? ctl->arguments[1] : NULL);
    target = with(ctl, target, "for", ctl->flags[ADD_FOR]);
    target = with(ctl, target, "reason", ctl->flags[ADD_REASON]);
    ctl_exit_t code = ctl_demand_of_relay(ctl, "POST", target, &answer);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        const char *end = ctl_member_end(answer.document, "expires", ctl->pool);
        bool never = strcmp(end, "never") == 0;
        printf("%s held, %s%s; edgectl holds lift %s\n", what_of(answer.document, ctl->pool),
               never ? "until lifted" : "ends in ", never ? "" : end, ctl_member_text(answer.document, "id"));
    }
    return code;
}

/* Every id named is tried; the first failure gives the exit status. */
ctl_exit_t ctl_holds_lift(ctl_t *ctl) {
    ctl_exit_t first = CTL_OK;
    for (unsigned i = 0; i < ctl->argument_count; i++) {
        ctl_answer_t answer = {0};
        ctl_exit_t code = ctl_demand(
            ctl, "DELETE",
            apr_pstrcat(ctl->pool, "/api/v1/queue/holds/", ctl_escape(ctl->arguments[i], ctl->pool), NULL), &answer);
        if (code == CTL_OK && ctl->output != CTL_TABLE) {
            ctl_print_json(answer.content);
        } else if (code == CTL_OK) {
            printf("%s goes on\n", what_of(answer.document, ctl->pool));
        }
        first = first == CTL_OK ? code : first;
    }
    return first;
}
