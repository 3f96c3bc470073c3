/* Growing buffers over blocks of powers of two. */
#include "edge_buf.h"
#include "edge_obj.h"

#include <stdlib.h>

#define KEPT_MOST (2u * 1024 * 1024)
#define BUF_MOST (UINT32_C(1) << 31)

struct edge_buf_free {
    edge_buf_free_t *next;
};

static uint32_t class_size(unsigned class) { return (uint32_t)EDGE_BUF_BLOCK_LEAST << class; }

/* The class of the smallest block with room for `len`; EDGE_BUF_CLASSES and more are not recycled. */
static unsigned class_of(size_t len) {
    unsigned class = 0;
    while (class_size(class) < len) {
        class ++;
    }
    return class;
}

static char *take_block(edge_buf_store_t *store, unsigned class) {
    if (class < EDGE_BUF_CLASSES && store->free[class] != NULL) {
        edge_buf_free_t *block = store->free[class];
        store->free[class] = block->next;
        store->kept -= class_size(class);
        return (char *)block;
    }
    char *block = malloc(class_size(class));
    EDGE_ASSERT(block != NULL);
    return block;
}

static void give_block(edge_buf_store_t *store, char *memory, uint32_t size) {
    unsigned class = class_of(size);
    size_t most = store->kept_most != 0 ? store->kept_most : KEPT_MOST;
    if (class >= EDGE_BUF_CLASSES || store->kept + size > most) {
        free(memory);
        return;
    }
    edge_buf_free_t *block = (edge_buf_free_t *)(void *)memory;
    block->next = store->free[class];
    store->free[class] = block;
    store->kept += size;
}

/* Into a block of this class, bytes at its front. */
static void move_to(edge_buf_store_t *store, edge_buf_t *buf, unsigned class) {
    size_t len = edge_buf_len(buf);
    char *block = take_block(store, class);
    if (buf->block != NULL) {
        memcpy(block, buf->block + buf->start, len);
        give_block(store, buf->block, buf->size);
    }
    buf->block = block;
    buf->start = 0;
    buf->end = (uint32_t)len;
    buf->size = class_size(class);
}

char *edge_buf_space(edge_buf_store_t *store, edge_buf_t *buf, size_t need) {
    size_t len = edge_buf_len(buf);
    EDGE_ASSERT(need < BUF_MOST && len + need <= BUF_MOST);
    if (need > edge_buf_room(buf) || buf->block == NULL) {
        /* Sliding is cheaper than growing, as long as it happens at most once for every half of a block. */
        if (len + need <= buf->size && len <= buf->size / 2) {
            memmove(buf->block, buf->block + buf->start, len);
            buf->start = 0;
            buf->end = (uint32_t)len;
        } else {
            move_to(store, buf, class_of(len + need));
        }
    }
    return buf->block + buf->end;
}

void edge_buf_added(edge_buf_t *buf, size_t len) {
    EDGE_ASSERT(len <= edge_buf_room(buf));
    buf->end += (uint32_t)len;
}

void edge_buf_append(edge_buf_store_t *store, edge_buf_t *buf, edge_span_t bytes) {
    if (bytes.len > 0) {
        memcpy(edge_buf_space(store, buf, bytes.len), bytes.at, bytes.len);
        edge_buf_added(buf, bytes.len);
    }
}

void edge_buf_eat(edge_buf_store_t *store, edge_buf_t *buf, size_t len) {
    EDGE_ASSERT(len <= edge_buf_len(buf));
    buf->start += (uint32_t)len;
    if (buf->start == buf->end) {
        edge_buf_clear(store, buf);
    }
}

void edge_buf_fit(edge_buf_store_t *store, edge_buf_t *buf) {
    size_t len = edge_buf_len(buf);
    if (len == 0) {
        edge_buf_clear(store, buf);
    } else if (class_size(class_of(len)) < buf->size) {
        move_to(store, buf, class_of(len));
    }
}

void edge_buf_clear(edge_buf_store_t *store, edge_buf_t *buf) {
    if (buf->block != NULL) {
        give_block(store, buf->block, buf->size);
    }
    memset(buf, 0, sizeof *buf);
}

void edge_buf_store_clear(edge_buf_store_t *store) {
    for (unsigned class = 0; class < EDGE_BUF_CLASSES; class ++) {
        while (store->free[class] != NULL) {
            edge_buf_free_t *block = store->free[class];
            store->free[class] = block->next;
            free(block);
        }
    }
    store->kept = 0;
}
