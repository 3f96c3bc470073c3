/* A worker's memory: objects recycled by size, and root pools for transactions. */
#include "edge_obj.h"

#include "event/worker_priv.h"

#include <apr_allocator.h>
#include <stdlib.h>

#define SLAB_SIZE (64 * 1024)
/* A pool given back keeps its first node (8 KiB) and at most this much more. */
#define POOL_KEEPS (32 * 1024)

struct edge_worker_free {
    edge_worker_free_t *next;
};

/* Recycling would hide a use after free from the address sanitizer: there every object is a malloc of its own. */
#if defined(__SANITIZE_ADDRESS__)
#define RECYCLE false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RECYCLE false
#endif
#endif
#ifndef RECYCLE
#define RECYCLE true
#endif

static size_t size_class(size_t size) { return (size + EDGE_WORKER_GRAIN - 1) / EDGE_WORKER_GRAIN; }

static bool recycled(size_t class) { return RECYCLE && class <= EDGE_WORKER_SIZES; }

/* The rest of a slab that is too small for this object is lost: less than one object in 64 KiB. */
static void *carve(edge_worker_memory_t *memory, size_t size) {
    if (memory->fresh_left < size) {
        edge_worker_free_t *slab = malloc(SLAB_SIZE);
        EDGE_ASSERT(slab != NULL);
        slab->next = memory->slabs;
        memory->slabs = slab;
        memory->fresh = (char *)slab + EDGE_WORKER_GRAIN;
        memory->fresh_left = SLAB_SIZE - EDGE_WORKER_GRAIN;
    }
    void *object = memory->fresh;
    memory->fresh += size;
    memory->fresh_left -= size;
    return object;
}

void *edge_worker_take(edge_worker_t *worker, size_t size) {
    edge_worker_memory_t *memory = &worker->memory;
    size_t class = size_class(size);
    EDGE_ASSERT(worker == edge_worker_self() && size > 0);
    if (!recycled(class)) {
        void *object = calloc(1, size);
        EDGE_ASSERT(object != NULL);
        return object;
    }
    void *object = memory->free[class];
    if (object != NULL) {
        memory->free[class] = memory->free[class]->next;
    } else {
        object = carve(memory, class * EDGE_WORKER_GRAIN);
    }
    return memset(object, 0, size);
}

void edge_worker_give(edge_worker_t *worker, void *object, size_t size) {
    size_t class = size_class(size);
    EDGE_ASSERT(worker == edge_worker_self());
    if (!recycled(class)) {
        free(object);
        return;
    }
    edge_worker_free_t *freed = object;
    freed->next = worker->memory.free[class];
    worker->memory.free[class] = freed;
}

static int out_of_memory(int status) {
    EDGE_ASSERT(status == APR_SUCCESS);
    return status;
}

static apr_pool_t *make_pool(void) {
    apr_allocator_t *allocator;
    apr_pool_t *pool;
    apr_status_t status = apr_allocator_create(&allocator);
    EDGE_ASSERT(status == APR_SUCCESS);
    apr_allocator_max_free_set(allocator, POOL_KEEPS);
    status = apr_pool_create_unmanaged_ex(&pool, out_of_memory, allocator);
    EDGE_ASSERT(status == APR_SUCCESS);
    apr_allocator_owner_set(allocator, pool); /* the allocator goes with the pool */
    return pool;
}

apr_pool_t *edge_worker_take_pool(edge_worker_t *worker) {
    edge_worker_memory_t *memory = &worker->memory;
    EDGE_ASSERT(worker == edge_worker_self());
    return memory->pool_count > 0 ? memory->pools[--memory->pool_count] : make_pool();
}

void edge_worker_give_pool(edge_worker_t *worker, apr_pool_t *pool) {
    edge_worker_memory_t *memory = &worker->memory;
    EDGE_ASSERT(worker == edge_worker_self());
    if (!RECYCLE || memory->pool_count == EDGE_WORKER_POOLS_KEPT) {
        apr_pool_destroy(pool);
        return;
    }
    apr_pool_clear(pool);
    memory->pools[memory->pool_count++] = pool;
}

void edge_worker_memory_free(edge_worker_memory_t *memory) {
    while (memory->pool_count > 0) {
        apr_pool_destroy(memory->pools[--memory->pool_count]);
    }
    while (memory->slabs != NULL) {
        edge_worker_free_t *slab = memory->slabs;
        memory->slabs = slab->next;
        free(slab);
    }
}
