/* Time limits of an SMTP session, with a clock that goes as the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_conn.h"
#include "edge_worker.h"

static edge_clock_t fake_clock;
static edge_mono_t told; /* the deadline as it was set last; 0: none */

/* The file under test, with its clock and its connection replaced and its names out of the way of the module's own. */
#define edge_worker_clock(worker) (fake_clock)
#define edge_conn_worker(conn) ((edge_worker_t *)(void *)(conn))
#define edge_conn_deadline(conn, when) ((void)(conn), told = (when))
#define smtp_deadline_set test_deadline_set
#define smtp_deadline_start test_deadline_start
#define smtp_deadline_input test_deadline_input
#define smtp_deadline_body test_deadline_body
#define smtp_deadline_over test_deadline_over
#include "../../../modules/smtp_edge/smtp_deadline.c"

#define START EDGE_SECONDS(1000)

static smtp_settings_t settings;
static edge_limits_t limits;
static edge_listener_t listener;
static smtp_session_t session;

static void at(edge_mono_t seconds) { fake_clock.mono = START + EDGE_SECONDS(seconds); }

static void say(const char *text) {
    edge_smtp_action_t action;
    edge_smtp_server_input(&session.machine, edge_span_of(text));
    while (edge_smtp_server_next(&session.machine, &action))
        if (action.kind == EDGE_SMTP_ASK)
            edge_smtp_server_verdict(&session.machine, action.reply);
    assert_int_equal(edge_smtp_server_eaten(&session.machine), strlen(text));
}

static int setup(void **state) {
    (void)state;
    settings = (smtp_settings_t){
        .rules = {.max_line = 512},
    };
    limits = (edge_limits_t){
        .timeouts = {.command = EDGE_SECONDS(300),
                     .data = EDGE_SECONDS(180),
                     .tls = EDGE_SECONDS(20),
                     .session = EDGE_SECONDS(3600),
                     .data_total = EDGE_SECONDS(1800)},
    };
    settings.limits = &limits;
    listener.settings = &settings;
    session = (smtp_session_t){.session = {.listener = &listener, .counts = {.commands = 2}}}; /* banner and hello */
    at(0);
    edge_pace_open(&session.pace, fake_clock.mono);
    edge_smtp_server_start(&session.machine, &settings.rules, edge_reply_of(EDGE_R_BANNER));
    say("");
    smtp_deadline_start(&session);
    return 0;
}

static int setup_in_data(void **state) {
    setup(state);
    say("HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    smtp_deadline_body(&session);
    smtp_deadline_set(&session);
    return 0;
}

static void lasts_until(edge_mono_t seconds, edge_close_reason_t reason) {
    edge_close_reason_t why = EDGE_CLOSE_COUNT;
    assert_int_equal(told, START + EDGE_SECONDS(seconds));
    fake_clock.mono = told - 1;
    assert_false(smtp_deadline_over(&session, &why));
    fake_clock.mono = told;
    assert_true(smtp_deadline_over(&session, &why));
    assert_int_equal(why, reason);
}

static void a_command_is_awaited(void **state) {
    (void)state;
    lasts_until(300, EDGE_CLOSE_TIMEOUT_COMMAND);
}

static void the_first_command_is_awaited(void **state) {
    (void)state;
    session.session.counts.commands = 1; /* the banner */
    smtp_deadline_start(&session);
    lasts_until(300, EDGE_CLOSE_TIMEOUT_BANNER);
}

static void an_answer_to_a_challenge_is_awaited(void **state) {
    char exchange;
    (void)state;
    session.session.authenticating = (struct edge_authenticating *)(void *)&exchange;
    smtp_deadline_start(&session);
    lasts_until(300, EDGE_CLOSE_TIMEOUT_AUTH);
}

/* A piece of a line is no progress: a client that drips letters is not waited for longer. */
static void only_whole_lines_count(void **state) {
    (void)state;
    at(100);
    smtp_deadline_input(&session, 1, false);
    assert_int_equal(told, START + EDGE_SECONDS(300));
    smtp_deadline_input(&session, 6, true);
    lasts_until(400, EDGE_CLOSE_TIMEOUT_COMMAND);
}

static void the_session_has_an_end(void **state) {
    (void)state;
    at(3500);
    smtp_deadline_input(&session, 6, true);
    lasts_until(3600, EDGE_CLOSE_TIMEOUT_SESSION);
}

static void nobody_is_late_while_we_think(void **state) {
    (void)state;
    edge_close_reason_t why;
    session.paused = true;
    smtp_deadline_set(&session);
    assert_int_equal(told, 0);
    at(4000);
    assert_false(smtp_deadline_over(&session, &why));
}

static void a_handshake_has_its_own_limit(void **state) {
    (void)state;
    at(50);
    session.handshaking = true;
    session.paused = true; /* as it is behind STARTTLS */
    edge_pace_handshake(&session.pace, fake_clock.mono);
    smtp_deadline_set(&session);
    lasts_until(70, EDGE_CLOSE_TIMEOUT_TLS);
}

static void any_octet_of_data_is_progress(void **state) {
    (void)state;
    at(100);
    smtp_deadline_input(&session, 1, false);
    lasts_until(280, EDGE_CLOSE_TIMEOUT_DATA);
}

static void data_has_an_end(void **state) {
    (void)state;
    at(1700);
    smtp_deadline_input(&session, 1, false);
    lasts_until(1800, EDGE_CLOSE_TIMEOUT_DATA);
}

/* MinRate looks at whole minutes. */
static void slow_data(void **state) {
    (void)state;
    edge_close_reason_t why;
    limits.min_rate = 10;
    smtp_deadline_body(&session);
    smtp_deadline_set(&session);
    assert_int_equal(told, START + EDGE_SECONDS(60));
    at(59);
    smtp_deadline_input(&session, 600, false);
    at(60);
    assert_false(smtp_deadline_over(&session, &why)); /* just fast enough; the next minute begins */
    smtp_deadline_input(&session, 599, false);
    lasts_until(120, EDGE_CLOSE_SLOW);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_command_is_awaited, setup),
        cmocka_unit_test_setup(the_first_command_is_awaited, setup),
        cmocka_unit_test_setup(an_answer_to_a_challenge_is_awaited, setup),
        cmocka_unit_test_setup(only_whole_lines_count, setup),
        cmocka_unit_test_setup(the_session_has_an_end, setup),
        cmocka_unit_test_setup(nobody_is_late_while_we_think, setup),
        cmocka_unit_test_setup(a_handshake_has_its_own_limit, setup),
        cmocka_unit_test_setup(any_octet_of_data_is_progress, setup_in_data),
        cmocka_unit_test_setup(data_has_an_end, setup_in_data),
        cmocka_unit_test_setup(slow_data, setup_in_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
