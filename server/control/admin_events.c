/* The admin route of events: what has happened, out of the ring (core/events.c). */
#include "control/admin_priv.h"
#include "control/admin_stream.h"
#include "edge_event.h"

#define TYPES_MOST 32 /* bits of a filter */

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

typedef struct events {
    uint64_t after;
    uint32_t wanted;
} events_t;

static bool is_wanted(const events_t *events, const char *name) {
    int type = type_index(edge_span_of(name));
    return type < 0 || (events->wanted & (UINT32_C(1) << type)) != 0;
}

static edge_admin_next_t next_event(void *context, edge_mono_t deadline, edge_admin_event_t *event, apr_pool_t *pool) {
    events_t *events = context;
    edge_event_seen_t seen;
    switch (edge_event_next(&events->after, deadline, &seen, pool)) {
    case EDGE_EVENT_SEEN:
        *event = (edge_admin_event_t){seen.id, seen.type, seen.json};
        return is_wanted(events, seen.type) ? EDGE_ADMIN_EVENT : EDGE_ADMIN_NO_EVENT;
    case EDGE_EVENT_GAP: *event = edge_admin_gap(events->after, seen.id, pool); return EDGE_ADMIN_EVENT;
    case EDGE_EVENT_NOTHING: return EDGE_ADMIN_NO_EVENT;
    case EDGE_EVENT_END: break;
    }
    return EDGE_ADMIN_NO_MORE;
}

void edge_admin_events(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    events_t events;
    if (read_types(request->arguments[0], &events.wanted, answer)) {
        events.after = edge_admin_stream_after(request, edge_event_last());
        edge_admin_stream_events(request, answer, next_event, &events);
    }
}
