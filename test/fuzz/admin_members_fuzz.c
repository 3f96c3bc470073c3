/* Arbitrary requests to the admin's rows: "METHOD TARGET\nTYPE\nCONTENT". Whatever comes is answered by one well-formed document, and a
 * handler is called only with what its rows allow. */
#include <apr_general.h>
#include <stdlib.h>

#include "control/admin.h"
#include "edge_admin_carrier.h"
#include "edge_module.h"
#include "proto/json_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT, NUMBER, WORD, SWITCH, SECONDS, OBJECT, TEXTS, MAP, REST };
static const char *const words[] = {"enforce", "shadow", NULL};
static const edge_admin_argument_t inner[] = {
    {.name = "size", .kind = EDGE_ADMIN_NUMBER, .min = 1, .max = 9, .prose = "x"},
    {.name = "*", .kind = EDGE_ADMIN_ANY, .prose = "x"},
    {.name = NULL},
};
static const edge_admin_argument_t body[] = {
    [TEXT] = {.name = "text", .kind = EDGE_ADMIN_TEXT, .min = 1, .max = 5, .prose = "x"},
    [NUMBER] = {.name = "number", .kind = EDGE_ADMIN_NUMBER, .min = 10, .max = 20, .prose = "x"},
    [WORD] = {.name = "word", .kind = EDGE_ADMIN_WORD, .words = words, .prose = "x"},
    [SWITCH] = {.name = "switch", .kind = EDGE_ADMIN_SWITCH, .prose = "x"},
    [SECONDS] =
        {.name = "for", .kind = EDGE_ADMIN_SECONDS, .min = EDGE_SECONDS(1), .max = EDGE_SECONDS(60), .prose = "x"},
    [OBJECT] = {.name = "object", .kind = EDGE_ADMIN_OBJECT, .rows = inner, .prose = "x"},
    [TEXTS] = {.name = "texts", .kind = EDGE_ADMIN_TEXTS, .prose = "x"},
    [MAP] = {.name = "map", .kind = EDGE_ADMIN_MAP, .prose = "x"},
    [REST] = {.name = "*", .kind = EDGE_ADMIN_ANY, .may = EDGE_ADMIN_NULL, .prose = "x"},
    {.name = NULL},
};

static void must(bool truth) {
    if (!truth) {
        abort();
    }
}

static void look(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const edge_admin_value_t *values = request->values;
    must(request->reason.at == NULL || (request->reason.len > 0 && request->reason.len <= EDGE_ADMIN_REASON_MOST));
    must(request->pieces[0].at == NULL ||
         (request->pieces[0].len > 0 && request->pieces[0].at[request->pieces[0].len] == '\0'));
    if (request->route->body != NULL) {
        must(values[TEXT].json == NULL || (values[TEXT].text.len >= 1 && values[TEXT].text.len <= 5));
        must(values[NUMBER].json == NULL || (values[NUMBER].number >= 10 && values[NUMBER].number <= 20));
        must(values[WORD].json == NULL || values[WORD].number < 2);
        must(values[SWITCH].json == NULL || values[SWITCH].number < 2);
        must(values[SECONDS].json == NULL || (values[SECONDS].number >= 1000000 && values[SECONDS].number <= 60000000));
        must(values[OBJECT].json == NULL || values[OBJECT].json->type == EDGE_JSON_OBJECT);
        must(values[TEXTS].json == NULL || values[TEXTS].json->type == EDGE_JSON_ARRAY);
    } else {
        must(request->arguments[NUMBER].at == NULL ||
             (request->numbers[NUMBER] >= 10 && request->numbers[NUMBER] <= 20));
        must(request->arguments[SECONDS].at == NULL ||
             (request->numbers[SECONDS] >= 1000000 && request->numbers[SECONDS] <= 60000000));
    }
    edge_json_object(edge_admin_json(answer));
    edge_json_put_text(edge_admin_json(answer), "piece", request->pieces[0], 0);
    edge_json_object_end(edge_admin_json(answer));
}

const edge_admin_route_t edge_admin_setting_routes[] = {{.path = NULL}};
const edge_admin_route_t edge_admin_routes[] = {
    {.method = "GET", .path = "/a/{name}", .role = EDGE_ADMIN_READ, .handler = look, .arguments = body, .prose = "x"},
    {.method = "POST",
     .path = "/a/{name}",
     .role = EDGE_ADMIN_READ,
     .handler = look,
     .body = body,
     .flags = EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_DRY_RUN,
     .prose = "x"},
    {.method = "PATCH",
     .path = "/b",
     .role = EDGE_ADMIN_READ,
     .handler = look,
     .arguments = body,
     .flags = EDGE_ADMIN_NEEDS_REASON,
     .prose = "x"},
    {.path = NULL},
};
const edge_module_t *edge_module_at(unsigned index) {
    (void)index;
    return NULL;
}

static edge_span_t take_line(edge_span_t *rest) {
    const char *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
    edge_span_t line = edge_span(rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len);
    *rest = edge_span_after(*rest, end != NULL ? line.len + 1 : line.len);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    apr_pool_t *pool;
    edge_admin_answer_t answer;
    edge_span_t rest = edge_span((const char *)data, size), line = take_line(&rest), type = take_line(&rest);
    const char *blank = line.len > 0 ? memchr(line.at, ' ', line.len) : NULL;
    size_t method = blank != NULL ? (size_t)(blank - line.at) : line.len;
    edge_admin_call_t call = {.method = edge_span(line.at, method),
                              .target = blank != NULL ? edge_span_after(line, method + 1) : edge_span("", 0),
                              .content = rest,
                              .content_type = type.len > 0 ? type : EDGE_NO_SPAN,
                              .role = EDGE_ADMIN_READ,
                              .who = "fuzz"};
    if (root == NULL) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    edge_admin_answer_start(&answer, pool);
    edge_admin_dispatch(&call, &answer);
    must(answer.status >= 200 && answer.status < 500 && !answer.streaming);
    must(edge_json_in_read(edge_span(answer.json.text, answer.json.len), pool, NULL, NULL) != NULL);
    apr_pool_destroy(pool);
    return 0;
}
