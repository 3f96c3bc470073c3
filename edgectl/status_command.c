/* status and version. */
#include <apr_strings.h>
#include <stdlib.h>

#include "commands.h"
#include "control_client.h"
#include "edge_json.h"
#include "human.h"
#include "member.h"
#include "process.h"
#include "proto/json_in.h"
#include "queue_table.h"

static const char *join(const edge_json_value_t *array, apr_pool_t *pool) {
    const char *all = "";
    for (const edge_json_value_t *item = array != NULL ? array->first : NULL; item != NULL; item = item->next) {
        all = apr_pstrcat(pool, all, all[0] != '\0' ? " " : "", item->text.at, NULL);
    }
    return all;
}

static void print_listeners(const edge_json_value_t *listeners, apr_pool_t *pool) {
    static const char *const heads[] = {"LISTENER", "PROTOCOL", "TLS", "QUEUE", "ADDRESSES", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *row = listeners != NULL ? listeners->first : NULL; row != NULL; row = row->next) {
        ctl_table_add(table, ctl_member_text(row, "name"));
        ctl_table_add(table, ctl_member_text(row, "protocol"));
        ctl_table_add(table, ctl_member_text(row, "tls"));
        ctl_table_add(table, ctl_member_text(row, "queue"));
        ctl_table_add(table, join(edge_json_in_member(row, "addresses"), pool));
    }
    ctl_table_print(table, stdout);
}

/* Of all series of a family whose labels hold `part`. */
static int64_t sum_of(const edge_json_value_t *counters, const char *family, const char *part) {
    int64_t sum = 0;
    for (const edge_json_value_t *each = counters != NULL ? counters->first : NULL; each != NULL; each = each->next) {
        edge_span_t rest = each->name;
        if (edge_span_starts_nocase(rest, edge_span_of(family)) &&
            memmem(rest.at, rest.len, part, strlen(part)) != NULL) {
            sum += strtoll(each->text.at, NULL, 10);
        }
    }
    return sum;
}

static void print_status(const edge_json_value_t *status, apr_pool_t *pool) {
    const edge_json_value_t *counters = edge_json_in_member(status, "counters"),
                            *uptime = edge_json_in_member(status, "uptime");
    double seconds = uptime != NULL && uptime->type == EDGE_JSON_NUMBER ? strtod(uptime->text.at, NULL) : 0;
    printf("edged %s, process %lld, generation %lld for %s\n",
           ctl_member_text(status, "version") != NULL ? ctl_member_text(status, "version") : "?",
           (long long)edge_json_in_number(status, "pid", 0), (long long)edge_json_in_number(status, "generation", 0),
           ctl_human_duration((int64_t)(seconds * 1000000), pool));
    printf("sessions %lld of %lld, workers %lld\n", (long long)edge_json_in_number(status, "sessions", 0),
           (long long)edge_json_in_number(status, "sessions_most", 0),
           (long long)edge_json_in_number(status, "workers", 0));
    printf("messages accepted %lld, refused %lld, deferred %lld\n\n",
           (long long)sum_of(counters, "messages_total", "outcome=\"accepted\""),
           (long long)sum_of(counters, "messages_total", "outcome=\"rejected\""),
           (long long)sum_of(counters, "messages_total", "outcome=\"tempfail\""));
    print_listeners(edge_json_in_member(status, "listeners"), pool);
    printf("\n");
    ctl_queue_table_stat(edge_json_in_member(status, "queues"), pool);
}

ctl_exit_t ctl_status(ctl_t *ctl) {
    ctl_answer_t answer;
    ctl_exit_t code = ctl_ask(ctl, "GET", "/api/v1/status", NULL, &answer);
    if (ctl_may_go_offline(ctl, code) && ctl_find_parent(ctl) == 0) {
        ctl_say("not running");
        return code;
    }
    if (code != CTL_OK) {
        return ctl_say_unreachable(ctl, code);
    }
    if ((code = ctl_answer_exit(ctl, &answer)) != CTL_OK) {
        return code;
    }
    if (ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
        return CTL_OK;
    }
    print_status(answer.document, ctl->pool);
    return CTL_OK;
}

/* Works without a server and without a configuration. */
ctl_exit_t ctl_version(ctl_t *ctl) {
    ctl_answer_t answer;
    const char *why, *server = NULL;
    ctl->configuration = ctl_configuration_read(ctl->path, ctl->server_root, ctl->defines, ctl->pool, &why);
    if (ctl->configuration != NULL && ctl_ask(ctl, "GET", "/api/v1/status", NULL, &answer) == CTL_OK &&
        answer.status == 200) {
        server = ctl_member_text(answer.document, "version");
    }
    if (ctl->output != CTL_TABLE) {
        edge_json_t json;
        edge_json_start(&json, ctl->pool, 128);
        edge_json_object(&json);
        edge_json_put_string(&json, "edgectl", EDGE_VERSION);
        edge_json_put_string(&json, "server", server);
        edge_json_object_end(&json);
        ctl_print_json(edge_span(json.text, json.len));
        return CTL_OK;
    }
    printf("edgectl %s\n", EDGE_VERSION);
    if (server != NULL) {
        printf("server %s\n", ctl_human_clean(edge_span_of(server), ctl->pool));
    }
    return CTL_OK;
}

ctl_exit_t ctl_metrics(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", "/metrics", &answer);
    if (code == CTL_OK) {
        fwrite(answer.content.at, 1, answer.content.len, stdout);
    }
    return code;
}
