/* The directory of counters as Prometheus reads it: families, samples, histograms. */
#include "core/metrics.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "edge_obj.h"

#define PREFIX "edge_"

typedef struct sample {
    const char *family; /* without prefix; of a bucket or sum: the histogram's name */
    edge_counter_entry_t entry;
    const char *others; /* labels without `le` */
    unsigned slot;
    int64_t value;
} sample_t;

/* Text */

static const char *without_ending(const char *name, const char *ending, apr_pool_t *pool) {
    size_t len = strlen(name), cut = strlen(ending);
    return len > cut && strcmp(name + len - cut, ending) == 0 ? apr_pstrmemdup(pool, name, len - cut) : name;
}

void edge_metrics_put(edge_metrics_t *metrics, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int need = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    EDGE_ASSERT(need >= 0);
    if (metrics->len + (size_t)need + 1 > metrics->room) {
        size_t room = (metrics->len + (size_t)need + 1) * 2 + 4096;
        char *larger = apr_palloc(metrics->pool, room);
        if (metrics->len)
            memcpy(larger, metrics->text, metrics->len);
        metrics->text = larger;
        metrics->room = room;
    }
    vsnprintf(metrics->text + metrics->len, (size_t)need + 1, format, again);
    va_end(again);
    metrics->len += (size_t)need;
}

/* OpenMetrics names the family of a counter without its ending, and knows none without. */
void edge_metrics_family(edge_metrics_t *metrics, const char *name, const char *type, const char *prose) {
    bool counter = metrics->open && strcmp(type, "counter") == 0;
    const char *family = counter ? without_ending(name, "_total", metrics->pool) : name;
    if (counter && family == name)
        type = "unknown";
    edge_metrics_put(metrics, "# HELP %s %s\n# TYPE %s %s\n", family, prose, family, type);
}

const char *edge_metrics_label(const char *value, apr_pool_t *pool) {
    char *out = apr_palloc(pool, strlen(value) * 2 + 1), *at = out;
    for (; *value; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n')
            *at++ = '\\';
        *at++ = *value == '\n' ? 'n' : *value;
    }
    *at = '\0';
    return out;
}

/* Collecting */

static const char *family_of(const edge_counter_entry_t *entry, apr_pool_t *pool) {
    switch (entry->kind) {
    case EDGE_COUNTER_BUCKET: return without_ending(entry->name, "_bucket", pool);
    case EDGE_COUNTER_SUM:
    case EDGE_COUNTER_TIME: return without_ending(entry->name, "_sum", pool);
    default: return entry->name;
    }
}

/* `le` stands last in the labels of a bucket. */
static const char *other_labels(const char *labels, apr_pool_t *pool) {
    const char *le = strstr(labels, "le=\"");
    size_t len = le ? (size_t)(le - labels) : strlen(labels);
    len -= len > 0 && labels[len - 1] == ',';
    return apr_pstrmemdup(pool, labels, len);
}

static sample_t *collect(apr_pool_t *pool, unsigned *count) {
    edge_counter_entry_t entry;
    unsigned slots = 0;
    while (edge_counter_at(slots, &entry))
        slots++;
    sample_t *samples = apr_pcalloc(pool, (slots + 1) * sizeof(*samples));
    *count = 0;
    for (unsigned slot = 0; slot < slots; slot++) {
        sample_t *sample = &samples[*count];
        if (!edge_counter_at(slot, &sample->entry) || !sample->entry.name[0])
            continue; /* a row that its module has given up */
        sample->family = family_of(&sample->entry, pool);
        sample->others =
            sample->entry.kind == EDGE_COUNTER_BUCKET ? other_labels(sample->entry.labels, pool) : sample->entry.labels;
        sample->slot = slot;
        sample->value = edge_counter_sum(slot);
        ++*count;
    }
    return samples;
}

static bool is_of_histogram(const sample_t *sample) {
    edge_counter_kind_t kind = sample->entry.kind;
    return kind == EDGE_COUNTER_BUCKET || kind == EDGE_COUNTER_SUM || kind == EDGE_COUNTER_TIME;
}

/* Families together, and in a histogram what has one set of labels, its sum first; else as they were registered. */
static int by_family(const void *left, const void *right) {
    const sample_t *a = left, *b = right;
    int order = strcmp(a->family, b->family);
    if (order == 0)
        order = is_of_histogram(a) - is_of_histogram(b);
    if (order == 0 && is_of_histogram(a))
        order = strcmp(a->others, b->others);
    if (order == 0 && is_of_histogram(a))
        order = (a->entry.kind == EDGE_COUNTER_BUCKET) - (b->entry.kind == EDGE_COUNTER_BUCKET);
    return order ? order : a->slot < b->slot ? -1 : a->slot > b->slot;
}

/* Writing */

static const char *with_braces(const char *labels, apr_pool_t *pool) {
    return *labels ? apr_pstrcat(pool, "{", labels, "}", NULL) : "";
}

static void put_value(edge_metrics_t *metrics, const sample_t *sample) {
    if (sample->entry.kind == EDGE_COUNTER_TIME)
        edge_metrics_put(metrics, " %.6f\n", (double)sample->value / 1e6);
    else
        edge_metrics_put(metrics, " %lld\n", (long long)sample->value);
}

/* The buckets of one set of labels, from `at`; returns where the next begins. */
static unsigned put_buckets(edge_metrics_t *metrics, const sample_t *samples, unsigned at, unsigned end) {
    const sample_t *first = &samples[at];
    long long sum = 0;
    for (; at < end && samples[at].entry.kind == EDGE_COUNTER_BUCKET && strcmp(samples[at].others, first->others) == 0;
         at++) {
        sum += samples[at].value;
        edge_metrics_put(metrics, PREFIX "%s%s %lld\n", samples[at].entry.name,
                         with_braces(samples[at].entry.labels, metrics->pool), sum);
    }
    edge_metrics_put(metrics, PREFIX "%s_count%s %lld\n", first->family, with_braces(first->others, metrics->pool),
                     sum);
    return at;
}

static const char *type_of(const sample_t *samples, unsigned at, unsigned end) {
    for (unsigned i = at; i < end; i++)
        if (samples[i].entry.kind == EDGE_COUNTER_BUCKET)
            return "histogram";
    return samples[at].entry.kind == EDGE_COUNTER_GAUGE ? "gauge" : "counter";
}

static void put_family(edge_metrics_t *metrics, const sample_t *samples, unsigned at, unsigned end) {
    const char *type = type_of(samples, at, end);
    const char *name = strcmp(type, "histogram") == 0 ? samples[at].family : samples[at].entry.name;
    edge_metrics_family(metrics, apr_pstrcat(metrics->pool, PREFIX, name, NULL), type, samples[at].entry.prose);
    while (at < end) {
        if (samples[at].entry.kind == EDGE_COUNTER_BUCKET) {
            at = put_buckets(metrics, samples, at, end);
            continue;
        }
        edge_metrics_put(metrics, PREFIX "%s%s", samples[at].entry.name,
                         with_braces(samples[at].entry.labels, metrics->pool));
        put_value(metrics, &samples[at++]);
    }
}

bool edge_metrics_wants_open(edge_span_t accept) {
    static const char type[] = "application/openmetrics-text";
    return accept.len >= sizeof(type) - 1 && memmem(accept.at, accept.len, type, sizeof(type) - 1) != NULL;
}

edge_span_t edge_metrics_text(bool open, apr_pool_t *pool) {
    edge_metrics_t metrics = {.pool = pool, .open = open};
    unsigned count;
    sample_t *samples = collect(pool, &count);
    qsort(samples, count, sizeof(*samples), by_family);
    for (unsigned at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && strcmp(samples[end].family, samples[at].family) == 0;)
            end++;
        put_family(&metrics, samples, at, end);
    }
    edge_metrics_put_machine(&metrics);
    edge_metrics_put_state(&metrics);
    if (open)
        edge_metrics_put(&metrics, "# EOF\n");
    return edge_span(metrics.text, metrics.len);
}
