/* Lines of a password file: what is taken, what is refused and why, and that what is written is read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/password_file.h"

#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define KEY "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define VERIFIER "{SCRAM-SHA-256}4096$" SALT ":" KEY ":" KEY

static edge_password_line_t line;

static void is(edge_span_t span, const char *text) {
    assert_non_null(span.at);
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.at, text, span.len);
}

static void takes(const char *text) { assert_null(edge_password_file_line(edge_span_of(text), &line)); }

static void refuses(const char *text) {
    assert_non_null(edge_password_file_line(edge_span_of(text), &line));
    assert_null(line.user.at);
}

static void nothing(void **state) {
    static const char *const texts[] = {"", "   ", "\t", "# ann:{PLAIN}x", "#", "\r", "  \r"};
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++) {
        takes(texts[i]);
        assert_null(line.user.at);
    }
}

static void hashes(void **state) {
    takes("ann:$y$j9T$abc$def");
    assert_int_equal(line.kind, EDGE_PASSWORD_CRYPT);
    is(line.user, "ann");
    is(line.credential, "$y$j9T$abc$def");
    assert_null(line.identity.at);
    takes("ann:$2b$11$abc:ann@example.org\r");
    is(line.credential, "$2b$11$abc");
    is(line.identity, "ann@example.org");
    refuses("ann:$6$a b");
    refuses("ann:$6$a!");
    refuses("ann:$6$a\x80");
}

static void secrets(void **state) {
    char secret[64];
    takes("bob:{PLAIN}se\\:cr\\\\et :identity");
    assert_int_equal(line.kind, EDGE_PASSWORD_PLAIN);
    size_t len = edge_password_file_unescape(line.secret, secret);
    is(edge_span(secret, len), "se:cr\\et ");
    is(line.identity, "identity");
    is(line.credential, "{PLAIN}se\\:cr\\\\et ");
    refuses("bob:{PLAIN}");
    refuses("bob:{PLAIN}:identity");
    refuses("bob:{PLAIN}a\\b");
    refuses("bob:{PLAIN}a\\");
    refuses("bob:{PLAIN}\xff");
    refuses("bob:{plain}x");
}

static void escapes_come_back(void **state) {
    static const char *const texts[] = {"a", ":", "\\", "a:b\\c", "::\\\\", "\\:"};
    char there[16], back[16];
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++) {
        size_t len = edge_password_file_escape(edge_span_of(texts[i]), there);
        len = edge_password_file_unescape(edge_span(there, len), back);
        is(edge_span(back, len), texts[i]);
    }
}

/* The keys are those of RFC 7677 3 in form only. */
static void verifiers(void **state) {
    char text[EDGE_PASSWORD_FILE_SCRAM_SIZE];
    takes("ann:" VERIFIER ":ann@example.org");
    assert_int_equal(line.kind, EDGE_PASSWORD_SCRAM_SHA_256);
    assert_int_equal(line.scram.iterations, 4096);
    assert_int_equal(line.scram.salt_len, 16);
    is(line.identity, "ann@example.org");
    is(line.credential, VERIFIER);
    assert_int_equal(edge_password_file_scram(&line.scram, text, sizeof(text)), strlen(VERIFIER));
    assert_string_equal(text, VERIFIER);
    takes("ann:" VERIFIER);
    assert_null(line.identity.at);
}

static void verifiers_malformed(void **state) {
    refuses("ann:{SCRAM-SHA-256}");
    refuses("ann:{SCRAM-SHA-256}4096$" SALT ":" KEY);
    refuses("ann:{SCRAM-SHA-256}999$" SALT ":" KEY ":" KEY);
    refuses("ann:{SCRAM-SHA-256}10000001$" SALT ":" KEY ":" KEY);
    refuses("ann:{SCRAM-SHA-256}x$" SALT ":" KEY ":" KEY);
    refuses("ann:{SCRAM-SHA-256}4096$:" KEY ":" KEY);
    refuses("ann:{SCRAM-SHA-256}4096$" SALT ":" SALT ":" KEY);
    refuses("ann:{SCRAM-SHA-256}4096$" SALT ":" KEY ":" SALT);
    refuses("ann:{SCRAM-SHA-256}4096$W22ZaJ0SNY7soEsUEjb6gQ=:" KEY ":" KEY);
    refuses("ann:{SCRAM-SHA-256}4096$" KEY KEY KEY KEY ":" KEY ":" KEY);
    refuses("ann:{SCRAM-SHA-1}4096$" SALT ":" KEY ":" KEY);
    refuses("ann:" VERIFIER "x");
}

static void names(void **state) {
    takes("j\xc3\xb6rg b:{PLAIN}x");
    is(line.user, "j\xc3\xb6rg b");
    refuses("ann");
    refuses(":{PLAIN}x");
    refuses(" ann:{PLAIN}x");
    refuses("ann :{PLAIN}x");
    refuses("a\x01n:{PLAIN}x");
    refuses("a\x7fn:{PLAIN}x");
    refuses("\xffnn:{PLAIN}x");
    refuses("ann:secret");
    refuses("ann:");
    refuses("ann:{PLAIN}x:");
    refuses("ann:{PLAIN}x:a:b");
    refuses("ann:{PLAIN}x: a");
    assert_non_null(edge_password_file_name(edge_span_of("#ann")));
    assert_non_null(edge_password_file_line(edge_span("a\0n:{PLAIN}x", 11), &line));
    assert_non_null(edge_password_file_line(edge_span("ann:{PLAIN}x\0y", 14), &line));
}

static void bounds(void **state) {
    char text[EDGE_PASSWORD_FILE_LINE_MOST + 2];
    memset(text, 'a', sizeof(text));
    assert_null(edge_password_file_name(edge_span(text, 255)));
    assert_non_null(edge_password_file_name(edge_span(text, 256)));
    memcpy(text, "a:$", 3);
    assert_null(edge_password_file_line(edge_span(text, 2 + EDGE_PASSWORD_HASH_MOST), &line));
    assert_non_null(edge_password_file_line(edge_span(text, 3 + EDGE_PASSWORD_HASH_MOST), &line));
    assert_non_null(edge_password_file_line(edge_span(text, sizeof(text)), &line));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),   cmocka_unit_test(hashes),
        cmocka_unit_test(secrets),   cmocka_unit_test(escapes_come_back),
        cmocka_unit_test(verifiers), cmocka_unit_test(verifiers_malformed),
        cmocka_unit_test(names),     cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests_name("proto/password_file", tests, NULL, NULL);
}
