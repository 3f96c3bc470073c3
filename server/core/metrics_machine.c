/* Figures that are not counted but looked at: the process, the build, workers, queues. */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <openssl/crypto.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/build_facts.h"
#include "core/metrics.h"
#include "core/snapshot.h"
#include "edge_clock.h"
#include "edge_queue.h"

static void put_one(edge_metrics_t *metrics, const char *name, const char *type, const char *prose, double value) {
    edge_metrics_family(metrics, name, type, prose);
    edge_metrics_put(metrics, "%s %.15g\n", name, value);
}

/* Members of /proc/self/stat behind the name of the program, which may hold blanks: field 3 is the first. */
static bool read_stat(unsigned long long *members, unsigned count) {
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file)
        fclose(file);
    text[len] = '\0';
    char *at = strrchr(text, ')');
    if (!at)
        return false;
    at += 4; /* ") S " */
    for (unsigned i = 0; i < count; i++)
        members[i] = strtoull(at, &at, 10);
    return true;
}

/* Newer systems tell the number without showing each: with 10,000 of them that is what takes the time. */
static unsigned count_descriptors(void) {
    unsigned count = 0;
    struct stat folder_itself;
    if (stat("/proc/self/fd", &folder_itself) == 0 && folder_itself.st_size > 0)
        return (unsigned)folder_itself.st_size;
    DIR *folder = opendir("/proc/self/fd");
    for (const struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    if (folder)
        closedir(folder);
    return count ? count - 1 : 0; /* without the one that looks */
}

static double boot_time(void) {
    char line[256];
    double at = 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "btime ", 6) == 0)
            at = strtod(line + 6, NULL);
    if (file)
        fclose(file);
    return at;
}

/* Indices behind field 4: ppid is 0. */
enum { STAT_UTIME = 10, STAT_STIME = 11, STAT_THREADS = 16, STAT_START = 18, STAT_RSS = 20, STAT_COUNT };

static void put_process(edge_metrics_t *metrics) {
    unsigned long long stat[STAT_COUNT] = {0};
    double ticks = (double)sysconf(_SC_CLK_TCK);
    struct rlimit files;
    if (read_stat(stat, STAT_COUNT)) {
        put_one(metrics, "process_start_time_seconds", "gauge", "When this child of the server was started.",
                boot_time() + (double)stat[STAT_START] / ticks);
        put_one(metrics, "process_cpu_seconds_total", "counter", "Processor time of this child.",
                (double)(stat[STAT_UTIME] + stat[STAT_STIME]) / ticks);
        put_one(metrics, "process_resident_memory_bytes", "gauge", "Memory of this child that is in use.",
                (double)stat[STAT_RSS] * (double)sysconf(_SC_PAGESIZE));
        put_one(metrics, "process_threads", "gauge", "Threads of this child.", (double)stat[STAT_THREADS]);
    }
    put_one(metrics, "process_open_fds", "gauge", "Descriptors that are open.", count_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        put_one(metrics, "process_max_fds", "gauge", "Descriptors that may be open.", (double)files.rlim_cur);
}

/* APR's pools, the workers' slabs and the libraries all draw from the C library's heap, which alone knows how much there is. */
static void put_heap(edge_metrics_t *metrics) {
    struct mallinfo2 heap = mallinfo2();
    const struct {
        const char *pool;
        size_t octets;
    } rows[] = {{"used", heap.uordblks}, {"mapped", heap.hblkhd}, {"free", heap.fordblks}};
    edge_metrics_family(metrics, "edge_memory_pool_bytes", "gauge",
                        "Memory of this child's heap: in use, in use as mappings of its own, and kept for later.");
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++)
        edge_metrics_put(metrics, "edge_memory_pool_bytes{pool=\"%s\"} %zu\n", rows[i].pool, rows[i].octets);
}

/* Queues */

typedef struct queue_row {
    const char *name, *type, *prose;
    double (*of)(const edge_queue_stat_t *stat);
} queue_row_t;

static double queue_bytes(const edge_queue_stat_t *stat) { return (double)stat->bytes; }
static double queue_disk(const edge_queue_stat_t *stat) { return (double)stat->disk_bytes; }
static double queue_free(const edge_queue_stat_t *stat) { return (double)stat->disk_free; }
static double queue_inodes(const edge_queue_stat_t *stat) { return (double)stat->inodes_free; }
static double queue_oldest(const edge_queue_stat_t *stat) { return (double)stat->oldest / 1e6; }
static double queue_accepting(const edge_queue_stat_t *stat) { return stat->accepting; }

static const queue_row_t queue_rows[] = {
    {"edge_queue_bytes", "gauge", "Octets of the messages in the queue.", queue_bytes},
    {"edge_queue_disk_bytes", "gauge", "Octets the queue takes on disk.", queue_disk},
    {"edge_spool_free_bytes", "gauge", "Octets that are free on the queue's file system.", queue_free},
    {"edge_spool_free_inodes", "gauge",
     "Inodes that are free on the queue's file system; absent where it has no bound.", queue_inodes},
    {"edge_queue_accepting", "gauge", "1 when the queue takes messages.", queue_accepting},
    {"edge_queue_oldest_message_timestamp_seconds", "gauge",
     "When the oldest message was received; absent when there is none.", queue_oldest},
};

typedef struct stated {
    const char *label;
    edge_queue_stat_t stat;
} stated_t;

static void put_states(edge_metrics_t *metrics, const stated_t *queues, unsigned count) {
    edge_metrics_family(metrics, "edge_queue_messages", "gauge", "Messages in the queue by state.");
    for (unsigned i = 0; i < count; i++) {
        const edge_queue_stat_t *stat = &queues[i].stat;
        uint64_t others = stat->held + stat->deferred + stat->leased + stat->damaged;
        const struct {
            const char *state;
            uint64_t count;
        } states[] = {{"incoming", stat->messages > others ? stat->messages - others : 0},
                      {"inflight", stat->leased},
                      {"deferred", stat->deferred},
                      {"held", stat->held},
                      {"damaged", stat->damaged}};
        for (unsigned s = 0; s < EDGE_COUNT(states); s++)
            edge_metrics_put(metrics, "edge_queue_messages{queue=\"%s\",state=\"%s\"} %llu\n", queues[i].label,
                             states[s].state, (unsigned long long)states[s].count);
    }
}

/* What has no value now is left out. */
static bool is_there(const queue_row_t *row, const edge_queue_stat_t *stat) {
    return (row->of != queue_oldest || stat->oldest) && (row->of != queue_inodes || stat->inodes_free);
}

static void put_queues(edge_metrics_t *metrics, const stated_t *queues, unsigned count) {
    put_states(metrics, queues, count);
    for (unsigned row = 0; row < EDGE_COUNT(queue_rows); row++) {
        edge_metrics_family(metrics, queue_rows[row].name, queue_rows[row].type, queue_rows[row].prose);
        for (unsigned i = 0; i < count; i++)
            if (is_there(&queue_rows[row], &queues[i].stat))
                edge_metrics_put(metrics, "%s{queue=\"%s\"} %.15g\n", queue_rows[row].name, queues[i].label,
                                 queue_rows[row].of(&queues[i].stat));
    }
}

static void look_at_queues(edge_metrics_t *metrics) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    stated_t queues[64];
    unsigned count = 0;
    edge_queue_t *queue;
    for (unsigned i = 0; count < EDGE_COUNT(queues) && (queue = edge_snapshot_queue(snapshot, i)) != NULL; i++) {
        queues[count].label = edge_metrics_label(queue->name, metrics->pool);
        count += queue->provider->stat && queue->provider->stat(queue, &queues[count].stat) == APR_SUCCESS;
    }
    if (count)
        put_queues(metrics, queues, count);
    edge_snapshot_drop(snapshot);
}

void edge_metrics_put_machine(edge_metrics_t *metrics) {
    edge_metrics_family(metrics, "edge_build_info", "gauge", "The version that runs.");
    edge_metrics_put(metrics, "edge_build_info{version=\"%s\",revision=\"%s\",tls_library=\"%s\"} 1\n", EDGE_VERSION,
                     edge_build_revision(), OpenSSL_version(OPENSSL_VERSION));
    put_process(metrics);
    put_heap(metrics);
    look_at_queues(metrics);
}
