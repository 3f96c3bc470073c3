/* A name server for the tests of this floor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "event/worker_priv.h"

#include "proto/dns_name.h"

#include "../io/name_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

const edge_dns_settings_t name_server_settings = {
    "", EDGE_SECONDS(3), 2, 1000, 0, 100, EDGE_SECONDS(3600),
};

/* Writing */

typedef struct writer {
    uint8_t octets[4096];
    size_t len;
} writer_t;

static void put(writer_t *writer, const void *octets, size_t len) {
    assert_true(writer->len + len <= sizeof(writer->octets));
    memcpy(writer->octets + writer->len, octets, len);
    writer->len += len;
}

static void put_pair(writer_t *writer, unsigned value) {
    uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    put(writer, octets, 2);
}

static void put_name(writer_t *writer, const char *name) {
    while (*name) {
        size_t len = strcspn(name, ".");
        uint8_t size = (uint8_t)len;
        put(writer, &size, 1);
        put(writer, name, len);
        name += len + (name[len] == '.');
    }
    put(writer, "", 1);
}

static void put_data(writer_t *writer, const name_server_row_t *row) {
    uint8_t size, address[16];
    char *rest;
    switch (row->type) {
    case EDGE_DNS_A:
        assert_int_equal(inet_pton(AF_INET, row->data, address), 1);
        put(writer, address, 4);
        break;
    case EDGE_DNS_AAAA:
        assert_int_equal(inet_pton(AF_INET6, row->data, address), 1);
        put(writer, address, 16);
        break;
    case EDGE_DNS_MX:
        put_pair(writer, (unsigned)strtoul(row->data, &rest, 10));
        put_name(writer, strcmp(rest, " .") == 0 ? "" : rest + 1);
        break;
    case EDGE_DNS_TXT:
        size = (uint8_t)strlen(row->data);
        put(writer, &size, 1);
        put(writer, row->data, size);
        break;
    default: put_name(writer, row->data);
    }
}

static void put_row(writer_t *writer, const name_server_row_t *row) {
    put_name(writer, row->name);
    put_pair(writer, row->type);
    put_pair(writer, 1);
    put_pair(writer, row->ttl >> 16);
    put_pair(writer, row->ttl & 0xffff);
    size_t at = writer->len;
    put_pair(writer, 0);
    put_data(writer, row);
    size_t size = writer->len - at - 2;
    writer->octets[at] = (uint8_t)(size >> 8);
    writer->octets[at + 1] = (uint8_t)size;
}

/* A SOA that lets a no be kept for 60 seconds. */
static void put_soa(writer_t *writer) {
    static const uint8_t numbers[20] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 60};
    put_name(writer, "example");
    put_pair(writer, 6);
    put_pair(writer, 1);
    put_pair(writer, 0);
    put_pair(writer, 900);
    put_pair(writer, 2 + sizeof(numbers));
    put(writer, "\0\0", 2);
    put(writer, numbers, sizeof(numbers));
}

/* Answering */

static const name_server_row_t *row_of(const name_server_t *server, const char *name) {
    const name_server_row_t *row = server->rows;
    while (row->name && strcmp(row->name, name) != 0)
        row++;
    return row->name ? row : NULL;
}

static unsigned put_answers(writer_t *writer, const name_server_t *server, const char *name, unsigned type) {
    unsigned count = 0;
    for (unsigned hops = 0; name && hops < 20; hops++) {
        const char *alias = NULL;
        for (const name_server_row_t *row = server->rows; row->name; row++) {
            if (strcmp(row->name, name) != 0 || !row->data || (row->type != type && row->type != NAME_SERVER_CNAME))
                continue;
            put_row(writer, row);
            count++;
            alias = row->type == NAME_SERVER_CNAME ? row->data : NULL;
        }
        name = alias;
    }
    return count;
}

static void set_pair(writer_t *writer, size_t at, unsigned value) {
    writer->octets[at] = (uint8_t)(value >> 8);
    writer->octets[at + 1] = (uint8_t)value;
}

/* The name as the client wrote it, which keeps its case in the question of the answer. */
static size_t read_question(const uint8_t *octets, size_t len, char name[300], unsigned *type) {
    size_t at = 12, put_at = 0;
    while (at < len && octets[at]) {
        if (put_at)
            name[put_at++] = '.';
        memcpy(name + put_at, octets + at + 1, octets[at]);
        put_at += octets[at];
        at += 1u + octets[at];
    }
    name[put_at] = '\0';
    assert_true(at + 5 <= len);
    *type = (unsigned)(octets[at + 1] << 8 | octets[at + 2]);
    return at + 5;
}

/* False: say nothing. */
static bool answer(name_server_t *server, const uint8_t *octets, size_t len, bool by_tcp, writer_t *writer) {
    char name[300];
    unsigned type;
    size_t question = read_question(octets, len, name, &type);
    const name_server_row_t *row = row_of(server, name);
    name_server_trick_t trick = row ? row->trick : NAME_SERVER_HONEST;
    server->asked++;
    server->asked_by_tcp += by_tcp;
    snprintf(server->last, sizeof(server->last), "%s %s", edge_dns_type_name((edge_dns_type_t)type), name);
    if (trick == NAME_SERVER_SILENT)
        return false;
    writer->len = 0;
    put(writer, octets, question);
    set_pair(writer, 2,
             0x8180u | (row ? 0 : 3) | (trick == NAME_SERVER_FAILS ? 2 : 0) | (trick == NAME_SERVER_REFUSES ? 5 : 0));
    for (size_t at = 6; at < 12; at += 2)
        set_pair(writer, at, 0);
    if (trick == NAME_SERVER_WRONG_ID)
        writer->octets[0] ^= 0x55;
    if (trick == NAME_SERVER_WRONG_QUESTION)
        writer->octets[13] ^= 1;
    if (trick == NAME_SERVER_SAYS_BY_TCP && !by_tcp) {
        writer->octets[2] |= 2;
        return true;
    }
    if (trick == NAME_SERVER_GARBAGE) {
        set_pair(writer, 6, 3);
        put(writer, "\xc0\xff\x00\x01\x00", 5);
        return true;
    }
    unsigned answers =
        trick == NAME_SERVER_FAILS || trick == NAME_SERVER_REFUSES ? 0 : put_answers(writer, server, name, type);
    set_pair(writer, 6, answers);
    if (answers == 0 && trick != NAME_SERVER_WITHOUT_SOA) {
        put_soa(writer);
        set_pair(writer, 8, 1);
    }
    return true;
}

static void serve_udp(name_server_t *server) {
    uint8_t octets[2048];
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    ssize_t len;
    writer_t writer;
    while ((len = recvfrom(server->udp, octets, sizeof(octets), MSG_DONTWAIT, (struct sockaddr *)&from, &size)) > 0)
        if (answer(server, octets, (size_t)len, false, &writer))
            assert_int_equal(sendto(server->udp, writer.octets, writer.len, 0, (struct sockaddr *)&from, size),
                             writer.len);
}

static void serve_tcp(name_server_t *server) {
    uint8_t octets[2048], size[2];
    writer_t writer;
    if (server->talking < 0)
        server->talking = accept(server->tcp, NULL, NULL);
    if (server->talking < 0)
        return;
    ssize_t len = recv(server->talking, octets, sizeof(octets), MSG_DONTWAIT);
    if (len == 0) {
        close(server->talking);
        server->talking = -1;
    }
    if (len > 14 && answer(server, octets + 2, (size_t)len - 2, true, &writer)) {
        size[0] = (uint8_t)(writer.len >> 8);
        size[1] = (uint8_t)writer.len;
        assert_int_equal(send(server->talking, size, 2, 0), 2);
        assert_int_equal(send(server->talking, writer.octets, writer.len, 0), writer.len);
    }
}

void name_server_serve(name_server_t *server) {
    serve_udp(server);
    serve_tcp(server);
}

/* The port that is free for one is not always free for the other. */
static bool open_pair(name_server_t *server) {
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(local);
    server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->udp, (struct sockaddr *)&local, size), 0);
    assert_int_equal(getsockname(server->udp, (struct sockaddr *)&local, &size), 0);
    server->port = ntohs(local.sin_port);
    if (bind(server->tcp, (struct sockaddr *)&local, size) == 0 && listen(server->tcp, 8) == 0)
        return true;
    close(server->udp);
    close(server->tcp);
    return false;
}

void name_server_open(name_server_t *server, const name_server_row_t *rows) {
    unsigned tries = 0;
    memset(server, 0, sizeof(*server));
    server->rows = rows;
    server->talking = -1;
    while (!open_pair(server))
        assert_true(++tries < 100);
}

void name_server_close(name_server_t *server) {
    close(server->udp);
    close(server->tcp);
    if (server->talking >= 0)
        close(server->talking);
}

/* The worker */

edge_worker_t *name_server_worker(const name_server_t *server, edge_dns_settings_t settings) {
    char servers[40];
    edge_worker_t *worker;
    snprintf(servers, sizeof(servers), "127.0.0.1:%u", server->port);
    settings.servers = servers;
    assert_int_equal(edge_dns_start(&settings), APR_SUCCESS);
    assert_int_equal(edge_worker_make(0, &worker), APR_SUCCESS);
    assert_int_equal(edge_dns_worker_start(worker), APR_SUCCESS);
    return worker;
}

void name_server_worker_end(edge_worker_t *worker) {
    edge_dns_worker_stop(worker);
    edge_worker_destroy(worker);
    edge_dns_stop();
}

void name_server_until(name_server_t *server, edge_worker_t *worker, const unsigned *counter, unsigned wanted) {
    edge_mono_t until = edge_clock_read().mono + EDGE_SECONDS(10);
    while (*counter < wanted && edge_clock_read().mono < until) {
        name_server_serve(server);
        edge_loop_turn(worker, 2000);
    }
    assert_int_equal(*counter, wanted);
}
