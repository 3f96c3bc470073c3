/* What a client that asks for JSON is told: an id or a problem, the reply, each recipient; hostile text stays text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "../../../modules/http_edge/http_edge.h"
#include "proto/json_in.h"

static apr_pool_t *pool;
static http_request_t request;
static edge_http_recipient_t recipients[3];
static edge_reply_t results[3];

static void say(unsigned at, const char *address, edge_reply_t reply) {
    recipients[at] = (edge_http_recipient_t){.address = edge_span_of(address)};
    results[at] = reply;
    request.cursor = at + 1;
}

static const edge_json_value_t *answer(unsigned status, const char *reason, const edge_reply_t *reply) {
    edge_span_t text = http_json_answer(&request, status, edge_span_of(reason), reply);
    const char *wrong = NULL;
    size_t at;
    const edge_json_value_t *document = edge_json_in_read(text, pool, &wrong, &at);
    if (!document)
        fail_msg("%s at %zu: %.*s", wrong, at, (int)text.len, text.at);
    return document;
}

static void says(const edge_json_value_t *value, const char *name, const char *text) {
    edge_span_t got = edge_json_in_text(value, name);
    if (!text) {
        assert_null(got.at);
        return;
    }
    assert_non_null(got.at);
    assert_string_equal(got.at, text);
}

static void a_success(void **state) {
    edge_reply_t reply = edge_reply_of(EDGE_R_MESSAGE_OK);
    strcpy(request.id, "01a2244d-186f-7574-9b73-e7153fb20cff");
    say(0, "b@server.example", edge_reply_of(EDGE_R_RECIPIENT_OK));
    const edge_json_value_t *document = answer(200, "ok", &reply);
    says(document, "id", request.id);
    assert_null(edge_json_in_member(document, "type"));
    assert_int_equal(edge_json_in_number(document, "code", 0), 250);
    says(document, "enhanced", "2.6.0");
    const edge_json_value_t *told = edge_json_in_member(document, "recipients");
    assert_int_equal(told->count, 1);
    says(told->first, "address", "b@server.example");
    assert_int_equal(edge_json_in_number(told->first, "code", 0), 250);
}

static void a_problem(void **state) {
    edge_reply_t reply = {.code = 550, .subject = 7, .detail = 1, .text = EDGE_SPAN("Not so"), .literal = true};
    say(0, "b@server.example", edge_reply_of(EDGE_R_RECIPIENT_OK));
    say(1, "c@server.example", reply);
    const edge_json_value_t *document = answer(400, "Not so", &reply);
    assert_null(edge_json_in_member(document, "id"));
    says(document, "type", "about:blank");
    says(document, "title", "Bad Request");
    says(document, "detail", "Not so");
    assert_int_equal(edge_json_in_number(document, "status", 0), 400);
    assert_int_equal(edge_json_in_number(document, "code", 0), 550);
    says(document, "enhanced", "5.7.1");
    const edge_json_value_t *told = edge_json_in_member(document, "recipients");
    assert_int_equal(told->count, 2);
    assert_int_equal(edge_json_in_number(told->first->next, "code", 0), 550);
    says(told->first->next, "message", "Not so");
}

/* Refused before anybody was asked. */
static void without_a_reply(void **state) {
    const edge_json_value_t *document = answer(406, "Not Acceptable", NULL);
    says(document, "title", "Not Acceptable");
    assert_null(edge_json_in_member(document, "code"));
    assert_null(edge_json_in_member(document, "recipients"));
}

static void without_an_enhanced_code(void **state) {
    edge_reply_t reply = {.code = 421, .subject = EDGE_NO_ENHANCED, .text = EDGE_SPAN("Bye"), .literal = true};
    const edge_json_value_t *enhanced = edge_json_in_member(answer(503, "Bye", &reply), "enhanced");
    assert_non_null(enhanced);
    assert_int_equal(enhanced->type, EDGE_JSON_NULL);
}

static void hostile_text(void **state) {
    static const char *const address = "\"a\\\"\n\x01<script>\xff\"@x";
    edge_reply_t reply = {.code = 550, .text = EDGE_SPAN("\"},{\"code\":250"), .literal = true};
    say(0, address, reply);
    const edge_json_value_t *document = answer(400, "\"}\n", &reply);
    assert_int_equal(edge_json_in_number(document, "code", 0), 550);
    says(document, "message", "\"},{\"code\":250");
    says(document, "detail", "\"}\n");
    edge_span_t told = edge_json_in_text(edge_json_in_member(document, "recipients")->first, "address");
    assert_memory_equal(told.at, "\"a\\\"\n\x01<script>", 13);
}

static int begin(void **state) {
    memset(&request, 0, sizeof(request));
    request.pool = pool;
    request.submit.recipients = recipients;
    request.submit.recipient_count = EDGE_COUNT(recipients);
    request.results = results;
    return 0;
}

static int make_pool(void **state) {
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int drop_pool(void **state) {
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_success, begin),       cmocka_unit_test_setup(a_problem, begin),
        cmocka_unit_test_setup(without_a_reply, begin), cmocka_unit_test_setup(without_an_enhanced_code, begin),
        cmocka_unit_test_setup(hostile_text, begin),
    };
    return cmocka_run_group_tests_name("http_edge/http_json", tests, make_pool, drop_pool);
}
