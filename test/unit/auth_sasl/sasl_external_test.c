/* EXTERNAL: a client certificate has said who it is. */
#include "exchange_fixture.h"

static void good(void **state) {
    session.secured.client_name = "ann";
    begin("EXTERNAL");
    step_raw("=");
    is_done("ann@example.org", "ann");
    assert_int_equal(store_one.want, EDGE_CREDENTIALS_NAME);
    begin("EXTERNAL");
    STEP("ann");
    is_done("ann@example.org", "ann");
    begin("EXTERNAL");
    STEP("ann@example.org");
    is_done("ann@example.org", "ann");
}

static void asked_for(void **state) {
    session.secured.client_name = "ann";
    begin("EXTERNAL");
    step_raw(NULL);
    is_challenge("");
    step_raw("");
    is_done("ann@example.org", "ann");
}

/* A certificate of somebody who may not log in here, or who wants to be somebody else. */
static void wrong(void **state) {
    session.secured.client_name = "stranger";
    begin("EXTERNAL");
    step_raw("=");
    is_wrong("stranger");
    session.secured.client_name = "ben";
    begin("EXTERNAL");
    STEP("ann");
    is_wrong("ben");
    session.secured.client_name = "\xff";
    begin("EXTERNAL");
    step_raw("=");
    is_wrong("");
}

static void malformed(void **state) {
    session.secured.client_name = "ann";
    begin("EXTERNAL");
    STEP("an\0n");
    is_refused("Invalid authentication response");
    begin("EXTERNAL");
    STEP("\xff");
    is_refused("Invalid authentication response");
    assert_int_equal(store_one.asked, 0);
}

static void without_certificate(void **state) {
    assert_null(sasl_begin(auth, &session, edge_span_of("EXTERNAL"), hear));
    session.secured.client_name = "ann";
    session.tls = false;
    assert_null(sasl_begin(auth, &session, edge_span_of("EXTERNAL"), hear));
}

static void canceled(void **state) {
    session.secured.client_name = "ann";
    begin("EXTERNAL");
    step_raw(NULL);
    cancel();
    store_one.late = true;
    begin("EXTERNAL");
    step_raw("=");
    is_waiting(&store_one);
    cancel();
    assert_int_equal(store_one.canceled, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(good),      EXCHANGE_TEST(asked_for),           EXCHANGE_TEST(wrong),
        EXCHANGE_TEST(malformed), EXCHANGE_TEST(without_certificate), EXCHANGE_TEST(canceled),
    };
    return cmocka_run_group_tests_name("auth_sasl/external", tests, exchange_set_up, exchange_tear_down);
}
