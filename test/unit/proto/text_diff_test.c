/* Unified diffs of edits, as patch takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <string.h>

#include "proto/text_diff.h"

#define LETTERS "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\n"

static apr_pool_t *pool;
static apr_array_header_t *edits;

static void edit(size_t at, size_t len, const char *text) {
    *(edge_text_edit_t *)apr_array_push(edits) = (edge_text_edit_t){at, len, text};
}

static void diff(const char *text, const char *wanted) {
    assert_string_equal(edge_text_diff("edge.conf", edge_span_of(text), edits, pool), wanted);
    apr_array_clear(edits);
}

#define HEAD "--- a/edge.conf\n+++ b/edge.conf\n"

static void nothing(void **state) {
    (void)state;
    diff(LETTERS, "");
}

static void a_word_within_a_line(void **state) {
    (void)state;
    edit(8, 1, "E");
    diff(LETTERS, HEAD "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n");
    edit(8, 0, "x");
    edit(9, 0, "y");
    diff(LETTERS, HEAD "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+xey\n f\n g\n h\n");
}

static void lines_between_lines(void **state) {
    (void)state;
    edit(8, 0, "new\n");
    diff(LETTERS, HEAD "@@ -2,6 +2,7 @@\n b\n c\n d\n+new\n e\n f\n g\n");
    edit(0, 0, "new\n");
    diff(LETTERS, HEAD "@@ -1,3 +1,4 @@\n+new\n a\n b\n c\n");
    edit(32, 0, "new\nnewer\n");
    diff(LETTERS, HEAD "@@ -14,3 +14,5 @@\n n\n o\n p\n+new\n+newer\n");
    edit(8, 2, "");
    diff(LETTERS, HEAD "@@ -2,7 +2,6 @@\n b\n c\n d\n-e\n f\n g\n h\n");
    edit(8, 3, "E\nF");
    diff(LETTERS, HEAD "@@ -2,8 +2,8 @@\n b\n c\n d\n-e\n-f\n+E\n+F\n g\n h\n i\n");
}

static void hunks_that_meet_are_one(void **state) {
    (void)state;
    edit(2, 1, "B");
    edit(16, 0, "new\n");
    diff(LETTERS, HEAD "@@ -1,11 +1,12 @@\n a\n-b\n+B\n c\n d\n e\n f\n g\n h\n+new\n i\n j\n k\n");
    edit(0, 0, "new\n");
    edit(30, 1, "P");
    diff(LETTERS, HEAD "@@ -1,3 +1,4 @@\n+new\n a\n b\n c\n@@ -13,4 +14,4 @@\n m\n n\n o\n-p\n+P\n");
}

static void a_last_line_without_an_end(void **state) {
    (void)state;
    edit(2, 1, "B");
    diff("a\nb", HEAD "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+B\n\\ No newline at end of file\n");
    edit(3, 0, "\nc\n");
    diff("a\nb", HEAD "@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n");
}

static void an_empty_text(void **state) {
    (void)state;
    edit(0, 0, "new\n");
    diff("", HEAD "@@ -0,0 +1,1 @@\n+new\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(a_word_within_a_line),
        cmocka_unit_test(lines_between_lines),
        cmocka_unit_test(hunks_that_meet_are_one),
        cmocka_unit_test(a_last_line_without_an_end),
        cmocka_unit_test(an_empty_text),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    edits = apr_array_make(pool, 4, sizeof(edge_text_edit_t));
    return cmocka_run_group_tests_name("proto/text_diff", tests, NULL, NULL);
}
