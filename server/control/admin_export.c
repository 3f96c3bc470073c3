/* Lists without a frame: a line for each item, page by page. */
#include "control/admin_export.h"

#include <apr_strings.h>

#include "control/admin_list.h"
#include "edge_admin_carrier.h"
#include "edge_obj.h"
#include "proto/csv.h"
#include "proto/http_accept.h"
#include "proto/json_in.h"

const char *const edge_admin_form_types[EDGE_ADMIN_FORMS] = {"application/json", "application/x-ndjson", "text/csv"};

edge_admin_form_t edge_admin_export_form(edge_span_t accept) {
    int best = edge_http_accept_best(accept, edge_admin_form_types, EDGE_ADMIN_FORMS);
    return best < 0 ? EDGE_ADMIN_JSON : (edge_admin_form_t)best;
}

typedef struct lines {
    const edge_admin_selection_t *selection;
    edge_admin_form_t form;
    apr_pool_t *pool; /* of the page */
    char *text;
    size_t len, size;
} lines_t;

/* Room for `more` octets at the end. */
static char *room(lines_t *lines, size_t more) {
    if (lines->len + more > lines->size) {
        lines->size = (lines->len + more) * 2;
        char *larger = apr_palloc(lines->pool, lines->size);
        if (lines->len > 0)
            memcpy(larger, lines->text, lines->len);
        lines->text = larger;
    }
    return lines->text + lines->len;
}

static void put(lines_t *lines, edge_span_t text) {
    char *at = room(lines, text.len + 1);
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    lines->len += text.len;
}

/* CSV: a column for each member, and for each member of an object in it, as its path */

typedef void put_cell_t(lines_t *lines, const char *path, const edge_json_value_t *value);

static void put_name(lines_t *lines, const char *path, const edge_json_value_t *value) {
    (void)value;
    put(lines, edge_span_of(path));
}

/* Texts are made harmless; what has parts stands as JSON. */
static void put_value(lines_t *lines, const char *path, const edge_json_value_t *value) {
    (void)path;
    if (!value || value->type == EDGE_JSON_NULL)
        return;
    if (value->type == EDGE_JSON_NUMBER || value->type == EDGE_JSON_BOOL) {
        put(lines, value->raw);
        return;
    }
    edge_span_t text = value->type == EDGE_JSON_STRING ? value->text : value->raw;
    lines->len += edge_csv_text(text, room(lines, EDGE_CSV_ROOM(text.len)));
}

/* `item` NULL: all is absent. Returns how many columns there are so far. */
static unsigned put_columns(lines_t *lines, const edge_admin_argument_t *rows, const char *above,
                            const edge_json_value_t *item, put_cell_t *put_cell, unsigned count) {
    for (; rows && rows->name; rows++) {
        const char *path = apr_pstrcat(lines->pool, above, rows->name, NULL);
        const edge_json_value_t *value = edge_json_in_member(item, rows->name);
        edge_admin_share_t share = edge_admin_selection_share(lines->selection, edge_span_of(path));
        if (share != EDGE_ADMIN_NOTHING && rows->kind == EDGE_ADMIN_OBJECT && rows->rows) {
            count = put_columns(lines, rows->rows, apr_pstrcat(lines->pool, path, ".", NULL), value, put_cell, count);
        } else if (share != EDGE_ADMIN_NOTHING) {
            put(lines, edge_span_of(count++ > 0 ? "," : ""));
            put_cell(lines, path, value);
        }
    }
    return count;
}

static void put_row(lines_t *lines, const edge_json_value_t *item, put_cell_t *put_cell) {
    put_columns(lines, lines->selection->rows, "", item, put_cell, 0);
    put(lines, edge_span_of("\r\n"));
}

static void put_item(lines_t *lines, const edge_json_value_t *item) {
    edge_json_t json;
    if (lines->form == EDGE_ADMIN_CSV) {
        put_row(lines, item, put_value);
        return;
    }
    edge_json_start(&json, lines->pool, item->raw.len);
    edge_admin_selection_put(lines->selection, &json, item);
    put(lines, edge_span(json.text, json.len));
    put(lines, edge_span_of("\n"));
}

/* Pages */

typedef struct export {
    lines_t lines;
    edge_admin_request_t request; /* with limit and cursor of its own */
    int limit, cursor;            /* where these arguments are; -1: there is none */
    bool is_page;                 /* limit was given */
}
export_t;

static int argument_named(const edge_admin_route_t *route, const char *name) {
    for (int i = 0; route->arguments && route->arguments[i].name; i++)
        if (strcmp(route->arguments[i].name, name) == 0)
            return i;
    return -1;
}

/* A page that is no document is none of a list: nothing of it is kept. */
static bool swallow(edge_admin_answer_t *page, edge_span_t bytes) {
    (void)page;
    (void)bytes;
    return false;
}

static void ask_for_page(export_t *export, const edge_admin_answer_t *answer, edge_admin_answer_t *page) {
    edge_admin_answer_start(page, export->lines.pool);
    memcpy(page->request_id, answer->request_id, sizeof(page->request_id));
    page->instance = answer->instance;
    page->route = export->request.route;
    page->send = swallow;
    export->request.pool = export->lines.pool;
    export->request.route->handler(&export->request, page);
    edge_admin_answer_end(page);
}

static bool send_page(export_t *export, const edge_admin_answer_t *page, edge_admin_answer_t *answer) {
    const edge_json_value_t *document =
        edge_json_in_read(edge_span(page->json.text, page->json.len), export->lines.pool, NULL, NULL);
    const edge_json_value_t *items = edge_json_in_member(document, "items");
    for (const edge_json_value_t *item = items ? items->first : NULL; item; item = item->next)
        put_item(&export->lines, item);
    return edge_admin_send(answer, edge_span(export->lines.text, export->lines.len));
}

static const char *file_name(const edge_admin_request_t *request, edge_admin_form_t form) {
    static const char base[] = "/api/v1/";
    const char *path = request->route->path;
    char *name = apr_pstrdup(request->pool, path + (strncmp(path, base, sizeof(base) - 1) == 0 ? sizeof(base) - 1 : 1));
    for (char *at = name; *at; at++)
        *at = (*at >= 'a' && *at <= 'z') ? *at : '-';
    return apr_pstrcat(request->pool, "attachment; filename=\"", name, form == EDGE_ADMIN_CSV ? ".csv" : ".ndjson",
                       "\"", NULL);
}

static void begin(export_t *export, const edge_admin_request_t *request, const edge_admin_answer_t *page,
                  edge_span_t query, edge_admin_answer_t *answer) {
    bool csv = export->lines.form == EDGE_ADMIN_CSV;
    if (export->is_page && page->next_cursor)
        edge_admin_list_link(query, page->next_cursor, answer);
    edge_admin_field(answer, "Content-Disposition", file_name(request, export->lines.form));
    edge_admin_stream(answer,
                      csv ? "text/csv; charset=utf-8; header=present" : edge_admin_form_types[export->lines.form]);
    if (csv)
        put_row(&export->lines, NULL, put_name);
}

/* The first page has to be fine before anything is said. */
static bool is_refused(const edge_admin_answer_t *page, edge_admin_answer_t *answer) {
    if (page->status == 200)
        return false;
    answer->status = page->status;
    answer->type = page->type;
    answer->elsewhere = page->elsewhere;
    answer->json = page->json;
    answer->json.text = apr_pstrmemdup(answer->pool, page->json.text, page->json.len);
    answer->json.pool = answer->pool;
    for (unsigned i = 0; i < page->field_count; i++)
        edge_admin_field(answer, page->fields[i].name, apr_pstrdup(answer->pool, page->fields[i].value));
    return true;
}

static bool goes_on(export_t *export, const edge_admin_answer_t *page, apr_pool_t *keep) {
    if (!page->next_cursor || export->cursor < 0 || export->is_page)
        return false;
    export->request.arguments[export->cursor] = edge_span_copy(keep, edge_span_of(page->next_cursor));
    return true;
}

static void send_pages(export_t *export, const edge_admin_request_t *request, edge_span_t query,
                       edge_admin_answer_t *answer) {
    edge_admin_answer_t page;
    bool more = true;
    for (unsigned count = 0; more; count++) {
        apr_pool_clear(export->lines.pool);
        export->lines.text = NULL;
        export->lines.len = export->lines.size = 0;
        ask_for_page(export, answer, &page);
        if (count == 0 && is_refused(&page, answer))
            return;
        if (count == 0 && page.list_end == 0) {
            request->route->handler(request, answer); /* another form of it than the list, that was asked for */
            return;
        }
        if (page.status != 200) {
            edge_admin_break(answer);
            return;
        }
        if (count == 0)
            begin(export, request, &page, query, answer);
        more = !request->is_head && send_page(export, &page, answer) && goes_on(export, &page, request->pool);
    }
}

void edge_admin_export(const edge_admin_request_t *request, const edge_admin_selection_t *selection, edge_span_t query,
                       edge_admin_form_t form, edge_admin_answer_t *answer) {
    export_t export = {.lines = {.selection = selection, .form = form},
                       .request = *request,
                       .limit = argument_named(request->route, "limit"),
                       .cursor = argument_named(request->route, "cursor")};
    export.request.uncounted = true;
    export.is_page = export.limit >= 0 && request->arguments[export.limit].at;
    if (export.limit >= 0 && !export.is_page) {
        uint64_t most = request->route->arguments[export.limit].max;
        export.request.arguments[export.limit] = edge_span_of(apr_psprintf(request->pool, "%" APR_UINT64_T_FMT, most));
        export.request.numbers[export.limit] = most;
    }
    apr_pool_create(&export.lines.pool, request->pool);
    send_pages(&export, request, query, answer);
    apr_pool_destroy(export.lines.pool);
}
