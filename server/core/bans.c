/* The list of bans, in memory that all children share. */
#include "core/bans.h"

#include <errno.h>
#include <stdatomic.h>

#include "edge_codec.h"
#include "edge_counter.h"
#include "edge_shared.h"

#define SETS (EDGE_BANS_MOST / WAYS)
#define WAYS 16u
#define OTHERS 64u

typedef struct list {
    pthread_mutex_t lock;
    _Atomic edge_mono_t last_until;     /* when the last of all ends, or later: until then it is worth looking */
    edge_ban_t clients[EDGE_BANS_MOST]; /* of the width that one client can have addresses in: found by their hash */
    edge_ban_t others[OTHERS];          /* of any other width */
} list_t;

/* Where a ban stands: a few places that are looked through. */
typedef struct shelf {
    edge_ban_t *first;
    unsigned count;
} shelf_t;

static list_t *list;

apr_status_t edge_bans_map(void) {
    list = edge_shared_map(sizeof(list_t));
    return list ? edge_shared_lock_make(&list->lock) : APR_FROM_OS_ERROR(errno);
}

/* Whoever was killed here has left one ban half written, which ends by itself. */
static void lock_list(void) { edge_shared_lock(&list->lock); }

static void unlock_list(void) { pthread_mutex_unlock(&list->lock); }

static bool holds(const edge_ban_t *ban, edge_mono_t now) { return ban->until > now; }

static shelf_t shelf_of(edge_ipaddr_t address, unsigned bits) {
    edge_ipaddr_t client = address;
    if (edge_bans_clients_network(&client) != bits)
        return (shelf_t){list->others, OTHERS};
    uint32_t hash = edge_crc32c(0, client.bytes, sizeof(client.bytes)) * 2654435761u;
    return (shelf_t){list->clients + (hash >> 8) % SETS * WAYS, WAYS};
}

static edge_ban_t *find_network(shelf_t shelf, edge_ipaddr_t address, unsigned bits) {
    for (unsigned i = 0; i < shelf.count; i++)
        if (shelf.first[i].bits == bits && edge_ipaddr_equal(shelf.first[i].address, address))
            return shelf.first + i;
    return NULL;
}

/* A free place, or the ban that ends first of those that may give way: what an operator has said does not. */
static edge_ban_t *find_place(shelf_t shelf, edge_mono_t now) {
    edge_ban_t *weakest = NULL;
    for (unsigned i = 0; i < shelf.count; i++) {
        edge_ban_t *ban = shelf.first + i;
        if (!holds(ban, now))
            return ban;
        if (!ban->manual && (!weakest || ban->until < weakest->until))
            weakest = ban;
    }
    return weakest;
}

bool edge_bans_add(const edge_ban_t *ban, edge_mono_t now) {
    shelf_t shelf = shelf_of(ban->address, ban->bits);
    lock_list();
    edge_ban_t *place = find_network(shelf, ban->address, ban->bits);
    if (place && holds(place, now) && place->manual && !ban->manual) {
        unlock_list(); /* what an operator has decided is not changed by a client */
        return true;
    }
    if (!place)
        place = find_place(shelf, now);
    if (place)
        *place = *ban;
    if (place && ban->until > atomic_load(&list->last_until))
        atomic_store(&list->last_until, ban->until);
    unlock_list();
    if (place)
        edge_counter_add(EDGE_C_BANS, 1);
    return place != NULL;
}

static bool held_by(shelf_t shelf, edge_ipaddr_t address, edge_mono_t now) {
    for (unsigned i = 0; i < shelf.count; i++) {
        edge_ban_t *ban = shelf.first + i;
        if (!holds(ban, now) || !edge_ipaddr_in_network(address, ban->address, ban->bits))
            continue;
        ban->hits++;
        return true;
    }
    return false;
}

bool edge_bans_hold(edge_ipaddr_t address, edge_mono_t now) {
    /* Without a map, as in tools, nobody is banned. */
    if (!list || atomic_load_explicit(&list->last_until, memory_order_relaxed) <= now)
        return false;
    edge_ipaddr_t client = address;
    unsigned bits = edge_bans_clients_network(&client);
    lock_list();
    bool held = held_by(shelf_of(client, bits), address, now) || held_by((shelf_t){list->others, OTHERS}, address, now);
    unlock_list();
    return held;
}

/* All places, one after another. */
static edge_ban_t *ban_at(unsigned index) {
    return index < EDGE_BANS_MOST ? &list->clients[index] : &list->others[index - EDGE_BANS_MOST];
}

unsigned edge_bans_lift(edge_ipaddr_t address, unsigned bits, edge_mono_t now) {
    unsigned lifted = 0;
    edge_mono_t last = 0;
    lock_list();
    for (unsigned i = 0; i < EDGE_BANS_MOST + OTHERS; i++) {
        edge_ban_t *ban = ban_at(i);
        bool meant = bits == 0 || (ban->bits == bits && edge_ipaddr_equal(ban->address, address));
        if (meant && holds(ban, now)) {
            ban->until = 0;
            lifted++;
        }
        last = ban->until > last ? ban->until : last;
    }
    atomic_store(&list->last_until, last);
    unlock_list();
    return lifted;
}

unsigned edge_bans_list(edge_ban_t *into, unsigned most, edge_mono_t now) {
    unsigned count = 0;
    lock_list();
    for (unsigned i = 0; i < EDGE_BANS_MOST + OTHERS; i++) {
        if (!holds(ban_at(i), now))
            continue;
        if (count < most)
            into[count] = *ban_at(i);
        count++;
    }
    unlock_list();
    return count;
}

unsigned edge_bans_clients_network(edge_ipaddr_t *address) {
    unsigned bits = edge_ipaddr_is_v4(*address) ? 128 : 64;
    *address = edge_ipaddr_network(*address, bits);
    return bits;
}
