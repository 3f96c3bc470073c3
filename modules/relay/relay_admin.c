/* What an operator may ask of forwarders. */
#include "edge_admin.h"
#include "edge_audit.h"

#include <apr_strings.h>

#include "relay.h"

static void flush(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    unsigned flushed = 0, queues = 0;
    for (relay_forwarder_t *forwarder = relay_forwarder_first(); forwarder; forwarder = forwarder->next, queues++) {
        relay_forwarder_flush(forwarder); /* first: what is due then must not meet the old troubles */
        flushed += forwarder->queue->provider->flush(forwarder->queue);
    }
    EDGE_LOG(&relay_log, EDGE_LOG_NOTICE, 1184, "%s makes %u messages due at once", request->who, flushed);
    edge_audit(request, "queue.flush", "queues", NULL, apr_psprintf(answer->pool, "%u messages", flushed), "done");
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_number(json, "queues", queues);
    edge_json_put_number(json, "messages", flushed);
    edge_json_object_end(json);
}

static const edge_admin_argument_t flushed[] = {
    {.name = "queues", .kind = EDGE_ADMIN_NUMBER, .prose = "How many queues are handed off."},
    {.name = "messages", .kind = EDGE_ADMIN_NUMBER, .prose = "How many messages waited for a later time."},
    {.name = NULL},
};

const edge_admin_route_t relay_routes[] = {
    {.method = "POST",
     .path = "/api/v1/queue/flush",
     .role = EDGE_ADMIN_OPERATE,
     .handler = flush,
     .answer = flushed,
     .flags = EDGE_ADMIN_TAKES_REASON,
     .prose =
         "Makes all deferred messages of all queues that are handed off due at once, and forgets the troubles of their "
         "destinations."},
    {.path = NULL},
};
