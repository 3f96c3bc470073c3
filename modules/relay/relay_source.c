/*
 * A stored message as a source: its first block is read when it is opened, the others ahead of the worker, by threads that
 * may block. A message that fits into one block costs no task at all.
 */
#include <stdlib.h>

#include "relay.h"

#define BLOCK 65536u

struct relay_source {
    edge_source_t source;
    edge_task_t task;
    edge_task_pool_t *readers;
    edge_queue_t *queue;
    edge_uuid_t id;
    apr_pool_t *pool; /* of the reader */
    edge_queue_reader_t *reader;
    char *shown, *ahead; /* blocks */
    size_t shown_len, ahead_len;
    size_t eaten; /* of the block that is shown */
    size_t room;  /* of a block */
    bool first;   /* the message's first block is shown */
    bool ended;   /* nothing is behind what was read */
    bool broken;
    bool reading; /* the task has the reader and `ahead` */
    bool rewound; /* what the task reads is of no use: it is to be read from the start */
    bool again;   /* the next task does that */
    bool waiting; /* somebody was told to wait */
    void (*rested)(void *context);
    void *context;
};

/* Where it may block */

static void close_reader(relay_source_t *self) {
    if (self->reader)
        self->queue->provider->reader_close(self->reader);
    self->reader = NULL;
    if (self->pool)
        apr_pool_destroy(self->pool);
    self->pool = NULL;
}

static void open_reader(relay_source_t *self) {
    self->ended = self->broken = false;
    if (apr_pool_create_unmanaged(&self->pool) != APR_SUCCESS ||
        self->queue->provider->reader_open(self->queue, self->id, self->pool, &self->reader) != APR_SUCCESS) {
        self->reader = NULL;
        self->broken = true;
    }
}

/* Fills a block, or says that the end has come. */
static size_t fill(relay_source_t *self, char *block) {
    size_t len = 0, got = 0;
    while (len < self->room && !self->ended && !self->broken) {
        apr_status_t status = self->queue->provider->reader_read(self->reader, block + len, self->room - len, &got);
        len += status == APR_SUCCESS ? got : 0;
        self->ended = APR_STATUS_IS_EOF(status);
        self->broken = status != APR_SUCCESS && !self->ended;
    }
    return len;
}

static void run(edge_task_t *task) {
    relay_source_t *self = EDGE_CONTAINER(task, relay_source_t, task);
    if (self->again) {
        close_reader(self);
        open_reader(self);
    }
    if (!self->ahead)
        self->ahead = malloc(self->room);
    EDGE_ASSERT(self->ahead != NULL);
    self->ahead_len = fill(self, self->ahead);
}

/* On the worker */

static void read_ahead(relay_source_t *self);

static void tell(relay_source_t *self) {
    if (self->waiting) {
        self->waiting = false;
        self->source.ready(self->source.owner);
    }
}

static void done(edge_task_t *task) {
    relay_source_t *self = EDGE_CONTAINER(task, relay_source_t, task);
    self->reading = false;
    if (self->rested) {
        self->rested(self->context);
        return;
    }
    if (self->rewound) {
        self->rewound = false;
        self->again = true;
        self->ahead_len = 0;
    } else if (self->again) { /* what was read is the first block */
        char *block = self->shown;
        self->shown = self->ahead;
        self->shown_len = self->ahead_len;
        self->ahead = block;
        self->ahead_len = 0;
        self->eaten = 0;
        self->first = true;
        self->again = false;
    }
    tell(self);
}

static void read_ahead(relay_source_t *self) {
    if (self->reading || self->ahead_len > 0 || ((self->ended || self->broken) && !self->again))
        return;
    self->reading = true;
    self->task.run = run;
    self->task.done = done;
    if (edge_task_submit(self->readers, &self->task) != APR_SUCCESS) {
        self->reading = false;
        self->broken = true;
    }
}

static edge_source_state_t look(edge_source_t *source, edge_span_t *bytes) {
    relay_source_t *self = EDGE_CONTAINER(source, relay_source_t, source);
    bool stale = self->again || self->rewound;
    if (!stale && !self->reading && self->eaten == self->shown_len && self->ahead_len > 0) {
        char *block = self->shown;
        self->shown = self->ahead;
        self->shown_len = self->ahead_len;
        self->ahead = block;
        self->ahead_len = 0;
        self->eaten = 0;
        self->first = false;
    }
    read_ahead(self);
    if (!stale && self->eaten < self->shown_len) {
        *bytes = edge_span(self->shown + self->eaten, self->shown_len - self->eaten);
        return EDGE_SOURCE_BYTES;
    }
    if (self->reading) {
        self->waiting = true;
        return EDGE_SOURCE_WAIT;
    }
    return self->broken || !self->ended ? EDGE_SOURCE_BROKEN : EDGE_SOURCE_END;
}

static void eat(edge_source_t *source, size_t len) {
    relay_source_t *self = EDGE_CONTAINER(source, relay_source_t, source);
    EDGE_ASSERT(len <= self->shown_len - self->eaten);
    self->eaten += len;
}

static bool rewind_source(edge_source_t *source) {
    relay_source_t *self = EDGE_CONTAINER(source, relay_source_t, source);
    self->waiting = false;
    if (self->first && !self->again && !self->rewound) {
        self->eaten = 0;
        return true;
    }
    if (self->reading) {
        self->rewound = true;
    } else {
        self->again = true;
        self->ahead_len = 0;
    }
    return true;
}

static const edge_source_kind_t kind = {.look = look, .eat = eat, .rewind = rewind_source};

edge_source_t *relay_source_use(relay_source_t *self, edge_worker_t *worker) {
    self->task.worker = worker;
    return &self->source;
}

void relay_source_rest(relay_source_t *self, void (*rested)(void *context), void *context) {
    if (!self->reading) {
        rested(context);
        return;
    }
    self->rested = rested;
    self->context = context;
}

relay_source_t *relay_source_open(edge_queue_t *queue, edge_uuid_t id, uint64_t size, edge_task_pool_t *readers) {
    relay_source_t *self = calloc(1, sizeof(*self));
    EDGE_ASSERT(self != NULL);
    self->source.kind = &kind;
    self->source.size = size;
    self->queue = queue;
    self->id = id;
    self->readers = readers;
    self->room = size < BLOCK ? (size_t)size + 1 : BLOCK; /* one more, so that the end is seen with the last octet */
    self->shown = malloc(self->room);
    EDGE_ASSERT(self->shown != NULL);
    open_reader(self);
    self->shown_len = self->broken ? 0 : fill(self, self->shown);
    self->first = true;
    if (self->ended || self->broken)
        close_reader(self);
    if (!self->broken)
        return self;
    relay_source_close(self);
    return NULL;
}

void relay_source_close(relay_source_t *self) {
    EDGE_ASSERT(!self->reading);
    close_reader(self);
    free(self->shown);
    free(self->ahead);
    free(self);
}

relay_source_t *relay_source_nothing(void) {
    relay_source_t *self = calloc(1, sizeof(*self));
    EDGE_ASSERT(self != NULL);
    self->source.kind = &kind;
    self->first = self->ended = true;
    return self;
}
