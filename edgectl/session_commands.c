/* sessions list, show, kick: who is connected, what they do, and their end. */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

enum { LIST_STATE, LIST_LISTENER, LIST_IP, LIST_PHASE, LIST_EHLO, LIST_OLDER, LIST_SORT, LIST_LIMIT };
const ctl_flag_t ctl_sessions_list_flags[] = {
    [LIST_STATE] = {"--state", "live|closed", "those that are open (without it), or the last that have ended"},
    [LIST_LISTENER] = {"--listener", "NAME", "only of this listener"},
    [LIST_IP] = {"--ip", "NETWORK", "only clients in this network, or of this address"},
    [LIST_PHASE] = {"--phase", "STATE", "only those in this state: command, mail, rcpt, data, storing ..."},
    [LIST_EHLO] = {"--ehlo", "PATTERN", "only those whose hello is so; * and ? stand for anything"},
    [LIST_OLDER] = {"--older", "TIME", "only those as old as this: 90s, 15m, 1h"},
    [LIST_SORT] = {"--sort", "age|-age", "the youngest first (without it), or the oldest"},
    [LIST_LIMIT] = {"--limit", "N", "at most so many; all without it"},
    {.name = NULL},
};
static const char *const list_arguments[] = {
    [LIST_STATE] = "state", [LIST_LISTENER] = "listener", [LIST_IP] = "ip",    [LIST_PHASE] = "phase",
    [LIST_EHLO] = "ehlo",   [LIST_OLDER] = "min_age",     [LIST_SORT] = "sort"};
enum { KICK_REASON, KICK_NOW };
const ctl_flag_t ctl_sessions_kick_flags[] = {
    [KICK_REASON] = {"--reason", "TEXT", "why, for the log and the audit trail; needed"},
    [KICK_NOW] = {"--now", NULL, "do not wait for the answer that is under way"},
    {.name = NULL},
};

#define PAGE 1000 /* as many as the server gives at once */

static int64_t time_of(const edge_json_value_t *value, const char *name) {
    const edge_json_value_t *number = edge_json_in_member(value, name);
    return number != NULL && number->type == EDGE_JSON_NUMBER ? (int64_t)(strtod(number->text.at, NULL) * 1e6) : 0;
}

/* "storing (queue)", "rcpt (validator spf)"; why it ended. */
static const char *state_of(const edge_json_value_t *session, apr_pool_t *pool) {
    const char *end = ctl_member_text(session, "end"), *state = ctl_member_text(session, "state"),
               *awaits = ctl_member_text(session, "awaits"), *validator = ctl_member_text(session, "awaited");
    if (end != NULL) {
        return end;
    }
    if (awaits == NULL || strcmp(awaits, "client") == 0) {
        return state;
    }
    return apr_pstrcat(pool, state, " (", awaits, validator != NULL ? " " : "", validator != NULL ? validator : "", ")",
                       NULL);
}

static void add_session(ctl_table_t *table, const edge_json_value_t *session, apr_pool_t *pool) {
    const edge_json_value_t *client = edge_json_in_member(session, "client"),
                            *messages = edge_json_in_member(session, "messages");
    ctl_table_add(table, ctl_member_text(session, "id"));
    ctl_table_add(table, ctl_member_text(session, "listener"));
    ctl_table_add(table, ctl_member_text(client, "ip"));
    ctl_table_add(table, ctl_member_text(session, "protocol"));
    ctl_table_add(table, state_of(session, pool));
    ctl_table_add(table, ctl_human_duration(time_of(session, "age"), pool));
    ctl_table_add(table, ctl_human_duration(time_of(session, "idle"), pool));
    ctl_table_add(table, ctl_member_number(messages, "accepted", pool));
    ctl_table_add(table, ctl_member_number(session, "errors", pool));
    ctl_table_add(table, ctl_member_text(session, "ehlo"));
    ctl_table_add(table, ctl_member_text(edge_json_in_member(session, "auth"), "user"));
}

static const char *list_target(const ctl_t *ctl, const char *cursor, int64_t left) {
    const char *target = apr_psprintf(ctl->pool, "/api/v1/sessions?limit=%d", left < PAGE ? (int)left : PAGE);
    for (unsigned i = 0; i < EDGE_COUNT(list_arguments); i++) {
        if (ctl->flags[i] != NULL) {
            target =
                apr_pstrcat(ctl->pool, target, "&", list_arguments[i], "=", ctl_escape(ctl->flags[i], ctl->pool), NULL);
        }
    }
    return cursor == NULL ? target : apr_pstrcat(ctl->pool, target, "&cursor=", ctl_escape(cursor, ctl->pool), NULL);
}

static void say_unanswered(const edge_json_value_t *page) {
    int64_t unanswered = edge_json_in_number(page, "unanswered", 0);
    if (unanswered > 0) {
        ctl_say("%lld workers did not answer in time: their sessions are missing", (long long)unanswered);
    }
}

/* All items of all pages. */
static ctl_exit_t each_page(ctl_t *ctl, void (*take)(void *context, const edge_json_value_t *session), void *context) {
    const char *cursor = NULL;
    int64_t left = ctl->flags[LIST_LIMIT] != NULL ? apr_atoi64(ctl->flags[LIST_LIMIT]) : INT64_MAX;
    if (left <= 0) {
        ctl_say("--limit takes a number over 0, not \"%s\"", ctl->flags[LIST_LIMIT]);
        return CTL_USAGE;
    }
    do {
        ctl_answer_t answer = {0};
        ctl_exit_t code = ctl_demand(ctl, "GET", list_target(ctl, cursor, left), &answer);
        if (code != CTL_OK) {
            return code;
        }
        const edge_json_value_t *page = answer.document;
        const edge_json_value_t *items = edge_json_in_member(page, "items");
        for (const edge_json_value_t *item = items != NULL ? items->first : NULL; item != NULL; item = item->next) {
            take(context, item);
            left--;
        }
        say_unanswered(page);
        cursor = ctl_member_text(page, "next_cursor");
    } while (cursor != NULL && left > 0);
    return CTL_OK;
}

typedef struct listing {
    ctl_t *ctl;
    ctl_table_t *table;
    bool begun;
} listing_t;

static void take_session(void *context, const edge_json_value_t *session) {
    listing_t *listing = context;
    if (listing->ctl->output == CTL_TABLE) {
        add_session(listing->table, session, listing->ctl->pool);
    } else if (listing->ctl->output == CTL_JSONL) {
        ctl_print_json(session->raw);
    } else {
        printf("%s%.*s", listing->begun ? ",\n" : "[", (int)session->raw.len, session->raw.at);
    }
    listing->begun = true;
}

ctl_exit_t ctl_sessions_list(ctl_t *ctl) {
    static const char *const heads[] = {"ID",    "LISTENER",  "CLIENT",  "PROTOCOL", "STATE", ">AGE",
                                        ">IDLE", ">MESSAGES", ">ERRORS", "EHLO",     "USER",  NULL};
    listing_t listing = {.ctl = ctl, .table = ctl_table_make(heads, ctl->pool)};
    ctl_exit_t code = each_page(ctl, take_session, &listing);
    if (code == CTL_OK && ctl->output == CTL_TABLE) {
        ctl_table_print(listing.table, stdout);
    } else if (code == CTL_OK && ctl->output == CTL_JSON) {
        printf("%s]\n", listing.begun ? "" : "[");
    }
    return code;
}

/* One session */

static void line(const char *name, const char *text, apr_pool_t *pool) {
    if (text != NULL) {
        printf("%-12s %s\n", name, ctl_human_clean(edge_span_of(text), pool));
    }
}

static void print_client(const edge_json_value_t *session, apr_pool_t *pool) {
    const edge_json_value_t *client = edge_json_in_member(session, "client"),
                            *tls = edge_json_in_member(session, "tls"), *auth = edge_json_in_member(session, "auth");
    line("session", ctl_member_text(session, "id"), pool);
    line("listener", ctl_member_text(session, "listener"), pool);
    line("protocol", ctl_member_text(session, "protocol"), pool);
    line("client",
         apr_pstrcat(pool, ctl_member_text(client, "ip"), " port ", ctl_member_number(client, "port", pool), NULL),
         pool);
    if (ctl_member_text(client, "name") != NULL) {
        line("name", ctl_member_text(client, "name"), pool);
    }
    line("ehlo", ctl_member_text(session, "ehlo"), pool);
    if (ctl_member_text(tls, "version") != NULL) {
        line("tls", apr_pstrcat(pool, ctl_member_text(tls, "version"), " ", ctl_member_text(tls, "cipher"), NULL),
             pool);
    }
    if (ctl_member_text(auth, "user") != NULL) {
        line("user", apr_pstrcat(pool, ctl_member_text(auth, "user"), " by ", ctl_member_text(auth, "mechanism"), NULL),
             pool);
    }
}

static const char *verbs_of(const edge_json_value_t *session, apr_pool_t *pool) {
    const edge_json_value_t *commands = edge_json_in_member(session, "commands");
    const char *all = "";
    for (const edge_json_value_t *verb = commands != NULL ? commands->first : NULL; verb != NULL; verb = verb->next) {
        int64_t ok = edge_json_in_number(verb, "ok", 0), bad = edge_json_in_number(verb, "bad", 0);
        const char *name = apr_pstrmemdup(pool, verb->name.at, verb->name.len);
        all = bad > 0 ? apr_psprintf(pool, "%s%s%s=%" APR_INT64_T_FMT "/%" APR_INT64_T_FMT, all, *all ? " " : "", name,
                                     ok, ok + bad)
                      : apr_psprintf(pool, "%s%s%s=%" APR_INT64_T_FMT, all, *all ? " " : "", name, ok);
    }
    return all;
}

static void print_course(const edge_json_value_t *session, apr_pool_t *pool) {
    const edge_json_value_t *messages = edge_json_in_member(session, "messages"),
                            *recipients = edge_json_in_member(session, "recipients"),
                            *waited = edge_json_in_member(session, "waited");
    line("state", state_of(session, pool), pool);
    line("since", ctl_member_text(session, "since"), pool);
    line("age", ctl_human_duration(time_of(session, "age"), pool), pool);
    line("commands", verbs_of(session, pool), pool);
    line("messages",
         apr_pstrcat(pool, ctl_member_number(messages, "accepted", pool), " accepted, ",
                     ctl_member_number(messages, "rejected", pool), " rejected", NULL),
         pool);
    line("recipients",
         apr_pstrcat(pool, ctl_member_number(recipients, "accepted", pool), " accepted, ",
                     ctl_member_number(recipients, "refused", pool), " refused", NULL),
         pool);
    line("bytes",
         apr_pstrcat(pool, ctl_member_number(session, "bytes_in", pool), " in, ",
                     ctl_member_number(session, "bytes_out", pool), " out", NULL),
         pool);
    printf("%-12s client %.3f s, validators %.3f s, queue %.3f s, credentials %.3f s\n", "waited",
           (double)time_of(waited, "client") / 1e6, (double)time_of(waited, "validators") / 1e6,
           (double)time_of(waited, "queue") / 1e6, (double)time_of(waited, "credentials") / 1e6);
    line("last reply", ctl_member_text(session, "last_reply"), pool);
}

static void print_verdicts(const edge_json_value_t *session, apr_pool_t *pool) {
    static const char *const heads[] = {"VALIDATOR", "COMMAND", "MODE", "RESULT", ">SECONDS", NULL};
    const edge_json_value_t *list = edge_json_in_member(session, "validators");
    ctl_table_t *table = ctl_table_make(heads, pool);
    if (list == NULL || list->first == NULL) {
        return;
    }
    for (const edge_json_value_t *verdict = list->first; verdict != NULL; verdict = verdict->next) {
        ctl_table_add(table, ctl_member_text(verdict, "name"));
        ctl_table_add(table, ctl_member_text(verdict, "command"));
        ctl_table_add(table, ctl_member_text(verdict, "mode"));
        ctl_table_add(table, ctl_member_text(verdict, "result"));
        ctl_table_add(table, apr_psprintf(pool, "%.6f", (double)time_of(verdict, "duration") / 1e6));
    }
    printf("\n");
    ctl_table_print(table, stdout);
}

ctl_exit_t ctl_sessions_show(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(
        ctl, "GET", apr_pstrcat(ctl->pool, "/api/v1/sessions/", ctl_escape(ctl->arguments[0], ctl->pool), NULL),
        &answer);
    if (code == CTL_OK && ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else if (code == CTL_OK) {
        const edge_json_value_t *session = answer.document;
        print_client(session, ctl->pool);
        print_course(session, ctl->pool);
        print_verdicts(session, ctl->pool);
    }
    return code;
}

/* Every session named is tried; the first failure gives the exit status. */
ctl_exit_t ctl_sessions_kick(ctl_t *ctl) {
    ctl_exit_t first = CTL_OK;
    if (ctl->flags[KICK_REASON] == NULL) {
        ctl_say("say why, by --reason TEXT");
        return CTL_USAGE;
    }
    for (unsigned i = 0; i < ctl->argument_count; i++) {
        ctl_answer_t answer = {0};
        const char *target = apr_pstrcat(ctl->pool, "/api/v1/sessions/", ctl_escape(ctl->arguments[i], ctl->pool),
                                         "/disconnect?mode=", ctl->flags[KICK_NOW] != NULL ? "now" : "after_reply",
                                         "&reason=", ctl_escape(ctl->flags[KICK_REASON], ctl->pool), NULL);
        ctl_exit_t code = ctl_demand(ctl, "POST", target, &answer);
        if (code == CTL_OK && ctl->output != CTL_TABLE) {
            ctl_print_json(answer.content);
        } else if (code == CTL_OK) {
            printf("%s is ended %s\n", ctl->arguments[i],
                   ctl->flags[KICK_NOW] != NULL ? "now" : "behind the answer that is under way");
        }
        first = first == CTL_OK ? code : first;
    }
    return first;
}
