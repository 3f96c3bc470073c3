/* Server-sent events: seats, sending, and the end. */
#include "control/admin_stream.h"
#include "core/session_watch.h"
#include "edge_event.h"

#include <apr_strings.h>
#include <stdatomic.h>

#define HEARTBEAT EDGE_SECONDS(15)
#define LOOK EDGE_SECONDS(1) /* whether the reader is still there */

/* An event as it goes over the wire; its text holds no line break, since JSON writes those as escapes. */
static bool send_event(edge_admin_answer_t *answer, const edge_admin_event_t *event, apr_pool_t *pool) {
    const char *text =
        apr_psprintf(pool, "id: %" APR_UINT64_T_FMT "\nevent: %s\ndata: %.*s\n\n", (apr_uint64_t)event->id, event->type,
                     (int)event->json.len, event->json.at != NULL ? event->json.at : "");
    return edge_admin_send(answer, edge_span_of(text));
}

static void send_events(edge_admin_answer_t *answer, edge_admin_source_t *source, void *context, apr_pool_t *pool) {
    edge_admin_event_t event;
    edge_mono_t beat = edge_clock_mono() + HEARTBEAT;
    bool more = edge_admin_send(answer, edge_span_of("retry: 3000\n\n"));
    while (more && !edge_admin_is_gone(answer)) {
        switch (source(context, edge_clock_mono() + LOOK, &event, pool)) {
        case EDGE_ADMIN_EVENT: more = send_event(answer, &event, pool); break;
        case EDGE_ADMIN_NO_EVENT: break;
        case EDGE_ADMIN_NO_MORE: more = false; break;
        }
        if (more && edge_clock_mono() >= beat) {
            beat = edge_clock_mono() + HEARTBEAT;
            more = edge_admin_send(answer, edge_span_of(": alive\n\n"));
        }
        apr_pool_clear(pool);
    }
}

edge_admin_event_t edge_admin_gap(uint64_t id, uint64_t lost, apr_pool_t *pool) {
    const char *json = apr_psprintf(pool, "{\"dropped\":%" APR_UINT64_T_FMT "}", (apr_uint64_t)lost);
    return (edge_admin_event_t){id, "gap", edge_span_of(json)};
}

static bool take_seat(edge_admin_streams_t *streams) {
    if (streams == NULL || atomic_fetch_add(&streams->open, 1) < streams->most) {
        return true;
    }
    atomic_fetch_sub(&streams->open, 1);
    return false;
}

void edge_admin_stream_events(const edge_admin_request_t *request, edge_admin_answer_t *answer,
                              edge_admin_source_t *source, void *context) {
    apr_pool_t *pool;
    if (!take_seat(request->streams)) {
        edge_admin_problem(answer, 503, "streams-exhausted",
                           "All %u streams are taken; ask for what is known now instead.", request->streams->most);
        edge_admin_field(answer, "Retry-After", "5");
        return;
    }
    edge_admin_field(answer, "X-Accel-Buffering", "no");
    edge_admin_stream(answer, EDGE_ADMIN_STREAM_TYPE);
    if (!request->is_head) {
        apr_pool_create(&pool, request->pool);
        send_events(answer, source, context, pool);
        apr_pool_destroy(pool);
    }
    if (request->streams != NULL) {
        atomic_fetch_sub(&request->streams->open, 1);
    }
}

uint64_t edge_admin_stream_after(const edge_admin_request_t *request, uint64_t usual) {
    uint64_t asked;
    return request->last_event_id.at != NULL && edge_span_number(request->last_event_id, &asked) ? asked : usual;
}

void edge_admin_streams_stop(void) {
    edge_event_stop();
    edge_session_watch_stop();
}
