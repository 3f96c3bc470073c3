/* Changes to stored messages: hold, release, requeue, give up, remove. Each is one record, durable before it counts. */
#include "edge_codec.h"
#include "store/spool_priv.h"

#include <stdlib.h>

apr_status_t edge_change_begin(edge_spool_t *spool, edge_uuid_t id, bool leased, edge_place_t *place) {
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
        edge_index_set_changing(&spool->index, entry, true);
        edge_place_take(entry, place);
    }
    pthread_mutex_unlock(&spool->lock);
    return status;
}

void edge_change_end(edge_spool_t *spool, edge_place_t *place, bool release) {
    pthread_mutex_lock(&spool->lock);
    edge_index_entry_t *entry = edge_index_find(&spool->index, place->id);
    if (entry != NULL && release) {
        edge_index_set_state(&spool->index, entry, (edge_message_state_t)entry->state, false);
    }
    if (entry != NULL) {
        edge_index_set_changing(&spool->index, entry, false);
        edge_spool_tell_arrived(spool); /* it may be due, and was hidden until now */
    }
    pthread_mutex_unlock(&spool->lock);
    edge_place_release(spool, place);
}

void edge_change_plan_done(const edge_place_t *place, apr_pool_t *pool, edge_spool_job_t *job) {
    *job = (edge_spool_job_t){.record = {.type = EDGE_RECORD_DONE, .id = place->id}};
    job->head = apr_palloc(pool, EDGE_RECORD_SIZE);
}

void edge_change_remove_file(edge_spool_t *spool, const edge_place_t *place) {
    char path[EDGE_SPOOL_PATH];
    if (place->filed) {
        edge_body_file_path(spool, place->id, path, sizeof path);
        edge_mono_t began = edge_clock_mono();
        spool->files->unlink(path);
        edge_spool_took(spool, EDGE_SPOOL_UNLINK, began);
    }
}

void edge_change_plan_state(const edge_place_t *place, apr_pool_t *pool, const edge_envelope_t *envelope,
                            edge_message_state_t state, edge_spool_job_t *job) {
    size_t size = edge_record_state_size(envelope);
    *job = (edge_spool_job_t){
        .record = {.type = EDGE_RECORD_STATE, .id = place->id, .head_len = (uint32_t)size, .change = place->change + 1},
        .state = state,
        .due = envelope->next_attempt};
    job->head = apr_palloc(pool, EDGE_RECORD_SIZE + size);
    edge_record_write_state(envelope, state, job->head + EDGE_RECORD_SIZE);
    job->record.head_crc = edge_crc32c(0, job->head + EDGE_RECORD_SIZE, size);
}

static apr_status_t commit_done(edge_spool_t *spool, const edge_place_t *place) {
    edge_spool_job_t job;
    apr_pool_t *pool;
    apr_status_t status = apr_pool_create_unmanaged(&pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    edge_change_plan_done(place, pool, &job);
    edge_commit_wait(spool, &job, 1);
    apr_pool_destroy(pool);
    if (job.status == APR_SUCCESS) {
        edge_change_remove_file(spool, place);
    }
    return job.status;
}

/* While it was held it was not due, whatever its record says. */
static apr_time_t due_at_release(apr_time_t due) {
    apr_time_t now = edge_clock_read().wall;
    return due == 0 || due > now ? due : now;
}

static apr_status_t commit_state(edge_spool_t *spool, const edge_place_t *place, apr_pool_t *pool,
                                 const edge_envelope_t *envelope, edge_message_state_t state) {
    edge_spool_job_t job;
    edge_change_plan_state(place, pool, envelope, state, &job);
    if (place->state == EDGE_MESSAGE_HELD && state != EDGE_MESSAGE_HELD) {
        job.due = due_at_release(job.due);
    }
    edge_commit_wait(spool, &job, 1);
    return job.status;
}

/* What the message comes to; ACTIVE and DEFERRED differ in whether it was tried. */
static edge_message_state_t apply(edge_envelope_t *envelope, edge_spool_change_t what) {
    if (what == EDGE_SPOOL_HOLD) {
        return EDGE_MESSAGE_HELD;
    }
    if (what == EDGE_SPOOL_REQUEUE || what == EDGE_SPOOL_GIVE_UP) {
        envelope->next_attempt = 0;
    }
    if (what == EDGE_SPOOL_GIVE_UP) {
        envelope->given_up = true;
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

static void count_change(edge_spool_t *spool, const edge_place_t *place, edge_spool_change_t what) {
    static const edge_spool_counter_t counters[] = {[EDGE_SPOOL_HOLD] = EDGE_SPOOL_HELD,
                                                    [EDGE_SPOOL_RELEASE] = EDGE_SPOOL_RELEASED,
                                                    [EDGE_SPOOL_REMOVE] = EDGE_SPOOL_DELETED,
                                                    [EDGE_SPOOL_REQUEUE] = EDGE_SPOOL_REQUEUED,
                                                    [EDGE_SPOOL_GIVE_UP] = EDGE_SPOOL_REQUEUED};
    edge_spool_count(spool, counters[what], !is_so_already(place, what));
}

apr_status_t edge_spool_change(edge_spool_t *spool, edge_uuid_t id, edge_spool_change_t what) {
    edge_place_t place;
    apr_status_t status = edge_change_begin(spool, id, false, &place);
    if (status == APR_SUCCESS) {
        status = what == EDGE_SPOOL_REMOVE ? commit_done(spool, &place) : change_state(spool, &place, what);
        if (status == APR_SUCCESS) {
            count_change(spool, &place, what);
        }
        edge_change_end(spool, &place, false);
    }
    return status;
}
