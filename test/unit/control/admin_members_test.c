/* What a route takes: members of query and body, reasons, dry runs, entity tags, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "control/admin.h"
#include "edge_module.h"
#include "proto/json_in.h"

static apr_pool_t *pool;
static edge_admin_answer_t answer;

enum { TEXT, NUMBER, WORD, SWITCH, SECONDS, OBJECT, ANY, NULLABLE, TEXTS, MAP };
static const char *const words[] = {"enforce", "shadow", NULL};
static const edge_admin_argument_t inner[] = {
    {.name = "size", .kind = EDGE_ADMIN_NUMBER, .min = 1, .max = 9, .prose = "x"},
    {.name = "*", .kind = EDGE_ADMIN_SWITCH, .prose = "x"},
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
    [ANY] = {.name = "any", .kind = EDGE_ADMIN_ANY, .prose = "x"},
    [NULLABLE] = {.name = "nullable", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "x"},
    [TEXTS] = {.name = "texts", .kind = EDGE_ADMIN_TEXTS, .prose = "x"},
    [MAP] = {.name = "map", .kind = EDGE_ADMIN_MAP, .prose = "x"},
    {.name = NULL},
};
static const edge_admin_argument_t query[] = {
    {.name = "for", .kind = EDGE_ADMIN_SECONDS, .min = EDGE_SECONDS(1), .max = EDGE_SECONDS(7200), .prose = "x"},
    {.name = "number", .kind = EDGE_ADMIN_NUMBER, .max = 9, .required = true, .prose = "How many."},
    {.name = "switch", .kind = EDGE_ADMIN_SWITCH, .prose = "x"},
    {.name = NULL},
};
static const edge_admin_argument_t needed[] = {
    {.name = "token", .kind = EDGE_ADMIN_TEXT, .required = true, .prose = "The token."},
    {.name = "*", .kind = EDGE_ADMIN_ANY, .prose = "x"},
    {.name = NULL},
};

/* What the last handler that ran was given. */
static edge_admin_request_t seen;
static bool ran;
static const char *tag = "\"0123456789abcdef\"";

static void keep(const edge_admin_request_t *request, edge_admin_answer_t *to) {
    seen = *request;
    ran = true;
    if ((request->route->flags & EDGE_ADMIN_NEEDS_MATCH) != 0 && !edge_admin_matches(request, tag, to)) {
        edge_json_put_number(edge_admin_json(to), "current", 7);
        return;
    }
    to->etag = tag;
    edge_json_object(edge_admin_json(to));
    edge_json_object_end(edge_admin_json(to));
}

const edge_admin_route_t edge_admin_setting_routes[] = {{.path = NULL}};
const edge_admin_route_t edge_admin_routes[] = {
    {.method = "POST", .path = "/body", .role = EDGE_ADMIN_OPERATE, .handler = keep, .body = body, .prose = "x"},
    {.method = "POST", .path = "/query", .role = EDGE_ADMIN_OPERATE, .handler = keep, .arguments = query, .prose = "x"},
    {.method = "GET", .path = "/query", .role = EDGE_ADMIN_READ, .handler = keep, .arguments = query, .prose = "x"},
    {.method = "POST",
     .path = "/needed",
     .role = EDGE_ADMIN_ADMIN,
     .handler = keep,
     .body = needed,
     .flags = EDGE_ADMIN_NEEDS_REASON | EDGE_ADMIN_CREATED,
     .prose = "x"},
    {.method = "PUT",
     .path = "/cfg",
     .role = EDGE_ADMIN_ADMIN,
     .handler = keep,
     .flags = EDGE_ADMIN_NEEDS_MATCH | EDGE_ADMIN_DRY_RUN | EDGE_ADMIN_TAKES_REASON,
     .prose = "x"},
    {.method = "GET", .path = "/cfg", .role = EDGE_ADMIN_READ, .handler = keep, .prose = "x"},
    {.method = "GET",
     .path = "/public",
     .role = EDGE_ADMIN_NOBODY,
     .handler = keep,
     .flags = EDGE_ADMIN_PUBLIC,
     .prose = "x"},
    {.path = NULL},
};
const edge_module_t *edge_module_at(unsigned index) { return NULL; }

static unsigned carry(edge_admin_call_t call, const char *method, const char *target, const char *content) {
    call.method = edge_span_of(method);
    call.target = edge_span_of(target);
    call.content = edge_span_of(content);
    call.who = "a test";
    ran = false;
    edge_admin_answer_start(&answer, pool);
    edge_admin_dispatch(&call, &answer);
    return answer.status;
}

static unsigned ask(const char *method, const char *target, const char *content) {
    return carry((edge_admin_call_t){.role = EDGE_ADMIN_ADMIN, .local = true}, method, target, content);
}

/* The problem that was answered, whole and with its id. */
static const edge_json_value_t *problem(void) {
    const edge_json_value_t *document =
        edge_json_in_read(edge_span(answer.json.text, answer.json.len), pool, NULL, NULL);
    assert_non_null(document);
    assert_string_equal(answer.type, "application/problem+json");
    assert_string_equal(edge_json_in_text(document, "request_id").at, answer.request_id);
    return document;
}

static const edge_json_value_t *first_error(void) {
    const edge_json_value_t *errors = edge_json_in_member(problem(), "errors");
    assert_non_null(errors);
    return errors->first;
}

static void refuses_body(const char *content, const char *pointer, const char *code) {
    assert_int_equal(ask("POST", "/body", content), 422);
    assert_false(ran);
    assert_string_equal(edge_json_in_text(first_error(), "pointer").at, pointer);
    assert_string_equal(edge_json_in_text(first_error(), "code").at, code);
    assert_string_equal(edge_json_in_text(problem(), "code").at, code);
}

static void members_of_every_kind(void **state) {
    assert_int_equal(ask("POST", "/body",
                         "{\"text\":\"\\u00e9\",\"number\":20,\"word\":\"shadow\",\"switch\":true,\"for\":1.5,"
                         "\"object\":{\"size\":3,\"a\":false},\"any\":false,\"nullable\":null,"
                         "\"texts\":[\"a\",\"b\"],\"map\":{\"a\":1}}"),
                     200);
    assert_string_equal(seen.values[TEXT].text.at, "\xc3\xa9");
    assert_int_equal(seen.values[NUMBER].number, 20);
    assert_int_equal(seen.values[WORD].number, 1);
    assert_int_equal(seen.values[SWITCH].number, 1);
    assert_int_equal(seen.values[SECONDS].number, 1500000);
    assert_int_equal(edge_json_in_number(seen.values[OBJECT].json, "size", 0), 3);
    assert_int_equal(seen.values[ANY].json->type, EDGE_JSON_BOOL);
    assert_int_equal(seen.values[NULLABLE].json->type, EDGE_JSON_NULL);
    assert_int_equal(ask("POST", "/body", ""), 200);
    assert_null(seen.body);
    assert_null(seen.values[TEXT].json);
    assert_int_equal(ask("POST", "/body", "{}"), 200);
    assert_non_null(seen.body);
}

static void wrong_members(void **state) {
    refuses_body("{\"text\":1}", "#/text", "wrong-type");
    refuses_body("{\"text\":null}", "#/text", "wrong-type");
    refuses_body("{\"text\":\"\"}", "#/text", "too-short");
    refuses_body("{\"text\":\"123456\"}", "#/text", "too-long");
    refuses_body("{\"number\":\"10\"}", "#/number", "wrong-type");
    refuses_body("{\"number\":9}", "#/number", "out-of-range");
    refuses_body("{\"number\":10.5}", "#/number", "out-of-range");
    refuses_body("{\"number\":-10}", "#/number", "out-of-range");
    refuses_body("{\"number\":1e1}", "#/number", "out-of-range");
    refuses_body("{\"number\":99999999999999999999}", "#/number", "out-of-range");
    refuses_body("{\"switch\":1}", "#/switch", "wrong-type");
    refuses_body("{\"for\":0.5}", "#/for", "out-of-range");
    refuses_body("{\"for\":1e400}", "#/for", "out-of-range");
    refuses_body("{\"for\":\"1m\"}", "#/for", "wrong-type");
    refuses_body("{\"object\":[]}", "#/object", "wrong-type");
    refuses_body("{\"object\":{\"size\":10}}", "#/object/size", "out-of-range");
    refuses_body("{\"object\":{\"a/b~c\":1}}", "#/object/a~1b~0c", "wrong-type");
    refuses_body("{\"texts\":\"a\"}", "#/texts", "wrong-type");
    refuses_body("{\"texts\":[\"a\",1]}", "#/texts", "wrong-type");
    refuses_body("{\"map\":[]}", "#/map", "wrong-type");
    refuses_body("{\"any\":[1]}", "#/any", "wrong-type");
    refuses_body("{\"dry_run\":true}", "#/dry_run", "unknown-member");
    refuses_body("{\"reason\":\"x\"}", "#/reason", "unknown-member");
    refuses_body("[]", "#", "wrong-type");
    refuses_body("{\"word\":\"enforced\"}", "#/word", "unknown-value");
    assert_string_equal(edge_json_in_text(first_error(), "suggestion").at, "enforce");
    refuses_body("{\"nubmer\":10}", "#/nubmer", "unknown-member");
    assert_string_equal(edge_json_in_text(first_error(), "suggestion").at, "number");
}

static void all_errors_at_once(void **state) {
    refuses_body("{\"text\":1,\"number\":1,\"x\":1}", "#/text", "wrong-type");
    const edge_json_value_t *errors = edge_json_in_member(problem(), "errors");
    assert_int_equal(errors->count, 3);
    assert_string_equal(edge_json_in_text(errors->first->next, "pointer").at, "#/number");
    assert_string_equal(edge_json_in_text(errors->first->next->next, "pointer").at, "#/x");
}

static void content_that_is_no_json(void **state) {
    assert_int_equal(ask("POST", "/body", "{\"text\":\n\"a\",}"), 400);
    assert_string_equal(edge_json_in_text(problem(), "code").at, "bad-json");
    assert_non_null(strstr(edge_json_in_text(problem(), "detail").at, "line 2, column 5"));
    assert_int_equal(ask("POST", "/body", "{\"text\":\"a\",\"text\":\"b\"}"), 400);
    assert_int_equal(ask("POST", "/body", "{\"text\":\"\xff\"}"), 400);
    assert_int_equal(ask("GET", "/cfg", "{}"), 400);
}

static void types_of_content(void **state) {
    static const struct {
        const char *type, *content;
        unsigned status;
    } cases[] = {
        {"application/json", "{}", 200},
        {"application/json; charset=utf-8", "{}", 200},
        {"application/merge-patch+json", "{}", 200},
        {NULL, "", 200},
        {NULL, "{}", 415},
        {"text/plain", "{}", 415},
        {"application/x-www-form-urlencoded", "", 415},
        {"multipart/form-data; boundary=x", "{}", 415},
    };
    for (size_t i = 0; i < EDGE_COUNT(cases); i++) {
        edge_admin_call_t call = {.role = EDGE_ADMIN_ADMIN, .content_type = edge_span_of(cases[i].type)};
        assert_int_equal(carry(call, "POST", "/body", cases[i].content), cases[i].status);
    }
}

static void queries(void **state) {
    assert_int_equal(ask("GET", "/query?for=1h&number=9&switch=true", ""), 200);
    assert_int_equal(seen.numbers[0], UINT64_C(3600000000));
    assert_int_equal(seen.numbers[1], 9);
    assert_int_equal(seen.numbers[2], 1);
    assert_int_equal(ask("GET", "/query?for=30&number=1", ""), 422);
    assert_string_equal(edge_json_in_text(first_error(), "code").at, "bad-duration");
    assert_int_equal(ask("GET", "/query?number=1&for=3h", ""), 422);
    assert_string_equal(edge_json_in_text(first_error(), "pointer").at, "?for");
    assert_int_equal(ask("GET", "/query?number=1&for=soon", ""), 422);
    assert_int_equal(ask("GET", "/query?number=1&switch=1", ""), 200);
    assert_int_equal(ask("GET", "/query?number=1&switch=yes", ""), 422);
    assert_int_equal(ask("GET", "/query?nummer=1", ""), 422);
    assert_string_equal(edge_json_in_text(first_error(), "suggestion").at, "number");
    assert_int_equal(ask("GET", "/query", ""), 422);
    assert_string_equal(edge_json_in_text(first_error(), "code").at, "missing");
}

/* A route without rows for the body takes its arguments there as well. */
static void arguments_in_a_body(void **state) {
    assert_int_equal(ask("POST", "/query", "{\"for\":60,\"number\":3,\"switch\":false}"), 200);
    assert_int_equal(seen.numbers[0], 60000000);
    assert_int_equal(seen.numbers[1], 3);
    assert_string_equal(seen.arguments[1].at, "3");
    assert_int_equal(ask("POST", "/query?number=3", "{\"number\":3}"), 422);
    assert_string_equal(edge_json_in_text(first_error(), "code").at, "repeated-member");
}

static void reasons(void **state) {
    assert_int_equal(ask("POST", "/needed", "{\"token\":\"x\"}"), 422);
    assert_string_equal(edge_json_in_text(first_error(), "code").at, "reason-required");
    assert_int_equal(ask("POST", "/needed", "{\"reason\":\"y\"}"), 422);
    assert_string_equal(edge_json_in_text(first_error(), "pointer").at, "#/token");
    assert_int_equal(ask("POST", "/needed", "{\"token\":\"x\",\"reason\":\"y\",\"more\":1}"), 201);
    assert_string_equal(seen.reason.at, "y");
    assert_int_equal(edge_json_in_number(seen.body, "more", 0), 1);
    assert_int_equal(ask("POST", "/needed?reason=z", "{\"token\":\"x\"}"), 201);
    assert_string_equal(seen.reason.at, "z");
    static const char *const lines[] = {"x\\ny", "x\\r", "\\u0000", "a\\u001bb", "\\u007f"};
    for (unsigned i = 0; i < EDGE_COUNT(lines); i++) {
        const char *content = apr_pstrcat(pool, "{\"token\":\"x\",\"reason\":\"", lines[i], "\"}", NULL);
        assert_int_equal(ask("POST", "/needed", content), 422);
        assert_string_equal(edge_json_in_text(first_error(), "code").at, "control-character");
        assert_string_equal(edge_json_in_text(first_error(), "pointer").at, "#/reason");
    }
    assert_int_equal(ask("POST", "/needed?reason=z", "{\"token\":\"x\",\"reason\":\"y\"}"), 422);
    assert_int_equal(ask("POST", "/needed", "{\"token\":\"x\",\"reason\":\"\"}"), 422);
    char *longest = apr_pcalloc(pool, EDGE_ADMIN_REASON_MOST + 2);
    memset(longest, 'x', EDGE_ADMIN_REASON_MOST + 1);
    assert_int_equal(ask("POST", "/needed", apr_pstrcat(pool, "{\"token\":\"x\",\"reason\":\"", longest, "\"}", NULL)),
                     422);
}

static unsigned change(const char *tags, const char *target) {
    edge_admin_call_t call = {.role = EDGE_ADMIN_ADMIN, .local = true, .if_match = edge_span_of(tags)};
    return carry(call, "PUT", target, "");
}

static void entity_tags(void **state) {
    assert_int_equal(change(NULL, "/cfg"), 428);
    assert_string_equal(edge_json_in_text(problem(), "code").at, "precondition-required");
    assert_false(ran);
    assert_int_equal(change("\"stale\"", "/cfg"), 412);
    assert_string_equal(edge_json_in_text(problem(), "current_etag").at, tag);
    assert_int_equal(edge_json_in_number(problem(), "current", 0), 7);
    assert_int_equal(change(tag, "/cfg"), 200);
    assert_int_equal(change("*", "/cfg"), 200);
    assert_int_equal(change("W/\"0123456789abcdef\"", "/cfg"), 412);
    assert_int_equal(change(NULL, "/cfg?dry_run=true"), 200);
    assert_true(seen.dry_run);
    assert_int_equal(change(NULL, "/cfg?dry_run=false"), 428);

    edge_admin_call_t call = {.role = EDGE_ADMIN_READ, .if_none_match = edge_span_of("\"a\", W/\"0123456789abcdef\"")};
    assert_int_equal(carry(call, "GET", "/cfg", ""), 304);
    assert_int_equal(answer.json.len, 0);
    call.if_none_match = edge_span_of("\"a\"");
    assert_int_equal(carry(call, "GET", "/cfg", ""), 200);

    const char *one = edge_admin_etag(pool, edge_span_of("a"), false);
    assert_string_equal(edge_admin_etag(pool, edge_span_of("a"), false), one);
    assert_string_not_equal(edge_admin_etag(pool, edge_span_of("b"), false), one);
    assert_int_equal(strlen(one), 18);
    assert_string_equal(edge_admin_etag(pool, edge_span_of("a"), true), apr_pstrcat(pool, "W/", one, NULL));
}

static unsigned ask_as(edge_admin_role_t role, const char *method, const char *target) {
    return carry((edge_admin_call_t){.role = role}, method, target, "");
}

static void who_may_ask(void **state) {
    assert_int_equal(ask_as(EDGE_ADMIN_NOBODY, "GET", "/public"), 200);
    assert_int_equal(ask_as(EDGE_ADMIN_NOBODY, "GET", "/cfg"), 401);
    assert_string_equal(answer.fields[0].name, "WWW-Authenticate");
    assert_int_equal(ask_as(EDGE_ADMIN_NOBODY, "GET", "/nothing"), 401);
    assert_int_equal(ask_as(EDGE_ADMIN_NOBODY, "DELETE", "/cfg"), 401);
    assert_null(answer.allow);
    assert_int_equal(ask_as(EDGE_ADMIN_READ, "PUT", "/cfg"), 403);
    assert_string_equal(edge_json_in_text(problem(), "role").at, "admin");
    assert_int_equal(ask_as(EDGE_ADMIN_READ, "GET", "/nothing"), 404);
    assert_int_equal(ask_as(EDGE_ADMIN_READ, "DELETE", "/cfg"), 405);
    assert_string_equal(answer.allow, "PUT, GET");
    assert_string_equal(edge_json_in_text(problem(), "instance").at, "/cfg");
}

static int set_up(void **state) {
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_every_kind), cmocka_unit_test(wrong_members),
        cmocka_unit_test(all_errors_at_once),    cmocka_unit_test(content_that_is_no_json),
        cmocka_unit_test(types_of_content),      cmocka_unit_test(queries),
        cmocka_unit_test(arguments_in_a_body),   cmocka_unit_test(reasons),
        cmocka_unit_test(entity_tags),           cmocka_unit_test(who_may_ask),
    };
    return cmocka_run_group_tests_name("control/admin_members", tests, set_up, NULL);
}
