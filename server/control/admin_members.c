/* Members of queries and bodies, read by the rows of a route. */
#include "control/admin_members.h"
#include "control/admin_list.h"
#include "edge_conf.h"
#include "proto/conf_report.h"
#include "proto/http_target.h"

#include <apr_strings.h>
#include <stdlib.h>

/* Where a member was given, for what is said of it. */
typedef struct place {
    edge_admin_answer_t *answer;
    const char *pointer; /* "#/for" or "?for" */
} place_t;

/* What stands for every route that says so in its flags. */
const edge_admin_argument_t edge_admin_reason_row = {
    .name = "reason", .kind = EDGE_ADMIN_TEXT, .min = 1, .max = EDGE_ADMIN_REASON_MOST, .prose = "Why."};
const edge_admin_argument_t edge_admin_dry_run_row = {
    .name = "dry_run", .kind = EDGE_ADMIN_SWITCH, .prose = "Say what would change, and change nothing."};

const edge_admin_argument_t edge_admin_fields_row = {
    .name = "fields",
    .kind = EDGE_ADMIN_TEXT,
    .min = 1,
    .max = 1000,
    .prose = "Only these members of each item, with commas between them; a member of an object is OBJECT.MEMBER."};

static bool takes_row(const edge_admin_route_t *route, const edge_admin_argument_t *row) {
    if (row == &edge_admin_reason_row) {
        return (route->flags & (EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_NEEDS_REASON)) != 0;
    }
    return row == &edge_admin_dry_run_row ? (route->flags & EDGE_ADMIN_DRY_RUN) != 0
                                          : edge_admin_list_rows(route) != NULL;
}

const edge_admin_argument_t *edge_admin_members_shared(const edge_admin_route_t *route, unsigned index) {
    static const edge_admin_argument_t *const shared[] = {&edge_admin_dry_run_row, &edge_admin_reason_row,
                                                          &edge_admin_fields_row};
    for (size_t i = 0; route != NULL && i < EDGE_COUNT(shared); i++) {
        if (takes_row(route, shared[i]) && index-- == 0) {
            return shared[i];
        }
    }
    return NULL;
}

static const char *printable(place_t place, edge_span_t text) {
    return apr_pstrmemdup(place.answer->pool, text.at, text.len < 100 ? text.len : 100);
}

static const char *kind_prose(edge_admin_kind_t kind) {
    switch (kind) {
    case EDGE_ADMIN_TEXT:
    case EDGE_ADMIN_WORD: return "a text";
    case EDGE_ADMIN_NUMBER: return "a whole number";
    case EDGE_ADMIN_SWITCH: return "true or false";
    case EDGE_ADMIN_SECONDS: return "a number of seconds";
    case EDGE_ADMIN_OBJECT:
    case EDGE_ADMIN_MAP: return "an object";
    case EDGE_ADMIN_TEXTS: return "an array of texts";
    case EDGE_ADMIN_LIST:
    case EDGE_ADMIN_NUMBERS: return "an array";
    default: return "a text, a number, true or false";
    }
}

static bool wrong_type(place_t place, const edge_admin_argument_t *row, edge_span_t got) {
    if ((row->may & EDGE_ADMIN_HIDDEN) != 0) {
        edge_admin_error(place.answer, 422, place.pointer, "wrong-type", "\"%s\" must be %s.", row->name,
                         kind_prose(row->kind));
        return false;
    }
    edge_admin_error(place.answer, 422, place.pointer, "wrong-type", "\"%s\" must be %s; got %s.", row->name,
                     kind_prose(row->kind), printable(place, got));
    return false;
}

/* Values that query and body have in common */

/* A reason stands in lines of logs and of files. */
static bool is_one_line(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool read_text(place_t place, const edge_admin_argument_t *row, edge_span_t text) {
    if (row == &edge_admin_reason_row && !is_one_line(text)) {
        edge_admin_error(place.answer, 422, place.pointer, "control-character",
                         "\"%s\" must be one line without control characters.", row->name);
        return false;
    }
    if (row->max == 0 || (text.len >= row->min && text.len <= row->max)) {
        return true;
    }
    edge_admin_error(place.answer, 422, place.pointer, text.len > row->max ? "too-long" : "too-short",
                     "\"%s\" must have %llu to %llu octets; got %zu.", row->name, (unsigned long long)row->min,
                     (unsigned long long)row->max, text.len);
    return false;
}

static bool read_number(place_t place, const edge_admin_argument_t *row, edge_span_t text, uint64_t *number) {
    if (edge_span_number(text, number) && *number >= row->min && *number <= row->max) {
        return true;
    }
    edge_admin_error(place.answer, 422, place.pointer, "out-of-range",
                     "\"%s\" must be a number from %llu to %llu; got \"%s\".", row->name, (unsigned long long)row->min,
                     (unsigned long long)row->max, printable(place, text));
    return false;
}

static const char *word_at(const void *words, unsigned index) { return ((const char *const *)words)[index]; }

static bool read_word(place_t place, const edge_admin_argument_t *row, edge_span_t text, uint64_t *number) {
    const char *allowed = "";
    for (unsigned i = 0; row->words[i] != NULL; i++) {
        if (edge_span_equal(text, edge_span_of(row->words[i]))) {
            *number = i;
            return true;
        }
        allowed = apr_pstrcat(place.answer->pool, allowed, i == 0 ? "" : ", ", row->words[i], NULL);
    }
    const char *near = edge_conf_nearest(text, word_at, row->words);
    edge_admin_error(place.answer, 422, place.pointer, "unknown-value", "\"%s\" must be one of %s; got \"%s\".",
                     row->name, allowed, printable(place, text));
    if (near != NULL) {
        edge_json_put_string(edge_admin_error_json(place.answer), "suggestion", near);
    }
    return false;
}

static bool in_bounds(place_t place, const edge_admin_argument_t *row, double seconds, uint64_t *microseconds) {
    double most = row->max != 0 ? (double)row->max / 1e6 : 9e12, least = (double)row->min / 1e6;
    if (seconds >= least && seconds <= most) {
        *microseconds = (uint64_t)(seconds * 1e6 + 0.5);
        return true;
    }
    edge_admin_error(place.answer, 422, place.pointer, "out-of-range",
                     "\"%s\" must be %.15g to %.15g seconds; got %.15g.", row->name, least, most, seconds);
    return false;
}

/* Of a query, where people write it: with a unit, so that nobody takes minutes for seconds. */
static bool read_duration(place_t place, const edge_admin_argument_t *row, edge_span_t text, uint64_t *number) {
    edge_mono_t time;
    if (edge_conf_parse_duration(text, &time) && time >= 0) {
        return in_bounds(place, row, (double)time / 1e6, number);
    }
    edge_admin_error(place.answer, 422, place.pointer, "bad-duration",
                     "\"%s\" is no time: 90s, 15m, 1h or 2d; got \"%s\".", row->name, printable(place, text));
    return false;
}

/* 1 and 0 are how many write it in a query. */
static bool read_switch(place_t place, const edge_admin_argument_t *row, edge_span_t text, uint64_t *number) {
    *number = edge_span_equal(text, edge_span_of("true")) || edge_span_equal(text, edge_span_of("1"));
    return *number != 0 || edge_span_equal(text, edge_span_of("false")) || edge_span_equal(text, edge_span_of("0")) ||
           wrong_type(place, row, text);
}

static bool read_query_value(place_t place, const edge_admin_argument_t *row, edge_span_t text, uint64_t *number) {
    switch (row->kind) {
    case EDGE_ADMIN_TEXT: return read_text(place, row, text);
    case EDGE_ADMIN_NUMBER: return read_number(place, row, text, number);
    case EDGE_ADMIN_WORD: return read_word(place, row, text, number);
    case EDGE_ADMIN_SECONDS: return read_duration(place, row, text, number);
    case EDGE_ADMIN_SWITCH: return read_switch(place, row, text, number);
    default: return true;
    }
}

/* Finding rows */

static const edge_admin_argument_t *row_named(const edge_admin_argument_t *rows, edge_span_t name, int *index) {
    for (int i = 0; rows != NULL && rows[i].name != NULL; i++) {
        if (edge_span_equal(name, edge_span_of(rows[i].name))) {
            *index = i;
            return &rows[i];
        }
    }
    return NULL;
}

/* The row that takes what no other names. */
static const edge_admin_argument_t *row_of_rest(const edge_admin_argument_t *rows) {
    int index;
    return row_named(rows, edge_span_of("*"), &index);
}

typedef struct names {
    const edge_admin_argument_t *rows;
    const edge_admin_route_t *route; /* NULL: of an object inside */
} names_t;

/* All names that would do, for a suggestion. */
static const char *name_at(const void *context, unsigned index) {
    const names_t *names = context;
    const edge_admin_argument_t *row = names->rows;
    for (; row != NULL && row->name != NULL; row++) {
        if (index-- == 0) {
            return row->name;
        }
    }
    row = edge_admin_members_shared(names->route, index);
    return row != NULL ? row->name : NULL;
}

static bool unknown_member(place_t place, names_t names, edge_span_t name, const char *where) {
    const char *near = edge_conf_nearest(name, name_at, &names);
    edge_admin_error(place.answer, 422, place.pointer, "unknown-member", "This takes no %s \"%s\"%s%s%s.", where,
                     printable(place, name), near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                     near != NULL ? "\"?" : "");
    if (near != NULL) {
        edge_json_put_string(edge_admin_error_json(place.answer), "suggestion", near);
    }
    return false;
}

static bool repeated_member(place_t place, const char *name) {
    edge_admin_error(place.answer, 422, place.pointer, "repeated-member", "\"%s\" is given twice.", name);
    return false;
}

/* Those that are the same for many routes */

static const edge_admin_argument_t *shared_row(const edge_admin_request_t *request, edge_span_t name) {
    const edge_admin_argument_t *row;
    for (unsigned i = 0; (row = edge_admin_members_shared(request->route, i)) != NULL; i++) {
        if (edge_span_equal(name, edge_span_of(row->name))) {
            return row;
        }
    }
    return NULL;
}

static bool keep_shared_value(edge_admin_request_t *request, const edge_admin_argument_t *row, edge_span_t text,
                              uint64_t number, place_t place) {
    if (row == &edge_admin_dry_run_row) {
        request->dry_run = request->dry_run || number != 0;
        return true;
    }
    edge_span_t *into = row == &edge_admin_fields_row ? &request->fields : &request->reason;
    if (into->at != NULL) {
        return repeated_member(place, row->name);
    }
    *into = text;
    return true;
}

/* Queries */

static bool read_query_member(edge_admin_request_t *request, edge_span_t name, edge_span_t value,
                              edge_admin_answer_t *answer) {
    place_t place = {answer, apr_pstrcat(request->pool, "?", name.at, NULL)};
    int index = -1;
    uint64_t number = 0;
    const edge_admin_argument_t *row = row_named(request->route->arguments, name, &index);
    if (row != NULL && request->arguments[index].at != NULL) {
        return repeated_member(place, row->name);
    }
    if (row == NULL && (row = shared_row(request, name)) == NULL) {
        return unknown_member(place, (names_t){request->route->arguments, request->route}, name, "argument");
    }
    if (!read_query_value(place, row, value, &number)) {
        return false;
    }
    if (index < 0) {
        return keep_shared_value(request, row, value, number, place);
    }
    request->arguments[index] = value;
    request->numbers[index] = number;
    return true;
}

bool edge_admin_members_query(edge_admin_request_t *request, edge_span_t query, edge_admin_answer_t *answer) {
    edge_span_t name, value;
    while (edge_http_target_next(&query, &name, &value)) {
        name = edge_http_target_decode(name, request->pool);
        value = value.at == NULL ? edge_span("", 0) : edge_http_target_decode(value, request->pool);
        if (name.at == NULL || value.at == NULL) {
            edge_admin_problem(answer, 400, "bad-target", "A percent escape in the query is malformed.");
            return false;
        }
        if (!read_query_member(request, name, value, answer)) {
            return false;
        }
    }
    return true;
}

/* Bodies */

/* RFC 6901: "/" as ~1, "~" as ~0. */
static const char *pointer_to(apr_pool_t *pool, const char *above, edge_span_t name) {
    size_t room = strlen(above) + 2 * name.len + 2;
    char *out = apr_palloc(pool, room), *at = apr_cpystrn(out, above, room);
    *at++ = '/';
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '/' || name.at[i] == '~') {
            *at++ = '~';
            *at++ = name.at[i] == '/' ? '1' : '0';
        } else {
            *at++ = name.at[i];
        }
    }
    *at = '\0';
    return out;
}

static bool read_object(place_t place, const edge_admin_argument_t *rows, const edge_json_value_t *object);

static bool is_array(const edge_json_value_t *json, bool of_texts) {
    bool good = json->type == EDGE_JSON_ARRAY;
    for (const edge_json_value_t *item = json->first; good && of_texts && item != NULL; item = item->next) {
        good = item->type == EDGE_JSON_STRING;
    }
    return good;
}

static bool read_json_value(place_t place, const edge_admin_argument_t *row, const edge_json_value_t *json,
                            edge_admin_value_t *value) {
    value->json = json;
    value->text = json->type == EDGE_JSON_STRING ? json->text : EDGE_NO_SPAN;
    if (json->type == EDGE_JSON_NULL && (row->may & EDGE_ADMIN_NULL) != 0) {
        return true;
    }
    switch (row->kind) {
    case EDGE_ADMIN_TEXT:
        return json->type == EDGE_JSON_STRING ? read_text(place, row, json->text) : wrong_type(place, row, json->raw);
    case EDGE_ADMIN_WORD:
        return json->type == EDGE_JSON_STRING ? read_word(place, row, json->text, &value->number)
                                              : wrong_type(place, row, json->raw);
    case EDGE_ADMIN_NUMBER:
        return json->type == EDGE_JSON_NUMBER ? read_number(place, row, json->text, &value->number)
                                              : wrong_type(place, row, json->raw);
    case EDGE_ADMIN_SECONDS:
        return json->type == EDGE_JSON_NUMBER
                   ? in_bounds(place, row,
                               strtod(apr_pstrmemdup(place.answer->pool, json->text.at, json->text.len), NULL),
                               &value->number)
                   : wrong_type(place, row, json->raw);
    case EDGE_ADMIN_SWITCH:
        value->number = json->truth;
        return json->type == EDGE_JSON_BOOL || wrong_type(place, row, json->raw);
    case EDGE_ADMIN_OBJECT:
        return json->type == EDGE_JSON_OBJECT ? row->rows == NULL || read_object(place, row->rows, json)
                                              : wrong_type(place, row, json->raw);
    case EDGE_ADMIN_ANY:
        return (json->type != EDGE_JSON_OBJECT && json->type != EDGE_JSON_ARRAY) || wrong_type(place, row, json->raw);
    case EDGE_ADMIN_MAP: return json->type == EDGE_JSON_OBJECT || wrong_type(place, row, json->raw);
    case EDGE_ADMIN_TEXTS:
    case EDGE_ADMIN_LIST:
    case EDGE_ADMIN_NUMBERS: return is_array(json, row->kind == EDGE_ADMIN_TEXTS) || wrong_type(place, row, json->raw);
    case EDGE_ADMIN_TIME: return json->type == EDGE_JSON_STRING || wrong_type(place, row, json->raw);
    }
    return true;
}

/* An object inside of the body: checked here, read by the handler. */
static bool read_object(place_t place, const edge_admin_argument_t *rows, const edge_json_value_t *object) {
    bool good = true;
    for (const edge_json_value_t *member = object->first; member != NULL; member = member->next) {
        int index;
        edge_admin_value_t ignored = {0};
        place_t inner = {place.answer, pointer_to(place.answer->pool, place.pointer, member->name)};
        const edge_admin_argument_t *row = row_named(rows, member->name, &index);
        row = row != NULL ? row : row_of_rest(rows);
        good = (row != NULL ? read_json_value(inner, row, member, &ignored)
                            : unknown_member(inner, (names_t){rows, NULL}, member->name, "member")) &&
               good;
    }
    return good;
}

/* A route without rows for the body takes its arguments there: both forms of one request. */
static bool keep_as_argument(edge_admin_request_t *request, const edge_admin_argument_t *row, int index,
                             const edge_json_value_t *member, place_t place) {
    edge_admin_value_t value = {0};
    if (request->arguments[index].at != NULL) {
        return repeated_member(place, row->name);
    }
    if (!read_json_value(place, row, member, &value)) {
        return false;
    }
    request->arguments[index] = value.text.at != NULL ? value.text : edge_span_copy(request->pool, member->raw);
    request->numbers[index] = value.number;
    return true;
}

static bool read_body_member(edge_admin_request_t *request, const edge_json_value_t *member,
                             edge_admin_answer_t *answer) {
    const edge_admin_route_t *route = request->route;
    const edge_admin_argument_t *rows = route->body != NULL ? route->body : route->arguments;
    place_t place = {answer, pointer_to(request->pool, "#", member->name)};
    int index = -1;
    const edge_admin_argument_t *row = row_named(rows, member->name, &index);
    if (row != NULL) {
        return route->body != NULL ? read_json_value(place, row, member, &request->values[index])
                                   : keep_as_argument(request, row, index, member, place);
    }
    edge_admin_value_t value = {0};
    if ((row = shared_row(request, member->name)) != NULL) {
        return read_json_value(place, row, member, &value) &&
               keep_shared_value(request, row, value.text, value.number, place);
    }
    if ((row = row_of_rest(route->body)) != NULL) {
        return read_json_value(place, row, member, &value);
    }
    return unknown_member(place, (names_t){rows, route}, member->name, "member");
}

/* "application/json" with or without parameters, or the type of RFC 7396. */
static bool is_json_type(edge_span_t type) {
    const char *semicolon = type.len > 0 ? memchr(type.at, ';', type.len) : NULL;
    if (semicolon != NULL) {
        type.len = (size_t)(semicolon - type.at);
    }
    type = edge_span_trim(type);
    return edge_span_equal_nocase(type, edge_span_of("application/json")) ||
           edge_span_equal_nocase(type, edge_span_of("application/merge-patch+json"));
}

static bool is_safe(const edge_admin_request_t *request) { return strcmp(request->route->method, "GET") == 0; }

static bool may_have_body(const edge_admin_request_t *request, edge_span_t content, edge_span_t type, bool local,
                          edge_admin_answer_t *answer) {
    if (is_safe(request)) {
        if (content.len > 0) {
            edge_admin_problem(answer, 400, "bad-request", "GET has no content.");
        }
        return content.len == 0;
    }
    bool typed = type.at != NULL && type.len > 0;
    if (typed ? is_json_type(type) : local || content.len == 0) {
        return true;
    }
    edge_admin_problem(answer, 415, "unsupported-type",
                       "The content must be application/json or application/merge-patch+json; got \"%s\".",
                       apr_pstrmemdup(answer->pool, typed ? type.at : "", typed && type.len < 100 ? type.len : 0));
    return false;
}

static const edge_json_value_t *parse_body(edge_span_t content, apr_pool_t *pool, edge_admin_answer_t *answer) {
    const char *wrong = NULL;
    size_t at = 0, line = 1, column = 1;
    const edge_json_value_t *body = edge_json_in_read(content, pool, &wrong, &at);
    if (body == NULL) {
        for (size_t i = 0; i < at; i++) {
            column = content.at[i] == '\n' ? 1 : column + 1;
            line += content.at[i] == '\n';
        }
        edge_admin_problem(answer, 400, "bad-json", "The content is no JSON: %s (line %zu, column %zu).", wrong, line,
                           column);
    } else if (body->type != EDGE_JSON_OBJECT) {
        edge_admin_error(answer, 422, "#", "wrong-type", "The content must be an object.");
        body = NULL;
    }
    return body;
}

bool edge_admin_members_body(edge_admin_request_t *request, edge_span_t content, edge_span_t type, bool local,
                             edge_admin_answer_t *answer) {
    bool good = true;
    if (!may_have_body(request, content, type, local, answer)) {
        return false;
    }
    if (content.len == 0) {
        return true;
    }
    request->body = parse_body(content, request->pool, answer);
    if (request->body == NULL) {
        return false;
    }
    for (const edge_json_value_t *member = request->body->first; member != NULL; member = member->next) {
        good = read_body_member(request, member, answer) && good;
    }
    return good;
}

/* What must be there */

static bool missing(edge_admin_answer_t *answer, const char *mark, const edge_admin_argument_t *row, const char *code) {
    edge_admin_error(answer, 422, apr_pstrcat(answer->pool, mark, row->name, NULL), code, "\"%s\" is missing: %s",
                     row->name, row->prose);
    return false;
}

bool edge_admin_members_complete(edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const edge_admin_route_t *route = request->route;
    bool good = true;
    for (unsigned i = 0; route->arguments != NULL && route->arguments[i].name != NULL; i++) {
        if (route->arguments[i].required && request->arguments[i].at == NULL) {
            good = missing(answer, is_safe(request) ? "?" : "#/", &route->arguments[i], "missing");
        }
    }
    for (unsigned i = 0; route->body != NULL && route->body[i].name != NULL; i++) {
        if (route->body[i].required && request->values[i].json == NULL) {
            good = missing(answer, "#/", &route->body[i], "missing");
        }
    }
    if ((route->flags & EDGE_ADMIN_NEEDS_REASON) != 0 && request->reason.at == NULL) {
        good = missing(answer, "#/", &edge_admin_reason_row, "reason-required");
    }
    return good;
}
