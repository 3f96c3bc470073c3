/* Tests of server/base/id.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_id.h"

#include <apr_general.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW INT64_C(1795365669120934)

static void version_and_variant(void **state) {
    (void)state;
    edge_uuid_t id = edge_uuid_make(NOW);
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++) {
        ms = ms << 8 | id.bytes[i];
    }
    assert_true(ms == (uint64_t)NOW / 1000);
    assert_int_equal(id.bytes[6] >> 4, 7);
    assert_int_equal(id.bytes[8] >> 6, 2);
}

static void sorts_by_microsecond(void **state) {
    edge_uuid_t last = edge_uuid_make(NOW);
    (void)state;
    for (int i = 1; i < 3000; i++) {
        edge_uuid_t id = edge_uuid_make(NOW + i);
        assert_true(memcmp(last.bytes, id.bytes, sizeof id.bytes) < 0);
        last = id;
    }
}

static int order(const void *a, const void *b) { return memcmp(a, b, sizeof(edge_uuid_t)); }

static void no_two_are_equal(void **state) {
    static edge_uuid_t ids[20000];
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(ids); i++) {
        ids[i] = edge_uuid_make(NOW);
    }
    qsort(ids, EDGE_COUNT(ids), sizeof ids[0], order);
    for (size_t i = 1; i < EDGE_COUNT(ids); i++) {
        assert_false(edge_uuid_equal(ids[i - 1], ids[i]));
    }
}

static void a_child_does_not_repeat_its_parent(void **state) {
    int pipes[2];
    edge_uuid_t theirs;
    (void)state;
    edge_uuid_make(NOW);
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        edge_uuid_t id = edge_uuid_make(NOW);
        _exit(write(pipes[1], &id, sizeof id) == sizeof id ? 0 : 1);
    }
    edge_uuid_t ours = edge_uuid_make(NOW);
    assert_int_equal(read(pipes[0], &theirs, sizeof theirs), sizeof theirs);
    waitpid(pid, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    assert_false(edge_uuid_equal(ours, theirs));
}

static void text_and_back(void **state) {
    char text[EDGE_UUID_TEXT];
    edge_uuid_t id = edge_uuid_make(NOW), back;
    (void)state;
    edge_uuid_format(id, text);
    assert_int_equal(strlen(text), 36);
    assert_true(edge_uuid_parse(edge_span_of(text), &back));
    assert_true(edge_uuid_equal(id, back));
    assert_true(edge_uuid_parse(edge_span_of("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &back));
    edge_uuid_format(back, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"); /* RFC 9562 A.6 */
}

static void refuses_other_text(void **state) {
    edge_uuid_t id;
    (void)state;
    assert_false(edge_uuid_parse(edge_span_of(""), &id));
    assert_false(edge_uuid_parse(EDGE_NO_SPAN, &id));
    assert_false(edge_uuid_parse(edge_span_of("017f22e279b07cc398c4dc0c0c07398f"), &id));
    assert_false(edge_uuid_parse(edge_span_of("017f22e2-79b0-7cc3-98c4-dc0c0c07398"), &id));
    assert_false(edge_uuid_parse(edge_span_of("017f22e2-79b0-7cc3-98c4-dc0c0c07398g"), &id));
    assert_false(edge_uuid_parse(edge_span_of("017f22e2-79b0-7cc3-98c4+dc0c0c07398f"), &id));
    assert_false(edge_uuid_parse(edge_span_of("{17f22e2-79b0-7cc3-98c4-dc0c0c07398f"), &id));
}

static void session_ids(void **state) {
    char a[EDGE_SESSION_ID_TEXT], b[EDGE_SESSION_ID_TEXT], later[EDGE_SESSION_ID_TEXT];
    (void)state;
    edge_session_id_make(NOW, a);
    edge_session_id_make(NOW, b);
    edge_session_id_make(NOW + 1000, later);
    assert_int_equal(strlen(a), 13);
    assert_int_equal(strspn(a, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 13);
    assert_string_not_equal(a, b);
    assert_true(strcmp(a, later) < 0 && strcmp(b, later) < 0);
    /* The first 42 bits are the milliseconds: 8 characters hold all but their last two bits. */
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t high = 0;
    for (int i = 0; i < 8; i++) {
        high = high << 5 | (uint64_t)(strchr(digits, a[i]) - digits);
    }
    assert_true(high == (uint64_t)NOW / 1000 >> 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_and_variant), cmocka_unit_test(sorts_by_microsecond),
        cmocka_unit_test(no_two_are_equal),    cmocka_unit_test(a_child_does_not_repeat_its_parent),
        cmocka_unit_test(text_and_back),       cmocka_unit_test(refuses_other_text),
        cmocka_unit_test(session_ids),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("base/id", tests, NULL, NULL);
}
