/* Lists: their rows, tags, links, and the choice of members. */
#include "control/admin_list.h"

#include <apr_strings.h>

#include "edge_admin_carrier.h"
#include "proto/http_target.h"
#include "proto/json_in.h"

const edge_admin_argument_t *edge_admin_list_rows(const edge_admin_route_t *route) {
    const edge_admin_argument_t *row = strcmp(route->method, "GET") == 0 ? route->answer : NULL;
    for (; row && row->name; row++)
        if (row->kind == EDGE_ADMIN_LIST && strcmp(row->name, "items") == 0)
            return row->rows;
    return NULL;
}

/* One item */

/* "/api/v1/bans" of "/api/v1/bans/{address}" */
static const edge_admin_route_t *list_above(const edge_admin_route_t *route) {
    size_t len = (size_t)(strrchr(route->path, '/') - route->path);
    const edge_admin_route_t *list;
    for (unsigned i = 0; (list = edge_admin_route_at(i)) != NULL; i++)
        if (strncmp(list->path, route->path, len) == 0 && list->path[len] == '\0' && edge_admin_list_rows(list))
            return list;
    return NULL;
}

const edge_admin_argument_t *edge_admin_list_answer(const edge_admin_route_t *route) {
    return route->handler == edge_admin_list_item ? edge_admin_list_rows(list_above(route)) : route->answer;
}

/* Numbers are named as they are written. */
static bool is_named(const edge_json_value_t *item, const char *member, edge_span_t name) {
    const edge_json_value_t *value = edge_json_in_member(item, member);
    return value && edge_span_equal(value->type == EDGE_JSON_STRING ? value->text : value->raw, name);
}

void edge_admin_list_item(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const char *open = strrchr(request->route->path, '{') + 1;
    const char *member = apr_pstrmemdup(request->pool, open, strlen(open) - 1);
    edge_admin_request_t of_list = *request;
    of_list.route = list_above(request->route);
    of_list.uncounted = true;
    memset(of_list.pieces, 0, sizeof(of_list.pieces));
    of_list.route->handler(&of_list, answer);
    if (answer->list_end == 0)
        return; /* it has said why there is no list */
    const edge_json_value_t *document =
        edge_json_in_read(edge_span(answer->json.text, answer->json.len), request->pool, NULL, NULL);
    const edge_json_value_t *items = edge_json_in_member(document, "items"), *item = items ? items->first : NULL;
    while (item && !is_named(item, member, request->pieces[0]))
        item = item->next;
    if (!item) {
        edge_admin_problem(answer, 404, "not-found", "There is none whose %s is \"%.200s\".", member,
                           request->pieces[0].at);
        return;
    }
    edge_json_start(&answer->json, request->pool, item->raw.len);
    edge_json_raw(&answer->json, item->raw);
    answer->list_end = 0;
    answer->etag = NULL;
}

/* Relative to what was asked for: it holds below whatever path a proxy has put it. */
void edge_admin_list_link(edge_span_t query, const char *cursor, edge_admin_answer_t *answer) {
    const char *link = "<?";
    edge_span_t name, value;
    while (edge_http_target_next(&query, &name, &value)) {
        name = edge_http_target_decode(name, answer->pool);
        value = edge_http_target_decode(value, answer->pool);
        if (name.at && value.at && !edge_span_equal(name, edge_span_of("cursor")))
            link = apr_pstrcat(answer->pool, link, edge_http_target_encode(name, answer->pool).at, "=",
                               edge_http_target_encode(value, answer->pool).at, "&", NULL);
    }
    cursor = edge_http_target_encode(edge_span_of(cursor), answer->pool).at;
    edge_admin_field(answer, "Link", apr_pstrcat(answer->pool, link, "cursor=", cursor, ">; rel=\"next\"", NULL));
}

/* All but when it was told. */
static void tag(const edge_admin_selection_t *selection, edge_span_t fields, edge_admin_answer_t *answer) {
    edge_span_t what = edge_span(answer->json.text, answer->list_end);
    if (selection->paths)
        what = edge_span_of(
            apr_pstrcat(answer->pool, fields.at, "\n", apr_pstrmemdup(answer->pool, what.at, what.len), NULL));
    answer->etag = edge_admin_etag(answer->pool, what, true);
}

static void select_members(const edge_admin_selection_t *selection, edge_admin_answer_t *answer) {
    const edge_json_value_t *document =
        edge_json_in_read(edge_span(answer->json.text, answer->json.len), answer->pool, NULL, NULL);
    edge_json_t json;
    edge_json_start(&json, answer->pool, answer->json.len);
    edge_json_object(&json);
    for (const edge_json_value_t *member = document ? document->first : NULL; member; member = member->next) {
        edge_json_key(&json, member->name.at);
        if (!edge_span_equal(member->name, edge_span_of("items"))) {
            edge_json_raw(&json, member->raw);
            continue;
        }
        edge_json_array(&json);
        for (const edge_json_value_t *item = member->first; item; item = item->next)
            edge_admin_selection_put(selection, &json, item);
        edge_json_array_end(&json);
    }
    edge_json_object_end(&json);
    answer->json = json;
}

void edge_admin_list_finish(const edge_admin_request_t *request, const edge_admin_selection_t *selection,
                            edge_span_t query, edge_admin_answer_t *answer) {
    if (answer->status != 200 || answer->streaming || answer->list_end == 0)
        return;
    if (!answer->etag)
        tag(selection, request->fields, answer);
    if (answer->next_cursor)
        edge_admin_list_link(query, answer->next_cursor, answer);
    if (selection->paths)
        select_members(selection, answer);
}
