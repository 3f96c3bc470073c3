/* Tests of server/core/lookup.c: words, files and tables of a configuration, and keys of unknown meaning. */
#include "lookup_fixture.h"

#include "conf_core_fixture.h"

static edge_snapshot_t *snapshot;

static const char *codes(const char *server) {
    if (snapshot)
        edge_snapshot_drop(snapshot);
    snapshot = fixture_build(apr_pstrcat(fixture_pool, PROBE_LOAD, server, PROBE_REST, NULL));
    return fixture_codes();
}

static const char *said(void) { return fixture_report.first ? fixture_report.first->text : ""; }

static const char *value_of(const edge_lookup_t *lookup, const char *text) {
    edge_lookup_key_t key = edge_lookup_key(edge_span_of(text));
    edge_span_t value;
    if (edge_lookup_find(lookup, &key, fixture_pool, &value) != EDGE_LOOKUP_YES)
        return "-";
    return value.at ? value.at : "";
}

static const edge_lookup_t *table(const char *name) { return edge_lookup_named(snapshot, edge_span_of(name)); }

static void words_and_files(void **state) {
    (void)state;
    fixture_file("list", "192.0.2.0/24 net\nann@example.org box\n");
    assert_string_equal(codes("Table a example.org file:list .below.example\nTable b table:a other.example\n"), "");
    assert_string_equal(value_of(table("a"), "example.org"), "");
    assert_string_equal(value_of(table("a"), "x.below.example"), "");
    assert_string_equal(value_of(table("a"), "192.0.2.9"), "net");
    assert_string_equal(value_of(table("a"), "::ffff:192.0.2.9"), "net");
    assert_string_equal(value_of(table("a"), "ann@example.org"), ""); /* words come first: the domain is there */
    assert_string_equal(value_of(table("b"), "192.0.2.9"), "net");
    assert_string_equal(value_of(table("b"), "other.example"), "");
    assert_string_equal(value_of(table("a"), "other.example"), "-");
    assert_null(table("c"));
    assert_string_equal(value_of(NULL, "example.org"), "-");
}

static void keys_of_unknown_meaning(void **state) {
    (void)state;
    assert_int_equal(edge_lookup_key(edge_span_of("192.0.2.1")).ask, EDGE_LOOKUP_ASK_ADDRESS);
    assert_int_equal(edge_lookup_key(edge_span_of("2001:db8::1")).ask, EDGE_LOOKUP_ASK_ADDRESS);
    assert_int_equal(edge_lookup_key(edge_span_of("")).ask, EDGE_LOOKUP_ASK_MAILBOX);
    assert_int_equal(edge_lookup_key(edge_span_of("a@b")).ask, EDGE_LOOKUP_ASK_MAILBOX);
    assert_int_equal(edge_lookup_key(edge_span_of("b")).ask, EDGE_LOOKUP_ASK_NAME);
    assert_int_equal(edge_lookup_key(edge_span_of("[192.0.2.1]")).ask, EDGE_LOOKUP_ASK_NAME);
}

static void tables_written_wrongly(void **state) {
    (void)state;
    assert_string_equal(codes("Table\n"), "EDG10378@2:1");
    assert_string_equal(codes("Table a:b example.org\n"), "EDG10378@2:7");
    assert_string_equal(codes("Table a\n"), "EDG10377@2:7");
    assert_string_equal(codes("Table a x.example\nTable a y.example\n"), "EDG10379@3:7");
    assert_string_equal(codes("Table a table:b\n"), "EDG10376@2:9");
    assert_string_equal(codes("Table a table:a\n"), "EDG10376@2:9");
    assert_string_equal(codes("Table office x.example\nTable a table:ofice\n"), "EDG10376@3:9");
    assert_string_equal(said(), "there is no Table \"ofice\"; did you mean \"office\"?");
    assert_string_equal(codes("Table a x..y 192.0.2\n"), "EDG10370@2:9 EDG10370@2:14");
}

static void files_that_are_none(void **state) {
    (void)state;
    assert_string_equal(codes("Table a file:\n"), "EDG10374@2:9");
    assert_string_equal(codes("Table a file:none\n"), "EDG10373@2:9");
    assert_string_equal(said(), apr_psprintf(fixture_pool, "%s/none: there is no such file", fixture_root));
    fixture_file("bad", "x.example\nx..example\n");
    assert_string_equal(codes("Table a file:bad\n"), "EDG10372@2:9");
    assert_non_null(strstr(said(), "/bad:2: neither an address"));
    fixture_file("bad", "1\n2\n3\n4\n5\n6\n7\n");
    assert_string_equal(codes("Table a file:bad\n"), "EDG10372@2:9 EDG10372@2:9 EDG10372@2:9 EDG10372@2:9 "
                                                     "EDG10372@2:9 EDG10375@2:9");
}

static void by_path(void **state) {
    const char *why = NULL;
    (void)state;
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    fixture_file("list", "a.example one\n");
    const char *path = apr_pstrcat(fixture_pool, fixture_root, "/list", NULL);
    edge_lookup_t *lookup = edge_lookup_open(path, pool, &why);
    assert_non_null(lookup);
    assert_null(why);
    assert_string_equal(value_of(lookup, "A.example"), "one");
    apr_pool_destroy(pool);
    fixture_file("list", "a.example one\n1\n2\n");
    assert_null(edge_lookup_open(path, fixture_pool, &why));
    assert_non_null(strstr(why, "/list:2: an address"));
}

static int tear_down(void **state) {
    if (snapshot)
        edge_snapshot_drop(snapshot);
    return fixture_tear_down(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_files),
        cmocka_unit_test(keys_of_unknown_meaning),
        cmocka_unit_test(tables_written_wrongly),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(by_path),
    };
    return cmocka_run_group_tests_name("core/lookup", tests, fixture_set_up, tear_down);
}
