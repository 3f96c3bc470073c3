/* What a connection is made of, shared by conn.c (its life) and conn_flow.c (its bytes). */
#ifndef EDGE_CONN_PRIV_H
#define EDGE_CONN_PRIV_H

#include "edge_buf.h"
#include "edge_log.h"

#include "event/loop.h"

#include "io/conn.h"

#define EDGE_CONN_MAGIC 0xc0221ec7U

#define EDGE_CONN_TURN_READS 4                    /* reads a turn */
#define EDGE_CONN_TURN_BYTES ((size_t)256 * 1024) /* bytes read a turn */
#define EDGE_CONN_WRITE_REST EDGE_SECONDS(10)     /* for the output that is left at close */
#define EDGE_CONN_LINGER_TIME EDGE_SECONDS(2)     /* for the peer to see our end and close */
#define EDGE_CONN_LINGER_BYTES (1024u * 1024)     /* dropped meanwhile, at most */

/* The states follow each other; only a change of transport leads from OPEN back to OPENING. */
typedef enum edge_conn_state {
    EDGE_CONN_NEW,        /* in `accepted` */
    EDGE_CONN_CONNECTING, /* outgoing */
    EDGE_CONN_OPENING,    /* the transport's handshake */
    EDGE_CONN_OPEN,
    EDGE_CONN_ENDING, /* closed by the handler: the rest of the output is written */
    EDGE_CONN_LINGER, /* the output is ended: input is dropped until the peer closes */
    EDGE_CONN_DEAD    /* waits for reap */
} edge_conn_state_t;

typedef struct edge_conn_set edge_conn_set_t;

struct edge_conn {
    unsigned magic;
    uint8_t state;      /* edge_conn_state_t */
    uint8_t read_wants; /* readiness the transport waits for: APR_POLLIN, or APR_POLLOUT with TLS */
    uint8_t write_wants;
    uint8_t calling;      /* depth of handler calls */
    bool write_waits : 1; /* the last write did not take all: POLLOUT is wanted */
    bool blocked : 1;     /* more than EDGE_CONN_OUTPUT_MOST waits: no input until all is written */
    bool unwatched : 1;   /* readiness was told while nobody wanted it: read interest is off */
    bool more : 1;        /* something is to be read: go on without waiting to be told */
    bool ended : 1;       /* the peer's end of input was read */
    bool end_told : 1;
    bool transport_open : 1;
    bool outgoing : 1;
    uint16_t pauses;
    uint16_t port;
    edge_close_reason_t reason;
    apr_status_t trouble;
    uint32_t dropped; /* bytes of input, while lingering */
    uint32_t count_in, count_out;
    edge_worker_t *worker;
    edge_conn_set_t *set;
    edge_loop_watch_t watch;
    const edge_conn_handler_t *handler;
    void *owner;
    const edge_transport_t *transport;
    void *transport_state;
    const edge_transport_t *next_transport; /* takes over when the output has gone */
    const void *transport_settings;
    edge_buf_t in, out;
    size_t shown; /* inside `input`: how many bytes were shown */
    edge_timer_t deadline;
    edge_chore_t work, reap;
    edge_conn_t *previous, *next;
    edge_conn_bytes_t bytes;
    edge_ipaddr_t peer;
};

/* What all connections of a worker share. */
struct edge_conn_set {
    edge_buf_store_t store;
    edge_conn_t *first;
    unsigned count;
    char block[EDGE_CONN_INPUT_MOST]; /* input is read here; only what is not eaten gets memory of its own */
};

extern edge_log_area_t edge_conn_log;

edge_conn_set_t *edge_conn_set_of(edge_worker_t *worker);

/* conn_flow.c */
/* Opens the transport, then begins the handshake or calls `opened`. */
void edge_conn_begin(edge_conn_t *conn);
void edge_conn_ready(edge_loop_watch_t *watch, edge_worker_t *worker, int events);
/* The posted chore: shows kept input, goes on reading, writes. */
void edge_conn_work(edge_chore_t *chore, edge_worker_t *worker);
void edge_conn_expired(edge_timer_t *timer);
/* Writes as much as goes now. */
void edge_conn_push(edge_conn_t *conn);

/* conn_connect.c: the socket of an outgoing connection is ready. */
void edge_conn_connected(edge_conn_t *conn);

/* conn.c */
edge_conn_t *edge_conn_make(edge_worker_t *worker, int fd);
/* Ends it without another byte; `closed` comes in reap. The first reason counts. */
void edge_conn_die(edge_conn_t *conn, edge_close_reason_t reason);
/* Runs edge_conn_work soon. */
void edge_conn_post(edge_conn_t *conn);
void edge_conn_close_transport(edge_conn_t *conn, bool orderly);

#endif
