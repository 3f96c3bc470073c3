/* Arbitrary token files: parts lie inside the line, what is sound is written and read again as it was, and changes keep the rest. */
#include "proto/token_file.h"

#include <apr_general.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth) {
    if (!truth)
        abort();
}

static void check_line(edge_span_t text, const edge_token_line_t *line, apr_pool_t *pool) {
    edge_token_line_t back;
    check(line->name.at >= text.at && line->name.at + line->name.len <= text.at + text.len);
    check(!edge_token_file_name(line->name));
    edge_span_t again = edge_token_file_format(line, pool);
    check(!edge_token_file_line(again, &back));
    check(edge_span_equal(back.name, line->name) && back.role == line->role && back.used == line->used);
    check(memcmp(back.digest, line->digest, EDGE_TOKEN_DIGEST) == 0);
    check(back.created / APR_USEC_PER_SEC == line->created / APR_USEC_PER_SEC);
    check(back.bound == line->bound && back.bits == line->bits && edge_ipaddr_equal(back.network, line->network));
}

static int32_t always(const void *context, const uint8_t digest[EDGE_TOKEN_DIGEST]) {
    (void)context;
    (void)digest;
    return 1000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *pool;
    edge_span_t file = edge_span((const char *)data, size);
    edge_token_cursor_t cursor = {0};
    edge_token_line_t line, first = {.name = EDGE_NO_SPAN};
    size_t octets = 0;
    if (!pool) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    while (edge_token_file_next(file, &cursor)) {
        octets += cursor.text.len;
        check(!cursor.why || !cursor.line.name.at);
        if (cursor.line.name.at) {
            check_line(cursor.text, &cursor.line, pool);
            first = first.name.at ? first : cursor.line;
        }
    }
    check(octets == size);
    edge_token_file_use(file, always, NULL, pool);
    if (first.name.at) {
        check(edge_token_file_find(file, first.name, &line));
        check(!edge_token_file_find(edge_token_file_remove(file, first.name, pool), first.name, &line));
        check(edge_token_file_find(edge_token_file_add(file, &first, pool), first.name, &line));
    }
    apr_pool_clear(pool);
    return 0;
}
