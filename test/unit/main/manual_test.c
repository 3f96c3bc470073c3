/* Tests of server/manual.c: every option is in the page, with and without a letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "manual.h"

static void every_option_is_told(void **state) {
    static const apr_getopt_option_t options[] = {
        {"file", 'f', 1, "read this"}, {"dry-run", 300, 0, ".hidden"}, {NULL, 0, 0, NULL}};
    char *written = NULL;
    size_t len;
    FILE *out = open_memstream(&written, &len);
    (void)state;
    assert_non_null(out);
    edge_manual_print(options, out);
    fclose(out);
    assert_int_equal(strncmp(written, ".TH EDGED 8 ", 12), 0);
    assert_non_null(strstr(written, ".TP\n\\fB\\-f\\fR, \\fB\\-\\-file\\fR\nread this\n"));
    assert_non_null(strstr(written, ".TP\n\\fB\\-\\-dry\\-run\\fR\n\\&.hidden\n"));
    assert_non_null(strstr(written, "\n.SH SIGNALS\n"));
    free(written);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_option_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
