/* What a service manager hears: at a path and at an abstract name, and nobody when there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "notify.h"

static char folder[] = "/tmp/edged_notify_XXXXXX";
static char path[64];
static int manager = -1;
static edge_notify_t notify;

/* A manager's socket; '@' begins an abstract name. */
static void listen_at(const char *name) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    memcpy(at.sun_path, name, len);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
}

static void open_with(const char *name, const char *usec, const char *pid) {
    setenv("NOTIFY_SOCKET", name, 1);
    if (usec)
        setenv("WATCHDOG_USEC", usec, 1);
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    edge_notify_open(&notify);
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
}

static const char *heard(void) {
    static char text[1024];
    ssize_t len = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

static int clear(void **state) {
    (void)state;
    edge_notify_close(&notify);
    if (manager >= 0)
        close(manager);
    manager = -1;
    unlink(path);
    return 0;
}

static void everything_at_a_path(void **state) {
    (void)state;
    listen_at(path);
    open_with(path, NULL, NULL);
    edge_notify_ready(&notify, "3 sessions");
    assert_string_equal(heard(), "READY=1\nSTATUS=3 sessions");
    edge_notify_status(&notify, "4 sessions");
    assert_string_equal(heard(), "STATUS=4 sessions");
    edge_notify_alive(&notify);
    assert_string_equal(heard(), "WATCHDOG=1");
    edge_notify_stopping(&notify, EDGE_SECONDS(75));
    assert_string_equal(heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=75000000\nSTATUS=stopping; sessions may finish");
    assert_int_equal(notify.watchdog, 0);
}

/* The manager takes a reload for begun when this is not before it asked, by its own clock. */
static void a_reload_has_its_moment(void **state) {
    struct timespec before, after;
    long long said = 0;
    (void)state;
    listen_at(path);
    open_with(path, NULL, NULL);
    clock_gettime(CLOCK_MONOTONIC, &before);
    edge_notify_reloading(&notify);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lld", &said), 1);
    assert_true(said >= before.tv_sec * 1000000LL + before.tv_nsec / 1000);
    assert_true(said <= after.tv_sec * 1000000LL + after.tv_nsec / 1000);
}

static void an_abstract_name(void **state) {
    char name[64];
    (void)state;
    snprintf(name, sizeof(name), "@edged-notify-%d", (int)getpid());
    listen_at(name);
    open_with(name, NULL, NULL);
    edge_notify_alive(&notify);
    assert_string_equal(heard(), "WATCHDOG=1");
}

static void nobody_is_no_trouble(void **state) {
    char longer[200];
    (void)state;
    edge_notify_open(&notify);
    assert_int_equal(notify.socket, -1);
    edge_notify_ready(&notify, "x");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[0] = '/';
    longer[sizeof(longer) - 1] = '\0';
    open_with(longer, NULL, NULL);
    assert_int_equal(notify.socket, -1);
    open_with("relative", NULL, NULL);
    assert_int_equal(notify.socket, -1);
    open_with("/nonexistent/socket", "1000000", NULL);
    edge_notify_alive(&notify);
}

static void the_watchdog_is_for_its_process(void **state) {
    char own[32];
    (void)state;
    listen_at(path);
    snprintf(own, sizeof(own), "%d", (int)getpid());
    open_with(path, "30000000", own);
    assert_int_equal(notify.watchdog, EDGE_SECONDS(30));
    edge_notify_close(&notify);
    open_with(path, "30000000", NULL);
    assert_int_equal(notify.watchdog, EDGE_SECONDS(30));
    edge_notify_close(&notify);
    open_with(path, "30000000", "1");
    assert_int_equal(notify.watchdog, 0);
    edge_notify_close(&notify);
    open_with(path, "soon", own);
    assert_int_equal(notify.watchdog, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(everything_at_a_path, clear),
        cmocka_unit_test_teardown(a_reload_has_its_moment, clear),
        cmocka_unit_test_teardown(an_abstract_name, clear),
        cmocka_unit_test_teardown(nobody_is_no_trouble, clear),
        cmocka_unit_test_teardown(the_watchdog_is_for_its_process, clear),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof(path), "%s/socket", folder);
    int failed = cmocka_run_group_tests_name("main/notify", tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
