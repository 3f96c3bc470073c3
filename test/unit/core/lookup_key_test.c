/* Tests of server/core/lookup_key.c: the one form of what can be written in several ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/lookup_key.h"

static edge_lookup_plain_t plain;

static void is(const char *text) {
    assert_int_equal(plain.len, strlen(text));
    assert_memory_equal(plain.text, text, plain.len);
}

static void name(const char *from, const char *to) {
    assert_true(edge_lookup_plain_name(edge_span_of(from), &plain));
    assert_int_equal(plain.domain, 0);
    is(to);
}

static void mailbox(const char *local, const char *domain, const char *to) {
    assert_true(edge_lookup_plain_mailbox(edge_span_of(local), edge_span_of(domain), &plain));
    is(to);
}

static void names(void **state) {
    (void)state;
    name("Example.ORG.", "example.org");
    name("B\xc3\x9c"
         "CHER.Example",
         "xn--bcher-kva.example");
    name("XN--BCHER-KVA.example", "xn--bcher-kva.example");
    assert_false(plain.literal);
}

static void literals(void **state) {
    edge_ipaddr_t address;
    (void)state;
    name("[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]");
    assert_true(plain.literal);
    edge_ipaddr_parse(edge_span_of("2001:db8:0::1"), &address);
    assert_true(edge_ipaddr_equal(plain.address, address));
    name("[192.0.2.1]", "[192.0.2.1]");
    assert_true(plain.literal);
    name("[tag:X]", "[tag:x]");
    assert_false(plain.literal);
}

static void mailboxes(void **state) {
    (void)state;
    mailbox("Ann", "Example.Org", "ann@example.org");
    assert_int_equal(plain.domain, 4);
    mailbox("\"Ann\"", "example.org", "ann@example.org");
    mailbox("\"A\\nn\"", "example.org", "ann@example.org");
    mailbox("\"a @ b\\\"\\\\\"", "example.org", "a @ b\"\\@example.org");
    mailbox("\"\"", "example.org", "@example.org");
    /* Other octets than those of ASCII stay as they are. */
    mailbox("\xc3\x9c", "example.org", "\xc3\x9c@example.org");
    assert_true(edge_lookup_plain_mailbox(edge_span_of("Postmaster"), EDGE_NO_SPAN, &plain));
    is("postmaster@");
    assert_int_equal(plain.domain, plain.len);
}

static void what_has_no_form(void **state) {
    static char text[EDGE_LOOKUP_KEY_MOST + 1];
    (void)state;
    memset(text, 'a', sizeof(text));
    assert_false(edge_lookup_plain_name(edge_span_of(""), &plain));
    assert_false(edge_lookup_plain_name(edge_span_of(".example.org"), &plain));
    assert_false(edge_lookup_plain_name(edge_span_of("ann@example.org"), &plain));
    assert_false(edge_lookup_plain_name(edge_span_of("<>"), &plain));
    assert_false(edge_lookup_plain_name(edge_span_of("\xff.example"), &plain));
    assert_false(edge_lookup_plain_name(edge_span(text, 300), &plain));
    assert_false(edge_lookup_plain_mailbox(edge_span(text, sizeof(text)), edge_span_of("a"), &plain));
    assert_false(edge_lookup_plain_mailbox(edge_span(text, sizeof(text) - 1), edge_span_of("a"), &plain));
    assert_false(edge_lookup_plain_mailbox(edge_span(text, sizeof(text) - 2), edge_span_of("a"), &plain));
    assert_true(edge_lookup_plain_mailbox(edge_span(text, sizeof(text) - 3), edge_span_of("a"), &plain));
    text[0] = '"';
    text[sizeof(text) - 1] = '"';
    assert_false(edge_lookup_plain_mailbox(edge_span(text, sizeof(text)), edge_span_of("a"), &plain));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(literals),
        cmocka_unit_test(mailboxes),
        cmocka_unit_test(what_has_no_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
