/* The admin route of events: a stream of server-sent events that ends with the server or the reader. */
#include "control/admin_priv.h"
#include "edge_event.h"

#include <apr_strings.h>
#include <stdatomic.h>

#define HEARTBEAT EDGE_SECONDS(15)
#define LOOK EDGE_SECONDS(1) /* whether the reader is still there */
#define TYPES_MOST 32        /* bits of a filter */

const edge_admin_argument_t edge_admin_events_arguments[] = {
    {.name = "types",
     .kind = EDGE_ADMIN_TEXT,
     .prose = "Only events of these types, separated by commas: tick, session, queue, config, validator, listener, "
              "audit. A gap is always told."},
    {.name = NULL},
};

static int type_index(edge_span_t name) {
    const edge_event_type_t *type;
    for (unsigned i = 0; i < TYPES_MOST && (type = edge_event_type_at(i)) != NULL; i++) {
        if (edge_span_equal(name, edge_span_of(type->name))) {
            return (int)i;
        }
    }
    return -1;
}

/* A bit for each type that is wanted; false after a problem was answered. */
static bool read_types(edge_span_t list, uint32_t *wanted, edge_admin_answer_t *answer) {
    *wanted = list.len == 0 ? UINT32_MAX : 0;
    while (list.len > 0) {
        const char *comma = memchr(list.at, ',', list.len);
        edge_span_t name = edge_span(list.at, comma != NULL ? (size_t)(comma - list.at) : list.len);
        int index = type_index(name);
        if (index < 0) {
            edge_admin_error(answer, 422, "?types", "unknown-value", "There are no events of type \"%.*s\".",
                             (int)(name.len < 60 ? name.len : 60), name.at);
            return false;
        }
        *wanted |= UINT32_C(1) << index;
        list = edge_span_after(list, comma != NULL ? name.len + 1 : name.len);
    }
    return true;
}

/* An event as it goes over the wire; its text holds no line break, since JSON writes those as escapes. */
static bool send_event(edge_admin_answer_t *answer, uint64_t id, const char *type, edge_span_t json, apr_pool_t *pool) {
    const char *text = apr_psprintf(pool, "id: %" APR_UINT64_T_FMT "\nevent: %s\ndata: %.*s\n\n", (apr_uint64_t)id,
                                    type, (int)json.len, json.at != NULL ? json.at : "");
    return edge_admin_send(answer, edge_span_of(text));
}

static bool send_gap(edge_admin_answer_t *answer, uint64_t id, uint64_t lost, apr_pool_t *pool) {
    const char *json = apr_psprintf(pool, "{\"dropped\":%" APR_UINT64_T_FMT "}", (apr_uint64_t)lost);
    return send_event(answer, id, "gap", edge_span_of(json), pool);
}

/* Until the reader has gone, or the server ends. */
static void send_events(edge_admin_answer_t *answer, uint64_t after, uint32_t wanted, apr_pool_t *pool) {
    edge_event_seen_t seen;
    edge_mono_t beat = edge_clock_mono() + HEARTBEAT;
    bool more = edge_admin_send(answer, edge_span_of("retry: 3000\n\n"));
    while (more && !edge_admin_is_gone(answer)) {
        int type;
        switch (edge_event_next(&after, edge_clock_mono() + LOOK, &seen, pool)) {
        case EDGE_EVENT_SEEN:
            type = type_index(edge_span_of(seen.type));
            if (type < 0 || (wanted & (UINT32_C(1) << type)) != 0) {
                more = send_event(answer, seen.id, seen.type, seen.json, pool);
            }
            break;
        case EDGE_EVENT_GAP: more = send_gap(answer, after, seen.id, pool); break;
        case EDGE_EVENT_NOTHING: break;
        case EDGE_EVENT_END: more = false; break;
        }
        if (more && edge_clock_mono() >= beat) {
            beat = edge_clock_mono() + HEARTBEAT;
            more = edge_admin_send(answer, edge_span_of(": alive\n\n"));
        }
        apr_pool_clear(pool);
    }
}

static bool take_seat(edge_admin_streams_t *streams) {
    if (streams == NULL) {
        return true;
    }
    if (atomic_fetch_add(&streams->open, 1) < streams->most) {
        return true;
    }
    atomic_fetch_sub(&streams->open, 1);
    return false;
}

void edge_admin_events(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    uint32_t wanted;
    uint64_t after = edge_event_last(), asked;
    apr_pool_t *pool;
    if (!read_types(request->arguments[0], &wanted, answer)) {
        return;
    }
    if (request->last_event_id.at != NULL && edge_span_number(request->last_event_id, &asked)) {
        after = asked;
    }
    if (!take_seat(request->streams)) {
        edge_admin_problem(answer, 503, "streams-exhausted", "All %u streams are taken; poll the overview instead.",
                           request->streams->most);
        edge_admin_field(answer, "Retry-After", "5");
        return;
    }
    edge_admin_field(answer, "X-Accel-Buffering", "no");
    edge_admin_stream(answer, "text/event-stream");
    if (!request->is_head) {
        apr_pool_create(&pool, request->pool);
        send_events(answer, after, wanted, pool);
        apr_pool_destroy(pool);
    }
    if (request->streams != NULL) {
        atomic_fetch_sub(&request->streams->open, 1);
    }
}
