/* Writes unified diffs of edits. */
#include "proto/text_diff.h"

#include <apr_strings.h>

#define CONTEXT 3u

/* Lines of the old text that go, and what comes for them. */
typedef struct change {
    unsigned line, removed; /* the first one, from 0 */
    edge_span_t added;
} change_t;

typedef struct diff {
    apr_pool_t *pool;
    edge_span_t text;
    size_t *starts; /* of each line, and the end */
    unsigned lines;
    change_t *changes;
    unsigned count;
    apr_array_header_t *out; /* const char * */
} diff_t;

static unsigned count_lines(edge_span_t text) {
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += text.at[i] == '\n' || i + 1 == text.len;
    }
    return count;
}

static void find_lines(diff_t *diff) {
    unsigned line = 1;
    diff->lines = count_lines(diff->text);
    diff->starts = apr_pcalloc(diff->pool, (diff->lines + 1) * sizeof(size_t));
    for (size_t i = 0; i < diff->text.len && line < diff->lines; i++) {
        if (diff->text.at[i] == '\n') {
            diff->starts[line++] = i + 1;
        }
    }
    diff->starts[diff->lines] = diff->text.len;
}

/* The line that holds an octet; behind the last one, the number of lines. */
static unsigned line_of(const diff_t *diff, size_t at) {
    unsigned line = 0;
    while (line < diff->lines && diff->starts[line + 1] <= at) {
        line++;
    }
    return line;
}

/* Whole lines, between lines: none of those that are there is touched. */
static bool is_insertion(const diff_t *diff, const edge_text_edit_t *edit) {
    size_t len = strlen(edit->text);
    unsigned line = line_of(diff, edit->at);
    return edit->len == 0 && len > 0 && edit->text[len - 1] == '\n' && diff->starts[line] == edit->at &&
           (edit->at == 0 || diff->text.at[edit->at - 1] == '\n');
}

/* One past the last line that an edit touches. */
static unsigned end_of(const diff_t *diff, const edge_text_edit_t *edit) {
    unsigned first = line_of(diff, edit->at);
    if (is_insertion(diff, edit)) {
        return first;
    }
    unsigned end = line_of(diff, edit->len > 0 ? edit->at + edit->len - 1 : edit->at) + 1;
    return end < diff->lines ? end : diff->lines;
}

/* Behind the last line without its end: that line. */
static unsigned first_of(const diff_t *diff, const edge_text_edit_t *edit) {
    unsigned line = line_of(diff, edit->at);
    return line == diff->lines && line > 0 && !is_insertion(diff, edit) ? line - 1 : line;
}

/* The lines from first to end, with these edits made. */
static edge_span_t edited(const diff_t *diff, unsigned first, unsigned end, const edge_text_edit_t *edits,
                          unsigned count) {
    size_t from = diff->starts[first], until = diff->starts[end];
    const char *text = "";
    for (unsigned i = 0; i < count; i++) {
        text = apr_pstrcat(diff->pool, text, apr_pstrmemdup(diff->pool, diff->text.at + from, edits[i].at - from),
                           edits[i].text, NULL);
        from = edits[i].at + edits[i].len;
    }
    return edge_span_of(
        apr_pstrcat(diff->pool, text, apr_pstrmemdup(diff->pool, diff->text.at + from, until - from), NULL));
}

/* Edits that touch the same lines make one change. */
static void find_changes(diff_t *diff, const apr_array_header_t *edits) {
    const edge_text_edit_t *all = (const edge_text_edit_t *)edits->elts;
    unsigned next;
    diff->changes = apr_pcalloc(diff->pool, (size_t)(edits->nelts + 1) * sizeof(change_t));
    for (unsigned i = 0; i < (unsigned)edits->nelts; i = next) {
        unsigned first = first_of(diff, &all[i]), end = end_of(diff, &all[i]);
        for (next = i + 1; next < (unsigned)edits->nelts && first_of(diff, &all[next]) < end; next++) {
            unsigned own = end_of(diff, &all[next]);
            end = own > end ? own : end;
        }
        diff->changes[diff->count++] = (change_t){first, end - first, edited(diff, first, end, all + i, next - i)};
    }
}

/* Writing */

static void put(diff_t *diff, const char *text) { *(const char **)apr_array_push(diff->out) = text; }

static void put_lines(diff_t *diff, const char *mark, edge_span_t text) {
    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.at) : text.len;
        put(diff, apr_pstrcat(diff->pool, mark, apr_pstrmemdup(diff->pool, text.at, len),
                              end != NULL ? "\n" : "\n\\ No newline at end of file\n", NULL));
        text = edge_span_after(text, end != NULL ? len + 1 : len);
    }
}

static edge_span_t old_lines(const diff_t *diff, unsigned from, unsigned until) {
    return edge_span(diff->text.at + diff->starts[from], diff->starts[until] - diff->starts[from]);
}

/* "3,7"; of no lines, the one before. */
static const char *range(const diff_t *diff, unsigned first, unsigned count) {
    return apr_psprintf(diff->pool, "%u,%u", count > 0 ? first + 1 : first, count);
}

/* The changes whose surroundings meet; `shift` is how many lines were added before. Returns how many they are. */
static unsigned put_hunk(diff_t *diff, unsigned at, int *shift) {
    unsigned first = diff->changes[at].line, from = first > CONTEXT ? first - CONTEXT : 0, next = at;
    unsigned until = 0, added = 0, removed = 0, shown;
    do {
        const change_t *change = &diff->changes[next++];
        added += count_lines(change->added);
        removed += change->removed;
        until = change->line + change->removed + CONTEXT;
    } while (next < diff->count && diff->changes[next].line <= until + CONTEXT);
    until = until < diff->lines ? until : diff->lines;
    put(diff, apr_pstrcat(diff->pool, "@@ -", range(diff, from, until - from), " +",
                          range(diff, (unsigned)((int)from + *shift), until - from - removed + added), " @@\n", NULL));
    shown = from;
    for (unsigned i = at; i < next; i++) {
        const change_t *change = &diff->changes[i];
        put_lines(diff, " ", old_lines(diff, shown, change->line));
        shown = change->line + change->removed;
        put_lines(diff, "-", old_lines(diff, change->line, shown));
        put_lines(diff, "+", change->added);
    }
    put_lines(diff, " ", old_lines(diff, shown, until));
    *shift += (int)added - (int)removed;
    return next - at;
}

const char *edge_text_diff(const char *name, edge_span_t text, const apr_array_header_t *edits, apr_pool_t *pool) {
    diff_t diff = {.pool = pool, .text = text, .out = apr_array_make(pool, 32, sizeof(const char *))};
    int shift = 0;
    if (edits->nelts == 0) {
        return "";
    }
    find_lines(&diff);
    find_changes(&diff, edits);
    put(&diff, apr_pstrcat(pool, "--- a/", name, "\n+++ b/", name, "\n", NULL));
    for (unsigned i = 0; i < diff.count;) {
        i += put_hunk(&diff, i, &shift);
    }
    return apr_array_pstrcat(pool, diff.out, 0);
}
