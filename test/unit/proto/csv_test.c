/* Cells of CSV: quoted, in one line, and never a formula. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/csv.h"

static void is(const char *text, size_t len, const char *wanted) {
    char out[1024];
    assert_true(EDGE_CSV_ROOM(len) <= sizeof out);
    size_t got = edge_csv_text(edge_span(text, len), out);
    assert_true(got <= EDGE_CSV_ROOM(len));
    out[got] = '\0';
    assert_string_equal(out, wanted);
}

static void cell(const char *text, const char *wanted) { is(text, strlen(text), wanted); }

static void texts_are_quoted(void **state) {
    (void)state;
    cell("", "\"\"");
    cell("mail.example", "\"mail.example\"");
    cell("a,b;c\td", "\"a,b;c\\x09d\"");
    cell("say \"no\"", "\"say \"\"no\"\"\"");
    cell("Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", "\"Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

static void formulas_are_none(void **state) {
    (void)state;
    cell("=1+1", "\"'=1+1\"");
    cell("+31", "\"'+31\"");
    cell("-2", "\"'-2\"");
    cell("@SUM(A1)", "\"'@SUM(A1)\"");
    cell("  =cmd|' /C calc'!A0", "\"'  =cmd|' /C calc'!A0\"");
    cell("\xef\xbc\x9d"
         "1",
         "\"'\xef\xbc\x9d"
         "1\"");
    cell("\xef\xbc\x8b"
         "1",
         "\"'\xef\xbc\x8b"
         "1\"");
    cell("\xef\xbc\x8d"
         "1",
         "\"'\xef\xbc\x8d"
         "1\"");
    cell("\xef\xbc\xa0"
         "x",
         "\"'\xef\xbc\xa0"
         "x\"");
    cell("\t=1", "\"\\x09=1\"");
    cell("\xef\xbb\xbf=1", "\"\\ufeff=1\"");
    cell("a=1", "\"a=1\"");
    cell("\"=1", "\"\"\"=1\"");
}

static void hostile_octets_are_inert(void **state) {
    (void)state;
    is("a\0b", 3, "\"a\\x00b\"");
    cell("a\r\nb", "\"a\\x0d\\x0ab\"");
    cell("\x1b[31m", "\"\\x1b[31m\"");
    cell("\x7f\xc2\x9b", "\"\\x7f\\x9b\"");
    cell("gpj.\xe2\x80\xae"
         "exe",
         "\"gpj.\\u202eexe\"");
    cell("\xe2\x81\xa6\xe2\x80\xa8\xd8\x9c", "\"\\u2066\\u2028\\u061c\"");
    cell("\xff\xc3(", "\"\xef\xbf\xbd\xef\xbf\xbd(\"");
    cell("\xc3", "\"\xef\xbf\xbd\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_are_quoted), cmocka_unit_test(formulas_are_none),
                                       cmocka_unit_test(hostile_octets_are_inert)};
    return cmocka_run_group_tests_name("proto/csv", tests, NULL, NULL);
}
