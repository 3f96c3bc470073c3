/*
 * Growing buffers over recycled blocks.
 *
 * Concept:  a buffer is a run of bytes that is written at its end and eaten at its
 *           front; its memory is one block of a power of two, taken from a store
 *           of free blocks and given back as soon as the buffer is empty. So an
 *           idle owner holds nothing, and a busy one costs no malloc.
 * Owner:    the store owns free blocks, the buffer the one it uses. All calls on a
 *           buffer name the same store.
 * Threads:  one at a time; a worker has its own store.
 * Lifetime: zero-filled memory is an empty buffer and an empty store.
 * Errors:   no memory is an assertion; bounds are the caller's business.
 */
#ifndef EDGE_BUF_H
#define EDGE_BUF_H

#include "edge_base.h"

#define EDGE_BUF_BLOCK_LEAST 256
#define EDGE_BUF_CLASSES 10 /* 256 bytes to 128 KiB are recycled; larger ones come from malloc */

typedef struct edge_buf_free edge_buf_free_t;

typedef struct edge_buf_store {
    edge_buf_free_t *free[EDGE_BUF_CLASSES];
    size_t kept;      /* bytes in free blocks */
    size_t kept_most; /* 0 = 2 MiB */
} edge_buf_store_t;

typedef struct edge_buf {
    char *block;
    uint32_t start, end, size; /* start <= end <= size; all 0 without a block */
} edge_buf_t;

static inline size_t edge_buf_len(const edge_buf_t *buf) { return buf->end - buf->start; }
/* What is in it; good until the next call that changes the buffer. */
static inline edge_span_t edge_buf_span(const edge_buf_t *buf) {
    return buf->block == NULL ? EDGE_NO_SPAN : edge_span(buf->block + buf->start, edge_buf_len(buf));
}
/* How many bytes fit behind the last one without moving anything. */
static inline size_t edge_buf_room(const edge_buf_t *buf) { return buf->size - buf->end; }

/* Makes room for `need` more bytes and returns where they go; edge_buf_added tells how many came. */
EDGE_API char *edge_buf_space(edge_buf_store_t *store, edge_buf_t *buf, size_t need);
EDGE_API void edge_buf_added(edge_buf_t *buf, size_t len);
EDGE_API void edge_buf_append(edge_buf_store_t *store, edge_buf_t *buf, edge_span_t bytes);
/* Drops `len` bytes at the front; an empty buffer gives its block back. */
EDGE_API void edge_buf_eat(edge_buf_store_t *store, edge_buf_t *buf, size_t len);
/* Moves the bytes into the smallest block that holds them, when that saves something; gives back an empty one. */
EDGE_API void edge_buf_fit(edge_buf_store_t *store, edge_buf_t *buf);
EDGE_API void edge_buf_clear(edge_buf_store_t *store, edge_buf_t *buf);
/* Gives all free blocks back to the system. */
EDGE_API void edge_buf_store_clear(edge_buf_store_t *store);

#endif
