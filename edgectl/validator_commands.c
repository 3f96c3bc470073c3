/* validators, validators stats, validators mode: what each validator came to, and how it counts. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

static const char *number_text(int64_t number, apr_pool_t *pool) {
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}

/* Over both modes: a row says what the validator thought, MODE says what came of it. */
static int64_t answers(const edge_json_value_t *binding, const char *result) {
    const edge_json_value_t *results = edge_json_in_member(binding, "results");
    return edge_json_in_number(edge_json_in_member(results, "enforce"), result, 0) +
           edge_json_in_number(edge_json_in_member(results, "shadow"), result, 0);
}

/* "shadow (enforce)": what holds, and what is written where they differ. */
static const char *mode_of(const edge_json_value_t *binding, apr_pool_t *pool) {
    const char *mode = ctl_member_text(binding, "mode"), *written = ctl_member_text(binding, "written");
    return mode != NULL && written != NULL && strcmp(mode, written) != 0 ? apr_psprintf(pool, "%s (%s)", mode, written)
                                                                         : mode;
}

static void add_binding(ctl_table_t *table, const edge_json_value_t *validator, const edge_json_value_t *binding,
                        apr_pool_t *pool) {
    int64_t errors = answers(binding, "error") + answers(binding, "timeout");
    ctl_table_add(table, ctl_member_text(validator, "name"));
    ctl_table_add(table, ctl_member_text(binding, "listener"));
    ctl_table_add(table, ctl_member_text(binding, "command"));
    ctl_table_add(table, ctl_member_number(binding, "order", pool));
    ctl_table_add(table, mode_of(binding, pool));
    ctl_table_add(table, number_text(answers(binding, "pass") + answers(binding, "change"), pool));
    ctl_table_add(table, number_text(answers(binding, "tempfail"), pool));
    ctl_table_add(table, number_text(answers(binding, "reject"), pool));
    ctl_table_add(table, number_text(errors, pool));
    ctl_table_add(table, ctl_member_number(binding, "differences", pool));
    ctl_table_add(table, apr_psprintf(pool, "%s:%" APR_INT64_T_FMT, ctl_member_text(binding, "file"),
                                      edge_json_in_number(binding, "line", 0)));
}

static void print_validators(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"VALIDATOR", "LISTENER", "COMMAND", ">ORDER",          "MODE",  ">PASSED",
                                        ">TEMPFAIL", ">REJECT",  ">ERROR",  ">SHADOW DIFFERS", "WHERE", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *validator = items != NULL ? items->first : NULL; validator != NULL;
         validator = validator->next) {
        const edge_json_value_t *bindings = edge_json_in_member(validator, "bindings");
        for (const edge_json_value_t *binding = bindings != NULL ? bindings->first : NULL; binding != NULL;
             binding = binding->next) {
            add_binding(table, validator, binding, pool);
        }
    }
    ctl_table_print(table, stdout);
}

ctl_exit_t ctl_validators_list(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", "/api/v1/validators", &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *items = edge_json_in_member(answer.document, "items");
    if (!ctl_print_items(ctl, items)) {
        print_validators(items, ctl->pool);
    }
    return CTL_OK;
}

static void add_answers(ctl_table_t *table, const edge_json_value_t *command, const char *mode, apr_pool_t *pool) {
    static const char *const results[] = {"pass", "change", "tempfail", "reject", "error", "timeout"};
    const edge_json_value_t *of_mode = edge_json_in_member(edge_json_in_member(command, "results"), mode);
    ctl_table_add(table, ctl_member_text(command, "command"));
    ctl_table_add(table, mode);
    for (unsigned i = 0; i < EDGE_COUNT(results); i++) {
        ctl_table_add(table, ctl_member_number(of_mode, results[i], pool));
    }
}

static void print_answers(const edge_json_value_t *commands, apr_pool_t *pool) {
    static const char *const heads[] = {"COMMAND", "MODE",   ">PASS",    ">CHANGE", ">TEMPFAIL",
                                        ">REJECT", ">ERROR", ">TIMEOUT", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *one = commands != NULL ? commands->first : NULL; one != NULL; one = one->next) {
        add_answers(table, one, "enforce", pool);
        add_answers(table, one, "shadow", pool);
    }
    ctl_table_print(table, stdout);
    for (const edge_json_value_t *one = commands != NULL ? commands->first : NULL; one != NULL; one = one->next) {
        printf("%s: not asked %s times, shadow differed %s times\n", ctl_member_text(one, "command"),
               ctl_member_number(one, "skipped", pool), ctl_member_number(one, "differences", pool));
    }
}

/* "0.001 s", as the server tells it; "none": there is no such bound. */
static const char *seconds_of(const edge_json_value_t *value, const char *name, apr_pool_t *pool) {
    const edge_json_value_t *seconds = edge_json_in_member(value, name);
    return seconds != NULL && seconds->type == EDGE_JSON_NUMBER
               ? apr_psprintf(pool, "%.*s s", (int)seconds->raw.len, seconds->raw.at)
               : "none";
}

static void print_times(const edge_json_value_t *duration, apr_pool_t *pool) {
    static const char *const heads[] = {">TOOK AT MOST", ">ANSWERS", NULL};
    const edge_json_value_t *buckets = edge_json_in_member(duration, "buckets");
    if (buckets == NULL) {
        printf("It is bound nowhere.\n");
        return;
    }
    printf("Time: %s answers took %s together; half of them at most %s, 99 of 100 at most %s.\n",
           ctl_member_number(duration, "count", pool), seconds_of(duration, "sum", pool),
           seconds_of(duration, "p50", pool), seconds_of(duration, "p99", pool));
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *bucket = buckets->first; bucket != NULL; bucket = bucket->next) {
        if (edge_json_in_number(bucket, "count", 0) > 0) {
            const edge_json_value_t *most = edge_json_in_member(bucket, "most");
            bool bounded = most != NULL && most->type == EDGE_JSON_NUMBER;
            ctl_table_add(table, bounded ? seconds_of(bucket, "most", pool) : "longer");
            ctl_table_add(table, ctl_member_number(bucket, "count", pool));
        }
    }
    ctl_table_print(table, stdout);
}

/* NAME */
ctl_exit_t ctl_validators_stats(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const char *target =
        apr_pstrcat(ctl->pool, "/api/v1/validators/", ctl_escape(ctl->arguments[0], ctl->pool), "/stats", NULL);
    ctl_exit_t code = ctl_demand(ctl, "GET", target, &answer);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        print_answers(edge_json_in_member(answer.document, "commands"), ctl->pool);
        print_times(edge_json_in_member(answer.document, "duration"), ctl->pool);
    }
    return code;
}

/* NAME LISTENER COMMAND MODE */
ctl_exit_t ctl_validators_mode(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const char *target =
        apr_pstrcat(ctl->pool, "/api/v1/validators/", ctl_escape(ctl->arguments[0], ctl->pool), "/bindings/",
                    ctl_escape(ctl->arguments[1], ctl->pool), "/", ctl_escape(ctl->arguments[2], ctl->pool),
                    "?mode=", ctl_escape(ctl->arguments[3], ctl->pool), NULL);
    ctl_exit_t code = ctl_demand(ctl, "PATCH", target, &answer);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        const edge_json_value_t *done = answer.document;
        printf("%s of %s at %s: %s, was %s (written: %s)\n", ctl->arguments[0], ctl->arguments[1], ctl->arguments[2],
               ctl_member_text(done, "mode"), ctl_member_text(done, "before"), ctl_member_text(done, "written"));
    }
    return code;
}
