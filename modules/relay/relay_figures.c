/* Figures of each next hop: attempts by what came of them, how long they took, how many are under way, whether it works. */
#include <apr_strings.h>
#include <stdio.h>

#include "relay.h"

static const edge_counter_row_t rows[] = {
    {"handoff_attempts_total", EDGE_COUNTER_TOTAL, "Deliveries to the next hop, by what came of them."},
    {"handoff_inflight", EDGE_COUNTER_GAUGE, "Deliveries to the next hop that are under way."},
    {"handoff_backend_up", EDGE_COUNTER_GAUGE, "1 when the next hop works, or has not been asked yet."},
};
enum { ROW_ATTEMPTS, ROW_IN_FLIGHT, ROW_UP };

static const edge_histogram_row_t duration = {"handoff_duration_seconds", EDGE_BOUNDS_OPERATION,
                                              "How long deliveries to the next hop took."};

const char *const relay_figures_results[RELAY_RESULTS] = {"ok", "tempfail", "permfail", "timeout", "unreachable"};
enum { OK, TEMPFAIL, PERMFAIL, TIMEOUT, UNREACHABLE };

/* 1-based; 0: the directory is full, and nothing is counted. */
static unsigned make(unsigned row, const char *labels) {
    unsigned slot;
    return edge_counter_register_labelled("relay", &rows[row], labels, &slot) == APR_SUCCESS ? slot + 1 : 0;
}

static void add(unsigned slot, int64_t amount) {
    if (slot)
        edge_counter_add(slot - 1, amount);
}

/* As it stands between the quotes of a label. */
static void put_name(const char *name, char *out, size_t size) {
    size_t at = 0;
    for (; *name && at + 2 < size; name++) {
        if (*name == '"' || *name == '\\')
            out[at++] = '\\';
        out[at++] = *name;
    }
    out[at] = '\0';
}

static bool is_named_twice(const edge_section_t *handoff) {
    for (const edge_section_t *queue = handoff->parent->parent->first; queue; queue = queue->next)
        for (const edge_section_t *other = queue != handoff->parent ? queue->first : NULL; other; other = other->next)
            if (other->scope == EDGE_SCOPE_HANDOFF && edge_span_equal(other->name, handoff->name))
                return true;
    return false;
}

/* The section's own name, unless another queue has a next hop of that name. */
static const char *backend_of(const edge_section_t *handoff, apr_pool_t *pool) {
    return is_named_twice(handoff) ? apr_pstrcat(pool, handoff->parent->name.at, "/", handoff->name.at, NULL)
                                   : handoff->name.at;
}

static relay_figures_t *first;

relay_figures_t *relay_figures_first(void) { return first; }

relay_figures_t *relay_figures_named(edge_span_t backend) {
    relay_figures_t *figures = first;
    while (figures && !edge_span_equal(backend, edge_span_of(figures->backend)))
        figures = figures->next;
    return figures;
}

void relay_figures_make(relay_figures_t *figures, const edge_section_t *handoff, apr_pool_t *pool) {
    char name[200], labels[256];
    figures->handoff = handoff;
    figures->backend = backend_of(handoff, pool);
    figures->next = first;
    first = figures;
    pthread_mutex_init(&figures->lock, NULL);
    put_name(figures->backend, name, sizeof(name));
    for (unsigned i = 0; i < RELAY_RESULTS; i++) {
        snprintf(labels, sizeof(labels), "backend=\"%s\",result=\"%s\"", name, relay_figures_results[i]);
        figures->attempts[i] = make(ROW_ATTEMPTS, labels);
    }
    snprintf(labels, sizeof(labels), "backend=\"%s\"", name);
    edge_histogram_make(&figures->duration, "relay", &duration, labels);
    figures->in_flight = make(ROW_IN_FLIGHT, labels);
    figures->up = make(ROW_UP, labels);
    relay_figures_works(figures, true);
}

void relay_figures_works(relay_figures_t *figures, bool works) {
    if (atomic_load(&figures->works) != works && atomic_exchange(&figures->works, works) != works)
        add(figures->up, works ? 1 : -1);
}

void relay_figures_begun(const relay_figures_t *figures) { add(figures->in_flight, 1); }

/* A host that answers nothing in time is another trouble than one to which there is no way. */
static unsigned result_of(const edge_delivery_t *delivery) {
    const edge_relay_result_t *result = &delivery->results[0];
    for (unsigned i = 0; i < delivery->count; i++)
        if (delivery->results[i].outcome == EDGE_RELAY_DONE)
            return OK;
    if (result->outcome == EDGE_RELAY_FAILED)
        return PERMFAIL;
    if (result->blame == EDGE_RELAY_MESSAGE || result->remote.len > 0)
        return TEMPFAIL;
    return result->reply.subject == 4 && result->reply.detail == 1 ? UNREACHABLE : TIMEOUT;
}

static void note_trouble(relay_figures_t *figures, const edge_delivery_t *delivery) {
    edge_span_t text = relay_message_text(&delivery->results[0], delivery->pool);
    pthread_mutex_lock(&figures->lock);
    apr_snprintf(figures->trouble, sizeof(figures->trouble), "%.*s", (int)text.len, text.at);
    figures->trouble_at = edge_clock_read().wall;
    pthread_mutex_unlock(&figures->lock);
}

void relay_figures_ended(relay_figures_t *figures, const edge_delivery_t *delivery, edge_mono_t took) {
    add(figures->in_flight, -1);
    unsigned result = result_of(delivery);
    add(figures->attempts[result], 1);
    if (result != OK && delivery->count > 0)
        note_trouble(figures, delivery);
    edge_histogram_observe(&figures->duration, took);
}
