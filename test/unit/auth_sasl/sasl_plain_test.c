/* PLAIN: one message, and what may be wrong with it. */
#include "exchange_fixture.h"

#define BAD "Invalid PLAIN authentication string"

static void good(void **state) {
    begin("PLAIN");
    STEP("\0ann\0right");
    is_done("ann@example.org", "ann");
    assert_int_equal(store_one.want, EDGE_CREDENTIALS_VERIFY);
}

/* RFC 4954 4: without an initial response an empty challenge asks for it. */
static void asked_for(void **state) {
    begin("plain");
    step_raw(NULL);
    is_challenge("");
    STEP("\0ann\0right");
    is_done("ann@example.org", "ann");
}

static void wrong(void **state) {
    begin("PLAIN");
    STEP("\0ann\0Right");
    is_wrong("ann");
    begin("PLAIN");
    STEP("\0nobody\0right");
    is_wrong("nobody");
}

/* Somebody else's mailbox is answered like a wrong password. */
static void acting_as(void **state) {
    begin("PLAIN");
    STEP("ann\0ann\0right");
    is_done("ann@example.org", "ann");
    begin("PLAIN");
    STEP("ann@example.org\0ann\0right");
    is_done("ann@example.org", "ann");
    begin("PLAIN");
    STEP("ben\0ann\0right");
    is_wrong("ann");
    begin("PLAIN");
    STEP("ann\0ann\0wrong");
    is_wrong("ann");
}

static void malformed(void **state) {
    begin("PLAIN");
    step_raw("=");
    is_refused(BAD);
    begin("PLAIN");
    STEP("ann");
    is_refused(BAD);
    begin("PLAIN");
    STEP("\0ann\0");
    is_refused(BAD);
    begin("PLAIN");
    STEP("\0ann\0right\0");
    is_refused(BAD);
    begin("PLAIN");
    step_raw(NULL);
    is_challenge("");
    step_raw("");
    is_refused(BAD);
    assert_int_equal(store_one.asked, 0);
}

/* RFC 4013: a soft hyphen is nothing, a combined letter is its composed one, a control character is forbidden. */
static void prepared(void **state) {
    begin("PLAIN");
    STEP("\0jo\xcc\x88rg\0st\xc2\xadra\xc3\x9f"
         "e");
    is_done("j\xc3\xb6rg", "j\xc3\xb6rg");
    assert_string_equal(store_one.password, "stra\xc3\x9f"
                                            "e");
    begin("PLAIN");
    STEP("\0j\xc3\xb6rg\0\xc2\x85");
    is_wrong("j\xc3\xb6rg");
    begin("PLAIN");
    STEP("\0\xc2\xad\0right");
    is_wrong("");
    begin("PLAIN");
    STEP("\x7f\0ann\0right");
    is_wrong("ann");
    assert_int_equal(store_one.asked, 1);
}

static void later(void **state) {
    store_one.late = true;
    begin("PLAIN");
    STEP("\0ann\0right");
    is_waiting(&store_one);
    fake_answer(&store_one);
    is_done("ann@example.org", "ann");
    begin("PLAIN");
    STEP("\0ann\0right");
    cancel();
    assert_int_equal(store_one.canceled, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(good),      EXCHANGE_TEST(asked_for), EXCHANGE_TEST(wrong), EXCHANGE_TEST(acting_as),
        EXCHANGE_TEST(malformed), EXCHANGE_TEST(prepared),  EXCHANGE_TEST(later),
    };
    return cmocka_run_group_tests_name("auth_sasl/plain", tests, exchange_set_up, exchange_tear_down);
}
