/* The audit trail: what a line says, the newest first, page by page, what a crash or a rotation leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/audit.h"

static apr_pool_t *pool;
static char path[64];
static edge_audit_page_t page;

static int start(void **state) {
    (void)state;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    strcpy(path, "/tmp/edged_audit_XXXXXX");
    close(mkstemp(path));
    return edge_audit_open(path) == APR_SUCCESS ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    edge_audit_close();
    unlink(path);
    apr_pool_destroy(pool);
    return 0;
}

static void write_numbered(unsigned first, unsigned count) {
    for (unsigned i = first; i < first + count; i++) {
        edge_audit_entry_t entry = {.who = i % 2 ? "token:odd" : "uid 0",
                                    .action = i % 10 ? "ban.add" : "ban.lift",
                                    .target = apr_psprintf(pool, "%u", i),
                                    .result = "done"};
        edge_audit_write(&entry);
    }
}

static void append_raw(const char *text) {
    FILE *file = fopen(path, "a");
    fputs(text, file);
    fclose(file);
}

static apr_status_t look(edge_audit_query_t query) { return edge_audit_read(&query, &page, pool); }

static unsigned target(int index) {
    edge_span_t text = edge_json_in_text(APR_ARRAY_IDX(page.entries, index, const edge_json_value_t *), "target");
    return (unsigned)strtoul(text.at, NULL, 10);
}

static void an_entry_is_written_whole(void **state) {
    edge_audit_entry_t written = {.who = "uid 0",
                                  .role = "admin",
                                  .action = "setting.change",
                                  .target = "max_hops\n\"x\"",
                                  .after = "7",
                                  .result = "done"};
    (void)state;
    edge_audit_write(&written);
    assert_int_equal(look((edge_audit_query_t){.limit = 10, .count = true}), APR_SUCCESS);
    assert_int_equal(page.entries->nelts, 1);
    assert_int_equal(page.matched, 1);
    const edge_json_value_t *entry = APR_ARRAY_IDX(page.entries, 0, const edge_json_value_t *);
    assert_string_equal(edge_json_in_text(entry, "who").at, "uid 0");
    assert_string_equal(edge_json_in_text(entry, "role").at, "admin");
    assert_string_equal(edge_json_in_text(entry, "action").at, "setting.change");
    assert_string_equal(edge_json_in_text(entry, "target").at, "max_hops\n\"x\"");
    assert_int_equal(edge_json_in_member(entry, "before")->type, EDGE_JSON_NULL);
    assert_string_equal(edge_json_in_text(entry, "after").at, "7");
    assert_int_equal(edge_json_in_text(entry, "time").len, 24);
    assert_null(page.next_cursor);
}

static void the_longest_texts_fit(void **state) {
    char *text = apr_pcalloc(pool, 5001);
    (void)state;
    memset(text, '\1', 5000);
    edge_audit_entry_t entry = {text, text, text, text, text, text, text, text, text, text};
    edge_audit_write(&entry);
    assert_int_equal(look((edge_audit_query_t){.limit = 1}), APR_SUCCESS);
    assert_int_equal(page.entries->nelts, 1);
    assert_int_equal(edge_json_in_text(APR_ARRAY_IDX(page.entries, 0, const edge_json_value_t *), "reason").len, 1003);
}

/* More than one window of the reader, in pages of a size that divides nothing. */
static void pages_follow_each_other_without_gap(void **state) {
    edge_audit_query_t query = {.limit = 97, .count = true};
    unsigned expected = 4000;
    (void)state;
    write_numbered(1, 4000);
    do {
        assert_int_equal(look(query), APR_SUCCESS);
        assert_int_equal(page.matched, 4000);
        for (int i = 0; i < page.entries->nelts; i++)
            assert_int_equal(target(i), expected--);
        query.cursor = edge_span_of(page.next_cursor);
    } while (page.next_cursor);
    assert_int_equal(expected, 0);
}

static void what_is_looked_for_is_found(void **state) {
    (void)state;
    write_numbered(1, 100);
    look((edge_audit_query_t){.who = EDGE_SPAN("token:*"), .limit = 2, .count = true});
    assert_int_equal(page.matched, 50);
    assert_int_equal(target(0), 99);
    assert_int_equal(target(1), 97);
    look((edge_audit_query_t){.action = EDGE_SPAN("ban.lift"), .limit = 100});
    assert_int_equal(page.entries->nelts, 10);
    look((edge_audit_query_t){.who = EDGE_SPAN("token"), .limit = 2, .count = true});
    assert_int_equal(page.matched, 0);
    look((edge_audit_query_t){.target = EDGE_SPAN("42"), .limit = 2, .count = true});
    assert_int_equal(page.matched, 1);
}

/* A page may be asked for while others write: what is new stands before it. */
static void a_cursor_stays_where_it_is(void **state) {
    (void)state;
    write_numbered(1, 10);
    look((edge_audit_query_t){.limit = 4});
    edge_span_t cursor = edge_span_of(page.next_cursor);
    write_numbered(11, 10);
    look((edge_audit_query_t){.limit = 4, .cursor = cursor, .count = true});
    assert_int_equal(target(0), 6);
    assert_int_equal(page.matched, 20);
}

static void broken_lines_are_passed_over_and_ended(void **state) {
    (void)state;
    write_numbered(1, 2);
    append_raw("no json\n\n[1]\n{\"who\":\"cut");
    edge_audit_close();
    assert_int_equal(edge_audit_open(path), APR_SUCCESS);
    write_numbered(3, 1);
    assert_int_equal(look((edge_audit_query_t){.limit = 10, .count = true}), APR_SUCCESS);
    assert_int_equal(page.matched, 3);
    assert_int_equal(target(0), 3);
    assert_int_equal(target(1), 2);
}

static void a_rotated_file_is_let_go(void **state) {
    const char *aside = apr_pstrcat(pool, path, ".1", NULL);
    (void)state;
    write_numbered(1, 10);
    look((edge_audit_query_t){.limit = 4});
    edge_span_t cursor = edge_span_of(page.next_cursor);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(look((edge_audit_query_t){.limit = 4, .count = true}), APR_SUCCESS);
    assert_int_equal(page.matched, 0);
    assert_int_equal(edge_audit_reopen(), APR_SUCCESS);
    write_numbered(11, 1);
    look((edge_audit_query_t){.limit = 4});
    assert_int_equal(page.entries->nelts, 1);
    assert_int_equal(look((edge_audit_query_t){.limit = 4, .cursor = cursor}), APR_EOF);
    unlink(aside);
}

static void a_bad_cursor_is_told(void **state) {
    static const char *const bad[] = {"", "x", "1", "1-", "-1", "1-2x", "1-fffffffffffffffff", NULL};
    (void)state;
    for (unsigned i = 0; bad[i]; i++)
        assert_int_equal(look((edge_audit_query_t){.limit = 4, .cursor = edge_span_of(bad[i])}), APR_EINVAL);
}

static void no_trail_is_an_empty_one(void **state) {
    (void)state;
    edge_audit_close();
    assert_int_equal(edge_audit_open(NULL), APR_SUCCESS);
    write_numbered(1, 1);
    assert_int_equal(look((edge_audit_query_t){.limit = 4, .count = true}), APR_SUCCESS);
    assert_int_equal(page.matched, 0);
    assert_int_equal(edge_audit_reopen(), APR_SUCCESS);
}

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        AUDIT_TEST(an_entry_is_written_whole),
        AUDIT_TEST(the_longest_texts_fit),
        AUDIT_TEST(pages_follow_each_other_without_gap),
        AUDIT_TEST(what_is_looked_for_is_found),
        AUDIT_TEST(a_cursor_stays_where_it_is),
        AUDIT_TEST(broken_lines_are_passed_over_and_ended),
        AUDIT_TEST(a_rotated_file_is_let_go),
        AUDIT_TEST(a_bad_cursor_is_told),
        AUDIT_TEST(no_trail_is_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
