/* Tests of server/event/listener.c over the loopback interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_counter.h"

#include "event/worker.h"
#include "event/worker_priv.h"

#include <apr_general.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static edge_worker_t *worker;
static _Atomic unsigned accepted;
static int accepted_fds[64];

static int listen_somewhere(struct sockaddr_in *address) {
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

static int connect_to(const struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof *address), 0);
    return fd;
}

static void keep(edge_worker_t *on, int fd, void *user) {
    (void)on;
    assert_ptr_equal(user, &accepted_fds);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    int no_delay = 0;
    socklen_t len = sizeof no_delay;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len), 0);
    assert_int_equal(no_delay, 1);
    accepted_fds[atomic_fetch_add(&accepted, 1)] = fd;
}

static void close_accepted(void) {
    while (atomic_load(&accepted) > 0) {
        close(accepted_fds[atomic_fetch_sub(&accepted, 1) - 1]);
    }
}

static void accepts_with_a_budget(void **state) {
    struct sockaddr_in address;
    int fd = listen_somewhere(&address), peers[20];
    (void)state;
    assert_int_equal(edge_listener_attach(worker, fd, keep, &accepted_fds), APR_SUCCESS);
    for (size_t i = 0; i < EDGE_COUNT(peers); i++) {
        peers[i] = connect_to(&address);
    }
    edge_loop_turn(worker, 0);
    unsigned first = atomic_load(&accepted);
    assert_true(first > 0 && first < EDGE_COUNT(peers));
    edge_loop_turn(worker, 0);
    assert_int_equal(atomic_load(&accepted), EDGE_COUNT(peers));
    edge_listener_detach(worker, fd);
    int late = connect_to(&address);
    edge_loop_turn(worker, 0);
    assert_int_equal(atomic_load(&accepted), EDGE_COUNT(peers));
    for (size_t i = 0; i < EDGE_COUNT(peers); i++) {
        close(peers[i]);
    }
    close(late);
    close_accepted();
    close(fd);
}

static void detach_in_callback(edge_worker_t *on, int fd, void *user) {
    atomic_fetch_add(&accepted, 1);
    close(fd);
    edge_listener_detach(on, *(int *)user);
}

static void may_be_detached_while_accepting(void **state) {
    struct sockaddr_in address;
    int fd = listen_somewhere(&address);
    (void)state;
    assert_int_equal(edge_listener_attach(worker, fd, detach_in_callback, &fd), APR_SUCCESS);
    int one = connect_to(&address), two = connect_to(&address);
    edge_loop_turn(worker, 0);
    edge_loop_turn(worker, 0);
    assert_int_equal(atomic_load(&accepted), 1);
    atomic_store(&accepted, 0);
    close(one);
    close(two);
    close(fd);
}

static void pauses_without_descriptors(void **state) {
    struct sockaddr_in address;
    struct rlimit before, tight;
    int fd = listen_somewhere(&address);
    (void)state;
    edge_counter_map();
    int64_t pauses = edge_counter_sum(EDGE_C_ACCEPT_PAUSED);
    edge_log_area_level("event", EDGE_LOG_EMERG);
    assert_int_equal(edge_listener_attach(worker, fd, keep, &accepted_fds), APR_SUCCESS);
    int peer = connect_to(&address);
    getrlimit(RLIMIT_NOFILE, &before);
    tight = before;
    tight.rlim_cur = 3; /* no number below it is free */
    setrlimit(RLIMIT_NOFILE, &tight);
    edge_loop_turn(worker, 0);
    edge_loop_turn(worker, 0);
    assert_int_equal(edge_counter_sum(EDGE_C_ACCEPT_PAUSED), pauses + 1); /* does not spin */
    assert_int_equal(atomic_load(&accepted), 0);
    setrlimit(RLIMIT_NOFILE, &before);
    while (atomic_load(&accepted) == 0) {
        edge_loop_turn(worker, -1); /* until the pause is over */
    }
    edge_listener_detach_all(worker);
    close(peer);
    close_accepted();
    close(fd);
}

static void what_is_no_listener_is_given_up(void **state) {
    int pair[2];
    (void)state;
    edge_log_area_level("event", EDGE_LOG_EMERG);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(edge_listener_attach(worker, pair[0], keep, &accepted_fds), APR_SUCCESS);
    edge_loop_turn(worker, 0);
    assert_null(worker->listeners.first);
    close(pair[0]);
    close(pair[1]);
}

static int open_worker(void **state) {
    (void)state;
    return edge_worker_make(0, &worker) == APR_SUCCESS ? 0 : -1;
}

static int close_worker(void **state) {
    (void)state;
    edge_worker_destroy(worker);
    return 0;
}

static _Atomic unsigned kept_by[3];
static void nothing_to_do(edge_loop_watch_t *watch, edge_worker_t *on, int events) {
    (void)watch, (void)on, (void)events;
}
static void keep_for_worker(edge_worker_t *on, int fd, void *user) {
    (void)user;
    static edge_loop_watch_t watches[EDGE_COUNT(accepted_fds)];
    static _Atomic unsigned taken;
    unsigned number = atomic_fetch_add(&taken, 1);
    assert_ptr_equal(on, edge_worker_self());
    watches[number].fd = fd;
    watches[number].ready = nothing_to_do;
    edge_loop_want(on, &watches[number], APR_POLLPRI);
    atomic_fetch_add(&kept_by[edge_worker_index(on)], 1);
    accepted_fds[number] = fd;
    atomic_fetch_add(&accepted, 1);
}

/* However the system wakes the workers, none is left without its share of connections that stay. */
static void connections_are_shared_out(void **state) {
    struct sockaddr_in address;
    int fd = listen_somewhere(&address), peers[60];
    edge_workers_plan_t plan = {.count = 3};
    (void)state;
    assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
    edge_listener_attach_everywhere(fd, keep_for_worker, NULL);
    for (size_t i = 0; i < EDGE_COUNT(peers); i++) {
        peers[i] = connect_to(&address);
    }
    while (atomic_load(&accepted) < EDGE_COUNT(peers)) {
        sched_yield();
    }
    edge_listener_detach_everywhere();
    for (int i = 0; i < 3; i++) {
        assert_in_range(atomic_load(&kept_by[i]), 12, 30);
    }
    edge_workers_stop();
    edge_workers_forget();
    close_accepted();
    for (size_t i = 0; i < EDGE_COUNT(peers); i++) {
        close(peers[i]);
    }
    close(fd);
}

static void count_and_close(edge_worker_t *on, int fd, void *user) {
    (void)on, (void)user;
    close(fd);
    atomic_fetch_add(&accepted, 1);
}

static void all_workers_share_a_socket(void **state) {
    struct sockaddr_in address;
    int fd = listen_somewhere(&address);
    edge_workers_plan_t plan = {.count = 3};
    (void)state;
    assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
    edge_listener_attach_everywhere(fd, count_and_close, NULL);
    for (int i = 0; i < 200; i++) {
        close(connect_to(&address));
    }
    while (atomic_load(&accepted) < 200) {
        sched_yield();
    }
    edge_listener_detach_everywhere();
    edge_listener_detach_everywhere();
    int late = connect_to(&address);
    edge_workers_stop();
    edge_workers_forget();
    assert_int_equal(atomic_load(&accepted), 200); /* nobody accepts behind the detaching */
    atomic_store(&accepted, 0);
    close(late);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accepts_with_a_budget, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(may_be_detached_while_accepting, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(pauses_without_descriptors, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(what_is_no_listener_is_given_up, open_worker, close_worker),
        cmocka_unit_test(all_workers_share_a_socket),
        cmocka_unit_test(connections_are_shared_out),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("event/listener", tests, NULL, NULL);
}
