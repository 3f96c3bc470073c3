/* Takes server-sent events apart. */
#include "event_stream.h"

/* The value of "NAME: value"; absent when the line is another. */
static edge_span_t value_of(edge_span_t line, const char *name) {
    size_t len = strlen(name);
    if (line.len <= len || memcmp(line.at, name, len) != 0 || line.at[len] != ':') {
        return EDGE_NO_SPAN;
    }
    size_t skipped = len + 1 + (line.len > len + 1 && line.at[len + 1] == ' ');
    return edge_span_after(line, skipped);
}

static void take_line(edge_span_t line, ctl_event_t *event) {
    const struct {
        const char *name;
        edge_span_t *value;
    } fields[] = {{"id", &event->id}, {"event", &event->type}, {"data", &event->data}};
    for (size_t i = 0; i < EDGE_COUNT(fields); i++) {
        edge_span_t value = value_of(line, fields[i].name);
        if (value.at != NULL) {
            *fields[i].value = value;
        }
    }
}

/* Lines up to the empty one. What this server sends has one of data. */
static void take_block(ctl_event_stream_t *stream) {
    edge_span_t rest = edge_span(stream->block, stream->len);
    ctl_event_t event = {.id = EDGE_NO_SPAN, .type = edge_span_of("message"), .data = EDGE_NO_SPAN};
    while (rest.len > 0) {
        const char *end = memchr(rest.at, '\n', rest.len);
        edge_span_t line = edge_span(rest.at, end != NULL ? (size_t)(end - rest.at) : rest.len);
        take_line(line, &event);
        rest = edge_span_after(rest, end != NULL ? line.len + 1 : line.len);
    }
    if (event.data.at != NULL) {
        stream->take(stream->context, &event);
    }
}

static bool is_over(const ctl_event_stream_t *stream) {
    return stream->len > 0 && stream->block[stream->len - 1] == '\n';
}

void ctl_event_stream_feed(ctl_event_stream_t *stream, edge_span_t bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        char octet = bytes.at[i];
        if (octet == '\r') {
            continue;
        }
        if (octet == '\n' && is_over(stream)) {
            if (!stream->too_long) {
                take_block(stream);
            }
            stream->len = 0;
            stream->too_long = false;
        } else if (stream->len < sizeof stream->block) {
            stream->block[stream->len++] = octet;
        } else {
            stream->too_long = true;
            stream->block[stream->len - 1] = octet; /* the last octet tells where the event ends */
        }
    }
}
