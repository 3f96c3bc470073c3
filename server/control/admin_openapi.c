/* The description of the API (OpenAPI 3.1), printed from the rows of all routes. */
#include "control/admin_export.h"
#include "control/admin_list.h"
#include "control/admin_members.h"
#include "control/admin_priv.h"
#include "control/admin_stream.h"

#include <apr_strings.h>
#include <ctype.h>

#define BASE "/api/v1"
#define TAKES_REASON (EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_NEEDS_REASON)

static bool is_unsafe(const edge_admin_route_t *route) { return strcmp(route->method, "GET") != 0; }
static bool has_rows(const edge_admin_argument_t *rows) { return rows != NULL && rows->name != NULL; }

/* Schemas */

static void put_schema(edge_json_t *json, const edge_admin_argument_t *row, bool request);

static const char *type_name(edge_admin_kind_t kind, bool request) {
    switch (kind) {
    case EDGE_ADMIN_NUMBER: return request ? "integer" : "number";
    case EDGE_ADMIN_SECONDS: return "number";
    case EDGE_ADMIN_SWITCH: return "boolean";
    case EDGE_ADMIN_OBJECT:
    case EDGE_ADMIN_MAP: return "object";
    case EDGE_ADMIN_LIST:
    case EDGE_ADMIN_TEXTS:
    case EDGE_ADMIN_NUMBERS: return "array";
    default: return "string";
    }
}

static void put_type(edge_json_t *json, const edge_admin_argument_t *row, bool request) {
    const char *name = type_name(row->kind, request);
    if (row->kind == EDGE_ADMIN_ANY) {
        return; /* any type at all */
    }
    if ((row->may & EDGE_ADMIN_NULL) == 0) {
        edge_json_put_string(json, "type", name);
        return;
    }
    edge_json_key(json, "type");
    edge_json_array(json);
    edge_json_text(json, edge_span_of(name), 0);
    edge_json_text(json, edge_span_of("null"), 0);
    edge_json_array_end(json);
}

static void put_words(edge_json_t *json, const edge_admin_argument_t *row) {
    edge_json_key(json, "enum");
    edge_json_array(json);
    for (unsigned i = 0; row->words[i] != NULL; i++) {
        edge_json_text(json, edge_span_of(row->words[i]), 0);
    }
    if ((row->may & EDGE_ADMIN_NULL) != 0) {
        edge_json_null(json);
    }
    edge_json_array_end(json);
}

/* Properties, and which of them must be there. Row "*" stands for members of any other name. */
static void put_properties(edge_json_t *json, const edge_admin_argument_t *rows, unsigned flags, bool request) {
    const edge_admin_argument_t *rest = NULL;
    bool needed = false;
    edge_json_key(json, "properties");
    edge_json_object(json);
    for (const edge_admin_argument_t *row = rows; row != NULL && row->name != NULL; row++) {
        if (strcmp(row->name, "*") == 0) {
            rest = row;
            continue;
        }
        needed = needed || (request ? row->required : (row->may & EDGE_ADMIN_MISSING) == 0);
        edge_json_key(json, row->name);
        put_schema(json, row, request);
    }
    if ((flags & TAKES_REASON) != 0) {
        edge_json_key(json, "reason");
        put_schema(json, &edge_admin_reason_row, true);
    }
    if ((flags & EDGE_ADMIN_DRY_RUN) != 0) {
        edge_json_key(json, "dry_run");
        put_schema(json, &edge_admin_dry_run_row, true);
    }
    edge_json_object_end(json);
    if (needed || (flags & EDGE_ADMIN_NEEDS_REASON) != 0) {
        edge_json_key(json, "required");
        edge_json_array(json);
        for (const edge_admin_argument_t *row = rows; row != NULL && row->name != NULL; row++) {
            if (strcmp(row->name, "*") != 0 && (request ? row->required : (row->may & EDGE_ADMIN_MISSING) == 0)) {
                edge_json_text(json, edge_span_of(row->name), 0);
            }
        }
        if ((flags & EDGE_ADMIN_NEEDS_REASON) != 0) {
            edge_json_text(json, edge_span_of("reason"), 0);
        }
        edge_json_array_end(json);
    }
    if (rest != NULL) {
        edge_json_key(json, "additionalProperties");
        put_schema(json, rest, request);
    } else if (request) {
        edge_json_put_bool(json, "additionalProperties", false);
    }
}

static void put_items(edge_json_t *json, const edge_admin_argument_t *row, bool request) {
    edge_json_key(json, "items");
    edge_json_object(json);
    if (row->kind == EDGE_ADMIN_TEXTS) {
        edge_json_put_string(json, "type", "string");
    } else if (row->kind == EDGE_ADMIN_NUMBERS) {
        edge_json_key(json, "type");
        edge_json_array(json);
        edge_json_text(json, edge_span_of("number"), 0);
        edge_json_text(json, edge_span_of("null"), 0);
        edge_json_array_end(json);
    } else if (has_rows(row->rows)) {
        edge_json_put_string(json, "type", "object");
        put_properties(json, row->rows, 0, request);
    }
    edge_json_object_end(json);
}

static void put_bounds(edge_json_t *json, const edge_admin_argument_t *row) {
    int64_t unit = row->kind == EDGE_ADMIN_SECONDS ? EDGE_SECONDS(1) : 1;
    if (row->max == 0) {
        return;
    }
    if (row->kind == EDGE_ADMIN_NUMBER || row->kind == EDGE_ADMIN_SECONDS) {
        edge_json_put_number(json, "minimum", (int64_t)row->min / unit);
        edge_json_put_number(json, "maximum", (int64_t)(row->max > INT64_MAX ? INT64_MAX : row->max) / unit);
    } else if (row->kind == EDGE_ADMIN_TEXT) {
        edge_json_put_number(json, "minLength", row->min > 0);
        edge_json_put_number(json, "maxLength", (int64_t)row->max);
    }
}

static void put_schema(edge_json_t *json, const edge_admin_argument_t *row, bool request) {
    edge_json_object(json);
    put_type(json, row, request);
    edge_json_put_string(json, "description", row->prose);
    switch (row->kind) {
    case EDGE_ADMIN_WORD: put_words(json, row); break;
    case EDGE_ADMIN_TIME: edge_json_put_string(json, "format", "date-time"); break;
    case EDGE_ADMIN_OBJECT:
        if (has_rows(row->rows)) {
            put_properties(json, row->rows, 0, request);
        }
        break;
    case EDGE_ADMIN_MAP:
        if (has_rows(row->rows)) {
            edge_json_key(json, "additionalProperties");
            put_schema(json, row->rows, request);
        }
        break;
    case EDGE_ADMIN_LIST:
    case EDGE_ADMIN_TEXTS:
    case EDGE_ADMIN_NUMBERS: put_items(json, row, request); break;
    default:
        if (request) {
            put_bounds(json, row);
        }
        if ((row->may & EDGE_ADMIN_HIDDEN) != 0) {
            edge_json_put_string(json, "format", "password");
            edge_json_put_bool(json, "writeOnly", true);
        }
    }
    edge_json_object_end(json);
}

/* Parameters */

static void start_parameter(edge_json_t *json, const char *where, const char *name, bool required, const char *prose) {
    edge_json_object(json);
    edge_json_put_string(json, "name", name);
    edge_json_put_string(json, "in", where);
    edge_json_put_bool(json, "required", required);
    edge_json_put_string(json, "description", prose);
}

static void put_text_parameter(edge_json_t *json, const char *where, const char *name, bool required,
                               const char *prose) {
    start_parameter(json, where, name, required, prose);
    edge_json_key(json, "schema");
    edge_json_object(json);
    edge_json_put_string(json, "type", "string");
    edge_json_object_end(json);
    edge_json_object_end(json);
}

/* Times have a unit in a query. */
static void put_argument(edge_json_t *json, const edge_admin_argument_t *row, bool required) {
    if (row->kind == EDGE_ADMIN_SECONDS) {
        put_text_parameter(json, "query", row->name, required, row->prose);
        return;
    }
    start_parameter(json, "query", row->name, required, row->prose);
    edge_json_key(json, "schema");
    put_schema(json, row, true);
    edge_json_object_end(json);
}

static void put_pieces(edge_json_t *json, const char *path, apr_pool_t *pool) {
    for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{')) {
        const char *name = apr_pstrmemdup(pool, open + 1, strcspn(open + 1, "}"));
        put_text_parameter(json, "path", name, true, "As the lists name it, percent-encoded.");
    }
}

static void put_parameters(edge_json_t *json, const edge_admin_route_t *route, apr_pool_t *pool) {
    bool either = is_unsafe(route) && route->body == NULL; /* arguments may stand in the content, too */
    edge_json_key(json, "parameters");
    edge_json_array(json);
    put_pieces(json, route->path, pool);
    for (const edge_admin_argument_t *row = route->arguments; row != NULL && row->name != NULL; row++) {
        put_argument(json, row, row->required && !either);
    }
    const edge_admin_argument_t *shared;
    for (unsigned i = 0; (shared = edge_admin_members_shared(route, i)) != NULL; i++) {
        put_argument(json, shared, false);
    }
    if ((route->flags & EDGE_ADMIN_NEEDS_MATCH) != 0) {
        put_text_parameter(json, "header", "If-Match", (route->flags & EDGE_ADMIN_DRY_RUN) == 0,
                           "The ETag that was seen; * for whatever it is. A dry run needs none.");
    }
    if (is_unsafe(route) && (route->flags & EDGE_ADMIN_PUBLIC) == 0) {
        put_text_parameter(
            json, "header", "Idempotency-Key", false,
            "For 10 minutes, who asks again with this key gets the answer that was given, and nothing is "
            "done again.");
    }
    if (route->stream != NULL || (route->media != NULL && strcmp(route->media, EDGE_ADMIN_STREAM_TYPE) == 0)) {
        put_text_parameter(json, "header", "Last-Event-ID", false, "Go on behind this event.");
    }
    edge_json_array_end(json);
}

/* Contents */

static void start_content(edge_json_t *json, const char *media) {
    edge_json_key(json, "content");
    edge_json_object(json);
    edge_json_key(json, media);
    edge_json_object(json);
    edge_json_key(json, "schema");
}

static void end_content(edge_json_t *json) {
    edge_json_object_end(json);
    edge_json_object_end(json);
}

static void put_object(edge_json_t *json, const edge_admin_argument_t *rows, unsigned flags, bool request) {
    edge_json_object(json);
    edge_json_put_string(json, "type", "object");
    put_properties(json, rows, flags, request);
    edge_json_object_end(json);
}

/* DELETE takes what it takes in the query: its content means nothing to many a client. */
static void put_body(edge_json_t *json, const edge_admin_route_t *route) {
    const edge_admin_argument_t *rows = route->body != NULL ? route->body : route->arguments;
    unsigned flags = route->flags & (TAKES_REASON | EDGE_ADMIN_DRY_RUN);
    bool needed = false;
    for (const edge_admin_argument_t *row = route->body; row != NULL && row->name != NULL; row++) {
        needed = needed || row->required;
    }
    if (!is_unsafe(route) || (strcmp(route->method, "DELETE") == 0 && route->body == NULL) ||
        (!has_rows(rows) && flags == 0)) {
        return;
    }
    edge_json_key(json, "requestBody");
    edge_json_object(json);
    edge_json_put_bool(json, "required", needed);
    start_content(json, "application/json");
    /* What may stand in the query instead is not needed here. */
    put_object(json, rows, route->body != NULL ? flags : flags & ~EDGE_ADMIN_NEEDS_REASON, true);
    end_content(json);
    edge_json_object_end(json);
}

/* One more form of the answer, behind the first: a text. */
static void put_form(edge_json_t *json, const char *type) {
    edge_json_key(json, type);
    edge_json_object(json);
    edge_json_key(json, "schema");
    edge_json_object(json);
    edge_json_put_string(json, "type", "string");
    edge_json_object_end(json);
    edge_json_object_end(json);
}

/* The other forms of a list. */
static void put_forms(edge_json_t *json) {
    for (unsigned i = EDGE_ADMIN_JSON + 1; i < EDGE_ADMIN_FORMS; i++) {
        put_form(json, edge_admin_form_types[i]);
    }
}

static void put_link(edge_json_t *json) {
    edge_json_key(json, "headers");
    edge_json_object(json);
    edge_json_key(json, "Link");
    edge_json_object(json);
    edge_json_put_string(json, "description", "The next page, with rel=\"next\"; none at the end.");
    edge_json_key(json, "schema");
    edge_json_object(json);
    edge_json_put_string(json, "type", "string");
    edge_json_object_end(json);
    edge_json_object_end(json);
    edge_json_object_end(json);
}

static void put_responses(edge_json_t *json, const edge_admin_route_t *route) {
    const char *status = (route->flags & EDGE_ADMIN_ACCEPTED) != 0  ? "202"
                         : (route->flags & EDGE_ADMIN_CREATED) != 0 ? "201"
                                                                    : "200";
    static const char *const classes[] = {"4XX", "5XX"};
    edge_json_key(json, "responses");
    edge_json_object(json);
    edge_json_key(json, status);
    edge_json_object(json);
    bool list = edge_admin_list_rows(route) != NULL;
    edge_json_put_string(json, "description", "What was asked for.");
    if (list) {
        put_link(json);
    }
    start_content(json, route->media != NULL ? route->media : "application/json");
    if (route->media != NULL) {
        edge_json_object(json);
        edge_json_put_string(json, "type", "string");
        edge_json_object_end(json);
    } else {
        put_object(json, edge_admin_list_answer(route), 0, false);
    }
    edge_json_object_end(json);
    if (list) {
        put_forms(json);
    }
    if (route->stream != NULL) {
        put_form(json, route->stream);
    }
    edge_json_object_end(json);
    edge_json_object_end(json);
    for (size_t i = 0; i < EDGE_COUNT(classes); i++) {
        edge_json_key(json, classes[i]);
        edge_json_object(json);
        edge_json_put_string(json, "$ref", "#/components/responses/Problem");
        edge_json_object_end(json);
    }
    edge_json_object_end(json);
}

/* Operations */

/* "POST /api/v1/queue/{id}/hold" as postQueueIdHold. */
static const char *operation_id(const edge_admin_route_t *route, apr_pool_t *pool) {
    const char *path = strncmp(route->path, BASE "/", sizeof BASE) == 0 ? route->path + sizeof BASE : route->path;
    char *id = apr_palloc(pool, strlen(route->method) + strlen(path) + 8), *at = id;
    bool upper = true;
    for (const char *from = route->method; *from != '\0'; from++) {
        *at++ = (char)tolower((unsigned char)*from);
    }
    for (; *path != '\0'; path++) {
        bool letter = isalnum((unsigned char)*path) != 0;
        if (letter) {
            *at++ = (char)(upper ? toupper((unsigned char)*path) : *path);
        }
        upper = !letter;
    }
    *at = '\0';
    return strcmp(route->path, BASE) == 0 ? "getIndex" : id;
}

/* The first piece behind the base: what it is about. */
static const char *tag_of(const char *path, apr_pool_t *pool) {
    if (strncmp(path, BASE "/", sizeof BASE) != 0) {
        return "server";
    }
    path += sizeof BASE;
    return apr_pstrmemdup(pool, path, strcspn(path, "/"));
}

static void put_operation(edge_json_t *json, const edge_admin_route_t *route, apr_pool_t *pool) {
    char *method = apr_pstrdup(pool, route->method);
    for (char *at = method; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    edge_json_key(json, method);
    edge_json_object(json);
    edge_json_put_string(json, "operationId", operation_id(route, pool));
    edge_json_put_string(json, "summary", route->prose);
    edge_json_key(json, "tags");
    edge_json_array(json);
    edge_json_text(json, edge_span_of(tag_of(route->path, pool)), 0);
    edge_json_array_end(json);
    edge_json_put_string(json, "x-role", edge_admin_role_name(route->role));
    if ((route->flags & EDGE_ADMIN_PUBLIC) != 0) {
        edge_json_key(json, "security");
        edge_json_array(json);
        edge_json_array_end(json);
    }
    put_parameters(json, route, pool);
    put_body(json, route);
    put_responses(json, route);
    edge_json_object_end(json);
}

static bool is_first_of_path(unsigned index, const char *path) {
    for (unsigned i = 0; i < index; i++) {
        if (strcmp(edge_admin_route_at(i)->path, path) == 0) {
            return false;
        }
    }
    return true;
}

static void put_paths(edge_json_t *json, apr_pool_t *pool) {
    const edge_admin_route_t *route, *other;
    edge_json_key(json, "paths");
    edge_json_object(json);
    for (unsigned i = 0; (route = edge_admin_route_at(i)) != NULL; i++) {
        if (!is_first_of_path(i, route->path)) {
            continue;
        }
        edge_json_key(json, route->path);
        edge_json_object(json);
        for (unsigned j = i; (other = edge_admin_route_at(j)) != NULL; j++) {
            if (strcmp(other->path, route->path) == 0) {
                put_operation(json, other, pool);
            }
        }
        edge_json_object_end(json);
    }
    edge_json_object_end(json);
}

/* What is the same for all */

static const edge_admin_argument_t error_rows[] = {
    {.name = "pointer", .kind = EDGE_ADMIN_TEXT, .prose = "Where: #/member of the content, or ?argument."},
    {.name = "code", .kind = EDGE_ADMIN_TEXT, .prose = "A word for scripts."},
    {.name = "detail", .kind = EDGE_ADMIN_TEXT, .prose = "What was got and what is allowed."},
    {.name = "suggestion", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_MISSING, .prose = "What may have been meant."},
    {.name = NULL},
};
static const edge_admin_argument_t problem_rows[] = {
    {.name = "type", .kind = EDGE_ADMIN_TEXT, .prose = "A URI of the kind of trouble."},
    {.name = "title", .kind = EDGE_ADMIN_TEXT, .prose = "The kind in words."},
    {.name = "status", .kind = EDGE_ADMIN_NUMBER, .prose = "The status of the answer."},
    {.name = "detail", .kind = EDGE_ADMIN_TEXT, .prose = "What is wrong here, and what to do."},
    {.name = "code", .kind = EDGE_ADMIN_TEXT, .prose = "The kind as a word for scripts."},
    {.name = "instance", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_MISSING, .prose = "The path that was asked for."},
    {.name = "request_id", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_MISSING, .prose = "As in the log."},
    {.name = "errors",
     .kind = EDGE_ADMIN_LIST,
     .rows = error_rows,
     .may = EDGE_ADMIN_MISSING,
     .prose = "Each thing that is wrong with the request."},
    {.name = NULL},
};

static void put_scheme(edge_json_t *json, const char *name, const char *type, const char *const (*members)[2]) {
    edge_json_key(json, name);
    edge_json_object(json);
    edge_json_put_string(json, "type", type);
    for (; (*members)[0] != NULL; members++) {
        edge_json_put_string(json, (*members)[0], (*members)[1]);
    }
    edge_json_object_end(json);
}

static void put_components(edge_json_t *json) {
    static const char *const bearer[][2] = {
        {"scheme", "bearer"}, {"description", "A token of TokenFile (edgectl token create)."}, {NULL, NULL}};
    static const char *const cookie[][2] = {
        {"in", "cookie"},
        {"name", "edge"},
        {"description", "A session of the console; over TLS the name is __Host-edge. Changes need X-Edge-Csrf too."},
        {NULL, NULL}};
    edge_json_key(json, "components");
    edge_json_object(json);
    edge_json_key(json, "securitySchemes");
    edge_json_object(json);
    put_scheme(json, "token", "http", bearer);
    put_scheme(json, "session", "apiKey", cookie);
    edge_json_object_end(json);
    edge_json_key(json, "responses");
    edge_json_object(json);
    edge_json_key(json, "Problem");
    edge_json_object(json);
    edge_json_put_string(json, "description", "Trouble (RFC 9457).");
    start_content(json, "application/problem+json");
    put_object(json, problem_rows, 0, false);
    end_content(json);
    edge_json_object_end(json);
    edge_json_object_end(json);
    edge_json_object_end(json);
}

static void put_info(edge_json_t *json) {
    edge_json_key(json, "info");
    edge_json_object(json);
    edge_json_put_string(json, "title", "edged");
    edge_json_put_string(json, "version", EDGE_VERSION);
    edge_json_put_string(json, "description",
                         "The API of a mail edge server: the same over HTTP and over the control socket. x-role is the "
                         "least role that may call an operation: read, operate or admin.");
    edge_json_key(json, "license");
    edge_json_object(json);
    edge_json_put_string(json, "name", "Apache-2.0");
    edge_json_put_string(json, "identifier", "Apache-2.0");
    edge_json_object_end(json);
    edge_json_object_end(json);
    edge_json_key(json, "servers");
    edge_json_array(json);
    edge_json_object(json);
    edge_json_put_string(json, "url", "/");
    edge_json_object_end(json);
    edge_json_array_end(json);
}

static void put_security(edge_json_t *json) {
    static const char *const schemes[] = {"token", "session"};
    edge_json_key(json, "security");
    edge_json_array(json);
    for (size_t i = 0; i < EDGE_COUNT(schemes); i++) {
        edge_json_object(json);
        edge_json_key(json, schemes[i]);
        edge_json_array(json);
        edge_json_array_end(json);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

/* The whole document, which is the same for everybody: an answer is not made of it. */
void edge_admin_openapi(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_string(json, "openapi", "3.1.0");
    put_info(json);
    put_security(json);
    put_paths(json, request->pool);
    put_components(json);
    edge_json_object_end(json);
    answer->etag = edge_admin_etag(request->pool, edge_span(json->text, json->len), false);
}
