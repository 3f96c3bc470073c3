/* Tests of server/core/policy.c: lists with a cursor, waiting, modes, failures, and sessions that go meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <apr_general.h>
#include <cmocka.h>

#include "session_fixture.h"

static unsigned called, cleaned;
static edge_ticket_t waiting;
static edge_check_answer_t then; /* what `resumed` answers */
static char seen[256];

static edge_check_answer_t pass(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)call;
    (void)reply;
    called++;
    return EDGE_CHECK_PASS;
}

static edge_check_answer_t refuse(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)call;
    called++;
    edge_reply_set(reply, 550, edge_span_of("5.7.1"), edge_span_of("No"));
    return EDGE_CHECK_REPLY;
}

static edge_check_answer_t change(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)call;
    called++;
    edge_reply_set(reply, 251, EDGE_NO_SPAN, edge_span_of("Will forward"));
    return EDGE_CHECK_REPLY;
}

static edge_check_answer_t trouble(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)call;
    edge_reply_set(reply, 599, EDGE_NO_SPAN, edge_span_of("Nobody reads this"));
    return EDGE_CHECK_ERROR;
}

static apr_status_t clean(void *data) {
    (void)data;
    cleaned++;
    return APR_SUCCESS;
}

static edge_check_answer_t hold(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)reply;
    called++;
    assert_null(*call->kept);
    *call->kept = &called;
    apr_pool_cleanup_register(call->pool, NULL, clean, apr_pool_cleanup_null);
    waiting = edge_check_wait(call);
    return EDGE_CHECK_WAIT;
}

static edge_check_answer_t waited(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply) {
    assert_ptr_equal(*call->kept, &called);
    if (then == EDGE_CHECK_WAIT)
        waiting = edge_check_wait(call);
    if (then == EDGE_CHECK_REPLY)
        edge_reply_set(reply, result.code, EDGE_NO_SPAN, edge_span_of("Later"));
    return then;
}

static edge_check_answer_t look(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)reply;
    snprintf(seen, sizeof(seen), "%.*s|%.*s|%.*s|%u|%d|%llu", (int)call->argument.len, call->argument.at,
             (int)call->sender.len, call->sender.len ? call->sender.at : "", (int)call->headers.len,
             call->headers.len ? call->headers.at : "", call->recipients, call->headers_cut,
             (unsigned long long)call->size);
    return EDGE_CHECK_PASS;
}

static const edge_check_row_t passing = {.name = "pass", .function = pass},
                              refusing = {.name = "no", .function = refuse},
                              changing = {.name = "change", .function = change},
                              failing = {.name = "fail", .function = trouble},
                              looking = {.name = "look", .function = look},
                              patient = {.name = "wait", .function = hold, .resumed = waited};
static const edge_refusal_t no_words;

static edge_binding_t binding(const edge_check_row_t *row, unsigned mode) {
    return (edge_binding_t){
        .validator = "v", .module = "m", .row = row, .mode = mode, .refusal = &no_words, .file = "f"};
}

static int setup(void **state) {
    called = cleaned = 0;
    waiting = EDGE_NO_TICKET;
    then = EDGE_CHECK_PASS;
    seen[0] = '\0';
    return bench_setup(state);
}

static bool ask(edge_phase_t phase, const char *argument) {
    return edge_session_ask(&bench.session, phase, edge_span_of(argument), NULL, edge_reply_of(EDGE_R_OK));
}

static void nobody_to_ask(void **state) {
    (void)state;
    assert_true(ask(EDGE_PHASE_NOOP, "x"));
    assert_int_equal(bench.verdicts, 1);
    assert_int_equal(bench.reply.code, 250);
}

static void the_first_refusal_ends_the_list(void **state) {
    edge_binding_t list[] = {binding(&passing, 0), binding(&refusing, 0), binding(&passing, 0)};
    (void)state;
    bench_bind(EDGE_PHASE_NOOP, list, 3);
    assert_true(ask(EDGE_PHASE_NOOP, "x"));
    assert_int_equal(called, 2);
    assert_int_equal(bench.reply.code, 550);
    assert_true(bench_says("No"));
}

static void a_changed_success_goes_on(void **state) {
    edge_binding_t list[] = {binding(&changing, 0), binding(&passing, 0)};
    (void)state;
    bench_bind(EDGE_PHASE_RCPT, list, 2);
    assert_true(ask(EDGE_PHASE_RCPT, "x"));
    assert_int_equal(called, 2);
    assert_int_equal(bench.reply.code, 251);
}

static void shadow_only_looks_and_off_does_not(void **state) {
    edge_binding_t list[] = {binding(&refusing, EDGE_MODE_SHADOW), binding(&refusing, EDGE_MODE_OFF),
                             binding(&changing, EDGE_MODE_SHADOW)};
    (void)state;
    bench_bind(EDGE_PHASE_NOOP, list, 3);
    assert_true(ask(EDGE_PHASE_NOOP, "x"));
    assert_int_equal(called, 2);
    assert_int_equal(bench.reply.code, 250);
    edge_session_replied(&bench.session);
    edge_binding_set_mode(&list[1], EDGE_MODE_ENFORCE);
    assert_true(ask(EDGE_PHASE_NOOP, "x"));
    assert_int_equal(bench.reply.code, 550);
}

/* The mode that holds is that of the moment of the call, even when it is switched while the check waits. */
static void the_mode_of_the_call_holds(void **state) {
    edge_binding_t list[] = {binding(&patient, EDGE_MODE_SHADOW)};
    (void)state;
    then = EDGE_CHECK_REPLY;
    bench_bind(EDGE_PHASE_NOOP, list, 1);
    assert_false(ask(EDGE_PHASE_NOOP, "x"));
    edge_binding_set_mode(&list[0], EDGE_MODE_ENFORCE);
    assert_true(edge_ticket_resume(waiting, (edge_result_t){.code = 550}));
    edge_loop_turn(bench.worker, 0);
    assert_int_equal(bench.verdicts, 1);
    assert_int_equal(bench.reply.code, 250);
}

static void a_failure_takes_on_error(void **state) {
    edge_binding_t list[] = {binding(&failing, 0), binding(&passing, 0)};
    (void)state;
    bench_bind(EDGE_PHASE_NOOP, list, 2);
    assert_true(ask(EDGE_PHASE_NOOP, "x"));
    assert_int_equal(called, 0);
    assert_int_equal(bench.reply.code, 451);
    edge_session_replied(&bench.session);
    list[0].error_passes = true;
    assert_true(ask(EDGE_PHASE_NOOP, "x"));
    assert_int_equal(called, 1);
    assert_int_equal(bench.reply.code, 250);
}

static void waiting_goes_on_behind_the_check(void **state) {
    edge_binding_t list[] = {binding(&patient, 0), binding(&passing, 0)};
    (void)state;
    bench_bind(EDGE_PHASE_NOOP, list, 2);
    assert_false(ask(EDGE_PHASE_NOOP, "x"));
    assert_int_equal(bench.verdicts, 0);
    then = EDGE_CHECK_WAIT;
    edge_ticket_resume(waiting, (edge_result_t){0});
    edge_loop_turn(bench.worker, 0);
    assert_int_equal(bench.verdicts, 0);
    then = EDGE_CHECK_PASS;
    edge_ticket_resume(waiting, (edge_result_t){0});
    edge_loop_turn(bench.worker, 0);
    assert_int_equal(bench.verdicts, 1);
    assert_int_equal(called, 2);
    assert_int_equal(bench.reply.code, 250);
}

static void a_deadline_is_a_failure(void **state) {
    edge_binding_t list[] = {binding(&patient, 0)};
    (void)state;
    list[0].timeout = 1;
    bench_bind(EDGE_PHASE_NOOP, list, 1);
    assert_false(ask(EDGE_PHASE_NOOP, "x"));
    while (bench.verdicts == 0)
        edge_loop_turn(bench.worker, 1);
    assert_int_equal(bench.reply.code, 451);
    assert_false(edge_ticket_resume(waiting, (edge_result_t){0}));
}

/* What is under way for a session that goes is ended by its cleanup, once, and its answer finds nobody. */
static void a_session_that_goes_is_not_answered(void **state) {
    edge_binding_t list[] = {binding(&patient, 0)};
    (void)state;
    bench_bind(EDGE_PHASE_NOOP, list, 1);
    assert_false(ask(EDGE_PHASE_NOOP, "x"));
    assert_int_equal(cleaned, 0);
    edge_policy_abandon(&bench.session);
    assert_int_equal(cleaned, 1);
    assert_false(edge_ticket_resume(waiting, (edge_result_t){0}));
    edge_loop_turn(bench.worker, 0);
    assert_int_equal(bench.verdicts, 0);
}

static void the_operators_words_and_the_reference(void **state) {
    edge_binding_t list[] = {binding(&refusing, 0)};
    edge_refusal_t words = {554, edge_span_of("5.7.9"), edge_span_of("%{text} for %{address}")};
    (void)state;
    list[0].refusal = &words;
    list[0].refers = true;
    bench_bind(EDGE_PHASE_NOOP, list, 1);
    assert_true(ask(EDGE_PHASE_NOOP, "you"));
    assert_int_equal(bench.reply.code, 554);
    assert_int_equal(bench.reply.detail, 9);
    assert_true(bench_says("No for you [TEST-1]"));
}

static void a_check_sees_the_transaction(void **state) {
    edge_binding_t list[] = {binding(&looking, 0)};
    (void)state;
    bench_bind(EDGE_PHASE_RCPT, list, 1);
    edge_transaction_t *transaction = edge_transaction_begin(&bench.session);
    transaction->envelope->sender = edge_span_of("a@client.example");
    edge_transaction_accept(&bench.session, &(edge_recipient_t){.address = edge_span_of("b@server.example")});
    assert_true(ask(EDGE_PHASE_RCPT, "c@server.example"));
    assert_string_equal(seen, "c@server.example|a@client.example||1|0|0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_to_ask, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_first_refusal_ends_the_list, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_changed_success_goes_on, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(shadow_only_looks_and_off_does_not, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_mode_of_the_call_holds, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_failure_takes_on_error, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(waiting_goes_on_behind_the_check, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_deadline_is_a_failure, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_session_that_goes_is_not_answered, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_operators_words_and_the_reference, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_check_sees_the_transaction, setup, bench_teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
