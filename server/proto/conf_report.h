/*
 * Diagnostics of a configuration: all of them, each with its place.
 *
 * Concept:  whoever reads a configuration adds what it finds; nothing is printed
 *           until the whole has been looked at.
 * Owner:    the report's pool.
 * Threads:  one.
 * Lifetime: of its pool; texts of files are kept for the context lines.
 * Errors:   more than EDGE_CONF_DIAGNOSTICS_MOST errors are counted, not kept.
 */
#ifndef EDGE_PROTO_CONF_REPORT_H
#define EDGE_PROTO_CONF_REPORT_H

#include <stdarg.h>

#include "edge_base.h"

#define EDGE_CONF_DIAGNOSTICS_MOST 50

typedef struct edge_conf_file {
    const char *path;
    edge_span_t text;
    const struct edge_conf_file *included_by; /* NULL: the main file */
    unsigned included_line;
    struct edge_conf_file *next;
} edge_conf_file_t;

typedef struct edge_conf_place {
    const edge_conf_file_t *file; /* NULL: no file (command line) */
    unsigned line, column;        /* 1-based; column 0 = the line as a whole */
    unsigned width;               /* of what is meant, for the underline; 0 = one */
} edge_conf_place_t;

typedef struct edge_conf_diagnostic {
    bool error; /* else a warning */
    edge_conf_place_t place;
    const char *code; /* "EDG10021" */
    const char *text;
    const char *advice; /* shown behind the underline, or on a line of its own; NULL */
    struct edge_conf_diagnostic *next;
} edge_conf_diagnostic_t;

typedef struct edge_conf_report {
    apr_pool_t *pool;
    edge_conf_diagnostic_t *first, **last;
    unsigned errors, warnings, files;
} edge_conf_report_t;

void edge_conf_report_start(edge_conf_report_t *report, apr_pool_t *pool);
void edge_conf_report_add(edge_conf_report_t *report, bool error, edge_conf_place_t place, const char *code,
                          const char *advice, const char *format, ...) __attribute__((format(printf, 6, 7)));
void edge_conf_report_addv(edge_conf_report_t *report, bool error, edge_conf_place_t place, const char *code,
                           const char *advice, const char *format, va_list arguments);
/* Brings them into the order of the files read (`files`) and of their lines. */
void edge_conf_report_sort(edge_conf_report_t *report, const edge_conf_file_t *files);
/* "3 errors, 1 warning in 2 files" */
const char *edge_conf_report_summary(const edge_conf_report_t *report, apr_pool_t *pool);
/* As people and editors read it: file:line:column: severity: text [code], then context and advice. */
const char *edge_conf_report_text(const edge_conf_diagnostic_t *diagnostic, apr_pool_t *pool);

/* The one candidate within two edits of `word` (or that begins like it), or NULL when none or several are.
 * `candidate` gives the index-th name, NULL behind the last. */
EDGE_API const char *edge_conf_nearest(edge_span_t word, const char *(*candidate)(const void *context, unsigned index),
                                       const void *context);

#endif
