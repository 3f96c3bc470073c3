/* Clients remembered in memory that all children share. */
#include "core/recall.h"

#include <errno.h>

#include "edge_keyed_hash.h"
#include "edge_secret.h"
#include "edge_shared.h"

#define WAYS EDGE_RECALL_WAYS
#define SETS (EDGE_RECALL_PLACES / WAYS)
#define LOCKS 64u

/* A holder that was killed between the two leaves an address known for another's time: it waits once more, or once less. */
typedef struct place {
    uint64_t mark;     /* half a hash */
    edge_mono_t until; /* 0: free */
} place_t;

static struct {
    pthread_mutex_t *locks; /* each of every LOCKS-th set */
    place_t (*sets)[WAYS];
} table;

apr_status_t edge_recall_map(void) {
    pthread_mutex_t *locks = edge_shared_map(LOCKS * sizeof(*locks));
    void *sets = locks ? edge_shared_map(SETS * sizeof(*table.sets)) : NULL;
    apr_status_t status = sets ? APR_SUCCESS : APR_FROM_OS_ERROR(errno);
    for (unsigned i = 0; i < LOCKS && status == APR_SUCCESS; i++)
        status = edge_shared_lock_make(&locks[i]);
    if (status != APR_SUCCESS)
        return status;
    table.locks = locks;
    table.sets = sets;
    return APR_SUCCESS;
}

static edge_keyed_hash_t hash_of(edge_span_t purpose, edge_ipaddr_t client) {
    edge_keyed_hash_t secret;
    memcpy(secret.bits, edge_secret(), sizeof(secret.bits));
    if (!edge_ipaddr_is_v4(client))
        client = edge_ipaddr_network(client, 64);
    return edge_keyed_hash(edge_keyed_hash(secret, purpose),
                           edge_span((const char *)client.bytes, sizeof(client.bytes)));
}

static unsigned index_of(edge_keyed_hash_t hash) { return (unsigned)(hash.bits[0] % SETS); }

static place_t *lock_set(edge_keyed_hash_t hash) {
    edge_shared_lock(&table.locks[index_of(hash) % LOCKS]);
    return table.sets[index_of(hash)];
}

static void unlock_set(edge_keyed_hash_t hash) { pthread_mutex_unlock(&table.locks[index_of(hash) % LOCKS]); }

static place_t *find(place_t *set, edge_keyed_hash_t hash) {
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].until && set[i].mark == hash.bits[1])
            return &set[i];
    return NULL;
}

bool edge_recall_knows(edge_span_t purpose, edge_ipaddr_t client, edge_mono_t now) {
    edge_keyed_hash_t hash = hash_of(purpose, client);
    if (!table.sets)
        return false;
    const place_t *place = find(lock_set(hash), hash);
    bool known = place && place->until > now;
    unlock_set(hash);
    return known;
}

void edge_recall_keep(edge_span_t purpose, edge_ipaddr_t client, edge_mono_t until) {
    edge_keyed_hash_t hash = hash_of(purpose, client);
    if (!table.sets)
        return;
    place_t *set = lock_set(hash), *place = find(set, hash), *first = &set[0];
    for (unsigned i = 1; i < WAYS; i++)
        first = set[i].until < first->until ? &set[i] : first;
    place = place ? place : first;
    *place = (place_t){hash.bits[1], until};
    unlock_set(hash);
}

void edge_recall_forget(edge_span_t purpose, edge_ipaddr_t client) {
    edge_keyed_hash_t hash = hash_of(purpose, client);
    if (!table.sets)
        return;
    place_t *place = find(lock_set(hash), hash);
    if (place)
        place->until = 0;
    unlock_set(hash);
}
