/* Tests of server/proto/lookup_line.c: every form of an entry, values, comments, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "proto/lookup_line.h"

static edge_lookup_line_t line;

static void reads(const char *text, edge_lookup_form_t form, const char *value) {
    const char *why = edge_lookup_line(edge_span_of(text), &line);
    if (why)
        fail_msg("%s: %s", text, why);
    assert_int_equal(line.form, form);
    if (!value)
        assert_null(line.value.at);
    else
        assert_true(edge_span_equal(line.value, edge_span_of(value)));
}

static bool is(edge_span_t span, const char *text) { return edge_span_equal(span, edge_span_of(text)); }

static void refuses(const char *text, const char *part) {
    const char *why = edge_lookup_line(edge_span_of(text), &line);
    assert_non_null(why);
    if (!strstr(why, part))
        fail_msg("%s: %s", text, why);
    assert_int_equal(line.form, EDGE_LOOKUP_FORM_NOTHING);
    assert_null(line.value.at);
}

static void nothing(void **state) {
    (void)state;
    reads("", EDGE_LOOKUP_FORM_NOTHING, NULL);
    reads("  \t\r", EDGE_LOOKUP_FORM_NOTHING, NULL);
    reads("# example.org", EDGE_LOOKUP_FORM_NOTHING, NULL);
    reads("   # example.org", EDGE_LOOKUP_FORM_NOTHING, NULL);
}

static void networks(void **state) {
    edge_ipaddr_t address;
    (void)state;
    reads("192.0.2.7", EDGE_LOOKUP_FORM_NETWORK, NULL);
    assert_int_equal(line.bits, 128);
    reads("192.0.2.7/24\tan office", EDGE_LOOKUP_FORM_NETWORK, "an office");
    assert_int_equal(line.bits, 96 + 24);
    edge_ipaddr_parse(edge_span_of("192.0.2.0"), &address);
    assert_true(edge_ipaddr_equal(line.address, address));
    reads("::ffff:192.0.2.0/120", EDGE_LOOKUP_FORM_NETWORK, NULL);
    assert_int_equal(line.bits, 96 + 24);
    assert_true(edge_ipaddr_equal(line.address, address));
    reads("2001:db8::/32", EDGE_LOOKUP_FORM_NETWORK, NULL);
    assert_int_equal(line.bits, 32);
    reads("[192.0.2.0] x", EDGE_LOOKUP_FORM_LITERAL, "x");
    assert_true(edge_ipaddr_equal(line.address, address) && line.bits == 128);
    reads("[ipv6:2001:DB8::1]", EDGE_LOOKUP_FORM_LITERAL, NULL);
}

static void names(void **state) {
    (void)state;
    reads("  Example.ORG.  ", EDGE_LOOKUP_FORM_NAME, NULL);
    assert_true(is(line.name, "Example.ORG"));
    reads(".example.org\r", EDGE_LOOKUP_FORM_BELOW, NULL);
    assert_true(is(line.name, "example.org"));
    reads("localhost   # here", EDGE_LOOKUP_FORM_NAME, NULL);
    reads("4u.example x # y", EDGE_LOOKUP_FORM_NAME, "x # y");
    reads("b\xc3\xbc"
          "cher.example",
          EDGE_LOOKUP_FORM_NAME, NULL);
}

static void mailboxes(void **state) {
    (void)state;
    reads("Ann@example.org yes", EDGE_LOOKUP_FORM_MAILBOX, "yes");
    assert_true(is(line.local, "Ann") && is(line.name, "example.org"));
    reads("\"a @ b\"@example.org. yes", EDGE_LOOKUP_FORM_MAILBOX, "yes");
    assert_true(is(line.local, "\"a @ b\"") && is(line.name, "example.org"));
    reads("ann@[192.0.2.1]", EDGE_LOOKUP_FORM_MAILBOX, NULL);
    assert_true(is(line.name, "[192.0.2.1]"));
    reads("postmaster@ x", EDGE_LOOKUP_FORM_LOCAL, "x");
    assert_true(is(line.local, "postmaster"));
    reads("\"a b\"@", EDGE_LOOKUP_FORM_LOCAL, NULL);
    reads("<> bounce", EDGE_LOOKUP_FORM_NULL_PATH, "bounce");
}

static void patterns(void **state) {
    (void)state;
    reads("/^a b@/ x", EDGE_LOOKUP_FORM_PATTERN, "x");
    assert_true(is(line.regex, "^a b@") && !line.nocase);
    reads("/^a\\/ b$/i two words", EDGE_LOOKUP_FORM_PATTERN, "two words");
    assert_true(is(line.regex, "^a\\/ b$") && line.nocase);
    reads("/a/b/", EDGE_LOOKUP_FORM_PATTERN, NULL);
    assert_true(is(line.regex, "a/b"));
    reads("/i/", EDGE_LOOKUP_FORM_PATTERN, NULL);
    assert_true(is(line.regex, "i") && !line.nocase);
}

static void what_is_none(void **state) {
    char text[EDGE_LOOKUP_LINE_MOST + 10];
    (void)state;
    refuses("192.0.2", "not whole");
    refuses("10", "not whole");
    refuses("host.7", "not whole");
    refuses("192.0.2.0/33", "neither an address nor a network");
    refuses("192.0.2.0/0", "neither an address nor a network");
    refuses("2001:db8::/129", "neither an address nor a network");
    refuses("192.0.2.1-192.0.2.9", "not whole");
    refuses("*.example.org", "a star");
    refuses("a..b", "neither");
    refuses("-", "neither");
    refuses(".", "neither");
    refuses("..", "neither");
    refuses("@example.org", "behind an @");
    refuses("@", "none");
    refuses("a@b@c", "no mailbox");
    refuses("a b"
            "\x01",
            "control");
    refuses("\xff.example", "UTF-8");
    refuses("<ann@example.org>", "brackets");
    refuses("[300.0.0.1]", "literal");
    refuses("[tag:content]", "literal");
    refuses("[", "neither");
    refuses("/", "/REGEX/");
    refuses("//", "/REGEX/");
    refuses("/abc", "/REGEX/");
    refuses("/abc/x", "/REGEX/");
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    refuses(text, "4096");
    assert_non_null(edge_lookup_line_key(edge_span_of(text), &line));
    assert_non_null(edge_lookup_line_key(edge_span_of(""), &line));
    assert_non_null(edge_lookup_line_key(edge_span_of("example.org x"), &line));
    memset(text, '@', 5);
    refuses(text, "4096");
    /* The longest local part that is no mailbox's. */
    memset(text, 'a', EDGE_LOOKUP_LINE_MOST);
    text[EDGE_LOOKUP_LINE_MOST - 1] = '@';
    text[EDGE_LOOKUP_LINE_MOST] = '\0';
    reads(text, EDGE_LOOKUP_FORM_LOCAL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),   cmocka_unit_test(networks), cmocka_unit_test(names),
        cmocka_unit_test(mailboxes), cmocka_unit_test(patterns), cmocka_unit_test(what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
