/* A delivery to Maildirs: the worker feeds blocks of the message to a thread of the pool, step by step. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <apr_strings.h>

#include "edge_clock.h"
#include "relay_maildir.h"

#define THREADS 4
#define TASKS_MOST 1024
#define BLOCK_SIZE 65536

/* Stopped by the first worker that stops, since its threads send letters to workers. */
static struct {
    pthread_mutex_t lock; /* of `pool` */
    edge_task_pool_t *pool;
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What a step does on the pool's thread. */
typedef enum step {
    STEP_OPEN,  /* the leader's file */
    STEP_WRITE, /* a block into it */
    STEP_KEEP,  /* the leader's is whole */
    STEP_COPY,  /* one of the others, as a whole */
    STEP_DROP   /* the leader's is let go */
} step_t;

typedef struct run {
    edge_task_t task;
    edge_chore_t chore; /* the first step is taken behind `deliver` */
    apr_pool_t *pool;
    edge_worker_t *worker;
    edge_delivery_t *delivery; /* NULL: cancelled */
    maildir_file_t *files;     /* in the order of the delivery's recipients */
    const char **heads;
    bool *settled; /* has its result */
    unsigned count;
    unsigned leader; /* whose file takes the message's bytes */
    unsigned copy;   /* STEP_COPY: whose file is made */
    step_t step;
    step_t afterwards; /* behind STEP_DROP, which may end a file so that another leads */
    int error;         /* of the step */
    bool in_thread;
    bool after_cr; /* the last octet was a CR that waits for its LF */
    size_t len;
    char *block;
} run_t;

/* Results */

typedef struct meaning {
    int error;
    edge_relay_outcome_t outcome;
    edge_relay_blame_t blame;
    uint16_t code, subject, detail;
    const char *text;
} meaning_t;

static const meaning_t meanings[] = {
    {ENOENT, EDGE_RELAY_FAILED, EDGE_RELAY_MESSAGE, 550, 1, 1, "No such mailbox"},
    {ENOTDIR, EDGE_RELAY_FAILED, EDGE_RELAY_MESSAGE, 550, 1, 1, "No such mailbox"},
    {ENAMETOOLONG, EDGE_RELAY_FAILED, EDGE_RELAY_MESSAGE, 550, 1, 1, "No mailbox can have so long a name"},
    {EINVAL, EDGE_RELAY_FAILED, EDGE_RELAY_MESSAGE, 550, 1, 3, "No mailbox can have this name"},
    {ENXIO, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 3, 0, "The directory of the mailboxes is not there"},
    {EDQUOT, EDGE_RELAY_DEFERRED, EDGE_RELAY_MESSAGE, 452, 2, 2, "The mailbox is over its quota"},
    {ENOSPC, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 452, 3, 1, "There is no room on the disk of the mailboxes"},
    {EROFS, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 3, 0, "The disk of the mailboxes is read-only"},
    {EIO, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 3, 0, "The disk of the mailboxes fails"},
    {EAGAIN, EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 3, 2, "Too many deliveries to mailboxes are waiting"},
    {0, EDGE_RELAY_DONE, EDGE_RELAY_MESSAGE, 250, 1, 5, "Delivered to the mailbox"},
};
static const meaning_t other = {0, EDGE_RELAY_DEFERRED, EDGE_RELAY_MESSAGE, 451, 3, 0, "The mailbox cannot be written"};
static const meaning_t unreadable = {0, EDGE_RELAY_DEFERRED,         EDGE_RELAY_MESSAGE, 451, 3,
                                     0, "The message cannot be read"};

static edge_relay_result_t result_of(const meaning_t *meaning) {
    edge_relay_result_t result = {.outcome = meaning->outcome, .blame = meaning->blame, .relayed_without = true};
    result.reply = (edge_reply_t){.code = meaning->code,
                                  .subject = meaning->subject,
                                  .detail = meaning->detail,
                                  .literal = true,
                                  .text = edge_span_of(meaning->text)};
    return result;
}

edge_relay_result_t maildir_deliver_result(int error) {
    for (size_t i = 0; i < EDGE_COUNT(meanings); i++) {
        if (meanings[i].error == error) {
            return result_of(&meanings[i]);
        }
    }
    return result_of(&other);
}

/* On the pool's thread */

static int copy_one(run_t *run) {
    maildir_file_t *file = &run->files[run->copy];
    int error = maildir_file_open(file, run->heads[run->copy]);
    error = error == 0 ? maildir_file_copy(file, &run->files[run->leader]) : error;
    error = error == 0 ? maildir_file_keep(file) : error;
    maildir_file_drop(file);
    return error;
}

static void work(edge_task_t *task) {
    run_t *run = EDGE_CONTAINER(task, run_t, task);
    maildir_file_t *leading = &run->files[run->leader];
    run->error = 0;
    switch (run->step) {
    case STEP_OPEN: run->error = maildir_file_open(leading, run->heads[run->leader]); break;
    case STEP_WRITE: run->error = maildir_file_write(leading, run->block, run->len); break;
    case STEP_KEEP: run->error = maildir_file_keep(leading); break;
    case STEP_COPY: run->error = copy_one(run); break;
    case STEP_DROP: maildir_file_drop(leading); break;
    }
}

/* On the worker */

static void stepped(edge_task_t *task);

static void free_run(run_t *run) { edge_worker_give_pool(run->worker, run->pool); }

static void set_result(run_t *run, unsigned index, edge_relay_result_t result) {
    edge_delivery_t *delivery = run->delivery;
    if (result.reply.code == other.code && result.reply.text.at == other.text) {
        char why[120];
        result.reply.text = edge_span_of(
            apr_pstrcat(delivery->pool, other.text, ": ", apr_strerror(run->error, why, sizeof why), NULL));
    }
    delivery->results[index] = result;
    run->settled[index] = true;
}

static void set_rest(run_t *run, edge_relay_result_t result) {
    for (unsigned i = 0; i < run->count; i++) {
        if (!run->settled[i]) {
            set_result(run, i, result);
        }
    }
}

static void finish(run_t *run) {
    edge_delivery_t *delivery = run->delivery;
    free_run(run);
    delivery->hop = NULL;
    delivery->finished(delivery);
}

/* The pool is full or stopped, which is rare: so what is open is closed here, though that may block. */
static void no_thread(run_t *run) {
    maildir_file_drop(&run->files[run->leader]);
    if (run->delivery == NULL) {
        free_run(run);
        return;
    }
    set_rest(run, maildir_deliver_result(EAGAIN));
    finish(run);
}

static bool submit(edge_task_t *task) {
    pthread_mutex_lock(&threads.lock);
    bool taken = threads.pool != NULL && edge_task_submit(threads.pool, task) == APR_SUCCESS;
    pthread_mutex_unlock(&threads.lock);
    return taken;
}

static void begin_step(run_t *run, step_t step) {
    run->step = step;
    run->task.worker = run->worker;
    run->task.run = work;
    run->task.done = stepped;
    run->in_thread = submit(&run->task);
    if (!run->in_thread) {
        no_thread(run);
    }
}

/* The first from `from` on whose result is not set; `count` when there is none. */
static unsigned next_open(const run_t *run, unsigned from) {
    while (from < run->count && run->settled[from]) {
        from++;
    }
    return from;
}

static void drop_then(run_t *run, step_t afterwards) {
    run->afterwards = afterwards;
    begin_step(run, STEP_DROP);
}

/* CRLF becomes LF, as Maildirs have it. */
static size_t take_lines(run_t *run, edge_span_t bytes) {
    size_t at = 0;
    for (; at < bytes.len && run->len + 2 <= BLOCK_SIZE; at++) {
        char c = bytes.at[at];
        if (run->after_cr && c != '\n') {
            run->block[run->len++] = '\r';
        }
        run->after_cr = c == '\r';
        if (c != '\r') {
            run->block[run->len++] = c;
        }
    }
    return at;
}

static void pull(run_t *run) {
    edge_source_t *source = run->delivery->source;
    edge_source_state_t state = EDGE_SOURCE_BYTES;
    edge_span_t bytes;
    while (run->len + 2 <= BLOCK_SIZE && (state = edge_source_look(source, &bytes)) == EDGE_SOURCE_BYTES) {
        edge_source_eat(source, take_lines(run, bytes));
    }
    if (state == EDGE_SOURCE_BROKEN) {
        set_rest(run, result_of(&unreadable));
        drop_then(run, STEP_DROP);
        return;
    }
    if (state == EDGE_SOURCE_WAIT) {
        return;
    }
    if (state == EDGE_SOURCE_END && run->after_cr) {
        run->block[run->len++] = '\r';
        run->after_cr = false;
    }
    begin_step(run, run->len > 0 ? STEP_WRITE : STEP_KEEP);
}

static void ready(void *owner) { pull(owner); }

/* The leader's mailbox is in trouble: the next leads, when the message can be had once more. */
static void lead_failed(run_t *run) {
    bool begun = run->step != STEP_OPEN;
    set_result(run, run->leader, maildir_deliver_result(run->error));
    if (next_open(run, 0) < run->count && begun && !edge_source_rewind(run->delivery->source)) {
        set_rest(run, result_of(&unreadable));
    }
    run->len = 0;
    run->after_cr = false;
    drop_then(run, STEP_OPEN);
}

static void next_copy(run_t *run, unsigned from) {
    run->copy = next_open(run, from);
    if (run->copy < run->count) {
        begin_step(run, STEP_COPY);
    } else {
        drop_then(run, STEP_DROP);
    }
}

static void dropped(run_t *run) {
    run->leader = next_open(run, 0);
    if (run->afterwards == STEP_OPEN && run->leader < run->count) {
        begin_step(run, STEP_OPEN);
    } else {
        finish(run);
    }
}

static void leader_stepped(run_t *run) {
    if (run->error != 0) {
        lead_failed(run);
    } else if (run->step == STEP_KEEP) {
        set_result(run, run->leader, maildir_deliver_result(0));
        next_copy(run, 0);
    } else {
        run->len = 0;
        pull(run);
    }
}

static void stepped(edge_task_t *task) {
    run_t *run = EDGE_CONTAINER(task, run_t, task);
    run->in_thread = false;
    if (run->delivery == NULL) {
        if (run->step == STEP_DROP) {
            free_run(run);
        } else {
            begin_step(run, STEP_DROP);
        }
    } else if (run->step == STEP_DROP) {
        dropped(run);
    } else if (run->step == STEP_COPY) {
        set_result(run, run->copy, maildir_deliver_result(run->error));
        next_copy(run, run->copy + 1);
    } else {
        leader_stepped(run);
    }
}

static const char *temporary_name(apr_pool_t *pool, const char *name) {
    static _Atomic unsigned sequence;
    return apr_psprintf(pool, "%s.%" APR_PID_T_FMT "_%u", name, getpid(), atomic_fetch_add(&sequence, 1));
}

/* All that threads will need, so that they look at nothing of the delivery. */
static void prepare_files(run_t *run, const maildir_conf_t *conf) {
    const edge_delivery_t *delivery = run->delivery;
    for (unsigned i = 0; i < run->count; i++) {
        unsigned index = delivery->recipients[i];
        edge_span_t address = delivery->envelope->recipients[index].address;
        maildir_file_t *file = &run->files[i];
        file->fd = -1;
        file->fixed = maildir_path_fixed(conf->template);
        file->create = conf->create;
        file->name = maildir_path_name(delivery->envelope, index, run->pool);
        file->temporary = temporary_name(run->pool, file->name);
        file->directory = maildir_path_of(conf->template, address, run->pool);
        run->heads[i] = maildir_path_head(delivery->envelope, address, run->pool);
        if (file->directory == NULL) {
            set_result(run, i, maildir_deliver_result(EINVAL));
        }
    }
}

static void begin(edge_chore_t *chore, edge_worker_t *worker) {
    run_t *run = EDGE_CONTAINER(chore, run_t, chore);
    (void)worker;
    run->leader = next_open(run, 0);
    if (run->delivery == NULL) {
        free_run(run);
    } else if (run->leader == run->count) {
        finish(run);
    } else {
        begin_step(run, STEP_OPEN);
    }
}

void maildir_deliver(edge_delivery_t *delivery) {
    apr_pool_t *pool = edge_worker_take_pool(delivery->worker);
    run_t *run = apr_pcalloc(pool, sizeof *run);
    run->pool = pool;
    run->worker = delivery->worker;
    run->delivery = delivery;
    run->count = delivery->count;
    run->files = apr_pcalloc(pool, sizeof *run->files * run->count);
    run->heads = apr_pcalloc(pool, sizeof *run->heads * run->count);
    run->settled = apr_pcalloc(pool, sizeof *run->settled * run->count);
    run->block = apr_palloc(pool, BLOCK_SIZE);
    delivery->hop = run;
    delivery->source->ready = ready;
    delivery->source->owner = run;
    prepare_files(run, delivery->relay->settings);
    run->chore.run = begin;
    edge_worker_post(run->worker, &run->chore);
}

void maildir_deliver_cancel(edge_delivery_t *delivery) {
    run_t *run = delivery->hop;
    run->delivery = NULL;
    delivery->hop = NULL;
    if (!run->in_thread && !run->chore.queued) {
        begin_step(run, STEP_DROP);
    }
}

apr_status_t maildir_deliver_start(void) {
    pthread_mutex_lock(&threads.lock);
    apr_status_t status = edge_task_pool_start(&threads.pool, "maildir", THREADS, TASKS_MOST);
    pthread_mutex_unlock(&threads.lock);
    return status;
}

void maildir_deliver_stop(void) {
    pthread_mutex_lock(&threads.lock);
    if (threads.pool != NULL) {
        edge_task_pool_stop(threads.pool);
    }
    threads.pool = NULL;
    pthread_mutex_unlock(&threads.lock);
}
