/* Tests of server/core/rejections.c: the last refusals, and how often each kind came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "session_fixture.h"

#include "core/rejections.h"

static edge_rejection_t last[EDGE_REJECTIONS_KEPT + 10];
static edge_rejection_kind_t kinds[EDGE_REJECTION_KINDS];

static apr_time_t now(void) { return edge_worker_clock(bench.worker).wall; }

static void note_row(edge_reply_row_t row, const char *argument) {
    edge_reply_t reply = edge_reply_about(row, edge_span_of(argument));
    edge_rejections_note(&bench.session, "rcpt", &reply);
}

static void note_verdict(const char *validator, const char *text) {
    edge_reply_t reply = edge_reply_of(EDGE_R_OK);
    edge_reply_set(&reply, 550, edge_span_of("5.7.1"), edge_span_of(text));
    reply.source = EDGE_REPLY_FROM_VALIDATOR;
    bench.session.refused_by = validator;
    bench.session.refusals++;
    edge_rejections_note(&bench.session, "mail", &reply);
}

static void kinds_are_told_apart(void **state) {
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        note_row(EDGE_R_UNKNOWN_PARAMETER, i % 2 ? "A" : "B"); /* a client's words make no kind */
    note_verdict("spf", "no");
    note_verdict("spf", "not you either");
    note_verdict("helo", "no");
    note_row(EDGE_R_NO_ROOM, "");
    assert_int_equal(edge_rejections_kinds(kinds, EDGE_REJECTION_KINDS, now()), 4);
    assert_string_equal(kinds[0].source, "core");
    assert_string_equal(kinds[0].text, "Parameter not recognized: %s");
    assert_int_equal(kinds[0].count, 5);
    assert_string_equal(kinds[1].source, "validator:spf");
    assert_string_equal(kinds[1].text, "not you either");
    assert_int_equal(kinds[1].count, 2);
    assert_int_equal(edge_rejections_kinds(kinds, 1, now()), 1);
    assert_int_equal(edge_rejections_kinds(kinds, EDGE_REJECTION_KINDS, now() + EDGE_SECONDS(3700)), 0);
}

static void the_last_come_first(void **state) {
    (void)state;
    note_verdict("spf", "No");
    note_row(EDGE_R_TOO_MANY_RECIPIENTS, "");
    assert_int_equal(edge_rejections_last(last, 2), 2);
    assert_string_equal(last[0].reply, "452 4.5.3 Too many recipients");
    assert_string_equal(last[0].source, "limit");
    assert_string_equal(last[1].reply, "550 5.7.1 No");
    assert_string_equal(last[1].source, "validator:spf");
    assert_string_equal(last[1].command, "mail");
    assert_string_equal(last[1].listener, "mx");
    assert_string_equal(last[1].reference, "TEST-4");
    assert_string_equal(last[0].reference, "");
    for (unsigned i = 0; i < EDGE_REJECTIONS_KEPT + 5; i++)
        note_row(EDGE_R_BAD_SEQUENCE, "");
    assert_int_equal(edge_rejections_last(last, EDGE_REJECTIONS_KEPT + 10), EDGE_REJECTIONS_KEPT);
}

static void kinds_without_end_are_bounded(void **state) {
    char name[32];
    (void)state;
    for (unsigned i = 0; i < EDGE_REJECTION_KINDS * 3; i++) {
        snprintf(name, sizeof(name), "v%u", i);
        note_verdict(name, "no");
    }
    assert_int_equal(edge_rejections_kinds(kinds, EDGE_REJECTION_KINDS, now()), EDGE_REJECTION_KINDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(the_last_come_first),
        cmocka_unit_test(kinds_without_end_are_bounded),
    };
    apr_initialize();
    if (edge_rejections_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests(tests, (CMFixtureFunction)bench_setup, (CMFixtureFunction)bench_teardown);
}
