/*
 * Lists and figures.
 *
 * The index has no order; a list gathers the ids it wants, sorts them, and reads the
 * envelopes one by one. The lock is held for a few thousand entries at a time, never
 * while something is read from the disk.
 */
#include "store/spool_priv.h"
#include "edge_clock.h"

#include <stdlib.h>

typedef struct gathering {
    const edge_queue_filter_t *filter;
    edge_uuid_t *ids;
    size_t count, room;
} gathering_t;

static int compare_ids(const void *a, const void *b) { return memcmp(a, b, sizeof(edge_uuid_t)); }

static edge_message_state_t state_of(const edge_index_entry_t *entry) {
    return entry->leased ? EDGE_MESSAGE_LEASED : (edge_message_state_t)entry->state;
}

static bool is_wanted(const edge_queue_filter_t *filter, const edge_index_entry_t *entry) {
    return (filter->state < 0 || filter->state == (int)state_of(entry)) && compare_ids(&entry->id, &filter->after) > 0;
}

/* Only the `most` smallest are needed: now and then the others are thrown away. */
static bool make_room(gathering_t *gathering) {
    size_t most = gathering->filter->most;
    if (most > 0 && gathering->count >= 2 * most + 4096) {
        qsort(gathering->ids, gathering->count, sizeof gathering->ids[0], compare_ids);
        gathering->count = most;
    }
    if (gathering->count + EDGE_INDEX_CHUNK <= gathering->room) {
        return true;
    }
    size_t room = (gathering->room + EDGE_INDEX_CHUNK) * 2;
    edge_uuid_t *ids = realloc(gathering->ids, room * sizeof *ids);
    if (ids != NULL) {
        gathering->ids = ids;
        gathering->room = room;
    }
    return ids != NULL;
}

/* One chunk of the index; false behind the last. */
static bool gather_chunk(edge_spool_t *spool, gathering_t *gathering, uint32_t from) {
    pthread_mutex_lock(&spool->lock);
    uint32_t places = edge_index_places(&spool->index),
             to = from + EDGE_INDEX_CHUNK < places ? from + EDGE_INDEX_CHUNK : places;
    for (uint32_t i = from; i < to; i++) {
        const edge_index_entry_t *entry = edge_index_at(&spool->index, i);
        if (entry != NULL && is_wanted(gathering->filter, entry)) {
            gathering->ids[gathering->count++] = entry->id;
        }
    }
    pthread_mutex_unlock(&spool->lock);
    return to < places;
}

static apr_status_t gather(edge_spool_t *spool, gathering_t *gathering) {
    for (uint32_t from = 0;; from += EDGE_INDEX_CHUNK) {
        if (!make_room(gathering)) {
            return APR_ENOMEM;
        }
        if (!gather_chunk(spool, gathering, from)) {
            break;
        }
    }
    qsort(gathering->ids, gathering->count, sizeof gathering->ids[0], compare_ids);
    if (gathering->filter->most > 0 && gathering->count > gathering->filter->most) {
        gathering->count = gathering->filter->most;
    }
    return APR_SUCCESS;
}

/* False: the visitor has seen enough. A message that has gone meanwhile is passed over. */
static bool show(edge_spool_t *spool, edge_uuid_t id, uint64_t matched, apr_pool_t *pool,
                 bool (*visit)(void *context, const edge_queue_entry_t *entry), void *context) {
    edge_place_t place;
    edge_envelope_t *envelope = NULL;
    edge_span_t prelude;
    pthread_mutex_lock(&spool->lock);
    edge_index_entry_t *entry = edge_index_find(&spool->index, id);
    if (entry != NULL) {
        edge_place_take(entry, &place);
    }
    pthread_mutex_unlock(&spool->lock);
    if (entry == NULL) {
        return true;
    }
    apr_status_t status = edge_place_read(&place, pool, &envelope, &prelude);
    if (status != APR_SUCCESS) {
        edge_place_damaged(spool, &place, "its envelope");
        envelope = NULL;
    }
    edge_queue_entry_t line = {.id = id, .state = place.state, .envelope = envelope, .matched = matched};
    bool more = visit(context, &line);
    edge_place_release(spool, &place);
    return more;
}

apr_status_t edge_spool_list(edge_spool_t *spool, const edge_queue_filter_t *filter,
                             bool (*visit)(void *context, const edge_queue_entry_t *entry), void *context) {
    gathering_t gathering = {.filter = filter};
    apr_pool_t *pool = NULL;
    apr_status_t status = edge_recover_wait(spool);
    if (status == APR_SUCCESS) {
        status = gather(spool, &gathering);
    }
    if (status == APR_SUCCESS) {
        status = apr_pool_create_unmanaged(&pool);
    }
    uint64_t matched = gathering.count,
             shown = filter->spread > 0 && filter->spread < matched ? filter->spread : matched;
    for (uint64_t i = 0; i < shown && status == APR_SUCCESS; i++) {
        bool more = show(spool, gathering.ids[i * matched / shown], matched, pool, visit, context);
        apr_pool_clear(pool);
        if (!more) {
            break;
        }
    }
    if (pool != NULL) {
        apr_pool_destroy(pool);
    }
    free(gathering.ids);
    return status;
}

/* Figures */

static apr_time_t time_of(edge_uuid_t id) {
    uint64_t ms = 0;
    for (unsigned i = 0; i < 6; i++) {
        ms = ms << 8 | id.bytes[i];
    }
    return (apr_time_t)ms * 1000;
}

/* Ids of version 7 and of damaged regions both start with their time. */
static apr_time_t walk_for_oldest(edge_spool_t *spool) {
    edge_uuid_t oldest = {{0}};
    for (uint32_t from = 0, places = 1; from < places; from += EDGE_INDEX_CHUNK) {
        pthread_mutex_lock(&spool->lock);
        places = edge_index_places(&spool->index);
        for (uint32_t i = from; i < places && i < from + EDGE_INDEX_CHUNK; i++) {
            const edge_index_entry_t *entry = edge_index_at(&spool->index, i);
            if (entry != NULL && (time_of(oldest) == 0 || time_of(entry->id) < time_of(oldest))) {
                oldest = entry->id;
            }
        }
        pthread_mutex_unlock(&spool->lock);
    }
    pthread_mutex_lock(&spool->lock);
    spool->oldest = oldest;
    spool->oldest_found = edge_clock_mono();
    pthread_mutex_unlock(&spool->lock);
    return time_of(oldest);
}

/* The index has no order by age, and many ask: a walk through a large one is made again when the message that it found has
 * gone, a second later at the earliest, and after ten seconds in any case, since an adopted segment may bring an older one. */
static apr_time_t find_oldest(edge_spool_t *spool) {
    pthread_mutex_lock(&spool->lock);
    bool large = edge_index_places(&spool->index) > EDGE_INDEX_CHUNK && spool->index.used > 0;
    bool there = edge_index_find(&spool->index, spool->oldest) != NULL;
    edge_mono_t holds_for = there ? EDGE_SECONDS(10) : EDGE_SECONDS(1);
    bool holds = large && spool->oldest_found != 0 && edge_clock_mono() - spool->oldest_found < holds_for;
    apr_time_t oldest = time_of(spool->oldest);
    pthread_mutex_unlock(&spool->lock);
    return holds ? oldest : walk_for_oldest(spool);
}

static edge_span_t say_trouble(edge_spool_t *spool, edge_outcome_t outcome) {
    static _Thread_local char text[160];
    apr_status_t trouble = atomic_load(&spool->trouble);
    if (trouble != APR_SUCCESS) {
        return edge_span_of(apr_strerror(trouble, text, sizeof text));
    }
    return edge_span_of(outcome == EDGE_OUTCOME_NO_ROOM ? "SpoolMax or SpoolMinFree is reached"
                                                        : "the log does not work");
}

apr_status_t edge_spool_stat(edge_spool_t *spool, edge_queue_stat_t *stat) {
    *stat = (edge_queue_stat_t){.disk_most = spool->options.max_bytes};
    apr_status_t status = edge_recover_wait(spool);
    pthread_mutex_lock(&spool->lock);
    const edge_index_t *index = &spool->index;
    stat->messages = index->used;
    stat->held = index->held;
    stat->deferred = index->deferred;
    stat->leased = index->leased;
    stat->damaged = index->damaged;
    stat->bytes = index->bytes;
    stat->disk_bytes = spool->file_bytes;
    for (const edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        stat->disk_bytes += segment->head.size;
    }
    pthread_mutex_unlock(&spool->lock);
    stat->oldest = find_oldest(spool);
    int64_t left = atomic_load(&spool->free_bytes);
    stat->disk_free = left > 0 ? (uint64_t)left : 0;
    left = atomic_load(&spool->free_inodes);
    stat->inodes_free = left > 0 ? (uint64_t)left : 0;
    stat->commits = atomic_load(&spool->commits);
    stat->syncs = atomic_load(&spool->syncs);
    stat->batches = atomic_load(&spool->batches);
    edge_outcome_t outcome = edge_spool_room(spool, 0);
    stat->accepting = outcome == EDGE_OUTCOME_STORED;
    stat->trouble = stat->accepting ? EDGE_NO_SPAN : say_trouble(spool, outcome);
    return APR_STATUS_IS_EAGAIN(status) ? status : APR_SUCCESS;
}
