/* Chunks: their sizes and what belongs to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/smtp_bdat.h"

static edge_smtp_bdat_t bdat;

static bool parse(const char *text) { return edge_smtp_bdat_parse(edge_span_of(text), &bdat); }

static void sizes(void **state) {
    assert_true(parse("86"));
    assert_int_equal(bdat.size, 86);
    assert_false(bdat.last);
    assert_true(parse("0 LAST"));
    assert_true(bdat.last && bdat.size == 0 && bdat.left == 0);
    assert_true(parse("7  last "));
    assert_true(bdat.last);
    assert_true(parse("18446744073709551615"));
    assert_true(bdat.left == UINT64_MAX);
}

static void malformed(void **state) {
    static const char *const texts[] = {
        "", "x", "-1", "+1", "1x", "LAST", "1 LASTLY", "1 2", "1 LAST 2", "18446744073709551616", "0x1"};
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++)
        assert_false(parse(texts[i]));
}

static void parts(void **state) {
    assert_true(parse("5"));
    edge_span_t input = edge_span_of("abc");
    assert_int_equal(edge_smtp_bdat_part(&bdat, input).len, 3);
    edge_smtp_bdat_took(&bdat, 3);
    assert_int_equal(edge_smtp_bdat_part(&bdat, input).len, 2);
    edge_smtp_bdat_took(&bdat, 2);
    assert_int_equal(edge_smtp_bdat_part(&bdat, input).len, 0);
    assert_int_equal(bdat.size, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes), cmocka_unit_test(malformed), cmocka_unit_test(parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
