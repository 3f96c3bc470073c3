/* Collects and renders diagnostics of a configuration, and finds the near miss. */
#include "proto/conf_report.h"

#include <apr_strings.h>

void edge_conf_report_start(edge_conf_report_t *report, apr_pool_t *pool) {
    memset(report, 0, sizeof(*report));
    report->pool = pool;
    report->last = &report->first;
}

/* A directive of the server that is found wrong once per listener is one trouble, not many. */
static bool said_before(const edge_conf_report_t *report, edge_conf_place_t place, const char *code, const char *text) {
    for (const edge_conf_diagnostic_t *said = report->first; said; said = said->next)
        if (said->place.file == place.file && said->place.line == place.line && said->place.column == place.column &&
            strcmp(said->code, code) == 0 && strcmp(said->text, text) == 0)
            return true;
    return false;
}

void edge_conf_report_addv(edge_conf_report_t *report, bool error, edge_conf_place_t place, const char *code,
                           const char *advice, const char *format, va_list arguments) {
    const char *text = apr_pvsprintf(report->pool, format, arguments);
    if (said_before(report, place, code, text))
        return;
    if (error)
        report->errors++;
    else
        report->warnings++;
    if (report->errors + report->warnings > EDGE_CONF_DIAGNOSTICS_MOST)
        return;
    edge_conf_diagnostic_t *diagnostic = apr_pcalloc(report->pool, sizeof(*diagnostic));
    diagnostic->error = error;
    diagnostic->place = place;
    diagnostic->code = code;
    diagnostic->advice = advice;
    diagnostic->text = text;
    *report->last = diagnostic;
    report->last = &diagnostic->next;
}

void edge_conf_report_add(edge_conf_report_t *report, bool error, edge_conf_place_t place, const char *code,
                          const char *advice, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    edge_conf_report_addv(report, error, place, code, advice, format, arguments);
    va_end(arguments);
}

static unsigned file_order(const edge_conf_file_t *files, const edge_conf_file_t *file) {
    unsigned order = 0;
    for (; file && files; files = files->next, order++)
        if (files == file)
            return order + 1;
    return 0; /* no file: the command line, the file that cannot be read */
}

static bool stands_before(const edge_conf_diagnostic_t *a, const edge_conf_diagnostic_t *b,
                          const edge_conf_file_t *files) {
    unsigned order_a = file_order(files, a->place.file), order_b = file_order(files, b->place.file);
    if (order_a != order_b)
        return order_a < order_b;
    return a->place.line != b->place.line ? a->place.line < b->place.line : a->place.column < b->place.column;
}

/* They are few: each goes behind the last that does not stand behind it. */
void edge_conf_report_sort(edge_conf_report_t *report, const edge_conf_file_t *files) {
    edge_conf_diagnostic_t *sorted = NULL, *next;
    for (edge_conf_diagnostic_t *diagnostic = report->first; diagnostic; diagnostic = next) {
        edge_conf_diagnostic_t **at = &sorted;
        next = diagnostic->next;
        while (*at && !stands_before(diagnostic, *at, files))
            at = &(*at)->next;
        diagnostic->next = *at;
        *at = diagnostic;
    }
    report->first = sorted;
    for (report->last = &report->first; *report->last; report->last = &(*report->last)->next)
        continue;
}

const char *edge_conf_report_summary(const edge_conf_report_t *report, apr_pool_t *pool) {
    return apr_psprintf(pool, "%u error%s, %u warning%s in %u file%s", report->errors, report->errors == 1 ? "" : "s",
                        report->warnings, report->warnings == 1 ? "" : "s", report->files,
                        report->files == 1 ? "" : "s");
}

/* Rendering */

static edge_span_t line_of(edge_span_t text, unsigned number) {
    const char *at = text.at, *end = text.at + text.len;
    for (unsigned line = 1; at && line < number; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at || at >= end)
        return EDGE_NO_SPAN;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    return edge_span(at, (size_t)((stop ? stop : end) - at));
}

static const char *chain_text(const edge_conf_file_t *file, apr_pool_t *pool) {
    const char *text = "";
    for (; file && file->included_by; file = file->included_by)
        text = apr_psprintf(pool, "%s      included from %s:%u\n", text, file->included_by->path, file->included_line);
    return text;
}

/* The underline stands under the column also where the line has tabs. */
static const char *underline(edge_span_t line, edge_conf_place_t place, apr_pool_t *pool) {
    unsigned width = place.width ? place.width : 1;
    char *text = apr_palloc(pool, place.column + width + 1);
    unsigned at = 0;
    for (; at + 1 < place.column; at++)
        text[at] = at < line.len && line.at[at] == '\t' ? '\t' : ' ';
    text[at++] = '^';
    for (unsigned i = 1; i < width && at < line.len; i++)
        text[at++] = '~';
    text[at] = '\0';
    return text;
}

static const char *context_text(const edge_conf_diagnostic_t *diagnostic, apr_pool_t *pool) {
    edge_conf_place_t place = diagnostic->place;
    edge_span_t line = place.file && place.line ? line_of(place.file->text, place.line) : EDGE_NO_SPAN;
    const char *advice = diagnostic->advice ? diagnostic->advice : "";
    if (!line.at || place.column == 0)
        return *advice ? apr_psprintf(pool, "      %s\n", advice) : "";
    return apr_psprintf(pool, "%5u | %.*s\n      | %s%s%s\n", place.line, (int)line.len, line.at,
                        underline(line, place, pool), *advice ? " " : "", advice);
}

const char *edge_conf_report_text(const edge_conf_diagnostic_t *diagnostic, apr_pool_t *pool) {
    edge_conf_place_t place = diagnostic->place;
    const char *where = place.file ? place.file->path : "command line";
    if (place.file && place.line && place.column)
        where = apr_psprintf(pool, "%s:%u:%u", where, place.line, place.column);
    else if (place.file && place.line)
        where = apr_psprintf(pool, "%s:%u", where, place.line);
    return apr_psprintf(pool, "%s: %s: %s [%s]\n%s%s", where, diagnostic->error ? "error" : "warning", diagnostic->text,
                        diagnostic->code, chain_text(place.file, pool), context_text(diagnostic, pool));
}

/* Near misses */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

#define NAME_MOST 64

/* Edits to make one of the other: insert, delete, change, or swap of neighbours; 3 stands for all beyond 2. */
static unsigned distance(edge_span_t a, edge_span_t b) {
    unsigned rows[3][NAME_MOST + 1];
    if (a.len > NAME_MOST || b.len > NAME_MOST)
        return 3;
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *now = rows[i % 3], *before = rows[(i - 1) % 3], *older = rows[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            bool same = lower(a.at[i - 1]) == lower(b.at[j - 1]);
            unsigned best = before[j - 1] + !same;
            best = before[j] + 1 < best ? before[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && lower(a.at[i - 1]) == lower(b.at[j - 2]) &&
                lower(a.at[i - 2]) == lower(b.at[j - 1]) && older[j - 2] + 1 < best)
                best = older[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

const char *edge_conf_nearest(edge_span_t word, const char *(*candidate)(const void *context, unsigned index),
                              const void *context) {
    const char *best = NULL, *name;
    unsigned best_distance = 3;
    bool several = false;
    for (unsigned i = 0; (name = candidate(context, i)) != NULL; i++) {
        edge_span_t other = edge_span_of(name);
        unsigned edits = distance(word, other);
        /* A short name is within two edits of nearly anything. */
        if (edits > 2 || edits * 2 >= other.len)
            edits = word.len >= 4 && edge_span_starts_nocase(other, word) ? 2 : 3;
        if (edits > 2 || edits > best_distance)
            continue;
        several = edits == best_distance && best && strcmp(best, name) != 0;
        best = name;
        best_distance = edits;
    }
    return several ? NULL : best;
}
