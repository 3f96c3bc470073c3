/* Tests of edgectl/completion.c: what may stand at the end of a command line, as the rows have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>
#include <string.h>

#include "completion.h"

static const ctl_flag_t flags[] = {
    {"--state", "live|closed", "which"}, {"--limit", "N", "how many"}, {"--now", NULL, "at once"}, {.name = NULL}};
static const ctl_command_t rows[] = {
    {.name = "start", .prose = "Starts."},
    {.group = "queue", .name = "list", .flags = flags, .prose = "Lists."},
    {.group = "queue", .name = "show", .arguments = "ID", .least = 1, .most = 1, .prose = "Shows."},
    {.group = "bans", .name = "lift", .arguments = "ADDRESS...|all", .least = 1, .most = 9, .prose = "Lifts."},
    {.name = "bans", .flags = flags, .prose = "Bans."},
    {.name = "script", .arguments = "bash|zsh [ON|off]", .least = 1, .most = 2, .prose = "Prints."},
    {.name = NULL},
};
static const ctl_t ctl = {.rows = rows};
static apr_pool_t *pool;
static ctl_completion_place_t place;

/* `line` is words and the unfinished one; returns whether a value is wanted there. */
static bool found(const char *line, const char *wanted) {
    apr_array_header_t *words = apr_array_make(pool, 4, sizeof(const char *));
    apr_array_header_t *candidates = apr_array_make(pool, 4, sizeof(ctl_candidate_t));
    char *rest = apr_pstrdup(pool, line), *space;
    while ((space = strchr(rest, ' ')) != NULL) {
        *space = '\0';
        APR_ARRAY_PUSH(words, const char *) = rest;
        rest = space + 1;
    }
    bool wants_value = ctl_completion_find(&ctl, words, rest, candidates, &place);
    const char *got = "";
    for (int i = 0; i < candidates->nelts; i++)
        got = apr_pstrcat(pool, got, i > 0 ? " " : "", APR_ARRAY_IDX(candidates, i, ctl_candidate_t).word, NULL);
    assert_string_equal(got, wanted);
    return wants_value;
}

static void commands_and_groups_once(void **state) {
    (void)state;
    assert_false(found("", "start bans script queue"));
    assert_false(found("s", "start script"));
    assert_false(found("queue ", "list show"));
    assert_false(found("queue s", "show"));
    assert_false(found("nobody ", ""));
    assert_false(found("queue nothing ", ""));
}

static void a_group_that_is_a_command(void **state) {
    (void)state;
    found("bans ", "lift");
    found("bans --", "--state --limit --now");
    found("bans --now --state ", "live closed");
}

static void flags_and_their_values(void **state) {
    (void)state;
    assert_false(found("queue list ", ""));
    assert_false(found("queue list --l", "--limit"));
    assert_true(found("queue list --state ", "live closed"));
    assert_string_equal(place.flag, "--state");
    assert_true(found("queue list --state c", "closed"));
    assert_true(found("queue list --limit ", ""));
    assert_string_equal(place.flag, "--limit");
    assert_false(found("queue list --state live --n", "--now"));
    assert_false(found("queue list --now ", ""));
}

static void arguments_by_their_index(void **state) {
    (void)state;
    assert_true(found("queue show ", ""));
    assert_ptr_equal(place.command, &rows[2]);
    assert_null(place.flag);
    assert_int_equal(place.argument, 0);
    assert_false(found("queue show x ", ""));
    assert_true(found("bans lift ", "all"));
    assert_true(found("bans lift 192.0.2.1 a", "all"));
    assert_int_equal(place.argument, 1);
    assert_true(found("script ", "bash zsh"));
    assert_true(found("script bash ", "off"));
    assert_false(found("script bash off ", ""));
    assert_false(found("start ", ""));
}

static void what_means_something_to_a_shell_is_not_offered(void **state) {
    static const char *const bad[] = {"",         "a b",  "$(reboot)", "`x`",  "a;b", "a|b", "a\"b",
                                      "a'b",      "a\\b", "a\nb",      "a\tb", "*",   "~",   "a>b",
                                      "\xc3\xa4", "a&b",  "\x1b[2J",   "!x",   "#x",  "{a}"};
    apr_array_header_t *candidates = apr_array_make(pool, 4, sizeof(ctl_candidate_t));
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(bad); i++)
        ctl_completion_offer(candidates, "", bad[i], "");
    assert_int_equal(candidates->nelts, 0);
    ctl_completion_offer(candidates, "2001:", "2001:db8::1/64", "");
    ctl_completion_offer(candidates, "2001:", "2001:db8::1/64", "");
    ctl_completion_offer(candidates, "2001:", "192.0.2.1", "");
    assert_int_equal(candidates->nelts, 1);
}

static int setup(void **state) {
    (void)state;
    return apr_initialize() == APR_SUCCESS && apr_pool_create(&pool, NULL) == APR_SUCCESS ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    apr_terminate();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_and_groups_once),
        cmocka_unit_test(a_group_that_is_a_command),
        cmocka_unit_test(flags_and_their_values),
        cmocka_unit_test(arguments_by_their_index),
        cmocka_unit_test(what_means_something_to_a_shell_is_not_offered),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
