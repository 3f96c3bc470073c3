/* Admin requests: finding the row, checking role and arguments, and the answers' two forms. */
#include "core/admin.h"
#include "edge_clock.h"
#include "edge_module.h"
#include "edge_obj.h"
#include "proto/http_target.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static _Atomic edge_mono_t started;

void edge_admin_start(void) { atomic_store(&started, edge_clock_read().mono); }
int64_t edge_admin_uptime(void) { return edge_clock_read().mono - atomic_load(&started); }

const char *edge_admin_role_name(edge_admin_role_t role) {
    static const char *const names[] = {"nobody", "read", "operate", "admin"};
    return names[role];
}

void edge_admin_answer_start(edge_admin_answer_t *answer, apr_pool_t *pool) {
    memset(answer, 0, sizeof *answer);
    answer->pool = pool;
    answer->status = 200;
    answer->type = "application/json";
    edge_json_start(&answer->json, pool, 1024);
}

edge_json_t *edge_admin_json(edge_admin_answer_t *answer) { return &answer->json; }

static void put_problem(edge_admin_answer_t *answer, unsigned status, const char *code, const char *detail) {
    if (answer->streaming) {
        edge_admin_break(answer);
        return;
    }
    answer->status = status;
    answer->type = "application/problem+json";
    edge_json_start(&answer->json, answer->pool, 512);
    edge_json_object(&answer->json);
    edge_json_put_string(&answer->json, "type", apr_pstrcat(answer->pool, "urn:edged:problem:", code, NULL));
    edge_json_put_string(&answer->json, "title", code);
    edge_json_put_number(&answer->json, "status", status);
    edge_json_put_string(&answer->json, "detail", detail);
    edge_json_put_string(&answer->json, "code", code);
    edge_json_object_end(&answer->json);
}

void edge_admin_problem(edge_admin_answer_t *answer, unsigned status, const char *code, const char *format, ...) {
    char detail[512]; /* the C library's formatter: APR's does not know %llu */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    put_problem(answer, status, code, detail);
}

void edge_admin_stream(edge_admin_answer_t *answer, const char *type) {
    answer->streaming = true;
    answer->type = type;
}

bool edge_admin_send(edge_admin_answer_t *answer, edge_span_t bytes) {
    EDGE_ASSERT(answer->streaming && answer->send != NULL);
    return !answer->broken && (bytes.len == 0 || answer->send(answer, bytes));
}

void edge_admin_break(edge_admin_answer_t *answer) { answer->broken = true; }

const edge_admin_route_t *edge_admin_route_at(unsigned index) {
    const edge_admin_route_t *rows = edge_admin_routes;
    const edge_module_t *module;
    for (unsigned at = 0;; at++) {
        for (unsigned i = 0; rows != NULL && rows[i].path != NULL; i++) {
            if (index-- == 0) {
                return &rows[i];
            }
        }
        if ((module = edge_module_at(at)) == NULL) {
            return NULL;
        }
        rows = module->routes;
    }
}

static bool serves_method(const edge_admin_route_t *route, edge_span_t method) {
    edge_span_t own = edge_span_of(route->method);
    return edge_span_equal(method, own) ||
           (edge_span_equal(method, edge_span_of("HEAD")) && strcmp(route->method, "GET") == 0);
}

/* The row of method and path; when only the method is wrong, 405 with the methods that would do. */
static const edge_admin_route_t *find_route(const edge_admin_call_t *call, edge_span_t path, edge_span_t *pieces,
                                            edge_admin_answer_t *answer) {
    const edge_admin_route_t *route;
    for (unsigned i = 0; (route = edge_admin_route_at(i)) != NULL; i++) {
        if (edge_http_target_match(route->path, path, pieces, EDGE_ADMIN_PIECES) < 0) {
            continue;
        }
        if (serves_method(route, call->method)) {
            return route;
        }
        answer->allow =
            answer->allow == NULL ? route->method : apr_pstrcat(answer->pool, answer->allow, ", ", route->method, NULL);
    }
    if (answer->allow != NULL) {
        edge_admin_problem(answer, 405, "method-not-allowed", "This path takes %s.", answer->allow);
    } else {
        edge_admin_problem(answer, 404, "not-found", "There is nothing at this path.");
    }
    return NULL;
}

static const char *printable(edge_admin_answer_t *answer, edge_span_t text) {
    return apr_pstrmemdup(answer->pool, text.at, text.len < 100 ? text.len : 100);
}

static bool read_number(const edge_admin_argument_t *row, edge_span_t value, uint64_t *number,
                        edge_admin_answer_t *answer) {
    if (edge_span_number(value, number) && *number >= row->min && *number <= row->max) {
        return true;
    }
    edge_admin_problem(answer, 422, "out-of-range", "\"%s\" must be a number from %llu to %llu; got \"%s\".", row->name,
                       (unsigned long long)row->min, (unsigned long long)row->max, printable(answer, value));
    return false;
}

static bool read_word(const edge_admin_argument_t *row, edge_span_t value, uint64_t *number,
                      edge_admin_answer_t *answer) {
    const char *allowed = "";
    for (unsigned i = 0; row->words[i] != NULL; i++) {
        if (edge_span_equal(value, edge_span_of(row->words[i]))) {
            *number = i;
            return true;
        }
        allowed = apr_pstrcat(answer->pool, allowed, i == 0 ? "" : ", ", row->words[i], NULL);
    }
    edge_admin_problem(answer, 422, "unknown-value", "\"%s\" must be one of %s; got \"%s\".", row->name, allowed,
                       printable(answer, value));
    return false;
}

static int argument_index(const edge_admin_route_t *route, edge_span_t name) {
    for (int i = 0; route->arguments != NULL && route->arguments[i].name != NULL; i++) {
        EDGE_ASSERT(i < EDGE_ADMIN_ARGUMENTS);
        if (edge_span_equal(name, edge_span_of(route->arguments[i].name))) {
            return i;
        }
    }
    return -1;
}

/* One member; an unknown one is refused, so that a typing error never looks like success. */
static bool read_member(edge_admin_request_t *request, edge_span_t name, edge_span_t value,
                        edge_admin_answer_t *answer) {
    int index = argument_index(request->route, name);
    if (index < 0) {
        edge_admin_problem(answer, 422, "unknown-member", "This path takes no argument \"%s\".",
                           printable(answer, name));
        return false;
    }
    const edge_admin_argument_t *row = &request->route->arguments[index];
    if (request->arguments[index].at != NULL) {
        edge_admin_problem(answer, 422, "repeated-member", "\"%s\" is given twice.", row->name);
        return false;
    }
    request->arguments[index] = value;
    switch (row->kind) {
    case EDGE_ADMIN_NUMBER: return read_number(row, value, &request->numbers[index], answer);
    case EDGE_ADMIN_WORD: return read_word(row, value, &request->numbers[index], answer);
    case EDGE_ADMIN_TEXT: break;
    }
    return true;
}

static bool read_query(edge_admin_request_t *request, edge_span_t query, edge_admin_answer_t *answer) {
    edge_span_t name, value;
    while (edge_http_target_next(&query, &name, &value)) {
        name = edge_http_target_decode(name, request->pool);
        value = value.at == NULL ? edge_span("", 0) : edge_http_target_decode(value, request->pool);
        if (name.at == NULL || value.at == NULL) {
            edge_admin_problem(answer, 400, "bad-target", "A percent escape in the query is malformed.");
            return false;
        }
        if (!read_member(request, name, value, answer)) {
            return false;
        }
    }
    return true;
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

void edge_admin_dispatch(const edge_admin_call_t *call, edge_admin_answer_t *answer) {
    edge_admin_request_t request = {
        .role = call->role, .who = call->who, .content = call->content, .pool = answer->pool};
    edge_span_t path, query, pieces[EDGE_ADMIN_PIECES] = {EDGE_NO_SPAN};
    if (!edge_http_target_split(call->target, &path, &query)) {
        edge_admin_problem(answer, 400, "bad-target", "The request target is no path.");
        return;
    }
    request.route = find_route(call, path, pieces, answer);
    if (request.route == NULL) {
        return;
    }
    if (call->role < request.route->role) {
        edge_admin_problem(answer, 403, "role-required", "This needs the role \"%s\"; yours is \"%s\".",
                           edge_admin_role_name(request.route->role), edge_admin_role_name(call->role));
        return;
    }
    int count = edge_http_target_match(request.route->path, path, pieces, EDGE_ADMIN_PIECES);
    memcpy(request.pieces, pieces, sizeof pieces[0] * (size_t)count);
    if (decode_pieces(&request, answer) && read_query(&request, query, answer)) {
        request.route->handler(&request, answer);
    }
}
