/* The tree: sections, conditions, Define, Include, and every way to write them wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "conf_fixture.h"

static apr_pool_t *pool;
static edge_conf_report_t report;

static void reads(const char *text, const char *expected) {
    assert_string_equal(conf_fixture_tree(conf_fixture_parse(text, &report, NULL)->root.first), expected);
    assert_string_equal(conf_fixture_codes(&report), "");
    conf_fixture_start(pool);
}

static void refuses(const char *text, const char *codes) {
    conf_fixture_parse(text, &report, NULL);
    assert_string_equal(conf_fixture_codes(&report), codes);
    conf_fixture_start(pool);
}

static void directives_and_sections(void **state) {
    reads("", "");
    reads("# only a comment", "");
    reads("A 1 2\nB", "A 1 2;B;");
    reads("<S x>\n A 1\n <T y z>\n </T>\n</s>\nB 2\n", "S x{A 1;T y z{}}B 2;");
    reads("<S>\n</S>\n<S >\n</S>\n", "S{}S{}");
    reads("<S \"a b\">\n</S>\n", "S a b{}");
    reads("<S x>   # comment\n</S> # another\n", "S x{}");
}

static void places(void **state) {
    edge_conf_tree_t *tree = conf_fixture_parse("A\n  <Sec  \"na me\">\n\tB one \\\n   two\n</Sec>\n", &report, NULL);
    const edge_conf_node_t *section = tree->root.first->next, *inner = section->first;
    edge_conf_place_t place = edge_conf_place_of(section);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 3);
    assert_int_equal(place.width, 4);
    place = edge_conf_place_of_argument(section, 0);
    assert_int_equal(place.column, 9);
    place = edge_conf_place_of(inner);
    assert_int_equal(place.line, 3);
    assert_int_equal(place.column, 2);
    place = edge_conf_place_of_argument(inner, 1);
    assert_int_equal(place.line, 4);
    assert_int_equal(place.column, 4);
    assert_int_equal(place.width, 3);
    place = edge_conf_place_of_argument(inner, 7);
    assert_int_equal(place.line, 3);
    assert_string_equal(place.file->path, "/r/edge.conf");
}

static void sections_written_wrongly(void **state) {
    refuses("<S x>\nA\n", "EDG10003@1:1");
    refuses("</S>\n", "EDG10011@1:1");
    refuses("<S>\n</T>\nA\n", "EDG10012@2:1");
    refuses("<S>\n<T>\n</S>\nA\n", "EDG10003@2:1");
    refuses("<S x\nA\n</S>\n", "EDG10013@1:4");
    refuses("<S>\n<T>\n<U>\n", "EDG10003@1:1 EDG10003@2:1 EDG10003@3:1");
    refuses("<IfDefine>\n</IfDefine>\n", "EDG10010@1:1");
    refuses("<IfDefine a b>\n</IfDefine>\n", "EDG10010@1:1");
    refuses("<IfDefine X>\nA\n", "EDG10003@1:1");
}

static void conditions(void **state) {
    reads("Define X\n<IfDefine X>\nA\n</IfDefine>\n<IfDefine !X>\nB\n</IfDefine>\n", "A;");
    reads("<IfDefine X>\n<S>\n<IfDefine Y>\n</IfDefine>\nA\n</S>\n</IfDefine>\nB\n", "B;");
    reads("<S>\n<IfDefine !X>\nA\n<T>\nB\n</T>\n</IfDefine>\n</S>\n", "S{A;T{B;}}");
    reads("LoadModule a_module x\n<IfModule a_module>\nA\n</IfModule>\n<IfModule !b_module>\nB\n</IfModule>\n",
          "LoadModule a_module x;A;B;");
    reads("<IfModule b_module>\nError \"no\"\n</IfModule>\n", "");
    conf_fixture_file("/r/there", "");
    reads("<IfFile there>\nA\n</IfFile>\n<IfFile /r/gone>\nB\n</IfFile>\n", "A;");
}

static void skipped_parts_are_listed(void **state) {
    edge_conf_tree_t *tree = conf_fixture_parse("A\n<IfDefine X>\nB\n</IfDefine>\n", &report, NULL);
    assert_int_equal(tree->skipped->nelts, 1);
    const edge_conf_skipped_t *skipped = &APR_ARRAY_IDX(tree->skipped, 0, edge_conf_skipped_t);
    assert_int_equal(skipped->place.line, 2);
    assert_string_equal(skipped->why, "<IfDefine X> does not hold");
    assert_string_equal(skipped->node->arguments[0].text.at, "X");
}

static void defines(void **state) {
    reads("Define A 1\nDefine B ${A}2\nX ${B}${A}\n", "X 121;");
    refuses("Define\n", "EDG10006@1:1");
    refuses("Define A 1 2\n", "EDG10006@1:1");
    refuses("Define A 1\nDefine A 2\n", "EDG20001@2:8");
    assert_string_equal(conf_fixture_tree(conf_fixture_parse("Define A 1\nX ${A}\n", &report, "A=9")->root.first),
                        "X 9;");
    assert_string_equal(conf_fixture_codes(&report), "");
}

static void includes(void **state) {
    conf_fixture_file("/r/d/1.conf", "One\n");
    conf_fixture_file("/r/d/2.conf", "Two ${V}\n");
    reads("Define V v\nInclude d/*.conf\nIncludeOptional e/*.conf\nIncludeOptional gone\nEnd\n", "One;Two v;End;");
    conf_fixture_file("/r/d/1.conf", "One\n");
    reads("<S>\nInclude /r/d/1.conf\n</S>\n", "S{One;}");
}

static void includes_written_wrongly(void **state) {
    refuses("Include\n", "EDG10007@1:1");
    refuses("Include a b\n", "EDG10007@1:1");
    refuses("A\nInclude d/*.conf\n", "EDG10008@2:9");
    refuses("Include gone\n", "EDG10015@1:9");
    refuses(NULL, "EDG10015@0:0");
    conf_fixture_file("/r/a", "Include b\n");
    conf_fixture_file("/r/b", "Include a\n");
    refuses("Include a\n", "EDG10014@1:9");
    conf_fixture_file("/r/a", "</S>\n");
    refuses("<S>\nInclude a\n</S>\n", "EDG10011@1:1");
    conf_fixture_file("/r/a", "<T>\n");
    refuses("<S>\nInclude a\n</S>\n", "EDG10003@1:1");
}

static void the_cycle_is_named(void **state) {
    conf_fixture_file("/r/a", "Include edge.conf\n");
    conf_fixture_parse("Include a\n", &report, NULL);
    assert_string_equal(report.first->text, "a file includes itself: /r/edge.conf -> /r/a -> /r/edge.conf");
}

static void depth_and_number_of_files_are_bounded(void **state) {
    for (unsigned i = 0; i < 40; i++)
        conf_fixture_file(apr_psprintf(pool, "/r/%u", i), apr_psprintf(pool, "Include %u\n", i + 1));
    refuses("Include 0\n", "EDG10017@1:9");
    for (unsigned i = 0; i < 12; i++)
        conf_fixture_file(apr_psprintf(pool, "/r/%u", i), apr_psprintf(pool, "Include %u\nInclude %u\n", i + 1, i + 1));
    conf_fixture_file("/r/12", "A\n");
    conf_fixture_parse("Include 0\n", &report, NULL);
    assert_int_equal(report.files, 1000);
    assert_string_equal(report.first->code, "EDG10018");
}

static void error_and_warning(void **state) {
    conf_fixture_parse("Error \"stop here\"\nWarning look\n", &report, NULL);
    assert_string_equal(conf_fixture_codes(&report), "EDG10009@1:1 EDG20002@2:1");
    assert_string_equal(report.first->text, "stop here");
    assert_int_equal(report.errors, 1);
    assert_int_equal(report.warnings, 1);
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int each(void **state) {
    (void)state;
    conf_fixture_start(pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(directives_and_sections, each),
        cmocka_unit_test_setup(places, each),
        cmocka_unit_test_setup(sections_written_wrongly, each),
        cmocka_unit_test_setup(conditions, each),
        cmocka_unit_test_setup(skipped_parts_are_listed, each),
        cmocka_unit_test_setup(defines, each),
        cmocka_unit_test_setup(includes, each),
        cmocka_unit_test_setup(includes_written_wrongly, each),
        cmocka_unit_test_setup(the_cycle_is_named, each),
        cmocka_unit_test_setup(depth_and_number_of_files_are_bounded, each),
        cmocka_unit_test_setup(error_and_warning, each),
    };
    return cmocka_run_group_tests_name("proto/conf_parse", tests, set_up, NULL);
}
