/* A ring of stories in shared memory. */
#include "core/closed_sessions.h"

#include <errno.h>
#include <stdatomic.h>

#include "edge_shared.h"

#define LOCKS 16u /* neighbours in the ring have different ones */

typedef struct place {
    uint64_t number; /* 0: empty, or half written by a child that was killed */
    edge_session_story_t story;
} place_t;

typedef struct ring {
    _Atomic uint64_t newest;
    pthread_mutex_t locks[LOCKS];
    place_t places[EDGE_CLOSED_SESSIONS];
} ring_t;

static ring_t *ring;

apr_status_t edge_closed_sessions_map(void) {
    ring_t *made = edge_shared_map(sizeof(*made));
    if (!made)
        return APR_FROM_OS_ERROR(errno);
    apr_status_t status = APR_SUCCESS;
    for (unsigned i = 0; i < LOCKS && status == APR_SUCCESS; i++)
        status = edge_shared_lock_make(&made->locks[i]);
    ring = made;
    return status;
}

static place_t *lock_place(uint64_t number) {
    unsigned index = (unsigned)(number % EDGE_CLOSED_SESSIONS);
    edge_shared_lock(&ring->locks[index % LOCKS]);
    return &ring->places[index];
}

static void unlock_place(uint64_t number) { pthread_mutex_unlock(&ring->locks[number % EDGE_CLOSED_SESSIONS % LOCKS]); }

void edge_closed_sessions_add(const edge_session_t *session, edge_close_reason_t reason) {
    if (!ring)
        return;
    uint64_t number = atomic_fetch_add_explicit(&ring->newest, 1, memory_order_relaxed) + 1;
    place_t *place = lock_place(number);
    place->number = 0;
    edge_session_story_fill(session, &place->story);
    place->story.record.ended = edge_worker_clock(edge_conn_worker(session->conn)).wall;
    place->story.record.end = (uint8_t)reason;
    place->number = number;
    unlock_place(number);
}

uint64_t edge_closed_sessions_newest(void) {
    return ring ? atomic_load_explicit(&ring->newest, memory_order_relaxed) : 0;
}

bool edge_closed_sessions_record(uint64_t number, edge_session_record_t *record) {
    if (!ring || number == 0)
        return false;
    const place_t *place = lock_place(number);
    bool there = place->number == number;
    if (there)
        *record = place->story.record;
    unlock_place(number);
    return there;
}

static bool copy_if(uint64_t number, edge_span_t id, edge_session_story_t *story) {
    const place_t *place = lock_place(number);
    bool meant = place->number == number && edge_span_equal(id, edge_span_of(place->story.record.id));
    if (meant)
        *story = place->story;
    unlock_place(number);
    return meant;
}

bool edge_closed_sessions_find(edge_span_t id, edge_session_story_t *story) {
    uint64_t newest = edge_closed_sessions_newest();
    for (uint64_t i = 0; i < EDGE_CLOSED_SESSIONS && i < newest; i++)
        if (copy_if(newest - i, id, story))
            return true;
    return false;
}
