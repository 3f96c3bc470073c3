/* What all mechanisms have in common: when there are any, base 64, being left at any time, counters. */
#include "exchange_fixture.h"

#define BAD_BASE64 "Invalid base64 data"

static const char *const under_tls[] = {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};

static void offered_only(void **state) {
    for (unsigned i = 0; i < EDGE_COUNT(under_tls); i++) {
        begin(under_tls[i]);
        cancel();
    }
    session.tls = false;
    session.secured.version = NULL;
    for (unsigned i = 0; i < EDGE_COUNT(under_tls); i++) {
        edge_auth_exchange_t *exchange = sasl_begin(auth, &session, edge_span_of(under_tls[i]), hear);
        bool anywhere = strcmp(under_tls[i], "CRAM-MD5") == 0 || strcmp(under_tls[i], "SCRAM-SHA-256") == 0;
        assert_int_equal(exchange != NULL, anywhere);
        if (exchange)
            sasl_cancel(exchange);
    }
}

static void unknown_names(void **state) {
    static const char *const names[] = {"", "PLAI", "PLAINS", "GSSAPI", "SCRAM-SHA-256-"};
    for (unsigned i = 0; i < EDGE_COUNT(names); i++)
        assert_null(sasl_begin(auth, &session, edge_span_of(names[i]), hear));
}

static void bad_base64(void **state) {
    static const char *const responses[] = {"====", "AGE", "AG E=", "AGFub!==", "AA==AA==", "*", "AB=="};
    for (unsigned m = 0; m < EDGE_COUNT(under_tls); m++)
        for (unsigned r = 0; r < EDGE_COUNT(responses); r++) {
            begin(under_tls[m]);
            step_raw(responses[r]);
            is_refused(BAD_BASE64);
            begin(under_tls[m]);
            step_raw(NULL);
            is_challenge(NULL);
            step_raw(responses[r]);
            is_refused(BAD_BASE64);
        }
}

/* "=" is an empty initial response, and nothing else (RFC 4954 4); only the first step may be without one. */
static void empty_and_absent(void **state) {
    begin("PLAIN");
    step_raw(NULL);
    step_raw("=");
    is_refused(BAD_BASE64);
    begin("PLAIN");
    step_raw(NULL);
    step_raw(NULL);
    is_refused(BAD_BASE64);
}

/* The session may end while it hears a challenge. */
static void left_when_challenged(void **state) {
    static const char *const mechanisms[] = {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"};
    when_said = cancel;
    for (unsigned i = 0; i < EDGE_COUNT(mechanisms); i++) {
        begin(mechanisms[i]);
        step_raw(NULL);
        assert_null(open_exchange);
    }
    begin("LOGIN");
    STEP("ann");
    assert_null(open_exchange);
    begin("SCRAM-SHA-256");
    STEP("n,,n=ann,r=nonce");
    assert_null(open_exchange);
    assert_int_equal(said.answer.kind, EDGE_AUTH_CHALLENGE);
}

/* What the client has sent already comes inside the answer before it. */
static void respond_when_challenged(void) {
    when_said = NULL;
    STEP("right");
}

static void goes_on_when_challenged(void **state) {
    when_said = respond_when_challenged;
    begin("LOGIN");
    STEP("ann");
    is_done("ann@example.org", "ann");
}

static int64_t count(enum sasl_counter counter) { return edge_counter_sum(auth_sasl_module.first_counter + counter); }

static void step_in_trouble(edge_credentials_result_t trouble) {
    store_one.in_trouble = true;
    store_one.trouble = trouble;
    begin("PLAIN");
    STEP("\0ann\0right");
}

static void counters(void **state) {
    const char *why = NULL;
    assert_int_equal(edge_counter_map(), APR_SUCCESS);
    assert_int_equal(edge_modules_register_counters(&why), APR_SUCCESS);
    begin("PLAIN");
    STEP("\0ann\0right");
    begin("PLAIN");
    STEP("\0ann\0wrong");
    begin("PLAIN");
    STEP("wrong");
    begin("PLAIN");
    cancel();
    step_in_trouble(EDGE_CREDENTIALS_BUSY);
    step_in_trouble(EDGE_CREDENTIALS_TROUBLE);
    assert_int_equal(count(SASL_C_MALFORMED), 1);
    assert_int_equal(count(SASL_C_CANCELED), 1);
    assert_int_equal(count(SASL_C_BUSY), 1);
    assert_int_equal(count(SASL_C_TROUBLE), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(offered_only),     EXCHANGE_TEST(unknown_names),        EXCHANGE_TEST(bad_base64),
        EXCHANGE_TEST(empty_and_absent), EXCHANGE_TEST(left_when_challenged), EXCHANGE_TEST(goes_on_when_challenged),
        EXCHANGE_TEST(counters),
    };
    return cmocka_run_group_tests_name("auth_sasl/mechanisms", tests, exchange_set_up, exchange_tear_down);
}
