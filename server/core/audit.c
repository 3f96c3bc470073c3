/* Appends to the audit trail. */
#include "core/audit.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "edge_clock.h"
#include "edge_counter.h"
#include "edge_event.h"
#include "edge_log.h"

EDGE_LOG_AREA(edge_audit_log, "audit")

/* Held while a line is written and synced: reopening never takes the file away under it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int descriptor = -1;
static char *path;

/* A line that a crash cut short is ended, so that the next one is whole. */
static void end_cut_line(int fd) {
    char last = '\n';
    off_t size = lseek(fd, 0, SEEK_END);
    if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n' && write(fd, "\n", 1) < 0)
        EDGE_LOG_STATUS(&edge_audit_log, EDGE_LOG_WARN, 960, errno, "the cut last line of %s cannot be ended", path);
}

static int open_file(void) {
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd >= 0)
        end_cut_line(fd);
    return fd;
}

apr_status_t edge_audit_open(const char *file) {
    apr_status_t status = APR_SUCCESS;
    pthread_mutex_lock(&lock);
    if (file) {
        path = strdup(file);
        descriptor = open_file();
        status = descriptor < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

apr_status_t edge_audit_reopen(void) {
    apr_status_t status = APR_SUCCESS;
    pthread_mutex_lock(&lock);
    int fresh = path ? open_file() : -1;
    if (path && fresh < 0)
        status = APR_FROM_OS_ERROR(errno);
    if (fresh >= 0) {
        if (descriptor >= 0)
            close(descriptor);
        descriptor = fresh;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

void edge_audit_close(void) {
    pthread_mutex_lock(&lock);
    if (descriptor >= 0)
        close(descriptor);
    free(path);
    descriptor = -1;
    path = NULL;
    pthread_mutex_unlock(&lock);
}

const char *edge_audit_path(apr_pool_t *pool) {
    pthread_mutex_lock(&lock);
    const char *copy = path ? apr_pstrdup(pool, path) : NULL;
    pthread_mutex_unlock(&lock);
    return copy;
}

static void put(edge_json_t *json, const char *key, const char *text) {
    edge_json_put_text(json, key, edge_span_of(text), 1000);
}

static size_t make_line(const edge_audit_entry_t *entry, char line[EDGE_AUDIT_LINE_MOST]) {
    char time[EDGE_CLOCK_RFC3339_SIZE];
    edge_json_t json;
    edge_clock_rfc3339(edge_clock_read().wall, time);
    memcpy(time + 23, "Z", 2); /* milliseconds are enough */
    edge_json_start_fixed(&json, line, EDGE_AUDIT_LINE_MOST - 1);
    edge_json_object(&json);
    edge_json_put_string(&json, "time", time);
    put(&json, "who", entry->who);
    put(&json, "role", entry->role);
    put(&json, "from", entry->from);
    put(&json, "action", entry->action);
    put(&json, "target", entry->target);
    put(&json, "before", entry->before);
    put(&json, "after", entry->after);
    put(&json, "reason", entry->reason);
    put(&json, "request_id", entry->request_id);
    put(&json, "result", entry->result);
    edge_json_object_end(&json);
    line[json.len] = '\n';
    return json.overflow ? 0 : json.len + 1;
}

/* One write a line: another generation may append at the same time. */
static apr_status_t append(const char *line, size_t len) {
    ssize_t written;
    do
        written = write(descriptor, line, len);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return APR_FROM_OS_ERROR(errno);
    if ((size_t)written < len)
        return APR_FROM_OS_ERROR(ENOSPC);
    return fdatasync(descriptor) < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
}

void edge_audit_write(const edge_audit_entry_t *entry) {
    char line[EDGE_AUDIT_LINE_MOST];
    size_t len = make_line(entry, line);
    apr_status_t status = APR_SUCCESS;
    if (len)
        edge_event("audit", edge_span(line, len - 1));
    pthread_mutex_lock(&lock);
    if (descriptor >= 0)
        status = len ? append(line, len) : APR_FROM_OS_ERROR(EMSGSIZE);
    pthread_mutex_unlock(&lock);
    if (status == APR_SUCCESS)
        return;
    edge_counter_add(EDGE_C_LOST_AUDIT_LOG, 1);
    EDGE_LOG_STATUS(&edge_audit_log, EDGE_LOG_ERROR, 961, status, "the audit trail cannot be written: %.*s",
                    (int)(len ? len - 1 : 0), line);
}
