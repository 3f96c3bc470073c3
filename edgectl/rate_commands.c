/* rates, rates forget: who is near a rate limit, and forgetting what was counted. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

enum { LIST_VALIDATOR, LIST_LIMIT };
const ctl_flag_t ctl_rates_list_flags[] = {
    [LIST_VALIDATOR] = {"--validator", "NAME", "only the rules of this <Validator>"},
    [LIST_LIMIT] = {"--limit", "NUMBER", "how many keys; 100 without it"},
    {.name = NULL},
};

enum { FORGET_VALIDATOR };
const ctl_flag_t ctl_rates_forget_flags[] = {
    [FORGET_VALIDATOR] = {"--validator", "NAME", "only in the rules of this <Validator>"},
    {.name = NULL},
};

/* Whole seconds, rounded up. */
static const char *time_of(const edge_json_value_t *value, const char *name, apr_pool_t *pool) {
    const edge_json_value_t *member = edge_json_in_member(value, name);
    bool rest = member != NULL && member->text.at != NULL && strchr(member->text.at, '.') != NULL;
    return ctl_human_duration((edge_json_in_number(value, name, 0) + rest) * 1000000, pool);
}

static void print_rates(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"VALIDATOR", "KEY", ">LEFT", ">OF", ">NEXT", ">FULL", "ID", "RULE", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *item = items != NULL ? items->first : NULL; item != NULL; item = item->next) {
        ctl_table_add(table, ctl_member_text(item, "validator"));
        ctl_table_add(table, ctl_member_text(item, "key"));
        ctl_table_add(table, ctl_member_number(item, "left", pool));
        ctl_table_add(table, ctl_member_number(item, "burst", pool));
        ctl_table_add(table, time_of(item, "next", pool));
        ctl_table_add(table, time_of(item, "full", pool));
        ctl_table_add(table, ctl_member_text(item, "id"));
        ctl_table_add(table, ctl_member_text(item, "rule"));
    }
    ctl_table_print(table, stdout);
}

/* "?a=x" or "&a=x" behind the target; the target itself when the flag is not given. */
static const char *with_argument(const ctl_t *ctl, const char *target, const char *name, const char *value) {
    if (value == NULL) {
        return target;
    }
    return apr_pstrcat(ctl->pool, target, strchr(target, '?') != NULL ? "&" : "?", name, "=",
                       ctl_escape(value, ctl->pool), NULL);
}

ctl_exit_t ctl_rates_list(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const char *target = with_argument(ctl, "/api/v1/rates", "validator", ctl->flags[LIST_VALIDATOR]);
    ctl_exit_t code = ctl_demand(ctl, "GET", with_argument(ctl, target, "limit", ctl->flags[LIST_LIMIT]), &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *list = answer.document;
    const edge_json_value_t *items = edge_json_in_member(list, "items");
    if (!ctl_print_items(ctl, items)) {
        int64_t shown = items != NULL ? items->count : 0, all = edge_json_in_number(list, "keys", 0);
        print_rates(items, ctl->pool);
        if (all > shown) {
            printf("%" APR_INT64_T_FMT " more: --limit\n", all - shown);
        }
    }
    return CTL_OK;
}

/* Every key named is tried; the first failure gives the exit status. */
ctl_exit_t ctl_rates_forget(ctl_t *ctl) {
    ctl_exit_t first = CTL_OK;
    for (unsigned i = 0; i < ctl->argument_count; i++) {
        ctl_answer_t answer = {0};
        const char *target = apr_pstrcat(ctl->pool, "/api/v1/rates/", ctl_escape(ctl->arguments[i], ctl->pool), NULL);
        ctl_exit_t code =
            ctl_demand(ctl, "DELETE", with_argument(ctl, target, "validator", ctl->flags[FORGET_VALIDATOR]), &answer);
        if (code == CTL_OK && ctl->output != CTL_TABLE) {
            ctl_print_json(answer.content);
        } else if (code == CTL_OK) {
            const edge_json_value_t *done = answer.document;
            printf("%s forgotten (%lld)\n", ctl->arguments[i], (long long)edge_json_in_number(done, "forgotten", 0));
        }
        first = first == CTL_OK ? code : first;
    }
    return first;
}
