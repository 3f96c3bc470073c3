/* Methods as they are written, credentials as they are made, and what fits them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "passwd_make.h"
#include "proto/password_file.h"
#include "said.h"

static apr_pool_t *pool;

static unsigned bits_of(const char *list) {
    unsigned bits = 0;
    assert_true(ctl_passwd_method_bits(list, &bits, pool));
    return bits;
}

static void methods(void **state) {
    unsigned bits;
    (void)state;
    assert_string_equal(ctl_passwd_methods(pool), "scram, yescrypt, sha512, bcrypt, plain");
    assert_int_equal(bits_of("scram"), 1);
    assert_int_equal(bits_of("Plain,SCRAM"), bits_of("scram,plain"));
    assert_false(ctl_passwd_method_bits("scam", &bits, pool));
    assert_non_null(strstr(said(), "did you mean \"scram\"?"));
    assert_false(ctl_passwd_method_bits("scram,", &bits, pool));
    assert_false(ctl_passwd_method_bits("", &bits, pool));
    assert_false(ctl_passwd_method_bits("yescrypt,sha512", &bits, pool));
    assert_non_null(strstr(said(), "one of yescrypt"));
}

static void bcrypt_looks_at_72_octets(void **state) {
    const char *longest =
        apr_pstrcat(pool, "0123456789012345678901234567890123456789", "01234567890123456789012345678901", NULL);
    (void)state;
    assert_int_equal(strlen(longest), 72);
    assert_true(ctl_passwd_suits(bits_of("bcrypt,scram,plain"), longest));
    assert_false(ctl_passwd_suits(bits_of("bcrypt"), apr_pstrcat(pool, longest, "x", NULL)));
    assert_non_null(strstr(said(), "72"));
    assert_true(ctl_passwd_suits(bits_of("scram,yescrypt,plain"), apr_pstrcat(pool, longest, "x", NULL)));
}

/* The first line of `text`, read as the server reads it. */
static edge_password_line_t read_line(edge_span_t *text) {
    edge_password_line_t line;
    const char *end = memchr(text->at, '\n', text->len);
    assert_non_null(end);
    assert_null(edge_password_file_line(edge_span(text->at, (size_t)(end - text->at)), &line));
    *text = edge_span_after(*text, (size_t)(end - text->at) + 1);
    return line;
}

static void what_is_made_fits(void **state) {
    static const struct {
        const char *method, *prefix;
        edge_password_kind_t kind;
    } rows[] = {{"scram", "{SCRAM-SHA-256}1000$", EDGE_PASSWORD_SCRAM_SHA_256},
                {"yescrypt", "$y$", EDGE_PASSWORD_CRYPT},
                {"sha512", "$6$", EDGE_PASSWORD_CRYPT},
                {"bcrypt", "$2b$", EDGE_PASSWORD_CRYPT},
                {"plain", "{PLAIN}a\\:b\\\\", EDGE_PASSWORD_PLAIN}};
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        edge_span_t text = ctl_passwd_lines("ann", EDGE_NO_SPAN, "a:b\\", bits_of(rows[i].method), 1000, pool);
        assert_non_null(text.at);
        edge_password_line_t line = read_line(&text);
        assert_int_equal(text.len, 0);
        assert_int_equal(line.kind, rows[i].kind);
        assert_memory_equal(line.credential.at, rows[i].prefix, strlen(rows[i].prefix));
        assert_null(line.identity.at);
        assert_string_equal(ctl_passwd_kind(&line, pool), rows[i].method);
        assert_true(ctl_passwd_fits(&line, "a:b\\", pool));
        assert_false(ctl_passwd_fits(&line, "a:b", pool));
    }
}

static void several_at_once(void **state) {
    (void)state;
    edge_span_t text =
        ctl_passwd_lines("ann", edge_span_of("x@y.example"), "secret", bits_of("plain,scram"), 1000, pool);
    edge_password_line_t first = read_line(&text), second = read_line(&text);
    assert_int_equal(first.kind, EDGE_PASSWORD_SCRAM_SHA_256);
    assert_int_equal(second.kind, EDGE_PASSWORD_PLAIN);
    assert_true(edge_span_equal(first.identity, edge_span_of("x@y.example")));
    assert_true(edge_span_equal(second.identity, first.identity));
    assert_int_equal(text.len, 0);
}

/* RFC 7677 3, and hashes of other makers. */
static void made_elsewhere(void **state) {
    static const struct {
        const char *line, *kind, *password, *wrong;
    } rows[] = {
        {"user:{SCRAM-SHA-256}4096$W22ZaJ0SNY7soEsUEjb6gQ==:WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
         "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
         "scram", "pencil", "Pencil"},
        {"user:$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "bcrypt", "U*U", "U*V"},
        {"user:$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1", "$1$", "secret", "Secret"},
    };
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        edge_password_line_t line;
        assert_null(edge_password_file_line(edge_span_of(rows[i].line), &line));
        assert_string_equal(ctl_passwd_kind(&line, pool), rows[i].kind);
        assert_true(ctl_passwd_fits(&line, rows[i].password, pool));
        assert_false(ctl_passwd_fits(&line, rows[i].wrong, pool));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods),           cmocka_unit_test(bcrypt_looks_at_72_octets),
        cmocka_unit_test(what_is_made_fits), cmocka_unit_test(several_at_once),
        cmocka_unit_test(made_elsewhere),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
