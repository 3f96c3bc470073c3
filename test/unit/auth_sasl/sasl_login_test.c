/* LOGIN: a name and a password, each asked for. */
#include "exchange_fixture.h"

#define BAD "Invalid LOGIN response"

static void good(void **state) {
    begin("LOGIN");
    step_raw(NULL);
    is_challenge("Username:");
    STEP("ann");
    is_challenge("Password:");
    assert_int_equal(store_one.asked, 0);
    STEP("right");
    is_done("ann@example.org", "ann");
    assert_int_equal(store_one.want, EDGE_CREDENTIALS_VERIFY);
}

/* The prompts are known to clients by these letters. */
static void prompts(void **state) {
    char text[32];
    size_t len = edge_base64_encode(edge_span_of("Username:"), text, sizeof(text));
    assert_true(edge_span_equal(edge_span(text, len), edge_span_of("VXNlcm5hbWU6")));
    len = edge_base64_encode(edge_span_of("Password:"), text, sizeof(text));
    assert_true(edge_span_equal(edge_span(text, len), edge_span_of("UGFzc3dvcmQ6")));
}

static void name_at_once(void **state) {
    begin("login");
    STEP("ann");
    is_challenge("Password:");
    STEP("right");
    is_done("ann@example.org", "ann");
}

static void wrong(void **state) {
    begin("LOGIN");
    STEP("ann");
    STEP("left");
    is_wrong("ann");
    begin("LOGIN");
    STEP("nobody");
    is_challenge("Password:");
    STEP("right");
    is_wrong("nobody");
}

static void malformed(void **state) {
    begin("LOGIN");
    step_raw("=");
    is_refused(BAD);
    begin("LOGIN");
    step_raw(NULL);
    step_raw("");
    is_refused(BAD);
    begin("LOGIN");
    STEP("a\0n");
    is_refused(BAD);
    begin("LOGIN");
    STEP("\xff");
    is_refused(BAD);
    begin("LOGIN");
    STEP("ann");
    step_raw("");
    is_refused(BAD);
    assert_string_equal(said.tried, "ann");
    begin("LOGIN");
    STEP("ann");
    STEP("ri\0ght");
    is_refused(BAD);
    assert_int_equal(store_one.asked, 0);
}

static void unprepared(void **state) {
    begin("LOGIN");
    STEP("\xc2\xad");
    is_wrong("");
    begin("LOGIN");
    STEP("ann");
    STEP("\x01");
    is_wrong("ann");
    assert_int_equal(store_one.asked, 0);
}

static void canceled(void **state) {
    begin("LOGIN");
    cancel();
    begin("LOGIN");
    step_raw(NULL);
    cancel();
    begin("LOGIN");
    STEP("ann");
    cancel();
    store_one.late = true;
    begin("LOGIN");
    STEP("ann");
    STEP("right");
    is_waiting(&store_one);
    cancel();
    assert_int_equal(store_one.canceled, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(good),      EXCHANGE_TEST(prompts),    EXCHANGE_TEST(name_at_once), EXCHANGE_TEST(wrong),
        EXCHANGE_TEST(malformed), EXCHANGE_TEST(unprepared), EXCHANGE_TEST(canceled),
    };
    return cmocka_run_group_tests_name("auth_sasl/login", tests, exchange_set_up, exchange_tear_down);
}
