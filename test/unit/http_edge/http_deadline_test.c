/* Time limits of an HTTP session, with a clock that goes as the test says. */
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
#define http_deadline_set test_deadline_set
#define http_deadline_start test_deadline_start
#define http_deadline_input test_deadline_input
#define http_deadline_over test_deadline_over
#include "../../../modules/http_edge/http_deadline.c"

#define START EDGE_SECONDS(1000)

static http_settings_t settings;
static edge_limits_t limits;
static edge_listener_t listener;
static http_session_t session;

static void at(edge_mono_t seconds) { fake_clock.mono = START + EDGE_SECONDS(seconds); }

static int setup(void **state) {
    (void)state;
    limits = (edge_limits_t){
        .timeouts = {.command = EDGE_SECONDS(300),
                     .data = EDGE_SECONDS(180),
                     .tls = EDGE_SECONDS(20),
                     .session = EDGE_SECONDS(3600),
                     .data_total = EDGE_SECONDS(1800)},
    };
    settings = (http_settings_t){.limits = &limits};
    listener.settings = &settings;
    session = (http_session_t){.session = {.listener = &listener}, .stage = HTTP_AWAITS_HEAD};
    at(0);
    edge_pace_open(&session.pace, fake_clock.mono);
    http_deadline_start(&session);
    return 0;
}

static void in_stage(http_stage_t stage) {
    session.stage = (uint8_t)stage;
    if (stage == HTTP_READS_BODY || stage == HTTP_SWALLOWS)
        edge_pace_body(&session.pace, fake_clock.mono);
    http_deadline_set(&session);
}

static void lasts_until(edge_mono_t seconds, edge_close_reason_t reason) {
    edge_close_reason_t why = EDGE_CLOSE_COUNT;
    assert_int_equal(told, START + EDGE_SECONDS(seconds));
    fake_clock.mono = told - 1;
    assert_false(http_deadline_over(&session, &why));
    fake_clock.mono = told;
    assert_true(http_deadline_over(&session, &why));
    assert_int_equal(why, reason);
}

static void a_head_is_awaited(void **state) { lasts_until(300, EDGE_CLOSE_TIMEOUT_COMMAND); }

/* A field more is no progress: a client that drips its head is not waited for longer. */
static void only_whole_heads_count(void **state) {
    at(100);
    http_deadline_input(&session, 40, false);
    assert_int_equal(told, START + EDGE_SECONDS(300));
    http_deadline_input(&session, 2, true);
    lasts_until(400, EDGE_CLOSE_TIMEOUT_COMMAND);
}

static void the_session_has_an_end(void **state) {
    at(3500);
    http_deadline_input(&session, 40, true);
    lasts_until(3600, EDGE_CLOSE_TIMEOUT_SESSION);
}

/* Whatever is asked or stored has deadlines of its own. */
static void nobody_is_late_while_we_think(void **state) {
    static const http_stage_t ours[] = {
        HTTP_REFUSED,   HTTP_ASKS_CREDENTIALS, HTTP_ASKS_IDENTITY,  HTTP_ASKS_EHLO, HTTP_ASKS_MAIL,
        HTTP_ASKS_RCPT, HTTP_ASKS_DATA,        HTTP_ASKS_HAVE_DATA, HTTP_STORES,    HTTP_CLOSES};
    edge_close_reason_t why;
    at(4000);
    for (unsigned i = 0; i < EDGE_COUNT(ours); i++) {
        in_stage(ours[i]);
        assert_int_equal(told, 0);
        assert_false(http_deadline_over(&session, &why));
    }
}

static void nor_while_the_queue_is_full(void **state) {
    in_stage(HTTP_READS_BODY);
    session.paused = true;
    http_deadline_set(&session);
    assert_int_equal(told, 0);
}

static void a_handshake_has_its_own_limit(void **state) {
    at(50);
    edge_pace_handshake(&session.pace, fake_clock.mono);
    in_stage(HTTP_SHAKES_HANDS);
    lasts_until(70, EDGE_CLOSE_TIMEOUT_TLS);
}

static void any_octet_of_content_is_progress(void **state) {
    in_stage(HTTP_READS_BODY);
    at(100);
    http_deadline_input(&session, 1, false);
    lasts_until(280, EDGE_CLOSE_TIMEOUT_DATA);
}

/* A refused content that nobody wants is not waited for longer than a wanted one. */
static void what_is_swallowed_has_an_end_too(void **state) {
    in_stage(HTTP_SWALLOWS);
    at(1700);
    http_deadline_input(&session, 1, false);
    lasts_until(1800, EDGE_CLOSE_TIMEOUT_DATA);
}

static void slow_content(void **state) {
    edge_close_reason_t why;
    limits.min_rate = 10;
    in_stage(HTTP_READS_BODY);
    assert_int_equal(told, START + EDGE_SECONDS(60));
    at(59);
    http_deadline_input(&session, 600, false);
    at(60);
    assert_false(http_deadline_over(&session, &why)); /* just fast enough; the next minute begins */
    http_deadline_input(&session, 599, false);
    lasts_until(120, EDGE_CLOSE_SLOW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_head_is_awaited, setup),
        cmocka_unit_test_setup(only_whole_heads_count, setup),
        cmocka_unit_test_setup(the_session_has_an_end, setup),
        cmocka_unit_test_setup(nobody_is_late_while_we_think, setup),
        cmocka_unit_test_setup(nor_while_the_queue_is_full, setup),
        cmocka_unit_test_setup(a_handshake_has_its_own_limit, setup),
        cmocka_unit_test_setup(any_octet_of_content_is_progress, setup),
        cmocka_unit_test_setup(what_is_swallowed_has_an_end_too, setup),
        cmocka_unit_test_setup(slow_content, setup),
    };
    return cmocka_run_group_tests_name("http_edge/http_deadline", tests, NULL, NULL);
}
