/*
 * The durable spool as a queue: directives, counters, and a provider over edge_spool.h.
 *
 *     <Queue main>
 *         Spool        spool/main
 *         SpoolMax     50G
 *         SpoolMinFree 2G
 *     </Queue>
 */
#include "edge_module.h"
#include "edge_spool.h"

typedef struct spool_conf {
    edge_span_t directory;
    uint64_t max_bytes, min_free, body_memory;
} spool_conf_t;

extern edge_module_t queue_spool_module;

static void make_histograms(edge_spool_options_t *options) {
    static const edge_histogram_row_t row = {"spool_operation_duration_seconds", EDGE_BOUNDS_OPERATION,
                                             "How long the spool took to write a batch to its log, to sync that or the "
                                             "file of a large message, and to make, rename and "
                                             "remove such files."};
    static const char *const labels[] = {[EDGE_SPOOL_WRITE] = "op=\"write\"",
                                         [EDGE_SPOOL_FSYNC] = "op=\"fsync\"",
                                         [EDGE_SPOOL_CREATE] = "op=\"create\"",
                                         [EDGE_SPOOL_RENAME] = "op=\"rename\"",
                                         [EDGE_SPOOL_UNLINK] = "op=\"unlink\""};
    for (unsigned i = 0; i < EDGE_SPOOL_OPERATIONS; i++)
        edge_histogram_make(&options->took[i], "queue_spool", &row, labels[i]);
}

static apr_status_t open_spool(edge_queue_t *queue, const edge_section_t *section, apr_pool_t *pool, const char **why) {
    const spool_conf_t *conf = edge_section_conf(section, &queue_spool_module);
    edge_spool_options_t options = {.directory = queue->directory,
                                    .name = queue->name,
                                    .max_bytes = conf->max_bytes,
                                    .min_free = conf->min_free,
                                    .body_memory = conf->body_memory,
                                    .counters = queue_spool_module.first_counter};
    edge_spool_t *spool = NULL;
    (void)pool;
    make_histograms(&options);
    apr_status_t status = edge_spool_open(&spool, &options, why);
    queue->state = spool;
    return status;
}

static void worker_stop(edge_worker_t *worker) { edge_spool_worker_stop(worker); }

static const edge_queue_provider_t provider = {
    .name = "spool",
    .prose = "Durable before the answer: a segment log on this machine's disk with group commit.",
    .carries = EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8,
    .open = open_spool,
    EDGE_SPOOL_QUEUE_FUNCTIONS,
};

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_QUEUE, sizeof(spool_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "Spool",
     .scopes = EDGE_IN(QUEUE),
     .type = EDGE_CONF_PATH,
     .slot = offsetof(spool_conf_t, directory),
     .when = EDGE_WHEN_RELOAD,
     .usage = "DIRECTORY",
     .prose = "Makes the queue a durable spool in this directory, which belongs to edged alone and is made when it is "
              "not there."},
    {.name = "SpoolMax",
     .scopes = EDGE_IN(QUEUE),
     .type = EDGE_CONF_SIZE,
     .slot = offsetof(spool_conf_t, max_bytes),
     .initial = "none",
     .when = EDGE_WHEN_RELOAD,
     .usage = "SIZE | none",
     .prose = "What the spool may take on the disk; a message that would go beyond is answered 452 4.3.1."},
    {.name = "SpoolMinFree",
     .scopes = EDGE_IN(QUEUE),
     .type = EDGE_CONF_SIZE,
     .slot = offsetof(spool_conf_t, min_free),
     .initial = "256M",
     .when = EDGE_WHEN_RELOAD,
     .usage = "SIZE | none",
     .prose = "What the spool leaves free on its file system; a message that would go below is answered 452 4.3.1."},
    {.name = "BodyMemory",
     .scopes = EDGE_IN(QUEUE),
     .type = EDGE_CONF_SIZE,
     .slot = offsetof(spool_conf_t, body_memory),
     .initial = "64M",
     .min = 65536,
     .when = EDGE_WHEN_RELOAD,
     .usage = "SIZE",
     .prose = "How much memory the bodies of messages that are arriving may take before they go to files; larger "
              "bodies do so in "
              "any case."},
    {.name = NULL},
};

static const edge_counter_row_t counters[] = {
    [EDGE_SPOOL_COMMITS] = {"spool_commits_total", EDGE_COUNTER_TOTAL, "Records made durable in the log of the spool."},
    [EDGE_SPOOL_SYNCS] = {"spool_syncs_total", EDGE_COUNTER_TOTAL, "Times the log of the spool was synced."},
    [EDGE_SPOOL_BATCHES] = {"spool_batches_total", EDGE_COUNTER_TOTAL, "Batches written to the log of the spool."},
    [EDGE_SPOOL_BYTES] = {"spool_bytes_total", EDGE_COUNTER_TOTAL, "Octets written to the log of the spool."},
    [EDGE_SPOOL_NO_ROOMS] = {"spool_no_room_total", EDGE_COUNTER_TOTAL,
                             "Messages not stored because there was no room."},
    [EDGE_SPOOL_FAILURES] = {"spool_failures_total", EDGE_COUNTER_TOTAL,
                             "Messages not stored because the disk failed."},
    [EDGE_SPOOL_DAMAGES] = {"spool_damaged_total", EDGE_COUNTER_TOTAL, "Records of the spool found damaged."},
    [EDGE_SPOOL_WRITES_FAILED] = {"spool_errors_total{op=\"write\"}", EDGE_COUNTER_TOTAL,
                                  "Operations on the files of the spool that failed."},
    [EDGE_SPOOL_SYNCS_FAILED] = {"spool_errors_total{op=\"fsync\"}", EDGE_COUNTER_TOTAL,
                                 "Operations on the files of the spool that failed."},
    [EDGE_SPOOL_CREATIONS_FAILED] = {"spool_errors_total{op=\"create\"}", EDGE_COUNTER_TOTAL,
                                     "Operations on the files of the spool that failed."},
    [EDGE_SPOOL_ENQUEUED] = {"queue_operations_total{op=\"enqueue\"}", EDGE_COUNTER_TOTAL,
                             "Messages that were put into a queue, taken out of it or changed in it, by how."},
    [EDGE_SPOOL_HANDED_ON] = {"queue_operations_total{op=\"handoff\"}", EDGE_COUNTER_TOTAL,
                              "Messages that were put into a queue, taken out of it or changed in it, by how."},
    [EDGE_SPOOL_GIVEN_UP] = {"queue_operations_total{op=\"fail\"}", EDGE_COUNTER_TOTAL,
                             "Messages that were put into a queue, taken out of it or changed in it, by how."},
    [EDGE_SPOOL_DEFERRED] = {"queue_operations_total{op=\"defer\"}", EDGE_COUNTER_TOTAL,
                             "Messages that were put into a queue, taken out of it or changed in it, by how."},
    [EDGE_SPOOL_REQUEUED] = {"queue_operations_total{op=\"requeue\"}", EDGE_COUNTER_TOTAL,
                             "Messages that were put into a queue, taken out of it or changed in it, by how."},
    [EDGE_SPOOL_HELD] = {"queue_operations_total{op=\"hold\"}", EDGE_COUNTER_TOTAL,
                         "Messages that were put into a queue, taken out of it or changed in it, by how."},
    [EDGE_SPOOL_RELEASED] = {"queue_operations_total{op=\"release\"}", EDGE_COUNTER_TOTAL,
                             "Messages that were put into a queue, taken out of it or changed in it, by how."},
    [EDGE_SPOOL_DELETED] = {"queue_operations_total{op=\"delete\"}", EDGE_COUNTER_TOTAL,
                            "Messages that were put into a queue, taken out of it or changed in it, by how."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

static const edge_provider_row_t providers[] = {
    {"queue", "spool", &provider, "A durable spool on this machine's disk."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(queue_spool) = {
    .summary = "keeps messages in a durable spool until they are handed on",
    .structs = structs,
    .directives = directives,
    .counters = counters,
    .providers = providers,
    .worker_stop = worker_stop,
};
