/* Outgoing connections: to what listens, to what does not, and from where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_counter.h"

#include "event/worker.h"
#include "event/worker_priv.h"

#include "io/conn_priv.h"

#include <apr_general.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static edge_worker_t *worker;

typedef struct script {
    unsigned opened, timeouts, closed;
    size_t eaten;
    edge_close_reason_t reason;
    apr_status_t trouble;
} script_t;

static void on_opened(edge_conn_t *conn) {
    ((script_t *)edge_conn_owner(conn))->opened++;
    edge_conn_write(conn, edge_span_of("hello"));
}
static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    ((script_t *)edge_conn_owner(conn))->eaten += bytes.len;
    return bytes.len;
}
static void on_ended(edge_conn_t *conn) { edge_conn_close(conn, EDGE_CLOSE_PEER_CLOSED); }
static void on_timeout(edge_conn_t *conn) {
    ((script_t *)edge_conn_owner(conn))->timeouts++;
    edge_conn_close(conn, EDGE_CLOSE_TIMEOUT_COMMAND);
}
static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    script_t *script = edge_conn_owner(conn);
    script->closed++;
    script->reason = reason;
    script->trouble = edge_conn_trouble(conn);
}
static const edge_conn_handler_t handler = {
    .opened = on_opened, .input = on_input, .ended = on_ended, .timeout = on_timeout, .closed = on_closed};

static edge_conn_t *go(script_t *script, const edge_conn_target_t *target, const edge_transport_t *transport) {
    memset(script, 0, sizeof *script);
    edge_conn_t *conn = edge_conn_connect(worker, target, transport, NULL, &handler, script);
    assert_int_equal(script->closed, 0);
    edge_conn_deadline(conn, edge_clock_mono() + EDGE_SECONDS(60));
    return conn;
}

static void until(const unsigned *count) {
    while (*count == 0) {
        edge_loop_turn(worker, EDGE_MS(100));
    }
}

/* A socket that listens on loopback, and where. */
static int listening(edge_conn_target_t *target, const char *address) {
    *target = (edge_conn_target_t){.path = NULL};
    assert_true(edge_ipaddr_parse(edge_span_of(address), &target->address));
    bool v4 = edge_ipaddr_is_v4(target->address);
    struct sockaddr_storage at;
    socklen_t len = v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    memset(&at, 0, sizeof at);
    at.ss_family = v4 ? AF_INET : AF_INET6;
    if (v4) {
        ((struct sockaddr_in *)(void *)&at)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        ((struct sockaddr_in6 *)(void *)&at)->sin6_addr = in6addr_loopback;
    }
    int fd = socket(at.ss_family, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0) {
        return -1; /* no such addresses here */
    }
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    edge_ipaddr_t ignored;
    edge_ipaddr_from_sockaddr((struct sockaddr *)&at, &ignored, &target->port);
    return fd;
}

static void hears_hello(int fd) {
    char text[6] = "";
    int peer = accept(fd, NULL, NULL);
    assert_int_equal(recv(peer, text, 5, MSG_WAITALL), 5);
    assert_string_equal(text, "hello");
    close(peer);
}

static void what_listens(void **state) {
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(addresses); i++) {
        edge_conn_target_t target;
        script_t script;
        int fd = listening(&target, addresses[i]);
        if (fd < 0) {
            continue;
        }
        edge_conn_t *conn = go(&script, &target, &edge_transport_plain);
        until(&script.opened);
        uint16_t port;
        assert_true(edge_ipaddr_equal(edge_conn_peer(conn, &port), target.address));
        assert_int_equal(port, target.port);
        hears_hello(fd);
        until(&script.closed);
        assert_int_equal(script.reason, EDGE_CLOSE_PEER_CLOSED);
        assert_int_equal(script.trouble, APR_SUCCESS);
        close(fd);
    }
}

static void nobody_listens(void **state) {
    edge_conn_target_t target;
    script_t script;
    (void)state;
    close(listening(&target, "127.0.0.1"));
    go(&script, &target, &edge_transport_plain);
    until(&script.closed);
    assert_int_equal(script.opened, 0);
    assert_int_equal(script.reason, EDGE_CLOSE_CONNECT_FAILED);
    assert_true(APR_STATUS_IS_ECONNREFUSED(script.trouble));
}

static void from_an_address(void **state) {
    edge_conn_target_t target;
    edge_ipaddr_t local;
    script_t script;
    (void)state;
    int fd = listening(&target, "127.0.0.1");
    assert_true(edge_ipaddr_parse(edge_span_of("127.0.0.9"), &local));
    target.local = &local;
    edge_conn_t *conn = go(&script, &target, &edge_transport_plain);
    until(&script.opened);
    assert_true(edge_ipaddr_equal(edge_conn_local(conn, NULL), local));
    hears_hello(fd);
    until(&script.closed);
    assert_true(edge_ipaddr_parse(edge_span_of("192.0.2.1"), &local)); /* none of ours */
    go(&script, &target, &edge_transport_plain);
    until(&script.closed);
    assert_int_equal(script.reason, EDGE_CLOSE_CONNECT_FAILED);
    assert_int_equal(script.trouble, APR_FROM_OS_ERROR(EADDRNOTAVAIL));
    close(fd);
}

static void unix_sockets(void **state) {
    char directory[] = "/tmp/conn_connect_XXXXXX", path[64], lengthy[300];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    script_t script;
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/s", directory);
    edge_conn_target_t target = {.path = path};
    go(&script, &target, &edge_transport_plain);
    until(&script.closed);
    assert_int_equal(script.trouble, APR_FROM_OS_ERROR(ENOENT));
    memcpy(at.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    go(&script, &target, &edge_transport_plain);
    until(&script.opened);
    hears_hello(fd);
    until(&script.closed);
    close(fd);
    unlink(path);
    rmdir(directory);
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    target.path = lengthy;
    go(&script, &target, &edge_transport_plain);
    until(&script.closed);
    assert_int_equal(script.trouble, APR_FROM_OS_ERROR(ENAMETOOLONG));
}

static edge_io_t no_handshake(void *state, int fd, apr_status_t *status) {
    (void)state, (void)fd;
    *status = APR_EGENERAL;
    return EDGE_IO_ERROR;
}

static edge_io_t slow_handshake(void *state, int fd, apr_status_t *status) {
    (void)state, (void)fd, (void)status;
    return EDGE_IO_WANT_READ;
}

static void the_handshake_belongs_to_it(void **state) {
    edge_conn_target_t target;
    script_t script;
    edge_transport_t transport = edge_transport_plain;
    (void)state;
    int fd = listening(&target, "127.0.0.1");
    transport.handshake = no_handshake;
    go(&script, &target, &transport);
    until(&script.closed);
    assert_int_equal(script.opened, 0);
    assert_int_equal(script.reason, EDGE_CLOSE_TLS_FAILED);
    assert_int_equal(script.trouble, APR_EGENERAL);
    transport.handshake = slow_handshake;
    edge_conn_t *conn = go(&script, &target, &transport);
    edge_conn_deadline(conn, edge_clock_mono() + EDGE_MS(1));
    until(&script.closed);
    assert_int_equal(script.timeouts, 1);
    assert_int_equal(script.opened, 0);
    close(fd);
}

static void given_up_at_once(void **state) {
    edge_conn_target_t target;
    script_t script;
    (void)state;
    int fd = listening(&target, "127.0.0.1");
    edge_conn_t *conn = go(&script, &target, &edge_transport_plain);
    edge_conn_close(conn, EDGE_CLOSE_DRAIN);
    until(&script.closed);
    assert_int_equal(script.opened, 0);
    assert_int_equal(script.reason, EDGE_CLOSE_DRAIN);
    close(fd);
}

static int open_worker(void **state) {
    (void)state;
    return edge_worker_make(0, &worker) == APR_SUCCESS ? 0 : -1;
}

static int close_worker(void **state) {
    (void)state;
    unsigned left = edge_conn_count(worker);
    edge_worker_destroy(worker);
    return left == 0 ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_worker, close_worker)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_listens),
        TEST(nobody_listens),
        TEST(from_an_address),
        TEST(unix_sockets),
        TEST(the_handshake_belongs_to_it),
        TEST(given_up_at_once),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("io/conn_connect", tests, NULL, NULL);
}
