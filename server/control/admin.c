/* Admin requests: finding the row, checking who asks, calling the handler. */
#include "control/admin.h"
#include "control/admin_export.h"
#include "control/admin_kept.h"
#include "control/admin_list.h"
#include "control/admin_members.h"
#include "control/admin_repeat.h"
#include "edge_clock.h"
#include "edge_module.h"
#include "edge_obj.h"
#include "proto/http_target.h"

#include <apr_strings.h>
#include <stdatomic.h>

static _Atomic edge_mono_t started;

void edge_admin_start(void) { atomic_store(&started, edge_clock_read().mono); }
int64_t edge_admin_uptime(void) { return edge_clock_read().mono - atomic_load(&started); }

const edge_admin_route_t *edge_admin_route_at(unsigned index) {
    static const edge_admin_route_t *const own[] = {edge_admin_routes, edge_admin_setting_routes};
    for (unsigned at = 0;; at++) {
        const edge_module_t *module = at < EDGE_COUNT(own) ? NULL : edge_module_at(at - EDGE_COUNT(own));
        if (at >= EDGE_COUNT(own) && module == NULL) {
            return NULL;
        }
        const edge_admin_route_t *rows = module != NULL ? module->routes : own[at];
        for (unsigned i = 0; rows != NULL && rows[i].path != NULL; i++) {
            if (index-- == 0) {
                return &rows[i];
            }
        }
    }
}

static bool serves_method(const edge_admin_route_t *route, edge_span_t method) {
    edge_span_t own = edge_span_of(route->method);
    return edge_span_equal(method, own) ||
           (edge_span_equal(method, edge_span_of("HEAD")) && strcmp(route->method, "GET") == 0);
}

/* The row of method and path, /queue/stat before /queue/{id}; when only the method is wrong, 405 with the methods that would do. */
static const edge_admin_route_t *find_route(const edge_admin_call_t *call, edge_span_t path, edge_span_t *pieces,
                                            edge_admin_answer_t *answer) {
    const edge_admin_route_t *route, *best = NULL;
    int fewest = EDGE_ADMIN_PIECES + 1;
    for (unsigned i = 0; (route = edge_admin_route_at(i)) != NULL; i++) {
        edge_span_t found[EDGE_ADMIN_PIECES];
        int count = edge_http_target_match(route->path, path, found, EDGE_ADMIN_PIECES);
        if (count < 0) {
            continue;
        }
        if (!serves_method(route, call->method)) {
            answer->allow = answer->allow == NULL ? route->method
                                                  : apr_pstrcat(answer->pool, answer->allow, ", ", route->method, NULL);
        } else if (count < fewest) {
            best = route;
            fewest = count;
            memcpy(pieces, found, (size_t)count * sizeof found[0]);
        }
    }
    if (best != NULL) {
        answer->allow = NULL;
        return best;
    }
    if (answer->allow != NULL) {
        edge_admin_problem(answer, 405, "method-not-allowed", "This path takes %s.", answer->allow);
    } else {
        edge_admin_problem(answer, 404, "not-found", "There is nothing at this path.");
    }
    return NULL;
}

static bool decode_pieces(edge_admin_request_t *request, edge_admin_answer_t *answer) {
    for (unsigned i = 0; i < EDGE_ADMIN_PIECES && request->pieces[i].at != NULL; i++) {
        request->pieces[i] = edge_http_target_decode(request->pieces[i], request->pool);
        if (request->pieces[i].at == NULL) {
            edge_admin_problem(answer, 400, "bad-target", "A percent escape in the path is malformed.");
            return false;
        }
    }
    return true;
}

/* Nobody learns which paths there are before it is known who asks. */
static bool may_ask(const edge_admin_call_t *call, const edge_admin_route_t *route, edge_admin_answer_t *answer) {
    if (route != NULL && (route->flags & EDGE_ADMIN_PUBLIC) != 0) {
        return true;
    }
    if (call->role == EDGE_ADMIN_NOBODY) {
        answer->allow = NULL;
        edge_admin_problem(answer, 401, "unauthenticated", "Say who you are: Authorization: Bearer TOKEN.");
        edge_admin_field(answer, "WWW-Authenticate", "Bearer realm=\"edged\"");
        return false;
    }
    if (route != NULL && call->role < route->role) {
        edge_admin_problem(answer, 403, "role-required", "This needs the role \"%s\"; yours is \"%s\".",
                           edge_admin_role_name(route->role), edge_admin_role_name(call->role));
        edge_json_put_string(edge_admin_json(answer), "role", edge_admin_role_name(route->role));
        return false;
    }
    return route != NULL;
}

/* A change of what may have been changed by somebody else says what it knows of it; a dry run changes nothing. */
static bool has_match(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    if ((request->route->flags & EDGE_ADMIN_NEEDS_MATCH) == 0 || request->if_match.at != NULL || request->dry_run) {
        return true;
    }
    edge_admin_problem(answer, 428, "precondition-required",
                       "Send If-Match with the ETag that you have seen, or * to change it whatever it is.");
    return false;
}

/* Whether a tag of the list is this one; weak comparison. */
static bool is_listed(edge_span_t list, const char *etag) {
    edge_span_t own = edge_span_of(strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag);
    while (list.len > 0) {
        const char *comma = memchr(list.at, ',', list.len);
        edge_span_t tag = edge_span(list.at, comma != NULL ? (size_t)(comma - list.at) : list.len);
        list = edge_span_after(list, comma != NULL ? tag.len + 1 : tag.len);
        tag = edge_span_trim(tag);
        if (tag.len > 2 && memcmp(tag.at, "W/", 2) == 0) {
            tag = edge_span_after(tag, 2);
        }
        if (edge_span_equal(tag, own) || edge_span_equal(tag, edge_span_of("*"))) {
            return true;
        }
    }
    return false;
}

/* What the client has is what it would get. */
static void spare_what_is_known(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    if (answer->status == 200 && answer->etag != NULL && request->if_none_match.at != NULL &&
        strcmp(request->route->method, "GET") == 0 && is_listed(request->if_none_match, answer->etag)) {
        answer->status = 304;
        edge_json_start(&answer->json, answer->pool, 0);
    }
}

static unsigned usual_status(const edge_admin_route_t *route) {
    return (route->flags & EDGE_ADMIN_ACCEPTED) != 0 ? 202 : (route->flags & EDGE_ADMIN_CREATED) != 0 ? 201 : 200;
}

/* Lists are told whole or in parts, and in several forms. */
static void call_handler(const edge_admin_request_t *request, edge_span_t query, edge_admin_answer_t *answer) {
    const edge_admin_argument_t *rows = edge_admin_list_rows(request->route);
    edge_admin_form_t form = rows != NULL ? edge_admin_export_form(request->accept) : EDGE_ADMIN_JSON;
    edge_admin_selection_t selection;
    answer->status = usual_status(request->route);
    if (rows == NULL) {
        request->route->handler(request, answer);
    } else if (edge_admin_selection_read(&selection, rows, request->fields, answer)) {
        if (form != EDGE_ADMIN_JSON) {
            edge_admin_export(request, &selection, query, form, answer);
            return;
        }
        request->route->handler(request, answer);
        edge_admin_list_finish(request, &selection, query, answer);
    }
}

static void answer_route(edge_admin_request_t *request, const edge_admin_call_t *call, edge_span_t query,
                         edge_admin_answer_t *answer) {
    if (decode_pieces(request, answer) && edge_admin_members_query(request, query, answer) &&
        edge_admin_members_body(request, call->content, call->content_type, call->local, answer) &&
        edge_admin_members_complete(request, answer) && has_match(request, answer)) {
        edge_admin_repeat_t repeat;
        if (edge_admin_repeat_begin(&repeat, request, call, edge_clock_mono(), answer)) {
            call_handler(request, query, answer);
            if (strcmp(request->route->method, "GET") != 0) {
                edge_admin_kept_void();
            }
            edge_admin_repeat_end(&repeat, request, edge_clock_mono(), answer);
            spare_what_is_known(request, answer);
        }
    }
}

void edge_admin_dispatch(const edge_admin_call_t *call, edge_admin_answer_t *answer) {
    edge_admin_request_t request = {.role = call->role,
                                    .who = call->who,
                                    .from = call->from != NULL ? call->from : "local",
                                    .request_id = answer->request_id,
                                    .is_head = edge_span_equal(call->method, edge_span_of("HEAD")),
                                    .if_match = call->if_match,
                                    .if_none_match = call->if_none_match,
                                    .accept = call->accept,
                                    .last_event_id = call->last_event_id,
                                    .streams = call->streams,
                                    .carrier = call->carrier,
                                    .pool = answer->pool};
    edge_span_t path, query, pieces[EDGE_ADMIN_PIECES] = {EDGE_NO_SPAN};
    if (!edge_http_target_split(call->target, &path, &query)) {
        edge_admin_problem(answer, 400, "bad-target", "The request target is no path.");
    } else {
        answer->instance = edge_span_copy(answer->pool, path).at;
        if (edge_span_equal(path, edge_span_of("/api/v1/"))) {
            path.len--; /* the index is also what stands above all others */
        }
        request.route = answer->route = find_route(call, path, pieces, answer);
        if (may_ask(call, request.route, answer)) {
            int count = edge_http_target_match(request.route->path, path, pieces, EDGE_ADMIN_PIECES);
            memcpy(request.pieces, pieces, sizeof pieces[0] * (size_t)count);
            answer_route(&request, call, query, answer);
        }
    }
    edge_admin_answer_end(answer);
}
