/*
 * How many messages a second the spool makes durable: by size and number of producers, each of whom has one message under
 * way; against the disk's own rate of 1 MiB appends with fdatasync in the same directory and run.
 *
 * spool_bench DIRECTORY [SECONDS]     prints one line a case: messages/s, MB/s, syncs a message, CPU microseconds a message
 */
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_spool.h"

#include "event/worker.h"

#include <apr_general.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define PRODUCERS_MOST 64

typedef struct producer {
    edge_letter_t letter;
    edge_submission_t submission;
    edge_body_t *body;
    size_t sent;
} producer_t;

static const edge_queue_provider_t provider = {.name = "spool", EDGE_SPOOL_QUEUE_FUNCTIONS};
static edge_queue_t queue;
static producer_t producers[PRODUCERS_MOST];
static char content[65536];
static size_t body_size;
static _Atomic bool ending;
static _Atomic unsigned working;
static _Atomic unsigned long stored, failed;

static void begin(producer_t *producer);

static void done(edge_submission_t *submission) {
    producer_t *producer = EDGE_CONTAINER(submission, producer_t, submission);
    atomic_fetch_add(submission->outcome == EDGE_OUTCOME_STORED ? &stored : &failed, 1);
    edge_worker_give_pool(submission->worker, submission->pool);
    if (atomic_load(&ending)) {
        atomic_fetch_sub(&working, 1);
    } else {
        begin(producer);
    }
}

static void submit(producer_t *producer) {
    edge_worker_t *worker = edge_worker_self();
    apr_pool_t *pool = edge_worker_take_pool(worker);
    edge_envelope_t *envelope = apr_pcalloc(pool, sizeof *envelope);
    edge_clock_t now = edge_clock_read();
    envelope->id = edge_uuid_make(now.wall);
    envelope->received = now.wall;
    envelope->sender = edge_span_of("sender@client.example");
    edge_envelope_add(envelope, pool, edge_span_of("recipient@server.example"));
    edge_span_t prelude =
        EDGE_SPAN("Received: from client.example by server.example with ESMTP id 0; Sun, 22 Nov 2026\r\n");
    envelope->size = body_size + prelude.len;
    producer->submission = (edge_submission_t){
        .worker = worker, .pool = pool, .envelope = envelope, .prelude = prelude, .body = producer->body, .done = done};
    queue.provider->submit(&queue, &producer->submission);
}

static void write_on(void *owner) {
    producer_t *producer = owner;
    while (producer->sent < body_size) {
        size_t len = body_size - producer->sent < sizeof content ? body_size - producer->sent : sizeof content;
        producer->sent += len;
        if (edge_body_write(producer->body, edge_span(content, len)) == EDGE_BODY_WAIT) {
            return;
        }
    }
    submit(producer);
}

static void begin(producer_t *producer) {
    producer->sent = 0;
    producer->body = queue.provider->body_open(&queue, edge_worker_self(), write_on, producer);
    write_on(producer);
}

static void begin_letter(edge_letter_t *letter, edge_worker_t *worker) {
    (void)worker;
    begin(EDGE_CONTAINER(letter, producer_t, letter));
}

static double now(void) { return (double)edge_clock_read().mono / 1e6; }

static double cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run(unsigned count, size_t size, double seconds) {
    edge_queue_stat_t before, after;
    body_size = size;
    atomic_store(&ending, false);
    atomic_store(&stored, 0);
    atomic_store(&working, count);
    queue.provider->stat(&queue, &before);
    double start = now(), start_cpu = cpu();
    for (unsigned i = 0; i < count; i++) {
        producers[i].letter.deliver = begin_letter;
        edge_worker_send(edge_worker_at(i % edge_worker_count()), &producers[i].letter);
    }
    while (now() - start < seconds) {
        usleep(10000);
    }
    atomic_store(&ending, true);
    while (atomic_load(&working) > 0) {
        usleep(100);
    }
    double took = now() - start, used = cpu() - start_cpu;
    double messages = (double)atomic_load(&stored);
    queue.provider->stat(&queue, &after);
    printf("%8zu octets x %-3u %9.0f/s %8.1f MB/s %7.3f syncs/message %8.1f us CPU/message\n", size, count,
           messages / took, messages * (double)size / took / 1e6,
           messages > 0 ? (double)(after.syncs - before.syncs) / messages : 0,
           messages > 0 ? used * 1e6 / messages : 0);
    fflush(stdout);
}

/* The disk itself. */
static void appends(const char *directory, double seconds) {
    static char block[1 << 20];
    char path[4096];
    unsigned long count = 0;
    snprintf(path, sizeof path, "%s/appends", directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    double start = now();
    memset(block, 'x', sizeof block);
    while (now() - start < seconds && write(fd, block, sizeof block) == (ssize_t)sizeof block && fdatasync(fd) == 0) {
        count++;
    }
    printf("1 MiB appends with fdatasync: %.0f MB/s\n", (double)count * 1.048576 / (now() - start));
    close(fd);
    unlink(path);
}

static bool remove_one(void *context, const edge_queue_entry_t *entry) {
    (void)context;
    queue.provider->remove(&queue, entry->id);
    return true;
}

static void worker_stopping(edge_worker_t *worker, void *context) {
    (void)context;
    edge_spool_worker_stop(worker);
}

int main(int argc, char **argv) {
    static const struct {
        unsigned producers;
        size_t size;
    } cases[] = {{1, 4096}, {8, 4096}, {64, 4096}, {1, 65536}, {8, 65536}, {64, 65536}, {8, 10 << 20}};
    edge_workers_plan_t plan = {.count = 2, .stopping = worker_stopping};
    const char *why = NULL;
    edge_spool_t *spool;
    double seconds = argc > 2 ? atof(argv[2]) : 3;
    if (argc < 2) {
        fprintf(stderr, "usage: spool_bench DIRECTORY [SECONDS]\n");
        return 2;
    }
    apr_initialize();
    edge_counter_map();
    memset(content, 'm', sizeof content);
    appends(argv[1], seconds);
    edge_spool_options_t options = {.directory = argv[1], .name = "bench", .counters = EDGE_SPOOL_UNCOUNTED};
    if (edge_spool_open(&spool, &options, &why) != APR_SUCCESS || edge_workers_start(&plan) != APR_SUCCESS) {
        fprintf(stderr, "%s\n", why != NULL ? why : "no workers");
        return 1;
    }
    queue = (edge_queue_t){.provider = &provider, .name = "bench", .directory = argv[1], .state = spool};
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++) {
        if (argc < 4 || (unsigned)atoi(argv[3]) == i) {
            run(cases[i].producers, cases[i].size, seconds);
        }
    }
    if (atomic_load(&failed) > 0) {
        printf("%lu messages were not stored\n", atomic_load(&failed));
    }
    edge_queue_filter_t some = {.state = -1, .most = 1000};
    queue.provider->list(&queue, &some, remove_one, NULL);
    queue.provider->close(&queue);
    edge_workers_stop();
    return 0;
}
