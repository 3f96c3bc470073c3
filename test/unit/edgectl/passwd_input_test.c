/* Passwords from standard input, and names and passwords prepared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "passwd_input.h"
#include "said.h"

static void prepared_is(edge_span_t text, const char *wanted) {
    char *prepared = ctl_passwd_prepare(text);
    if (wanted == NULL) {
        assert_null(prepared);
        return;
    }
    assert_non_null(prepared);
    assert_string_equal(prepared, wanted);
    edge_password_forget(prepared);
}

/* RFC 4013 3, and what is no text. */
static void prepares(void **state) {
    (void)state;
    prepared_is(edge_span_of("a B~ "), "a B~ ");
    prepared_is(edge_span_of("I\xc2\xadX"), "IX");
    prepared_is(edge_span_of("\xc2\xaa"), "a");
    prepared_is(edge_span_of("\xe2\x85\xa8"), "IX");
    prepared_is(edge_span_of("a\xc2\xa0"
                             "b"),
                "a b");
    prepared_is(edge_span_of("\x07"), NULL);
    prepared_is(edge_span_of("\xd8\xa7"
                             "1"),
                NULL);
    prepared_is(edge_span_of("\xff"), NULL);
    prepared_is(edge_span_of("\xc2\xad"), NULL); /* nothing is left */
    prepared_is(edge_span("a\0b", 3), NULL);
    prepared_is(edge_span_of(""), NULL);
    edge_password_forget(NULL);
}

/* `text` as standard input; NULL: nothing may be taken. */
static void asked(const char *text, const char *wanted) {
    int ends[2], before = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    char *password = ctl_passwd_ask("ann", true, true);
    dup2(before, STDIN_FILENO);
    close(before);
    if (wanted == NULL) {
        assert_null(password);
        assert_string_not_equal(said(), "");
        return;
    }
    assert_non_null(password);
    assert_string_equal(password, wanted);
    edge_password_forget(password);
}

static void asks(void **state) {
    char text[516], longest[512];
    (void)state;
    asked("secret\n", "secret");
    asked("secret\r\n", "secret");
    asked("secret", "secret");
    asked(" two words \nsecond line\n", " two words ");
    asked("I\xc2\xadX\n", "IX");
    asked("", NULL);
    asked("\n", NULL);
    asked("\xff\n", NULL);
    memset(text, 'x', sizeof(text));
    memcpy(text + 511, "\n", 2);
    memset(longest, 'x', 511);
    longest[511] = '\0';
    asked(text, longest);
    memcpy(text + 511, "x\n", 3);
    asked(text, NULL);
    memcpy(text + 511, "xxx\n", 5);
    asked(text, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(prepares), cmocka_unit_test(asks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
