/* Stores: asked in order, answering at once or later, in trouble. */
#include "exchange_fixture.h"

static const fake_user_t other_users[] = {
    {"ann", "other", "the other ann", true, true},
    {"zoe", "zebra", "zoe", true, true},
    {NULL, NULL, NULL, false, false},
};

static void in_order(void **state) {
    store_two.users = other_users;
    begin("PLAIN");
    STEP("\0zoe\0zebra");
    is_done("zoe", "zoe");
    assert_int_equal(store_one.asked, 1);
    begin("PLAIN");
    STEP("\0ann\0other"); /* the first store knows her: the second is not asked */
    is_wrong("ann");
    assert_int_equal(store_two.asked, 1);
}

/* Nobody sees by the clock that no store knows the user: the first one is asked to pretend. */
static void unknown(void **state) {
    store_one.late = store_two.late = true;
    store_two.users = other_users;
    begin("PLAIN");
    STEP("\0nobody\0other");
    is_waiting(&store_one);
    assert_false(store_one.pretend);
    fake_answer(&store_one);
    is_waiting(&store_two);
    assert_false(store_two.pretend);
    fake_answer(&store_two);
    is_waiting(&store_one);
    assert_true(store_one.pretend);
    assert_string_equal(store_one.user, "nobody");
    assert_string_equal(store_one.password, "other");
    fake_answer(&store_one);
    is_wrong("nobody");
    assert_int_equal(store_one.asked, 2);
    assert_int_equal(store_two.asked, 1);
    begin("PLAIN");
    STEP("\0nobody\0other");
    fake_answer(&store_one);
    fake_answer(&store_two);
    cancel(); /* while it pretends */
    assert_int_equal(store_one.canceled, 1);
    store_one.in_trouble = true;
    store_one.trouble = EDGE_CREDENTIALS_BUSY;
    store_one.late = false;
    begin("PLAIN");
    STEP("\0nobody\0other");
    is_trouble();
}

static void later(void **state) {
    store_one.late = store_two.late = true;
    store_two.users = other_users;
    begin("PLAIN");
    STEP("\0zoe\0zebra");
    is_waiting(&store_one);
    fake_answer(&store_one);
    is_waiting(&store_two);
    fake_answer(&store_two);
    is_done("zoe", "zoe");
}

/* Who is asked is told that nobody wants to know any more, and nobody else is. */
static void canceled(void **state) {
    store_one.late = store_two.late = true;
    store_two.users = other_users;
    begin("PLAIN");
    STEP("\0zoe\0zebra");
    fake_answer(&store_one);
    is_waiting(&store_two);
    cancel();
    assert_int_equal(store_one.canceled, 0);
    assert_int_equal(store_two.canceled, 1);
    begin("PLAIN");
    STEP("\0zoe\0zebra");
    cancel();
    assert_int_equal(store_one.canceled, 1);
    assert_int_equal(store_two.canceled, 1);
    assert_int_equal(store_two.asked, 1);
}

static void trouble_is(edge_credentials_result_t trouble) {
    store_one.in_trouble = true;
    store_one.trouble = trouble;
    begin("PLAIN");
    STEP("\0ann\0right");
    is_trouble();
    begin("SCRAM-SHA-256");
    STEP("n,,n=ann,r=nonce");
    is_trouble();
    begin("LOGIN");
    STEP("ann");
    store_one.late = true;
    STEP("right");
    fake_answer(&store_one);
    is_trouble();
    store_one.late = false;
}

/* A store that is down lets no other one speak for its users. */
static void trouble(void **state) {
    store_two.users = fake_users;
    trouble_is(EDGE_CREDENTIALS_BUSY);
    trouble_is(EDGE_CREDENTIALS_TROUBLE);
    assert_int_equal(store_two.asked, 0);
}

/* The secret is prepared as the password is, then compared. */
static void secrets_that_are_given_away(void **state) {
    store_one.compares = true;
    begin("PLAIN");
    STEP("\0ann\0right");
    is_done("ann@example.org", "ann");
    begin("PLAIN");
    STEP("\0ann\0wrong");
    is_wrong("ann");
    begin("PLAIN");
    STEP("\0jo\xcc\x88rg\0stra\xc3\x9f"
         "e");
    is_done("j\xc3\xb6rg", "j\xc3\xb6rg");
}

static void what_the_store_is_told(void **state) {
    begin("PLAIN");
    STEP("ben\0ann\0right");
    assert_string_equal(store_one.mechanism, "PLAIN");
    assert_string_equal(store_one.authzid, "ben");
    is_wrong("ann");
    begin("PLAIN");
    STEP("\0ann\0right");
    assert_string_equal(store_one.authzid, "");
    is_done("ann@example.org", "ann");
}

/* In place of the usual text; an enhanced code in it is not the store's to say. */
static void texts_of_the_store(void **state) {
    store_one.message = "Welcome";
    begin("PLAIN");
    STEP("\0ann\0right");
    is_done("ann@example.org", "ann");
    assert_string_equal(said.text, "Welcome");
    assert_int_equal(said.answer.reply.subject, 7);
    begin("PLAIN");
    STEP("\0ann\0wrong");
    is_failed(535, "Welcome");
    assert_true(said.answer.wrong);
    assert_int_equal(said.answer.reply.detail, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(in_order),
        EXCHANGE_TEST(unknown),
        EXCHANGE_TEST(later),
        EXCHANGE_TEST(canceled),
        EXCHANGE_TEST(trouble),
        EXCHANGE_TEST(secrets_that_are_given_away),
        EXCHANGE_TEST(what_the_store_is_told),
        EXCHANGE_TEST(texts_of_the_store),
    };
    return cmocka_run_group_tests_name("auth_sasl/lookup", tests, exchange_set_up, exchange_tear_down);
}
