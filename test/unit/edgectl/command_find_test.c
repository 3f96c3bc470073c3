/* Commands are found by one or two words, and what is none is answered by the nearest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "command_find.h"
#include "said.h"

static const ctl_command_t rows[] = {
    {.name = "start"},     {.group = "queue", .name = "list"},       {.group = "queue", .name = "show"},
    {.name = "overrides"}, {.group = "overrides", .name = "export"}, {.name = NULL},
};
static const ctl_t ctl = {.rows = rows};

static void finds(const char *first, const char *second, unsigned row, unsigned words) {
    unsigned eaten = 0;
    assert_ptr_equal(ctl_command_find(&ctl, first, second, &eaten), &rows[row]);
    assert_int_equal(eaten, words);
}

static void one_word_or_two(void **state) {
    (void)state;
    finds("start", NULL, 0, 1);
    finds("start", "list", 0, 1); /* an argument, which the row will refuse */
    finds("queue", "show", 2, 2);
}

static void a_group_that_is_a_command_stands_alone(void **state) {
    unsigned eaten;
    (void)state;
    finds("overrides", NULL, 3, 1);
    finds("overrides", "--reason", 3, 1);
    finds("overrides", "export", 4, 2);
    assert_null(ctl_command_find(&ctl, "overrides", "xport", &eaten));
}

static void what_is_none(void **state) {
    unsigned eaten;
    (void)state;
    assert_null(ctl_command_find(&ctl, "list", NULL, &eaten));
    assert_null(ctl_command_find(&ctl, "queue", NULL, &eaten));
    assert_null(ctl_command_find(&ctl, "", "", &eaten));
}

static void says(const char *first, const char *second, const char *text) {
    ctl_command_say_unknown(&ctl, first, second);
    assert_string_equal(said(), text);
}

static void the_nearest_is_suggested(void **state) {
    (void)state;
    says("strat", NULL, "there is no command \"strat\"; did you mean \"start\"?");
    says("queue", "lst", "there is no command \"queue lst\"; did you mean \"list\"?");
    says("queue", NULL, "\"queue\" needs a second word; see edgectl help queue");
    says("frobnicate", NULL, "there is no command \"frobnicate\"; see edgectl help");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_word_or_two),
        cmocka_unit_test(a_group_that_is_a_command_stands_alone),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(the_nearest_is_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
