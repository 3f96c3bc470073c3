/* What is wrong with a section's files: to the reader of a configuration, or to the log of a reload. */
#include "tls.h"

#include <apr_strings.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

static char *format_text(apr_pool_t *pool, const char *format, va_list arguments) {
    char text[1024]; /* the C library's formatter: APR's does not know all that the compiler lets callers write */
    vsnprintf(text, sizeof(text), format, arguments);
    return apr_pstrdup(pool, text);
}

/* The line that names a file. */
static edge_conf_line_t line_of(const tls_report_t *report, const tls_file_t *file) {
    static const edge_directive_t row = {.name = "file"}; /* without usage: how to write it is not what is wrong */
    return (edge_conf_line_t){.check = report->check,
                              .row = &row,
                              .section = report->section,
                              .node = file->node,
                              .count = 1,
                              .pool = report->pool};
}

void tls_report_error(tls_report_t *report, const tls_file_t *file, const char *code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = format_text(report->pool, format, arguments);
    va_end(arguments);
    if (report->check && file && file->node) {
        edge_conf_line_t line = line_of(report, file);
        edge_conf_error(&line, 0, code, "%s", text);
    } else if (report->check) {
        edge_conf_error_in(report->check, report->section, NULL, code, "%s", text);
    } else {
        EDGE_LOG(&tls_log, EDGE_LOG_ERROR, 810, "<TLSContext %s>: %s [%s]", report->section->name.at, text, code);
    }
    report->why = report->why ? apr_pstrcat(report->pool, report->why, "; ", text, NULL) : text;
}

void tls_report_warn(const tls_report_t *report, const tls_file_t *file, const char *code, const char *format, ...) {
    va_list arguments;
    if (!report->check)
        return;
    va_start(arguments, format);
    const char *text = format_text(report->pool, format, arguments);
    va_end(arguments);
    if (file && file->node) {
        edge_conf_line_t line = line_of(report, file);
        edge_conf_warn(&line, 0, code, "%s", text);
    } else {
        edge_conf_warn_in(report->check, report->section, NULL, code, "%s", text);
    }
}

const char *tls_report_reason(void) {
    unsigned long code = ERR_peek_error();
    const char *text = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
    ERR_clear_error();
    return text ? text : "OpenSSL does not say why";
}
