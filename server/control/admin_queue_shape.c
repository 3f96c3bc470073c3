/* The admin route of the queues' shape: whose mail waits, and for how long. */
#include "control/admin_priv.h"
#include "core/snapshot.h"
#include "edge_clock.h"
#include "store/queue_shape.h"

#include <pthread.h>

#define DOMAINS_USUAL 50

enum { SHAPE_QUEUE, SHAPE_STATE, SHAPE_LIMIT };
const edge_admin_argument_t edge_admin_queue_shape_arguments[] = {
    [SHAPE_QUEUE] = {.name = "queue", .kind = EDGE_ADMIN_TEXT, .prose = "Only this <Queue>."},
    [SHAPE_STATE] = {.name = "state",
                     .kind = EDGE_ADMIN_WORD,
                     .words = edge_admin_queue_states,
                     .prose = "Only messages in this state."},
    [SHAPE_LIMIT] = {.name = "limit",
                     .kind = EDGE_ADMIN_NUMBER,
                     .min = 1,
                     .max = 1000,
                     .prose = "So many domains at most; 50 when not given."},
    {.name = NULL},
};

#define COUNT_ROWS                                                                                                \
    {.name = "waiting", .kind = EDGE_ADMIN_NUMBER, .prose = "Recipients who have not got their message yet."}, {  \
        .name = "ages", .kind = EDGE_ADMIN_NUMBERS, .prose = "Of them, in each class; the last one has no bound." \
    }
static const edge_admin_argument_t count_rows[] = {COUNT_ROWS, {.name = NULL}};
static const edge_admin_argument_t domain_rows[] = {
    {.name = "queue", .kind = EDGE_ADMIN_TEXT, .prose = "The <Queue>."},
    {.name = "domain", .kind = EDGE_ADMIN_TEXT, .prose = "Of the recipients, in lower case; empty: they have none."},
    COUNT_ROWS,
    {.name = "oldest", .kind = EDGE_ADMIN_TIME, .prose = "When the oldest message that was read came."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_queue_shape_answer[] = {
    {.name = "classes", .kind = EDGE_ADMIN_NUMBERS, .prose = "Upper bounds of the classes of age, in seconds."},
    {.name = "domains", .kind = EDGE_ADMIN_LIST, .rows = domain_rows, .prose = "Those for whom most wait, first."},
    {.name = "other", .kind = EDGE_ADMIN_OBJECT, .rows = count_rows, .prose = "Of all other domains."},
    {.name = "total", .kind = EDGE_ADMIN_OBJECT, .rows = count_rows, .prose = "Of all."},
    {.name = "messages", .kind = EDGE_ADMIN_NUMBER, .prose = "In the queues, of that state."},
    {.name = "read",
     .kind = EDGE_ADMIN_NUMBER,
     .prose = "Of them, evenly spread over their ages; when it is less, the counts are estimates."},
    {.name = "unreadable", .kind = EDGE_ADMIN_NUMBER, .prose = "Of those, damaged."},
    {.name = "as_of", .kind = EDGE_ADMIN_TIME, .prose = "When this was so."},
    {.name = NULL},
};

static apr_status_t take_queues(const edge_admin_request_t *request, edge_queue_shape_t *shape) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_span_t only = request->arguments[SHAPE_QUEUE];
    int state = request->arguments[SHAPE_STATE].at != NULL ? (int)request->numbers[SHAPE_STATE] : -1;
    apr_status_t status = APR_SUCCESS;
    edge_queue_t *queue;
    for (unsigned i = 0; status == APR_SUCCESS && (queue = edge_snapshot_queue(snapshot, i)) != NULL; i++) {
        if (queue->provider->list != NULL && (only.at == NULL || edge_span_equal(only, edge_span_of(queue->name)))) {
            status = edge_queue_shape_take(shape, queue, state);
        }
    }
    edge_snapshot_drop(snapshot);
    return status;
}

/* One at a time: a walk through a large queue is work for one processor. */
void edge_admin_queue_shape(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    apr_time_t now = edge_clock_read().wall;
    edge_queue_shape_t *shape = edge_queue_shape_make(request->pool, now, EDGE_QUEUE_SHAPE_READ);
    pthread_mutex_lock(&turn);
    apr_status_t status = take_queues(request, shape);
    pthread_mutex_unlock(&turn);
    if (status != APR_SUCCESS) {
        edge_admin_queue_trouble(answer, status);
        return;
    }
    bool given = request->arguments[SHAPE_LIMIT].at != NULL;
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_queue_shape_put(shape, given ? (unsigned)request->numbers[SHAPE_LIMIT] : DOMAINS_USUAL, json);
    edge_admin_put_time(json, "as_of", now);
    edge_json_object_end(json);
}
