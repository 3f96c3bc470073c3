/* A name and a password without a session: each store's word, at once or later, and taken back. */
#include "exchange_fixture.h"

static struct {
    unsigned times;
    edge_auth_verdict_t verdict;
    char store[32], identity[32];
} told;

static void hear_checked(void *asker, const edge_auth_checked_t *checked) {
    assert_ptr_equal(asker, &told);
    told.times++;
    told.verdict = checked->verdict;
    fake_keep(checked->store, told.store, sizeof(told.store));
    fake_keep(checked->identity, told.identity, sizeof(told.identity));
}

static edge_auth_check_t *try(edge_span_t name, edge_span_t password) {
    memset(&told, 0, sizeof(told));
    return sasl_check(auth, name, password, hear_checked, &told);
}

static void is_told(edge_auth_verdict_t verdict, const char *store, const char *identity) {
    assert_int_equal(told.times, 1);
    assert_int_equal(told.verdict, verdict);
    assert_string_equal(told.store, store);
    assert_string_equal(told.identity, identity);
}

static void at_once(void **state) {
    (void)state;
    assert_null(try(edge_span_of("ann"), edge_span_of("right")));
    is_told(EDGE_AUTH_VERIFIED, "one", "ann@example.org");
    assert_int_equal(store_one.want, EDGE_CREDENTIALS_VERIFY);
    assert_string_equal(store_one.mechanism, "PLAIN");
    assert_null(try(edge_span_of("ann"), edge_span_of("wrong")));
    is_told(EDGE_AUTH_WRONG, "one", "");
    assert_null(try(edge_span_of("nobody"), edge_span_of("right")));
    is_told(EDGE_AUTH_UNKNOWN, "", "");
}

static void by_the_second_store(void **state) {
    (void)state;
    store_one.users = NULL;
    store_two.users = fake_users;
    store_two.compares = true;
    assert_null(try(edge_span_of("ben"), edge_span_of("pencil")));
    is_told(EDGE_AUTH_VERIFIED, "two", "ben");
    assert_null(try(edge_span_of("ben"), edge_span_of("pen")));
    is_told(EDGE_AUTH_WRONG, "two", "");
}

static void trouble(void **state) {
    (void)state;
    store_one.in_trouble = true;
    store_two.users = fake_users;
    store_one.trouble = EDGE_CREDENTIALS_BUSY;
    assert_null(try(edge_span_of("ann"), edge_span_of("right")));
    is_told(EDGE_AUTH_BUSY, "one", "");
    store_one.trouble = EDGE_CREDENTIALS_TROUBLE;
    assert_null(try(edge_span_of("ann"), edge_span_of("right")));
    is_told(EDGE_AUTH_TROUBLE, "one", "");
    assert_int_equal(store_two.asked, 0);
}

/* What no client could send is asked of nobody; a NUL does not end what is looked at. */
static void unusable(void **state) {
    (void)state;
    assert_null(try(edge_span_of("an\x07n"), edge_span_of("right")));
    is_told(EDGE_AUTH_UNUSABLE, "", "");
    assert_null(try(edge_span_of("ann"), edge_span("right\0more", 10)));
    is_told(EDGE_AUTH_UNUSABLE, "", "");
    assert_null(try(edge_span_of("ann"), edge_span_of("")));
    is_told(EDGE_AUTH_UNUSABLE, "", "");
    assert_int_equal(store_one.asked, 0);
}

static void later(void **state) {
    (void)state;
    store_one.late = store_two.late = true;
    store_two.users = fake_users;
    store_one.users = NULL;
    assert_non_null(try(edge_span_of("ann"), edge_span_of("right")));
    fake_answer(&store_one);
    assert_int_equal(told.times, 0);
    fake_answer(&store_two);
    is_told(EDGE_AUTH_VERIFIED, "two", "ann@example.org");
}

static void taken_back(void **state) {
    (void)state;
    store_one.late = true;
    edge_auth_check_t *check = try(edge_span_of("ann"), edge_span_of("right"));
    assert_non_null(check);
    sasl_check_cancel(check);
    assert_int_equal(told.times, 0);
    assert_int_equal(store_one.canceled, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(at_once), EXCHANGE_TEST(by_the_second_store), EXCHANGE_TEST(trouble), EXCHANGE_TEST(unusable),
        EXCHANGE_TEST(later),   EXCHANGE_TEST(taken_back),
    };
    return cmocka_run_group_tests_name("auth_sasl/check", tests, exchange_set_up, exchange_tear_down);
}
