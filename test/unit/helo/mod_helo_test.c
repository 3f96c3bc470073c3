/* Tests of modules/helo: which greetings are names, whose they are, and which rule refuses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_module.h"
#include "edge_session.h"

extern edge_module_t helo_module;

/* As the words of Refuse stand. */
enum { SYNTAX = 1, OWN_NAME = 2, LITERAL = 4, BARE = 8, ALL = 15 };

static edge_session_t session;
static edge_listener_t listener;

static edge_ipaddr_t address(const char *text) {
    edge_ipaddr_t made;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &made));
    return made;
}

static int setup(void **state) {
    (void)state;
    memset(&session, 0, sizeof(session));
    listener = (edge_listener_t){.server_name = edge_span_of("mx.example.net")};
    session.listener = &listener;
    session.from_ip = address("192.0.2.7");
    session.to_ip = address("203.0.113.1");
    return 0;
}

/* The code of the refusal; 0: it passes. */
static unsigned ask(uint32_t refuses, const char *name) {
    edge_check_call_t call = {
        .phase = EDGE_PHASE_EHLO, .session = &session, .conf = &refuses, .argument = edge_span_of(name)};
    edge_reply_t reply = edge_reply_of(EDGE_R_OK);
    edge_check_answer_t answer = helo_module.checks[0].function(&call, &reply);
    if (answer == EDGE_CHECK_PASS)
        return 0;
    assert_int_equal(answer, EDGE_CHECK_REPLY);
    assert_int_equal(reply.subject, reply.code == 501 ? 5 : 7);
    return reply.code;
}

static void the_words_are_in_this_order(void **state) {
    static const char *const words[] = {"syntax", "own-name", "literal", "bare"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(words); i++)
        assert_string_equal(helo_module.directives[0].words[i], words[i]);
    assert_null(helo_module.directives[0].words[EDGE_COUNT(words)]);
}

static void honest_names_pass_every_rule(void **state) {
    static const char *const names[] = {"client.example", "a.b-c.d", "under_score.example", "client.example.",
                                        "[192.0.2.7]"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(names); i++)
        assert_int_equal(ask(ALL, names[i]), 0);
    session.from_ip = address("2001:db8::7");
    assert_int_equal(ask(ALL, "[IPv6:2001:db8:0::7]"), 0);
}

static void what_is_no_name(void **state) {
    static const char *const names[] = {"a..b", "-", "a b", "[192.0.2]", "[192.0.2.7", "<a>", "host..", "."};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(names); i++) {
        assert_int_equal(ask(SYNTAX, names[i]), 501);
        assert_int_equal(ask(0, names[i]), 0);
    }
}

/* In any case of letters, with the root's dot, with brackets and without. */
static void what_is_ours(void **state) {
    static const char *const names[] = {"mx.example.net", "MX.Example.Net", "mx.example.net.", "[203.0.113.1]",
                                        "203.0.113.1"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(names); i++) {
        assert_int_equal(ask(OWN_NAME, names[i]), 550);
        assert_int_equal(ask(SYNTAX, names[i]), 0);
    }
    assert_int_equal(ask(OWN_NAME, "mx.example.network"), 0);
    assert_int_equal(ask(OWN_NAME, "[203.0.113.2]"), 0);
}

static void this_machine_may_say_its_name(void **state) {
    (void)state;
    session.from_ip = session.to_ip;
    assert_int_equal(ask(ALL, "mx.example.net"), 0);
    assert_int_equal(ask(ALL, "[203.0.113.1]"), 0);
    session.from_ip = address("127.0.0.1");
    assert_int_equal(ask(ALL, "mx.example.net"), 0);
}

static void literals_of_others(void **state) {
    (void)state;
    assert_int_equal(ask(LITERAL, "[192.0.2.8]"), 550);
    assert_int_equal(ask(LITERAL, "[IPv6:2001:db8::7]"), 550);
    assert_int_equal(ask(LITERAL, "[192.0.2.7]"), 0);
    assert_int_equal(ask(ALL & ~LITERAL, "[192.0.2.8]"), 0);
}

static void names_without_a_dot(void **state) {
    (void)state;
    assert_int_equal(ask(BARE, "workstation"), 550);
    assert_int_equal(ask(BARE, "workstation."), 550);
    assert_int_equal(ask(ALL & ~BARE, "workstation"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_words_are_in_this_order, setup),
        cmocka_unit_test_setup(honest_names_pass_every_rule, setup),
        cmocka_unit_test_setup(what_is_no_name, setup),
        cmocka_unit_test_setup(what_is_ours, setup),
        cmocka_unit_test_setup(this_machine_may_say_its_name, setup),
        cmocka_unit_test_setup(literals_of_others, setup),
        cmocka_unit_test_setup(names_without_a_dot, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
