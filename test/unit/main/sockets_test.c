/* The table of listening sockets: over loads that succeed, that fail, and what a child's modules ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/snapshot.h"
#include "sockets.h"

static apr_pool_t *pool;
static char root[] = "/tmp/edged_sockets_XXXXXX";
static edge_sockets_t sockets;
static uint16_t ports[4];
static int taken = -1; /* somebody else's listening socket, at the last port */

static struct sockaddr_in at_port(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A port that was free a moment ago, and that nobody else gets meanwhile: the system gives none of these to who asks for any,
 * and another run of this test begins elsewhere. */
#define FIRST_PORT 30000u
#define PORTS 2000u
static uint16_t free_port(int *kept) {
    static unsigned tried;
    struct sockaddr_in name;
    int fd, error;
    do {
        assert_true(tried < PORTS);
        name = at_port((uint16_t)(FIRST_PORT + ((unsigned)getpid() * 16 + tried++) % PORTS));
        name.sin_addr.s_addr = htonl(INADDR_ANY);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        error = bind(fd, (struct sockaddr *)&name, sizeof(name));
    } while (error != 0 && close(fd) == 0);
    if (kept) {
        assert_int_equal(listen(fd, 1), 0);
        *kept = fd;
    } else {
        close(fd);
    }
    return ntohs(name.sin_port);
}

static bool somebody_listens(uint16_t port) {
    struct sockaddr_in name = at_port(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0;
    close(fd);
    return connected;
}

static const char *loopback(uint16_t port) { return apr_psprintf(pool, "127.0.0.1:%u", port); }

static bool has(uint16_t port) {
    edge_ipaddr_t address;
    edge_ipaddr_parse(edge_span_of("127.0.0.1"), &address);
    return edge_sockets_find(&sockets, address, port) >= 0;
}

/* A load of a configuration that listens on these; 0 ends. */
static apr_status_t load(uint16_t one, uint16_t two, const char **why) {
    edge_snapshot_t *snapshot;
    const char *path = apr_pstrcat(pool, root, "/edge.conf", NULL);
    FILE *file = fopen(path, "w");
    fprintf(file, "<Listener mx>\nListen %s %s\n</Listener>\n", loopback(one), two ? loopback(two) : "");
    fclose(file);
    edge_snapshot_source_t source = {.path = path, .server_root = root};
    source.defines = apr_array_make(pool, 1, sizeof(const char *));
    assert_int_equal(edge_snapshot_core_only(&source, pool, &snapshot, stderr), APR_SUCCESS);
    return edge_sockets_bind(&sockets, snapshot, pool, why);
}

static void accept_load(uint16_t one, uint16_t two) {
    const char *why = NULL;
    assert_int_equal(load(one, two, &why), APR_SUCCESS);
    edge_sockets_commit(&sockets);
}

static int close_all(void **state) {
    (void)state;
    edge_sockets_close(&sockets);
    return sockets.count == 0 ? 0 : 1;
}

static void a_reload_keeps_what_stays(void **state) {
    const char *why = NULL;
    (void)state;
    accept_load(ports[0], ports[1]);
    assert_true(somebody_listens(ports[0]) && somebody_listens(ports[1]));
    int kept = sockets.list[0].descriptor;
    assert_int_equal(load(ports[0], ports[2], &why), APR_SUCCESS);
    assert_true(has(ports[1]) && has(ports[2])); /* until it is known which configuration holds */
    edge_sockets_commit(&sockets);
    assert_true(has(ports[0]) && !has(ports[1]) && has(ports[2]));
    assert_int_equal(sockets.list[0].descriptor, kept);
    assert_false(somebody_listens(ports[1]));
}

static void a_failed_load_leaves_nothing(void **state) {
    const char *why = NULL;
    (void)state;
    accept_load(ports[0], 0);
    assert_int_equal(load(ports[1], 0, &why), APR_SUCCESS);
    edge_sockets_rollback(&sockets);
    assert_true(has(ports[0]) && !has(ports[1]));
    assert_int_equal(load(ports[2], ports[3], &why), EADDRINUSE);
    assert_string_equal(why, apr_psprintf(pool, "cannot bind 127.0.0.1:%u: Address already in use", ports[3]));
    assert_true(has(ports[0]) && !has(ports[2]));
    assert_int_equal(sockets.count, 1);
}

static void a_child_asks_for_more(void **state) {
    const char *why = NULL;
    int fd = -1;
    (void)state;
    assert_int_equal(load(ports[0], 0, &why), APR_SUCCESS);
    assert_int_equal(edge_sockets_ask(&sockets, loopback(ports[1]), &fd), APR_SUCCESS);
    assert_true(fd >= 0 && fd == sockets.list[1].descriptor);
    edge_sockets_commit(&sockets);
    assert_true(somebody_listens(ports[1]));
    /* The next one is given what is there, and a load that does not ask for it closes it. */
    assert_int_equal(load(ports[0], 0, &why), APR_SUCCESS);
    assert_false(edge_sockets_wanted(&sockets, sockets.list[1].address, ports[1]));
    int again = -1;
    assert_int_equal(edge_sockets_ask(&sockets, loopback(ports[1]), &again), APR_SUCCESS);
    assert_int_equal(again, fd);
    assert_true(edge_sockets_wanted(&sockets, sockets.list[1].address, ports[1]));
    edge_sockets_rollback(&sockets);
    assert_true(has(ports[1]));
    accept_load(ports[0], 0);
    assert_false(has(ports[1]));
}

static void what_cannot_be_had_is_said(void **state) {
    int fd = -1;
    (void)state;
    assert_int_equal(edge_sockets_ask(&sockets, loopback(ports[3]), &fd), EADDRINUSE);
    assert_int_equal(edge_sockets_ask(&sockets, "127.0.0.1", &fd), APR_EINVAL);
    assert_int_equal(edge_sockets_ask(&sockets, "127.0.0.1:0", &fd), APR_EINVAL);
    assert_int_equal(edge_sockets_ask(&sockets, "", &fd), APR_EINVAL);
    assert_int_equal(fd, -1);
    assert_int_equal(sockets.count, 0);
    edge_core_listen_t listen_on = {.text = edge_span_of("[::1]:25")};
    assert_string_equal(edge_sockets_trouble(&listen_on, EACCES, pool), "cannot bind [::1]:25: Permission denied");
    assert_string_equal(edge_sockets_trouble(&listen_on, APR_ENOSPC, pool),
                        "cannot bind [::1]:25: more than 256 addresses to listen on");
}

/* A child's copy owns what it was sent. */
static void a_copy_takes_over(void **state) {
    edge_ipaddr_t address;
    (void)state;
    edge_ipaddr_parse(edge_span_of("127.0.0.1"), &address);
    for (unsigned i = 0; i < EDGE_SOCKETS_MOST; i++)
        assert_int_equal(edge_sockets_put(&sockets, address, (uint16_t)(1000 + i), dup(taken)), APR_SUCCESS);
    int fd = dup(taken), other = dup(taken);
    assert_int_equal(edge_sockets_put(&sockets, address, 2000, fd), APR_ENOSPC);
    assert_int_equal(close(fd), -1);
    int before = edge_sockets_find(&sockets, address, 1000);
    assert_int_equal(edge_sockets_put(&sockets, address, 1000, other), APR_SUCCESS);
    assert_int_equal(edge_sockets_find(&sockets, address, 1000), other);
    assert_int_equal(close(before), -1);
    assert_int_equal(edge_sockets_ask(&sockets, loopback(ports[0]), &fd), APR_ENOSPC);
}

/* [::]:PORT and 0.0.0.0:PORT stand side by side. */
static void both_families(void **state) {
    int six = -1, four = -1;
    (void)state;
    apr_status_t status = edge_sockets_ask(&sockets, apr_psprintf(pool, "[::]:%u", ports[0]), &six);
    if (status == EAFNOSUPPORT || status == EADDRNOTAVAIL)
        skip();
    assert_int_equal(status, APR_SUCCESS);
    assert_int_equal(edge_sockets_ask(&sockets, apr_psprintf(pool, "0.0.0.0:%u", ports[0]), &four), APR_SUCCESS);
    assert_int_not_equal(six, four);
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (unsigned i = 0; i < 3; i++)
        ports[i] = free_port(NULL);
    ports[3] = free_port(&taken);
    return mkdtemp(root) ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    return system(apr_pstrcat(pool, "rm -rf ", root, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_reload_keeps_what_stays, close_all),
        cmocka_unit_test_teardown(a_failed_load_leaves_nothing, close_all),
        cmocka_unit_test_teardown(a_child_asks_for_more, close_all),
        cmocka_unit_test_teardown(what_cannot_be_had_is_said, close_all),
        cmocka_unit_test_teardown(a_copy_takes_over, close_all),
        cmocka_unit_test_teardown(both_families, close_all),
    };
    return cmocka_run_group_tests_name("main/sockets", tests, set_up, tear_down);
}
