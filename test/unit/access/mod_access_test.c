/* Tests of modules/access/mod_access.c: what counts as a guard against relaying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/access/access.h"

static access_conf_t conf;

static bool guards(void) {
    bool guarded = access_module.checks[0].guards(&conf);
    for (const edge_check_row_t *row = access_module.checks; row->name; row++)
        assert_int_equal(row->guards(&conf), guarded);
    return guarded;
}

/* Anybody can write any sender, greeting and, with the hosts behind this one in mind, recipient. */
static void who_may_relay(void **state) {
    (void)state;
    conf = (access_conf_t){.otherwise = ACCESS_DEFAULT_PERMIT, .count = 1};
    assert_false(guards());
    conf.otherwise = ACCESS_DEFAULT_REFUSE;
    conf.count = 0;
    assert_true(guards());
    conf.count = 1;
    for (unsigned what = 0; what < ACCESS_WHATS; what++) {
        conf.rules[0] = (access_rule_t){.what = (access_what_t)what, .permits = true};
        assert_int_equal(guards(), what == ACCESS_CLIENT || what == ACCESS_CLIENT_NAME);
        conf.rules[0].permits = false;
        assert_true(guards());
    }
}

static void every_phase_is_about_something(void **state) {
    (void)state;
    unsigned known = 0;
    for (unsigned i = 0; i < ACCESS_WHATS; i++)
        known |= access_things[i].phases;
    for (const edge_check_row_t *row = access_module.checks; row->name; row++)
        known &= ~(1u << row->phase);
    assert_int_equal(known, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_may_relay),
                                       cmocka_unit_test(every_phase_is_about_something)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
