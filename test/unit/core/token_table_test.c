/* A token file as a table: what is found, what is complained about, which file is read at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/token_table.h"

#define HASH(digit) digit "f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static char root[] = "/tmp/edge-tokens-XXXXXX", path[64];
static unsigned complaints, last_line;
static char last_what[256];

static void complain(void *context, unsigned line, const char *what) {
    (void)context;
    complaints++;
    last_line = line;
    snprintf(last_what, sizeof(last_what), "%s", what);
}

static edge_token_table_t *made(const char *text) {
    complaints = 0;
    return edge_token_table_make(edge_span_of(text), complain, NULL);
}

static void found(void **state) {
    edge_token_table_t *table = made("# ours\napp submit " HASH("1") "\nops admin " HASH("2") " used=2026-11-28\n");
    uint8_t digest[EDGE_TOKEN_DIGEST];
    assert_non_null(table);
    assert_int_equal(table->count, 2);
    memcpy(digest, table->rows[1].digest, sizeof(digest));
    edge_token_row_t *row = edge_token_table_find(table, digest);
    assert_ptr_equal(row, &table->rows[1]);
    assert_string_equal(row->facts.name, "ops");
    assert_int_equal(row->facts.role, EDGE_TOKEN_ADMIN);
    assert_int_equal(row->used, 20785);
    digest[0] ^= 0xff;
    assert_null(edge_token_table_find(table, digest));
    edge_token_table_drop(table);
}

static void refused(const char *text, unsigned line, const char *what) {
    assert_null(made(text));
    assert_true(complaints > 0);
    assert_int_equal(last_line, line);
    assert_non_null(strstr(last_what, what));
}

static void wrong(void **state) {
    refused("app submit " HASH("1") "\n\nrubbish\n", 3, "role");
    refused("app submit " HASH("1") "\nAPP read " HASH("2") "\n", 2, "the name stands in line 1 already");
    refused("app submit " HASH("1") "\nops read " HASH("1") "\n", 2, "the token stands in line 1 already");
}

static void too_many(void **state) {
    char *text = malloc(1 << 17), *at = text;
    for (unsigned i = 0; i < EDGE_TOKENS_MOST; i++)
        at += sprintf(at, "t%u read %064x\n", i, i);
    edge_token_table_t *table = made(text);
    assert_non_null(table);
    assert_int_equal(table->count, EDGE_TOKENS_MOST);
    edge_token_table_drop(table);
    sprintf(at, "t read %064x\n", EDGE_TOKENS_MOST);
    refused(text, EDGE_TOKENS_MOST + 1, "more than 1000");
    free(text);
}

static void inherited(void **state) {
    edge_token_table_t *before = made("app submit " HASH("1") "\nops read " HASH("2") " used=2026-11-20\n");
    edge_token_table_t *after = made("ops read " HASH("2") " used=2026-11-21\nother read " HASH("1") "\n");
    before->rows[0].used = 20785;
    edge_token_table_inherit(after, before);
    assert_int_equal(after->rows[0].used, 20785 - 7); /* what it knows is later */
    assert_int_equal(after->rows[1].used, 20785);     /* renamed, but the same token */
    edge_token_table_drop(before);
    edge_token_table_drop(after);
}

static void put(const char *text, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void files(void **state) {
    edge_file_stamp_t stamp, none = {0};
    complaints = 0;
    edge_token_table_t *table = edge_token_table_read(path, &stamp, complain, NULL);
    assert_non_null(table); /* not there: no tokens */
    assert_int_equal(table->count, 0);
    assert_true(edge_file_stamp_equal(&stamp, &none));
    edge_token_table_drop(table);

    put("app submit " HASH("1") "\n", 0640);
    table = edge_token_table_read(path, &stamp, complain, NULL);
    assert_non_null(table);
    assert_int_equal(table->count, 1);
    edge_file_stamp_t now = edge_file_stamp(path);
    assert_true(edge_file_stamp_equal(&stamp, &now));
    edge_token_table_drop(table);
    assert_int_equal(complaints, 0);

    put("app submit " HASH("1") "\n", 0644);
    assert_null(edge_token_table_read(path, &stamp, complain, NULL));
    assert_non_null(strstr(last_what, "everybody can read it"));
    put("app submit " HASH("1") "\n", 0642);
    assert_null(edge_token_table_read(path, &stamp, complain, NULL));
    assert_non_null(strstr(last_what, "everybody can write it"));
    assert_null(edge_token_table_read(root, &stamp, complain, NULL));
    unlink(path);
}

static int make_root(void **state) {
    if (!mkdtemp(root))
        return -1;
    snprintf(path, sizeof(path), "%s/tokens", root);
    return 0;
}

static int drop_root(void **state) { return rmdir(root); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),     cmocka_unit_test(wrong), cmocka_unit_test(too_many),
        cmocka_unit_test(inherited), cmocka_unit_test(files),
    };
    return cmocka_run_group_tests_name("core/token_table", tests, make_root, drop_root);
}
