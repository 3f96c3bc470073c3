/* Counts who waits in a queue, by domain and age. */
#include "store/queue_shape.h"

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdlib.h>

#include "edge_clock.h"
#include "proto/address.h"

#define CLASSES EDGE_QUEUE_SHAPE_CLASSES
#define FIRST_CLASS EDGE_SECONDS(300)

/* How many wait, by age. */
typedef struct counts {
    uint64_t waiting, ages[CLASSES];
} counts_t;

typedef struct row {
    const char *queue;
    edge_span_t domain; /* in lower case; empty: there is none */
    counts_t counts;
    apr_time_t oldest; /* received */
} row_t;

struct edge_queue_shape {
    apr_pool_t *pool;
    apr_time_t now;
    unsigned most;       /* that are read of a queue */
    apr_hash_t *domains; /* of the queue that is being read */
    apr_array_header_t *rows;
    counts_t total, other; /* other: of domains that are too many */
    uint64_t messages, read, unreadable;
    /* The queue that is being read */
    const char *queue;
    uint64_t matched, taken;
    counts_t unnamed;
};

edge_queue_shape_t *edge_queue_shape_make(apr_pool_t *pool, apr_time_t now, unsigned read) {
    edge_queue_shape_t *shape = apr_pcalloc(pool, sizeof *shape);
    shape->pool = pool;
    shape->now = now;
    shape->most = read;
    shape->rows = apr_array_make(pool, 64, sizeof(row_t *));
    return shape;
}

static unsigned class_of(const edge_queue_shape_t *shape, apr_time_t received) {
    apr_time_t bound = FIRST_CLASS, age = shape->now - received;
    unsigned at = 0;
    for (; at < CLASSES - 1 && age > bound; at++) {
        bound *= 2;
    }
    return at;
}

/* In lower case, in `room`; what is too long for a domain is cut. */
static edge_span_t domain_of(edge_span_t mailbox, char *room, size_t size) {
    edge_address_t address;
    if (!edge_address_mailbox(mailbox, &address)) {
        return edge_span(room, 0);
    }
    size_t len = address.domain.len < size ? address.domain.len : size;
    for (size_t i = 0; i < len; i++) {
        room[i] = (char)apr_tolower((unsigned char)address.domain.at[i]);
    }
    return edge_span(room, len);
}

/* NULL: there are too many. */
static row_t *row_of(edge_queue_shape_t *shape, edge_span_t domain) {
    row_t *row = apr_hash_get(shape->domains, domain.at, (apr_ssize_t)domain.len);
    if (row == NULL && (unsigned)shape->rows->nelts < EDGE_QUEUE_SHAPE_DOMAINS) {
        row = apr_pcalloc(shape->pool, sizeof *row);
        row->queue = shape->queue;
        row->domain = edge_span(apr_pstrmemdup(shape->pool, domain.at, domain.len), domain.len);
        apr_hash_set(shape->domains, row->domain.at, (apr_ssize_t)domain.len, row);
        APR_ARRAY_PUSH(shape->rows, row_t *) = row;
    }
    return row;
}

static void count(edge_queue_shape_t *shape, edge_span_t mailbox, apr_time_t received) {
    char room[256];
    row_t *row = row_of(shape, domain_of(mailbox, room, sizeof room));
    counts_t *counts = row != NULL ? &row->counts : &shape->unnamed;
    counts->waiting++;
    counts->ages[class_of(shape, received)]++;
    if (row != NULL && (row->oldest == 0 || received < row->oldest)) {
        row->oldest = received;
    }
}

static bool take_one(void *context, const edge_queue_entry_t *entry) {
    edge_queue_shape_t *shape = context;
    shape->matched = entry->matched;
    shape->taken++;
    if (entry->envelope == NULL) {
        shape->unreadable++;
        return true;
    }
    for (unsigned i = 0; i < entry->envelope->recipient_count; i++) {
        const edge_recipient_t *recipient = &entry->envelope->recipients[i];
        if (recipient->state == EDGE_RECIPIENT_WAITING) {
            count(shape, recipient->address, entry->envelope->received);
        }
    }
    return true;
}

static void add(counts_t *to, const counts_t *from) {
    to->waiting += from->waiting;
    for (unsigned i = 0; i < CLASSES; i++) {
        to->ages[i] += from->ages[i];
    }
}

/* Each message that was read stands for matched / taken. The sum is that of the classes, so that a row adds up. */
static void stretch(const edge_queue_shape_t *shape, counts_t *counts) {
    counts->waiting = 0;
    for (unsigned i = 0; i < CLASSES; i++) {
        counts->ages[i] = (counts->ages[i] * shape->matched + shape->taken / 2) / shape->taken;
        counts->waiting += counts->ages[i];
    }
}

static void end_queue(edge_queue_shape_t *shape, int first) {
    for (int i = first; i < shape->rows->nelts; i++) {
        row_t *row = APR_ARRAY_IDX(shape->rows, i, row_t *);
        stretch(shape, &row->counts);
        add(&shape->total, &row->counts);
    }
    stretch(shape, &shape->unnamed);
    add(&shape->total, &shape->unnamed);
    add(&shape->other, &shape->unnamed);
    shape->messages += shape->matched;
    shape->read += shape->taken;
}

apr_status_t edge_queue_shape_take(edge_queue_shape_t *shape, edge_queue_t *queue, int state) {
    const edge_queue_filter_t filter = {.state = state, .spread = shape->most};
    int first = shape->rows->nelts;
    shape->domains = apr_hash_make(shape->pool);
    shape->queue = queue->name;
    shape->matched = shape->taken = 0;
    shape->unnamed = (counts_t){0};
    apr_status_t status = queue->provider->list(queue, &filter, take_one, shape);
    if (shape->matched <= shape->most) {
        shape->matched = shape->taken; /* all were read, but for those that went meanwhile */
    }
    if (status == APR_SUCCESS && shape->taken > 0) {
        end_queue(shape, first);
    }
    return status;
}

/* As JSON */

static void put_counts(edge_json_t *json, const counts_t *counts) {
    edge_json_put_number(json, "waiting", (int64_t)counts->waiting);
    edge_json_key(json, "ages");
    edge_json_array(json);
    for (unsigned i = 0; i < CLASSES; i++) {
        edge_json_number(json, (int64_t)counts->ages[i]);
    }
    edge_json_array_end(json);
}

static void put_classes(edge_json_t *json) {
    apr_time_t bound = FIRST_CLASS;
    edge_json_key(json, "classes");
    edge_json_array(json);
    for (unsigned i = 0; i < CLASSES - 1; i++, bound *= 2) {
        edge_json_number(json, apr_time_sec(bound));
    }
    edge_json_array_end(json);
}

static void put_row(edge_json_t *json, const row_t *row) {
    char oldest[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(row->oldest, oldest);
    edge_json_object(json);
    edge_json_put_string(json, "queue", row->queue);
    edge_json_put_text(json, "domain", row->domain, 0);
    put_counts(json, &row->counts);
    edge_json_put_string(json, "oldest", oldest);
    edge_json_object_end(json);
}

static int compare(const void *a, const void *b) {
    const row_t *one = *(const row_t *const *)a, *other = *(const row_t *const *)b;
    size_t len = one->domain.len < other->domain.len ? one->domain.len : other->domain.len;
    if (one->counts.waiting != other->counts.waiting) {
        return one->counts.waiting > other->counts.waiting ? -1 : 1;
    }
    int order = len > 0 ? memcmp(one->domain.at, other->domain.at, len) : 0;
    if (order == 0 && one->domain.len != other->domain.len) {
        order = one->domain.len < other->domain.len ? -1 : 1;
    }
    return order != 0 ? order : strcmp(one->queue, other->queue);
}

void edge_queue_shape_put(edge_queue_shape_t *shape, unsigned most, edge_json_t *json) {
    counts_t other = shape->other;
    int rows = shape->rows->nelts, shown = rows < (int)most ? rows : (int)most;
    qsort(shape->rows->elts, (size_t)rows, sizeof(row_t *), compare);
    put_classes(json);
    edge_json_key(json, "domains");
    edge_json_array(json);
    for (int i = 0; i < shown; i++) {
        put_row(json, APR_ARRAY_IDX(shape->rows, i, const row_t *));
    }
    edge_json_array_end(json);
    for (int i = shown; i < rows; i++) {
        add(&other, &APR_ARRAY_IDX(shape->rows, i, const row_t *)->counts);
    }
    edge_json_key(json, "other");
    edge_json_object(json);
    put_counts(json, &other);
    edge_json_object_end(json);
    edge_json_key(json, "total");
    edge_json_object(json);
    put_counts(json, &shape->total);
    edge_json_object_end(json);
    edge_json_put_number(json, "messages", (int64_t)shape->messages);
    edge_json_put_number(json, "read", (int64_t)shape->read);
    edge_json_put_number(json, "unreadable", (int64_t)shape->unreadable);
}
