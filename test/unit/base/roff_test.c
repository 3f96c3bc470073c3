/* Tests of server/base/roff.c: text stays text in a manual page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/roff.h"

static void line_becomes(const char *text, const char *wanted) {
    char *written = NULL;
    size_t len;
    FILE *out = open_memstream(&written, &len);
    assert_non_null(out);
    edge_roff_line(out, text);
    fclose(out);
    assert_string_equal(written, wanted);
    free(written);
}

static void text_stays_text(void **state) {
    (void)state;
    line_becomes("", "\n");
    line_becomes("A word.", "A word.\n");
    line_becomes(".TH begins a page", "\\&.TH begins a page\n");
    line_becomes("'quoted'", "\\&'quoted'\n");
    line_becomes("C:\\n --flag \"x\"", "C:\\en \\-\\-flag \\(dqx\\(dq\n");
}

static void source_stays_source(void **state) {
    static const char *const lines[] = {".SH NAME", "edged \\- serves", NULL};
    char *written = NULL;
    size_t len;
    FILE *out = open_memstream(&written, &len);
    (void)state;
    assert_non_null(out);
    edge_roff_source(out, lines);
    fclose(out);
    assert_string_equal(written, ".SH NAME\nedged \\- serves\n");
    free(written);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(text_stays_text), cmocka_unit_test(source_stays_source)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
