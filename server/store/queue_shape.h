/*
 * The shape of queues: whose mail waits, and for how long.
 *
 * Concept:  recipients who have not got their message yet, counted by their domain and by the age of the message. Of a large
 *           queue only EDGE_QUEUE_SHAPE_READ messages are read, evenly spread over all ages, and each stands for its
 *           neighbours: what is told are estimates then.
 * Owner:    the pool.
 * Threads:  one at a time, and no worker's: the queue is read.
 * Lifetime: of the pool.
 * Errors:   those of a queue's list.
 */
#ifndef EDGE_STORE_QUEUE_SHAPE_H
#define EDGE_STORE_QUEUE_SHAPE_H

#include "edge_json.h"
#include "edge_queue.h"

#define EDGE_QUEUE_SHAPE_READ 50000u
#define EDGE_QUEUE_SHAPE_CLASSES 10u    /* of age: up to 5, 10, 20 ... 1280 minutes, and older */
#define EDGE_QUEUE_SHAPE_DOMAINS 20000u /* that are told apart; others are counted as one */

typedef struct edge_queue_shape edge_queue_shape_t;

/* `read` messages of each queue at most. */
edge_queue_shape_t *edge_queue_shape_make(apr_pool_t *pool, apr_time_t now, unsigned read);
/* Those in `state` (edge_message_state_t; -1: all) of one more queue, which has a list. */
apr_status_t edge_queue_shape_take(edge_queue_shape_t *shape, edge_queue_t *queue, int state);
/* Members of an object that the caller has opened; domains, those first for whom most wait, `most` of them at most. */
void edge_queue_shape_put(edge_queue_shape_t *shape, unsigned most, edge_json_t *json);

#endif
