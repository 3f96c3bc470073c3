/* Tests of server/core/refusal.c: the operator's words in the place of a validator's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"
#include "core/refusal.h"

static edge_snapshot_t *with(const char *reply) {
    return fixture_build(apr_pstrcat(fixture_pool, PROBE_LOAD "<Validator a>\nModule probe_module\n", reply,
                                     "\n</Validator>\n<Queue q>\nSpool s\n</Queue>\n"
                                     "<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n</Listener>\n",
                                     NULL));
}

static const edge_refusal_t *refusal_of(const edge_snapshot_t *snapshot) {
    return &edge_core_validator_conf(edge_snapshot_find(snapshot, EDGE_SCOPE_VALIDATOR, edge_span_of("a")))->refusal;
}

static void accepts(const char *reply, const char *shown) {
    edge_snapshot_t *snapshot = with(reply);
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(edge_refusal_show(refusal_of(snapshot), fixture_pool).at, shown);
    edge_snapshot_drop(snapshot);
}

static void refuses(const char *reply, const char *code) {
    edge_snapshot_drop(with(reply));
    assert_memory_equal(fixture_codes(), code, strlen(code));
}

static void what_may_be_written(void **state) {
    (void)state;
    accepts("Reply 550 5.7.1 \"<%{address}> Not authorized\"", "550 5.7.1 \"<%{address}> Not authorized\"");
    accepts("Reply 421 Bye", "421 \"Bye\"");
    accepts("Reply 550 \"100% %{ no\"", "550 \"100% %{ no\"");
    refuses("Reply 550", "EDG10320");
    refuses("Reply 550 5.7.1 \"\"", "EDG10320");
    refuses("Reply 550 5.7.1 x y", "EDG10320");
    refuses("Reply 250 \"Ok\"", "EDG10321");
    refuses("Reply 6oo \"Ok\"", "EDG10321");
    refuses("Reply 550 \"%{adress}\"", "EDG10322");
    refuses("Reply 550 4.7.1 \"x\"", "EDG10323");
    refuses("Reply 550 5.7 \"x\"", "EDG10323");
}

/* A refusal for the time being does not become a lasting one: the sender would lose a message over our trouble. */
static void what_it_replaces(void **state) {
    edge_refusal_t lasting = {.code = 550}, passing = {.code = 450}, none = {0};
    edge_reply_t no = {.code = 554}, later = {.code = 451}, yes = {.code = 250};
    (void)state;
    assert_true(edge_refusal_replaces(&lasting, &no));
    assert_true(edge_refusal_replaces(&passing, &no));
    assert_true(edge_refusal_replaces(&passing, &later));
    assert_false(edge_refusal_replaces(&lasting, &later));
    assert_false(edge_refusal_replaces(&lasting, &yes));
    assert_false(edge_refusal_replaces(&none, &no));
}

static const char *said(const edge_reply_t *reply) {
    static char text[8192];
    size_t len = edge_reply_text(reply, text, sizeof(text) - 1);
    text[len] = '\0';
    return text;
}

static void facts_are_filled_in(void **state) {
    edge_client_facts_t client = {
        .ip = edge_span_of("192.0.2.1"), .ehlo = edge_span_of("me"), .receiver = edge_span_of("mx.example")};
    edge_check_call_t call = {.argument = edge_span_of("b@c"), .client = &client, .pool = fixture_pool};
    edge_refusal_t refusal = {
        550, EDGE_NO_SPAN,
        edge_span_of("5.7.9 %{address}/%{sender}/%{client}/%{ehlo}/%{identity}/%{server}: %{text}%")};
    edge_reply_t reply = edge_reply_of(EDGE_R_OK);
    (void)state;
    edge_reply_set(&reply, 554, edge_span_of("5.1.1"), edge_span_of("a\nb"));
    edge_refusal_apply(&refusal, &call, &reply);
    assert_int_equal(reply.code, 550);
    assert_int_equal(reply.detail, 9);
    assert_string_equal(said(&reply), "b@c//192.0.2.1/me//mx.example: a\nb%");
}

static void a_text_without_bound_is_cut(void **state) {
    edge_client_facts_t client = {.ip = edge_span_of("192.0.2.1")};
    char *long_text = apr_pcalloc(fixture_pool, 10001);
    edge_check_call_t call = {.client = &client, .pool = fixture_pool};
    edge_refusal_t refusal = {550, EDGE_NO_SPAN, edge_span_of("%{text}%{text}")};
    edge_reply_t reply = edge_reply_of(EDGE_R_OK);
    (void)state;
    memset(long_text, 'x', 10000);
    edge_reply_set(&reply, 554, EDGE_NO_SPAN, edge_span_of(long_text));
    edge_refusal_apply(&refusal, &call, &reply);
    assert_int_equal(strlen(said(&reply)), 4096);
}

static void a_reference_stands_behind(void **state) {
    edge_reply_t reply = edge_reply_about(EDGE_R_SENDER_OK, edge_span_of("a@b"));
    edge_reply_t silent = {.code = 550};
    (void)state;
    edge_refusal_refer(&reply, "S-1", fixture_pool);
    assert_string_equal(said(&reply), "<a@b> Ok [S-1]");
    edge_refusal_refer(&silent, "S-2", fixture_pool);
    assert_string_equal(said(&silent), "[S-2]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_written),       cmocka_unit_test(what_it_replaces),
        cmocka_unit_test(facts_are_filled_in),       cmocka_unit_test(a_text_without_bound_is_cut),
        cmocka_unit_test(a_reference_stands_behind),
    };
    return cmocka_run_group_tests_name("core/refusal", tests, fixture_set_up, fixture_tear_down);
}
