/* The client's side towards next hops, against the transport of listeners, in one process. */
#include "tls_fixture.h"

#include <sys/uio.h>
#include <unistd.h>

static tls_context_t *context, *strange;
static const edge_tls_hop_t *verifying, *trusting;

static int set_up(void **state) {
    if (fixture_set_up(state))
        return 1;
    fixture_certify(&(fixture_certificate_t){
        .name = "ca", .subject = "Authority", .kind = TLS_ECDSA, .until = 60, .authority = true});
    fixture_certify(&(fixture_certificate_t){
        .name = "a", .subject = "a.test", .sans = "DNS:a.test,IP:192.0.2.1", .kind = TLS_ECDSA, .signer = "ca"});
    fixture_certify(
        &(fixture_certificate_t){.name = "b", .subject = "a.test", .sans = "DNS:a.test", .kind = TLS_ECDSA});
    context = fixture_context("default", fixture_conf("a"));
    strange = fixture_context("strange", fixture_conf("b"));
    edge_tls_hop_files_t files = {.authorities = fixture_path("ca", "pem")};
    verifying = tls_hop_prepare(NULL, NULL, &files, true, fixture_pool);
    files.certificate = fixture_path("a", "pem");
    files.key = fixture_path("a", "key");
    trusting = tls_hop_prepare(NULL, NULL, &files, false, fixture_pool);
    return verifying && trusting ? 0 : 1;
}

static int tear_down(void **state) {
    fixture_forget(context);
    fixture_forget(strange);
    return fixture_tear_down(state);
}

/* Both sides move in turns; what the client's side came to. */
static edge_io_t shake(fixture_link_t *link, void *hop) {
    edge_io_t client = EDGE_IO_WANT_READ, server = EDGE_IO_WANT_READ;
    apr_status_t status = APR_SUCCESS;
    for (unsigned turn = 0; turn < 10; turn++) {
        if (client == EDGE_IO_WANT_READ || client == EDGE_IO_WANT_WRITE)
            client = tls_hop_transport.handshake(hop, link->client_fd, &status);
        if (server == EDGE_IO_WANT_READ || server == EDGE_IO_WANT_WRITE)
            server = tls_transport.handshake(link->server, link->server_fd, &link->status);
    }
    assert_true(client != EDGE_IO_ERROR || status != APR_SUCCESS);
    return client;
}

static void try_with(tls_context_t *server, edge_tls_towards_t *towards, edge_io_t wanted, bool verified) {
    fixture_link_t link;
    edge_tls_facts_t facts;
    void *hop = NULL;
    fixture_connect(&link, server, NULL);
    assert_int_equal(tls_hop_transport.open(&hop, link.client_fd, towards), APR_SUCCESS);
    tls_transport_facts(hop, &facts);
    assert_null(facts.version);
    assert_int_equal(shake(&link, hop), wanted);
    tls_transport_facts(hop, &facts);
    assert_int_equal(facts.version != NULL, wanted == EDGE_IO_DONE);
    assert_int_equal(facts.verified, verified);
    tls_hop_transport.close(hop, link.client_fd, true);
    fixture_close(&link);
}

static void right_names(void **state) {
    (void)state;
    edge_tls_towards_t host = {.hop = verifying, .name = "a.test"}, address = {.hop = verifying, .name = "192.0.2.1"};
    try_with(context, &host, EDGE_IO_DONE, true);
    try_with(context, &address, EDGE_IO_DONE, true);
    assert_string_equal(host.why, "");
}

static void wrong_names(void **state) {
    (void)state;
    edge_tls_towards_t host = {.hop = verifying, .name = "b.test"}, address = {.hop = verifying, .name = "192.0.2.2"};
    try_with(context, &host, EDGE_IO_ERROR, false);
    assert_string_equal(host.why, "its certificate is not believed: hostname mismatch");
    try_with(context, &address, EDGE_IO_ERROR, false);
    assert_string_equal(address.why, "its certificate is not believed: IP address mismatch");
}

static void unknown_authority(void **state) {
    (void)state;
    edge_tls_towards_t towards = {.hop = verifying, .name = "a.test"};
    try_with(strange, &towards, EDGE_IO_ERROR, false);
    assert_string_equal(towards.why, "its certificate is not believed: self-signed certificate");
}

/* What is not judged is still looked at, for the log. */
static void not_judged(void **state) {
    (void)state;
    edge_tls_towards_t good = {.hop = trusting, .name = "a.test"}, wrong = {.hop = trusting, .name = "b.test"};
    edge_tls_towards_t nobody = {.hop = trusting};
    try_with(context, &good, EDGE_IO_DONE, true);
    try_with(context, &wrong, EDGE_IO_DONE, false);
    try_with(strange, &good, EDGE_IO_DONE, false);
    try_with(context, &nobody, EDGE_IO_DONE, false);
}

static void both_ways(void **state) {
    (void)state;
    edge_tls_towards_t towards = {.hop = verifying, .name = "a.test"};
    fixture_link_t link;
    edge_tls_facts_t facts;
    void *hop = NULL;
    char in[16], hello[] = "EHLO a\r\n", answer[] = "250 a\r\n";
    size_t moved;
    apr_status_t status;
    fixture_connect(&link, context, NULL);
    assert_int_equal(tls_hop_transport.open(&hop, link.client_fd, &towards), APR_SUCCESS);
    assert_int_equal(shake(&link, hop), EDGE_IO_DONE);
    tls_transport_facts(link.server, &facts);
    assert_string_equal(facts.sni, "a.test");
    assert_int_equal(
        tls_hop_transport.write(hop, link.client_fd, &(struct iovec){hello, sizeof(hello) - 1}, 1, &moved, &status),
        EDGE_IO_DONE);
    assert_int_equal(tls_transport.read(link.server, link.server_fd, in, sizeof(in), &moved, &status), EDGE_IO_DONE);
    assert_memory_equal(in, hello, moved);
    assert_int_equal(tls_transport.write(link.server, link.server_fd, &(struct iovec){answer, sizeof(answer) - 1}, 1,
                                         &moved, &status),
                     EDGE_IO_DONE);
    assert_int_equal(tls_hop_transport.read(hop, link.client_fd, in, sizeof(in), &moved, &status), EDGE_IO_DONE);
    assert_int_equal(moved, sizeof(answer) - 1);
    assert_memory_equal(in, answer, moved);
    assert_int_equal(tls_hop_transport.read(hop, link.client_fd, in, sizeof(in), &moved, &status), EDGE_IO_WANT_READ);
    tls_hop_transport.close(hop, link.client_fd, true);
    assert_int_equal(tls_transport.read(link.server, link.server_fd, in, sizeof(in), &moved, &status), EDGE_IO_END);
    fixture_close(&link);
}

static void no_tls_at_all(void **state) {
    (void)state;
    edge_tls_towards_t towards = {.hop = trusting, .name = "a.test"};
    fixture_link_t link;
    void *hop = NULL;
    apr_status_t status;
    fixture_connect(&link, context, NULL);
    assert_int_equal(tls_hop_transport.open(&hop, link.client_fd, &towards), APR_SUCCESS);
    assert_int_equal(tls_hop_transport.handshake(hop, link.client_fd, &status), EDGE_IO_WANT_READ);
    assert_int_equal(write(link.server_fd, "500 5.5.2 What?\r\n", 17), 17);
    assert_int_equal(tls_hop_transport.handshake(hop, link.client_fd, &status), EDGE_IO_ERROR);
    assert_string_equal(towards.why, "wrong version number");
    tls_hop_transport.close(hop, link.client_fd, false);
    fixture_close(&link);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_names), cmocka_unit_test(wrong_names), cmocka_unit_test(unknown_authority),
        cmocka_unit_test(not_judged),  cmocka_unit_test(both_ways),   cmocka_unit_test(no_tls_at_all),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
