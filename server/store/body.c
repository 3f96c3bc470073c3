/* Bodies in memory: blocks that grow with the body and are recycled by their worker. */
#include "edge_codec.h"
#include "store/body_priv.h"

#include <stdlib.h>

/* A 4 KiB message takes one small block, a large one few large blocks. */
static const struct {
    size_t size;
    unsigned kept; /* free ones a worker keeps */
} classes[] = {{8192, 256}, {32768, 32}, {65536, 64}};

typedef struct store {
    edge_body_block_t *free[EDGE_COUNT(classes)];
    unsigned count[EDGE_COUNT(classes)];
} store_t;

static unsigned seat;
static pthread_once_t seat_once = PTHREAD_ONCE_INIT;
static void take_seat(void) { seat = edge_worker_new_seat(); }

static store_t *store_of(edge_worker_t *worker) {
    store_t *store = edge_worker_seat(worker, seat);
    if (store == NULL) {
        store = calloc(1, sizeof *store);
        EDGE_ASSERT(store != NULL);
        edge_worker_set_seat(worker, seat, store);
    }
    return store;
}

void edge_spool_worker_stop(edge_worker_t *worker) {
    pthread_once(&seat_once, take_seat);
    store_t *store = edge_worker_seat(worker, seat);
    for (unsigned i = 0; store != NULL && i < EDGE_COUNT(classes); i++) {
        while (store->free[i] != NULL) {
            edge_body_block_t *block = store->free[i];
            store->free[i] = block->next;
            free(block);
        }
    }
    free(store);
    edge_worker_set_seat(worker, seat, NULL);
}

static size_t memory_of(const edge_body_block_t *block) { return sizeof *block + block->room; }

static edge_body_block_t *take_block(edge_worker_t *worker, unsigned class) {
    store_t *store = store_of(worker);
    edge_body_block_t *block = store->free[class];
    if (block != NULL) {
        store->free[class] = block->next;
        store->count[class]--;
    } else {
        block = malloc(classes[class].size);
        EDGE_ASSERT(block != NULL);
        block->room = (uint32_t)(classes[class].size - sizeof *block);
    }
    block->next = NULL;
    block->used = 0;
    return block;
}

static void give_block(edge_worker_t *worker, edge_body_block_t *block) {
    store_t *store = store_of(worker);
    unsigned class = 0;
    while (classes[class].size != memory_of(block)) {
        class ++;
    }
    if (store->count[class] == classes[class].kept) {
        free(block);
        return;
    }
    block->next = store->free[class];
    store->free[class] = block;
    store->count[class]++;
}

static void add_block(edge_spool_t *spool, edge_worker_t *worker, edge_blocks_t *blocks) {
    unsigned class = blocks->memory == 0 ? 0 : blocks->memory < 65536 ? 1 : 2;
    edge_body_block_t *block = take_block(worker, class);
    if (blocks->last != NULL) {
        blocks->last->next = block;
    } else {
        blocks->first = block;
    }
    blocks->last = block;
    blocks->memory += memory_of(block);
    atomic_fetch_add_explicit(&spool->body_bytes, memory_of(block), memory_order_relaxed);
}

void edge_blocks_append(edge_spool_t *spool, edge_worker_t *worker, edge_blocks_t *blocks, edge_span_t bytes) {
    while (bytes.len > 0) {
        edge_body_block_t *block = blocks->last;
        if (block == NULL || block->used == block->room) {
            add_block(spool, worker, blocks);
            block = blocks->last;
        }
        size_t len = bytes.len < block->room - block->used ? bytes.len : block->room - block->used;
        memcpy(block->data + block->used, bytes.at, len);
        block->used += (uint32_t)len;
        blocks->len += len;
        bytes = edge_span_after(bytes, len);
    }
}

void edge_blocks_clear(edge_spool_t *spool, edge_worker_t *worker, edge_blocks_t *blocks) {
    for (edge_body_block_t *block = blocks->first; block != NULL;) {
        edge_body_block_t *next = block->next;
        give_block(worker, block);
        block = next;
    }
    atomic_fetch_sub_explicit(&spool->body_bytes, blocks->memory, memory_order_relaxed);
    *blocks = (edge_blocks_t){NULL, NULL, 0, 0};
}

/* The body of an edge */

static edge_spool_body_t *body_of(edge_body_t *base) {
    edge_spool_body_t *body = EDGE_CONTAINER(base, edge_spool_body_t, base);
    EDGE_OBJ_CHECK(body, EDGE_BODY_MAGIC);
    return body;
}

static bool is_memory_short(const edge_spool_t *spool) {
    return atomic_load_explicit(&spool->body_bytes, memory_order_relaxed) > spool->options.body_memory;
}

static edge_body_flow_t write_filed(edge_spool_body_t *body) {
    bool hungry = is_memory_short(body->spool);
    if (!body->busy && body->pending.len >= (hungry ? 1 : EDGE_BODY_CHUNK)) {
        edge_body_file_write(body);
    }
    if (body->pending.len + body->writing.len >= (hungry ? 1 : EDGE_BODY_PENDING + EDGE_BODY_CHUNK) && body->busy) {
        body->wants_room = true;
        return EDGE_BODY_WAIT;
    }
    return EDGE_BODY_MORE;
}

static edge_body_flow_t write_body(edge_body_t *base, edge_span_t bytes) {
    edge_spool_body_t *body = body_of(base);
    edge_spool_t *spool = body->spool;
    if (body->trouble != APR_SUCCESS) {
        return EDGE_BODY_MORE;
    }
    body->crc = edge_crc32c(body->crc, bytes.at, bytes.len);
    edge_blocks_append(spool, base->worker, &body->pending, bytes);
    body->filed = body->filed || base->size > spool->options.body_most || is_memory_short(spool);
    return body->filed ? write_filed(body) : EDGE_BODY_MORE;
}

static void abandon_body(edge_body_t *base) {
    edge_spool_body_t *body = body_of(base);
    body->abandoned = true;
    edge_blocks_clear(body->spool, base->worker, &body->pending);
    if (!body->busy) {
        edge_body_file_remove(body);
    }
}

static const edge_body_kind_t kind = {write_body, abandon_body};

edge_body_t *edge_spool_body_open(edge_spool_t *spool, edge_worker_t *worker, void (*room)(void *owner), void *owner) {
    pthread_once(&seat_once, take_seat);
    edge_spool_body_t *body = edge_worker_take(worker, sizeof *body);
    EDGE_OBJ_INIT(body, EDGE_BODY_MAGIC);
    body->base = (edge_body_t){.kind = &kind, .worker = worker, .room = room, .owner = owner};
    body->spool = spool;
    atomic_fetch_add(&spool->bodies, 1);
    return &body->base;
}

void edge_spool_body_free(edge_spool_body_t *body) {
    edge_spool_t *spool = body->spool;
    edge_worker_t *worker = body->base.worker;
    EDGE_ASSERT(!body->busy && body->fd == 0);
    edge_blocks_clear(spool, worker, &body->writing);
    edge_blocks_clear(spool, worker, &body->pending);
    EDGE_OBJ_CLEAR(body);
    edge_worker_give(worker, body, sizeof *body);
    atomic_fetch_sub(&spool->bodies, 1); /* the last touch: close waits for it */
}
