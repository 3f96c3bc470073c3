/*
 * kill -9 of a process that stores messages by 32 producers, holds and removes some, at random instants, again and again; after
 * each kill another process opens the spool and holds it against what was acknowledged: every such message there, once and
 * whole, none that was removed, each hold kept.
 *
 * spool_crash_test [ROUNDS [SEED]]     prints the counts; exit code 1 when anything was lost
 */
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_spool.h"

#include "event/worker.h"

#include <apr_general.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRODUCERS 32
#define MOST 400000
#define SEGMENT (1u << 20)

/* What the clients know, in memory that outlives the killed: written by the storing process behind each answer. */
enum { SUBMITTED = 1, ACKNOWLEDGED = 2, REMOVING = 4, REMOVED = 8, HOLDING = 16, HELD = 32 };
typedef struct message {
    edge_uuid_t id;
    uint32_t size;
    _Atomic uint32_t state;
} message_t;
static struct shared {
    _Atomic uint32_t count;
    message_t messages[MOST];
} * shared;

static char directory[128];
static const edge_queue_provider_t provider = {.name = "spool", EDGE_SPOOL_QUEUE_FUNCTIONS};
static edge_queue_t queue;

typedef struct producer {
    edge_letter_t letter;
    edge_submission_t submission;
    edge_body_t *body;
    message_t *message;
    uint32_t number, sent;
    unsigned random;
} producer_t;
static producer_t producers[PRODUCERS];

static char octet_at(uint32_t number, size_t at) { return (char)(' ' + (number * 13 + at + at / 1000) % 90); }

static uint32_t size_of(unsigned *random) {
    unsigned kind = (unsigned)rand_r(random) % 100;
    unsigned value = (unsigned)rand_r(random);
    return kind < 80 ? value % 6000 : kind < 97 ? value % 60000 : 300000 + value % 900000;
}

static void begin(producer_t *producer);

static void done(edge_submission_t *submission) {
    producer_t *producer = EDGE_CONTAINER(submission, producer_t, submission);
    if (submission->outcome == EDGE_OUTCOME_STORED) {
        atomic_fetch_or(&producer->message->state, ACKNOWLEDGED);
    }
    edge_worker_give_pool(submission->worker, submission->pool);
    begin(producer);
}

static void submit(producer_t *producer) {
    edge_worker_t *worker = edge_worker_self();
    apr_pool_t *pool = edge_worker_take_pool(worker);
    edge_envelope_t *envelope = apr_pcalloc(pool, sizeof *envelope);
    envelope->id = producer->message->id;
    envelope->received = apr_time_now();
    envelope->sender = edge_span_of("crash@client.example");
    edge_envelope_add(envelope, pool, edge_span_of("a@server.example"));
    envelope->size = producer->message->size;
    producer->submission =
        (edge_submission_t){.worker = worker, .pool = pool, .envelope = envelope, .body = producer->body, .done = done};
    atomic_fetch_or(&producer->message->state, SUBMITTED);
    queue.provider->submit(&queue, &producer->submission);
}

static void write_on(void *owner) {
    producer_t *producer = owner;
    char piece[8192];
    while (producer->sent < producer->message->size) {
        uint32_t len = producer->message->size - producer->sent;
        len = len < sizeof piece ? len : (uint32_t)sizeof piece;
        for (uint32_t i = 0; i < len; i++) {
            piece[i] = octet_at(producer->number, producer->sent + i);
        }
        producer->sent += len;
        if (edge_body_write(producer->body, edge_span(piece, len)) == EDGE_BODY_WAIT) {
            return;
        }
    }
    submit(producer);
}

static void begin(producer_t *producer) {
    producer->number = atomic_fetch_add(&shared->count, 1);
    if (producer->number >= MOST) {
        return;
    }
    producer->message = &shared->messages[producer->number];
    producer->message->id = edge_uuid_make(apr_time_now());
    producer->message->size = size_of(&producer->random);
    producer->sent = 0;
    producer->body = queue.provider->body_open(&queue, edge_worker_self(), write_on, producer);
    write_on(producer);
}

static void begin_letter(edge_letter_t *letter, edge_worker_t *worker) {
    (void)worker;
    begin(EDGE_CONTAINER(letter, producer_t, letter));
}

static void open_spool(bool tool) {
    edge_spool_options_t options = {.directory = directory,
                                    .name = "crash",
                                    .segment_size = SEGMENT,
                                    .counters = EDGE_SPOOL_UNCOUNTED,
                                    .tool = tool};
    const char *why = "";
    edge_spool_t *spool = NULL;
    apr_status_t status = edge_spool_open(&spool, &options, &why);
    if (status != APR_SUCCESS) {
        fprintf(stderr, "spool does not open: %s (%d)\n", why, status);
        _exit(3);
    }
    queue = (edge_queue_t){.provider = &provider, .name = "crash", .directory = directory, .state = spool};
}

/* Removes and holds what was acknowledged, until killed. */
static _Noreturn void change_some(unsigned random) {
    for (;;) {
        uint32_t count = atomic_load(&shared->count);
        message_t *message = &shared->messages[(uint32_t)rand_r(&random) % (count < MOST ? count + 1 : MOST)];
        uint32_t state = atomic_load(&message->state);
        if (!(state & ACKNOWLEDGED) || (state & (REMOVING | HOLDING))) {
            usleep(10);
        } else if (rand_r(&random) % 4 != 0) {
            atomic_fetch_or(&message->state, REMOVING);
            if (queue.provider->remove(&queue, message->id) == APR_SUCCESS) {
                atomic_fetch_or(&message->state, REMOVED);
            }
        } else {
            atomic_fetch_or(&message->state, HOLDING);
            if (queue.provider->hold(&queue, message->id) == APR_SUCCESS) {
                atomic_fetch_or(&message->state, HELD);
            }
        }
    }
}

static _Noreturn void store_until_killed(unsigned seed) {
    edge_workers_plan_t plan = {.count = 2};
    edge_counter_map();
    open_spool(false);
    if (edge_workers_start(&plan) != APR_SUCCESS) {
        _exit(3);
    }
    for (unsigned i = 0; i < PRODUCERS; i++) {
        producers[i].random = seed + i;
        producers[i].letter.deliver = begin_letter;
        edge_worker_send(edge_worker_at(i % 2), &producers[i].letter);
    }
    change_some(seed * 3 + 1);
}

/* The other side */

static unsigned lost, altered, returned, unheld, damaged;

static bool same_content(uint32_t number, edge_queue_reader_t *reader) {
    char block[65536];
    size_t got, at = 0;
    apr_status_t status;
    while ((status = queue.provider->reader_read(reader, block, sizeof block, &got)) == APR_SUCCESS) {
        for (size_t i = 0; i < got; i++, at++) {
            if (block[i] != octet_at(number, at)) {
                return false;
            }
        }
    }
    return status == APR_EOF && at == shared->messages[number].size;
}

static void check(uint32_t number) {
    message_t *message = &shared->messages[number];
    uint32_t state = atomic_load(&message->state);
    edge_queue_reader_t *reader;
    apr_pool_t *pool;
    if (!(state & SUBMITTED)) {
        return;
    }
    apr_pool_create_unmanaged(&pool);
    apr_status_t status = queue.provider->reader_open(&queue, message->id, pool, &reader);
    if (status == APR_NOTFOUND) {
        lost += (state & ACKNOWLEDGED) && !(state & REMOVING);
    } else if (status == APR_SUCCESS) {
        returned += (state & REMOVED) != 0;
        altered += !same_content(number, reader);
        unheld += (state & HELD) && queue.provider->reader_entry(reader)->state != EDGE_MESSAGE_HELD;
        queue.provider->reader_close(reader);
        /* Its interrupted change is one or the other from now on; so is an answer that was on its way. */
        atomic_store(&message->state, state | SUBMITTED | ACKNOWLEDGED);
        if (state & REMOVING) {
            atomic_fetch_and(&message->state, ~(uint32_t)REMOVING);
        }
    } else {
        lost++;
    }
    if (status == APR_NOTFOUND) {
        atomic_store(&message->state, state & REMOVING ? SUBMITTED | ACKNOWLEDGED | REMOVING | REMOVED : 0);
    }
    apr_pool_destroy(pool);
}

static _Noreturn void compare(bool with_threads) {
    open_spool(!with_threads);
    uint32_t count = atomic_load(&shared->count);
    for (uint32_t i = 0; i < count && i < MOST; i++) {
        check(i);
    }
    edge_queue_stat_t stat;
    queue.provider->stat(&queue, &stat);
    damaged = (unsigned)stat.damaged;
    queue.provider->close(&queue);
    if (lost + altered + returned + unheld + damaged > 0) {
        printf("lost %u, altered %u, came back %u, not held %u, damaged %u\n", lost, altered, returned, unheld,
               damaged);
        fflush(stdout);
        _exit(1);
    }
    _exit(0);
}

static int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool one_round(unsigned seed, bool with_threads) {
    pid_t pid = fork();
    if (pid == 0) {
        store_until_killed(seed);
    }
    usleep(20000 + (unsigned)rand() % 400000);
    kill(pid, SIGKILL);
    int code = wait_for(pid);
    if (code != 128 + SIGKILL) {
        printf("the storing process ended by itself: %d\n", code);
        return false;
    }
    pid = fork();
    if (pid == 0) {
        compare(with_threads);
    }
    return wait_for(pid) == 0;
}

int main(int argc, char **argv) {
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 10,
             seed = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)getpid();
    unsigned acknowledged = 0, removed = 0;
    const char *base = getenv("TMPDIR");
    bool well = true;
    apr_initialize();
    edge_log_area_level(NULL, EDGE_LOG_ERROR);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(directory, sizeof directory, "%s/edge-crash-XXXXXX", base != NULL ? base : "/tmp");
    if (shared == MAP_FAILED || mkdtemp(directory) == NULL) {
        return 2;
    }
    srand(seed);
    for (unsigned i = 0; i < rounds && well; i++) {
        well = one_round(seed + i * 100, i % 2 == 0);
    }
    for (uint32_t i = 0; i < atomic_load(&shared->count) && i < MOST; i++) {
        acknowledged += (atomic_load(&shared->messages[i].state) & ACKNOWLEDGED) != 0;
        removed += (atomic_load(&shared->messages[i].state) & REMOVED) != 0;
    }
    printf("spool_crash: %s: %u rounds, seed %u, %u messages acknowledged, %u of them removed\n",
           well ? "nothing lost" : "FAILED", rounds, seed, acknowledged, removed);
    if (well) {
        char command[256];
        snprintf(command, sizeof command, "rm -rf '%s'", directory);
        return system(command) == 0 ? 0 : 2;
    }
    printf("the spool is kept: %s\n", directory);
    return 1;
}
