/* The error log: areas, levels, and one write(2) a line. */
#include "edge_log.h"
#include "edge_clock.h"
#include "edge_counter.h"
#include "edge_utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE_MOST 16384
#define PATH_MOST 4096

/* Guards the list of areas, the default level and the path; never held while a line is written. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static edge_log_area_t *areas;
static int level_of_new = EDGE_LOG_NOTICE;
static bool level_of_new_set;
static char path_now[PATH_MOST];

static _Atomic int log_fd = STDERR_FILENO;
static _Atomic uint64_t lost;

static const char *const level_names[] = {"emerg", "error", "warn", "notice", "info", "debug", "trace"};

void edge_log_area_register(edge_log_area_t *area) {
    pthread_mutex_lock(&lock);
    edge_log_area_t **end = &areas;
    while (*end != NULL && *end != area) {
        end = &(*end)->next;
    }
    if (*end == NULL) {
        *end = area;
        if (level_of_new_set) {
            atomic_store_explicit(&area->level, level_of_new, memory_order_relaxed);
        }
    }
    pthread_mutex_unlock(&lock);
}

void edge_log_area_forget(edge_log_area_t *area) {
    pthread_mutex_lock(&lock);
    for (edge_log_area_t **at = &areas; *at != NULL; at = &(*at)->next) {
        if (*at == area) {
            *at = area->next;
            area->next = NULL;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

bool edge_log_area_level(const char *name, edge_log_level_t level) {
    bool found = name == NULL;
    pthread_mutex_lock(&lock);
    if (name == NULL) {
        level_of_new = (int)level;
        level_of_new_set = true;
    }
    for (edge_log_area_t *area = areas; area != NULL; area = area->next) {
        if (name == NULL || strcmp(area->name, name) == 0) {
            atomic_store_explicit(&area->level, (int)level, memory_order_relaxed);
            found = true;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

const edge_log_area_t *edge_log_area_at(unsigned index) {
    pthread_mutex_lock(&lock);
    const edge_log_area_t *area = areas;
    while (area != NULL && index-- > 0) {
        area = area->next;
    }
    pthread_mutex_unlock(&lock);
    return area;
}

bool edge_log_level_parse(edge_span_t text, edge_log_level_t *level) {
    for (unsigned i = 0; i < EDGE_COUNT(level_names); i++) {
        if (edge_span_equal_nocase(text, edge_span_of(level_names[i]))) {
            *level = (edge_log_level_t)i;
            return true;
        }
    }
    return false;
}

const char *edge_log_level_name(edge_log_level_t level) {
    return (unsigned)level < EDGE_COUNT(level_names) ? level_names[level] : "unknown";
}

bool edge_log_is_stderr(void) { return atomic_load(&log_fd) == STDERR_FILENO; }
int edge_log_file(void) { return atomic_load(&log_fd); }
uint64_t edge_log_lost(void) { return atomic_load_explicit(&lost, memory_order_relaxed); }

apr_status_t edge_log_descriptor(const char *path, int *descriptor) {
    *descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    return *descriptor < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
}

/* Called with the lock held. A file that is open already keeps its descriptor number: dup2 swaps what is behind it,
 * so a thread in the middle of a line never writes to a number that has become something else. */
static apr_status_t use_descriptor(int fd) {
    int old = atomic_load(&log_fd);
    if (old == STDERR_FILENO) {
        atomic_store(&log_fd, fd);
        return APR_SUCCESS;
    }
    apr_status_t status = dup3(fd, old, O_CLOEXEC) < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
    close(fd);
    return status;
}

static apr_status_t open_path(const char *path) {
    int fd;
    apr_status_t status = edge_log_descriptor(path, &fd);
    return status == APR_SUCCESS ? use_descriptor(fd) : status;
}

apr_status_t edge_log_take(int descriptor, const char *path) {
    if (strlen(path) >= sizeof path_now) {
        close(descriptor);
        return APR_ENAMETOOLONG;
    }
    pthread_mutex_lock(&lock);
    apr_status_t status = use_descriptor(descriptor);
    if (status == APR_SUCCESS) {
        memcpy(path_now, path, strlen(path) + 1);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

apr_status_t edge_log_open(const char *path) {
    apr_status_t status = APR_SUCCESS;
    if (path != NULL && strlen(path) >= sizeof path_now) {
        return APR_ENAMETOOLONG;
    }
    pthread_mutex_lock(&lock);
    if (path == NULL) {
        /* The old descriptor stays open: a thread may be in the middle of a line. It is one, once. */
        atomic_store(&log_fd, STDERR_FILENO);
        path_now[0] = '\0';
    } else {
        status = open_path(path);
        if (status == APR_SUCCESS) {
            memcpy(path_now, path, strlen(path) + 1);
        }
    }
    pthread_mutex_unlock(&lock);
    return status;
}

apr_status_t edge_log_reopen(void) {
    pthread_mutex_lock(&lock);
    apr_status_t status = path_now[0] == '\0' ? APR_SUCCESS : open_path(path_now);
    pthread_mutex_unlock(&lock);
    return status;
}

typedef struct line {
    char text[LINE_MOST];
    size_t len;
} line_t;

/* Room for the line break stays free. */
static size_t room(const line_t *line) { return sizeof line->text - 1 - line->len; }

static void add(line_t *line, const char *text, size_t len) {
    if (len <= room(line)) {
        memcpy(line->text + line->len, text, len);
        line->len += len;
    }
}

/* C1 control characters in UTF-8 (c2 80 to c2 9f) steer terminals as much as their plain cousins. */
static bool is_harmless(edge_span_t text, size_t len) {
    unsigned char first = (unsigned char)text.at[0];
    if (len == 1) {
        return first >= 0x20 && first != 0x7f && first != '\\';
    }
    return len > 1 && !(first == 0xc2 && (unsigned char)text.at[1] < 0xa0);
}

/* What is no printable text becomes \xhh, so that no peer can forge a line or steer a terminal. */
static void add_safely(line_t *line, edge_span_t text) {
    static const char digits[] = "0123456789abcdef";
    while (text.len > 0 && room(line) >= 4) {
        size_t len = edge_utf8_len(text);
        if (is_harmless(text, len)) {
            add(line, text.at, len);
        } else {
            len = 1;
            unsigned char c = (unsigned char)text.at[0];
            char escape[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
            add(line, escape, c == '\\' ? 1 : 4);
            if (c == '\\') {
                add(line, "\\", 1);
            }
        }
        text = edge_span_after(text, len);
    }
}

static void add_about(line_t *line, const char *what, const char *text) {
    if (text != NULL) {
        add(line, " [", 2);
        add(line, what, strlen(what));
        add_safely(line, edge_span_of(text));
        add(line, "]", 1);
    }
}

static void add_head(line_t *line, const edge_log_area_t *area, edge_log_level_t level, unsigned number,
                     const edge_log_about_t *about) {
    char time[EDGE_CLOCK_RFC3339_SIZE], head[256];
    edge_clock_rfc3339(edge_clock_read().wall, time);
    int len = snprintf(head, sizeof head, "[%s] [%.64s:%s] [pid %ld:tid %ld]", time, area->name,
                       edge_log_level_name(level), (long)getpid(), (long)syscall(SYS_gettid));
    add(line, head, (size_t)len);
    if (about != NULL) {
        add_about(line, "session ", about->session);
        add_about(line, "client ", about->client);
    }
    len = snprintf(head, sizeof head, " EDG%05u: ", number);
    add(line, head, (size_t)len);
}

static void write_line(const line_t *line) {
    ssize_t wrote;
    do {
        wrote = write(atomic_load(&log_fd), line->text, line->len);
    } while (wrote < 0 && errno == EINTR);
    if (wrote != (ssize_t)line->len) {
        atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
        edge_counter_add(EDGE_C_LOST_ERROR_LOG, 1);
    }
}

static void add_message(line_t *line, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static void add_message(line_t *line, const char *format, va_list arguments) {
    char message[LINE_MOST];
    int len = vsnprintf(message, sizeof message, format, arguments);
    if (len > 0) {
        size_t size = (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;
        add_safely(line, edge_span(message, size));
    }
}

void edge_log_write(edge_log_area_t *area, edge_log_level_t level, unsigned number, const edge_log_about_t *about,
                    apr_status_t status, const char *format, ...) {
    int kept_errno = errno;
    line_t line;
    va_list arguments;

    line.len = 0;
    add_head(&line, area, level, number, about);
    va_start(arguments, format);
    add_message(&line, format, arguments);
    va_end(arguments);
    if (status != APR_SUCCESS) {
        char text[256], number_text[32];
        apr_strerror(status, text, sizeof text);
        snprintf(number_text, sizeof number_text, " (%d)", status);
        add(&line, ": ", 2);
        add_safely(&line, edge_span_of(text));
        add(&line, number_text, strlen(number_text));
    }
    line.text[line.len++] = '\n';
    write_line(&line);
    errno = kept_errno;
}
