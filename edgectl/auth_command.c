/* auth test: asks the running server whether a name and a password would do. */
#include <apr_strings.h>
#include <stdlib.h>

#include "commands.h"
#include "control_client.h"
#include "edge_json.h"
#include "human.h"
#include "member.h"
#include "passwd_input.h"
#include "proto/json_in.h"

enum { TEST_STDIN, TEST_LISTENER, TEST_REASON };
const ctl_flag_t ctl_auth_test_flags[] = {
    [TEST_STDIN] = {"--stdin", NULL, "the password is the first line of standard input"},
    [TEST_LISTENER] = {"--listener", "NAME", "whose stores are asked; needed where several listeners have AUTH"},
    [TEST_REASON] = {"--reason", "TEXT", "why, for the audit trail"},
    {.name = NULL},
};

#define BODY_SIZE 16384 /* more than the longest members take when each of their octets is escaped */

static bool write_body(const ctl_t *ctl, const char *password, edge_json_t *json, char *buffer) {
    edge_json_start_fixed(json, buffer, BODY_SIZE);
    edge_json_object(json);
    if (ctl->flags[TEST_LISTENER] != NULL) {
        edge_json_put_string(json, "listener", ctl->flags[TEST_LISTENER]);
    }
    if (ctl->flags[TEST_REASON] != NULL) {
        edge_json_put_string(json, "reason", ctl->flags[TEST_REASON]);
    }
    edge_json_put_string(json, "name", ctl->arguments[0]);
    edge_json_put_string(json, "password", password);
    edge_json_object_end(json);
    return !json->overflow;
}

static const char *said_of(const char *result) {
    static const struct {
        const char *result, *said;
    } rows[] = {{"verified", "verified"},
                {"wrong", "the password is another"},
                {"unknown", "no store knows the name"},
                {"unusable", "no name or password can be so"},
                {"busy", "the store has too much to do; a client would be told to come again"},
                {"trouble", "a store is in trouble; a client would be told to come again"},
                {"timeout", "no store has answered in time"}};
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        if (strcmp(rows[i].result, result) == 0) {
            return rows[i].said;
        }
    }
    return result;
}

static void print_told(const ctl_t *ctl, const edge_json_value_t *told) {
    const char *store = ctl_member_text(told, "store"), *identity = ctl_member_text(told, "identity");
    const edge_json_value_t *took = edge_json_in_member(told, "took");
    const edge_json_value_t *mechanisms = edge_json_in_member(told, "mechanisms");
    printf("%s at %s: %s", ctl_human_clean(edge_span_of(ctl->arguments[0]), ctl->pool),
           ctl_member_text(told, "listener"), said_of(ctl_member_text(told, "result")));
    if (store != NULL) {
        printf(", by %s", store);
    }
    if (identity != NULL) {
        printf(", as %s", ctl_human_clean(edge_span_of(identity), ctl->pool));
    }
    printf("\n%.*s s; offered:", took != NULL ? (int)took->raw.len : 1, took != NULL ? took->raw.at : "0");
    for (const edge_json_value_t *one = mechanisms != NULL ? mechanisms->first : NULL; one != NULL; one = one->next) {
        printf(" %s", ctl_member_text(one, "name"));
    }
    printf("\n");
}

static ctl_exit_t exit_of(const char *result) {
    if (strcmp(result, "verified") == 0) {
        return CTL_OK;
    }
    if (strcmp(result, "unknown") == 0) {
        return CTL_NOT_FOUND;
    }
    return strcmp(result, "wrong") == 0 || strcmp(result, "unusable") == 0 ? CTL_DENIED : CTL_ERROR;
}

static ctl_exit_t test(ctl_t *ctl, edge_span_t body) {
    ctl_request_t request = {.method = "POST", .target = "/api/v1/auth/test", .body = body};
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand_with(ctl, &request, &answer);
    if (code != CTL_OK) {
        return code;
    }
    if (ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
    } else {
        print_told(ctl, answer.document);
    }
    return exit_of(ctl_member_text(answer.document, "result"));
}

/* NAME. As passwd verify: 0 when it is right, 4 when it is wrong, 3 for nobody's name. */
ctl_exit_t ctl_auth_test(ctl_t *ctl) {
    char body[BODY_SIZE], *password = ctl_passwd_ask(ctl->arguments[0], false, ctl->flags[TEST_STDIN] != NULL);
    edge_json_t json;
    ctl_exit_t code = CTL_ERROR;
    if (password != NULL && write_body(ctl, password, &json, body)) {
        code = test(ctl, edge_span(json.text, json.len));
    } else if (password != NULL) {
        ctl_say("name, listener or reason is too long");
        code = CTL_USAGE;
    }
    edge_password_wipe(body, sizeof body);
    edge_password_forget(password);
    return code;
}
