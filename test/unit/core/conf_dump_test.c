/* Dumps: what -t -S -T -M -L print, and that what -T prints loads again and means the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/conf_dump.h"

typedef int dump_function(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool);

static const char *printed, *complained;

static const char *text_of(FILE *file) {
    long size = ftell(file);
    char *text = apr_pcalloc(fixture_pool, (apr_size_t)size + 1);
    rewind(file);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    fclose(file);
    return text;
}

static int run(dump_function *function, edge_conf_dump_t dump, const char *conf, const char *define) {
    edge_snapshot_source_t source = fixture_source(conf);
    FILE *out = tmpfile(), *err = tmpfile();
    if (define)
        *(const char **)apr_array_push(source.defines) = define;
    dump.source = &source;
    int status = function(&dump, out, err, fixture_pool);
    printed = text_of(out);
    complained = text_of(err);
    return status;
}

static const char whole[] = PROBE_LOAD
    "ServerName mx.example.net\n"
    "Text \"a # \\\"b\\\"\"\nPath p\nSecret hush\nCustom 1\nCustom \"2 2\" 3\nMaxConnections 50\n"
    "LogLevel info module:debug\n"
    "<Validator v>\nModule probe_module\nTimeout 5s\n</Validator>\n"
    "<Queue main>\nSpool spool/main\n</Queue>\n"
    "<Listener \"m x\">\nListen 127.0.0.1:2525\nProtocol probe\nQueue main\nNumber 5\n"
    "<On RCPT>\nValidate v mode=shadow\n</On>\n<On MAIL>\nValidate v\n</On>\n</Listener>\n"
    "<Listener two>\nListen 127.0.0.1:2526 [::1]:2526\nProtocol probe\nQueue main\nMaxConnections 5\n</Listener>\n";

static void test_says_ok_or_everything(void **state) {
    (void)state;
    edge_conf_dump_t plain = {0}, strict = {.strict = true}, quiet = {.quiet = true};
    assert_int_equal(run(edge_conf_dump_test, plain, PROBE_LOAD PROBE_REST, NULL), 0);
    assert_string_equal(printed, "Syntax OK\n");
    assert_string_equal(complained, "");
    assert_int_equal(run(edge_conf_dump_test, quiet, PROBE_LOAD PROBE_REST, NULL), 0);
    assert_string_equal(printed, "");
    assert_int_equal(run(edge_conf_dump_test, plain, PROBE_LOAD "Text x\n" PROBE_REST, NULL), 0);
    assert_string_equal(printed, "Syntax OK; 0 errors, 1 warning in 1 file\n");
    assert_non_null(strstr(complained, "/edge.conf:2:1: warning: a Text without a Path [EDG20999]\n"));
    assert_int_equal(run(edge_conf_dump_test, strict, PROBE_LOAD "Text x\n" PROBE_REST, NULL), 3);
    assert_int_equal(run(edge_conf_dump_test, strict, PROBE_LOAD "Number x\nSize x\n" PROBE_REST, NULL), 1);
    assert_string_equal(printed, "");
    assert_non_null(strstr(complained, "[EDG10031]"));
    assert_non_null(strstr(complained, "[EDG10033]"));
    assert_non_null(strstr(complained, "\n2 errors, 0 warnings in 1 file.\n"));
}

static void test_speaks_json(void **state) {
    (void)state;
    edge_conf_dump_t json = {.json = true};
    assert_int_equal(run(edge_conf_dump_test, json, PROBE_LOAD "Number x\n" PROBE_REST, NULL), 1);
    assert_string_equal(complained, "");
    static const char start[] = "{\"errors\":1,\"warnings\":0,\"files\":1,\"diagnostics\":[{\"file\":";
    assert_int_equal(strncmp(printed, start, sizeof(start) - 1), 0);
}

static void test_names_what_it_skipped_and_included(void **state) {
    (void)state;
    edge_conf_dump_t verbose = {.verbose = true};
    fixture_file("more.conf", "Include deep.conf\n");
    fixture_file("deep.conf", "Number 3\n");
    assert_int_equal(run(edge_conf_dump_test, verbose,
                         PROBE_LOAD "<IfDefine X>\nText x\n</IfDefine>\nInclude more.conf\n" PROBE_REST,
                         "DUMP_INCLUDES"),
                     0);
    assert_string_equal(printed,
                        apr_psprintf(fixture_pool,
                                     "Syntax OK\nedge.conf:2: skipped: <IfDefine X> does not hold\n"
                                     "%s/edge.conf\n    %s/more.conf (line 5)\n        %s/deep.conf (line 1)\n",
                                     fixture_root, fixture_root, fixture_root));
}

static void configuration_loads_again_and_means_the_same(void **state) {
    (void)state;
    edge_conf_dump_t plain = {0};
    assert_int_equal(run(edge_conf_dump_configuration, plain, whole, NULL), 0);
    assert_string_equal(complained, "");
    const char *first = printed;
    assert_null(strstr(first, "hush"));
    assert_non_null(strstr(first, "MaxConnections       50                                   # edge.conf:8\n"));
    assert_non_null(strstr(first, "Custom               \"2 2\" 3                              # edge.conf:7\n"));
    assert_non_null(strstr(first, "Number               7                                    # default\n"));
    assert_non_null(strstr(first, "    # MaxConnections       50                             # server, edge.conf:8\n"));
    edge_snapshot_t *snapshot = fixture_build(first);
    assert_string_equal(fixture_codes(), "");
    const edge_section_t *listener = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("m x"));
    assert_int_equal(fixture_probe(listener)->number, 5);
    assert_int_equal(fixture_probe(listener)->customs, 2);
    assert_string_equal(fixture_probe(listener)->text.at, "a # \"b\"");
    edge_snapshot_drop(snapshot);
    /* Printed once more, only the origins differ. */
    assert_int_equal(run(edge_conf_dump_configuration, plain, first, NULL), 0);
    unsigned lines[2] = {0, 0};
    const char *texts[2] = {first, printed};
    for (unsigned i = 0; i < 2; i++)
        for (const char *at = texts[i]; (at = strchr(at, '\n')) != NULL; at++)
            lines[i] += at[1] != ' ' || strncmp(at + 1, "    # ", 6) != 0;
    assert_int_equal(lines[0], lines[1]);
}

static void no_dump_of_what_is_wrong(void **state) {
    (void)state;
    edge_conf_dump_t plain = {0};
    assert_int_equal(run(edge_conf_dump_configuration, plain, PROBE_LOAD "Number x\n" PROBE_REST, NULL), 1);
    assert_string_equal(printed, "");
    assert_non_null(strstr(complained, "1 error, 0 warnings in 1 file.\n"));
    assert_int_equal(run(edge_conf_dump_overview, plain, PROBE_LOAD "Number x\n" PROBE_REST, NULL), 1);
    assert_string_equal(printed, "");
}

static void overview_names_all(void **state) {
    (void)state;
    edge_conf_dump_t plain = {0};
    assert_int_equal(run(edge_conf_dump_overview, plain, whole, "NAME=value"), 0);
    assert_non_null(strstr(printed, "  ServerName           mx.example.net                           edge.conf:2\n"));
    assert_non_null(strstr(printed, "  two              127.0.0.1:2526 [::1]:2526        probe    TLS off       queue "
                                    "main             edge.conf:29\n"));
    assert_non_null(strstr(printed, "  main             spool    "));
    assert_non_null(strstr(printed, "Validators of m x\n                   MAIL         RCPT        \n"
                                    "  v                1 enforce    1 shadow     edge.conf:10\n"));
    assert_null(strstr(printed, "Validators of two"));
    assert_non_null(strstr(printed, "  NAME                 value\n"));
    assert_int_equal(run(edge_conf_dump_overview, plain, whole, "DUMP_INCLUDES"), 0);
    assert_string_equal(printed, apr_pstrcat(fixture_pool, fixture_root, "/edge.conf\n", NULL));
}

static void modules_and_what_they_offer(void **state) {
    (void)state;
    edge_conf_dump_t plain = {0};
    assert_int_equal(run(edge_conf_dump_modules, plain, whole, NULL), 0);
    assert_int_equal(strncmp(printed, "core_module (built in)\n", 23), 0);
    assert_non_null(strstr(printed,
                           "probe_module (x, edge.conf:1)\n    rows of every type, for the tests\n"
                           "    protocol probe: A protocol of the test.\n    queue spool: A queue of the test.\n"
                           "    check sender at MAIL, inline: Passes every sender.\n"
                           "    check recipient at RCPT, blocking: Passes every recipient.\n"));
}

static void directives_of_all_or_of_one(void **state) {
    (void)state;
    edge_conf_dump_t all = {0}, one = {.topic = "probe_module"}, wrong = {.topic = "prob"};
    assert_int_equal(run(edge_conf_dump_directives, all, whole, NULL), 0);
    assert_non_null(strstr(printed, "\nMaxConnections NUMBER\n    module: core   scope: server, <Listener>   type: "
                                    "number   default: 2000   changes: for new sessions, also while running\n"));
    assert_int_equal(run(edge_conf_dump_directives, one, whole, NULL), 0);
    assert_int_equal(strncmp(printed, "Flag on | off\n", 14), 0);
    assert_null(strstr(printed, "MaxConnections"));
    assert_int_equal(run(edge_conf_dump_directives, wrong, whole, NULL), 1);
    assert_string_equal(complained, "edged: module \"prob\" is not loaded; did you mean \"probe\"?\n");
}

static void manual_is_roff(void **state) {
    (void)state;
    edge_conf_dump_t manual = {.manual = true};
    assert_int_equal(run(edge_conf_dump_directives, manual, whole, NULL), 0);
    assert_int_equal(strncmp(printed, ".TH EDGE.CONF 5 ", 16), 0);
    assert_non_null(strstr(printed, ".TP\n.B <Listener NAME>\n"));
    assert_null(strstr(printed, "<TLSContext"));
    assert_non_null(strstr(printed, ".TP\n\\fBCustom\\fR ANY...\nAnything; \\-dashes and \\eslashes.\n.br\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_ok_or_everything),
        cmocka_unit_test(test_speaks_json),
        cmocka_unit_test(test_names_what_it_skipped_and_included),
        cmocka_unit_test(configuration_loads_again_and_means_the_same),
        cmocka_unit_test(no_dump_of_what_is_wrong),
        cmocka_unit_test(overview_names_all),
        cmocka_unit_test(modules_and_what_they_offer),
        cmocka_unit_test(directives_of_all_or_of_one),
        cmocka_unit_test(manual_is_roff),
    };
    return cmocka_run_group_tests_name("core/conf_dump", tests, fixture_set_up, fixture_tear_down);
}
