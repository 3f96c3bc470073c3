/*
 * The error log: what the operator must know, one line each.
 *
 * Concept:  [time] [area:level] [pid N:tid M] [session ID] [client IP:PORT] EDG00123: text
 *           Every call carries a message number that is written once in the
 *           source and never reused, so a line can be searched for and
 *           documented. An area is a module or a part of the core; each has its
 *           own level.
 * Owner:    the process has one log; areas are static objects of their module.
 * Threads:  any; a line is one write(2). Levels are relaxed atomics.
 * Lifetime: edge_log_open before use (until then lines go to standard error);
 *           edge_log_reopen after rotation, callable from any thread.
 * Errors:   a log that cannot be written loses the line and counts it; mail goes on.
 */
#ifndef EDGE_LOG_H
#define EDGE_LOG_H

#include "edge_base.h"

typedef enum edge_log_level {
    EDGE_LOG_EMERG,
    EDGE_LOG_ERROR,
    EDGE_LOG_WARN,
    EDGE_LOG_NOTICE,
    EDGE_LOG_INFO,
    EDGE_LOG_DEBUG,
    EDGE_LOG_TRACE
} edge_log_level_t;

typedef struct edge_log_area {
    const char *name;  /* "core", "smtp_edge", "spool" ... as LogLevel names it */
    _Atomic int level; /* edge_log_level_t; set by edge_log_area_level */
    struct edge_log_area *next;
} edge_log_area_t;

/* At file level of the one file that owns the area; other files declare it extern. */
#define EDGE_LOG_AREA(variable, text)                                                                         \
    edge_log_area_t variable = {text, EDGE_LOG_NOTICE, NULL};                                                 \
    __attribute__((constructor)) static void variable##_register(void) { edge_log_area_register(&variable); } \
    __attribute__((destructor)) static void variable##_forget(void) { edge_log_area_forget(&variable); }

/* Whose trouble a line is about; NULL members are left out. */
typedef struct edge_log_about {
    const char *session; /* session id */
    const char *client;  /* "192.0.2.7:51512" */
} edge_log_about_t;

/* Called by EDGE_LOG_AREA when the program or module is loaded and unloaded. */
EDGE_API void edge_log_area_register(edge_log_area_t *area);
EDGE_API void edge_log_area_forget(edge_log_area_t *area);
/* `area` NULL sets the level of all areas, present and later; false: no such area. */
EDGE_API bool edge_log_area_level(const char *area, edge_log_level_t level);
/* NULL when there is no area of that index. */
EDGE_API const edge_log_area_t *edge_log_area_at(unsigned index);
/* "notice", "warn" ...; false when unknown. */
EDGE_API bool edge_log_level_parse(edge_span_t text, edge_log_level_t *level);
EDGE_API const char *edge_log_level_name(edge_log_level_t level);

/* `path` NULL: standard error. The old file stays in use when the new cannot be opened. */
EDGE_API apr_status_t edge_log_open(const char *path);
EDGE_API apr_status_t edge_log_reopen(void);
/* The log is from now on `descriptor`, which was opened for `path`; it is taken over. */
EDGE_API apr_status_t edge_log_take(int descriptor, const char *path);
/* Opens a file as a log is opened, without using it. */
EDGE_API apr_status_t edge_log_descriptor(const char *path, int *descriptor);
/* The descriptor that lines are written to; it stays the log's. */
EDGE_API int edge_log_file(void);
/* Whether lines go to standard error. */
EDGE_API bool edge_log_is_stderr(void);
EDGE_API uint64_t edge_log_lost(void);

EDGE_API void edge_log_write(edge_log_area_t *area, edge_log_level_t level, unsigned number,
                             const edge_log_about_t *about, apr_status_t status, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

#define EDGE_LOG(area, severity, number, ...) EDGE_LOG_ABOUT(area, severity, number, NULL, APR_SUCCESS, __VA_ARGS__)
#define EDGE_LOG_STATUS(area, severity, number, status, ...) \
    EDGE_LOG_ABOUT(area, severity, number, NULL, status, __VA_ARGS__)
/* The level is tested before the arguments are evaluated. A status other than APR_SUCCESS adds its text. */
#define EDGE_LOG_ABOUT(area, severity, number, about, status, ...)                         \
    do {                                                                                   \
        if ((int)(severity) <= atomic_load_explicit(&(area)->level, memory_order_relaxed)) \
            edge_log_write((area), (severity), (number), (about), (status), __VA_ARGS__);  \
    } while (0)

#include <stdatomic.h>

#endif
