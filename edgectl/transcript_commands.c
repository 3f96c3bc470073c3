/* sessions transcript, follow: what a session and the server say to each other. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "human.h"
#include "member.h"
#include "proto/json_in.h"

enum { TRANSCRIPT_FOLLOW };
const ctl_flag_t ctl_sessions_transcript_flags[] = {
    [TRANSCRIPT_FOLLOW] = {"--follow", NULL, "go on with each line as it is said, until the session ends"},
    {.name = NULL},
};

static bool is_true(const edge_json_value_t *value, const char *name) {
    const edge_json_value_t *member = edge_json_in_member(value, name);
    return member != NULL && edge_span_equal(member->raw, edge_span_of("true"));
}

static void print_line(const edge_json_value_t *line, apr_pool_t *pool) {
    printf("%s %s: %s%s\n", ctl_member_text(line, "at"), ctl_member_text(line, "from"),
           ctl_human_clean(edge_json_in_text(line, "text"), pool), is_true(line, "more") ? " ..." : "");
}

static const char *target_of(const ctl_t *ctl, const char *more) {
    return apr_pstrcat(ctl->pool, "/api/v1/sessions/", ctl_escape(ctl->arguments[0], ctl->pool), "/transcript", more,
                       NULL);
}

static ctl_exit_t show(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "GET", target_of(ctl, ""), &answer);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *lines = edge_json_in_member(answer.document, "lines");
    if (ctl_print_items(ctl, lines)) {
        return CTL_OK;
    }
    int64_t dropped = edge_json_in_number(answer.document, "dropped", 0);
    if (dropped > 0) {
        printf("(%lld lines before these)\n", (long long)dropped);
    }
    for (const edge_json_value_t *line = lines != NULL ? lines->first : NULL; line != NULL; line = line->next) {
        print_line(line, ctl->pool);
    }
    return CTL_OK;
}

ctl_exit_t ctl_sessions_transcript(ctl_t *ctl) {
    return ctl->flags[TRANSCRIPT_FOLLOW] != NULL ? ctl_sessions_follow(ctl) : show(ctl);
}

/* Following */

typedef struct following {
    ctl_t *ctl;
    apr_pool_t *pool; /* of one event */
    bool ended;       /* it is known how */
} following_t;

static void print_end(const edge_json_value_t *end, const char *how) {
    printf("%s the session has ended: %s%s\n", ctl_member_text(end, "ended"), how,
           is_true(end, "trouble") ? " (trouble)" : "");
}

static void take_event(void *context, const ctl_event_t *event) {
    following_t *following = context;
    const edge_json_value_t *value = edge_json_in_read(event->data, following->pool, NULL, NULL);
    const char *how = ctl_member_text(value, "end");
    following->ended = following->ended || how != NULL;
    if (following->ctl->output != CTL_TABLE) {
        ctl_print_json(event->data);
    } else if (edge_span_equal(event->type, edge_span_of("line"))) {
        print_line(value, following->pool);
    } else if (edge_span_equal(event->type, edge_span_of("gap"))) {
        printf("(%s lines are missing here)\n", ctl_member_number(value, "dropped", following->pool));
    } else if (how != NULL) {
        print_end(value, how);
    }
    fflush(stdout);
    apr_pool_clear(following->pool);
}

ctl_exit_t ctl_sessions_follow(ctl_t *ctl) {
    following_t following = {.ctl = ctl};
    apr_pool_create(&following.pool, ctl->pool);
    ctl_exit_t code = ctl_demand_events(ctl, target_of(ctl, "?follow=true"), "", take_event, &following);
    if (code == CTL_OK && !following.ended) {
        ctl_say("the server stops or was reloaded: nothing more is seen of session %s", ctl->arguments[0]);
        code = CTL_ERROR;
    }
    return code;
}
