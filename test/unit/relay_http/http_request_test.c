/* Requests: headers, JSON, bodies in any cut, and signatures as another implementation makes them. */
#include "../relay_discard/hop_fixture.h"

#include <apr_strings.h>
#include <openssl/hmac.h>

#include "edge_codec.h"
#include "proto/json_in.h"

#include "../../../modules/relay_http/relay_http.h"

#define NOW INT64_C(1795365969000000)
#define MESSAGE "Subject: x\r\n\r\nbody\r\n"

static http_conf_t conf;

static hop_t *make(const char *text) {
    hop_t *hop = hop_make(NULL, NULL, text);
    memset(&conf, 0, sizeof conf);
    hop->envelope.client.receiver = edge_span_of("mx.example.net");
    hop->envelope.size = strlen(text);
    hop_to(hop, "b@server.example");
    return hop;
}

static http_request_t request;

static void make_request(hop_t *hop) {
    http_request_make(&request, &conf, &hop->envelope, hop->from.source.size, NOW, hop->pool);
}

static const char *headers(hop_t *hop) {
    const char *text = "";
    for (const char **header = request.headers; *header != NULL; header++) {
        text = apr_pstrcat(hop->pool, text, *header, "\n", NULL);
    }
    return text;
}

static const char *body(hop_t *hop) {
    static char block[HTTP_BLOCK_SIZE];
    const char *text = "";
    size_t len = 0;
    for (;;) {
        http_produced_t produced = http_request_produce(&request, &hop->from.source, block, &len);
        if (produced == HTTP_PRODUCE_OVER) {
            return text;
        }
        if (produced == HTTP_PRODUCED) {
            text = apr_pstrcat(hop->pool, text, apr_pstrmemdup(hop->pool, block, len), NULL);
            len = 0;
        } else {
            assert_int_equal(produced, HTTP_PRODUCE_WAIT);
            while (hop->from.waiting) {
                edge_loop_turn(hop_worker, 0);
            }
        }
    }
}

static void nobody_waits(void *owner) { (void)owner; }

static void raw(void **state) {
    (void)state;
    hop_t *hop = make(MESSAGE);
    hop->from.source.ready = nobody_waits;
    hop_to(hop, "j\xc3\xb6rg@server.example");
    conf.headers[conf.header_count++] = edge_span_of("Authorization: Bearer x");
    make_request(hop);
    assert_string_equal(headers(hop), "Content-Type: message/rfc822\n"
                                      "X-Edged-Id: 01932d5c-0000-7000-8000-00000000beef\n"
                                      "X-Edged-Timestamp: 1795365969\n"
                                      "X-Ehlo: mx.example.net\n"
                                      "X-Sender: a@client.example\n"
                                      "X-Recipient: b@server.example\n"
                                      "X-Recipient: =?utf-8?B?asO2cmdAc2VydmVyLmV4YW1wbGU=?=\n"
                                      "Authorization: Bearer x\n");
    for (size_t step = 1; step < 25; step++) {
        hop->from.step = step;
        hop->from.at = 0;
        hop->from.waits = 5;
        http_request_restart(&request);
        assert_string_equal(body(hop), MESSAGE);
    }
    assert_int_equal(http_request_size(&request), strlen(MESSAGE));
    hop_free(hop);
}

static void the_null_sender(void **state) {
    (void)state;
    hop_t *hop = make(MESSAGE);
    hop->envelope.sender = edge_span("", 0);
    make_request(hop);
    assert_non_null(strstr(headers(hop), "\nX-Sender;\n"));
    hop_free(hop);
}

static void json(void **state) {
    (void)state;
    hop_t *hop = make(MESSAGE);
    hop->from.source.ready = nobody_waits;
    conf.format = HTTP_JSON;
    make_request(hop);
    assert_null(strstr(headers(hop), "X-Sender"));
    assert_non_null(strstr(headers(hop), "Content-Type: application/json\n"));
    for (size_t len = 0; len < strlen(MESSAGE); len++) {
        hop->from.text.len = hop->from.source.size = len;
        for (size_t step = 1; step < 8; step++) {
            char encoded[100];
            make_request(hop);
            hop->from.step = step;
            hop->from.at = 0;
            hop->from.waits = 3;
            const char *text = body(hop);
            encoded[edge_base64_encode(hop->from.text, encoded, sizeof encoded)] = '\0';
            assert_int_equal(http_request_size(&request), strlen(text));
            assert_non_null(strstr(text, apr_pstrcat(hop->pool, ",\"message\":\"", encoded, "\"}\n", NULL)));
            assert_non_null(strstr(text, "{\"id\":\"01932d5c-0000-7000-8000-00000000beef\""));
            assert_non_null(strstr(text, "\"recipients\":[\"b@server.example\"]"));
        }
    }
    hop_free(hop);
}

static void a_block_is_full(void **state) {
    (void)state;
    static char block[HTTP_BLOCK_SIZE];
    enum { SIZE = 200000 };
    hop_t *hop = make("");
    char *text = apr_pcalloc(hop->pool, SIZE + 1);
    memset(text, 'x', SIZE);
    hop->from.text = edge_span(text, SIZE);
    hop->from.source.size = SIZE;
    hop->from.step = 30000;
    for (int format = HTTP_RAW; format <= HTTP_JSON; format++) {
        size_t len = 0, all = 0;
        conf.format = format;
        hop->from.at = 0;
        make_request(hop);
        while (http_request_produce(&request, &hop->from.source, block, &len) == HTTP_PRODUCED) {
            assert_true(len <= sizeof block);
            all += len;
            len = 0;
        }
        assert_int_equal(all, http_request_size(&request));
    }
    hop_free(hop);
}

static void a_message_that_cannot_be_read(void **state) {
    (void)state;
    static char block[HTTP_BLOCK_SIZE];
    size_t len = 0;
    hop_t *hop = make(MESSAGE);
    hop->from.breaks = 0;
    make_request(hop);
    assert_int_equal(http_request_produce(&request, &hop->from.source, block, &len), HTTP_PRODUCE_BROKEN);
    hop->from.source.size = EDGE_SOURCE_SIZE_UNKNOWN;
    make_request(hop);
    assert_true(http_request_size(&request) == EDGE_SOURCE_SIZE_UNKNOWN);
    hop_free(hop);
}

static void signatures(void **state) {
    (void)state;
    static const char *const signed_text[] = {"1795365969\na@client.example\nb@server.example\n\n" MESSAGE, NULL};
    for (int format = HTTP_RAW; format <= HTTP_JSON; format++) {
        hop_t *hop = make(MESSAGE);
        unsigned char digest[32];
        char hex[65] = "";
        conf.format = format;
        conf.secret = edge_span_of("key");
        make_request(hop);
        const char *text = body(hop);
        http_signature_t *signature = http_request_sign(&request);
        assert_non_null(signature);
        for (const char *at = text; *at != '\0'; at++) {
            http_request_sign_block(signature, edge_span(at, 1));
        }
        http_request_signed(&request, signature);
        const char *whole = format == HTTP_RAW ? signed_text[0] : apr_pstrcat(hop->pool, "1795365969\n\n", text, NULL);
        HMAC(EVP_sha256(), "key", 3, (const unsigned char *)whole, strlen(whole), digest, NULL);
        edge_hex_encode(edge_span((const char *)digest, sizeof digest), hex, 64);
        assert_non_null(strstr(headers(hop), apr_pstrcat(hop->pool, "\nX-Edged-Signature: sha256=", hex, "\n", NULL)));
        hop_free(hop);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw),
        cmocka_unit_test(the_null_sender),
        cmocka_unit_test(json),
        cmocka_unit_test(a_block_is_full),
        cmocka_unit_test(a_message_that_cannot_be_read),
        cmocka_unit_test(signatures),
    };
    return cmocka_run_group_tests(tests, hop_start, hop_stop);
}
