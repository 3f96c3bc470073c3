/* Envelopes: growing, encoding, and decoding of what is cut, altered or unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <stdlib.h>

#include "proto/envelope.h"

static apr_pool_t *pool;

static edge_span_t span(const char *text) { return edge_span_of(text); }

static edge_envelope_t *full_envelope(void) {
    edge_envelope_t *envelope = apr_pcalloc(pool, sizeof *envelope);
    edge_parameter_t *parameters = apr_pcalloc(pool, sizeof *parameters * 2);
    for (unsigned i = 0; i < sizeof envelope->id.bytes; i++) {
        envelope->id.bytes[i] = (uint8_t)(i * 17);
    }
    envelope->received = INT64_C(1795365669120934);
    envelope->sender = span("sender@client.example.com");
    parameters[0] = (edge_parameter_t){span("SIZE"), span("150")};
    parameters[1] = (edge_parameter_t){span("SMTPUTF8"), EDGE_NO_SPAN};
    envelope->sender_parameters = (edge_parameters_t){parameters, 2};
    envelope->size = UINT64_C(5000000000);
    envelope->needs = EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8;
    envelope->attempts = 3;
    envelope->next_attempt = 1;
    envelope->expires = INT64_MAX;
    envelope->client = (edge_client_facts_t){
        .protocol = span("ESMTPSA"),
        .ehlo = span("client.example.com"),
        .ip = span("2001:db8::1"),
        .port = 51512,
        .security = span("TLS"),
        .tls_version = span("TLSv1.3"),
        .tls_cipher = span("TLS_AES_256_GCM_SHA384"),
        .receiver = span("mx1.example.net"),
        .auth = span("alice"),
        .listener = span("mx"),
        .session = span("01JD3V5Y2M8QX"),
    };
    edge_envelope_add(envelope, pool, span("one@server.example.com"));
    edge_recipient_t *second = edge_envelope_add(envelope, pool, span("\"two \xc3\xa9\"@server.example.com"));
    second->parameters = (edge_parameters_t){parameters, 1};
    second->state = EDGE_RECIPIENT_FAILED;
    second->attempts = 300;
    second->last_reply = span("550 5.1.1 no such user");
    return envelope;
}

static edge_span_t encode(const edge_envelope_t *envelope) {
    size_t size = edge_envelope_encoded_size(envelope);
    char *bytes = apr_palloc(pool, size);
    assert_int_equal(edge_envelope_encode(envelope, bytes, size), size);
    return edge_span(bytes, size);
}

static void same(edge_span_t a, edge_span_t b) {
    assert_int_equal(a.at == NULL, b.at == NULL);
    assert_true(edge_span_equal(a, b));
}

static void same_parameters(edge_parameters_t a, edge_parameters_t b) {
    assert_int_equal(a.count, b.count);
    for (unsigned i = 0; i < a.count; i++) {
        same(a.list[i].name, b.list[i].name);
        same(a.list[i].value, b.list[i].value);
    }
}

static void same_client(const edge_client_facts_t *a, const edge_client_facts_t *b) {
    same(a->protocol, b->protocol);
    same(a->ehlo, b->ehlo);
    same(a->ip, b->ip);
    assert_int_equal(a->port, b->port);
    same(a->security, b->security);
    same(a->tls_version, b->tls_version);
    same(a->tls_cipher, b->tls_cipher);
    same(a->receiver, b->receiver);
    same(a->auth, b->auth);
    same(a->listener, b->listener);
    same(a->session, b->session);
}

static void same_envelope(const edge_envelope_t *a, const edge_envelope_t *b) {
    assert_true(edge_uuid_equal(a->id, b->id));
    assert_true(a->received == b->received && a->next_attempt == b->next_attempt && a->expires == b->expires);
    same(a->sender, b->sender);
    same_parameters(a->sender_parameters, b->sender_parameters);
    assert_true(a->size == b->size);
    assert_int_equal(a->needs, b->needs);
    assert_int_equal(a->attempts, b->attempts);
    same_client(&a->client, &b->client);
    assert_int_equal(a->recipient_count, b->recipient_count);
    for (unsigned i = 0; i < a->recipient_count; i++) {
        same(a->recipients[i].address, b->recipients[i].address);
        same_parameters(a->recipients[i].parameters, b->recipients[i].parameters);
        assert_int_equal(a->recipients[i].state, b->recipients[i].state);
        assert_int_equal(a->recipients[i].attempts, b->recipients[i].attempts);
        same(a->recipients[i].last_reply, b->recipients[i].last_reply);
    }
}

static void comes_back_whole(void **state) {
    (void)state;
    edge_envelope_t *envelope = full_envelope(), decoded;
    assert_null(edge_envelope_decode(encode(envelope), pool, &decoded));
    same_envelope(envelope, &decoded);
}

static void empty_and_absent_differ(void **state) {
    (void)state;
    edge_envelope_t envelope = {.sender = edge_span("", 0), .client.ehlo = edge_span("", 0)}, decoded;
    assert_null(edge_envelope_decode(encode(&envelope), pool, &decoded));
    assert_non_null(decoded.sender.at);
    assert_non_null(decoded.client.ehlo.at);
    assert_null(decoded.client.auth.at);
    assert_int_equal(decoded.recipient_count, 0);
}

static void a_decoded_envelope_can_grow(void **state) {
    (void)state;
    edge_envelope_t *envelope = full_envelope(), decoded;
    assert_null(edge_envelope_decode(encode(envelope), pool, &decoded));
    for (unsigned i = 0; i < 100; i++) {
        edge_recipient_t *added = edge_envelope_add(&decoded, pool, span("more@server.example.com"));
        assert_int_equal(added->state, EDGE_RECIPIENT_WAITING);
        assert_int_equal(added->parameters.count, 0);
    }
    assert_int_equal(decoded.recipient_count, 102);
    assert_true(edge_span_equal(decoded.recipients[0].address, span("one@server.example.com")));
    assert_true(edge_span_equal(decoded.recipients[101].address, span("more@server.example.com")));
}

static edge_span_t with_tail(edge_span_t record, const char *tail, size_t len) {
    char *bytes = apr_palloc(pool, record.len + len);
    memcpy(bytes, record.at, record.len);
    memcpy(bytes + record.len, tail, len);
    return edge_span(bytes, record.len + len);
}

static void unknown_fields_are_skipped(void **state) {
    (void)state;
    edge_envelope_t *envelope = full_envelope(), decoded;
    edge_span_t later = with_tail(encode(envelope), "\xf0\x03new", 5);
    assert_null(edge_envelope_decode(later, pool, &decoded));
    same_envelope(envelope, &decoded);
}

static void refuses(edge_span_t record, const char *why) {
    edge_envelope_t decoded;
    const char *wrong = edge_envelope_decode(record, pool, &decoded);
    assert_non_null(wrong);
    if (why != NULL) {
        assert_string_equal(wrong, why);
    }
}

static void refuses_what_is_wrong(void **state) {
    (void)state;
    edge_span_t good = encode(full_envelope());
    refuses(edge_span("", 0), "it is empty");
    refuses(edge_span("\x02", 1), "its layout is of another version");
    refuses(edge_span("\x01", 1), "it has no id");
    refuses(with_tail(good, "\x03\x00", 2), "a field is there twice");
    refuses(with_tail(good, "\xf0\x04new", 5), "a field is longer than the record, or its length is malformed");
    refuses(with_tail(good, "\xf0\x80\x00", 3), NULL);                                  /* a long form of 0 */
    refuses(with_tail(good, "\xf0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11), NULL); /* over 64 bits */
    refuses(with_tail(good, "\xf0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), NULL); /* 2^64-1 octets */
    refuses(with_tail(good, "\x05\x00", 2), "a recipient has no address");
    refuses(with_tail(good, "\x05\x05\x01\x01x\x02\x01", 7), NULL); /* cut inside a recipient */
    refuses(with_tail(good, "\x05\x07\x01\x01x\x02\x02\x02\x00", 9), "a parameter has no name");
    refuses(with_tail(good, "\x05\x06\x01\x01x\x03\x01\x07", 8), "a number is malformed or out of its range");
    refuses(with_tail(good,
                      "\x01\x10"
                      "0123456789abcdef",
                      18),
            "the id is there twice or has not 16 octets");
}

/* A record cut at a field's border may be a whole shorter one; all else must be refused; nothing may be read behind the end. */
static void every_cut_is_safe(void **state) {
    (void)state;
    edge_span_t good = encode(full_envelope());
    for (size_t len = 0; len < good.len; len++) {
        char *exact = malloc(len + 1);
        edge_envelope_t decoded;
        memcpy(exact, good.at, len);
        const char *wrong = edge_envelope_decode(edge_span(exact, len), pool, &decoded);
        if (len < 1 + 18) {
            assert_non_null(wrong);
        }
        free(exact);
    }
}

static void every_altered_octet_is_safe(void **state) {
    (void)state;
    edge_span_t good = encode(full_envelope());
    for (size_t at = 0; at < good.len; at++) {
        for (unsigned change = 1; change < 256; change += 13) {
            edge_envelope_t decoded;
            char *bytes = malloc(good.len);
            memcpy(bytes, good.at, good.len);
            bytes[at] = (char)(bytes[at] ^ (char)change);
            if (edge_envelope_decode(edge_span(bytes, good.len), pool, &decoded) == NULL) {
                /* What was accepted is an envelope: it can be written again. */
                assert_true(edge_envelope_encoded_size(&decoded) > 0);
            }
            free(bytes);
        }
        apr_pool_clear(pool);
        good = encode(full_envelope());
    }
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int clear(void **state) {
    (void)state;
    apr_pool_clear(pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(comes_back_whole, clear),
        cmocka_unit_test_teardown(empty_and_absent_differ, clear),
        cmocka_unit_test_teardown(a_decoded_envelope_can_grow, clear),
        cmocka_unit_test_teardown(unknown_fields_are_skipped, clear),
        cmocka_unit_test_teardown(refuses_what_is_wrong, clear),
        cmocka_unit_test_teardown(every_cut_is_safe, clear),
        cmocka_unit_test_teardown(every_altered_octet_is_safe, clear),
    };
    return cmocka_run_group_tests_name("proto/envelope", tests, set_up, NULL);
}
