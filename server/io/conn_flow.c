/* Connections: the flow of bytes between socket, transport and handler. */
#include "edge_counter.h"
#include "edge_obj.h"

#include "io/conn_priv.h"

#include <apr_poll.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

static edge_buf_store_t *store_of(edge_conn_t *conn) { return &conn->set->store; }

static bool may_show(const edge_conn_t *conn) {
    return conn->state == EDGE_CONN_OPEN && conn->pauses == 0 && !conn->blocked && conn->next_transport == NULL;
}

/* What the connection wants to hear from the loop: one function of its state. Read interest stays while paused, since
 * most pauses are over before the peer sends more; it goes when readiness is told and nobody wants it. */
static int interest(const edge_conn_t *conn) {
    int wanted = 0;
    switch (conn->state) {
    case EDGE_CONN_CONNECTING: return APR_POLLOUT;
    case EDGE_CONN_OPENING: return conn->read_wants;
    case EDGE_CONN_OPEN:
        wanted |= conn->ended || conn->unwatched ? 0 : conn->read_wants;
        wanted |= conn->write_waits ? conn->write_wants : 0;
        return wanted;
    case EDGE_CONN_ENDING: return conn->write_waits ? conn->write_wants : 0;
    case EDGE_CONN_LINGER: return APR_POLLIN;
    default: return 0;
    }
}

static void watch(edge_conn_t *conn) {
    int wanted = interest(conn);
    if (conn->watch.poll.reqevents == wanted || conn->state == EDGE_CONN_DEAD) {
        return;
    }
    apr_status_t status = edge_loop_want(conn->worker, &conn->watch, wanted);
    if (status != APR_SUCCESS) {
        EDGE_LOG_STATUS(&edge_conn_log, EDGE_LOG_ERROR, 130, status, "cannot watch a connection; it is closed");
        edge_conn_die(conn, EDGE_CLOSE_INTERNAL);
    }
}

/* Output */

static void wrote(edge_conn_t *conn, size_t len) {
    conn->bytes.out += len;
    if (conn->count_out != 0) {
        edge_counter_add(conn->count_out - 1, (int64_t)len);
    }
    edge_buf_eat(store_of(conn), &conn->out, len);
}

/* One write: when it takes less than all, the socket is full and trying again would only say so. */
void edge_conn_push(edge_conn_t *conn) {
    edge_span_t rest = edge_buf_span(&conn->out);
    bool can_write = conn->state == EDGE_CONN_OPEN || conn->state == EDGE_CONN_ENDING;
    if (!can_write || conn->write_waits || rest.len == 0) {
        return;
    }
    struct iovec from = {(void *)(uintptr_t)rest.at, rest.len};
    size_t moved = 0;
    apr_status_t status = APR_SUCCESS;
    switch (conn->transport->write(conn->transport_state, conn->watch.fd, &from, 1, &moved, &status)) {
    case EDGE_IO_DONE:
        wrote(conn, moved);
        conn->write_wants = APR_POLLOUT;
        conn->write_waits = moved < rest.len;
        break;
    case EDGE_IO_WANT_READ:
        conn->write_wants = APR_POLLIN;
        conn->write_waits = true;
        break;
    case EDGE_IO_WANT_WRITE:
        conn->write_wants = APR_POLLOUT;
        conn->write_waits = true;
        break;
    case EDGE_IO_END:
    case EDGE_IO_ERROR:
        conn->trouble = status;
        edge_conn_die(conn, EDGE_CLOSE_RESET);
        break;
    }
}

/* Also decides, after every change of the output, whether input must wait for it. */
static void push_all(edge_conn_t *conn) {
    edge_conn_push(conn);
    size_t waiting = edge_buf_len(&conn->out);
    conn->blocked = waiting > EDGE_CONN_OUTPUT_MOST || (conn->blocked && waiting > 0);
}

/* Input */

static size_t call_input(edge_conn_t *conn, edge_span_t bytes) {
    conn->shown = bytes.len;
    conn->calling++;
    size_t eaten = conn->handler->input(conn, bytes);
    conn->calling--;
    conn->shown = 0;
    EDGE_ASSERT(eaten <= bytes.len);
    EDGE_ASSERT(eaten > 0 || bytes.len < EDGE_CONN_INPUT_MOST || !may_show(conn));
    return eaten;
}

/* Shows the bytes until the handler wants no more; what it wrote leaves in one write at the end, unless it is much. */
static size_t show(edge_conn_t *conn, edge_span_t bytes) {
    size_t total = 0;
    while (total < bytes.len && may_show(conn)) {
        size_t eaten = call_input(conn, edge_span_after(bytes, total));
        total += eaten;
        if (edge_buf_len(&conn->out) > EDGE_CONN_OUTPUT_MOST) {
            push_all(conn);
        }
        if (eaten == 0) {
            break;
        }
    }
    return total;
}

static void show_kept(edge_conn_t *conn) {
    edge_span_t kept = edge_buf_span(&conn->in);
    if (kept.len > 0 && may_show(conn)) {
        size_t eaten = show(conn, kept);
        edge_buf_eat(store_of(conn), &conn->in, eaten);
        edge_buf_fit(store_of(conn), &conn->in);
    }
}

static void tell_end(edge_conn_t *conn) {
    if (conn->ended && !conn->end_told && may_show(conn)) {
        conn->end_told = true;
        conn->calling++;
        conn->handler->ended(conn);
        conn->calling--;
    }
}

/* Kept input in front of what is read now, because the handler sees one run of bytes: a little is copied into the
 * worker's block; much stays where it is, or a peer that sends single bytes would make us copy it for each. */
#define COPY_MOST 4096

typedef struct place {
    char *at;    /* where kept input begins */
    size_t kept; /* how much of it there is */
    size_t size; /* how much may be read behind it */
    bool own;    /* in the connection's buffer, not in the worker's block */
} place_t;

static place_t find_place(edge_conn_t *conn) {
    edge_conn_set_t *set = conn->set;
    edge_span_t kept = edge_buf_span(&conn->in);
    size_t size = EDGE_CONN_INPUT_MOST - kept.len;
    if (kept.len > COPY_MOST) {
        char *end = edge_buf_space(&set->store, &conn->in, size < kept.len ? size : kept.len);
        size_t room = edge_buf_room(&conn->in);
        return (place_t){end - kept.len, kept.len, room < size ? room : size, true};
    }
    if (kept.len > 0) {
        memcpy(set->block, kept.at, kept.len);
    }
    return (place_t){set->block, kept.len, size, false};
}

static void show_read(edge_conn_t *conn, const place_t *place, size_t moved) {
    edge_buf_store_t *store = store_of(conn);
    edge_span_t bytes = edge_span(place->at, place->kept + moved);
    if (place->own) {
        edge_buf_added(&conn->in, moved);
        show_kept(conn);
        return;
    }
    edge_buf_clear(store, &conn->in); /* it was copied */
    size_t eaten = show(conn, bytes);
    edge_buf_append(store, &conn->in, edge_span_after(bytes, eaten));
}

/* Bytes inside the transport, of which no event tells. */
static bool has_hidden(const edge_conn_t *conn) {
    return conn->transport->pending != NULL && conn->transport_open && conn->transport->pending(conn->transport_state);
}

bool edge_conn_has_input(const edge_conn_t *conn) {
    char octet;
    return edge_buf_len(&conn->in) > 0 || has_hidden(conn) ||
           recv(conn->watch.fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* One read and what follows from it; false: there is no more to read now. */
static bool read_once(edge_conn_t *conn, size_t *budget) {
    if (edge_buf_len(&conn->in) == EDGE_CONN_INPUT_MOST) {
        show_kept(conn); /* kept in full by a pause that is over: makes room, or pauses again */
        return true;
    }
    place_t place = find_place(conn);
    size_t moved = 0;
    apr_status_t status = APR_SUCCESS;
    edge_io_t io = conn->transport->read(conn->transport_state, conn->watch.fd, place.at + place.kept, place.size,
                                         &moved, &status);
    switch (io) {
    case EDGE_IO_DONE:
        conn->read_wants = APR_POLLIN;
        conn->bytes.in += moved;
        if (conn->count_in != 0) {
            edge_counter_add(conn->count_in - 1, (int64_t)moved);
        }
        *budget -= moved < *budget ? moved : *budget;
        show_read(conn, &place, moved);
        /* A short read has emptied the socket; asking again would only say so. */
        return moved == place.size || has_hidden(conn);
    case EDGE_IO_WANT_READ:
    case EDGE_IO_WANT_WRITE: conn->read_wants = io == EDGE_IO_WANT_READ ? APR_POLLIN : APR_POLLOUT; return false;
    case EDGE_IO_END:
        conn->ended = true;
        show_kept(conn); /* what was kept by a pause comes before the end */
        tell_end(conn);
        return false;
    case EDGE_IO_ERROR:
        conn->trouble = status;
        edge_conn_die(conn, EDGE_CLOSE_RESET);
        return false;
    }
    return false;
}

static void read_some(edge_conn_t *conn) {
    size_t budget = EDGE_CONN_TURN_BYTES;
    for (unsigned reads = 0; may_show(conn) && !conn->ended; reads++) {
        if (reads == EDGE_CONN_TURN_READS || budget == 0) {
            conn->more = true; /* the chore goes on, after the others had their turn */
            edge_conn_post(conn);
            return;
        }
        if (!read_once(conn, &budget)) {
            return;
        }
    }
}

/* Closing */

static void drop_input(edge_conn_t *conn) {
    edge_conn_set_t *set = conn->set;
    ssize_t got = recv(conn->watch.fd, set->block, sizeof set->block, 0);
    bool not_yet = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (got > 0) {
        conn->dropped += (uint32_t)got;
    } else if (not_yet) {
        return;
    }
    if (got <= 0 || conn->dropped >= EDGE_CONN_LINGER_BYTES) {
        edge_conn_die(conn, conn->reason);
    }
}

/* A client that said goodbye and nothing behind it has no input that could cause a reset: it keeps no place while it lingers. */
static bool has_said_all(const edge_conn_t *conn) {
    int unread = 0;
    return conn->reason == EDGE_CLOSE_QUIT && edge_conn_unread(conn) == 0 &&
           ioctl(conn->watch.fd, FIONREAD, &unread) == 0 && unread == 0;
}

/* Closing a socket that holds unread input resets the connection, and a reset may overtake the last reply on the
 * peer's side: so first only our direction is closed, and the peer's input is dropped until it closes too. */
static void end_output(edge_conn_t *conn) {
    edge_conn_close_transport(conn, true);
    if (conn->ended || has_said_all(conn) || shutdown(conn->watch.fd, SHUT_WR) != 0) {
        edge_conn_die(conn, conn->reason);
        return;
    }
    edge_buf_clear(store_of(conn), &conn->in);
    conn->state = EDGE_CONN_LINGER;
    edge_timer_set(conn->worker, &conn->deadline, edge_worker_clock(conn->worker).mono + EDGE_CONN_LINGER_TIME);
}

/* Opening */

static void call_opened(edge_conn_t *conn) {
    conn->state = EDGE_CONN_OPEN;
    conn->calling++;
    conn->handler->opened(conn);
    conn->calling--;
    /* The client may have spoken together with the end of its handshake. */
    if (has_hidden(conn)) {
        read_some(conn);
    }
}

static void shake_hands(edge_conn_t *conn) {
    apr_status_t status = APR_SUCCESS;
    edge_io_t io = EDGE_IO_DONE;
    if (conn->transport->handshake != NULL) {
        io = conn->transport->handshake(conn->transport_state, conn->watch.fd, &status);
    }
    if (io == EDGE_IO_DONE) {
        conn->read_wants = APR_POLLIN;
        call_opened(conn);
    } else if (io == EDGE_IO_WANT_READ || io == EDGE_IO_WANT_WRITE) {
        conn->read_wants = io == EDGE_IO_WANT_READ ? APR_POLLIN : APR_POLLOUT;
    } else {
        conn->trouble = status;
        edge_conn_die(conn, EDGE_CLOSE_TLS_FAILED);
    }
}

static void open_transport(edge_conn_t *conn) {
    apr_status_t status = APR_SUCCESS;
    conn->state = EDGE_CONN_OPENING;
    conn->transport_state = NULL;
    if (conn->transport->open != NULL) {
        status = conn->transport->open(&conn->transport_state, conn->watch.fd, conn->transport_settings);
    }
    if (status != APR_SUCCESS) {
        EDGE_LOG_STATUS(&edge_conn_log, EDGE_LOG_ERROR, 131, status, "cannot open transport %s", conn->transport->name);
        edge_conn_die(conn, EDGE_CLOSE_INTERNAL);
        return;
    }
    conn->transport_open = true;
    shake_hands(conn);
}

static void change_transport(edge_conn_t *conn) {
    edge_conn_close_transport(conn, true);
    edge_buf_clear(store_of(conn), &conn->in); /* plaintext must not pass for what comes inside TLS */
    conn->transport = conn->next_transport;
    conn->next_transport = NULL;
    conn->unwatched = conn->more = false;
    open_transport(conn);
}

/* After anything that may have moved the connection: writes, then takes the step that is possible now. */
static void settle(edge_conn_t *conn) {
    push_all(conn);
    if (conn->state == EDGE_CONN_OPEN && conn->next_transport != NULL && edge_buf_len(&conn->out) == 0) {
        change_transport(conn);
        push_all(conn);
    }
    if (conn->state == EDGE_CONN_ENDING && edge_buf_len(&conn->out) == 0) {
        end_output(conn);
    }
    watch(conn);
}

void edge_conn_begin(edge_conn_t *conn) {
    open_transport(conn);
    settle(conn);
}

/* Shows what is kept, then the end, then reads what nobody wanted before. */
static void go_on(edge_conn_t *conn) {
    show_kept(conn);
    tell_end(conn);
    if (may_show(conn) && (conn->more || has_hidden(conn))) {
        conn->unwatched = conn->more = false;
        read_some(conn);
    }
}

void edge_conn_work(edge_chore_t *chore, edge_worker_t *worker) {
    edge_conn_t *conn = EDGE_CONTAINER(chore, edge_conn_t, work);
    EDGE_OBJ_CHECK(conn, EDGE_CONN_MAGIC);
    if (conn->state == EDGE_CONN_DEAD) {
        edge_worker_reap(worker, &conn->reap);
        return;
    }
    push_all(conn);
    go_on(conn);
    settle(conn);
}

static void call_drained(edge_conn_t *conn) {
    if (conn->state == EDGE_CONN_OPEN && conn->handler->drained != NULL) {
        conn->calling++;
        conn->handler->drained(conn);
        conn->calling--;
    }
}

static void writable(edge_conn_t *conn) {
    conn->write_waits = false;
    push_all(conn);
    if (edge_buf_len(&conn->out) == 0) {
        call_drained(conn);
        go_on(conn);
    }
}

static void readable(edge_conn_t *conn, int events) {
    if (may_show(conn)) {
        read_some(conn);
    } else if ((events & APR_POLLERR) != 0) {
        edge_conn_die(conn, EDGE_CLOSE_RESET); /* whatever it waits for, nobody is left to hear the answer */
    } else {
        conn->unwatched = conn->more = true;
    }
}

void edge_conn_ready(edge_loop_watch_t *watched, edge_worker_t *worker, int events) {
    edge_conn_t *conn = EDGE_CONTAINER(watched, edge_conn_t, watch);
    int trouble = APR_POLLERR | APR_POLLHUP;
    (void)worker;
    EDGE_OBJ_CHECK(conn, EDGE_CONN_MAGIC);
    if (conn->state == EDGE_CONN_LINGER) {
        drop_input(conn);
    } else if (conn->state == EDGE_CONN_CONNECTING) {
        edge_conn_connected(conn);
    } else if (conn->state == EDGE_CONN_OPENING) {
        shake_hands(conn);
    } else {
        if (conn->write_waits && (events & (conn->write_wants | trouble)) != 0) {
            writable(conn);
        }
        if (conn->state == EDGE_CONN_OPEN && !conn->ended && (events & (conn->read_wants | trouble)) != 0) {
            readable(conn, events);
        }
    }
    settle(conn);
}

void edge_conn_expired(edge_timer_t *timer) {
    edge_conn_t *conn = EDGE_CONTAINER(timer, edge_conn_t, deadline);
    EDGE_OBJ_CHECK(conn, EDGE_CONN_MAGIC);
    if (conn->state > EDGE_CONN_OPEN) {
        edge_conn_die(conn, conn->reason);
        return;
    }
    conn->calling++;
    conn->handler->timeout(conn);
    conn->calling--;
    settle(conn);
}
