/*
 * Messages on their way: leased when they are due, settled or postponed when they were tried, and the news that some may be
 * due.
 */
#include "store/spool_priv.h"

#include <stdlib.h>

/* Leases */

static unsigned take_due(edge_spool_t *spool, apr_time_t now, unsigned most, edge_place_t *places) {
    unsigned taken = 0;
    pthread_mutex_lock(&spool->lock);
    for (edge_index_entry_t *entry = NULL; taken < most; taken++) {
        entry = edge_due_first(&spool->index);
        if (entry == NULL || entry->next > now) {
            break;
        }
        edge_place_take(entry, &places[taken]);
        edge_index_set_state(&spool->index, entry, (edge_message_state_t)entry->state, true);
    }
    pthread_mutex_unlock(&spool->lock);
    return taken;
}

/* False: it is damaged, and said to be. */
static bool read_lease(edge_spool_t *spool, edge_place_t *place, edge_queue_lease_t *lease) {
    edge_span_t prelude;
    apr_status_t status = apr_pool_create_unmanaged(&lease->pool);
    EDGE_ASSERT(status == APR_SUCCESS);
    lease->id = place->id;
    lease->due = place->due;
    status = edge_place_read(place, lease->pool, &lease->envelope, &prelude);
    if (status != APR_SUCCESS) {
        edge_place_damaged(spool, place, "its envelope");
        apr_pool_destroy(lease->pool);
    }
    edge_place_release(spool, place);
    return status == APR_SUCCESS;
}

apr_status_t edge_spool_lease(edge_spool_t *spool, apr_time_t now, unsigned most, edge_queue_lease_t *leases,
                              unsigned *count) {
    *count = 0;
    apr_status_t status = edge_recover_wait(spool);
    if (status != APR_SUCCESS || most == 0) {
        return status;
    }
    edge_place_t *places = calloc(most, sizeof *places);
    if (places == NULL) {
        return APR_ENOMEM;
    }
    unsigned taken = take_due(spool, now, most, places);
    for (unsigned i = 0; i < taken; i++) {
        if (read_lease(spool, &places[i], &leases[*count])) {
            (*count)++;
        }
    }
    free(places);
    return APR_SUCCESS;
}

apr_status_t edge_spool_postpone(edge_spool_t *spool, edge_uuid_t id, apr_time_t next) {
    edge_place_t place;
    apr_status_t status = edge_change_begin(spool, id, true, &place);
    if (status != APR_SUCCESS) {
        return status;
    }
    pthread_mutex_lock(&spool->lock);
    edge_index_entry_t *entry = edge_index_find(&spool->index, id);
    if (entry != NULL) {
        edge_index_set_next(&spool->index, entry, next);
    }
    pthread_mutex_unlock(&spool->lock);
    edge_change_end(spool, &place, true);
    return APR_SUCCESS;
}

/* A chunk of the index at a time, so that a large one delays nobody for long. */
unsigned edge_spool_flush(edge_spool_t *spool) {
    unsigned flushed = 0;
    apr_time_t now = apr_time_now();
    for (uint32_t from = 0, places = 1; from < places; from += EDGE_INDEX_CHUNK) {
        pthread_mutex_lock(&spool->lock);
        places = edge_index_places(&spool->index);
        for (uint32_t i = from; i < places && i < from + EDGE_INDEX_CHUNK; i++) {
            edge_index_entry_t *entry = edge_index_at(&spool->index, i);
            if (entry != NULL && entry->due_at != 0 && entry->next > now) {
                edge_index_set_next(&spool->index, entry, now);
                flushed++;
            }
        }
        edge_spool_tell_arrived(spool);
        pthread_mutex_unlock(&spool->lock);
    }
    return flushed;
}

apr_time_t edge_spool_due(edge_spool_t *spool) {
    pthread_mutex_lock(&spool->lock);
    const edge_index_entry_t *entry = edge_due_first(&spool->index);
    apr_time_t due = entry == NULL ? EDGE_QUEUE_NEVER : entry->next;
    pthread_mutex_unlock(&spool->lock);
    return due;
}

void edge_spool_listen(edge_spool_t *spool, void (*arrived)(void *context), void *context) {
    pthread_mutex_lock(&spool->lock);
    spool->arrived = arrived;
    spool->arrived_context = context;
    pthread_mutex_unlock(&spool->lock);
}

void edge_spool_tell_arrived(edge_spool_t *spool) {
    if (spool->arrived != NULL) {
        spool->arrived(spool->arrived_context);
    }
}

/* Settling */

/* Whether every recipient is done or failed for good. */
static bool settle_all(const edge_queue_settling_t *settling) {
    edge_envelope_t *envelope = settling->envelope;
    bool finished = true;
    for (unsigned i = 0; i < settling->count; i++) {
        const edge_settlement_t *result = &settling->results[i];
        if (result->recipient < envelope->recipient_count) {
            edge_recipient_t *recipient = &envelope->recipients[result->recipient];
            recipient->state = result->state;
            recipient->attempts++;
            recipient->last_reply = result->reply;
        }
    }
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        finished = finished && envelope->recipients[i].state != EDGE_RECIPIENT_WAITING;
    }
    envelope->attempts++;
    envelope->next_attempt = settling->next;
    return finished;
}

/* One of a list that is written together. */
typedef struct settled {
    edge_queue_settling_t *settling;
    edge_place_t place;
} settled_t;

static edge_spool_counter_t came_to(const edge_envelope_t *envelope, bool finished) {
    bool has_it = false;
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        has_it = has_it || envelope->recipients[i].state == EDGE_RECIPIENT_DONE;
    }
    return !finished ? EDGE_SPOOL_DEFERRED : has_it ? EDGE_SPOOL_HANDED_ON : EDGE_SPOOL_GIVEN_UP;
}

static void finish_settling(edge_spool_t *spool, settled_t *one, const edge_spool_job_t *job) {
    bool finished = job->record.type == EDGE_RECORD_DONE;
    one->settling->status = job->status;
    if (job->status == APR_SUCCESS) {
        edge_spool_count(spool, came_to(one->settling->envelope, finished), 1);
    }
    if (job->status == APR_SUCCESS && finished) {
        edge_change_remove_file(spool, &one->place);
    }
    edge_change_end(spool, &one->place, job->status == APR_SUCCESS);
}

void edge_spool_settle(edge_spool_t *spool, edge_queue_settling_t *list, unsigned count) {
    apr_pool_t *pool = NULL;
    unsigned planned = 0;
    if (count == 0) {
        return;
    }
    apr_status_t status = apr_pool_create_unmanaged(&pool);
    EDGE_ASSERT(status == APR_SUCCESS);
    edge_spool_job_t *jobs = apr_palloc(pool, count * sizeof *jobs);
    settled_t *settled = apr_palloc(pool, count * sizeof *settled);
    for (unsigned i = 0; i < count; i++) {
        settled_t *one = &settled[planned];
        one->settling = &list[i];
        list[i].status = edge_change_begin(spool, list[i].id, true, &one->place);
        if (list[i].status != APR_SUCCESS) {
            continue;
        }
        if (settle_all(&list[i])) {
            edge_change_plan_done(&one->place, pool, &jobs[planned++]);
        } else {
            edge_change_plan_state(&one->place, pool, list[i].envelope, EDGE_MESSAGE_DEFERRED, &jobs[planned++]);
        }
    }
    edge_commit_wait(spool, jobs, planned);
    for (unsigned i = 0; i < planned; i++) {
        finish_settling(spool, &settled[i], &jobs[i]);
    }
    apr_pool_destroy(pool);
}
