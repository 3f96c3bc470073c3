/* The overrides' shared memory. */
#include "core/override_store.h"

#include <errno.h>
#include <stdatomic.h>

#include "edge_obj.h"
#include "edge_shared.h"

/* A child that is killed while it writes leaves the half that is not in use broken. */
typedef struct store {
    pthread_mutex_t lock;
    uint64_t revision, owner;
    unsigned half;
    size_t len[2];
    _Atomic edge_mono_t graceful;
    _Atomic unsigned counts[2]; /* those that a reload, those that a restart survive */
    char text[2][EDGE_OVERRIDE_STORE_MOST];
} store_t;

static store_t *store;

apr_status_t edge_override_store_map(void) {
    store = edge_shared_map(sizeof(store_t));
    return store ? edge_shared_lock_make(&store->lock) : APR_FROM_OS_ERROR(errno);
}

void edge_override_store_lock(void) { edge_shared_lock(&store->lock); }
void edge_override_store_unlock(void) { pthread_mutex_unlock(&store->lock); }

bool edge_override_store_begun(void) { return store->revision > 0; }
uint64_t edge_override_store_revision(void) { return store->revision; }
uint64_t edge_override_store_owner(void) { return store->owner; }
void edge_override_store_set_owner(uint64_t generation) { store->owner = generation; }

apr_array_header_t *edge_override_store_list(apr_pool_t *pool) {
    return edge_override_read(edge_span(store->text[store->half], store->len[store->half]), NULL, pool);
}

apr_status_t edge_override_store_put(const apr_array_header_t *list, apr_pool_t *pool) {
    edge_span_t text = edge_span_of(edge_override_write(list, false, pool));
    unsigned other = !store->half, persistent = 0;
    if (text.len > EDGE_OVERRIDE_STORE_MOST)
        return APR_ENOSPC;
    memcpy(store->text[other], text.at, text.len);
    store->len[other] = text.len;
    for (int i = 0; i < list->nelts; i++)
        persistent += APR_ARRAY_IDX(list, i, edge_override_t).persistent;
    atomic_store(&store->counts[true], persistent);
    atomic_store(&store->counts[false], (unsigned)list->nelts - persistent);
    store->half = other;
    store->revision++;
    return APR_SUCCESS;
}

edge_mono_t edge_override_store_graceful(void) { return store ? atomic_load(&store->graceful) : 0; }
void edge_override_store_set_graceful(edge_mono_t timeout) { atomic_store(&store->graceful, timeout); }
unsigned edge_override_store_count(bool persistent) { return store ? atomic_load(&store->counts[persistent]) : 0; }
