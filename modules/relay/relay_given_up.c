/* The few messages whose senders an operator wants told that they were given up. */
#include "relay_given_up.h"

#include <stdlib.h>

#include "edge_obj.h"

void relay_given_up_start(relay_given_up_t *all) { pthread_mutex_init(&all->lock, NULL); }

void relay_given_up_free(relay_given_up_t *all) {
    free(all->ids);
    all->ids = NULL;
    all->room = 0;
    atomic_store(&all->count, 0);
    pthread_mutex_destroy(&all->lock);
}

/* With the lock; as many as there are when it is not there. */
static unsigned place_of(const relay_given_up_t *all, edge_uuid_t id) {
    unsigned at = 0;
    while (at < all->count && !edge_uuid_equal(all->ids[at], id))
        at++;
    return at;
}

static void make_room(relay_given_up_t *all) {
    if (all->count < all->room)
        return;
    all->room = all->room ? 2 * all->room : 16;
    all->ids = realloc(all->ids, all->room * sizeof(all->ids[0]));
    EDGE_ASSERT(all->ids != NULL);
}

void relay_given_up_add(relay_given_up_t *all, edge_uuid_t id) {
    pthread_mutex_lock(&all->lock);
    if (place_of(all, id) == all->count) {
        make_room(all);
        all->ids[all->count] = id;
        atomic_fetch_add(&all->count, 1);
    }
    pthread_mutex_unlock(&all->lock);
}

bool relay_given_up_take(relay_given_up_t *all, edge_uuid_t id) {
    if (atomic_load(&all->count) == 0)
        return false;
    pthread_mutex_lock(&all->lock);
    unsigned at = place_of(all, id);
    bool found = at < all->count;
    if (found)
        all->ids[at] = all->ids[atomic_fetch_sub(&all->count, 1) - 1];
    pthread_mutex_unlock(&all->lock);
    return found;
}
