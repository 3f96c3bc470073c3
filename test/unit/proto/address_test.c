/* Addresses: what RFC 5321 4.1.2 allows, what it does not, and where we are kinder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/address.h"

static edge_address_t address;
static edge_span_t rest;

static bool path(const char *text, edge_address_path_kind_t kind) {
    rest = edge_span_of(text);
    return edge_address_path(&rest, kind, &address);
}

static void accepted(const char *text, const char *mailbox) {
    if (!path(text, EDGE_ADDRESS_FORWARD) || !edge_span_equal(address.mailbox, edge_span_of(mailbox)))
        fail_msg("%s", text);
}

static void refused(const char *text) {
    if (path(text, EDGE_ADDRESS_FORWARD))
        fail_msg("%s", text);
    assert_ptr_equal(rest.at, text);
}

static void usual(void **state) {
    assert_true(path("<Jim.O'Neil+x@mail.Example.ORG> SIZE=1", EDGE_ADDRESS_REVERSE));
    assert_true(edge_span_equal(address.local, edge_span_of("Jim.O'Neil+x")));
    assert_true(edge_span_equal(address.domain, edge_span_of("mail.Example.ORG")));
    assert_true(edge_span_equal(address.mailbox, edge_span_of("Jim.O'Neil+x@mail.Example.ORG")));
    assert_true(edge_span_equal(rest, edge_span_of(" SIZE=1")));
    assert_false(address.utf8);
}

static void null_and_postmaster(void **state) {
    assert_true(path("<>", EDGE_ADDRESS_REVERSE));
    assert_non_null(address.mailbox.at);
    assert_int_equal(address.mailbox.len, 0);
    assert_null(address.domain.at);
    refused("<>");
    accepted("<Postmaster>", "Postmaster");
    accepted("<POSTMASTER>", "POSTMASTER");
    accepted("<postmaster@x>", "postmaster@x");
    assert_false(path("<Postmaster>", EDGE_ADDRESS_REVERSE));
    refused("<postmasters>");
    refused("<postmaster");
}

static void quoted(void **state) {
    accepted("<\"a b\"@c>", "\"a b\"@c");
    accepted("<\"\"@c>", "\"\"@c");
    accepted("<\"a>b@c\"@d.e>", "\"a>b@c\"@d.e");
    accepted("<\"\\\"\\\\x\"@d>", "\"\\\"\\\\x\"@d");
    refused("<\"a@c>");
    refused("<\"a\"b@c>");
    refused("<\"a\tb\"@c>");
    refused("<\"a\\\x01\"@c>");
    refused("<\"a\"@>");
}

static void source_routes(void **state) {
    accepted("<@a.org:x@y.org>", "x@y.org");
    accepted("<@a.org,@b.org:\"x\"@y.org>", "\"x\"@y.org");
    refused("<@a.org>");
    refused("<@a.org x@y.org>");
    refused("<@a.org,b.org:x@y>");
    refused("<@:x@y>");
    refused("<@a.org:>");
}

static void literals(void **state) {
    accepted("<a@[192.0.2.1]>", "a@[192.0.2.1]");
    accepted("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]");
    accepted("<a@[ipv6:::ffff:192.0.2.1]>", "a@[ipv6:::ffff:192.0.2.1]");
    accepted("<a@[x-tag:any!content]>", "a@[x-tag:any!content]");
    refused("<a@[192.0.2.256]>");
    refused("<a@[192.0.2]>");
    refused("<a@[2001:db8::1 ]>");
    refused("<a@[IPv6:192.0.2.1]>");
    refused("<a@[IPv6:2001:db8::1::2]>");
    refused("<a@[tag-:x]>");
    refused("<a@[tag:]>");
    refused("<a@[:x]>");
    refused("<a@[tag:x\\y]>");
    refused("<a@[]>");
    refused("<a@[192.0.2.1>");
    refused("<a@[192.0.2.1].org>");
}

static void malformed(void **state) {
    static const char *const texts[] = {"a@b",       "<a>",      "<a@>",      "<@b>",     "<a@b",   "<a b@c>",
                                        "<a@b c>",   "<.a@b>",   "<a.@b>",    "<a..b@c>", "<a@.b>", "<a@b.>",
                                        "<a@b..c>",  "<a@-b>",   "<a@b->",    "<a@b@c>",  "<<a@b>", "<a@b\x7f>",
                                        "<a\x01@b>", "<a(x)@b>", "<a@b,c@d>", "< a@b>",   "<a@b >", ""};
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++) {
        refused(texts[i]);
        assert_false(path(texts[i], EDGE_ADDRESS_REVERSE));
    }
}

static void utf8(void **state) {
    accepted("<\xc3\xbc@\xc3\xbc.org>", "\xc3\xbc@\xc3\xbc.org");
    assert_true(address.utf8);
    accepted("<\"\xe2\x82\xac\"@x>", "\"\xe2\x82\xac\"@x");
    assert_true(address.utf8);
    refused("<\xc3@x>");
    refused("<\xc0\xaf@x>");
    refused("<x@\xed\xa0\x80>");
    refused("<\xff@x>");
}

static void lengths(void **state) {
    char text[700], label[64];
    memset(label, 'd', 63);
    label[63] = '\0';
    snprintf(text, sizeof(text), "<%0300d@x.org>", 7); /* longer than 64: VERP does that */
    assert_true(path(text, EDGE_ADDRESS_FORWARD));
    snprintf(text, sizeof(text), "<a@%s.%s.%s.%s>", label, label, label, label);
    assert_true(path(text, EDGE_ADDRESS_FORWARD));
    assert_int_equal(address.domain.len, 255);
    snprintf(text, sizeof(text), "<a@%s.%s.%s.%s.e>", label, label, label, label);
    refused(text);
    snprintf(text, sizeof(text), "<a@%sd.org>", label);
    refused(text);
    accepted("<a@under_score.org>", "a@under_score.org");
}

static void parts(void **state) {
    assert_true(edge_address_mailbox(edge_span_of("a@b.c"), &address));
    assert_false(edge_address_mailbox(edge_span_of("a@b.c>"), &address));
    assert_false(edge_address_mailbox(edge_span_of(""), &address));
    assert_true(edge_address_domain(edge_span_of("b.c")));
    assert_false(edge_address_domain(edge_span_of("b.c ")));
    assert_false(edge_address_domain(edge_span_of("[192.0.2.1]")));
    assert_true(edge_address_literal(edge_span_of("[192.0.2.1]")));
    assert_false(edge_address_literal(edge_span_of("192.0.2.1")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual),         cmocka_unit_test(null_and_postmaster),
        cmocka_unit_test(quoted),        cmocka_unit_test(literals),
        cmocka_unit_test(source_routes), cmocka_unit_test(malformed),
        cmocka_unit_test(utf8),          cmocka_unit_test(lengths),
        cmocka_unit_test(parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
