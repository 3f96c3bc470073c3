/* Tests of server/base/log.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_counter.h"
#include "edge_log.h"

#include <apr_general.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

EDGE_LOG_AREA(test_area, "test_log")

static char folder[] = "/tmp/edge_log_test.XXXXXX";
static char path[64], other_path[64];
static char content[200000];

static const char *read_file(const char *name) {
    int fd = open(name, O_RDONLY);
    ssize_t len = fd < 0 ? 0 : read(fd, content, sizeof content - 1);
    content[len < 0 ? 0 : len] = '\0';
    close(fd);
    return content;
}

static void fresh(void) {
    unlink(path);
    assert_int_equal(edge_log_open(path), APR_SUCCESS);
    edge_log_area_level(NULL, EDGE_LOG_NOTICE);
}

static void the_shape_of_a_line(void **state) {
    edge_log_about_t about = {"01ABCDEFGHJKM", "192.0.2.7:51512"};
    char expected[200];
    (void)state;
    fresh();
    EDGE_LOG_ABOUT(&test_area, EDGE_LOG_WARN, 123, &about, APR_EACCES, "cannot open %s", "x");
    const char *line = read_file(path);
    snprintf(expected, sizeof expected,
             "Z] [test_log:warn] [pid %ld:tid %ld] [session 01ABCDEFGHJKM] "
             "[client 192.0.2.7:51512] EDG00123: cannot open x: Permission denied (13)\n",
             (long)getpid(), (long)gettid());
    assert_int_equal(line[0], '[');
    assert_string_equal(line + 27, expected);
}

static void no_peer_forges_a_line(void **state) {
    (void)state;
    fresh();
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "got <%s>", "a\r\n[x]\x1b[2J\x7f\xff\xc3\xbc\xc2\x9b\\x0a\t");
    const char *line = read_file(path);
    assert_non_null(strstr(line, "EDG00001: got <a\\x0d\\x0a[x]\\x1b[2J\\x7f\\xff\xc3\xbc\\xc2\\x9b\\\\x0a\\x09>\n"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void long_lines_are_cut(void **state) {
    static char text[40000];
    (void)state;
    fresh();
    memset(text, 1, sizeof text - 1);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "%s", text);
    EDGE_LOG_STATUS(&test_area, EDGE_LOG_ERROR, 2, APR_EACCES, "%s", text);
    const char *line = read_file(path), *end = strchr(line, '\n');
    assert_true(end != NULL && end - line < 16384 && end - line > 16000);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_ptr_equal(strchr(end + 1, '\n'), line + strlen(line) - 1);
}

static int evaluated;
static int evaluate(void) { return ++evaluated; }

static void levels(void **state) {
    edge_log_level_t level;
    (void)state;
    fresh();
    evaluated = 0;
    EDGE_LOG(&test_area, EDGE_LOG_INFO, 1, "%d", evaluate());
    assert_int_equal(evaluated, 0);
    assert_true(edge_log_area_level("test_log", EDGE_LOG_INFO));
    EDGE_LOG(&test_area, EDGE_LOG_INFO, 1, "%d", evaluate());
    assert_int_equal(evaluated, 1);
    assert_false(edge_log_area_level("no_such_area", EDGE_LOG_INFO));
    assert_true(edge_log_level_parse(edge_span_of("Notice"), &level) && level == EDGE_LOG_NOTICE);
    assert_false(edge_log_level_parse(edge_span_of("loud"), &level));
    assert_string_equal(edge_log_level_name(EDGE_LOG_TRACE), "trace");
}

static void areas_come_and_go(void **state) {
    static edge_log_area_t late = {"late", EDGE_LOG_NOTICE, NULL};
    bool seen = false;
    (void)state;
    edge_log_area_level(NULL, EDGE_LOG_DEBUG);
    edge_log_area_register(&late);
    edge_log_area_register(&late);
    assert_int_equal(atomic_load(&late.level), EDGE_LOG_DEBUG);
    for (unsigned i = 0; edge_log_area_at(i) != NULL; i++) {
        assert_false(seen && edge_log_area_at(i) == &late);
        seen = seen || edge_log_area_at(i) == &late;
    }
    assert_true(seen);
    edge_log_area_forget(&late);
    assert_false(edge_log_area_level("late", EDGE_LOG_INFO));
}

static void reopens_after_rotation(void **state) {
    (void)state;
    fresh();
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "before");
    assert_int_equal(rename(path, other_path), 0);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "still the old file");
    assert_int_equal(edge_log_reopen(), APR_SUCCESS);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "after");
    assert_non_null(strstr(read_file(other_path), "still the old file"));
    assert_null(strstr(read_file(path), "before"));
    assert_non_null(strstr(read_file(path), "after"));
}

static void a_bad_path_keeps_the_old_file(void **state) {
    (void)state;
    fresh();
    assert_int_not_equal(edge_log_open("/nonexistent/x.log"), APR_SUCCESS);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "still here");
    assert_non_null(strstr(read_file(path), "still here"));
}

/* Opened in advance, by who may; used and known by its name later. */
static void a_descriptor_is_taken_over(void **state) {
    int descriptor;
    (void)state;
    fresh();
    unlink(other_path);
    assert_int_equal(edge_log_descriptor("/nonexistent/x.log", &descriptor), APR_ENOENT);
    assert_int_equal(edge_log_descriptor(other_path, &descriptor), APR_SUCCESS);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "before");
    assert_int_equal(edge_log_take(descriptor, other_path), APR_SUCCESS);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "after");
    assert_non_null(strstr(read_file(path), "before"));
    assert_null(strstr(read_file(path), "after"));
    assert_non_null(strstr(read_file(other_path), "after"));
    unlink(other_path);
    assert_int_equal(edge_log_reopen(), APR_SUCCESS);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "anew");
    assert_non_null(strstr(read_file(other_path), "anew"));
}

static void lost_lines_are_counted(void **state) {
    (void)state;
    assert_int_equal(edge_counter_map(), APR_SUCCESS);
    uint64_t before = edge_log_lost();
    int64_t counted = edge_counter_sum(EDGE_C_LOST_ERROR_LOG);
    assert_int_equal(edge_log_open("/dev/full"), APR_SUCCESS);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "into the void");
    assert_int_equal(edge_log_lost(), before + 1);
    assert_int_equal(edge_counter_sum(EDGE_C_LOST_ERROR_LOG), counted + 1);
}

#define THREADS 4
#define LINES 200

static void *write_many(void *unused) {
    for (int i = 0; i < LINES; i++) {
        EDGE_LOG(&test_area, EDGE_LOG_ERROR, 7, "0123456789012345678901234567890123456789");
    }
    return unused;
}

static void lines_of_threads_stay_whole(void **state) {
    pthread_t threads[THREADS];
    unsigned lines = 0;
    (void)state;
    fresh();
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, NULL), 0);
    }
    for (int i = 0; i < 20; i++) {
        assert_int_equal(edge_log_reopen(), APR_SUCCESS);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    read_file(path);
    for (char *line = content, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
        assert_int_equal(line[0], '[');
        assert_memory_equal(end - 51, " EDG00007: 0123456789012345678901234567890123456789", 51);
    }
    assert_int_equal(lines, THREADS * LINES);
}

static int make_folder(void **state) {
    (void)state;
    apr_initialize();
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/a.log", folder);
    snprintf(other_path, sizeof other_path, "%s/b.log", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    edge_log_open(NULL);
    unlink(path);
    unlink(other_path);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shape_of_a_line),        cmocka_unit_test(no_peer_forges_a_line),
        cmocka_unit_test(long_lines_are_cut),         cmocka_unit_test(levels),
        cmocka_unit_test(areas_come_and_go),          cmocka_unit_test(reopens_after_rotation),
        cmocka_unit_test(a_descriptor_is_taken_over), cmocka_unit_test(a_bad_path_keeps_the_old_file),
        cmocka_unit_test(lost_lines_are_counted),     cmocka_unit_test(lines_of_threads_stay_whole),
    };
    return cmocka_run_group_tests_name("base/log", tests, make_folder, remove_folder);
}
