/* Received and the added fields: their exact form, their folding, and what hostile text becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "proto/trace.h"

static apr_pool_t *pool;
static char out[EDGE_TRACE_MOST + 1];

static edge_span_t span(const char *text) { return edge_span_of(text); }

static edge_envelope_t *usual(void) {
    edge_envelope_t *envelope = apr_pcalloc(pool, sizeof *envelope);
    assert_true(edge_uuid_parse(span("e6482085-5322-4254-8654-2d1bd59ba6cd"), &envelope->id));
    envelope->received = INT64_C(1795365669120934);
    envelope->sender = span("sender@client.example.com");
    envelope->client.protocol = span("ESMTP");
    envelope->client.ehlo = span("client.example.com");
    envelope->client.ip = span("192.0.2.7");
    envelope->client.receiver = span("slimta.org");
    edge_envelope_add(envelope, pool, span("recipient@server.example.com"));
    return envelope;
}

static const char *write_it(const edge_envelope_t *envelope, unsigned add) {
    size_t len = edge_trace_write(envelope, add, out, sizeof out);
    assert_true(len <= EDGE_TRACE_MOST);
    out[len] = '\0';
    assert_int_equal(strlen(out), len);
    return out;
}

static void the_usual_form(void **state) {
    (void)state;
    assert_string_equal(write_it(usual(), 0), "Received: from client.example.com ([192.0.2.7])\r\n"
                                              "\tby slimta.org (edged) with ESMTP\r\n"
                                              "\tid e6482085-5322-4254-8654-2d1bd59ba6cd\r\n"
                                              "\tfor <recipient@server.example.com>;\r\n"
                                              "\tSun, 22 Nov 2026 16:41:09 +0000\r\n");
}

static void tls_and_ipv6(void **state) {
    (void)state;
    edge_envelope_t *envelope = usual();
    envelope->client.ip = span("2001:db8::1");
    envelope->client.protocol = span("ESMTPSA");
    envelope->client.tls_version = span("TLSv1.3");
    envelope->client.tls_cipher = span("TLS_AES_256_GCM_SHA384");
    edge_envelope_add(envelope, pool, span("second@server.example.com"));
    assert_string_equal(write_it(envelope, 0),
                        "Received: from client.example.com ([IPv6:2001:db8::1])\r\n"
                        "\tby slimta.org (edged) with ESMTPSA (TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"
                        "\tid e6482085-5322-4254-8654-2d1bd59ba6cd;\r\n"
                        "\tSun, 22 Nov 2026 16:41:09 +0000\r\n");
}

static void missing_fields_each_by_its_flag(void **state) {
    (void)state;
    edge_envelope_t *envelope = usual();
    static const char from[] = "From: sender@client.example.com\r\n",
                      date[] = "Date: Sun, 22 Nov 2026 16:41:09 +0000\r\n",
                      id[] = "Message-Id: <e6482085-5322-4254-8654-2d1bd59ba6cd@slimta.org>\r\n";
    for (unsigned add = 0; add < 16; add++) {
        char expected[EDGE_TRACE_MOST];
        strcpy(expected, write_it(envelope, 0));
        strcat(expected, (add & EDGE_TRACE_FROM) != 0 ? from : "");
        strcat(expected, (add & EDGE_TRACE_DATE) != 0 ? date : "");
        strcat(expected, (add & EDGE_TRACE_MESSAGE_ID) != 0 ? id : "");
        strcat(expected, (add & EDGE_TRACE_BLANK) != 0 ? "\r\n" : "");
        assert_string_equal(write_it(envelope, add), expected);
    }
    envelope->sender = span("");
    assert_null(strstr(write_it(envelope, EDGE_TRACE_FROM), "From:"));
}

/* Every line ends in CRLF, has no other control byte than a leading tab, begins as a field or a fold, and is short. */
static void well_formed(const char *text, unsigned fields, size_t longest) {
    while (*text != '\0') {
        const char *end = strstr(text, "\r\n");
        assert_non_null(end);
        assert_true((size_t)(end - text) <= longest);
        if (*text != '\t') {
            assert_true(fields-- > 0);
        }
        for (const char *at = text + (*text == '\t'); at < end; at++) {
            assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
        }
        text = end + 2;
    }
    assert_int_equal(fields, 0);
}

static void hostile_text_is_cleaned(void **state) {
    (void)state;
    edge_envelope_t *envelope = usual();
    static const char ehlo[] = "a\r\nX-Evil: 1\0(b) <c>;\"d\" \xc3\xa9 \xff";
    envelope->client.ehlo = edge_span(ehlo, sizeof ehlo - 1);
    envelope->client.receiver = span("r\nr");
    envelope->client.protocol = span("ES MTP\r\n");
    envelope->client.tls_version = span("TLS(v1");
    envelope->client.tls_cipher = span("a)b");
    envelope->client.ip = span("1.2.3.4) evil");
    well_formed(write_it(envelope, 15 & ~EDGE_TRACE_BLANK), 4, 77);
    assert_null(strstr(out, "\nX-Evil"));
    assert_non_null(strstr(out, "a??X-Evil:?1??b???c???d??\xc3\xa9??"));
    assert_non_null(strstr(out, "([1.2.3.4??evil])"));
}

static void hostile_addresses_are_left_out(void **state) {
    (void)state;
    static const char *const bad[] = {"a\r\nX: y@b", "a(b@c", "a>b@c",   "\"open@c", "\"a\\",
                                      "\"a\\\n\"@b", "a b@c", "a\xff@b", "\x7f@b"};
    for (size_t i = 0; i < EDGE_COUNT(bad); i++) {
        edge_envelope_t *envelope = usual();
        envelope->sender = span(bad[i]);
        envelope->recipients[0].address = span(bad[i]);
        well_formed(write_it(envelope, EDGE_TRACE_FROM), 1, 77);
        assert_null(strstr(out, "for"));
    }
    edge_envelope_t *envelope = usual();
    envelope->sender = span("\"a \\\" (b) >\"@c");
    envelope->recipients[0].address = span("pel\xc3\xa9@[IPv6:::1]");
    well_formed(write_it(envelope, EDGE_TRACE_FROM), 2, 77);
    assert_non_null(strstr(out, "From: \"a \\\" (b) >\"@c\r\n"));
    assert_non_null(strstr(out, "for <pel\xc3\xa9@[IPv6:::1]>;"));
}

static void the_longest_fits(void **state) {
    (void)state;
    edge_envelope_t *envelope = usual();
    char *text = apr_palloc(pool, 5000);
    memset(text, 'x', 5000);
    edge_span_t huge = edge_span(text, 5000), address = edge_span(text, 330);
    envelope->client = (edge_client_facts_t){
        .ehlo = huge, .receiver = huge, .ip = huge, .protocol = huge, .tls_version = huge, .tls_cipher = huge};
    envelope->sender = address;
    envelope->recipients[0].address = address;
    well_formed(write_it(envelope, 7), 4, 998);
    assert_non_null(strstr(out, "for <xxx"));
    envelope->recipients[0].address = huge;
    envelope->sender = huge;
    well_formed(write_it(envelope, 7), 3, 998);
}

static void nothing_known_is_still_a_field(void **state) {
    (void)state;
    edge_envelope_t envelope = {0};
    assert_string_equal(write_it(&envelope, EDGE_TRACE_FROM),
                        "Received: from unknown\r\n\tby unknown (edged) with SMTP\r\n"
                        "\tid 00000000-0000-0000-0000-000000000000;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n");
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_form),
        cmocka_unit_test(tls_and_ipv6),
        cmocka_unit_test(missing_fields_each_by_its_flag),
        cmocka_unit_test(hostile_text_is_cleaned),
        cmocka_unit_test(hostile_addresses_are_left_out),
        cmocka_unit_test(the_longest_fits),
        cmocka_unit_test(nothing_known_is_still_a_field),
    };
    return cmocka_run_group_tests_name("proto/trace", tests, set_up, NULL);
}
