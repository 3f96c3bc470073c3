/* Admin routes about AUTH in a listener: mechanisms, each switched on or off. */
#include <apr_strings.h>

#include "control/admin_setting_priv.h"
#include "core/auth.h"
#include "edge_session.h"

static const edge_admin_argument_t mechanism_rows[] = {
    {.name = "enabled", .kind = EDGE_ADMIN_SWITCH, .prose = "Offered, where the session allows it."},
    {.name = "served", .kind = EDGE_ADMIN_SWITCH, .prose = "Some backend keeps what it needs."},
    {.name = "requires_tls", .kind = EDGE_ADMIN_SWITCH, .prose = "Never offered without TLS."},
    {.name = NULL},
};
static const edge_admin_argument_t mechanisms_rows[] = {
    {.name = "*", .kind = EDGE_ADMIN_OBJECT, .rows = mechanism_rows, .prose = "A mechanism."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_auth_answer[] = {
    {.name = "state", .kind = EDGE_ADMIN_TEXT, .prose = "off, on or required."},
    {.name = "mechanisms", .kind = EDGE_ADMIN_MAP, .rows = mechanisms_rows, .prose = "Those that there are, by name."},
    {.name = "etag", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Goes in quotes into If-Match."},
    {.name = "setting",
     .kind = EDGE_ADMIN_OBJECT,
     .may = EDGE_ADMIN_NULL,
     .rows = edge_setting_rows,
     .prose = "The setting it is a view of; null where AUTH is off."},
    {.name = NULL},
};

static void put_mechanisms(edge_json_t *json, const edge_auth_listener_t *auth) {
    edge_auth_mechanism_t mechanism;
    edge_json_key(json, "mechanisms");
    edge_json_object(json);
    for (unsigned i = 0; auth != NULL && edge_auth_provider()->mechanism_at(auth, i, &mechanism); i++) {
        edge_json_key(json, mechanism.name);
        edge_json_object(json);
        edge_json_put_bool(json, "enabled", mechanism.enabled);
        edge_json_put_bool(json, "served", mechanism.served);
        edge_json_put_bool(json, "requires_tls", mechanism.requires_tls);
        edge_json_object_end(json);
    }
    edge_json_object_end(json);
}

void edge_admin_auth_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_view_t view;
    if (!edge_admin_setting_open(request, answer, &view)) {
        return;
    }
    const edge_auth_listener_t *auth = edge_admin_setting_listener(request, view.current)->auth;
    int index = edge_setting_view_find(
        &view, apr_pstrcat(request->pool, edge_admin_setting_prefix(request), "auth.mechanisms", NULL));
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_string(json, "state", auth == NULL ? "off" : auth->required ? "required" : "on");
    put_mechanisms(json, auth);
    if (index >= 0) {
        answer->etag = edge_setting_view_etag(&view, index);
        edge_json_put_text(json, "etag", edge_span(answer->etag + 1, strlen(answer->etag) - 2), 0);
        edge_json_key(json, "setting");
        edge_setting_view_put(json, &view, index);
    } else {
        edge_json_put_string(json, "etag", NULL);
        edge_json_put_string(json, "setting", NULL);
    }
    edge_json_object_end(json);
    edge_setting_view_close(&view);
}

static const edge_admin_argument_t switch_rows[] = {
    {.name = "*", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether it is offered."},
    {.name = NULL},
};
enum { AUTH_MECHANISMS, AUTH_TAIL };
const edge_admin_argument_t edge_admin_auth_body[] = {
    [AUTH_MECHANISMS] = {.name = "mechanisms",
                         .kind = EDGE_ADMIN_OBJECT,
                         .rows = switch_rows,
                         .required = true,
                         .prose = "By name: true or false. What is not named stays as it is."},
    EDGE_ADMIN_SETTING_TAIL(AUTH_TAIL),
    {.name = NULL},
};

static bool may_be_on(const edge_listener_t *listener, const edge_auth_mechanism_t *mechanism,
                      edge_admin_answer_t *answer) {
    if (mechanism->enabled || !mechanism->requires_tls || listener->tls != NULL) {
        return true;
    }
    edge_admin_error(answer, 422, "#/mechanisms", "unsafe-combination",
                     "%s needs TLS, and listener \"%s\" has none: it would send passwords in clear text.",
                     mechanism->name, listener->name.at);
    return false;
}

/* Those that are on when the switches are set; NULL after a problem was answered. */
static const char *chosen(const edge_listener_t *listener, const edge_json_value_t *switches,
                          edge_admin_answer_t *answer) {
    edge_auth_mechanism_t mechanism;
    const char *text = "";
    unsigned known = 0;
    for (unsigned i = 0; edge_auth_provider()->mechanism_at(listener->auth, i, &mechanism); i++) {
        const edge_json_value_t *wanted = edge_json_in_member(switches, mechanism.name);
        bool on = wanted != NULL ? wanted->truth : mechanism.enabled;
        known += wanted != NULL;
        if (on && !may_be_on(listener, &mechanism, answer)) {
            return NULL;
        }
        if (on) {
            text = apr_pstrcat(answer->pool, text, *text != '\0' ? "," : "", mechanism.name, NULL);
        }
    }
    if (known < switches->count) {
        edge_admin_error(answer, 422, "#/mechanisms", "unknown-member", "There is no such mechanism here.");
    } else if (*text == '\0') {
        edge_admin_error(answer, 422, "#/mechanisms", "invalid-value", "One mechanism at least must stay.");
    } else {
        return text;
    }
    return NULL;
}

void edge_admin_auth_change(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_changing_t changing;
    edge_setting_view_t view;
    const char *value = NULL;
    if (!edge_admin_setting_open(request, answer, &view)) {
        return;
    }
    const edge_listener_t *listener = edge_admin_setting_listener(request, view.current);
    if (listener->auth == NULL) {
        edge_admin_problem(answer, 409, "conflict", "Auth is off in listener \"%s\": write it into the file.",
                           listener->name.at);
    } else {
        value = chosen(listener, request->values[AUTH_MECHANISMS].json, answer);
    }
    edge_setting_view_close(&view);
    if (value == NULL) {
        return;
    }
    edge_setting_changing_start(&changing, request, answer);
    changing.tagged = apr_pstrcat(request->pool, edge_admin_setting_prefix(request), "auth.mechanisms", NULL);
    edge_setting_changing_add(&changing, changing.tagged, value, "#/mechanisms");
    edge_admin_setting_tail(&changing, &request->values[AUTH_TAIL]);
    edge_setting_changing_finish(&changing);
}
