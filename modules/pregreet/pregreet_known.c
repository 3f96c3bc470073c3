/* The table of clients that have waited once. */
#include "pregreet.h"

#include <apr_general.h>
#include <pthread.h>
#include <stdlib.h>

typedef struct place {
    edge_ipaddr_t address;
    edge_mono_t until; /* 0: free */
} place_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static place_t (*table)[PREGREET_WAYS];
static uint64_t seed; /* who shares a set with whom is not for clients to know */

apr_status_t pregreet_start(void) {
    (void)apr_generate_random_bytes((unsigned char *)&seed, sizeof(seed));
    table = calloc(PREGREET_SETS, sizeof(*table));
    return table ? APR_SUCCESS : APR_ENOMEM;
}

void pregreet_stop(void) {
    free(table);
    table = NULL;
}

/* A client of IPv6 has a whole /64 to come from. */
static edge_ipaddr_t key_of(edge_ipaddr_t address) {
    if (!edge_ipaddr_is_v4(address))
        memset(address.bytes + 8, 0, 8);
    return address;
}

static place_t *set_of(edge_ipaddr_t key) {
    uint64_t halves[2], hash;
    memcpy(halves, key.bytes, sizeof(halves));
    /* A multiplication carries only upwards: what differs in the upper half is folded down before each. */
    hash = (halves[0] ^ halves[0] >> 32 ^ seed) * 0x9e3779b97f4a7c15u;
    hash ^= halves[1];
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
    return table[(hash ^ hash >> 32) % PREGREET_SETS];
}

static place_t *find(place_t *set, edge_ipaddr_t key) {
    for (unsigned i = 0; i < PREGREET_WAYS; i++)
        if (set[i].until && edge_ipaddr_equal(set[i].address, key))
            return &set[i];
    return NULL;
}

bool pregreet_knows(edge_ipaddr_t address, edge_mono_t now) {
    edge_ipaddr_t key = key_of(address);
    pthread_mutex_lock(&lock);
    const place_t *place = find(set_of(key), key);
    bool known = place && place->until > now;
    pthread_mutex_unlock(&lock);
    return known;
}

void pregreet_remember(edge_ipaddr_t address, edge_mono_t until) {
    edge_ipaddr_t key = key_of(address);
    pthread_mutex_lock(&lock);
    place_t *set = set_of(key), *place = find(set, key), *first = &set[0];
    for (unsigned i = 1; i < PREGREET_WAYS; i++)
        first = set[i].until < first->until ? &set[i] : first;
    place = place ? place : first;
    *place = (place_t){key, until};
    pthread_mutex_unlock(&lock);
}

void pregreet_forget(edge_ipaddr_t address) {
    edge_ipaddr_t key = key_of(address);
    pthread_mutex_lock(&lock);
    place_t *place = find(set_of(key), key);
    if (place)
        place->until = 0;
    pthread_mutex_unlock(&lock);
}
