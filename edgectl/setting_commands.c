/* config, overrides, banner, limits, log level: settings of a running server. */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "control_client.h"
#include "edge_json.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

#define SETTINGS "/api/v1/config/settings"

enum { SET_REASON, SET_FOR, SET_PERSIST, SET_DRY_RUN, SET_FORCE };
const ctl_flag_t ctl_config_set_flags[] = {
    [SET_REASON] = {"--reason", "TEXT", "why, for the log and the audit trail"},
    [SET_FOR] = {"--for", "TIME", "90s, 15m, 4h, 2d: then it ends by itself"},
    [SET_PERSIST] = {"--persist", NULL, "outlives a restart of the server too"},
    [SET_DRY_RUN] = {"--dry-run", NULL, "says what would change, and changes nothing"},
    [SET_FORCE] = {"--force", NULL, "even when somebody else has changed it meanwhile"},
    {.name = NULL},
};
enum { REVERT_REASON };
const ctl_flag_t ctl_config_revert_flags[] = {
    [REVERT_REASON] = {"--reason", "TEXT", "why, for the log and the audit trail"},
    {.name = NULL},
};
enum { SHOW_DIFF };
const ctl_flag_t ctl_config_show_flags[] = {
    [SHOW_DIFF] = {"--diff", NULL, "only what differs from the files"},
    {.name = NULL},
};

static const char *target_of(ctl_t *ctl, const char *key) {
    return apr_pstrcat(ctl->pool, SETTINGS "/", ctl_escape(key, ctl->pool), NULL);
}

/* One setting, or the problem said. */
static ctl_exit_t fetch(ctl_t *ctl, const char *key, ctl_answer_t *answer, const edge_json_value_t **setting) {
    ctl_exit_t code = ctl_demand(ctl, "GET", target_of(ctl, key), answer);
    *setting = code == CTL_OK ? edge_json_in_read(answer->content, ctl->pool, NULL, NULL) : NULL;
    return code;
}

/* Showing */

/* "edge.conf:41", or where else it comes from. */
static const char *origin_of(const edge_json_value_t *setting, apr_pool_t *pool) {
    const edge_json_value_t *file = edge_json_in_member(setting, "file");
    const edge_json_value_t *source = edge_json_in_member(file, "source");
    const char *origin = ctl_member_text(setting, "origin");
    if (origin == NULL || strcmp(origin, "file") != 0 || source == NULL) {
        return origin;
    }
    return apr_psprintf(pool, "%s:%" APR_INT64_T_FMT, ctl_member_text(source, "file"),
                        edge_json_in_number(source, "line", 0));
}

static void print_settings(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"KEY", "VALUE", "FROM", "APPLIES", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *one = items != NULL ? items->first : NULL; one != NULL; one = one->next) {
        ctl_table_add(table, ctl_member_text(one, "key"));
        ctl_table_add(table, ctl_member_text(one, "text"));
        ctl_table_add(table, origin_of(one, pool));
        ctl_table_add(table, ctl_member_text(one, "applies"));
    }
    ctl_table_print(table, stdout);
}

static void print_overrides(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"KEY",      "VALUE",    "FILES SAY", "BY", ">SINCE",
                                        ">ENDS IN", "OUTLIVES", "REASON",    NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *one = items != NULL ? items->first : NULL; one != NULL; one = one->next) {
        const edge_json_value_t *made = edge_json_in_member(one, "override");
        const char *persistence = ctl_member_text(made, "persistence");
        ctl_table_add(table, ctl_member_text(one, "key"));
        ctl_table_add(table, ctl_member_text(made, "text"));
        ctl_table_add(table, ctl_member_text(edge_json_in_member(one, "file"), "text"));
        ctl_table_add(table, ctl_member_text(made, "by"));
        ctl_table_add(table, ctl_member_age(made, "at", pool));
        ctl_table_add(table, ctl_member_ahead(made, "expires_at", pool));
        ctl_table_add(table, persistence != NULL && strcmp(persistence, "reload") == 0 ? "reload" : "restart");
        ctl_table_add(table, ctl_member_text(made, "reason"));
    }
    ctl_table_print(table, stdout);
}

typedef void print_fn(const edge_json_value_t *items, apr_pool_t *pool);

static ctl_exit_t list(ctl_t *ctl, const char *target, print_fn *print) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", target, &answer);
    if (code == CTL_OK) {
        const edge_json_value_t *document = edge_json_in_read(answer.content, ctl->pool, NULL, NULL);
        const edge_json_value_t *items = edge_json_in_member(document, "items");
        items = items != NULL ? items : edge_json_in_member(document, "settings");
        if (!ctl_print_items(ctl, items)) {
            print(items, ctl->pool);
        }
    }
    return code;
}

ctl_exit_t ctl_config_show(ctl_t *ctl) {
    const char *prefix = ctl->argument_count > 0 ? ctl->arguments[0] : "";
    return list(ctl,
                apr_pstrcat(ctl->pool, SETTINGS "?prefix=", ctl_escape(prefix, ctl->pool),
                            ctl->flags[SHOW_DIFF] != NULL ? "&origin=override" : "", NULL),
                print_settings);
}

/* The value alone, as it would be written, for scripts. */
ctl_exit_t ctl_config_get(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const edge_json_value_t *setting;
    ctl_exit_t code = fetch(ctl, ctl->arguments[0], &answer, &setting);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        const char *text = ctl_member_text(setting, "text");
        printf("%s\n", text != NULL ? text : "");
    }
    return code;
}

ctl_exit_t ctl_overrides_list(ctl_t *ctl) { return list(ctl, SETTINGS "?origin=override", print_overrides); }

ctl_exit_t ctl_limits(ctl_t *ctl) {
    return list(ctl,
                ctl->argument_count > 0 ? apr_pstrcat(ctl->pool, "/api/v1/listeners/",
                                                      ctl_escape(ctl->arguments[0], ctl->pool), "/limits", NULL)
                                        : "/api/v1/limits",
                print_settings);
}

/* Changing */

/* Seconds; 0: it is no time. */
static double seconds_of(const char *text) {
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end;
    double number = strtod(text, &end);
    for (unsigned i = 0; end != text && i < EDGE_COUNT(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            return number * units[i].seconds;
        }
    }
    return 0;
}

/* What was changed, or would be, and what is to be said of it. */
static void print_changes(ctl_t *ctl, edge_span_t content, bool dry_run) {
    const edge_json_value_t *document = edge_json_in_read(content, ctl->pool, NULL, NULL);
    const edge_json_value_t *changes = edge_json_in_member(document, "changes");
    const edge_json_value_t *warnings = edge_json_in_member(document, "warnings");
    for (const edge_json_value_t *one = changes != NULL ? changes->first : NULL; one != NULL; one = one->next) {
        const char *before = ctl_member_text(one, "before"), *after = ctl_member_text(one, "after");
        printf("%s%s: %s, was %s; applies: %s\n", dry_run ? "would change " : "",
               ctl_human_clean(edge_json_in_text(one, "key"), ctl->pool), after != NULL ? after : "none",
               before != NULL ? before : "none", ctl_member_text(one, "applies"));
    }
    for (const edge_json_value_t *one = warnings != NULL ? warnings->first : NULL; one != NULL; one = one->next) {
        fflush(stdout);
        fprintf(stderr, "warning: %s\n", ctl_human_clean(one->text, ctl->pool));
    }
}

static ctl_exit_t request_change(ctl_t *ctl, const ctl_request_t *request, bool dry_run) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand_with(ctl, request, &answer);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        print_changes(ctl, answer.content, dry_run);
    }
    return code;
}

/* {"text":...,"reason":...,"for":...,"persistence":...}; absent when the time is none. */
static edge_span_t body_of(ctl_t *ctl, const char *value) {
    edge_json_t json;
    double lasts = ctl->flags[SET_FOR] != NULL ? seconds_of(ctl->flags[SET_FOR]) : 0;
    if (ctl->flags[SET_FOR] != NULL && (lasts < 1 || lasts > 31536000)) {
        ctl_say("--for takes a time of 1s to 365d, as 90s, 15m, 4h or 2d, not \"%s\"", ctl->flags[SET_FOR]);
        return EDGE_NO_SPAN;
    }
    edge_json_start(&json, ctl->pool, 512);
    edge_json_object(&json);
    if (value != NULL) {
        edge_json_put_string(&json, "text", value);
    }
    if (ctl->flags[SET_REASON] != NULL) {
        edge_json_put_string(&json, "reason", ctl->flags[SET_REASON]);
    }
    if (lasts > 0) {
        edge_json_key(&json, "for");
        edge_json_seconds(&json, (int64_t)(lasts * 1e6));
    }
    if (ctl->flags[SET_PERSIST] != NULL) {
        edge_json_put_string(&json, "persistence", "persistent");
    }
    edge_json_object_end(&json);
    return edge_span(json.text, json.len);
}

/* Words of a value, as a shell has taken them apart. */
static const char *join(ctl_t *ctl, unsigned first) {
    const char *text = "";
    for (unsigned i = first; i < ctl->argument_count; i++) {
        text = apr_pstrcat(ctl->pool, text, i > first ? " " : "", ctl->arguments[i], NULL);
    }
    return text;
}

static ctl_exit_t set(ctl_t *ctl, const char *key, const char *value) {
    ctl_answer_t seen = {0};
    const edge_json_value_t *setting;
    bool dry_run = ctl->flags[SET_DRY_RUN] != NULL;
    edge_span_t body = body_of(ctl, value);
    if (body.at == NULL) {
        return CTL_USAGE;
    }
    ctl_exit_t code = fetch(ctl, key, &seen, &setting);
    if (code != CTL_OK) {
        return code;
    }
    ctl_request_t request = {.method = "PATCH",
                             .target =
                                 apr_pstrcat(ctl->pool, target_of(ctl, key), dry_run ? "?dry_run=true" : "", NULL),
                             .body = body,
                             .if_match = ctl->flags[SET_FORCE] != NULL ? "*" : seen.etag};
    return request_change(ctl, &request, dry_run);
}

/* KEY VALUE..., or KEY=VALUE */
ctl_exit_t ctl_config_set(ctl_t *ctl) {
    const char *key = ctl->arguments[0], *equals = strchr(key, '=');
    if (ctl->argument_count > 1) {
        return set(ctl, key, join(ctl, 1));
    }
    if (equals == NULL) {
        ctl_say("say what it is to be: edgectl config set %s VALUE", key);
        return CTL_USAGE;
    }
    return set(ctl, apr_pstrmemdup(ctl->pool, key, (apr_size_t)(equals - key)), equals + 1);
}

static const char *reason_query(ctl_t *ctl) {
    const char *reason = ctl->flags[REVERT_REASON];
    return reason != NULL ? apr_pstrcat(ctl->pool, "?reason=", ctl_escape(reason, ctl->pool), NULL) : "";
}

/* Every key named is tried; the first failure gives the exit status. */
ctl_exit_t ctl_config_revert(ctl_t *ctl) {
    ctl_exit_t first = CTL_OK;
    for (unsigned i = 0; i < ctl->argument_count; i++) {
        ctl_answer_t seen = {0};
        const edge_json_value_t *setting;
        ctl_exit_t code = fetch(ctl, ctl->arguments[i], &seen, &setting);
        if (code == CTL_OK) {
            ctl_request_t request = {
                .method = "DELETE",
                .target = apr_pstrcat(ctl->pool, target_of(ctl, ctl->arguments[i]), reason_query(ctl), NULL),
                .if_match = seen.etag};
            code = request_change(ctl, &request, false);
        }
        first = first == CTL_OK ? code : first;
    }
    return first;
}

ctl_exit_t ctl_overrides_clear(ctl_t *ctl) {
    ctl_request_t request = {
        .method = "DELETE", .target = apr_pstrcat(ctl->pool, SETTINGS, reason_query(ctl), NULL), .if_match = "*"};
    return request_change(ctl, &request, false);
}

/* [LISTENER] [TEXT]: shown, or set. */
ctl_exit_t ctl_banner(ctl_t *ctl) {
    const char *listener = ctl->argument_count > 0 ? ctl->arguments[0] : NULL;
    const char *target = listener != NULL ? apr_pstrcat(ctl->pool, "/api/v1/listeners/",
                                                        ctl_escape(listener, ctl->pool), "/banner", NULL)
                                          : "/api/v1/banner";
    ctl_answer_t seen = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", target, &seen);
    if (code != CTL_OK || ctl->argument_count < 2) {
        if (code == CTL_OK && ctl->output != CTL_TABLE) {
            ctl_print_json(seen.content);
        } else if (code == CTL_OK) {
            printf("%s\n", ctl_member_text(edge_json_in_read(seen.content, ctl->pool, NULL, NULL), "reply"));
        }
        return code;
    }
    bool dry_run = ctl->flags[SET_DRY_RUN] != NULL;
    edge_span_t body = body_of(ctl, join(ctl, 1));
    if (body.at == NULL) {
        return CTL_USAGE;
    }
    ctl_request_t request = {.method = "PUT",
                             .target = apr_pstrcat(ctl->pool, target, dry_run ? "?dry_run=true" : "", NULL),
                             .body = body,
                             .if_match = ctl->flags[SET_FORCE] != NULL ? "*" : seen.etag};
    return request_change(ctl, &request, dry_run);
}

/* The configuration as a whole */

enum { EXPORT_CONF };
const ctl_flag_t ctl_overrides_export_flags[] = {
    [EXPORT_CONF] = {"--conf", NULL, "as directives in their sections, not as a diff"},
    {.name = NULL},
};

/* What was changed, as an edit of the files that would make it part of them. */
ctl_exit_t ctl_overrides_export(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    const char *format = ctl->flags[EXPORT_CONF] != NULL ? "conf" : "diff";
    ctl_exit_t code =
        ctl_demand(ctl, "GET", apr_pstrcat(ctl->pool, "/api/v1/config?view=overrides&format=", format, NULL), &answer);
    if (code == CTL_OK) {
        fwrite(answer.content.at, 1, answer.content.len, stdout);
    }
    return code;
}

/* Of files that differ from those that are loaded. */
static void print_tested(const edge_json_value_t *test) {
    if (test != NULL && test->type == EDGE_JSON_OBJECT) {
        int64_t errors = edge_json_in_number(test, "errors", 0);
        printf("a reload %s: %" APR_INT64_T_FMT " errors, %" APR_INT64_T_FMT " warnings\n",
               errors > 0 ? "would refuse them" : "would take them", errors, edge_json_in_number(test, "warnings", 0));
    }
}

static void print_diagnostics(const edge_json_value_t *list, apr_pool_t *pool) {
    for (const edge_json_value_t *one = list != NULL ? list->first : NULL; one != NULL; one = one->next) {
        const char *suggestion = ctl_member_text(one, "suggestion");
        printf("%s:%" APR_INT64_T_FMT ":%" APR_INT64_T_FMT ": %s: %s [%s]%s%s\n",
               ctl_human_clean(edge_json_in_text(one, "file"), pool), edge_json_in_number(one, "line", 0),
               edge_json_in_number(one, "column", 0), ctl_member_text(one, "severity"),
               ctl_human_clean(edge_json_in_text(one, "message"), pool), ctl_member_text(one, "code"),
               suggestion != NULL ? ": " : "", suggestion != NULL ? suggestion : "");
    }
}

/* By the running server, with its own powers and modules. */
ctl_exit_t ctl_config_test(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "POST", "/api/v1/config/test", &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *result = edge_json_in_read(answer.content, ctl->pool, NULL, NULL);
    const edge_json_value_t *good = edge_json_in_member(result, "ok");
    if (ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else {
        print_diagnostics(edge_json_in_member(result, "diagnostics"), ctl->pool);
        printf("%" APR_INT64_T_FMT " errors, %" APR_INT64_T_FMT " warnings in %" APR_INT64_T_FMT " files\n",
               edge_json_in_number(result, "errors", 0), edge_json_in_number(result, "warnings", 0),
               edge_json_in_number(result, "files", 0));
    }
    return good != NULL && good->truth ? CTL_OK : CTL_BAD_CONFIGURATION;
}

ctl_exit_t ctl_config_drift(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", "/api/v1/config/drift", &answer);
    if (code != CTL_OK || ctl->output != CTL_TABLE) {
        if (code == CTL_OK) {
            ctl_print_json(answer.content);
        }
        return code;
    }
    const edge_json_value_t *drift = edge_json_in_read(answer.content, ctl->pool, NULL, NULL);
    const edge_json_value_t *overridden = edge_json_in_member(drift, "overridden");
    const edge_json_value_t *files = edge_json_in_member(edge_json_in_member(drift, "unloaded"), "files");
    const edge_json_value_t *generations = edge_json_in_member(edge_json_in_member(drift, "skewed"), "generations");
    if (overridden != NULL && overridden->count > 0) {
        print_overrides(overridden, ctl->pool);
    } else {
        printf("no setting was changed while running\n");
    }
    for (const edge_json_value_t *one = files != NULL ? files->first : NULL; one != NULL; one = one->next) {
        printf("not loaded: %s\n", ctl_human_clean(one->text, ctl->pool));
    }
    print_tested(edge_json_in_member(edge_json_in_member(drift, "unloaded"), "test"));
    if (files == NULL || files->count == 0) {
        printf("the files are as they were loaded\n");
    }
    for (const edge_json_value_t *one = generations != NULL ? generations->first : NULL; one != NULL; one = one->next) {
        printf("generation %" APR_INT64_T_FMT ": %" APR_INT64_T_FMT " sessions\n",
               edge_json_in_number(one, "generation", 0), edge_json_in_number(one, "sessions", 0));
    }
    return CTL_OK;
}

static void print_generations(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {">GENERATION", ">AGE", "ASKED FOR BY", "RESULT", ">FILES", ">DROPPED", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *one = items != NULL ? items->first : NULL; one != NULL; one = one->next) {
        ctl_table_add(table, apr_psprintf(pool, "%" APR_INT64_T_FMT, edge_json_in_number(one, "generation", 0)));
        ctl_table_add(table, ctl_member_age(one, "at", pool));
        ctl_table_add(table, ctl_member_text(one, "who"));
        ctl_table_add(table, ctl_member_text(one, "result"));
        ctl_table_add(table, apr_psprintf(pool, "%" APR_INT64_T_FMT, edge_json_in_number(one, "files", 0)));
        ctl_table_add(table, apr_psprintf(pool, "%" APR_INT64_T_FMT, edge_json_in_number(one, "dropped", 0)));
    }
    ctl_table_print(table, stdout);
}

ctl_exit_t ctl_config_generations(ctl_t *ctl) { return list(ctl, "/api/v1/config/generations", print_generations); }

/* Levels of the log */

enum { LEVEL_REASON, LEVEL_FOR };
const ctl_flag_t ctl_log_level_flags[] = {
    [LEVEL_REASON] = {"--reason", "TEXT", "why, for the log and the audit trail"},
    [LEVEL_FOR] = {"--for", "TIME", "90s, 15m, 4h, 2d; 15m without it"},
    {.name = NULL},
};

static void print_levels(const edge_json_value_t *items, apr_pool_t *pool) {
    static const char *const heads[] = {"AREA", "LEVEL", "FILES SAY", ">ENDS IN", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    for (const edge_json_value_t *one = items != NULL ? items->first : NULL; one != NULL; one = one->next) {
        ctl_table_add(table, ctl_member_text(one, "area"));
        ctl_table_add(table, ctl_member_text(one, "level"));
        ctl_table_add(table, ctl_member_text(one, "file_level"));
        ctl_table_add(table, ctl_member_ahead(one, "until", pool));
    }
    ctl_table_print(table, stdout);
}

/* Nothing: all are listed. AREA=LEVEL: it is set for a while. */
ctl_exit_t ctl_log_level(ctl_t *ctl) {
    edge_json_t json;
    double lasts = ctl->flags[LEVEL_FOR] != NULL ? seconds_of(ctl->flags[LEVEL_FOR]) : 900;
    const char *equals = ctl->argument_count > 0 ? strchr(ctl->arguments[0], '=') : NULL;
    if (ctl->argument_count == 0) {
        return list(ctl, "/api/v1/log/levels", print_levels);
    }
    if (equals == NULL || lasts < 1) {
        ctl_say("write edgectl log level AREA=LEVEL --for 15m");
        return CTL_USAGE;
    }
    edge_json_start(&json, ctl->pool, 256);
    edge_json_object(&json);
    edge_json_put_text(&json, "area", edge_span(ctl->arguments[0], (size_t)(equals - ctl->arguments[0])), 0);
    edge_json_put_string(&json, "level", equals + 1);
    edge_json_key(&json, "ttl");
    edge_json_seconds(&json, (int64_t)(lasts * 1e6));
    if (ctl->flags[LEVEL_REASON] != NULL) {
        edge_json_put_string(&json, "reason", ctl->flags[LEVEL_REASON]);
    }
    edge_json_object_end(&json);
    ctl_request_t request = {
        .method = "PUT", .target = "/api/v1/log/levels", .body = edge_span(json.text, json.len), .if_match = NULL};
    return request_change(ctl, &request, false);
}
