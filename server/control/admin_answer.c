/* Answers of admin routes: documents, problems, streams, and the fields of their heads. */
#include "control/admin.h"
#include "edge_id.h"
#include "edge_keyed_hash.h"
#include "edge_obj.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>

#define DETAIL_MOST 512

const char *edge_admin_role_name(edge_admin_role_t role) {
    static const char *const names[] = {"nobody", "read", "operate", "admin"};
    return names[role];
}

void edge_admin_answer_start(edge_admin_answer_t *answer, apr_pool_t *pool) {
    memset(answer, 0, sizeof *answer);
    answer->pool = pool;
    answer->status = 200;
    answer->type = "application/json";
    edge_session_id_make(edge_clock_read().wall, answer->request_id);
    edge_json_start(&answer->json, pool, 1024);
}

edge_json_t *edge_admin_json(edge_admin_answer_t *answer) {
    if (answer->trouble == EDGE_ADMIN_IN_ERROR) {
        edge_json_object_end(&answer->json);
        edge_json_array_end(&answer->json);
        answer->trouble = EDGE_ADMIN_IN_PROBLEM;
    }
    return &answer->json;
}

void edge_admin_answer_end(edge_admin_answer_t *answer) {
    if (answer->trouble != EDGE_ADMIN_FINE) {
        edge_json_object_end(edge_admin_json(answer));
        answer->trouble = EDGE_ADMIN_FINE;
    }
}

void edge_admin_field(edge_admin_answer_t *answer, const char *name, const char *value) {
    EDGE_ASSERT(answer->field_count < EDGE_ADMIN_FIELDS);
    answer->fields[answer->field_count].name = name;
    answer->fields[answer->field_count++].value = value;
}

/* Problems */

/* "role-required" as "Role required". */
static const char *title_of(const char *code, apr_pool_t *pool) {
    char *title = apr_pstrdup(pool, code);
    for (char *at = title; *at != '\0'; at++) {
        *at = *at == '-' ? ' ' : *at;
    }
    if (*title >= 'a' && *title <= 'z') {
        *title = (char)(*title - 'a' + 'A');
    }
    return title;
}

/* Leaves the object open for further members. */
static void put_problem(edge_admin_answer_t *answer, unsigned status, const char *code, const char *detail) {
    edge_json_t *json = &answer->json;
    if (answer->streaming) {
        edge_admin_break(answer);
        return;
    }
    answer->status = status;
    answer->type = "application/problem+json";
    answer->etag = answer->location = answer->next_cursor = NULL;
    answer->list_end = 0;
    answer->trouble = EDGE_ADMIN_IN_PROBLEM;
    edge_json_start(json, answer->pool, 512);
    edge_json_object(json);
    edge_json_put_string(json, "type", apr_pstrcat(answer->pool, "urn:edged:problem:", code, NULL));
    edge_json_put_string(json, "title", title_of(code, answer->pool));
    edge_json_put_number(json, "status", status);
    edge_json_put_string(json, "detail", detail);
    if (answer->instance != NULL) {
        edge_json_put_string(json, "instance", answer->instance);
    }
    edge_json_put_string(json, "code", code);
    edge_json_put_string(json, "request_id", answer->request_id);
}

void edge_admin_problem(edge_admin_answer_t *answer, unsigned status, const char *code, const char *format, ...) {
    char detail[DETAIL_MOST]; /* the C library's formatter: APR's does not know %llu */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    put_problem(answer, status, code, detail);
}

void edge_admin_elsewhere(edge_admin_answer_t *answer, const char *detail) {
    edge_admin_problem(answer, 503, "not-ready", "%s", detail);
    edge_admin_field(answer, "Retry-After", "1");
    answer->elsewhere = true;
}

edge_json_t *edge_admin_error_json(edge_admin_answer_t *answer) { return &answer->json; }

void edge_admin_error(edge_admin_answer_t *answer, unsigned status, const char *pointer, const char *code,
                      const char *format, ...) {
    char detail[DETAIL_MOST];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    edge_json_t *json = &answer->json;
    if (answer->streaming) {
        edge_admin_break(answer);
        return;
    }
    if (answer->trouble == EDGE_ADMIN_IN_ERROR) {
        edge_json_object_end(json);
    } else {
        put_problem(answer, status, code, detail);
        edge_json_key(json, "errors");
        edge_json_array(json);
        answer->trouble = EDGE_ADMIN_IN_ERROR;
    }
    edge_json_object(json);
    edge_json_put_string(json, "pointer", pointer);
    edge_json_put_string(json, "code", code);
    edge_json_put_string(json, "detail", detail);
}

/* Entity tags */

const char *edge_admin_etag(apr_pool_t *pool, edge_span_t octets, bool weak) {
    const edge_keyed_hash_t key = {{0, 0}};
    char text[24];
    edge_keyed_hash_t hash = edge_keyed_hash(key, octets);
    snprintf(text, sizeof text, "%s\"%016llx\"", weak ? "W/" : "", (unsigned long long)hash.bits[0]);
    return apr_pstrdup(pool, text);
}

bool edge_admin_matches(const edge_admin_request_t *request, const char *etag, edge_admin_answer_t *answer) {
    if (request->if_match.at == NULL || edge_span_equal(request->if_match, edge_span_of("*")) ||
        edge_span_equal(request->if_match, edge_span_of(etag))) {
        return true;
    }
    edge_admin_problem(answer, 412, "stale-etag", "It has been changed since: its tag is %s now.", etag);
    edge_json_put_string(edge_admin_json(answer), "current_etag", etag);
    answer->etag = etag;
    return false;
}

/* Pieces of documents */

void edge_admin_put_time(edge_json_t *json, const char *key, apr_time_t when) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    if (when == 0) {
        edge_json_put_string(json, key, NULL);
        return;
    }
    edge_clock_rfc3339(when, text);
    size_t len = strlen(text);
    memcpy(text + len - 4, "Z", 2); /* three of six decimals */
    edge_json_put_string(json, key, text);
}

edge_json_t *edge_admin_list_start(edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_key(json, "items");
    edge_json_array(json);
    return json;
}

void edge_admin_list_end(edge_admin_answer_t *answer, const char *next_cursor, int64_t matched) {
    edge_json_array_end(&answer->json);
    edge_admin_list_tail(answer, next_cursor, matched);
}

void edge_admin_list_tail(edge_admin_answer_t *answer, const char *next_cursor, int64_t matched) {
    edge_json_t *json = &answer->json;
    edge_json_put_string(json, "next_cursor", next_cursor);
    edge_json_key(json, "matched");
    matched >= 0 ? edge_json_number(json, matched) : edge_json_null(json);
    answer->list_end = json->len;
    answer->next_cursor = next_cursor;
    edge_admin_put_time(json, "as_of", edge_clock_read().wall);
    edge_json_object_end(json);
}

/* Streams */

void edge_admin_stream(edge_admin_answer_t *answer, const char *type) {
    answer->streaming = true;
    answer->type = type;
}

bool edge_admin_send(edge_admin_answer_t *answer, edge_span_t bytes) {
    EDGE_ASSERT(answer->streaming && answer->send != NULL);
    return !answer->broken && (bytes.len == 0 || answer->send(answer, bytes));
}

bool edge_admin_is_gone(const edge_admin_answer_t *answer) {
    return answer->is_gone != NULL && answer->is_gone(answer);
}

void edge_admin_break(edge_admin_answer_t *answer) { answer->broken = true; }
