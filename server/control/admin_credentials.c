/* Admin route that tries a name and a password. The password stands in the content of the request and nowhere else. */
#include <apr_strings.h>

#include "control/admin_priv.h"
#include "core/auth.h"
#include "core/auth_check.h"
#include "edge_audit.h"
#include "edge_password.h"

/* The longest that a thread of the admin waits for a store. */
#define WAIT_MOST EDGE_SECONDS(10)
#define TEXT_MOST 1024

enum { TEST_LISTENER, TEST_NAME, TEST_PASSWORD };
const edge_admin_argument_t edge_admin_credentials_test_body[] = {
    [TEST_LISTENER] = {.name = "listener",
                       .kind = EDGE_ADMIN_TEXT,
                       .prose = "Whose stores are asked; may be left out where one listener only has AUTH."},
    [TEST_NAME] = {.name = "name",
                   .kind = EDGE_ADMIN_TEXT,
                   .min = 1,
                   .max = TEXT_MOST,
                   .required = true,
                   .prose = "Who logs in."},
    [TEST_PASSWORD] = {.name = "password",
                       .kind = EDGE_ADMIN_TEXT,
                       .min = 1,
                       .max = TEXT_MOST,
                       .required = true,
                       .may = EDGE_ADMIN_HIDDEN,
                       .prose = "By what it is shown."},
    {.name = NULL},
};

/* Which listener */

static bool has_auth(const edge_section_t *section) {
    const edge_listener_t *listener = section->instance;
    return section->scope == EDGE_SCOPE_LISTENER && listener != NULL && listener->auth != NULL;
}

/* NULL after a problem was answered. */
static const edge_listener_t *only_one(const edge_snapshot_t *snapshot, edge_admin_answer_t *answer) {
    const edge_listener_t *found = NULL;
    const char *names = "";
    unsigned count = 0;
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section != NULL;
         section = section->next) {
        if (has_auth(section)) {
            found = section->instance;
            names = apr_pstrcat(answer->pool, names, count++ > 0 ? ", " : "", section->name.at, NULL);
        }
    }
    if (count == 1) {
        return found;
    }
    edge_admin_error(answer, 422, "#/listener", count == 0 ? "no-auth" : "missing",
                     count == 0 ? "No listener has AUTH%s." : "Say which listener: %s.", names);
    return NULL;
}

static const edge_listener_t *listener_of(const edge_admin_request_t *request, const edge_snapshot_t *snapshot,
                                          edge_admin_answer_t *answer) {
    edge_span_t name = request->values[TEST_LISTENER].text;
    if (name.at == NULL) {
        return only_one(snapshot, answer);
    }
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, name);
    if (section == NULL || section->instance == NULL) {
        edge_admin_error(answer, 422, "#/listener", "unknown-value", "There is no <Listener %.100s>.", name.at);
    } else if (!has_auth(section)) {
        edge_admin_error(answer, 422, "#/listener", "no-auth", "<Listener %.100s> has no AUTH.", name.at);
    } else {
        return section->instance;
    }
    return NULL;
}

/* What came of it */

static const char *result_of(const edge_auth_told_t *told) {
    static const char *const names[EDGE_AUTH_VERDICTS] = {
        [EDGE_AUTH_VERIFIED] = "verified", [EDGE_AUTH_WRONG] = "wrong", [EDGE_AUTH_UNKNOWN] = "unknown",
        [EDGE_AUTH_UNUSABLE] = "unusable", [EDGE_AUTH_BUSY] = "busy",   [EDGE_AUTH_TROUBLE] = "trouble"};
    return told->late ? "timeout" : names[told->verdict];
}

static void put_found(edge_json_t *json, const edge_auth_told_t *told) {
    bool known = !told->late && (told->verdict == EDGE_AUTH_VERIFIED || told->verdict == EDGE_AUTH_WRONG);
    if (known || (!told->late && told->verdict == EDGE_AUTH_UNKNOWN)) {
        edge_json_put_bool(json, "found", known);
    } else {
        edge_json_key(json, "found");
        edge_json_null(json);
    }
}

static void put_mechanisms(edge_json_t *json, const edge_auth_listener_t *auth) {
    edge_auth_mechanism_t mechanism;
    edge_json_key(json, "mechanisms");
    edge_json_array(json);
    for (unsigned i = 0; edge_auth_provider()->mechanism_at(auth, i, &mechanism); i++) {
        if (mechanism.enabled && mechanism.served) {
            edge_json_object(json);
            edge_json_put_string(json, "name", mechanism.name);
            edge_json_put_bool(json, "requires_tls", mechanism.requires_tls);
            edge_json_object_end(json);
        }
    }
    edge_json_array_end(json);
}

static void put_told(edge_json_t *json, const edge_listener_t *listener, const edge_auth_told_t *told) {
    edge_json_object(json);
    edge_json_put_text(json, "listener", listener->name, 0);
    edge_json_put_string(json, "result", result_of(told));
    put_found(json, told);
    edge_json_put_string(json, "store", told->store);
    edge_json_put_string(json, "identity", told->identity);
    edge_json_key(json, "took");
    edge_json_seconds(json, told->took);
    put_mechanisms(json, listener->auth);
    edge_json_object_end(json);
}

/* Both as it was decoded and as it came: the octets are the carrier's, who reads them no more. */
static void forget(const edge_admin_value_t *password) {
    edge_password_wipe((void *)(uintptr_t)password->text.at, password->text.len);
    edge_password_wipe((void *)(uintptr_t)password->json->raw.at, password->json->raw.len);
}

void edge_admin_credentials_test(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const edge_admin_value_t *name = &request->values[TEST_NAME], *password = &request->values[TEST_PASSWORD];
    edge_snapshot_t *snapshot = edge_snapshot_current();
    const edge_listener_t *listener = listener_of(request, snapshot, answer);
    edge_auth_told_t told;
    if (listener != NULL && !edge_auth_check_can()) {
        edge_admin_problem(answer, 409, "conflict", "The loaded module for AUTH cannot be tried.");
    } else if (listener != NULL) {
        edge_auth_check_ask(snapshot, listener, name->text, password->text, WAIT_MOST, &told, request->pool);
        put_told(edge_admin_json(answer), listener, &told);
        edge_audit(request, "auth.test", name->text.at, NULL, result_of(&told), "done");
    }
    forget(password);
    edge_snapshot_drop(snapshot);
}

static const edge_admin_argument_t mechanism_rows[] = {
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "As clients say it."},
    {.name = "requires_tls", .kind = EDGE_ADMIN_SWITCH, .prose = "Never offered without TLS."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_credentials_test_answer[] = {
    {.name = "listener", .kind = EDGE_ADMIN_TEXT, .prose = "Whose stores were asked."},
    {.name = "result",
     .kind = EDGE_ADMIN_TEXT,
     .prose =
         "verified; wrong: the password is another; unknown: no store knows the name; unusable: no name or password "
         "can be so (RFC 4013); busy or trouble: a client would be told to come again; timeout: no store answered in "
         "10 seconds."},
    {.name = "found",
     .kind = EDGE_ADMIN_SWITCH,
     .may = EDGE_ADMIN_NULL,
     .prose = "Whether a store knows the name; null: that is not known."},
    {.name = "store",
     .kind = EDGE_ADMIN_TEXT,
     .may = EDGE_ADMIN_NULL,
     .prose = "The <AuthBackend> that has decided; null: none."},
    {.name = "identity",
     .kind = EDGE_ADMIN_TEXT,
     .may = EDGE_ADMIN_NULL,
     .prose = "What a session would be called; null but for verified."},
    {.name = "took", .kind = EDGE_ADMIN_SECONDS, .prose = "How long the stores took."},
    {.name = "mechanisms",
     .kind = EDGE_ADMIN_LIST,
     .rows = mechanism_rows,
     .prose = "What the listener offers to clients."},
    {.name = NULL},
};
