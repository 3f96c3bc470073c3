/* The JSON form of an envelope, short and full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "proto/envelope_json.h"

static apr_pool_t *pool;

static const char *json_of(const edge_envelope_t *envelope, bool full) {
    edge_json_t json;
    edge_json_start(&json, pool, 64);
    edge_json_object(&json);
    edge_envelope_json(&json, envelope, full);
    edge_json_object_end(&json);
    return json.text;
}

static edge_envelope_t *usual(void) {
    edge_envelope_t *envelope = apr_pcalloc(pool, sizeof *envelope);
    assert_true(edge_uuid_parse(edge_span_of("e6482085-5322-4254-8654-2d1bd59ba6cd"), &envelope->id));
    envelope->received = INT64_C(1795365669120934);
    envelope->sender = edge_span("", 0);
    envelope->size = 4321;
    envelope->client.protocol = edge_span_of("ESMTP");
    envelope->client.ip = edge_span_of("192.0.2.7");
    envelope->client.port = 51512;
    envelope->client.ehlo = edge_span_of("a\"b");
    edge_envelope_add(envelope, pool, edge_span_of("one@x"));
    edge_envelope_add(envelope, pool, edge_span_of("two@x"));
    return envelope;
}

#define SHORT                                                                                                         \
    "\"id\":\"e6482085-5322-4254-8654-2d1bd59ba6cd\",\"received\":\"2026-11-22T16:41:09.120934Z\",\"size\":4321,"     \
    "\"protocol\":\"ESMTP\",\"sender\":\"\",\"recipients\":[\"one@x\",\"two@x\"],\"client\":{\"protocol\":\"ESMTP\"," \
    "\"ehlo\":\"a\\\"b\",\"ip\":\"192.0.2.7\",\"port\":51512,\"security\":null,\"tls\":null,\"receiver\":null,"       \
    "\"auth\":null,"                                                                                                  \
    "\"listener\":null,\"session\":null}"

static void short_form(void **state) {
    (void)state;
    assert_string_equal(json_of(usual(), false), "{" SHORT "}");
}

static void full_form(void **state) {
    (void)state;
    edge_envelope_t *envelope = usual();
    edge_parameter_t parameter = {edge_span_of("BODY"), edge_span_of("8BITMIME")},
                     bare = {edge_span_of("SMTPUTF8"), EDGE_NO_SPAN};
    envelope->sender_parameters = (edge_parameters_t){&parameter, 1};
    envelope->recipients[1].parameters = (edge_parameters_t){&bare, 1};
    envelope->recipients[1].state = EDGE_RECIPIENT_FAILED;
    envelope->recipients[1].attempts = 2;
    envelope->recipients[1].last_reply = edge_span_of("550 no");
    envelope->needs = EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8;
    envelope->attempts = 1;
    envelope->expires = INT64_C(1795365669120934);
    envelope->client.tls_version = edge_span_of("TLSv1.3");
    const char *text = json_of(envelope, true);
    assert_non_null(strstr(text, "\"tls\":{\"version\":\"TLSv1.3\",\"cipher\":null}"));
    assert_non_null(strstr(
        text, ",\"parameters\":[{\"name\":\"BODY\",\"value\":\"8BITMIME\"}],\"deliveries\":["
              "{\"recipient\":\"one@x\",\"state\":\"waiting\",\"attempts\":0,\"last_reply\":null,\"parameters\":[]},"
              "{\"recipient\":\"two@x\",\"state\":\"failed\",\"attempts\":2,\"last_reply\":\"550 no\","
              "\"parameters\":[{\"name\":\"SMTPUTF8\",\"value\":null}]}],\"needs\":[\"8BITMIME\",\"SMTPUTF8\"],"
              "\"attempts\":1,\"next_attempt\":null,\"expires\":\"2026-11-22T16:41:09.120934Z\"}"));
}

static void unreadable_has_the_same_members(void **state) {
    (void)state;
    edge_json_t json;
    edge_json_start(&json, pool, 64);
    edge_json_object(&json);
    edge_envelope_json_unreadable(&json, usual()->id);
    edge_json_object_end(&json);
    assert_string_equal(
        json.text, "{\"id\":\"e6482085-5322-4254-8654-2d1bd59ba6cd\",\"received\":null,\"size\":null,\"protocol\":null,"
                   "\"sender\":null,\"recipients\":[],\"client\":null}");
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(short_form), cmocka_unit_test(full_form),
                                       cmocka_unit_test(unreadable_has_the_same_members)};
    return cmocka_run_group_tests_name("proto/envelope_json", tests, set_up, NULL);
}
