/*
 * A non-blocking connection.
 *
 * Concept:  the connection moves bytes and keeps time; a handler (the protocol)
 *           decides what they mean. Input is handed over as one span; what the
 *           handler does not eat is kept and shown again with what follows.
 *           Output is collected and leaves in one write when the handler's call
 *           returns, so the replies of a pipelined group share a segment. When
 *           output waits for the peer (more than EDGE_CONN_OUTPUT_MOST), no input
 *           is shown until it has drained: a client that never reads is not read.
 * Owner:    its worker. Buffers go back to the worker as soon as they are empty;
 *           an idle connection holds none.
 * Threads:  the worker's own (asserted).
 * Lifetime: from accept until the reap step after edge_conn_close; `closed` is
 *           the last call a handler gets, exactly once.
 * Errors:   trouble of the socket or peer ends in `closed` with a reason row
 *           (tbl/close_reasons.def), never in a return value.
 */
#ifndef EDGE_CONN_H
#define EDGE_CONN_H

#include "edge_clock.h"
#include "edge_ipaddr.h"
#include "edge_transport.h"
#include "edge_worker.h"

typedef struct edge_conn edge_conn_t;

typedef enum edge_close_reason {
#define EDGE_CLOSE(name, text, trouble, prose) EDGE_CLOSE_##name,
#include "tbl/close_reasons.def"
#undef EDGE_CLOSE
    EDGE_CLOSE_COUNT
} edge_close_reason_t;

/* "quit", "peer_closed" ...: the name in logs and counters. */
EDGE_API const char *edge_close_reason_name(edge_close_reason_t reason);
/* Whether the row says that something went wrong. */
EDGE_API bool edge_close_reason_is_trouble(edge_close_reason_t reason);

#define EDGE_CONN_INPUT_MOST 65536  /* most bytes shown at once, and most kept uneaten */
#define EDGE_CONN_OUTPUT_MOST 65536 /* above this no input is shown until all is written */

typedef struct edge_conn_handler {
    /* After accept, or after the handshake when the transport has one. */
    void (*opened)(edge_conn_t *conn);
    /* Returns how many bytes it has eaten; 0 of a full EDGE_CONN_INPUT_MOST is an assertion.
     * Called again at once while it eats something, something is left and the connection is not paused. */
    size_t (*input)(edge_conn_t *conn, edge_span_t bytes);
    /* The peer has sent its end of input; answers may still be written. Not called when paused: it comes on resume. */
    void (*ended)(edge_conn_t *conn);
    /* The deadline set by edge_conn_deadline has passed. */
    void (*timeout)(edge_conn_t *conn);
    /* Output that was waiting is written. May be NULL. */
    void (*drained)(edge_conn_t *conn);
    /* Last call. `owner` may be freed here; the connection must not be used any more. */
    void (*closed)(edge_conn_t *conn, edge_close_reason_t reason);
} edge_conn_handler_t;

typedef struct edge_conn_bytes {
    uint64_t in, out;
} edge_conn_bytes_t;

/* What an accepted socket becomes; `setup` gives it handler, owner and transport before `opened`. */
typedef struct edge_conn_listener {
    void *listener; /* of the upper floor */
    void (*accepted)(edge_conn_t *conn, void *listener);
} edge_conn_listener_t;

/* Where an outgoing connection goes. */
typedef struct edge_conn_target {
    edge_ipaddr_t address;
    uint16_t port;
    const char *path;           /* of a unix socket, in place of both; NULL */
    const edge_ipaddr_t *local; /* the address it comes from, of the same family; NULL: the system's choice */
} edge_conn_target_t;

/* Begins to connect; `target` is looked at inside this call only. `opened` follows, after the handshake when the transport
 * has one, or `closed`, which never comes inside this call. The owner sets a deadline for that at once. Bytes of
 * outgoing connections are not in the counters of clients' bytes. */
EDGE_API edge_conn_t *edge_conn_connect(edge_worker_t *worker, const edge_conn_target_t *target,
                                        const edge_transport_t *transport, const void *settings,
                                        const edge_conn_handler_t *handler, void *owner);
/* What the system or the transport said when connecting, shaking hands, reading or writing failed; else APR_SUCCESS. */
EDGE_API apr_status_t edge_conn_trouble(const edge_conn_t *conn);
EDGE_API void edge_conn_set_handler(edge_conn_t *conn, const edge_conn_handler_t *handler, void *owner);
/* On an open connection: takes effect when the output written so far has gone; kept input is thrown away; `opened`
 * is called again after the handshake. */
EDGE_API void edge_conn_set_transport(edge_conn_t *conn, const edge_transport_t *transport, const void *settings);
/* What the transport's `open` gave; NULL before that and behind its close. */
EDGE_API void *edge_conn_transport_state(const edge_conn_t *conn);
EDGE_API void *edge_conn_owner(const edge_conn_t *conn);
EDGE_API edge_worker_t *edge_conn_worker(const edge_conn_t *conn);
EDGE_API edge_ipaddr_t edge_conn_peer(const edge_conn_t *conn, uint16_t *port);
EDGE_API edge_ipaddr_t edge_conn_local(const edge_conn_t *conn, uint16_t *port);
EDGE_API edge_conn_bytes_t edge_conn_bytes(const edge_conn_t *conn);
/* From now on its octets are counted there as well: slots of edge_counter.h, counted from 1; 0: nowhere. */
EDGE_API void edge_conn_count_bytes(edge_conn_t *conn, unsigned in, unsigned out);

/* Copies into the output; it leaves at the end of the handler's call or by edge_conn_flush. */
EDGE_API void edge_conn_write(edge_conn_t *conn, edge_span_t bytes);
EDGE_API void edge_conn_flush(edge_conn_t *conn);
/* While paused no input is read or shown; counted: each pause needs its resume. Resume shows kept input soon (posted). */
EDGE_API void edge_conn_pause(edge_conn_t *conn);
EDGE_API void edge_conn_resume(edge_conn_t *conn);
/* One deadline per connection; 0 = none. It goes on while paused. */
EDGE_API void edge_conn_deadline(edge_conn_t *conn, edge_mono_t when);
/* Writes what is left (for at most 10 s), ends the output, reads and drops input for a moment so that the
 * peer sees the last reply, then closes. No handler call but `closed` follows. The first reason counts. */
EDGE_API void edge_conn_close(edge_conn_t *conn, edge_close_reason_t reason);
/* Input that has been received but not eaten: for the check behind STARTTLS. Inside `input` the bytes shown count. */
EDGE_API size_t edge_conn_unread(const edge_conn_t *conn);
/* Whether the peer has sent something that nobody has looked at yet, also while paused: asks the system. */
EDGE_API bool edge_conn_has_input(const edge_conn_t *conn);
/* Output that has been written but waits for the peer: tells a client that does not read from one that does not talk. */
EDGE_API size_t edge_conn_unsent(const edge_conn_t *conn);

#endif
