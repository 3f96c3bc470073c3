/* Token files: lines taken and refused, written as they are read, and texts with a line more, less or changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "proto/token_file.h"

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HASH2 "1f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static apr_pool_t *pool;
static edge_token_line_t line;

static void is(edge_span_t span, const char *text) {
    assert_non_null(span.at);
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.at, text, span.len);
}

static void takes(const char *text) { assert_null(edge_token_file_line(edge_span_of(text), &line)); }

static void refuses(const char *text, const char *why) {
    const char *got = edge_token_file_line(edge_span_of(text), &line);
    assert_non_null(got);
    assert_non_null(strstr(got, why));
    assert_null(line.name.at);
}

static void nothing(void **state) {
    static const char *const texts[] = {"", "   ", "\t", "# ops admin x", "#", "\r", "  \r"};
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++) {
        takes(texts[i]);
        assert_null(line.name.at);
    }
}

static void short_line(void **state) {
    takes("app submit " HASH);
    is(line.name, "app");
    assert_int_equal(line.role, EDGE_TOKEN_SUBMIT);
    assert_int_equal(line.digest[0], 0x9f);
    assert_int_equal(line.digest[31], 0x08);
    assert_int_equal(line.created, 0);
    assert_int_equal(line.expires, 0);
    assert_false(line.bound);
    assert_int_equal(line.used, -1);
}

static void full_line(void **state) {
    takes("ops-1  admin\t" HASH
          " created=2026-11-28T22:00:00Z expires=2027-02-26T22:00:00Z from=192.0.2.0/24 used=2026-11-28\r");
    is(line.name, "ops-1");
    assert_int_equal(line.role, EDGE_TOKEN_ADMIN);
    assert_int_equal(line.created, INT64_C(1795903200000000));
    assert_int_equal(line.expires, INT64_C(1795903200000000) + 90 * INT64_C(86400000000));
    assert_true(line.bound);
    edge_ipaddr_t inside;
    edge_ipaddr_parse(edge_span_of("192.0.2.77"), &inside);
    assert_true(edge_ipaddr_in_network(inside, line.network, line.bits));
    assert_int_equal(line.used, 20785);
}

static void wrong_lines(void **state) {
    refuses("app", "role");
    refuses("app root " HASH, "role");
    refuses("app Admin " HASH, "role");
    refuses("app admin", "SHA-256");
    refuses("app admin 9f86", "SHA-256");
    refuses("app admin " HASH "0", "SHA-256");
    refuses("app admin 9F86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "SHA-256");
    refuses(" app admin x", "SHA-256"); /* a blank in front is none of the name */
    refuses("-app admin " HASH, "name");
    refuses("a/b admin " HASH, "name");
    refuses("12345678901234567890123456789012345678901234567890123456789012345 admin " HASH, "name");
    refuses("app admin " HASH " x", "none of created=");
    refuses("app admin " HASH " Created=2026-11-28", "none of created=");
    refuses("app admin " HASH " created=yesterday", "created=");
    refuses("app admin " HASH " expires=2026-02-30", "expires=");
    refuses("app admin " HASH " expires=2026-11-28 expires=2026-11-29", "expires=");
    refuses("app admin " HASH " from=192.0.2.0/33", "from=");
    refuses("app admin " HASH " from=host", "from=");
    refuses("app admin " HASH " from=10.0.0.1 from=10.0.0.2", "from=");
    refuses("app admin " HASH " used=2026-11-28T22:00:00Z", "used=");
    refuses("app admin " HASH " used=2026-11-28 used=2026-11-28", "used=");
    char long_line[EDGE_TOKEN_FILE_LINE_MOST + 8];
    memset(long_line, 'a', sizeof(long_line));
    long_line[sizeof(long_line) - 1] = '\0';
    refuses(long_line, "1024");
}

static void names(void **state) {
    static const char *const good[] = {"a", "0", "ops-1", "mail@host.example", "A_b.c+d"};
    static const char *const bad[] = {"", "-a", ".a", "a b", "a\n", "a#", "\xc3\xa4"};
    for (unsigned i = 0; i < EDGE_COUNT(good); i++)
        assert_null(edge_token_file_name(edge_span_of(good[i])));
    for (unsigned i = 0; i < EDGE_COUNT(bad); i++)
        assert_non_null(edge_token_file_name(edge_span_of(bad[i])));
    assert_non_null(edge_token_file_name(edge_span("a\0b", 3)));
    assert_true(edge_token_file_same_name(edge_span_of("Ops"), edge_span_of("oPS")));
}

static void written_as_read(void **state) {
    static const char *const texts[] = {
        "app submit " HASH,
        "ops-1 admin " HASH
        " created=2026-11-28T22:00:00Z expires=2027-02-26T22:00:00Z from=192.0.2.0/24 used=2026-11-28",
        "x read " HASH " from=2001:db8::/32",
        "y operate " HASH " from=192.0.2.7",
        "z operate " HASH " used=1970-01-01",
    };
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++) {
        takes(texts[i]);
        is(edge_token_file_format(&line, pool), texts[i]);
    }
}

static void found(void **state) {
    edge_span_t file = edge_span_of("# ours\napp submit " HASH "\nrubbish\nops read " HASH2);
    assert_true(edge_token_file_find(file, edge_span_of("OPS"), &line));
    assert_int_equal(line.role, EDGE_TOKEN_READ);
    assert_false(edge_token_file_find(file, edge_span_of("rubbish"), &line));
    assert_false(edge_token_file_find(EDGE_NO_SPAN, edge_span_of("app"), &line));
}

static void cursor_counts(void **state) {
    edge_token_cursor_t cursor = {0};
    edge_span_t file = edge_span_of("# ours\n\nwrong\nops read " HASH2);
    unsigned bad = 0;
    while (edge_token_file_next(file, &cursor))
        bad += cursor.why ? cursor.number : 0;
    assert_int_equal(bad, 3);
    assert_int_equal(cursor.number, 4);
    is(cursor.line.name, "ops");
}

static void added(void **state) {
    takes("ops read " HASH);
    is(edge_token_file_add(EDGE_NO_SPAN, &line, pool), "ops read " HASH "\n");
    is(edge_token_file_add(edge_span_of("# ours"), &line, pool), "# ours\nops read " HASH "\n");
    is(edge_token_file_add(edge_span_of("# ours\n"), &line, pool), "# ours\nops read " HASH "\n");
}

static void removed(void **state) {
    edge_span_t file = edge_span_of("# app\napp submit " HASH "\r\nrubbish app\nops read " HASH2);
    is(edge_token_file_remove(file, edge_span_of("APP"), pool), "# app\nrubbish app\nops read " HASH2);
    is(edge_token_file_remove(file, edge_span_of("ops"), pool), "# app\napp submit " HASH "\r\nrubbish app\n");
    is(edge_token_file_remove(file, edge_span_of("none"), pool),
       "# app\napp submit " HASH "\r\nrubbish app\nops read " HASH2);
}

static int32_t day_of_9f(const void *context, const uint8_t digest[EDGE_TOKEN_DIGEST]) {
    return digest[0] == 0x9f ? *(const int32_t *)context : -1;
}

static void used(void **state) {
    int32_t day = 20785;
    edge_span_t file = edge_span_of("# ours\napp submit " HASH " used=2026-11-27\nops read " HASH2);
    is(edge_token_file_use(file, day_of_9f, &day, pool),
       "# ours\napp submit " HASH " used=2026-11-28\nops read " HASH2);
    day = 20784; /* no later than the file knows */
    assert_null(edge_token_file_use(file, day_of_9f, &day, pool).at);
}

/* Lines that grow by more than there was room for at first. */
static void used_by_many(void **state) {
    int32_t day = 20785;
    edge_span_t file = EDGE_NO_SPAN;
    takes("ops read " HASH);
    for (unsigned i = 0; i < 200; i++)
        file = edge_token_file_add(file, &line, pool);
    edge_span_t after = edge_token_file_use(file, day_of_9f, &day, pool);
    assert_int_equal(after.len, file.len + 200 * strlen(" used=2026-11-28"));
}

static int make_pool(void **state) {
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int drop_pool(void **state) {
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(short_line),
        cmocka_unit_test(full_line),
        cmocka_unit_test(names),
        cmocka_unit_test(written_as_read),
        cmocka_unit_test(wrong_lines),
        cmocka_unit_test(found),
        cmocka_unit_test(cursor_counts),
        cmocka_unit_test(added),
        cmocka_unit_test(removed),
        cmocka_unit_test(used),
        cmocka_unit_test(used_by_many),
    };
    return cmocka_run_group_tests_name("proto/token_file", tests, make_pool, drop_pool);
}
