/* The spool behind the functions of a queue, and as a queue for tools. */
#include "store/spool_priv.h"

void edge_spool_queue_close(edge_queue_t *queue) {
    edge_spool_close(queue->state);
    queue->state = NULL;
}

void edge_spool_queue_retire(edge_queue_t *queue) { edge_spool_retire(queue->state); }

edge_outcome_t edge_spool_queue_room(edge_queue_t *queue, uint64_t size) { return edge_spool_room(queue->state, size); }

edge_body_t *edge_spool_queue_body_open(edge_queue_t *queue, edge_worker_t *worker, void (*room)(void *owner),
                                        void *owner) {
    return edge_spool_body_open(queue->state, worker, room, owner);
}

void edge_spool_queue_submit(edge_queue_t *queue, edge_submission_t *submission) {
    edge_spool_submit(queue->state, submission);
}

apr_status_t edge_spool_queue_list(edge_queue_t *queue, const edge_queue_filter_t *filter,
                                   bool (*visit)(void *context, const edge_queue_entry_t *entry), void *context) {
    return edge_spool_list(queue->state, filter, visit, context);
}

apr_status_t edge_spool_queue_stat(edge_queue_t *queue, edge_queue_stat_t *stat) {
    return edge_spool_stat(queue->state, stat);
}

apr_status_t edge_spool_queue_reader_open(edge_queue_t *queue, edge_uuid_t id, apr_pool_t *pool,
                                          edge_queue_reader_t **reader) {
    return edge_spool_reader_open(queue->state, id, pool, reader);
}

apr_status_t edge_spool_queue_hold(edge_queue_t *queue, edge_uuid_t id) {
    return edge_spool_change(queue->state, id, EDGE_SPOOL_HOLD);
}

apr_status_t edge_spool_queue_release(edge_queue_t *queue, edge_uuid_t id) {
    return edge_spool_change(queue->state, id, EDGE_SPOOL_RELEASE);
}

apr_status_t edge_spool_queue_remove(edge_queue_t *queue, edge_uuid_t id) {
    return edge_spool_change(queue->state, id, EDGE_SPOOL_REMOVE);
}

apr_status_t edge_spool_queue_requeue(edge_queue_t *queue, edge_uuid_t id) {
    return edge_spool_change(queue->state, id, EDGE_SPOOL_REQUEUE);
}

apr_status_t edge_spool_queue_give_up(edge_queue_t *queue, edge_uuid_t id) {
    return edge_spool_change(queue->state, id, EDGE_SPOOL_GIVE_UP);
}

apr_status_t edge_spool_queue_lease(edge_queue_t *queue, apr_time_t now, unsigned most, edge_queue_lease_t *leases,
                                    unsigned *count) {
    return edge_spool_lease(queue->state, now, most, leases, count);
}

void edge_spool_queue_settle(edge_queue_t *queue, edge_queue_settling_t *list, unsigned count) {
    edge_spool_settle(queue->state, list, count);
}

apr_status_t edge_spool_queue_postpone(edge_queue_t *queue, edge_uuid_t id, apr_time_t next) {
    return edge_spool_postpone(queue->state, id, next);
}

unsigned edge_spool_queue_flush(edge_queue_t *queue) { return edge_spool_flush(queue->state); }

apr_time_t edge_spool_queue_due(edge_queue_t *queue) { return edge_spool_due(queue->state); }

void edge_spool_queue_listen(edge_queue_t *queue, void (*arrived)(void *context), void *context) {
    edge_spool_listen(queue->state, arrived, context);
}

static apr_status_t open_for_tool(edge_queue_t *queue, const struct edge_section *conf, apr_pool_t *pool,
                                  const char **why) {
    edge_spool_options_t options = {
        .directory = queue->directory, .name = queue->name, .counters = EDGE_SPOOL_UNCOUNTED, .tool = true};
    edge_spool_t *spool = NULL;
    (void)conf;
    (void)pool;
    apr_status_t status = edge_spool_open(&spool, &options, why);
    queue->state = spool;
    return status;
}

const edge_queue_provider_t edge_spool_tool = {
    .name = "spool",
    .prose = "The spool of a stopped server.",
    .open = open_for_tool,
    EDGE_SPOOL_QUEUE_FUNCTIONS,
};
