/*
 * What carries a connection's bytes: plain TCP, or TLS over it.
 *
 * Concept:  a table of functions that a connection calls; every "not now" says
 *           which readiness it waits for, so TLS want-read inside a write is no
 *           special case. Bytes held inside the transport are reported by
 *           `pending`, so that they never wait for a socket event.
 * Owner:    implementers (io/transport_plain.c; a module for TLS); the state
 *           belongs to the connection.
 * Threads:  the connection's worker.
 * Lifetime: open to close; close is called exactly once.
 * Errors:   EDGE_IO_ERROR with a status; EDGE_IO_END is an orderly end of input.
 */
#ifndef EDGE_TRANSPORT_H
#define EDGE_TRANSPORT_H

#include "edge_base.h"

struct iovec;

typedef enum edge_io {
    EDGE_IO_DONE,       /* `*moved` bytes were moved (> 0), or the handshake is complete */
    EDGE_IO_WANT_READ,  /* nothing moved: wait until the socket is readable */
    EDGE_IO_WANT_WRITE, /* nothing moved: wait until the socket is writable */
    EDGE_IO_END,
    EDGE_IO_ERROR
} edge_io_t;

typedef struct edge_transport {
    const char *name;
    /* `state` out; `settings` is what the listener gave. NULL: no state. */
    apr_status_t (*open)(void **state, int fd, const void *settings);
    /* NULL: open at once. */
    edge_io_t (*handshake)(void *state, int fd, apr_status_t *status);
    edge_io_t (*read)(void *state, int fd, char *into, size_t size, size_t *moved, apr_status_t *status);
    edge_io_t (*write)(void *state, int fd, const struct iovec *from, int count, size_t *moved, apr_status_t *status);
    bool (*pending)(void *state); /* NULL: never */
    void (*close)(void *state, int fd, bool orderly);
} edge_transport_t;

EDGE_API extern const edge_transport_t edge_transport_plain;

#endif
