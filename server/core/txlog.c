/* Writes the transaction log: JSON lines, collected per worker and turn. */
#include "core/txlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "edge_counter.h"
#include "edge_obj.h"

#define FILES_MOST 8
#define COLLECT 65536 /* a worker's lines of one turn; beyond it they leave at once */

typedef struct log_file {
    char *path;
    _Atomic int descriptor;
} log_file_t;

typedef struct collected {
    edge_chore_t chore;
    edge_json_t json;
    size_t used;
    char text[COLLECT];
} collected_t;

static log_file_t files[FILES_MOST];
static unsigned file_count;
static unsigned seat;
static bool seat_taken;

static int file_open(const char *path) { return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640); }

apr_status_t edge_txlog_open(const char *const *paths, unsigned count, const char **failed) {
    EDGE_ASSERT(count <= FILES_MOST && file_count == 0);
    if (!seat_taken) {
        seat = edge_worker_new_seat();
        seat_taken = true;
    }
    for (unsigned i = 0; i < count; i++) {
        int descriptor = file_open(paths[i]);
        if (descriptor < 0) {
            *failed = paths[i];
            return errno;
        }
        files[i].path = strdup(paths[i]);
        atomic_store(&files[i].descriptor, descriptor);
        file_count = i + 1;
    }
    return APR_SUCCESS;
}

/* dup3 puts the new file behind the old number, so that no worker ever writes to a closed one. */
apr_status_t edge_txlog_reopen(void) {
    apr_status_t status = APR_SUCCESS;
    for (unsigned i = 0; i < file_count; i++) {
        int fresh = file_open(files[i].path);
        if (fresh < 0) {
            status = errno;
            continue;
        }
        dup3(fresh, atomic_load(&files[i].descriptor), O_CLOEXEC);
        close(fresh);
    }
    return status;
}

void edge_txlog_close(void) {
    for (unsigned i = 0; i < file_count; i++) {
        close(atomic_load(&files[i].descriptor));
        free(files[i].path);
    }
    file_count = 0;
}

bool edge_txlog_is_open(void) { return file_count > 0; }

/* Also one whose beginning was written: it is of no use to anybody. */
static int64_t lines_in(const char *text, size_t len) {
    int64_t lines = 0;
    for (const char *end = text + len, *lf; (lf = memchr(text, '\n', (size_t)(end - text))); text = lf + 1)
        lines++;
    return lines;
}

static void write_whole(int descriptor, const char *text, size_t len) {
    while (len > 0) {
        ssize_t written = write(descriptor, text, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            edge_counter_add(EDGE_C_LOST_TRANSACTION_LOG, lines_in(text, len));
            return;
        }
        text += written;
        len -= (size_t)written;
    }
}

static void collected_write(collected_t *collected) {
    for (unsigned i = 0; i < file_count; i++)
        write_whole(atomic_load_explicit(&files[i].descriptor, memory_order_relaxed), collected->text, collected->used);
    collected->used = 0;
}

static void collected_run(edge_chore_t *chore, edge_worker_t *worker) {
    (void)worker;
    collected_write(EDGE_CONTAINER(chore, collected_t, chore));
}

void edge_txlog_worker_start(edge_worker_t *worker) {
    if (file_count == 0)
        return;
    collected_t *collected = calloc(1, sizeof(*collected));
    EDGE_ASSERT(collected != NULL);
    collected->chore.run = collected_run;
    edge_worker_set_seat(worker, seat, collected);
}

void edge_txlog_worker_stop(edge_worker_t *worker) {
    if (!seat_taken)
        return;
    collected_t *collected = edge_worker_seat(worker, seat);
    if (collected)
        collected_write(collected);
    free(collected);
    edge_worker_set_seat(worker, seat, NULL);
}

edge_json_t *edge_txlog_begin(edge_worker_t *worker, const char *type, apr_time_t when) {
    collected_t *collected = seat_taken ? edge_worker_seat(worker, seat) : NULL;
    if (!collected)
        return NULL;
    if (COLLECT - collected->used < EDGE_TXLOG_LINE_MOST)
        collected_write(collected);

    char time[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(when, time);
    edge_json_t *json = &collected->json;
    edge_json_start_fixed(json, collected->text + collected->used, EDGE_TXLOG_LINE_MOST - 1);
    edge_json_object(json);
    edge_json_put_number(json, "v", 1);
    edge_json_put_string(json, "time", time);
    edge_json_put_string(json, "type", type);
    edge_json_put_number(json, "pid", getpid());
    return json;
}

void edge_txlog_end(edge_worker_t *worker) {
    collected_t *collected = edge_worker_seat(worker, seat);
    edge_json_object_end(&collected->json);
    if (collected->json.overflow) {
        edge_counter_add(EDGE_C_LOST_TRANSACTION_LOG, 1);
        return;
    }
    collected->used += collected->json.len;
    collected->text[collected->used++] = '\n';
    edge_worker_post(worker, &collected->chore);
}
