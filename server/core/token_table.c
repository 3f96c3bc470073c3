/* Makes a table of a token file. */
#include "core/token_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "edge_password.h"
#include "proto/token_file.h"

#define FILE_MOST (4u * 1024 * 1024)

_Static_assert(sizeof(((edge_token_facts_t *)0)->name) == EDGE_TOKEN_NAME_MOST + 1, "a name fits");

typedef struct making {
    edge_token_table_t *table;
    edge_token_complain_t *complain;
    void *context;
    unsigned complaints;
} making_t;

static void complain(making_t *making, unsigned line, const char *what) {
    making->complaints++;
    making->complain(making->context, line, what);
}

static uint64_t front_of(const uint8_t digest[EDGE_TOKEN_DIGEST]) {
    uint64_t front;
    memcpy(&front, digest, sizeof(front));
    return front;
}

static bool is_new(making_t *making, const edge_token_line_t *line, unsigned number) {
    char text[96];
    for (unsigned i = 0; i < making->table->count; i++) {
        const edge_token_row_t *row = &making->table->rows[i];
        bool same_name = edge_token_file_same_name(edge_span_of(row->facts.name), line->name);
        if (!same_name && !edge_token_digest_equal(row->digest, line->digest))
            continue;
        snprintf(text, sizeof(text), "the %s stands in line %u already", same_name ? "name" : "token", row->line);
        complain(making, number, text);
        return false;
    }
    return true;
}

static void add(making_t *making, const edge_token_line_t *line, unsigned number) {
    if (making->table->count == EDGE_TOKENS_MOST) {
        complain(making, number, "more than 1000 tokens");
        return;
    }
    if (!is_new(making, line, number))
        return;
    edge_token_row_t *row = &making->table->rows[making->table->count++];
    memcpy(row->digest, line->digest, sizeof(row->digest));
    making->table->fronts[making->table->count - 1] = front_of(line->digest);
    memcpy(row->facts.name, line->name.at, line->name.len);
    row->facts.role = line->role;
    row->facts.created = line->created;
    row->facts.expires = line->expires;
    row->facts.bound = line->bound;
    row->facts.network = line->network;
    row->facts.bits = line->bits;
    row->used = line->used;
    row->line = number;
}

static unsigned lines_in(edge_span_t text) {
    edge_token_cursor_t cursor = {0};
    while (edge_token_file_next(text, &cursor))
        ;
    return cursor.number < EDGE_TOKENS_MOST ? cursor.number : EDGE_TOKENS_MOST;
}

edge_token_table_t *edge_token_table_make(edge_span_t text, edge_token_complain_t *complain_by, void *context) {
    edge_token_table_t *table = calloc(1, sizeof(*table) + lines_in(text) * sizeof(table->rows[0]));
    making_t making = {table, complain_by, context, 0};
    edge_token_cursor_t cursor = {0};
    if (!table) {
        complain_by(context, 0, "no memory for it");
        return NULL;
    }
    table->counts = 1;
    while (making.complaints < 20 && edge_token_file_next(text, &cursor))
        if (cursor.why)
            complain(&making, cursor.number, cursor.why);
        else if (cursor.line.name.at)
            add(&making, &cursor.line, cursor.number);
    if (making.complaints == 0)
        return table;
    free(table);
    return NULL;
}

edge_token_table_t *edge_token_table_hold(edge_token_table_t *table) {
    atomic_fetch_add_explicit(&table->counts, 1, memory_order_relaxed);
    return table;
}

void edge_token_table_drop(edge_token_table_t *table) {
    if (table && atomic_fetch_sub_explicit(&table->counts, 1, memory_order_acq_rel) == 1)
        free(table);
}

/* To the end, wherever it is found, without a branch. Of two digests with the same front, which nobody can make, one is not found:
 * neither lets anybody in then. */
edge_token_row_t *edge_token_table_find(edge_token_table_t *table, const uint8_t digest[EDGE_TOKEN_DIGEST]) {
    uint64_t front = front_of(digest);
    unsigned at = 0;
    for (unsigned i = 0; i < table->count; i++)
        at |= (i + 1) & (0u - (unsigned)(table->fronts[i] == front));
    if (at == 0 || at > table->count || !edge_token_digest_equal(table->rows[at - 1].digest, digest))
        return NULL;
    return &table->rows[at - 1];
}

void edge_token_table_inherit(edge_token_table_t *table, edge_token_table_t *before) {
    for (unsigned i = 0; i < table->count; i++) {
        const edge_token_row_t *old = edge_token_table_find(before, table->rows[i].digest);
        if (old && old->used > table->rows[i].used)
            table->rows[i].used = old->used;
    }
}

/* Reading */

static bool is_private(const struct stat *facts, edge_token_complain_t *complain_by, void *context) {
    char text[160];
    if ((facts->st_mode & (S_IROTH | S_IWOTH)) == 0)
        return true;
    snprintf(text, sizeof(text),
             "everybody can %s it (mode %04o): chmod o-rwx, since it says who may command the server",
             facts->st_mode & S_IWOTH ? "write" : "read", (unsigned)(facts->st_mode & 07777));
    complain_by(context, 0, text);
    return false;
}

static void complain_of(apr_status_t status, edge_token_complain_t *complain_by, void *context) {
    char text[160];
    complain_by(context, 0, apr_strerror(status, text, sizeof(text)));
}

static edge_token_table_t *read_open(int fd, edge_file_stamp_t *stamp, edge_token_complain_t *complain_by,
                                     void *context) {
    struct stat facts;
    if (fstat(fd, &facts) != 0) {
        complain_of(APR_FROM_OS_ERROR(errno), complain_by, context);
        return NULL;
    }
    if (!is_private(&facts, complain_by, context))
        return NULL;
    size_t size = (size_t)facts.st_size;
    char *text = size <= FILE_MOST ? malloc(size + 1) : NULL;
    bool good = text && edge_file_read(fd, text, size);
    edge_token_table_t *table = NULL;
    if (good)
        table = edge_token_table_make(edge_span(text, size), complain_by, context);
    else
        complain_of(APR_FROM_OS_ERROR(size > FILE_MOST ? EFBIG : text ? errno : ENOMEM), complain_by, context);
    edge_password_wipe(text, text ? size : 0);
    free(text);
    *stamp = edge_file_stamp_from(&facts);
    return table;
}

edge_token_table_t *edge_token_table_read(const char *path, edge_file_stamp_t *stamp,
                                          edge_token_complain_t *complain_by, void *context) {
    int fd;
    apr_status_t status = edge_reopen(path, &fd);
    *stamp = (edge_file_stamp_t){0};
    if (APR_STATUS_IS_ENOENT(status))
        return edge_token_table_make(EDGE_NO_SPAN, complain_by, context);
    if (status != APR_SUCCESS) {
        complain_of(status, complain_by, context);
        return NULL;
    }
    edge_token_table_t *table = read_open(fd, stamp, complain_by, context);
    close(fd);
    return table;
}
