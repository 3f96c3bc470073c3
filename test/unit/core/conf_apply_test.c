/* Rows into structs: types, bounds, defaults, inheritance, and what is reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"

static void fills(const char *text) {
    edge_snapshot_t *snapshot = fixture_build(text);
    assert_string_equal(fixture_codes(), "");
    edge_snapshot_drop(snapshot);
}

static void refuses(const char *text, const char *codes) {
    edge_snapshot_t *snapshot = fixture_build(apr_pstrcat(fixture_pool, PROBE_LOAD, text, "\n", PROBE_REST, NULL));
    assert_string_equal(fixture_codes(), codes);
    edge_snapshot_drop(snapshot);
}

static void advises(const char *text, const char *code, const char *message, const char *advice) {
    edge_snapshot_t *snapshot = fixture_build(apr_pstrcat(fixture_pool, PROBE_LOAD, text, "\n", PROBE_REST, NULL));
    assert_non_null(fixture_report.first);
    assert_string_equal(fixture_report.first->code, code);
    assert_string_equal(fixture_report.first->text, message);
    assert_string_equal(fixture_report.first->advice ? fixture_report.first->advice : "", advice);
    edge_snapshot_drop(snapshot);
}

static void defaults_hold(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = fixture_build(PROBE_LOAD PROBE_REST);
    assert_string_equal(fixture_codes(), "");
    const probe_conf_t *probe = fixture_probe(edge_snapshot_server(snapshot));
    assert_true(probe->flag);
    assert_int_equal(probe->number, 7);
    assert_int_equal(probe->size, 65536);
    assert_int_equal(probe->duration, 30000000);
    assert_int_equal(probe->word, 1);
    assert_int_equal(probe->words & 7, 7);
    assert_null(probe->text.at);
    assert_int_equal(probe->customs, 0);
    edge_snapshot_drop(snapshot);
}

static void every_type_is_read(void **state) {
    (void)state;
    edge_snapshot_t *snapshot =
        fixture_build(PROBE_LOAD "flag OFF\nNumber 100\nSize none\nDuration 2m\nText \"a b\"\nPath x/y\nWord Blue\n"
                                 "Words red blue\nCustom 1\nCustom 2 3\n" PROBE_REST);
    assert_string_equal(fixture_codes(), "");
    const probe_conf_t *probe = fixture_probe(edge_snapshot_server(snapshot));
    assert_false(probe->flag);
    assert_int_equal(probe->number, 100);
    assert_int_equal(probe->size, 0);
    assert_int_equal(probe->duration, 120000000);
    assert_string_equal(probe->text.at, "a b");
    assert_string_equal(probe->path.at, apr_pstrcat(fixture_pool, fixture_root, "/x/y", NULL));
    assert_int_equal(probe->word, 2);
    assert_int_equal(probe->words, 5);
    assert_int_equal(probe->customs, 2);
    assert_string_equal(probe->custom.at, "3");
    edge_snapshot_drop(snapshot);
}

static void words_are_edited(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = fixture_build(
        PROBE_LOAD "Words -green\n"
                   "<Queue q>\nSpool s\n</Queue>\n"
                   "<Listener one>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n</Listener>\n"
                   "<Listener two>\nListen 127.0.0.1:2\nQueue q\nProtocol probe\nWords +green -Red\n</Listener>\n"
                   "<Listener three>\nListen 127.0.0.1:3\nQueue q\nProtocol probe\nWords green\n</Listener>\n");
    static const struct {
        const char *name;
        uint32_t words;
    } wanted[] = {{"one", 5}, {"two", 6}, {"three", 2}};
    assert_string_equal(fixture_codes(), "");
    for (unsigned i = 0; i < EDGE_COUNT(wanted); i++)
        assert_int_equal(
            fixture_probe(edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of(wanted[i].name)))->words & 7,
            wanted[i].words);
    edge_snapshot_drop(snapshot);
    edge_snapshot_drop(fixture_build(PROBE_LOAD "Words +red green\n" PROBE_REST));
    assert_non_null(strstr(fixture_codes(), "EDG10038"));
    edge_snapshot_drop(fixture_build(PROBE_LOAD "Words -grene\n" PROBE_REST));
    assert_non_null(strstr(fixture_codes(), "EDG10036"));
}

static void listeners_take_what_they_do_not_set(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = fixture_build(
        PROBE_LOAD "Number 50\nSize 1M\nCustom a\n"
                   "<Queue q>\nSpool s\n</Queue>\n"
                   "<Listener one>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\nNumber 5\n</Listener>\n"
                   "<Listener two>\nListen 127.0.0.1:2\nQueue q\nProtocol probe\nCustom b\nCustom c\n</Listener>\n"
                   "Word red\n");
    assert_string_equal(fixture_codes(), "");
    const edge_section_t *one = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("one"));
    const edge_section_t *two = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("two"));
    assert_int_equal(fixture_probe(one)->number, 5);
    assert_int_equal(fixture_probe(two)->number, 50);
    assert_int_equal(fixture_probe(one)->size, 1 << 20);
    assert_int_equal(fixture_probe(one)->word, 0); /* written behind it: order does not matter */
    assert_int_equal(fixture_probe(one)->duration, 30000000);
    assert_int_equal(fixture_probe(one)->customs, 1);
    assert_int_equal(fixture_probe(two)->customs, 2); /* lists are replaced */
    assert_string_equal(fixture_probe(two)->custom.at, "c");
    unsigned line;
    const char *file;
    assert_true(edge_section_wrote(one, "number", &file, &line));
    assert_int_equal(line, 12);
    assert_false(edge_section_wrote(two, "Number", NULL, NULL));
    edge_snapshot_drop(snapshot);
}

static void wrong_values(void **state) {
    (void)state;
    refuses("Flag yes", "EDG10030@2:6");
    refuses("Number x", "EDG10031@2:8");
    refuses("Number -1", "EDG10031@2:8");
    refuses("Number 99999999999", "EDG10031@2:8");
    refuses("Number 0", "EDG10032@2:8");
    refuses("Number 101", "EDG10032@2:8");
    refuses("Size 64KB", "EDG10033@2:6");
    refuses("Size 2G", "EDG10032@2:6");
    refuses("Duration 30", "EDG10034@2:10");
    refuses("Duration none", "EDG10034@2:10");
    refuses("Duration 500ms", "EDG10032@2:10");
    refuses("Duration 2h", "EDG10032@2:10");
    refuses("Path \"\"", "EDG10035@2:6");
    refuses("Word purple", "EDG10036@2:6");
    refuses("Words red all", "EDG10036@2:11");
    refuses("Text", "EDG10037@2:1");
    refuses("Text a b", "EDG10037@2:8");
    refuses("Words", "EDG10037@2:1");
    refuses("Custom bad", "EDG10999@2:8");
}

static void wrong_names(void **state) {
    (void)state;
    advises("Numbr 5", "EDG10021", "unknown directive \"Numbr\" in the server's part", "did you mean \"Number\"?");
    advises("Zyzzx 5", "EDG10021", "unknown directive \"Zyzzx\" in the server's part",
            "edged -L lists every directive");
    advises("Listen 1.2.3.4:5", "EDG10020", "\"Listen\" is not allowed in the server's part",
            "it belongs to: <Listener>");
    advises("Banner x", "EDG10022", "\"Banner\" is provided by smtp_edge_module, which is not loaded",
            "add: LoadModule smtp_edge_module modules/mod_smtp_edge.so");
    advises("Word gren", "EDG10036", "\"Word\" does not know \"gren\"; allowed: red, green, blue",
            "did you mean \"green\"?");
    advises("<Lisener x>\n</Lisener>", "EDG10024", "unknown section <Lisener>", "did you mean <Listener>?");
    advises("<On MAIL>\n</On>", "EDG10025", "<On> is not allowed in the server's part", "it belongs to: <Listener>");
    advises("<Queue>\n</Queue>", "EDG10026", "<Queue> takes one name, got 0 words", "write <Queue NAME>");
    advises("<TLSContext x>\nCertificate a\n</TLSContext>", "EDG10028",
            "<TLSContext> is provided by tls_module, which is not loaded",
            "add: LoadModule tls_module modules/mod_tls.so");
}

static void repeated(void **state) {
    (void)state;
    refuses("Number 1\nNumber 2\nnumber 3", "EDG10023@3:1 EDG10023@4:1");
    refuses("Custom 1\nCustom 2", "");
    refuses("<Queue main>\nSpool s\n</Queue>", "EDG10027@5:1");
}

static void all_errors_are_reported_in_their_order(void **state) {
    (void)state;
    refuses("Number x\n<Listener a>\nListen 1.2.3.4:99999\nQueue nowhere\nProtocol probe\nZyzzx\n</Listener>\nSize x",
            "EDG10031@2:8 EDG10309@4:8 EDG10053@5:7 EDG10021@7:1 EDG10033@9:6");
}

static void shown_as_it_can_be_written(void **state) {
    (void)state;
    edge_snapshot_t *snapshot =
        fixture_build(PROBE_LOAD "Text \"a \\\"b\\\"\"\nDuration 90s\nWords none\nSize none\n" PROBE_REST);
    const edge_section_t *server = edge_snapshot_server(snapshot);
    const char *expected[][2] = {
        {"Flag", "on"},    {"Number", "7"},  {"Size", "none"}, {"Duration", "90s"}, {"Text", "\"a \\\"b\\\"\""},
        {"Word", "green"}, {"Words", "none"}};
    for (unsigned i = 0; i < EDGE_COUNT(expected); i++)
        for (const edge_directive_t *row = probe_directives; row->name; row++)
            if (strcmp(row->name, expected[i][0]) == 0)
                assert_string_equal(edge_conf_show(server, &probe_module, row, fixture_pool), expected[i][1]);
    edge_snapshot_drop(snapshot);
}

static void scopes_have_names(void **state) {
    (void)state;
    assert_string_equal(edge_scope_names(EDGE_IN(SERVER) | EDGE_IN(QUEUE), fixture_pool), "server, <Queue>");
    for (unsigned scope = 0; scope < EDGE_SCOPE_COUNT; scope++)
        assert_non_null(edge_scope_prose((edge_scope_t)scope));
    assert_null(edge_scope_section(EDGE_SCOPE_SERVER));
    fills(PROBE_LOAD PROBE_REST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(words_are_edited),
        cmocka_unit_test(listeners_take_what_they_do_not_set),
        cmocka_unit_test(wrong_values),
        cmocka_unit_test(wrong_names),
        cmocka_unit_test(repeated),
        cmocka_unit_test(all_errors_are_reported_in_their_order),
        cmocka_unit_test(shown_as_it_can_be_written),
        cmocka_unit_test(scopes_have_names),
    };
    return cmocka_run_group_tests_name("core/conf_apply", tests, fixture_set_up, fixture_tear_down);
}
