/* When the manager is told what: due times are set, never waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge_counter.h"
#include "manager.h"

static int listening = -1;
static edge_manager_t manager;

/* At an abstract name of this process. */
static int set_up(void **state) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char name[64];
    (void)state;
    int len = snprintf(name, sizeof(name), "@edged-manager-%d", (int)getpid());
    memcpy(at.sun_path, name, (size_t)len);
    at.sun_path[0] = '\0';
    listening = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(listening, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)) < 0)
        return 1;
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "8000000", 1);
    edge_manager_open(&manager);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    edge_notify_close(&manager.notify);
    return close(listening);
}

static const char *heard(void) {
    static char text[1024];
    ssize_t len = recv(listening, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

static void nothing_is_due_before_it_serves(void **state) {
    bool alive = true;
    (void)state;
    assert_int_equal(edge_manager_next(&manager), 0);
    edge_manager_turn(&manager, 1, &alive);
    assert_string_equal(heard(), "");
    assert_int_equal(edge_manager_heartbeat(&manager), EDGE_SECONDS(1));
}

static void life_is_told_when_there_was_some(void **state) {
    bool alive = true;
    (void)state;
    edge_manager_ready(&manager, 1, false);
    assert_string_equal(heard(), "READY=1\nSTATUS=0 sessions, 0.0 messages/s, generation 1");
    edge_manager_turn(&manager, 1, &alive);
    assert_string_equal(heard(), "WATCHDOG=1");
    assert_false(alive);
    edge_manager_turn(&manager, 1, &alive); /* not due yet */
    assert_string_equal(heard(), "");
    manager.alive_at = 1;
    edge_manager_turn(&manager, 1, &alive); /* due, but nobody has turned */
    assert_string_equal(heard(), "");
    manager.alive_at = 1;
    alive = true;
    edge_manager_turn(&manager, 1, &alive);
    assert_string_equal(heard(), "WATCHDOG=1");
    assert_int_equal(edge_manager_next(&manager), manager.alive_at);
}

static void the_status_names_a_refusal_until_the_next_reload(void **state) {
    bool alive = false;
    (void)state;
    static const edge_counter_row_t row = {"connections_active", EDGE_COUNTER_GAUGE, "A test."};
    unsigned slot;
    assert_int_equal(edge_counter_register_labelled("core", &row, "listener=\"mx\"", &slot), APR_SUCCESS);
    edge_counter_add(slot, 3);
    edge_manager_ready(&manager, 4, true);
    assert_non_null(strstr(heard(), "generation 4; the last reload was refused"));
    manager.status_at = 1;
    edge_manager_turn(&manager, 4, &alive);
    const char *status = heard();
    assert_int_equal(strncmp(status, "STATUS=3 sessions, ", 19), 0);
    assert_non_null(strstr(status, "generation 4; the last reload was refused"));
    edge_manager_ready(&manager, 5, false);
    assert_null(strstr(heard(), "refused"));
    edge_counter_add(slot, -3);
}

/* A server that stops is still watched over, but its line for people stays. */
static void no_status_while_it_stops(void **state) {
    bool alive = true;
    (void)state;
    edge_manager_ready(&manager, 1, false);
    heard();
    edge_manager_stopping(&manager, EDGE_SECONDS(1));
    assert_int_equal(strncmp(heard(), "STOPPING=1\n", 11), 0);
    assert_int_equal(manager.status_at, 0);
    manager.alive_at = 1;
    edge_manager_turn(&manager, 1, &alive);
    assert_string_equal(heard(), "WATCHDOG=1");
}

static void without_a_manager_nothing_is_due(void **state) {
    edge_manager_t none;
    bool alive = true;
    (void)state;
    edge_manager_open(&none); /* the variables are gone */
    edge_manager_ready(&none, 1, false);
    edge_manager_reloading(&none);
    edge_manager_turn(&none, 1, &alive);
    assert_true(alive);
    assert_int_equal(edge_manager_next(&none), 0);
    assert_int_equal(edge_manager_heartbeat(&none), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_due_before_it_serves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(life_is_told_when_there_was_some, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_status_names_a_refusal_until_the_next_reload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_status_while_it_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_manager_nothing_is_due, set_up, tear_down),
    };
    if (edge_counter_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests_name("main/manager", tests, NULL, NULL);
}
