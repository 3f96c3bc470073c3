/* Names and passwords as they are compared (RFC 4013), and salts of nobody. */
#include "exchange_fixture.h"

static void becomes(const char *text, const char *wanted) {
    char *made = sasl_prepare(edge_span_of(text));
    assert_non_null(made);
    assert_string_equal(made, wanted);
    edge_password_forget(made);
}

/* RFC 4013 3, and ASCII as it is. */
static void examples(void **state) {
    becomes("I\xc2\xadX", "IX");
    becomes("user", "user");
    becomes("USER", "USER");
    becomes("\xc2\xaa", "a");
    becomes("\xe2\x85\xa8", "IX");
    becomes(" two  blanks ~", " two  blanks ~");
    becomes("no\xc2\xa0"
            "break",
            "no break");
}

static void forbidden(void **state) {
    static const char *const texts[] = {
        "",         "\x07",     "a\x7f",        "\xd8\xa7\x31", /* right to left, and does not end so */
        "\xc2\xad", "\xc2\x85", "\xee\x80\x80", "\xff",         "\xc3",
    };
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++)
        assert_null(sasl_prepare(edge_span_of(texts[i])));
    assert_null(sasl_prepare(edge_span("a\0b", 3)));
    edge_password_forget(NULL);
}

static void invented(void **state) {
    edge_scram_t one = {0}, again = {0}, other = {0};
    sasl_invent(edge_span_of("nobody"), &one);
    sasl_invent(edge_span_of("nobody"), &again);
    sasl_invent(edge_span_of("nobodi"), &other);
    assert_int_equal(one.salt_len, EDGE_SCRAM_SALT_SIZE);
    assert_memory_equal(one.salt, again.salt, EDGE_SCRAM_SALT_SIZE);
    assert_memory_not_equal(one.salt, other.salt, EDGE_SCRAM_SALT_SIZE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(examples),
        EXCHANGE_TEST(forbidden),
        EXCHANGE_TEST(invented),
    };
    return cmocka_run_group_tests_name("auth_sasl/prepare", tests, exchange_set_up, exchange_tear_down);
}
