/* Changes to stored messages: hold, release, requeue, remove; lease and settle. Each is one record, durable before it counts. */
#include "edge_codec.h"
#include "store/spool_priv.h"

#include <stdlib.h>

/* The message is this call's alone until end_change. */
static apr_status_t begin_change(edge_spool_t *spool, edge_uuid_t id, bool leased, edge_place_t *place) {
    apr_status_t status = edge_recover_wait(spool);
    if (status != APR_SUCCESS) {
        return status;
    }
    pthread_mutex_lock(&spool->lock);
    edge_index_entry_t *entry = edge_index_find(&spool->index, id);
    if (entry == NULL) {
        status = APR_NOTFOUND;
    } else if (entry->changing || entry->leased != leased) {
        status = APR_EBUSY;
    } else {
        entry->changing = true;
        edge_place_take(entry, place);
    }
    pthread_mutex_unlock(&spool->lock);
    return status;
}

static void end_change(edge_spool_t *spool, edge_place_t *place, bool leased) {
    pthread_mutex_lock(&spool->lock);
    edge_index_entry_t *entry = edge_index_find(&spool->index, place->id);
    if (entry != NULL) {
        entry->changing = false;
        if (leased) {
            edge_index_set_state(&spool->index, entry, (edge_message_state_t)entry->state, false);
        }
    }
    pthread_mutex_unlock(&spool->lock);
    edge_place_release(spool, place);
}

static apr_status_t commit_done(edge_spool_t *spool, edge_place_t *place) {
    char head[EDGE_RECORD_SIZE], path[EDGE_SPOOL_PATH];
    edge_spool_job_t job = {.record = {.type = EDGE_RECORD_DONE, .id = place->id}, .head = head};
    edge_commit_wait(spool, &job, 1);
    if (job.status == APR_SUCCESS && place->filed) {
        edge_body_file_path(spool, place->id, path, sizeof path);
        spool->files->unlink(path); /* when that fails, a later start sweeps it */
    }
    return job.status;
}

static apr_status_t commit_state(edge_spool_t *spool, const edge_place_t *place, apr_pool_t *pool,
                                 const edge_envelope_t *envelope, edge_message_state_t state) {
    size_t size = edge_record_state_size(envelope);
    edge_spool_job_t job = {
        .record = {.type = EDGE_RECORD_STATE, .id = place->id, .head_len = (uint32_t)size, .change = place->change + 1},
        .state = state,
        .due = envelope->next_attempt};
    job.head = apr_palloc(pool, EDGE_RECORD_SIZE + size);
    edge_record_write_state(envelope, state, job.head + EDGE_RECORD_SIZE);
    job.record.head_crc = edge_crc32c(0, job.head + EDGE_RECORD_SIZE, size);
    edge_commit_wait(spool, &job, 1);
    return job.status;
}

/* What the message comes to; ACTIVE and DEFERRED differ in whether it was tried. */
static edge_message_state_t apply(edge_envelope_t *envelope, edge_spool_change_t what) {
    if (what == EDGE_SPOOL_HOLD) {
        return EDGE_MESSAGE_HELD;
    }
    if (what == EDGE_SPOOL_REQUEUE) {
        envelope->next_attempt = 0;
    }
    return envelope->next_attempt > 0 ? EDGE_MESSAGE_DEFERRED : EDGE_MESSAGE_ACTIVE;
}

static bool is_so_already(const edge_place_t *place, edge_spool_change_t what) {
    return (what == EDGE_SPOOL_HOLD && place->state == EDGE_MESSAGE_HELD) ||
           (what == EDGE_SPOOL_RELEASE && place->state != EDGE_MESSAGE_HELD);
}

static apr_status_t change_state(edge_spool_t *spool, edge_place_t *place, edge_spool_change_t what) {
    apr_pool_t *pool;
    edge_envelope_t *envelope;
    edge_span_t prelude;
    if (place->state == EDGE_MESSAGE_DAMAGED) {
        return APR_EGENERAL;
    }
    if (is_so_already(place, what)) {
        return APR_SUCCESS;
    }
    apr_status_t status = apr_pool_create_unmanaged(&pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = edge_place_read(place, pool, &envelope, &prelude);
    if (status == APR_SUCCESS) {
        edge_message_state_t state = apply(envelope, what);
        status = commit_state(spool, place, pool, envelope, state);
    } else {
        edge_place_damaged(spool, place, "its envelope");
    }
    apr_pool_destroy(pool);
    return status;
}

apr_status_t edge_spool_change(edge_spool_t *spool, edge_uuid_t id, edge_spool_change_t what) {
    edge_place_t place;
    apr_status_t status = begin_change(spool, id, false, &place);
    if (status == APR_SUCCESS) {
        status = what == EDGE_SPOOL_REMOVE ? commit_done(spool, &place) : change_state(spool, &place, what);
        end_change(spool, &place, false);
    }
    return status;
}

/* Leases */

static bool is_due(const edge_index_entry_t *entry, apr_time_t now) {
    return !entry->leased && !entry->changing && entry->next <= now &&
           (entry->state == EDGE_MESSAGE_ACTIVE || entry->state == EDGE_MESSAGE_DEFERRED);
}

/* Looks once round the index from where the last lease stopped. */
static unsigned take_due(edge_spool_t *spool, apr_time_t now, unsigned most, edge_place_t *places) {
    unsigned taken = 0;
    pthread_mutex_lock(&spool->lock);
    uint32_t left = edge_index_places(&spool->index);
    for (uint32_t at = spool->lease_at; left > 0 && taken < most; left--, at++) {
        if (at >= edge_index_places(&spool->index)) {
            at = 0;
        }
        edge_index_entry_t *entry = edge_index_at(&spool->index, at);
        if (entry != NULL && is_due(entry, now)) {
            edge_place_take(entry, &places[taken++]);
            edge_index_set_state(&spool->index, entry, (edge_message_state_t)entry->state, true);
        }
        spool->lease_at = at + 1;
    }
    pthread_mutex_unlock(&spool->lock);
    return taken;
}

apr_status_t edge_spool_lease(edge_spool_t *spool, apr_time_t now, unsigned most, apr_pool_t *pool,
                              edge_queue_lease_t *leases, unsigned *count) {
    edge_span_t prelude;
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
        edge_queue_lease_t *lease = &leases[*count];
        lease->id = places[i].id;
        if (edge_place_read(&places[i], pool, &lease->envelope, &prelude) == APR_SUCCESS) {
            (*count)++;
        } else {
            edge_place_damaged(spool, &places[i], "its envelope");
        }
        edge_place_release(spool, &places[i]);
    }
    free(places);
    return APR_SUCCESS;
}

/* Whether every recipient is done or failed for good. */
static bool settle_all(edge_envelope_t *envelope, const edge_settlement_t *results, unsigned count, apr_time_t next) {
    bool finished = true;
    for (unsigned i = 0; i < count; i++) {
        if (results[i].recipient < envelope->recipient_count) {
            edge_recipient_t *recipient = &envelope->recipients[results[i].recipient];
            recipient->state = results[i].state;
            recipient->attempts++;
            recipient->last_reply = results[i].reply;
        }
    }
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        finished = finished && envelope->recipients[i].state != EDGE_RECIPIENT_WAITING;
    }
    envelope->attempts++;
    envelope->next_attempt = next;
    return finished;
}

apr_status_t edge_spool_settle(edge_spool_t *spool, edge_uuid_t id, const edge_settlement_t *results, unsigned count,
                               apr_time_t next) {
    edge_place_t place;
    edge_envelope_t *envelope;
    edge_span_t prelude;
    apr_pool_t *pool = NULL;
    apr_status_t status = begin_change(spool, id, true, &place);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = apr_pool_create_unmanaged(&pool);
    if (status == APR_SUCCESS) {
        status = edge_place_read(&place, pool, &envelope, &prelude);
    }
    if (status == APR_SUCCESS) {
        status = settle_all(envelope, results, count, next)
                     ? commit_done(spool, &place)
                     : commit_state(spool, &place, pool, envelope, EDGE_MESSAGE_DEFERRED);
    }
    if (pool != NULL) {
        apr_pool_destroy(pool);
    }
    end_change(spool, &place, true);
    return status;
}
