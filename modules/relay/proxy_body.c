/* A body on its way through: blocks in memory; from SPILL on, a file without a name that threads write and read. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay_proxy.h"

#define BLOCK ((size_t)65536)
#define SPILL (4 * BLOCK) /* in memory before it goes to the file */

typedef struct block {
    struct block *next;
    size_t len;
    char data[];
} block_t;

typedef struct proxy_body {
    edge_body_t base;
    edge_source_t source;
    edge_task_t task;
    edge_task_pool_t *threads;
    block_t *first, **end; /* behind what is in the file */
    size_t kept;           /* octets in them */
    block_t *spilled;      /* the task writes them */
    int fd;                /* -1: no file */
    uint64_t filed;        /* octets in the file */
    bool failed;           /* the task's while it is busy: it could not do its work */
    bool busy, broken, waiting, freed;
    void (*ready)(void *context, bool sound);
    void *context;
    /* As a source */
    edge_span_t prelude;
    uint64_t at;    /* octets eaten, prelude included */
    block_t *shown; /* of those in memory, at `shown_at` */
    size_t shown_at;
    char *read; /* a block of the file */
    uint64_t read_from;
    size_t read_len;
    bool source_waits;
} proxy_body_t;

static proxy_body_t *of_body(edge_body_t *body) { return EDGE_CONTAINER(body, proxy_body_t, base); }

static void free_blocks(block_t *block) {
    for (block_t *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

static void destroy(proxy_body_t *self) {
    free_blocks(self->first);
    free_blocks(self->spilled);
    free(self->read);
    if (self->fd >= 0)
        close(self->fd);
    free(self);
}

/* Threads */

static int open_nameless(void) {
    const char *folder = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof(path), "%s", folder && folder[0] ? folder : P_tmpdir);
    int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    snprintf(path, sizeof(path), "%s/edged-XXXXXX", folder && folder[0] ? folder : P_tmpdir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static bool put_block(const proxy_body_t *self, const block_t *block) {
    for (size_t put = 0; put < block->len;) {
        ssize_t got = pwrite(self->fd, block->data + put, block->len - put, (off_t)(self->filed + put));
        if (got <= 0)
            return false;
        put += (size_t)got;
    }
    return true;
}

static void write_out(edge_task_t *task) {
    proxy_body_t *self = EDGE_CONTAINER(task, proxy_body_t, task);
    if (self->fd < 0)
        self->fd = open_nameless();
    self->failed = self->fd < 0;
    for (const block_t *block = self->spilled; block && !self->failed; block = block->next) {
        self->failed = !put_block(self, block);
        self->filed += block->len;
    }
}

static void read_in(edge_task_t *task) {
    proxy_body_t *self = EDGE_CONTAINER(task, proxy_body_t, task);
    ssize_t got = pread(self->fd, self->read, BLOCK, (off_t)self->read_from);
    self->failed = got <= 0;
    self->read_len = got > 0 ? (size_t)got : 0;
}

/* The worker's again. */
static void take_back(proxy_body_t *self) {
    self->busy = false;
    self->broken = self->broken || self->failed;
}

static void give(proxy_body_t *self, void (*run)(edge_task_t *task), void (*done)(edge_task_t *task)) {
    self->task.worker = self->base.worker;
    self->task.run = run;
    self->task.done = done;
    self->busy = true;
    if (edge_task_submit(self->threads, &self->task) != APR_SUCCESS) {
        self->busy = false;
        self->broken = true;
    }
}

/* As a body */

static void written(edge_task_t *task) {
    proxy_body_t *self = EDGE_CONTAINER(task, proxy_body_t, task);
    take_back(self);
    free_blocks(self->spilled);
    self->spilled = NULL;
    if (self->freed) {
        destroy(self);
    } else if (self->ready) {
        self->ready(self->context, !self->broken);
    } else if (self->waiting) {
        self->waiting = false;
        self->base.room(self->base.owner);
    }
}

static void spill(proxy_body_t *self) {
    self->spilled = self->first;
    self->first = NULL;
    self->end = &self->first;
    self->kept = 0;
    give(self, write_out, written);
    if (!self->busy) {
        free_blocks(self->spilled);
        self->spilled = NULL;
    }
}

static void keep(proxy_body_t *self, edge_span_t bytes) {
    block_t *block = malloc(sizeof(*block) + bytes.len);
    EDGE_ASSERT(block != NULL);
    block->next = NULL;
    block->len = bytes.len;
    memcpy(block->data, bytes.at, bytes.len);
    *self->end = block;
    self->end = &block->next;
    self->kept += bytes.len;
}

static edge_body_flow_t body_write(edge_body_t *body, edge_span_t bytes) {
    proxy_body_t *self = of_body(body);
    if (self->broken || bytes.len == 0)
        return EDGE_BODY_MORE;
    keep(self, bytes);
    if (self->kept < SPILL)
        return EDGE_BODY_MORE;
    if (!self->busy)
        spill(self);
    self->waiting = self->busy && self->kept >= SPILL;
    return self->waiting ? EDGE_BODY_WAIT : EDGE_BODY_MORE;
}

void relay_proxy_body_free(edge_body_t *body) {
    proxy_body_t *self = of_body(body);
    self->freed = true;
    if (!self->busy)
        destroy(self);
}

static const edge_body_kind_t body_kind = {.write = body_write, .abandon = relay_proxy_body_free};

edge_body_t *relay_proxy_body_open(edge_worker_t *worker, edge_task_pool_t *threads, void (*room)(void *owner),
                                   void *owner) {
    proxy_body_t *self = calloc(1, sizeof(*self));
    EDGE_ASSERT(self != NULL);
    self->base = (edge_body_t){.kind = &body_kind, .worker = worker, .room = room, .owner = owner};
    self->threads = threads;
    self->end = &self->first;
    self->fd = -1;
    return &self->base;
}

void relay_proxy_body_end(edge_body_t *body, void (*ready)(void *context, bool sound), void *context) {
    proxy_body_t *self = of_body(body);
    self->ready = ready;
    self->context = context;
    if (!self->busy)
        ready(context, !self->broken);
}

/* As a source: prelude, file, memory */

static void read_done(edge_task_t *task) {
    proxy_body_t *self = EDGE_CONTAINER(task, proxy_body_t, task);
    take_back(self);
    if (self->freed) {
        destroy(self);
    } else if (self->source_waits) {
        self->source_waits = false;
        self->source.ready(self->source.owner);
    }
}

/* What is at `from` in the file. */
static edge_source_state_t look_at_file(proxy_body_t *self, uint64_t from, edge_span_t *bytes) {
    if (!self->busy && from >= self->read_from && from < self->read_from + self->read_len) {
        size_t skip = (size_t)(from - self->read_from);
        *bytes = edge_span(self->read + skip, self->read_len - skip);
        return EDGE_SOURCE_BYTES;
    }
    if (!self->busy) {
        if (!self->read)
            self->read = malloc(BLOCK);
        EDGE_ASSERT(self->read != NULL);
        self->read_from = from;
        self->read_len = 0;
        give(self, read_in, read_done);
    }
    self->source_waits = self->busy;
    return self->busy ? EDGE_SOURCE_WAIT : EDGE_SOURCE_BROKEN;
}

static edge_source_state_t look(edge_source_t *source, edge_span_t *bytes) {
    proxy_body_t *self = EDGE_CONTAINER(source, proxy_body_t, source);
    if (!self->busy && self->broken)
        return EDGE_SOURCE_BROKEN;
    if (self->at < self->prelude.len) {
        *bytes = edge_span_after(self->prelude, (size_t)self->at);
        return EDGE_SOURCE_BYTES;
    }
    if (self->at - self->prelude.len < self->filed)
        return look_at_file(self, self->at - self->prelude.len, bytes);
    if (!self->shown)
        return EDGE_SOURCE_END;
    *bytes = edge_span(self->shown->data + self->shown_at, self->shown->len - self->shown_at);
    return EDGE_SOURCE_BYTES;
}

static void eat(edge_source_t *source, size_t len) {
    proxy_body_t *self = EDGE_CONTAINER(source, proxy_body_t, source);
    bool in_memory = self->at >= self->prelude.len && self->at - self->prelude.len >= self->filed;
    self->at += len;
    if (!in_memory)
        return;
    self->shown_at += len;
    if (self->shown_at == self->shown->len) {
        self->shown = self->shown->next;
        self->shown_at = 0;
    }
}

static bool rewind_source(edge_source_t *source) {
    proxy_body_t *self = EDGE_CONTAINER(source, proxy_body_t, source);
    self->at = 0;
    self->shown = self->first;
    self->shown_at = 0;
    self->source_waits = false;
    return true;
}

static const edge_source_kind_t source_kind = {.look = look, .eat = eat, .rewind = rewind_source};

edge_source_t *relay_proxy_body_source(edge_body_t *body, edge_span_t prelude) {
    proxy_body_t *self = of_body(body);
    self->prelude = prelude;
    self->source.kind = &source_kind;
    self->source.size = prelude.len + body->size;
    rewind_source(&self->source);
    return &self->source;
}
