/* listeners, drain, undrain, health, ready: who takes connections, and how the server does. */
#include <apr_strings.h>
#include <apr_time.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

enum { REASON };
const ctl_flag_t ctl_listeners_reason_flags[] = {
    [REASON] = {"--reason", "TEXT", "why, for the log and the audit trail"},
    {.name = NULL},
};
enum { DRAIN_REASON, DRAIN_DEADLINE, DRAIN_EXIT, DRAIN_WAIT };
const ctl_flag_t ctl_drain_flags[] = {
    [DRAIN_REASON] = {"--reason", "TEXT", "why, for the log and the audit trail; needed"},
    [DRAIN_DEADLINE] = {"--deadline", "TIME",
                        "sessions that are left then are ended at once: 90s, 15m; 120s without it"},
    [DRAIN_EXIT] = {"--exit", NULL, "stop the server when no session is left"},
    [DRAIN_WAIT] = {"--wait", NULL, "come back when no session is left"},
    {.name = NULL},
};

static const char *join(const edge_json_value_t *array, apr_pool_t *pool) {
    const char *all = "";
    for (const edge_json_value_t *item = array != NULL ? array->first : NULL; item != NULL; item = item->next) {
        all = apr_pstrcat(pool, all, all[0] != '\0' ? " " : "", item->text.at, NULL);
    }
    return all;
}

static void print_listeners(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"LISTENER", "PROTOCOL",  "TLS",       "STATE",     ">SESSIONS",
                                        ">MOST",    ">MESSAGES", ">REJECTED", "ADDRESSES", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *row = items != NULL ? items->first : NULL; row != NULL; row = row->next) {
        const edge_json_value_t *totals = edge_json_in_member(row, "totals");
        ctl_table_add(table, ctl_member_text(row, "name"));
        ctl_table_add(table, ctl_member_text(row, "protocol"));
        ctl_table_add(table, ctl_member_text(edge_json_in_member(row, "tls"), "mode"));
        ctl_table_add(table, ctl_member_text(row, "state"));
        ctl_table_add(table, ctl_member_number(row, "sessions", pool));
        ctl_table_add(table, ctl_member_number(row, "most", pool));
        ctl_table_add(table, ctl_member_number(totals, "messages", pool));
        ctl_table_add(table, ctl_member_number(totals, "rejected", pool));
        ctl_table_add(table, join(edge_json_in_member(row, "addresses"), pool));
    }
    ctl_table_print(table, stdout);
}

ctl_exit_t ctl_listeners_list(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", "/api/v1/listeners", &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *items = edge_json_in_member(answer.document, "items");
    if (!ctl_print_items(ctl, items)) {
        print_listeners(items, ctl->pool);
    }
    return CTL_OK;
}

static const char *with_reason(const ctl_t *ctl, const char *target, const char *reason) {
    return reason == NULL ? target
                          : apr_pstrcat(ctl->pool, target, strchr(target, '?') != NULL ? "&" : "?",
                                        "reason=", ctl_escape(reason, ctl->pool), NULL);
}

static ctl_exit_t set_state(ctl_t *ctl, const char *verb) {
    ctl_answer_t answer = {0};
    const char *target =
        apr_pstrcat(ctl->pool, "/api/v1/listeners/", ctl_escape(ctl->arguments[0], ctl->pool), "/", verb, NULL);
    ctl_exit_t code = ctl_demand(ctl, "POST", with_reason(ctl, target, ctl->flags[REASON]), &answer);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        const edge_json_value_t *listener = answer.document;
        printf("%s is %s, %s sessions\n", ctl->arguments[0], ctl_member_text(listener, "state"),
               ctl_member_number(listener, "sessions", ctl->pool));
    }
    return code;
}

ctl_exit_t ctl_listeners_pause(ctl_t *ctl) { return set_state(ctl, "pause"); }
ctl_exit_t ctl_listeners_resume(ctl_t *ctl) { return set_state(ctl, "resume"); }
ctl_exit_t ctl_listeners_drain(ctl_t *ctl) { return set_state(ctl, "drain"); }

/* Drain */

static ctl_exit_t print_drain(const ctl_t *ctl, const ctl_answer_t *answer) {
    const edge_json_value_t *drain = answer->document;
    if (ctl->output != CTL_TABLE) {
        ctl_print_json(answer->content);
    } else {
        const edge_json_value_t *on = edge_json_in_member(drain, "draining");
        printf("%s, %s sessions\n", on != NULL && on->truth ? "draining" : "not draining",
               ctl_member_number(drain, "sessions", ctl->pool));
    }
    return CTL_OK;
}

/* A server that has stopped meanwhile has no sessions either. */
static ctl_exit_t wait_for_sessions(ctl_t *ctl) {
    for (;;) {
        ctl_answer_t answer = {0};
        ctl_exit_t code = ctl_ask(ctl, "GET", "/api/v1/drain", NULL, &answer);
        if (code == CTL_UNREACHABLE) {
            return CTL_OK;
        }
        if (code != CTL_OK) {
            return ctl_say_unreachable(ctl, code);
        }
        const edge_json_value_t *drain = answer.document, *on = edge_json_in_member(drain, "draining");
        if (edge_json_in_number(drain, "sessions", 0) == 0) {
            return CTL_OK;
        }
        if (on == NULL || !on->truth) {
            ctl_say("the drain was ended by somebody else");
            return CTL_ERROR;
        }
        apr_sleep(200000);
    }
}

ctl_exit_t ctl_drain(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    if (ctl->flags[DRAIN_REASON] == NULL) {
        ctl_say("say why, by --reason TEXT");
        return CTL_USAGE;
    }
    const char *target =
        apr_pstrcat(ctl->pool, "/api/v1/drain?exit=", ctl->flags[DRAIN_EXIT] != NULL ? "true" : "false", NULL);
    if (ctl->flags[DRAIN_DEADLINE] != NULL) {
        target = apr_pstrcat(ctl->pool, target, "&deadline=", ctl_escape(ctl->flags[DRAIN_DEADLINE], ctl->pool), NULL);
    }
    ctl_exit_t code = ctl_demand(ctl, "POST", with_reason(ctl, target, ctl->flags[DRAIN_REASON]), &answer);
    if (code == CTL_OK) {
        code = ctl->flags[DRAIN_WAIT] != NULL ? wait_for_sessions(ctl) : print_drain(ctl, &answer);
    }
    return code;
}

ctl_exit_t ctl_undrain(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "DELETE", with_reason(ctl, "/api/v1/drain", ctl->flags[REASON]), &answer);
    return code == CTL_OK ? print_drain(ctl, &answer) : code;
}

/* Health */

static void print_health(const edge_json_value_t *health, apr_pool_t *pool) {
    static const char *const heads[] = {"CHECK", "STATUS", "SINCE", "DETAIL", NULL};
    const edge_json_value_t *checks = edge_json_in_member(health, "checks");
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *check = checks != NULL ? checks->first : NULL; check != NULL; check = check->next) {
        ctl_table_add(table, ctl_member_text(check, "name"));
        ctl_table_add(table, ctl_member_text(check, "status"));
        ctl_table_add(table, ctl_member_text(check, "since"));
        ctl_table_add(table, ctl_member_text(check, "detail"));
    }
    ctl_table_print(table, stdout);
}

/* 1 when something fails, so that a script may ask. */
ctl_exit_t ctl_health(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", "/api/v1/health", &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *health = answer.document;
    if (ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else {
        print_health(health, ctl->pool);
    }
    return edge_span_equal(edge_json_in_text(health, "status"), edge_span_of("fail")) ? CTL_ERROR : CTL_OK;
}

ctl_exit_t ctl_ready(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_ask(ctl, "GET", "/readyz", NULL, &answer);
    if (code != CTL_OK) {
        return ctl_say_unreachable(ctl, code);
    }
    fwrite(answer.content.at, 1, answer.content.len, stdout);
    return answer.status == 200 ? CTL_OK : CTL_ERROR;
}
