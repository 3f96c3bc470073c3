/* What the files of a queue that stores nothing share.
 *
 *   body      what a client sends, until its end: in memory as far as it is small, else in a file that has no name, so that
 *             validators of HAVE_DATA see it before the next hop does, and a client that breaks off has sent nothing on
 *             (proxy_body.c)
 *   proxied   a submission on its way to the next hop, whose reply becomes the client's (relay_proxy.c)
 */
#ifndef EDGE_MODULE_RELAY_PROXY_H
#define EDGE_MODULE_RELAY_PROXY_H

#include "relay.h"

/* Threads that write and read bodies. */
edge_body_t *relay_proxy_body_open(edge_worker_t *worker, edge_task_pool_t *threads, void (*room)(void *owner),
                                   void *owner);
/* No more bytes come: `ready` is called once they are all where they belong, at once or later; false: they are not to be
 * had. */
void relay_proxy_body_end(edge_body_t *body, void (*ready)(void *context, bool sound), void *context);
/* After that: `prelude` and the body as a source, until the body is freed. */
edge_source_t *relay_proxy_body_source(edge_body_t *body, edge_span_t prelude);
/* Frees it, now or when a thread has done with it. */
void relay_proxy_body_free(edge_body_t *body);

extern const edge_queue_provider_t relay_proxy;
/* Submissions that have no answer yet. With `now` they get one: deferred. */
unsigned relay_proxy_under_way(bool now);
void relay_proxy_use(edge_task_pool_t *threads);
apr_status_t relay_proxy_worker_start(edge_worker_t *worker);

#endif
