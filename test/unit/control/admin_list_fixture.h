/* A list of seven items that is told three at most at a time, and dispatch to it. */
#ifndef ADMIN_LIST_FIXTURE_H
#define ADMIN_LIST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>
#include <stdlib.h>

#include "control/admin_list.h"
#include "edge_module.h"
#include "proto/json_in.h"

#define ITEMS 7u

static apr_pool_t *pool;
static edge_admin_answer_t answer;
static unsigned calls, fails_at; /* the call that fails; 0: none */
static bool counted;

static const edge_admin_argument_t client_rows[] = {{.name = "ip", .kind = EDGE_ADMIN_TEXT, .prose = "x"},
                                                    {.name = "port", .kind = EDGE_ADMIN_NUMBER, .prose = "x"},
                                                    {.name = NULL}};
static const edge_admin_argument_t item_rows[] = {
    {.name = "id", .kind = EDGE_ADMIN_NUMBER, .prose = "x"},
    {.name = "text", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "x"},
    {.name = "client", .kind = EDGE_ADMIN_OBJECT, .rows = client_rows, .may = EDGE_ADMIN_NULL, .prose = "x"},
    {.name = "names", .kind = EDGE_ADMIN_TEXTS, .prose = "x"},
    {.name = "well", .kind = EDGE_ADMIN_SWITCH, .may = EDGE_ADMIN_MISSING, .prose = "x"},
    {.name = NULL}};
static const edge_admin_argument_t list_rows[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = item_rows, .prose = "x"}, EDGE_ADMIN_LIST_ROWS, {.name = NULL}};
enum { LIMIT, CURSOR, TEXT };
static const edge_admin_argument_t arguments[] = {
    [LIMIT] = {.name = "limit", .kind = EDGE_ADMIN_NUMBER, .min = 1, .max = 3, .prose = "x"},
    [CURSOR] = {.name = "cursor", .kind = EDGE_ADMIN_NUMBER, .max = ITEMS, .prose = "x"},
    [TEXT] = {.name = "text", .kind = EDGE_ADMIN_TEXT, .prose = "x"},
    {.name = NULL}};

static void put_item(edge_json_t *json, unsigned id, edge_span_t text) {
    edge_json_object(json);
    edge_json_put_number(json, "id", id);
    edge_json_put_text(json, "text", id % 2 == 0 ? EDGE_NO_SPAN : text, 0);
    edge_json_key(json, "client");
    if (id == 2) {
        edge_json_null(json);
    } else {
        edge_json_object(json);
        edge_json_put_string(json, "ip", "192.0.2.1");
        edge_json_put_number(json, "port", 1000 + id);
        edge_json_object_end(json);
    }
    edge_json_key(json, "names");
    edge_json_array(json);
    edge_json_text(json, edge_span_of("=a"), 0);
    edge_json_text(json, edge_span_of("b"), 0);
    edge_json_array_end(json);
    if (id == 1) {
        edge_json_put_bool(json, "well", true);
    }
    edge_json_object_end(json);
}

static void list(const edge_admin_request_t *request, edge_admin_answer_t *to) {
    unsigned most = request->arguments[LIMIT].at != NULL ? (unsigned)request->numbers[LIMIT] : 2;
    unsigned from = request->arguments[CURSOR].at != NULL ? (unsigned)atoi(request->arguments[CURSOR].at) : 0;
    edge_span_t text = request->arguments[TEXT].at != NULL ? request->arguments[TEXT] : edge_span_of("x");
    counted = !request->uncounted;
    if (++calls == fails_at) {
        edge_admin_elsewhere(to, "Another has it.");
        return;
    }
    edge_json_t *json = edge_admin_list_start(to);
    for (unsigned i = from; i < from + most && i < ITEMS; i++) {
        put_item(json, i + 1, text);
    }
    edge_admin_list_end(to, from + most < ITEMS ? apr_itoa(request->pool, (int)(from + most)) : NULL, ITEMS);
}

static void tell_text(const edge_admin_request_t *request, edge_admin_answer_t *to) {
    (void)request;
    edge_admin_stream(to, "text/plain");
    edge_admin_send(to, edge_span_of("plain"));
}

const edge_admin_route_t edge_admin_setting_routes[] = {{.path = NULL}};
const edge_admin_route_t edge_admin_routes[] = {
    {.method = "GET", .path = "/api/v1/all/things", .handler = list, .arguments = arguments, .answer = list_rows},
    {.method = "GET", .path = "/text", .handler = tell_text, .answer = list_rows},
    {.method = "GET", .path = "/other", .handler = tell_text},
    {.method = "GET", .path = "/api/v1/all/things/{id}", .handler = edge_admin_list_item},
    {.path = NULL},
};
const edge_module_t *edge_module_at(unsigned index) { return NULL; }

static const char *sent;

static bool keep_sent(edge_admin_answer_t *to, edge_span_t bytes) {
    (void)to;
    sent = apr_pstrcat(pool, sent, apr_pstrmemdup(pool, bytes.at, bytes.len), NULL);
    return true;
}

static unsigned carry(edge_admin_call_t call, const char *method, const char *target, const char *accept) {
    call.method = edge_span_of(method);
    call.target = edge_span_of(target);
    call.accept = edge_span_of(accept);
    call.role = EDGE_ADMIN_READ;
    call.who = "a test";
    calls = 0;
    sent = "";
    edge_admin_answer_start(&answer, pool);
    answer.send = keep_sent;
    edge_admin_dispatch(&call, &answer);
    return answer.status;
}

static unsigned ask(const char *target, const char *accept) {
    return carry((edge_admin_call_t){.local = true}, "GET", target, accept);
}

static const char *field(const char *name) {
    for (unsigned i = 0; i < answer.field_count; i++) {
        if (strcmp(answer.fields[i].name, name) == 0) {
            return answer.fields[i].value;
        }
    }
    return NULL;
}

static const edge_json_value_t *document(void) {
    const edge_json_value_t *read = edge_json_in_read(edge_span(answer.json.text, answer.json.len), pool, NULL, NULL);
    assert_non_null(read);
    return read;
}

static int start(void **state) {
    (void)state;
    fails_at = 0;
    return apr_pool_create(&pool, NULL);
}

static int end(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

#endif
