/* What an operator may ask of forwarders. */
#include "edge_admin.h"
#include "edge_audit.h"

#include <apr_strings.h>

#include "relay.h"
#include "relay_admin.h"

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
    {.method = "GET",
     .path = "/api/v1/queue/holds",
     .role = EDGE_ADMIN_READ,
     .handler = relay_admin_holds,
     .answer = relay_holds_answer,
     .prose = "Which hand-offs an operator has stopped. Mail is taken meanwhile, and waits."},
    {.method = "POST",
     .path = "/api/v1/queue/holds",
     .role = EDGE_ADMIN_OPERATE,
     .handler = relay_admin_hold_add,
     .arguments = relay_hold_arguments,
     .answer = relay_hold_answer,
     .flags = EDGE_ADMIN_NEEDS_REASON | EDGE_ADMIN_CREATED,
     .prose = "Stops a hand-off: of all, of what goes to a next hop, of what is for a domain, of what came by a "
              "listener. What is under way is finished. It is kept over a restart."},
    {.method = "DELETE",
     .path = "/api/v1/queue/holds/{hold}",
     .role = EDGE_ADMIN_OPERATE,
     .handler = relay_admin_hold_lift,
     .answer = relay_hold_answer,
     .flags = EDGE_ADMIN_TAKES_REASON,
     .prose = "Lifts a hold. What it has stopped goes on; after one of a domain or a listener all that is deferred is "
              "tried at once."},
    {.method = "GET",
     .path = "/api/v1/handoff",
     .role = EDGE_ADMIN_READ,
     .handler = relay_admin_hops,
     .answer = relay_hops_answer,
     .prose = "How each next hop does."},
    {.method = "GET",
     .path = "/api/v1/handoff/{backend}",
     .role = EDGE_ADMIN_READ,
     .handler = relay_admin_hop,
     .answer = relay_hop_answer,
     .prose = "The same of one, by the name of its <Handoff>."},
    {.method = "POST",
     .path = "/api/v1/handoff/{backend}/probe",
     .role = EDGE_ADMIN_OPERATE,
     .handler = relay_admin_probe,
     .arguments = relay_probe_arguments,
     .answer = relay_probe_answer,
     .flags = EDGE_ADMIN_TAKES_REASON,
     .prose =
         "Asks a next hop as a delivery would, without a message: connection, TLS, login, and whether it would take "
         "mail for the recipient. Answered within 30 s."},
    {.path = NULL},
};
