/* handoff, handoff probe: how each next hop does, and asking one. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

static bool is_true(const edge_json_value_t *value, const char *name) {
    const edge_json_value_t *found = edge_json_in_member(value, name);
    return found != NULL && found->type == EDGE_JSON_BOOL && found->truth;
}

static const char *state_of(const edge_json_value_t *hop) {
    return is_true(hop, "held") ? "held" : is_true(hop, "up") ? "up" : "down";
}

static void add_hop(ctl_table_t *table, const edge_json_value_t *hop, apr_pool_t *pool) {
    const edge_json_value_t *attempts = edge_json_in_member(hop, "attempts");
    ctl_table_add(table, ctl_member_text(hop, "backend"));
    ctl_table_add(table, ctl_member_text(hop, "queue"));
    ctl_table_add(table, ctl_member_text(hop, "protocol"));
    ctl_table_add(table, ctl_member_text(hop, "mode"));
    ctl_table_add(table, state_of(hop));
    ctl_table_add(table, ctl_member_number(hop, "in_flight", pool));
    ctl_table_add(table, ctl_member_number(attempts, "ok", pool));
    ctl_table_add(table, ctl_member_number(attempts, "tempfail", pool));
    ctl_table_add(table, ctl_member_number(attempts, "permfail", pool));
    ctl_table_add(table, apr_psprintf(pool, "%" APR_INT64_T_FMT,
                                      edge_json_in_number(attempts, "timeout", 0) +
                                          edge_json_in_number(attempts, "unreachable", 0)));
    ctl_table_add(table, ctl_member_text(edge_json_in_member(hop, "last_error"), "text"));
}

ctl_exit_t ctl_handoff(ctl_t *ctl) {
    static const char *const heads[] = {"NEXT HOP", "QUEUE",  "PROTOCOL", "MODE",       "STATE",      ">UNDER WAY",
                                        ">TAKEN",   ">LATER", ">REFUSED", ">NO ANSWER", "LAST ERROR", NULL};
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand_of_relay(ctl, "GET", "/api/v1/handoff", &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *items = edge_json_in_member(answer.document, "items");
    if (ctl_print_items(ctl, items)) {
        return CTL_OK;
    }
    ctl_table_t *table = ctl_table_make(heads, ctl->pool);
    for (const edge_json_value_t *hop = items != NULL ? items->first : NULL; hop != NULL; hop = hop->next) {
        add_hop(table, hop, ctl->pool);
    }
    ctl_table_print(table, stdout);
    return CTL_OK;
}

/* The exit status says whether a message would have been taken. */
ctl_exit_t ctl_handoff_probe(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const char *target =
        apr_pstrcat(ctl->pool, "/api/v1/handoff/", ctl_escape(ctl->arguments[0], ctl->pool), "/probe", NULL);
    if (ctl->argument_count > 1) {
        target = apr_pstrcat(ctl->pool, target, "?recipient=", ctl_escape(ctl->arguments[1], ctl->pool), NULL);
    }
    ctl_exit_t code = ctl_demand(ctl, "POST", target, &answer);
    if (code != CTL_OK) {
        return code;
    }
    if (ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else {
        printf("%s: mail for %s would be %s: %s\n", ctl->arguments[0],
               ctl_human_clean(edge_json_in_text(answer.document, "recipient"), ctl->pool),
               ctl_member_text(answer.document, "outcome"),
               ctl_human_clean(edge_json_in_text(answer.document, "text"), ctl->pool));
    }
    return strcmp(ctl_member_text(answer.document, "outcome"), "taken") == 0 ? CTL_OK : CTL_ERROR;
}
