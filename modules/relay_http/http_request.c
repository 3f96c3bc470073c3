/* A delivery as a request: headers with the envelope, or JSON around the message; and its signature. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "edge_codec.h"
#include "edge_json.h"
#include "proto/envelope_json.h"
#include "relay_http.h"

#define OWN_HEADERS 12

/* Headers */

static bool is_plain(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < ' ' || (unsigned char)text.at[i] > '~') {
            return false;
        }
    }
    return true;
}

/* What is not ASCII goes as an encoded word, as our own edge reads it (RFC 2047 2). */
static const char *header_value(edge_span_t text, apr_pool_t *pool) {
    if (text.len == 0) {
        return "";
    }
    if (is_plain(text)) {
        return apr_pstrmemdup(pool, text.at, text.len);
    }
    size_t size = EDGE_BASE64_SIZE(text.len);
    char *word = apr_palloc(pool, size + 1);
    word[edge_base64_encode(text, word, size)] = '\0';
    return apr_pstrcat(pool, "=?utf-8?B?", word, "?=", NULL);
}

static void add(http_request_t *request, const char *name, const char *value) {
    unsigned count = 0;
    while (request->headers[count] != NULL) {
        count++;
    }
    /* libcurl takes "Name;" for a header without a value. */
    request->headers[count] = apr_pstrcat(request->pool, name, *value != '\0' ? ": " : ";", value, NULL);
}

static void add_envelope(http_request_t *request) {
    const edge_envelope_t *envelope = request->envelope;
    add(request, "X-Ehlo", header_value(envelope->client.receiver, request->pool));
    add(request, "X-Sender", header_value(envelope->sender, request->pool));
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        add(request, "X-Recipient", header_value(envelope->recipients[i].address, request->pool));
    }
}

/* {"id": ..., "message": "BASE64"} */
static void make_json(http_request_t *request) {
    edge_json_t json;
    edge_json_start(&json, request->pool, 1024);
    edge_json_object(&json);
    edge_envelope_json(&json, request->envelope, false);
    edge_json_object_end(&json);
    edge_span_t closed = edge_span(json.text, json.len - 1);
    request->prefix = edge_span_of(
        apr_pstrcat(request->pool, apr_pstrmemdup(request->pool, closed.at, closed.len), ",\"message\":\"", NULL));
    request->suffix = edge_span_of("\"}\n");
}

void http_request_make(http_request_t *request, const http_conf_t *conf, const edge_envelope_t *envelope,
                       uint64_t message_size, apr_time_t now, apr_pool_t *pool) {
    char id[EDGE_UUID_TEXT];
    unsigned most = OWN_HEADERS + conf->header_count + envelope->recipient_count;
    memset(request, 0, sizeof *request);
    request->conf = conf;
    request->envelope = envelope;
    request->pool = pool;
    request->message_size = message_size;
    request->headers = apr_pcalloc(pool, sizeof *request->headers * most);
    request->prefix = request->suffix = edge_span("", 0);
    edge_uuid_format(envelope->id, id);
    add(request, "Content-Type", conf->format == HTTP_JSON ? "application/json" : "message/rfc822");
    add(request, "X-Edged-Id", id);
    add(request, "X-Edged-Timestamp", apr_psprintf(pool, "%" APR_TIME_T_FMT, apr_time_sec(now)));
    if (conf->format == HTTP_JSON) {
        make_json(request);
    } else {
        add_envelope(request);
    }
    for (unsigned i = 0; i < conf->header_count; i++) {
        unsigned count = 0;
        while (request->headers[count] != NULL) {
            count++;
        }
        request->headers[count] = conf->headers[i].at;
    }
    http_request_restart(request);
}

/* The body */

uint64_t http_request_size(const http_request_t *request) {
    uint64_t size = request->message_size;
    if (size == EDGE_SOURCE_SIZE_UNKNOWN) {
        return size;
    }
    size = request->conf->format == HTTP_JSON ? EDGE_BASE64_SIZE(size) : size;
    return request->prefix.len + size + request->suffix.len;
}

void http_request_restart(http_request_t *request) {
    request->pending = request->prefix;
    request->carried = 0;
    request->message_over = false;
}

typedef struct block {
    char *at;
    size_t len;
} block_t;

static void put(block_t *block, edge_span_t *from) {
    size_t room = HTTP_BLOCK_SIZE - block->len;
    size_t len = from->len < room ? from->len : room;
    if (len > 0) {
        memcpy(block->at + block->len, from->at, len);
    }
    block->len += len;
    *from = edge_span_after(*from, len);
}

/* What was carried, as the group of base 64 that it makes. */
static void put_group(http_request_t *request, block_t *block) {
    edge_span_t group = edge_span((const char *)request->carry, request->carried);
    if (request->carried > 0) {
        block->len += edge_base64_encode(group, block->at + block->len, HTTP_BLOCK_SIZE - block->len);
    }
    request->carried = 0;
}

/* Whole groups of three octets; what is left of a span is carried to the next. Returns how much it took. */
static size_t encode(http_request_t *request, block_t *block, edge_span_t bytes) {
    size_t taken = 0;
    while (taken < bytes.len && HTTP_BLOCK_SIZE - block->len >= 4) {
        size_t whole = (bytes.len - taken) / 3 * 3;
        size_t room = (HTTP_BLOCK_SIZE - block->len) / 4 * 3;
        if (request->carried == 0 && whole > 0) {
            edge_span_t part = edge_span(bytes.at + taken, whole < room ? whole : room);
            block->len += edge_base64_encode(part, block->at + block->len, HTTP_BLOCK_SIZE - block->len);
            taken += part.len;
            continue;
        }
        request->carry[request->carried++] = (unsigned char)bytes.at[taken++];
        if (request->carried == 3) {
            put_group(request, block);
        }
    }
    return taken;
}

static size_t take_message(http_request_t *request, block_t *block, edge_span_t bytes) {
    if (request->conf->format == HTTP_JSON) {
        return encode(request, block, bytes);
    }
    edge_span_t rest = bytes;
    put(block, &rest);
    return bytes.len - rest.len;
}

static bool has_room(const block_t *block) { return HTTP_BLOCK_SIZE - block->len >= 4; }

static void end_message(http_request_t *request, block_t *block) {
    put_group(request, block);
    request->message_over = true;
    request->pending = request->suffix;
}

http_produced_t http_request_produce(http_request_t *request, edge_source_t *source, char bytes[HTTP_BLOCK_SIZE],
                                     size_t *len) {
    block_t block = {bytes, *len};
    edge_source_state_t state = EDGE_SOURCE_BYTES;
    put(&block, &request->pending);
    while (!request->message_over && request->pending.len == 0 && has_room(&block) && state == EDGE_SOURCE_BYTES) {
        edge_span_t part;
        state = edge_source_look(source, &part);
        if (state == EDGE_SOURCE_BYTES) {
            edge_source_eat(source, take_message(request, &block, part));
        } else if (state == EDGE_SOURCE_END) {
            end_message(request, &block);
        }
    }
    put(&block, &request->pending);
    *len = block.len;
    if (state == EDGE_SOURCE_BROKEN) {
        return HTTP_PRODUCE_BROKEN;
    }
    if (state == EDGE_SOURCE_WAIT) {
        return HTTP_PRODUCE_WAIT;
    }
    return block.len > 0 ? HTTP_PRODUCED : HTTP_PRODUCE_OVER;
}

/* Signatures */

struct http_signature {
    EVP_MAC_CTX *context;
};

static void sign_text(http_signature_t *signature, const char *text) {
    http_request_sign_block(signature, edge_span_of(text));
}

static bool is_header(const char *header, const char *name) {
    size_t len = strlen(name);
    return strncmp(header, name, len) == 0 && (header[len] == ':' || header[len] == ';');
}

static const char *value_of(const char *header) {
    const char *value = strchr(header, ':');
    return value != NULL ? value + 2 : "";
}

/* The envelope too, which is in headers: a line each of the time, X-Sender and every X-Recipient; an empty line. */
static void sign_head(http_request_t *request, http_signature_t *signature) {
    static const char *const names[] = {"X-Edged-Timestamp", "X-Sender", "X-Recipient"};
    for (size_t i = 0; i < EDGE_COUNT(names); i++) {
        for (const char **header = request->headers; *header != NULL; header++) {
            if (is_header(*header, names[i])) {
                sign_text(signature, value_of(*header));
                sign_text(signature, "\n");
            }
        }
    }
    sign_text(signature, "\n");
}

http_signature_t *http_request_sign(http_request_t *request) {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    http_signature_t *signature = apr_pcalloc(request->pool, sizeof *signature);
    signature->context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    edge_span_t secret = request->conf->secret;
    if (signature->context == NULL ||
        EVP_MAC_init(signature->context, (const unsigned char *)secret.at, secret.len, parameters) != 1) {
        http_request_unsign(signature);
        return NULL;
    }
    sign_head(request, signature);
    return signature;
}

void http_request_sign_block(http_signature_t *signature, edge_span_t block) {
    EVP_MAC_update(signature->context, (const unsigned char *)block.at, block.len);
}

void http_request_signed(http_request_t *request, http_signature_t *signature) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t len = 0;
    EVP_MAC_final(signature->context, digest, &len, sizeof digest);
    char *text = apr_pcalloc(request->pool, 2 * len + 1);
    edge_hex_encode(edge_span((const char *)digest, len), text, 2 * len);
    add(request, "X-Edged-Signature", apr_pstrcat(request->pool, "sha256=", text, NULL));
    http_request_unsign(signature);
}

void http_request_unsign(http_signature_t *signature) {
    EVP_MAC_CTX_free(signature->context);
    signature->context = NULL;
}
