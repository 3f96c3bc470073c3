/* Statuses as words: by what follows the class, and what is said of one without a row. */
#include "dsn_fixture.h"
#include "proto/dsn_priv.h"

#include <apr_strings.h>

static void known(void **state) {
    (void)state;
    assert_non_null(strstr(edge_dsn_words_for("5.1.1"), "no such mailbox"));
    assert_non_null(strstr(edge_dsn_words_for("4.2.2"), "full"));
    assert_string_equal(edge_dsn_words_for("4.2.2"), edge_dsn_words_for("5.2.2"));
    assert_string_not_equal(edge_dsn_words_for("5.7.1"), edge_dsn_words_for("5.7.10"));
}

static void unknown(void **state) {
    (void)state;
    assert_string_equal(edge_dsn_words_for("5.99.99"), "The server there did not accept the message.");
    assert_string_equal(edge_dsn_words_for("5.1.100"), edge_dsn_words_for("5.0.0"));
    assert_non_null(strstr(edge_dsn_words_for("4.0.0"), "at present"));
}

/* Whole sentences of plain ASCII, since they stand in a report as they are. */
static void sentences(void **state) {
    (void)state;
    char status[EDGE_DSN_STATUS_MOST] = "5.";
    for (unsigned subject = 0; subject <= 7; subject++) {
        for (unsigned detail = 0; detail <= 35; detail++) {
            apr_snprintf(status, sizeof status, "5.%u.%u", subject, detail);
            const char *words = edge_dsn_words_for(status);
            size_t len = strlen(words);
            assert_true(len > 0 && len < 200 && edge_dsn_is_ascii(edge_span_of(words)));
            assert_null(strpbrk(words, "\r\n\t"));
            assert_non_null(strchr(".", words[len - 1] == ')' ? words[len - 2] : words[len - 1]));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(unknown), cmocka_unit_test(sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
