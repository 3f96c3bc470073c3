/* Tests of modules/require: what a session lacks, in what order it is asked for, and what counts as a guard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_module.h"
#include "edge_session.h"

extern edge_module_t require_module;

/* As the words of Require stand. */
enum { TLS = 1, CERTIFICATE = 2, AUTH = 4 };

static edge_session_t session;
static edge_reply_t reply;

static const edge_check_row_t *row_of(edge_phase_t phase) {
    const edge_check_row_t *row = require_module.checks;
    while (row->name && row->phase != phase)
        row++;
    return row->name ? row : NULL;
}

static edge_check_answer_t ask(uint32_t needs) {
    edge_check_call_t call = {.phase = EDGE_PHASE_RCPT, .session = &session, .conf = &needs};
    reply = edge_reply_of(EDGE_R_OK);
    return row_of(EDGE_PHASE_RCPT)->function(&call, &reply);
}

static void refused(uint32_t needs, const char *text) {
    assert_int_equal(ask(needs), EDGE_CHECK_REPLY);
    assert_int_equal(reply.code, 530);
    assert_int_equal(reply.subject, 7);
    assert_int_equal(reply.detail, 0);
    assert_true(edge_span_equal(reply.text, edge_span_of(text)));
}

static int setup(void **state) {
    (void)state;
    memset(&session, 0, sizeof(session));
    return 0;
}

static void the_words_are_in_this_order(void **state) {
    const char *const *words = require_module.directives[0].words;
    (void)state;
    assert_string_equal(words[0], "tls");
    assert_string_equal(words[1], "client_certificate");
    assert_string_equal(words[2], "auth");
    assert_null(words[3]);
}

static void each_thing_is_asked_for(void **state) {
    (void)state;
    refused(TLS, "Must issue a STARTTLS command first");
    refused(CERTIFICATE, "A verified client certificate is required");
    refused(AUTH, "Authentication required");
    assert_int_equal(ask(0), EDGE_CHECK_PASS);
}

static void all_must_hold_and_tls_comes_first(void **state) {
    char identity[] = "alice";
    (void)state;
    session.authed = identity;
    refused(TLS | AUTH, "Must issue a STARTTLS command first");
    assert_int_equal(ask(AUTH), EDGE_CHECK_PASS);
    session.tls = true;
    assert_int_equal(ask(TLS | AUTH), EDGE_CHECK_PASS);
    refused(TLS | CERTIFICATE | AUTH, "A verified client certificate is required");
    session.secured.client_subject = "CN=alice";
    assert_int_equal(ask(TLS | CERTIFICATE | AUTH), EDGE_CHECK_PASS);
    session.authed = NULL;
    refused(TLS | CERTIFICATE | AUTH, "Authentication required");
}

/* Encryption alone tells nobody apart. */
static void a_proof_guards_against_relaying(void **state) {
    const uint32_t tls = TLS, auth = AUTH, certificate = TLS | CERTIFICATE;
    (void)state;
    for (edge_phase_t phase = EDGE_PHASE_MAIL; phase <= EDGE_PHASE_RCPT; phase++) {
        assert_non_null(row_of(phase)->guards);
        assert_false(row_of(phase)->guards(&tls));
        assert_true(row_of(phase)->guards(&auth));
        assert_true(row_of(phase)->guards(&certificate));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_words_are_in_this_order, setup),
        cmocka_unit_test_setup(each_thing_is_asked_for, setup),
        cmocka_unit_test_setup(all_must_hold_and_tls_comes_first, setup),
        cmocka_unit_test_setup(a_proof_guards_against_relaying, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
