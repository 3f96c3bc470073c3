/* Tests of server/io/conn.c and conn_flow.c, on a worker that turns when told. */
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
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static edge_worker_t *worker;

/* A handler that writes down what it is told, eats whole lines and answers each with its upper case self. */
typedef struct script {
    edge_conn_t *conn;
    int peer;
    bool eat_all, pause_on_input, close_on_line, close_on_end, take_tls;
    unsigned opened, inputs, ended, timeouts, drained, closed;
    size_t answer_size; /* of each line, 0 = the line itself */
    size_t seen, eaten;
    char last[200];
    edge_close_reason_t reason;
} script_t;

static const edge_transport_t *next_transport;

static void on_opened(edge_conn_t *conn) {
    script_t *script = edge_conn_owner(conn);
    assert_int_equal(script->closed, 0);
    script->opened++;
    edge_conn_write(conn, edge_span_of("hello\n"));
}

static void answer(script_t *script, edge_span_t line) {
    static char text[300000];
    if (script->answer_size == 0) {
        edge_conn_write(script->conn, line);
        return;
    }
    memset(text, 'a', script->answer_size);
    edge_conn_write(script->conn, edge_span(text, script->answer_size));
}

static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    script_t *script = edge_conn_owner(conn);
    assert_int_equal(script->closed, 0);
    assert_int_equal(edge_conn_unread(conn), bytes.len);
    script->inputs++;
    script->seen = bytes.len;
    size_t keep = bytes.len < sizeof script->last - 1 ? bytes.len : sizeof script->last - 1;
    memcpy(script->last, bytes.at, keep);
    script->last[keep] = '\0';
    if (script->pause_on_input) {
        edge_conn_pause(conn);
        return 0;
    }
    const char *end = memchr(bytes.at, '\n', bytes.len);
    size_t eaten = script->eat_all ? bytes.len : end == NULL ? 0 : (size_t)(end + 1 - bytes.at);
    if (eaten > 0 && !script->eat_all) {
        answer(script, edge_span(bytes.at, eaten));
        if (script->close_on_line) {
            edge_conn_close(conn, EDGE_CLOSE_QUIT);
            edge_conn_close(conn, EDGE_CLOSE_INTERNAL);
            edge_conn_write(conn, edge_span_of("not any more"));
        }
        if (script->take_tls) {
            edge_conn_set_transport(conn, next_transport, "settings");
        }
    }
    script->eaten += eaten;
    return eaten;
}

static void on_ended(edge_conn_t *conn) {
    script_t *script = edge_conn_owner(conn);
    script->ended++;
    edge_conn_write(conn, edge_span_of("bye\n"));
    if (script->close_on_end) {
        edge_conn_close(conn, EDGE_CLOSE_PEER_CLOSED);
    }
}
static void on_timeout(edge_conn_t *conn) { ((script_t *)edge_conn_owner(conn))->timeouts++; }
static void on_drained(edge_conn_t *conn) { ((script_t *)edge_conn_owner(conn))->drained++; }
static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    script_t *script = edge_conn_owner(conn);
    script->closed++;
    script->reason = reason;
    edge_conn_write(conn, edge_span_of("too late"));
    edge_conn_close(conn, EDGE_CLOSE_INTERNAL);
}

static const edge_conn_handler_t handler = {
    .opened = on_opened,
    .input = on_input,
    .ended = on_ended,
    .timeout = on_timeout,
    .drained = on_drained,
    .closed = on_closed,
};

static const edge_transport_t *first_transport;

static void accepted(edge_conn_t *conn, void *listener) {
    script_t *script = listener;
    script->conn = conn;
    edge_conn_set_handler(conn, &handler, script);
    if (first_transport != NULL) {
        edge_conn_set_transport(conn, first_transport, "settings");
    }
}

static void turn(void) { edge_loop_turn(worker, 0); }
static void turns(int count) {
    while (count-- > 0) {
        turn();
    }
}

static void begin(script_t *script, int fd) {
    edge_conn_listener_t listener = {script, accepted};
    edge_conn_accept(worker, fd, &listener);
}

static void open_pair(script_t *script) {
    int pair[2];
    memset(script, 0, sizeof *script);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    script->peer = pair[1];
    begin(script, pair[0]);
}

static void open_tcp(script_t *script) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    memset(script, 0, sizeof *script);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &len), 0);
    script->peer = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(script->peer, (struct sockaddr *)&address, sizeof address), 0);
    begin(script, accept4(listening, NULL, NULL, SOCK_NONBLOCK));
    close(listening);
}

static void say(script_t *script, const char *text) {
    assert_int_equal(write(script->peer, text, strlen(text)), strlen(text));
}

static char heard[400000];
/* What has come so far, up to the end of input (returns true) or until nothing is there. */
static bool hear(script_t *script) {
    size_t len = 0;
    ssize_t got;
    while ((got = recv(script->peer, heard + len, sizeof heard - 1 - len, MSG_DONTWAIT)) > 0) {
        len += (size_t)got;
    }
    heard[len] = '\0';
    return got == 0;
}

static void close_peer(script_t *script) {
    script->close_on_end = true;
    shutdown(script->peer, SHUT_WR);
    while (script->closed == 0) {
        turn();
    }
    assert_int_equal(script->reason, EDGE_CLOSE_PEER_CLOSED);
    close(script->peer);
    assert_int_equal(script->closed, 1);
}

static void lines_come_and_answers_go(void **state) {
    script_t script;
    (void)state;
    static const edge_counter_row_t row = {"octets_total", EDGE_COUNTER_TOTAL, "A test."};
    static const char *const ways[] = {"way=\"in\"", "way=\"out\""};
    unsigned slot;
    assert_int_equal(edge_counter_register_series("test", &row, ways, 2, &slot), APR_SUCCESS);
    open_pair(&script);
    edge_conn_count_bytes(script.conn, slot + 1, slot + 2);
    assert_int_equal(script.opened, 1);
    hear(&script);
    assert_string_equal(heard, "hello\n");
    say(&script, "one\n");
    turn();
    hear(&script);
    assert_string_equal(heard, "one\n");
    edge_conn_bytes_t bytes = edge_conn_bytes(script.conn);
    assert_true(bytes.in == 4 && bytes.out == 10);
    assert_int_equal(edge_counter_sum(slot), 4);
    assert_int_equal(edge_counter_sum(slot + 1), 4); /* the hello went before */
    close_peer(&script);
    assert_int_equal(edge_conn_count(worker), 0);
}

static void an_idle_connection_holds_no_buffer(void **state) {
    script_t script;
    (void)state;
    assert_true(sizeof(edge_conn_t) <= 448);
    open_pair(&script);
    say(&script, "one\ntwo\n");
    turn();
    assert_null(script.conn->in.block);
    assert_null(script.conn->out.block);
    say(&script, "thr");
    turn();
    assert_int_equal(script.conn->in.size, EDGE_BUF_BLOCK_LEAST); /* and a partial line a small one */
    close_peer(&script);
}

static void what_is_not_eaten_is_shown_again(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    hear(&script);
    for (const char *at = "first line\nsecond"; *at != '\0'; at++) { /* a byte at a time */
        assert_int_equal(write(script.peer, at, 1), 1);
        turn();
    }
    hear(&script);
    assert_string_equal(heard, "first line\n");
    assert_string_equal(script.last, "second");
    assert_int_equal(edge_conn_unread(script.conn), 6);
    say(&script, " line\nthird");
    turn();
    hear(&script);
    assert_string_equal(heard, "second line\n");
    assert_string_equal(script.last, "third");
    close_peer(&script);
}

/* Lines much longer than what is copied around, in odd pieces. */
static void long_input_in_pieces(void **state) {
    static char line[50001];
    script_t script;
    (void)state;
    open_pair(&script);
    hear(&script);
    for (size_t i = 0; i < sizeof line - 1; i++) {
        line[i] = (char)('a' + i % 26);
    }
    line[sizeof line - 2] = '\n';
    for (size_t at = 0; at < sizeof line - 1;) {
        size_t some = 1 + at % 3333;
        some = some < sizeof line - 1 - at ? some : sizeof line - 1 - at;
        assert_int_equal(write(script.peer, line + at, some), some);
        at += some;
        turn();
    }
    hear(&script);
    assert_string_equal(heard, line);
    assert_null(script.conn->in.block);
    close_peer(&script);
}

static unsigned plain_writes, plain_reads;
static edge_io_t counted_read(void *state, int fd, char *into, size_t size, size_t *moved, apr_status_t *status) {
    plain_reads++;
    return edge_transport_plain.read(state, fd, into, size, moved, status);
}
static edge_io_t counted_write(void *state, int fd, const struct iovec *from, int count, size_t *moved,
                               apr_status_t *status) {
    plain_writes++;
    return edge_transport_plain.write(state, fd, from, count, moved, status);
}
static void counted_close(void *state, int fd, bool orderly) { (void)state, (void)fd, (void)orderly; }
static const edge_transport_t counted = {
    .name = "counted", .read = counted_read, .write = counted_write, .close = counted_close};

static void a_pipelined_group_costs_one_read_and_one_write(void **state) {
    script_t script;
    (void)state;
    first_transport = &counted;
    open_pair(&script);
    hear(&script);
    plain_reads = plain_writes = 0;
    say(&script, "a\nb\nc\nd\n");
    turns(3);
    hear(&script);
    assert_string_equal(heard, "a\nb\nc\nd\n");
    assert_int_equal(script.inputs, 4);
    assert_int_equal(plain_reads, 1);
    assert_int_equal(plain_writes, 1);
    close_peer(&script);
}

static void a_peer_that_does_not_read_is_not_read(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    script.answer_size = 300000;
    say(&script, "a\nb\n");
    turns(5);
    assert_int_equal(script.inputs, 1); /* the second line waits */
    assert_int_equal(edge_conn_unread(script.conn), 2);
    assert_true(edge_conn_unsent(script.conn) > EDGE_CONN_OUTPUT_MOST);
    say(&script, "c\n");
    turns(5);
    assert_int_equal(script.inputs, 1);
    assert_int_equal(edge_conn_unread(script.conn), 2);
    assert_true((script.conn->watch.poll.reqevents & APR_POLLIN) == 0); /* or the loop would spin */
    size_t total = 0;
    for (int i = 0; i < 1000 && total < 6 + 3 * 300000; i++) {
        hear(&script);
        total += strlen(heard);
        turn();
    }
    assert_int_equal(total, 6 + 3 * 300000);
    assert_int_equal(script.inputs, 3);
    assert_true(script.drained > 0);
    assert_int_equal(edge_conn_unsent(script.conn), 0);
    close_peer(&script);
}

static void paused_input_waits(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    hear(&script);
    script.pause_on_input = true;
    say(&script, "one\n");
    turn();
    assert_int_equal(script.inputs, 1);
    assert_true((script.conn->watch.poll.reqevents & APR_POLLIN) != 0); /* most pauses are short */
    say(&script, "two\n");
    turns(3);
    assert_int_equal(script.inputs, 1);
    assert_int_equal(script.conn->watch.poll.reqevents, 0);
    script.pause_on_input = false;
    edge_conn_pause(script.conn);
    edge_conn_resume(script.conn);
    turn();
    assert_int_equal(script.inputs, 1); /* each pause needs its resume */
    edge_conn_resume(script.conn);
    assert_int_equal(script.inputs, 1); /* posted, not called from here */
    turn();
    hear(&script);
    assert_string_equal(heard, "one\ntwo\n");
    assert_true((script.conn->watch.poll.reqevents & APR_POLLIN) != 0);
    close_peer(&script);
}

static void the_most_is_kept_and_goes_on(void **state) {
    static char lines[EDGE_CONN_INPUT_MOST + 1000];
    script_t script;
    (void)state;
    open_pair(&script);
    memset(lines, '\n', sizeof lines);
    script.pause_on_input = true;
    for (size_t at = 0; at < sizeof lines;) {
        ssize_t put = write(script.peer, lines + at, sizeof lines - at);
        at += put > 0 ? (size_t)put : 0;
        if (at == 1000) {
            turn();
        }
        if (put < 0) {
            turn();
        }
        if (at >= 1000 && script.inputs == 1 && script.conn->pauses == 1) {
            edge_conn_resume(script.conn); /* the next input pauses again, with more kept */
        }
    }
    for (int i = 0; i < 50 && edge_conn_unread(script.conn) < EDGE_CONN_INPUT_MOST; i++) {
        if (script.conn->pauses > 0) {
            edge_conn_resume(script.conn);
        }
        turn();
    }
    assert_int_equal(edge_conn_unread(script.conn), EDGE_CONN_INPUT_MOST);
    script.pause_on_input = false;
    script.eat_all = true;
    while (script.conn->pauses > 0) {
        edge_conn_resume(script.conn);
    }
    /* An event that comes before the posted chore finds no room to read into. */
    edge_conn_ready(&script.conn->watch, worker, APR_POLLIN);
    turns(3);
    assert_int_equal(script.eaten, sizeof lines);
    assert_int_equal(script.ended, 0);
    close_peer(&script);
}

static void the_deadline_is_told(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    edge_conn_deadline(script.conn, edge_worker_clock(worker).mono + EDGE_SECONDS(100));
    turn();
    assert_int_equal(script.timeouts, 0);
    edge_conn_deadline(script.conn, 1);
    edge_conn_deadline(script.conn, 0);
    turn();
    assert_int_equal(script.timeouts, 0);
    edge_conn_pause(script.conn);
    edge_conn_deadline(script.conn, 1);
    turn();
    assert_int_equal(script.timeouts, 1); /* it goes on while paused, and comes once */
    turn();
    assert_int_equal(script.timeouts, 1);
    edge_conn_resume(script.conn);
    close_peer(&script);
}

static void close_writes_the_rest_first(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    script.close_on_line = true;
    script.answer_size = 290000;
    say(&script, "quit\nmore\n");
    turn();
    assert_int_equal(script.closed, 0); /* the peer has not read yet */
    size_t total = 0;
    for (int i = 0; i < 1000; i++) {
        bool end = hear(&script);
        total += strlen(heard);
        if (end) {
            break;
        }
        turn();
    }
    assert_int_equal(total, 6 + 290000);
    assert_int_equal(script.inputs, 1);
    assert_int_equal(script.closed, 0); /* lingers for the peer's end */
    close(script.peer);
    turn();
    assert_int_equal(script.closed, 1);
    assert_int_equal(script.reason, EDGE_CLOSE_QUIT); /* the first reason */
}

static void the_last_reply_survives_unread_input(void **state) {
    static char junk[200000];
    script_t script;
    (void)state;
    open_tcp(&script);
    script.close_on_line = true;
    say(&script, "quit\n");
    assert_true(send(script.peer, junk, sizeof junk, MSG_DONTWAIT) > 0);
    while (!hear(&script)) {
        turn();
    }
    assert_string_equal(heard + strlen(heard) - 5, "quit\n");
    assert_true(send(script.peer, junk, 1000, MSG_DONTWAIT | MSG_NOSIGNAL) > 0);
    turns(3);
    close(script.peer);
    while (script.closed == 0) {
        turn();
    }
}

static void lingering_has_an_end(void **state) {
    static char junk[65536];
    script_t script;
    (void)state;
    open_pair(&script);
    edge_conn_close(script.conn, EDGE_CLOSE_DRAIN);
    assert_int_equal(script.closed, 0); /* never from inside this call */
    turn();
    assert_int_equal(script.conn->state, EDGE_CONN_LINGER);
    edge_timer_set(worker, &script.conn->deadline, 1); /* as if its time were over */
    turn();
    assert_int_equal(script.closed, 1);
    assert_int_equal(script.reason, EDGE_CLOSE_DRAIN);
    close(script.peer);

    open_pair(&script);
    edge_conn_close(script.conn, EDGE_CLOSE_DRAIN);
    turn();
    for (int i = 0; i < 1000 && script.closed == 0; i++) { /* a peer that never stops */
        assert_true(send(script.peer, junk, sizeof junk, MSG_NOSIGNAL | MSG_DONTWAIT) != 0);
        turn();
    }
    assert_int_equal(script.closed, 1);
    close(script.peer);
}

static void a_peer_that_never_reads_is_given_up(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    script.close_on_line = true;
    script.answer_size = 300000;
    say(&script, "quit\n");
    turns(3);
    assert_int_equal(script.conn->state, EDGE_CONN_ENDING);
    edge_timer_set(worker, &script.conn->deadline, 1);
    turn();
    assert_int_equal(script.closed, 1);
    close(script.peer);
}

static void reset(script_t *script) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(script->peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(script->peer);
    while (script->closed == 0) {
        turn();
    }
    assert_int_equal(script->closed, 1);
    assert_int_equal(script->reason, EDGE_CLOSE_RESET);
    assert_int_equal(script->ended, 0);
}

static void a_reset_is_seen(void **state) {
    script_t script;
    uint16_t port = 0;
    char text[EDGE_IPADDR_TEXT];
    (void)state;
    open_tcp(&script);
    edge_ipaddr_format(edge_conn_peer(script.conn, &port), text);
    assert_string_equal(text, "127.0.0.1");
    assert_true(port > 0);
    edge_ipaddr_format(edge_conn_local(script.conn, NULL), text);
    assert_string_equal(text, "127.0.0.1");
    reset(&script);
    open_tcp(&script);
    edge_conn_pause(script.conn);
    reset(&script);
    open_tcp(&script); /* while output waits */
    script.answer_size = 300000;
    for (int i = 0; i < 100 && edge_conn_unsent(script.conn) == 0; i++) {
        say(&script, "x\n");
        turn();
    }
    reset(&script);
}

static void answers_may_follow_the_end(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    say(&script, "last\nrest");
    shutdown(script.peer, SHUT_WR);
    turns(3);
    assert_int_equal(script.ended, 1);
    assert_string_equal(script.last, "rest");
    hear(&script);
    assert_string_equal(heard, "hello\nlast\nbye\n");
    assert_int_equal(script.closed, 0);
    assert_int_equal(script.conn->watch.poll.reqevents, 0);
    edge_conn_close(script.conn, EDGE_CLOSE_PEER_CLOSED);
    turn();
    assert_int_equal(script.closed, 1);
    close(script.peer);
}

static void the_end_is_not_told_while_paused(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    edge_conn_pause(script.conn);
    say(&script, "last\n");
    shutdown(script.peer, SHUT_WR);
    turns(3);
    assert_int_equal(script.inputs + script.ended, 0);
    script.close_on_end = true;
    edge_conn_resume(script.conn);
    turns(2);
    assert_int_equal(script.inputs, 1);
    assert_int_equal(script.ended, 1);
    hear(&script);
    assert_string_equal(heard, "hello\nlast\nbye\n");
    assert_int_equal(script.reason, EDGE_CLOSE_PEER_CLOSED);
    close(script.peer);
}

static void writes_from_elsewhere_leave_too(void **state) {
    script_t script;
    (void)state;
    open_pair(&script);
    hear(&script);
    edge_conn_write(script.conn, edge_span_of("late "));
    edge_conn_write(script.conn, edge_span_of("news\n"));
    hear(&script);
    assert_string_equal(heard, "");
    turn();
    hear(&script);
    assert_string_equal(heard, "late news\n");
    edge_conn_write(script.conn, edge_span_of("now\n"));
    edge_conn_flush(script.conn);
    hear(&script);
    assert_string_equal(heard, "now\n");
    close_peer(&script);
}

/* A transport that always has more to give. */
static edge_io_t endless_read(void *state, int fd, char *into, size_t size, size_t *moved, apr_status_t *status) {
    (void)state, (void)fd, (void)status;
    plain_reads++;
    memset(into, 'x', size);
    *moved = size;
    return EDGE_IO_DONE;
}
static const edge_transport_t endless = {
    .name = "endless", .read = endless_read, .write = counted_write, .close = counted_close};

static void a_fast_peer_does_not_starve_others(void **state) {
    script_t fast, other;
    (void)state;
    first_transport = &endless;
    open_pair(&fast);
    first_transport = NULL;
    open_pair(&other);
    hear(&other);
    fast.eat_all = true;
    say(&fast, "x");
    say(&other, "me too\n");
    plain_reads = 0;
    turn();
    assert_true(plain_reads > 0 && plain_reads <= 2 * EDGE_CONN_TURN_READS);
    hear(&other);
    assert_string_equal(heard, "me too\n");
    turn();
    assert_true(plain_reads <= 4 * EDGE_CONN_TURN_READS);
    edge_conn_abort_all(worker, EDGE_CLOSE_DRAIN);
    turn();
    assert_int_equal(fast.closed + other.closed, 2);
    close(fast.peer);
    close(other.peer);
}

/* A transport with a handshake of one byte, which holds back half of what it read. */
typedef struct secret {
    unsigned opened, closed, orderly, shakes;
    char held[100];
    size_t held_len;
    bool fail;
} secret_t;
static secret_t secret;

static apr_status_t secret_open(void **state, int fd, const void *settings) {
    (void)fd;
    assert_string_equal(settings, "settings");
    secret.opened++;
    *state = &secret;
    return APR_SUCCESS;
}
static edge_io_t secret_handshake(void *state, int fd, apr_status_t *status) {
    char byte;
    assert_ptr_equal(state, &secret);
    secret.shakes++;
    if (recv(fd, &byte, 1, 0) != 1) {
        return EDGE_IO_WANT_READ;
    }
    *status = APR_EGENERAL;
    return secret.fail ? EDGE_IO_ERROR : EDGE_IO_DONE;
}
static edge_io_t secret_read(void *state, int fd, char *into, size_t size, size_t *moved, apr_status_t *status) {
    (void)state;
    assert_true(size >= sizeof secret.held);
    if (secret.held_len > 0) {
        memcpy(into, secret.held, secret.held_len);
        *moved = secret.held_len;
        secret.held_len = 0;
        return EDGE_IO_DONE;
    }
    edge_io_t io = edge_transport_plain.read(NULL, fd, into, sizeof secret.held, moved, status);
    if (io == EDGE_IO_DONE && *moved > 1) {
        secret.held_len = *moved / 2;
        *moved -= secret.held_len;
        memcpy(secret.held, into + *moved, secret.held_len);
    }
    return io;
}
static bool secret_pending(void *state) {
    (void)state;
    return secret.held_len > 0;
}
static void secret_close(void *state, int fd, bool orderly) {
    (void)fd;
    assert_ptr_equal(state, &secret);
    secret.closed++;
    secret.orderly += orderly;
}
static const edge_transport_t secret_transport = {.name = "secret",
                                                  .open = secret_open,
                                                  .handshake = secret_handshake,
                                                  .read = secret_read,
                                                  .write = counted_write,
                                                  .pending = secret_pending,
                                                  .close = secret_close};

static void bytes_hidden_in_the_transport_do_not_wait(void **state) {
    script_t script;
    (void)state;
    memset(&secret, 0, sizeof secret);
    first_transport = &secret_transport;
    open_pair(&script);
    turn();
    assert_int_equal(script.opened, 0);
    hear(&script);
    assert_string_equal(heard, "");
    say(&script, "!");
    turn();
    assert_int_equal(script.opened, 1);
    hear(&script);
    assert_string_equal(heard, "hello\n");
    say(&script, "abc\ndef\n");
    turn();
    hear(&script);
    assert_string_equal(heard, "abc\ndef\n");
    /* Hidden while paused, shown on resume without another event. */
    script.pause_on_input = true;
    say(&script, "abc\ndef\n");
    turn();
    assert_int_equal(secret.held_len, 4);
    script.pause_on_input = false;
    edge_conn_resume(script.conn);
    turn();
    hear(&script);
    assert_string_equal(heard, "abc\ndef\n");
    close_peer(&script);
    assert_int_equal(secret.closed, 1);
    assert_int_equal(secret.orderly, 1);
}

static void a_failed_handshake_closes(void **state) {
    script_t script;
    (void)state;
    memset(&secret, 0, sizeof secret);
    secret.fail = true;
    first_transport = &secret_transport;
    open_pair(&script);
    say(&script, "!");
    turn();
    assert_int_equal(script.opened, 0);
    assert_int_equal(script.closed, 1);
    assert_int_equal(script.reason, EDGE_CLOSE_TLS_FAILED);
    assert_int_equal(secret.closed, 1);
    assert_int_equal(secret.orderly, 0);
    close(script.peer);
}

static void the_transport_changes_behind_the_reply(void **state) {
    script_t script;
    (void)state;
    memset(&secret, 0, sizeof secret);
    next_transport = &secret_transport;
    open_pair(&script);
    hear(&script);
    script.take_tls = true;
    say(&script, "starttls\nsmuggled\n");
    turn();
    hear(&script);
    assert_string_equal(heard, "starttls\n");
    assert_int_equal(script.inputs, 1); /* what came behind it in clear is never shown */
    assert_int_equal(secret.opened, 1);
    assert_int_equal(script.opened, 1);
    say(&script, "!");
    turn();
    assert_int_equal(script.opened, 2);
    assert_int_equal(edge_conn_unread(script.conn), 0);
    close_peer(&script);
}

static void accept_nothing(edge_conn_t *conn, void *listener) { (void)conn, (void)listener; }
static void accept_and_close(edge_conn_t *conn, void *listener) {
    accepted(conn, listener);
    edge_conn_close(conn, EDGE_CLOSE_TOO_MANY_CONNECTIONS);
}

static void no_handler_means_closed(void **state) {
    edge_conn_listener_t none = {NULL, accept_nothing};
    script_t script = {0};
    edge_conn_listener_t refusing = {&script, accept_and_close};
    int pair[2];
    char byte;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    edge_conn_accept(worker, pair[0], &none);
    turn();
    assert_int_equal(read(pair[1], &byte, 1), 0);
    close(pair[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    edge_conn_accept(worker, pair[0], &refusing);
    turn();
    assert_int_equal(read(pair[1], &byte, 1), 0);
    assert_int_equal(script.opened, 0);
    assert_int_equal(script.closed, 1);
    assert_int_equal(script.reason, EDGE_CLOSE_TOO_MANY_CONNECTIONS);
    close(pair[1]);
}

static void close_some(edge_conn_t *conn, void *count) {
    if (++*(unsigned *)count % 2 == 0) {
        edge_conn_close(conn, EDGE_CLOSE_KICKED);
    }
}

static void each_sees_all(void **state) {
    script_t scripts[6];
    unsigned count = 0;
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(scripts); i++) {
        open_pair(&scripts[i]);
    }
    assert_int_equal(edge_conn_count(worker), 6);
    edge_conn_each(worker, close_some, &count);
    assert_int_equal(count, 6);
    turn();
    for (size_t i = 0; i < EDGE_COUNT(scripts); i++) {
        edge_conn_state_t expected = i % 2 == 0 ? EDGE_CONN_LINGER : EDGE_CONN_OPEN;
        assert_int_equal(scripts[i].conn->state, expected);
        shutdown(scripts[i].peer, SHUT_WR);
    }
    turns(2);
    assert_int_equal(edge_conn_count(worker), 3); /* the others were told of the end and did not close */
    edge_conn_abort_all(worker, EDGE_CLOSE_DRAIN);
    turn();
    assert_int_equal(edge_conn_count(worker), 0);
    count = 0;
    for (size_t i = 0; i < EDGE_COUNT(scripts); i++) {
        assert_int_equal(scripts[i].closed, 1);
        close(scripts[i].peer);
        count += scripts[i].reason == EDGE_CLOSE_KICKED;
    }
    assert_int_equal(count, 3);
}

/* A chore that is queued for the next turn when the connection dies must not find it freed. */
static void post_and_die(edge_chore_t *chore, edge_worker_t *on) {
    edge_conn_t *conn = edge_conn_set_of(on)->first;
    (void)chore;
    edge_conn_write(conn, edge_span_of("x"));
    edge_conn_die(conn, EDGE_CLOSE_INTERNAL);
}

static void a_queued_chore_outlives_the_connection(void **state) {
    edge_chore_t chore = {.run = post_and_die};
    script_t script;
    (void)state;
    open_pair(&script);
    edge_worker_post(worker, &chore);
    turn();
    assert_int_equal(script.closed, 0);
    turn();
    assert_int_equal(script.closed, 1);
    assert_int_equal(script.reason, EDGE_CLOSE_INTERNAL);
    close(script.peer);
}

static unsigned closed_before_stop_returned;
static void count_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    on_closed(conn, reason);
    closed_before_stop_returned++;
}
static const edge_conn_handler_t counting = {.opened = on_opened,
                                             .input = on_input,
                                             .ended = on_ended,
                                             .timeout = on_timeout,
                                             .drained = on_drained,
                                             .closed = count_closed};

static apr_status_t open_two(edge_worker_t *on, void *scripts) {
    worker = on;
    open_pair(scripts);
    open_pair((script_t *)scripts + 1);
    edge_conn_set_handler(((script_t *)scripts)->conn, &counting, scripts);
    edge_conn_set_handler(((script_t *)scripts + 1)->conn, &counting, (script_t *)scripts + 1);
    edge_conn_write(((script_t *)scripts)->conn, edge_span_of("x")); /* a chore is queued */
    return APR_SUCCESS;
}
static void abort_one(edge_conn_t *conn, void *unused) {
    (void)unused;
    edge_conn_abort(conn, EDGE_CLOSE_DRAIN);
}
static void stop_all(edge_worker_t *on, void *scripts) {
    edge_conn_write(((script_t *)scripts + 1)->conn, edge_span_of("x"));
    edge_conn_each(on, abort_one, NULL);
    assert_int_equal(edge_conn_count(on), 0);
    assert_int_equal(closed_before_stop_returned, 2);
}

/* What a handler needs in `closed` is freed by the stop function behind it. */
static void an_ended_worker_closes_at_once(void **state) {
    script_t scripts[2];
    edge_workers_plan_t plan = {.count = 1, .started = open_two, .stopping = stop_all, .context = scripts};
    (void)state;
    assert_int_equal(edge_workers_start(&plan), APR_SUCCESS);
    edge_workers_stop();
    edge_workers_forget();
    assert_int_equal(closed_before_stop_returned, 2);
    close(scripts[0].peer);
    close(scripts[1].peer);
}

static void reasons_have_names(void **state) {
    (void)state;
    assert_string_equal(edge_close_reason_name(EDGE_CLOSE_QUIT), "quit");
    assert_string_equal(edge_close_reason_name(EDGE_CLOSE_NO_MEMORY), "no_memory");
    assert_false(edge_close_reason_is_trouble(EDGE_CLOSE_QUIT));
    assert_true(edge_close_reason_is_trouble(EDGE_CLOSE_RESET));
}

/* Peers that send, stop reading, vanish and reset at random: every connection ends once and nothing is left over. */
static void all_kinds_of_peers(void **state) {
    static script_t scripts[40];
    (void)state;
    srand(11);
    for (int round = 0; round < 30; round++) {
        for (size_t i = 0; i < EDGE_COUNT(scripts); i++) {
            rand() % 2 == 0 ? open_pair(&scripts[i]) : open_tcp(&scripts[i]);
            scripts[i].answer_size = rand() % 3 == 0 ? (size_t)rand() % 100000 : 0;
            scripts[i].close_on_line = rand() % 8 == 0;
        }
        for (int step = 0; step < 60; step++) {
            script_t *script = &scripts[(size_t)rand() % EDGE_COUNT(scripts)];
            char text[3000];
            memset(text, rand() % 3 == 0 ? '\n' : 'x', sizeof text);
            text[(size_t)rand() % sizeof text] = '\n';
            switch (script->peer < 0 ? 9 : rand() % 9) {
            case 0:
                close(script->peer);
                script->peer = -1;
                break;
            case 1: shutdown(script->peer, SHUT_WR); break;
            case 2:
            case 3: hear(script); break;
            case 4:
                if (script->closed == 0) {
                    edge_conn_pause(script->conn);
                }
                break;
            case 5:
                if (script->closed == 0 && script->conn->pauses > 0) {
                    edge_conn_resume(script->conn);
                }
                break;
            default:
                if (script->peer >= 0) {
                    (void)!send(script->peer, text, sizeof text, MSG_DONTWAIT | MSG_NOSIGNAL);
                }
            }
            turn();
        }
        edge_conn_abort_all(worker, EDGE_CLOSE_DRAIN);
        turns(2);
        assert_int_equal(edge_conn_count(worker), 0);
        for (size_t i = 0; i < EDGE_COUNT(scripts); i++) {
            assert_int_equal(scripts[i].closed, 1);
            assert_int_equal(scripts[i].opened, 1);
            assert_true(scripts[i].ended <= 1);
            if (scripts[i].peer >= 0) {
                close(scripts[i].peer);
            }
        }
    }
}

static int open_worker(void **state) {
    (void)state;
    first_transport = NULL;
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
        TEST(lines_come_and_answers_go),
        TEST(an_idle_connection_holds_no_buffer),
        TEST(what_is_not_eaten_is_shown_again),
        TEST(long_input_in_pieces),
        TEST(a_pipelined_group_costs_one_read_and_one_write),
        TEST(a_peer_that_does_not_read_is_not_read),
        TEST(paused_input_waits),
        TEST(the_most_is_kept_and_goes_on),
        TEST(the_deadline_is_told),
        TEST(close_writes_the_rest_first),
        TEST(the_last_reply_survives_unread_input),
        TEST(lingering_has_an_end),
        TEST(a_peer_that_never_reads_is_given_up),
        TEST(a_reset_is_seen),
        TEST(answers_may_follow_the_end),
        TEST(the_end_is_not_told_while_paused),
        TEST(writes_from_elsewhere_leave_too),
        TEST(a_fast_peer_does_not_starve_others),
        TEST(bytes_hidden_in_the_transport_do_not_wait),
        TEST(a_failed_handshake_closes),
        TEST(the_transport_changes_behind_the_reply),
        TEST(no_handler_means_closed),
        TEST(each_sees_all),
        TEST(a_queued_chore_outlives_the_connection),
        cmocka_unit_test(an_ended_worker_closes_at_once),
        TEST(reasons_have_names),
        TEST(all_kinds_of_peers),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("io/conn", tests, NULL, NULL);
}
