/* Telling watchers of sessions that open and close. */
#include "core/session_events.h"

#include <stdatomic.h>

#include "edge_conn.h"
#include "edge_event.h"
#include "edge_json.h"
#include "edge_worker.h"

#define COUNT_BITS 8 /* of a second's events; the rest is the second */

static _Atomic uint64_t told;

bool edge_session_events_take(uint64_t second) {
    uint64_t seen = atomic_load_explicit(&told, memory_order_relaxed), next;
    do {
        bool same = seen >> COUNT_BITS >= second;
        if (same && (seen & ((1u << COUNT_BITS) - 1)) >= EDGE_SESSION_EVENTS_MOST)
            return false;
        next = same ? seen + 1 : second << COUNT_BITS | 1;
    } while (!atomic_compare_exchange_weak_explicit(&told, &seen, next, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static void tell(const edge_session_t *session, const char *action, const char *end) {
    char text[1024], client[EDGE_IPADDR_TEXT];
    edge_json_t json;
    apr_time_t now = edge_worker_clock(edge_conn_worker(session->conn)).wall;
    if (!edge_event_wanted() || !edge_session_events_take((uint64_t)(now / 1000000)))
        return;
    edge_ipaddr_format(session->from_ip, client);
    edge_json_start_fixed(&json, text, sizeof(text));
    edge_json_object(&json);
    edge_json_put_string(&json, "action", action);
    edge_json_put_string(&json, "id", session->id);
    edge_json_put_string(&json, "listener", session->listener->name.at);
    edge_json_put_string(&json, "client", client);
    if (end)
        edge_json_put_string(&json, "end", end);
    edge_json_object_end(&json);
    if (!json.overflow)
        edge_event("session", edge_span(json.text, json.len));
}

void edge_session_tell_opened(const edge_session_t *session) { tell(session, "open", NULL); }

void edge_session_tell_closed(const edge_session_t *session, edge_close_reason_t reason) {
    tell(session, "close", edge_close_reason_name(reason));
}
