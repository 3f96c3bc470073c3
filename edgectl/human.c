/* Sizes, durations, times, tables. */
#include "human.h"

#include <apr_strings.h>
#include <apr_tables.h>

#include "edge_clock.h"
#include "edge_utf8.h"

const char *ctl_human_size(uint64_t octets, apr_pool_t *pool) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    uint64_t whole = octets, tenths = 0;
    while (whole >= 1024) {
        tenths = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit++;
    }
    if (unit == 0 || whole >= 10 || tenths == 0) {
        return apr_psprintf(pool, "%lu %s", (unsigned long)whole, units[unit]);
    }
    return apr_psprintf(pool, "%lu.%lu %s", (unsigned long)whole, (unsigned long)tenths, units[unit]);
}

const char *ctl_human_duration(int64_t microseconds, apr_pool_t *pool) {
    static const struct {
        long seconds;
        char unit;
    } parts[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    long left = microseconds > 0 ? (long)(microseconds / 1000000) : 0;
    unsigned at = 0;
    while (at < EDGE_COUNT(parts) - 1 && left < parts[at].seconds) {
        at++;
    }
    long first = left / parts[at].seconds;
    left %= parts[at].seconds;
    long second = at + 1 < EDGE_COUNT(parts) ? left / parts[at + 1].seconds : 0;
    if (second == 0) {
        return apr_psprintf(pool, "%ld%c", first, parts[at].unit);
    }
    return apr_psprintf(pool, "%ld%c %ld%c", first, parts[at].unit, second, parts[at + 1].unit);
}

apr_time_t ctl_human_parse_time(edge_span_t text) {
    apr_time_t when;
    return edge_clock_rfc3339_parse(text, &when) ? when : -1;
}

const char *ctl_human_clean(edge_span_t text, apr_pool_t *pool) {
    char *out = apr_palloc(pool, text.len + 1);
    size_t len = 0;
    while (text.len > 0) {
        size_t step = edge_utf8_len(text);
        unsigned char c = (unsigned char)text.at[0];
        /* U+0080 to U+009F are control characters too. */
        bool control = c < ' ' || c == 0x7f || (c == 0xc2 && step == 2 && (unsigned char)text.at[1] < 0xa0);
        if (step == 0 || control) {
            out[len++] = '?';
            step = step == 0 ? 1 : step;
        } else {
            memcpy(out + len, text.at, step);
            len += step;
        }
        text = edge_span_after(text, step);
    }
    out[len] = '\0';
    return out;
}

struct ctl_table {
    apr_pool_t *pool;
    unsigned columns;
    bool right[CTL_COLUMNS_MOST];
    size_t width[CTL_COLUMNS_MOST];
    apr_array_header_t *cells; /* const char *, the heads first */
};

/* Characters, which is what a terminal shows them as but for the rare double-width ones. */
static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

void ctl_table_add(ctl_table_t *table, const char *cell) {
    const char *clean = cell != NULL ? ctl_human_clean(edge_span_of(cell), table->pool) : "-";
    unsigned column = (unsigned)table->cells->nelts % table->columns;
    size_t width = width_of(clean);
    *(const char **)apr_array_push(table->cells) = clean;
    if (width > table->width[column]) {
        table->width[column] = width;
    }
}

ctl_table_t *ctl_table_make(const char *const *heads, apr_pool_t *pool) {
    ctl_table_t *table = apr_pcalloc(pool, sizeof *table);
    table->pool = pool;
    table->cells = apr_array_make(pool, 64, sizeof(const char *));
    while (heads[table->columns] != NULL && table->columns < CTL_COLUMNS_MOST) {
        table->right[table->columns] = heads[table->columns][0] == '>';
        table->columns++;
    }
    for (unsigned i = 0; i < table->columns; i++) {
        ctl_table_add(table, heads[i] + table->right[i]);
    }
    return table;
}

void ctl_table_print(const ctl_table_t *table, FILE *out) {
    for (int i = 0; i < table->cells->nelts; i++) {
        unsigned column = (unsigned)i % table->columns;
        const char *cell = APR_ARRAY_IDX(table->cells, i, const char *);
        size_t pad = table->width[column] - width_of(cell);
        bool last = column + 1 == table->columns;
        fprintf(out, "%*s%s%*s%s", table->right[column] ? (int)pad : 0, "", cell,
                table->right[column] || last ? 0 : (int)pad, "", last ? "\n" : "  ");
    }
}
