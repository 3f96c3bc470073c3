/* Connections: their life, and what the handler may ask of them. */
#include "edge_obj.h"

#include "event/worker.h"

#include "io/conn_priv.h"

#include <apr_poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

EDGE_LOG_AREA(edge_conn_log, "io")

static unsigned seat;
static pthread_once_t seat_once = PTHREAD_ONCE_INIT;
static void take_seat(void) { seat = edge_worker_new_seat(); }

static const struct {
    const char *text;
    bool trouble;
} reasons[] = {
#define EDGE_CLOSE(name, text, trouble, prose) {text, trouble},
#include "tbl/close_reasons.def"
#undef EDGE_CLOSE
};

const char *edge_close_reason_name(edge_close_reason_t reason) {
    EDGE_ASSERT((unsigned)reason < EDGE_COUNT(reasons));
    return reasons[reason].text;
}

bool edge_close_reason_is_trouble(edge_close_reason_t reason) {
    EDGE_ASSERT((unsigned)reason < EDGE_COUNT(reasons));
    return reasons[reason].trouble;
}

static apr_status_t free_set(void *memory) {
    edge_conn_set_t *set = memory;
    edge_buf_store_clear(&set->store);
    free(set);
    return APR_SUCCESS;
}

edge_conn_set_t *edge_conn_set_of(edge_worker_t *worker) {
    pthread_once(&seat_once, take_seat);
    edge_conn_set_t *set = edge_worker_seat(worker, seat);
    if (set == NULL) {
        set = calloc(1, sizeof *set);
        EDGE_ASSERT(set != NULL);
        edge_worker_set_seat(worker, seat, set);
        apr_pool_cleanup_register(edge_worker_pool(worker), set, free_set, apr_pool_cleanup_null);
    }
    return set;
}

static void link_in(edge_conn_t *conn) {
    edge_conn_set_t *set = edge_conn_set_of(conn->worker);
    conn->set = set;
    conn->next = set->first;
    if (conn->next != NULL) {
        conn->next->previous = conn;
    }
    set->first = conn;
    set->count++;
}

static void link_out(edge_conn_t *conn) {
    edge_conn_set_t *set = conn->set;
    if (conn->previous != NULL) {
        conn->previous->next = conn->next;
    } else {
        set->first = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->previous = conn->previous;
    }
    set->count--;
}

/* The last step of a connection. Its descriptor is closed after `closed`, so a limit that counts connections is
 * never ahead of the descriptors. */
static void reap(edge_chore_t *chore, edge_worker_t *worker) {
    edge_conn_t *conn = EDGE_CONTAINER(chore, edge_conn_t, reap);
    edge_conn_set_t *set = conn->set;
    EDGE_OBJ_CHECK(conn, EDGE_CONN_MAGIC);
    EDGE_ASSERT(conn->state == EDGE_CONN_DEAD && conn->calling == 0 && !conn->work.queued);
    if (conn->handler != NULL) {
        conn->handler->closed(conn, conn->reason);
    }
    edge_conn_close_transport(conn, false);
    if (conn->watch.fd >= 0) {
        close(conn->watch.fd);
    }
    edge_buf_clear(&set->store, &conn->in);
    edge_buf_clear(&set->store, &conn->out);
    link_out(conn);
    EDGE_OBJ_CLEAR(conn);
    edge_worker_give(worker, conn, sizeof *conn);
}

edge_conn_t *edge_conn_make(edge_worker_t *worker, int fd) {
    edge_conn_t *conn = edge_worker_take(worker, sizeof *conn);
    EDGE_OBJ_INIT(conn, EDGE_CONN_MAGIC);
    conn->worker = worker;
    conn->watch.fd = fd;
    conn->watch.ready = edge_conn_ready;
    conn->read_wants = APR_POLLIN;
    conn->write_wants = APR_POLLOUT;
    conn->transport = &edge_transport_plain;
    conn->reason = EDGE_CLOSE_COUNT;
    conn->deadline.fire = edge_conn_expired;
    conn->work.run = edge_conn_work;
    conn->reap.run = reap;
    link_in(conn);
    return conn;
}

void edge_conn_accept(edge_worker_t *worker, int fd, const edge_conn_listener_t *listener) {
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    edge_conn_t *conn = edge_conn_make(worker, fd);
    memset(&from, 0, sizeof from);
    if (getpeername(fd, (struct sockaddr *)&from, &len) == 0) {
        edge_ipaddr_from_sockaddr((struct sockaddr *)&from, &conn->peer, &conn->port);
    }
    conn->calling++;
    listener->accepted(conn, listener->listener);
    conn->calling--;
    if (conn->handler == NULL) {
        edge_conn_die(conn, EDGE_CLOSE_NO_MEMORY);
    } else if (conn->state == EDGE_CONN_NEW) {
        edge_conn_begin(conn);
    }
}

void edge_conn_die(edge_conn_t *conn, edge_close_reason_t reason) {
    if (conn->state == EDGE_CONN_DEAD) {
        return;
    }
    if (conn->reason == EDGE_CLOSE_COUNT) {
        conn->reason = reason;
    }
    conn->state = EDGE_CONN_DEAD;
    edge_loop_want(conn->worker, &conn->watch, 0);
    edge_timer_cancel(conn->worker, &conn->deadline);
    /* A chore that is queued for the next turn must run first: it reaps. */
    if (!conn->work.queued) {
        edge_worker_reap(conn->worker, &conn->reap);
    }
}

void edge_conn_post(edge_conn_t *conn) {
    if (conn->state != EDGE_CONN_DEAD) {
        edge_worker_post(conn->worker, &conn->work);
    }
}

void edge_conn_close_transport(edge_conn_t *conn, bool orderly) {
    if (conn->transport_open) {
        conn->transport_open = false;
        conn->transport->close(conn->transport_state, conn->watch.fd, orderly);
    }
}

void edge_conn_each(edge_worker_t *worker, void (*each)(edge_conn_t *conn, void *context), void *context) {
    edge_conn_t *conn = edge_conn_set_of(worker)->first;
    while (conn != NULL) {
        edge_conn_t *next = conn->next; /* nothing is freed before reap */
        if (conn->state != EDGE_CONN_DEAD && conn->handler != NULL) {
            each(conn, context);
        }
        conn = next;
    }
}

unsigned edge_conn_count(edge_worker_t *worker) { return edge_conn_set_of(worker)->count; }

void edge_conn_abort(edge_conn_t *conn, edge_close_reason_t reason) {
    edge_worker_t *worker = conn->worker;
    EDGE_OBJ_CHECK(conn, EDGE_CONN_MAGIC);
    edge_conn_die(conn, reason);
    if (edge_worker_has_ended(worker)) {
        edge_worker_settle(worker);
    }
}

static void abort_one(edge_conn_t *conn, void *reason) { edge_conn_abort(conn, *(edge_close_reason_t *)reason); }

void edge_conn_abort_all(edge_worker_t *worker, edge_close_reason_t reason) {
    edge_conn_each(worker, abort_one, &reason);
}

/* What a handler may ask of a connection. */

static void check(const edge_conn_t *conn) {
    EDGE_OBJ_CHECK(conn, EDGE_CONN_MAGIC);
    EDGE_ASSERT(conn->worker == edge_worker_self());
}

void edge_conn_set_handler(edge_conn_t *conn, const edge_conn_handler_t *handler, void *owner) {
    check(conn);
    conn->handler = handler;
    conn->owner = owner;
}

void edge_conn_set_transport(edge_conn_t *conn, const edge_transport_t *transport, const void *settings) {
    check(conn);
    EDGE_ASSERT(conn->state == EDGE_CONN_NEW || conn->state >= EDGE_CONN_OPEN);
    conn->transport_settings = settings;
    if (conn->state == EDGE_CONN_NEW) {
        conn->transport = transport;
    } else if (conn->state == EDGE_CONN_OPEN) {
        conn->next_transport = transport;
        edge_conn_post(conn);
    }
}

void *edge_conn_transport_state(const edge_conn_t *conn) { return conn->transport_open ? conn->transport_state : NULL; }

void *edge_conn_owner(const edge_conn_t *conn) { return conn->owner; }
edge_worker_t *edge_conn_worker(const edge_conn_t *conn) { return conn->worker; }
apr_status_t edge_conn_trouble(const edge_conn_t *conn) { return conn->trouble; }
void edge_conn_count_bytes(edge_conn_t *conn, unsigned in, unsigned out) {
    conn->count_in = in;
    conn->count_out = out;
}

edge_conn_bytes_t edge_conn_bytes(const edge_conn_t *conn) { return conn->bytes; }
size_t edge_conn_unsent(const edge_conn_t *conn) { return edge_buf_len(&conn->out); }

size_t edge_conn_unread(const edge_conn_t *conn) { return conn->shown > 0 ? conn->shown : edge_buf_len(&conn->in); }

edge_ipaddr_t edge_conn_peer(const edge_conn_t *conn, uint16_t *port) {
    if (port != NULL) {
        *port = conn->port;
    }
    return conn->peer;
}

edge_ipaddr_t edge_conn_local(const edge_conn_t *conn, uint16_t *port) {
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    edge_ipaddr_t address = {{0}};
    uint16_t number = 0;
    memset(&at, 0, sizeof at);
    if (getsockname(conn->watch.fd, (struct sockaddr *)&at, &len) == 0) {
        edge_ipaddr_from_sockaddr((struct sockaddr *)&at, &address, &number);
    }
    if (port != NULL) {
        *port = number;
    }
    return address;
}

void edge_conn_write(edge_conn_t *conn, edge_span_t bytes) {
    check(conn);
    if (conn->state > EDGE_CONN_OPEN) {
        return;
    }
    edge_buf_append(&conn->set->store, &conn->out, bytes);
    if (conn->calling == 0) {
        edge_conn_post(conn); /* nobody but the chore would send it */
    }
}

void edge_conn_flush(edge_conn_t *conn) {
    check(conn);
    edge_conn_push(conn);
    if (conn->calling == 0 && conn->write_waits) {
        edge_conn_post(conn); /* so that the rest is waited for */
    }
}

void edge_conn_pause(edge_conn_t *conn) {
    check(conn);
    EDGE_ASSERT(conn->pauses < UINT16_MAX);
    conn->pauses++;
}

void edge_conn_resume(edge_conn_t *conn) {
    check(conn);
    EDGE_ASSERT(conn->pauses > 0);
    if (--conn->pauses == 0 && conn->state == EDGE_CONN_OPEN) {
        edge_conn_post(conn);
    }
}

void edge_conn_deadline(edge_conn_t *conn, edge_mono_t when) {
    check(conn);
    if (conn->state > EDGE_CONN_OPEN) {
        return; /* from close on the timer is ours */
    }
    if (when == 0) {
        edge_timer_cancel(conn->worker, &conn->deadline);
    } else {
        edge_timer_set(conn->worker, &conn->deadline, when);
    }
}

void edge_conn_close(edge_conn_t *conn, edge_close_reason_t reason) {
    check(conn);
    EDGE_ASSERT((unsigned)reason < EDGE_CLOSE_COUNT);
    if (conn->state < EDGE_CONN_OPEN) {
        edge_conn_die(conn, reason); /* without a whole handshake nothing can be said */
    } else if (conn->state == EDGE_CONN_OPEN) {
        conn->reason = reason;
        conn->state = EDGE_CONN_ENDING;
        edge_timer_set(conn->worker, &conn->deadline, edge_worker_clock(conn->worker).mono + EDGE_CONN_WRITE_REST);
        if (conn->calling == 0) {
            edge_conn_post(conn); /* else the end of the handler's call sees to it */
        }
    }
}
