/* The transport between a server's end and OpenSSL as a client, in one process. */
#include "tls_fixture.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static tls_context_t *context;
static SSL_CTX *clients[2]; /* TLS 1.2, TLS 1.3 */
static const int versions[2] = {TLS1_2_VERSION, TLS1_3_VERSION};

static int set_up(void **state) {
    if (fixture_set_up(state))
        return 1;
    fixture_certify(
        &(fixture_certificate_t){.name = "a", .subject = "a.test", .sans = "DNS:a.test", .kind = TLS_ECDSA});
    context = fixture_context("default", fixture_conf("a"));
    for (unsigned i = 0; i < 2; i++)
        clients[i] = fixture_client(versions[i]);
    return 0;
}

static int tear_down(void **state) {
    for (unsigned i = 0; i < 2; i++)
        SSL_CTX_free(clients[i]);
    fixture_forget(context);
    return fixture_tear_down(state);
}

static edge_io_t read_some(fixture_link_t *link, char *into, size_t size, size_t *moved) {
    *moved = 0;
    return tls_transport.read(link->server, link->server_fd, into, size, moved, &link->status);
}

static void both_ways(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        fixture_link_t link;
        edge_tls_facts_t facts;
        char one;
        size_t moved;
        fixture_connect(&link, context, clients[i]);
        tls_transport_facts(link.server, &facts);
        assert_null(facts.version);
        SSL_set_tlsext_host_name(link.client, "a.test");
        assert_true(fixture_shake(&link));
        assert_int_equal(read_some(&link, &one, 1, &moved), EDGE_IO_WANT_READ);
        fixture_say(&link, "EHLO a\r\n");
        fixture_answer(&link, "250 Hello a\r\n");
        tls_transport_facts(link.server, &facts);
        assert_string_equal(facts.version, i ? "TLSv1.3" : "TLSv1.2");
        assert_string_equal(facts.cipher, SSL_get_cipher_name(link.client));
        assert_string_equal(facts.sni, "a.test");
        assert_null(facts.client_subject);
        assert_null(facts.client_name);
        assert_false(facts.resumed);
        fixture_close(&link);
    }
}

static void no_state_no_facts(void **state) {
    (void)state;
    edge_tls_facts_t facts = {.version = "x"};
    uint8_t binding[EDGE_TLS_EXPORTER_SIZE];
    tls_transport_facts(NULL, &facts);
    assert_null(facts.version);
    assert_false(tls_transport_exporter(NULL, binding));
}

/* Bytes that depend on their place. */
static char octet_at(size_t at) { return (char)(at * 7 + at / 251); }

static void check_octets(const char *bytes, size_t len, size_t from) {
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != octet_at(from + i))
            fail_msg("octet %zu is wrong", from + i);
}

#define MUCH ((size_t)1024 * 1024)

/* The client writes as much as goes, the server reads into pieces of odd sizes. */
static void large_input(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        static char out[MUCH], in[65536];
        fixture_link_t link;
        size_t sent = 0, got = 0, moved, size = 1;
        for (size_t k = 0; k < MUCH; k++)
            out[k] = octet_at(k);
        fixture_connect(&link, context, clients[i]);
        assert_true(fixture_shake(&link));
        SSL_set_mode(link.client, SSL_MODE_ENABLE_PARTIAL_WRITE);
        while (got < MUCH) {
            int put = sent < MUCH ? SSL_write(link.client, out + sent, (int)(MUCH - sent)) : 0;
            sent += put > 0 ? (size_t)put : 0;
            while (read_some(&link, in, size, &moved) == EDGE_IO_DONE) {
                check_octets(in, moved, got);
                got += moved;
                size = size * 3 % sizeof(in) + 1;
            }
        }
        assert_int_equal(got, MUCH);
        assert_false(tls_transport.pending(link.server));
        fixture_close(&link);
    }
}

/* What is inside the transport is told, since no event will tell it. */
static void hidden_input(void **state) {
    (void)state;
    char in[8];
    size_t moved;
    fixture_link_t link;
    fixture_connect(&link, context, clients[1]);
    assert_true(fixture_shake(&link));
    SSL_write(link.client, "0123456789", 10);
    SSL_write(link.client, "abc", 3);
    assert_int_equal(read_some(&link, in, 4, &moved), EDGE_IO_DONE);
    assert_int_equal(moved, 4);
    assert_true(tls_transport.pending(link.server));
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_DONE);
    assert_int_equal(moved, 8);
    assert_memory_equal(in, "456789ab", 8);
    assert_true(tls_transport.pending(link.server));
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_DONE);
    assert_int_equal(moved, 1);
    assert_false(tls_transport.pending(link.server));
    fixture_close(&link);
}

/* Small pieces share a record; the socket takes little at a time, and what is left is given again with more behind it. */
static void write_pieces(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        static char out[MUCH], in[16384];
        fixture_link_t link;
        size_t sent = 0, got = 0, known = 1000;
        int small = 4096, stops = 0;
        for (size_t k = 0; k < MUCH; k++)
            out[k] = octet_at(k);
        fixture_connect(&link, context, clients[i]);
        assert_true(fixture_shake(&link));
        setsockopt(link.server_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        while (got < MUCH) {
            struct iovec from[5];
            int count = 0;
            size_t at = sent, moved = 0;
            for (size_t piece = 1; count < 5 && at < known; piece *= 37, count++) {
                size_t len = piece < known - at ? piece : known - at;
                from[count] = (struct iovec){out + at, len};
                at += len;
            }
            edge_io_t io = EDGE_IO_WANT_WRITE;
            if (count > 0)
                io = tls_transport.write(link.server, link.server_fd, from, count, &moved, &link.status);
            assert_true(io == EDGE_IO_DONE || io == EDGE_IO_WANT_WRITE);
            sent += moved;
            known = known + 5000 < MUCH ? known + 5000 : MUCH;
            if (io == EDGE_IO_WANT_WRITE || moved < at - (sent - moved)) {
                int len;
                stops++;
                while ((len = SSL_read(link.client, in, sizeof(in))) > 0) {
                    check_octets(in, (size_t)len, got);
                    got += (size_t)len;
                }
                ERR_clear_error();
            }
        }
        assert_true(stops > 10);
        fixture_close(&link);
    }
}

static void small_pieces_share_a_record(void **state) {
    (void)state;
    char in[64];
    fixture_link_t link;
    char text[] = "250-a\r\n250-b\r\n250 c\r\n";
    struct iovec from[] = {{text, 7}, {text, 0}, {text + 7, 7}, {text + 14, 7}};
    size_t moved = 0;
    fixture_connect(&link, context, clients[1]);
    assert_true(fixture_shake(&link));
    assert_int_equal(tls_transport.write(link.server, link.server_fd, from, 4, &moved, &link.status), EDGE_IO_DONE);
    assert_int_equal(moved, 21);
    assert_int_equal(SSL_read(link.client, in, sizeof(in)), 21); /* SSL_read gives one record at most */
    assert_memory_equal(in, "250-a\r\n250-b\r\n250 c\r\n", 21);
    fixture_close(&link);
}

/* Endings */

static void said_end(void **state) {
    (void)state;
    char in[8];
    size_t moved;
    fixture_link_t link;
    fixture_connect(&link, context, clients[1]);
    assert_true(fixture_shake(&link));
    SSL_write(link.client, "QUIT", 4);
    SSL_shutdown(link.client);
    /* The end comes behind the bytes, though no event will tell of it. */
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_DONE);
    assert_int_equal(moved, 4);
    assert_true(tls_transport.pending(link.server));
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_END);
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_END);
    fixture_answer(&link, "221 Bye\r\n");
    tls_transport.close(link.server, link.server_fd, true);
    link.server = NULL;
    assert_int_equal(SSL_read(link.client, in, 8), 0);
    assert_int_equal(SSL_get_error(link.client, 0), SSL_ERROR_ZERO_RETURN); /* our close_notify */
    fixture_close(&link);
}

static void unsaid_end(void **state) {
    (void)state;
    char in[8];
    size_t moved;
    fixture_link_t link;
    fixture_connect(&link, context, clients[1]);
    assert_true(fixture_shake(&link));
    shutdown(link.client_fd, SHUT_WR);
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_END);
    fixture_answer(&link, "421 Bye\r\n"); /* it may still be listening */
    fixture_close(&link);
}

static void gone(void **state) {
    (void)state;
    char text[] = "250 x\r\n";
    struct iovec from = {text, 7};
    size_t moved = 0;
    fixture_link_t link;
    fixture_connect(&link, context, clients[1]);
    assert_true(fixture_shake(&link));
    close(link.client_fd);
    link.client_fd = -1;
    assert_int_equal(tls_transport.write(link.server, link.server_fd, &from, 1, &moved, &link.status), EDGE_IO_ERROR);
    assert_int_equal(link.status, APR_FROM_OS_ERROR(EPIPE));
    fixture_close(&link);
}

static void broken_record(void **state) {
    (void)state;
    char in[8];
    size_t moved;
    fixture_link_t link;
    fixture_connect(&link, context, clients[1]);
    assert_true(fixture_shake(&link));
    assert_int_equal(write(link.client_fd,
                           "\x17\x03\x03\x00\x20"
                           "0123456789abcdef0123456789abcdef",
                           37),
                     37);
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_ERROR);
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_ERROR);
    fixture_close(&link);
}

/* Hellos that are none */

static void garbage(void **state) {
    (void)state;
    const char *const all[] = {"EHLO a.test\r\nMAIL FROM:<a@b>\r\n", "GET / HTTP/1.0\r\n\r\n",
                               "\x16\x03\x01\xff\xff\x01\x01\x01", "\x16\x03\x01\x01\x05zzzzzzzzzzzzz",
                               "\x80\x2e\x01\x03\x01 an old hello, of SSL 2, and then something else"};
    for (unsigned i = 0; i < EDGE_COUNT(all); i++) {
        fixture_link_t link;
        char alert[64];
        fixture_connect(&link, context, NULL);
        assert_int_equal(write(link.client_fd, all[i], strlen(all[i])), strlen(all[i]));
        shutdown(link.client_fd, SHUT_WR);
        assert_int_equal(tls_transport.handshake(link.server, link.server_fd, &link.status), EDGE_IO_ERROR);
        assert_true(read(link.client_fd, alert, sizeof(alert)) >= 0); /* an alert or an end, never a reset */
        fixture_close(&link);
    }
}

static size_t first_flight(SSL_CTX *client, char *hello, size_t size) {
    fixture_link_t link;
    fixture_connect(&link, context, client);
    assert_int_equal(SSL_do_handshake(link.client), -1);
    ssize_t len = read(link.server_fd, hello, size);
    assert_true(len > 100);
    fixture_close(&link);
    return (size_t)len;
}

static void hello_cut_everywhere(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        char hello[2048];
        size_t len = first_flight(clients[i], hello, sizeof(hello));
        for (size_t cut = 0; cut < len; cut++) {
            fixture_link_t link;
            fixture_connect(&link, context, NULL);
            if (cut > 0)
                assert_int_equal(write(link.client_fd, hello, cut), cut);
            assert_int_equal(tls_transport.handshake(link.server, link.server_fd, &link.status), EDGE_IO_WANT_READ);
            shutdown(link.client_fd, SHUT_WR);
            assert_int_equal(tls_transport.handshake(link.server, link.server_fd, &link.status), EDGE_IO_ERROR);
            fixture_close(&link);
        }
    }
}

/* Every byte of the client comes alone. */
static void dripped(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        fixture_link_t link;
        char bytes[4096];
        BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
        fixture_connect(&link, context, clients[i]);
        BIO_set_mem_eof_return(in, -1);
        SSL_set_bio(link.client, in, out);
        for (unsigned turn = 0; turn < 10 && !(link.server_done && SSL_is_init_finished(link.client)); turn++) {
            SSL_do_handshake(link.client);
            ERR_clear_error();
            int len = BIO_read(out, bytes, sizeof(bytes));
            for (int k = 0; k < len; k++) {
                assert_int_equal(write(link.client_fd, bytes + k, 1), 1);
                if (!link.server_done)
                    link.server_done =
                        tls_transport.handshake(link.server, link.server_fd, &link.status) == EDGE_IO_DONE;
            }
            ssize_t got = read(link.client_fd, bytes, sizeof(bytes));
            if (got > 0)
                BIO_write(in, bytes, (int)got);
        }
        assert_true(link.server_done);
        fixture_close(&link);
    }
}

static void closed_halfway(void **state) {
    (void)state;
    fixture_link_t link;
    fixture_connect(&link, context, clients[1]);
    SSL_do_handshake(link.client);
    ERR_clear_error();
    assert_int_equal(tls_transport.handshake(link.server, link.server_fd, &link.status), EDGE_IO_WANT_READ);
    fixture_close(&link); /* as when its time is over */
}

static void old_versions(void **state) {
    (void)state;
    const int old[] = {TLS1_VERSION, TLS1_1_VERSION};
    for (unsigned i = 0; i < 2; i++) {
        fixture_link_t link;
        SSL_CTX *client = fixture_client(old[i]);
        SSL_CTX_set_security_level(client, 0);
        SSL_CTX_set_cipher_list(client, "ALL:@SECLEVEL=0");
        fixture_connect(&link, context, client);
        assert_false(fixture_shake(&link));
        assert_int_equal(link.server_io, EDGE_IO_ERROR);
        fixture_close(&link);
        SSL_CTX_free(client);
    }
}

static void only_the_newest(void **state) {
    (void)state;
    tls_conf_t *conf = fixture_conf("a");
    conf->min_version = 1;
    tls_context_t *newest = fixture_context("newest", conf);
    for (unsigned i = 0; i < 2; i++) {
        fixture_link_t link;
        fixture_connect(&link, newest, clients[i]);
        assert_int_equal(fixture_shake(&link), i == 1);
        fixture_close(&link);
    }
    fixture_forget(newest);
}

static void weak_ciphers(void **state) {
    (void)state;
    const char *const weak[] = {"AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
                                "AES256-GCM-SHA384"};
    for (unsigned i = 0; i < EDGE_COUNT(weak); i++) {
        fixture_link_t link;
        SSL_CTX *client = fixture_client(TLS1_2_VERSION);
        assert_int_equal(SSL_CTX_set_cipher_list(client, weak[i]), 1);
        fixture_connect(&link, context, client);
        assert_false(fixture_shake(&link));
        fixture_close(&link);
        SSL_CTX_free(client);
    }
}

/* Ours is the order, but for clients that want ChaCha20. */
static void order_of_ciphers(void **state) {
    (void)state;
    static const struct {
        const char *wanted, *got;
    } all[] = {{"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
               {"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"},
               {"TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"}};
    for (unsigned i = 0; i < EDGE_COUNT(all); i++) {
        fixture_link_t link;
        SSL_CTX *client = fixture_client(TLS1_3_VERSION);
        SSL_CTX_set_ciphersuites(client, all[i].wanted);
        fixture_connect(&link, context, client);
        assert_true(fixture_shake(&link));
        assert_string_equal(SSL_get_cipher_name(link.client), all[i].got);
        fixture_close(&link);
        SSL_CTX_free(client);
    }
}

static void no_renegotiation(void **state) {
    (void)state;
    char in[8];
    size_t moved;
    fixture_link_t link;
    fixture_connect(&link, context, clients[0]);
    assert_true(fixture_shake(&link));
    assert_int_equal(SSL_renegotiate(link.client), 1);
    assert_int_equal(SSL_do_handshake(link.client), -1);
    assert_int_equal(read_some(&link, in, 8, &moved), EDGE_IO_WANT_READ); /* refused, and no harm done */
    assert_int_equal(SSL_num_renegotiations(fixture_state(&link)->ssl), 0);
    assert_true(SSL_is_init_finished(fixture_state(&link)->ssl));
    ERR_clear_error();
    assert_int_equal(SSL_do_handshake(link.client), -1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    fixture_close(&link);
}

/* A key update inside a read needs a write: that is settled in here. */
static void key_update(void **state) {
    (void)state;
    fixture_link_t link;
    fixture_connect(&link, context, clients[1]);
    assert_true(fixture_shake(&link));
    fixture_say(&link, "one");
    assert_int_equal(SSL_key_update(link.client, SSL_KEY_UPDATE_REQUESTED), 1);
    fixture_say(&link, "two");
    fixture_answer(&link, "three");
    fixture_say(&link, "four");
    fixture_close(&link);
}

/* Updates without end: a read comes back after what it has found at once, and what follows is not lost. */
static void key_update_flood(void **state) {
    (void)state;
    fixture_link_t link;
    char in[8], *flood;
    size_t moved = 0;
    unsigned reads = 0;
    edge_io_t io = EDGE_IO_WANT_READ;
    fixture_connect(&link, context, clients[1]);
    assert_true(fixture_shake(&link));
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set0_wbio(link.client, out);
    for (unsigned i = 0; i < 2000; i++) {
        assert_int_equal(SSL_key_update(link.client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(link.client), 1);
    }
    assert_int_equal(SSL_write(link.client, "QUIT", 4), 4);
    long len = BIO_get_mem_data(out, &flood);
    assert_true(len > 40000); /* more than one read takes from the socket */
    assert_int_equal(write(link.client_fd, flood, (size_t)len), len);
    for (; io == EDGE_IO_WANT_READ && reads < 100; reads++)
        io = read_some(&link, in, sizeof(in), &moved);
    assert_int_equal(io, EDGE_IO_DONE);
    assert_int_equal(moved, 4);
    assert_true(reads > 1);
    fixture_close(&link);
}

static void channel_binding(void **state) {
    (void)state;
    uint8_t ours[EDGE_TLS_EXPORTER_SIZE], theirs[EDGE_TLS_EXPORTER_SIZE], others[EDGE_TLS_EXPORTER_SIZE];
    fixture_link_t link, other;
    fixture_connect(&link, context, clients[1]);
    fixture_connect(&other, context, clients[1]);
    assert_false(tls_transport_exporter(link.server, ours));
    assert_true(fixture_shake(&link));
    assert_true(fixture_shake(&other));
    assert_true(tls_transport_exporter(link.server, ours));
    assert_true(tls_transport_exporter(other.server, others));
    assert_int_equal(SSL_export_keying_material(link.client, theirs, sizeof(theirs), "EXPORTER-Channel-Binding", 24,
                                                (const unsigned char *)"", 0, 1),
                     1);
    assert_memory_equal(ours, theirs, sizeof(ours));
    assert_memory_not_equal(ours, others, sizeof(ours));
    fixture_close(&link);
    fixture_close(&other);
    fixture_connect(&link, context, clients[0]);
    assert_true(fixture_shake(&link));
    assert_false(tls_transport_exporter(link.server, ours));
    fixture_close(&link);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(no_state_no_facts),
        cmocka_unit_test(large_input),
        cmocka_unit_test(hidden_input),
        cmocka_unit_test(write_pieces),
        cmocka_unit_test(small_pieces_share_a_record),
        cmocka_unit_test(said_end),
        cmocka_unit_test(unsaid_end),
        cmocka_unit_test(gone),
        cmocka_unit_test(broken_record),
        cmocka_unit_test(garbage),
        cmocka_unit_test(hello_cut_everywhere),
        cmocka_unit_test(dripped),
        cmocka_unit_test(closed_halfway),
        cmocka_unit_test(old_versions),
        cmocka_unit_test(only_the_newest),
        cmocka_unit_test(weak_ciphers),
        cmocka_unit_test(order_of_ciphers),
        cmocka_unit_test(no_renegotiation),
        cmocka_unit_test(key_update),
        cmocka_unit_test(key_update_flood),
        cmocka_unit_test(channel_binding),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
