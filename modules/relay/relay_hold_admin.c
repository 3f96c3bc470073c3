/* Routes about holds: which hand-offs are stopped, stopping one, lifting that. */
#include "edge_audit.h"
#include "relay.h"
#include "relay_admin.h"
#include "relay_hold.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "proto/address.h"

enum { ADD_SCOPE, ADD_VALUE, ADD_FOR };
const edge_admin_argument_t relay_hold_arguments[] = {
    [ADD_SCOPE] = {.name = "scope",
                   .kind = EDGE_ADMIN_WORD,
                   .words = relay_hold_words,
                   .required = true,
                   .prose = "What it stops: all of it, what goes to one next hop, what is for the recipients of one "
                            "domain, what came by one listener."},
    [ADD_VALUE] = {.name = "value",
                   .kind = EDGE_ADMIN_TEXT,
                   .max = 255,
                   .prose = "Which next hop, domain or listener; nothing for all."},
    [ADD_FOR] = {.name = "for",
                 .kind = EDGE_ADMIN_SECONDS,
                 .min = EDGE_SECONDS(1),
                 .max = EDGE_SECONDS(366 * 86400L),
                 .prose = "How long, as 90s, 15m, 1h or 2d; in a body seconds; until lifted when not given."},
    {.name = NULL},
};

const edge_admin_argument_t relay_hold_answer[] = {
    {.name = "id", .kind = EDGE_ADMIN_TEXT, .prose = "Names it for DELETE."},
    {.name = "scope", .kind = EDGE_ADMIN_TEXT, .prose = "all, backend, domain or listener."},
    {.name = "value", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Which one; null for all."},
    {.name = "reason", .kind = EDGE_ADMIN_TEXT, .prose = "Why, as it was given."},
    {.name = "who", .kind = EDGE_ADMIN_TEXT, .prose = "Who has set it."},
    {.name = "since", .kind = EDGE_ADMIN_TIME, .prose = "Since when."},
    {.name = "expires", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "Until when; null: until lifted."},
    {.name = NULL},
};

const edge_admin_argument_t relay_holds_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = relay_hold_answer, .prose = "The oldest first."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

static void put_hold(edge_json_t *json, const relay_hold_t *hold) {
    edge_json_object(json);
    edge_json_put_string(json, "id", hold->id);
    edge_json_put_string(json, "scope", relay_hold_words[hold->scope]);
    edge_json_put_string(json, "value", hold->scope == RELAY_HOLD_ALL ? NULL : hold->value);
    edge_json_put_string(json, "reason", hold->reason);
    edge_json_put_string(json, "who", hold->who);
    edge_admin_put_time(json, "since", hold->since);
    edge_admin_put_time(json, "expires", hold->until);
    edge_json_object_end(json);
}

void relay_admin_holds(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    relay_hold_t *list;
    unsigned count = relay_holds_list(&list, request->pool);
    edge_json_t *json = edge_admin_list_start(answer);
    for (unsigned i = 0; i < count; i++)
        put_hold(json, &list[i]);
    edge_admin_list_end(answer, NULL, count);
}

/* What may be held */

static const char *small_letters(edge_span_t text, apr_pool_t *pool) {
    char *copy = apr_pstrmemdup(pool, text.at, text.len);
    for (char *at = copy; *at; at++)
        *at = (char)apr_tolower((unsigned char)*at);
    return copy;
}

static bool is_backend(edge_span_t name) {
    const relay_forwarder_t *forwarder = relay_forwarder_first();
    while (forwarder && !edge_span_equal_nocase(forwarder->relay->section->name, name))
        forwarder = forwarder->next;
    return forwarder != NULL;
}

static bool is_listener(edge_span_t name) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    bool found = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, name) != NULL;
    edge_snapshot_drop(snapshot);
    return found;
}

/* NULL, or what there is not. */
static const char *lacking(relay_hold_scope_t scope, edge_span_t value) {
    switch (scope) {
    case RELAY_HOLD_ALL: return value.len > 0 ? "\"%s\" is too much: all takes no value." : NULL;
    case RELAY_HOLD_BACKEND: return is_backend(value) ? NULL : "There is no <Handoff %s> of a queue with a spool.";
    case RELAY_HOLD_LISTENER: return is_listener(value) ? NULL : "There is no <Listener %s>.";
    case RELAY_HOLD_DOMAIN: return edge_address_domain(value) ? NULL : "\"%s\" is no domain.";
    }
    return NULL;
}

static const char *named(const relay_hold_t *hold, apr_pool_t *pool) {
    return hold->scope == RELAY_HOLD_ALL ? "all"
                                         : apr_pstrcat(pool, relay_hold_words[hold->scope], " ", hold->value, NULL);
}

static void look_everywhere(void) {
    for (relay_forwarder_t *forwarder = relay_forwarder_first(); forwarder; forwarder = forwarder->next)
        relay_forwarder_look(forwarder);
}

void relay_admin_hold_add(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_span_t value = request->arguments[ADD_VALUE].at ? request->arguments[ADD_VALUE] : edge_span_of("");
    apr_time_t now = edge_clock_read().wall;
    relay_hold_t hold = {.scope = (relay_hold_scope_t)request->numbers[ADD_SCOPE],
                         .value = value.at,
                         .reason = request->reason.at ? request->reason.at : "",
                         .who = request->who,
                         .since = now};
    const char *lack = lacking(hold.scope, value);
    char text[120];
    if (lack) {
        edge_admin_error(answer, 422, "?value", "unknown-value", lack, value.at);
        return;
    }
    if (hold.scope == RELAY_HOLD_DOMAIN)
        hold.value = small_letters(value, request->pool);
    if (request->arguments[ADD_FOR].at)
        hold.until = now + (apr_time_t)request->numbers[ADD_FOR];
    apr_status_t status = relay_holds_add(&hold);
    if (APR_STATUS_IS_ENOSPC(status) && relay_holds_count() == RELAY_HOLDS_MOST) {
        edge_admin_problem(answer, 507, "no-room", "There are %u holds already; lift one.", RELAY_HOLDS_MOST);
    } else if (status != APR_SUCCESS) {
        edge_admin_problem(answer, 500, "queue-failed", "The file of holds cannot be written, so nothing is held: %s",
                           apr_strerror(status, text, sizeof(text)));
    } else {
        EDGE_LOG(&relay_log, EDGE_LOG_NOTICE, 1194, "%s stops the hand-off of %s: %s", request->who,
                 named(&hold, request->pool), hold.reason);
        edge_audit(request, "queue.hold_all", named(&hold, request->pool), NULL, hold.id, "done");
        put_hold(edge_admin_json(answer), &hold);
        look_everywhere();
    }
}

/* What was held is due again at once; nobody knows any more which messages those were, so all are. */
static void let_go(const relay_hold_t *hold) {
    for (relay_forwarder_t *forwarder = relay_forwarder_first(); forwarder; forwarder = forwarder->next) {
        if (hold->scope == RELAY_HOLD_DOMAIN || hold->scope == RELAY_HOLD_LISTENER)
            forwarder->queue->provider->flush(forwarder->queue);
        relay_forwarder_look(forwarder);
    }
}

void relay_admin_hold_lift(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    relay_hold_t hold;
    char text[120];
    apr_status_t status = relay_holds_lift(request->pieces[0], &hold, request->pool);
    if (APR_STATUS_IS_NOTFOUND(status)) {
        edge_admin_problem(answer, 404, "not-found", "There is no hold %.100s.", request->pieces[0].at);
    } else if (status != APR_SUCCESS) {
        edge_admin_problem(answer, 500, "queue-failed", "The file of holds cannot be written, so nothing is lifted: %s",
                           apr_strerror(status, text, sizeof(text)));
    } else {
        EDGE_LOG(&relay_log, EDGE_LOG_NOTICE, 1195, "%s lets the hand-off of %s go on", request->who,
                 named(&hold, request->pool));
        edge_audit(request, "queue.release_all", named(&hold, request->pool), hold.id, NULL, "done");
        put_hold(edge_admin_json(answer), &hold);
        let_go(&hold);
    }
}
