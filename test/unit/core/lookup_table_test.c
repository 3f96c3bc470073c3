/* Tests of server/core/lookup_table.c: which entry answers, by all forms and kinds; what is wrong with a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/lookup_table.h"

static edge_lookup_table_t *table;
static char complaints[512];
static unsigned kinds;

static void complain(void *context, unsigned line, const char *what) {
    size_t len = strlen(complaints);
    (void)context;
    snprintf(complaints + len, sizeof(complaints) - len, "%u:%s;", line, what);
}

static bool fill(const char *text) {
    if (table)
        edge_lookup_table_drop(table);
    table = edge_lookup_table_make();
    complaints[0] = '\0';
    kinds = EDGE_LOOKUP_ALL;
    return edge_lookup_table_fill(table, edge_span_of(text), complain, NULL);
}

static int teardown(void **state) {
    (void)state;
    if (table)
        edge_lookup_table_drop(table);
    table = NULL;
    return 0;
}

/* The value of the entry that answers; "-": none answers, "?": nobody knows, "": it has no value. */
static const char *ask(edge_lookup_key_t key) {
    static char text[300];
    edge_span_t value;
    switch (edge_lookup_table_ask(table, &key, kinds, &value)) {
    case EDGE_LOOKUP_NO: return "-";
    case EDGE_LOOKUP_FAILED: return "?";
    case EDGE_LOOKUP_YES: break;
    }
    snprintf(text, sizeof(text), "%.*s", (int)value.len, value.at ? value.at : "");
    return text;
}

static const char *name(const char *text) { return ask(edge_lookup_key_name(edge_span_of(text))); }
static const char *mailbox(const char *text) { return ask(edge_lookup_key_mailbox(edge_span_of(text))); }
static const char *address(const char *text) {
    edge_ipaddr_t made;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &made));
    return ask(edge_lookup_key_address(made));
}

static void names(void **state) {
    (void)state;
    assert_true(fill("Example.org exact\r\n.example.org below\n\n# no\n.b.example.org nearer\nother.example."));
    assert_int_equal(edge_lookup_table_count(table), 4);
    assert_string_equal(name("EXAMPLE.org."), "exact");
    assert_string_equal(name("a.example.org"), "below");
    assert_string_equal(name("a.b.example.org"), "nearer");
    assert_string_equal(name("b.example.org"), "below");
    assert_string_equal(name("other.example"), "");
    assert_string_equal(name("a.other.example"), "-");
    assert_string_equal(name("notexample.org"), "-");
    assert_string_equal(name("example.org.evil.example"), "-");
    assert_string_equal(name(""), "-");
    assert_string_equal(name("org"), "-");
    assert_string_equal(address("192.0.2.1"), "-");
}

static void names_of_any_script(void **state) {
    (void)state;
    assert_true(fill("b\xc3\xbc"
                     "cher.example one\nxn--bcher-kva.example two\n.stra\xc3\x9f"
                     "e.example three"));
    assert_string_equal(name("xn--bcher-kva.example"), "one");
    assert_string_equal(name("B\xc3\x9c"
                             "cher.EXAMPLE"),
                        "one");
    assert_string_equal(name("a.xn--strae-oqa.example"), "three");
    assert_string_equal(mailbox("x@b\xc3\xbc"
                                "cher.example"),
                        "one");
}

static void mailboxes_before_domains(void **state) {
    (void)state;
    assert_true(fill("ann@example.org box\nexample.org domain\n.example.org below\npostmaster@ local\n<> null\n"
                     "\"b b\"@example.org quoted"));
    assert_string_equal(mailbox("Ann@Example.ORG"), "box");
    assert_string_equal(mailbox("\"ann\"@example.org"), "box");
    assert_string_equal(mailbox("bob@example.org"), "domain");
    assert_string_equal(mailbox("ann@a.example.org"), "below");
    assert_string_equal(mailbox("postmaster@example.org"), "domain");
    assert_string_equal(mailbox("PostMaster@else.example"), "local");
    assert_string_equal(mailbox("Postmaster"), "local");
    assert_string_equal(mailbox("ann"), "-");
    assert_string_equal(mailbox(""), "null");
    assert_string_equal(mailbox("\"B b\"@example.org"), "quoted");
    assert_string_equal(name("ann@example.org"), "-");
    kinds = EDGE_LOOKUP_NAMES;
    assert_string_equal(mailbox("ann@example.org"), "domain");
    assert_string_equal(mailbox("postmaster@else.example"), "-");
    assert_string_equal(mailbox(""), "-");
    kinds = EDGE_LOOKUP_MAILBOXES;
    assert_string_equal(mailbox("bob@example.org"), "-");
    assert_int_equal(edge_lookup_table_kinds(table), EDGE_LOOKUP_NAMES | EDGE_LOOKUP_MAILBOXES);
}

static void addresses_and_literals(void **state) {
    (void)state;
    assert_true(fill("192.0.2.0/24 net\n[192.0.2.7] one\n[IPv6:2001:db8::1] six"));
    assert_string_equal(address("192.0.2.7"), "one");
    assert_string_equal(address("::ffff:192.0.2.8"), "net");
    assert_string_equal(name("[192.0.2.7]"), "one");
    assert_string_equal(name("[ipv6:2001:DB8:0:0::1]"), "six");
    assert_string_equal(mailbox("ann@[192.0.2.7]"), "one");
    assert_string_equal(name("192.0.2.7"), "-");
    assert_string_equal(name("[tag:x]"), "-");
    assert_int_equal(edge_lookup_table_kinds(table), EDGE_LOOKUP_ADDRESSES | EDGE_LOOKUP_LITERALS);
    kinds = EDGE_LOOKUP_LITERALS;
    assert_string_equal(name("[192.0.2.7]"), "one");
    kinds = EDGE_LOOKUP_NAMES;
    assert_string_equal(name("[192.0.2.7]"), "-");
}

/* They see what is compared: small letters, no quotes, A-labels. */
static void patterns_are_last(void **state) {
    (void)state;
    assert_true(fill("/^a/ first\n/@example\\.org$/ second\n/^192\\./ address\n/^<>$/ null\n/^postmaster$/ bare\n"
                     "ann@example.org exact"));
    assert_string_equal(mailbox("ann@example.org"), "exact");
    assert_string_equal(mailbox("\"A nn\"@example.org"), "first");
    assert_string_equal(mailbox("Bob@Example.Org"), "second");
    assert_string_equal(mailbox("POSTMASTER"), "bare");
    assert_string_equal(mailbox(""), "null");
    assert_string_equal(name("A.example"), "first");
    assert_string_equal(address("192.0.2.1"), "address");
    assert_string_equal(address("2001:db8::1"), "-");
    kinds = EDGE_LOOKUP_ALL & ~EDGE_LOOKUP_PATTERNS;
    assert_string_equal(mailbox("bob@example.org"), "-");
}

static void a_pattern_that_tries_too_much(void **state) {
    (void)state;
    assert_true(fill("/^(a+)+$/ x\n/b/ y"));
    assert_string_equal(name("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"), "?");
    assert_string_equal(name("b"), "y");
}

static void faults(void **state) {
    (void)state;
    assert_false(fill("example.org\n192.0.2\n/(/\n\xc3\xbc\xe2\x80\x8d.example\n"));
    assert_string_equal(complaints, "2:an address that is not whole; networks are written as 192.0.2.0/24;"
                                    "3:the pattern is wrong at its character 2: missing closing parenthesis;"
                                    "4:a domain that IDNA does not know;");
    assert_true(fill(""));
    assert_int_equal(edge_lookup_table_count(table), 0);
}

static void too_many_patterns(void **state) {
    static char text[(EDGE_LOOKUP_PATTERNS_MOST + 1) * 4 + 1];
    (void)state;
    for (unsigned i = 0; i < EDGE_LOOKUP_PATTERNS_MOST; i++)
        memcpy(text + i * 4, "/x/\n", 4);
    assert_true(fill(text));
    memcpy(text + sizeof(text) - 5, "/x/\n", 4);
    assert_false(fill(text));
    assert_non_null(strstr(complaints, "1001:more than 1000 patterns"));
}

static void counts(void **state) {
    (void)state;
    assert_true(fill("a.example"));
    edge_lookup_table_t *held = edge_lookup_table_hold(table);
    edge_lookup_table_drop(table);
    assert_string_equal(name("a.example"), "");
    table = held;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(names, teardown),
        cmocka_unit_test_teardown(names_of_any_script, teardown),
        cmocka_unit_test_teardown(mailboxes_before_domains, teardown),
        cmocka_unit_test_teardown(addresses_and_literals, teardown),
        cmocka_unit_test_teardown(patterns_are_last, teardown),
        cmocka_unit_test_teardown(a_pattern_that_tries_too_much, teardown),
        cmocka_unit_test_teardown(faults, teardown),
        cmocka_unit_test_teardown(too_many_patterns, teardown),
        cmocka_unit_test_teardown(counts, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
