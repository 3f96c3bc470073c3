/* Following a file: what is taken, when, and what is said of what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edge_followed.h"

EDGE_LOG_AREA(followed_test_log, "followed_test")

static char path[64], log_path[64];
static edge_followed_t followed;
static unsigned reads;
static bool sound;

static bool read_it(void *context, edge_file_stamp_t *stamp) {
    assert_ptr_equal(context, &reads);
    reads++;
    *stamp = edge_file_stamp(path);
    return sound;
}

static void write_it(const char *text) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void look(edge_followed_look_t wanted) {
    assert_int_equal(edge_followed_look(&followed, path, read_it, &reads), wanted);
}

static int start(void **state) {
    (void)state;
    strcpy(path, "/tmp/followed_test.XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    close(fd);
    write_it("one");
    followed = (edge_followed_t){.refusing = true};
    edge_followed_took(&followed, edge_file_stamp(path));
    reads = 0;
    sound = true;
    return 0;
}

static int end(void **state) {
    (void)state;
    return unlink(path) == 0 || reads > 0 ? 0 : -1;
}

static void a_change_is_taken_when_it_has_settled(void **state) {
    (void)state;
    look(EDGE_FOLLOWED_SAME);
    write_it("two is longer");
    look(EDGE_FOLLOWED_CHANGING);
    write_it("three is longer still");
    look(EDGE_FOLLOWED_CHANGING);
    assert_int_equal(reads, 0);
    look(EDGE_FOLLOWED_TAKEN);
    look(EDGE_FOLLOWED_SAME);
    assert_int_equal(reads, 1);
}

static void what_is_refused_is_tried_once(void **state) {
    (void)state;
    sound = false;
    write_it("two is longer");
    look(EDGE_FOLLOWED_CHANGING);
    look(EDGE_FOLLOWED_REFUSED);
    assert_true(followed.refusing);
    look(EDGE_FOLLOWED_SAME);
    assert_int_equal(reads, 1);
    sound = true;
    write_it("three is longer still");
    look(EDGE_FOLLOWED_CHANGING);
    look(EDGE_FOLLOWED_TAKEN);
    assert_false(followed.refusing);
}

static void a_file_that_has_gone_is_a_change(void **state) {
    (void)state;
    sound = false;
    unlink(path);
    look(EDGE_FOLLOWED_CHANGING);
    look(EDGE_FOLLOWED_REFUSED);
    look(EDGE_FOLLOWED_SAME);
}

/* As it was loaded: nothing is read, and nothing is refused any more. */
static void the_old_one_comes_back(void **state) {
    char aside[80];
    (void)state;
    sound = false;
    snprintf(aside, sizeof aside, "%s.old", path);
    assert_int_equal(rename(path, aside), 0);
    look(EDGE_FOLLOWED_CHANGING);
    look(EDGE_FOLLOWED_REFUSED);
    assert_int_equal(rename(aside, path), 0);
    followed.loaded = edge_file_stamp(path); /* renaming may count as a change of the file */
    look(EDGE_FOLLOWED_SAME);
    assert_false(followed.refusing);
    assert_int_equal(reads, 1);
}

static void the_first_faults_are_said(void **state) {
    char text[4096];
    (void)state;
    strcpy(log_path, "/tmp/followed_log.XXXXXX");
    int fd = mkstemp(log_path), before = dup(STDERR_FILENO);
    assert_true(fd >= 0 && before >= 0);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    edge_file_faults_t faults = {.area = &followed_test_log, .number = 680, .path = "/etc/list"};
    edge_file_fault(&faults, 3, "no address");
    edge_file_fault(&faults, 0, "too long");
    for (unsigned i = 0; i < 10; i++)
        edge_file_fault(&faults, 7, "more");
    dup2(before, STDERR_FILENO);
    close(before);
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    assert_true(len > 0);
    text[len] = '\0';
    close(fd);
    unlink(log_path);
    assert_int_equal(faults.count, 12);
    assert_non_null(strstr(text, "EDG00680: /etc/list:3: no address"));
    assert_non_null(strstr(text, "EDG00681: /etc/list: too long"));
    unsigned more = 0;
    for (const char *at = text; (at = strstr(at, "/etc/list:7: more")) != NULL; at++)
        more++;
    assert_int_equal(more, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_is_taken_when_it_has_settled, start, end),
        cmocka_unit_test_setup_teardown(what_is_refused_is_tried_once, start, end),
        cmocka_unit_test_setup_teardown(a_file_that_has_gone_is_a_change, start, end),
        cmocka_unit_test_setup_teardown(the_old_one_comes_back, start, end),
        cmocka_unit_test(the_first_faults_are_said),
    };
    return cmocka_run_group_tests_name("core/followed", tests, NULL, NULL);
}
