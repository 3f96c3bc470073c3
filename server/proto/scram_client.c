/* Attributes in their order, as RFC 5802 7 has them. */
#include "proto/scram_client.h"

#include "edge_codec.h"

/* Text that grows; nothing is written beyond its room. */
typedef struct text {
    char *at;
    size_t len, size;
    bool failed;
} text_t;

static void put(text_t *text, edge_span_t span) {
    text->failed = text->failed || span.len > text->size - text->len;
    if (text->failed || span.len == 0)
        return;
    memcpy(text->at + text->len, span.at, span.len);
    text->len += span.len;
}

static void put_string(text_t *text, const char *string) { put(text, edge_span_of(string)); }

static void put_base64(text_t *text, edge_span_t octets) {
    text->failed = text->failed || EDGE_BASE64_SIZE(octets.len) > text->size - text->len;
    if (!text->failed)
        text->len += edge_base64_encode(octets, text->at + text->len, text->size - text->len);
}

static size_t finish(const text_t *text) { return text->failed ? 0 : text->len; }

static void put_name(text_t *text, edge_span_t name) {
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] == ',')
            put_string(text, "=2C");
        else if (name.at[i] == '=')
            put_string(text, "=3D");
        else
            put(text, edge_span(name.at + i, 1));
}

static bool is_nonce(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == ',')
            return false;
    return text.len > 0;
}

static const char *header_of(const edge_scram_client_t *client) {
    return client->bound ? "p=tls-exporter,," : client->could ? "y,," : "n,,";
}

size_t edge_scram_client_first(edge_scram_client_t *client, edge_span_t user, edge_span_t nonce, bool bound, bool could,
                               char *out, size_t size) {
    *client = (edge_scram_client_t){.bound = bound, .could = could, .nonce_len = nonce.len};
    text_t message = {client->message, 0, sizeof(client->message), false}, first = {out, 0, size, false};
    if (!is_nonce(nonce) || nonce.len > EDGE_SCRAM_CLIENT_NONCE_MOST || user.len == 0 ||
        memchr(user.at, '\0', user.len))
        return 0;
    put_string(&message, "n=");
    put_name(&message, user);
    put_string(&message, ",r=");
    put(&message, nonce);
    client->len = client->bare_len = message.len;
    put_string(&first, header_of(client));
    put(&first, edge_span(client->message, client->len));
    return message.failed ? 0 : finish(&first);
}

/* "X=value" at the front of the rest, up to the next comma. */
static bool take(edge_span_t *rest, char name, edge_span_t *value) {
    if (rest->len < 2 || rest->at[0] != name || rest->at[1] != '=')
        return false;
    const char *end = memchr(rest->at, ',', rest->len);
    size_t len = end ? (size_t)(end - rest->at) : rest->len;
    *value = edge_span(rest->at + 2, len - 2);
    *rest = edge_span_after(*rest, end ? len + 1 : len);
    return true;
}

static bool take_salt(edge_scram_t *scram, edge_span_t value) {
    char salt[EDGE_BASE64_SIZE(EDGE_SCRAM_SALT_MOST)];
    if (value.len == 0 || value.len > EDGE_BASE64_SIZE(EDGE_SCRAM_SALT_MOST) ||
        !edge_base64_decode(value, salt, sizeof(salt), &scram->salt_len) || scram->salt_len == 0 ||
        scram->salt_len > sizeof(scram->salt))
        return false;
    memcpy(scram->salt, salt, scram->salt_len);
    return true;
}

static bool take_iterations(edge_scram_t *scram, edge_span_t value) {
    uint64_t number;
    if (!edge_span_number(value, &number) || number < EDGE_SCRAM_ITERATIONS_LEAST ||
        number > EDGE_SCRAM_CLIENT_ITERATIONS_MOST)
        return false;
    scram->iterations = (uint32_t)number;
    return true;
}

/* The server's nonce continues ours. */
static bool is_ours(const edge_scram_client_t *client, edge_span_t nonce) {
    const char *ours = client->message + client->bare_len - client->nonce_len;
    return nonce.len > client->nonce_len && memcmp(nonce.at, ours, client->nonce_len) == 0 && is_nonce(nonce);
}

static void put_last(text_t *message, const edge_scram_client_t *client, edge_span_t nonce, edge_span_t binding) {
    char octets[32 + EDGE_SCRAM_KEY_SIZE];
    text_t bound = {octets, 0, sizeof(octets), false};
    put_string(&bound, header_of(client));
    if (client->bound)
        put(&bound, binding);
    put_string(message, "c=");
    put_base64(message, edge_span(octets, bound.len));
    put_string(message, ",r=");
    put(message, nonce);
    message->failed = message->failed || bound.failed;
}

bool edge_scram_client_hear(edge_scram_client_t *client, edge_span_t text, edge_span_t binding) {
    text_t message = {client->message, client->bare_len, sizeof(client->message), false};
    edge_span_t rest = text, nonce, salt, iterations;
    if (!take(&rest, 'r', &nonce) || !take(&rest, 's', &salt) || !take(&rest, 'i', &iterations) ||
        !is_ours(client, nonce) || !take_salt(&client->asked, salt) || !take_iterations(&client->asked, iterations))
        return false;
    put_string(&message, ",");
    put(&message, text);
    put_string(&message, ",");
    client->final_at = message.len;
    put_last(&message, client, nonce, binding);
    client->len = message.len;
    return !message.failed;
}

size_t edge_scram_client_final(const edge_scram_client_t *client, const uint8_t proof[EDGE_SCRAM_KEY_SIZE], char *out,
                               size_t size) {
    text_t final = {out, 0, size, false};
    put(&final, edge_span(client->message + client->final_at, client->len - client->final_at));
    put_string(&final, ",p=");
    put_base64(&final, edge_span((const char *)proof, EDGE_SCRAM_KEY_SIZE));
    return finish(&final);
}

bool edge_scram_client_is_proven(edge_span_t text, const uint8_t signature[EDGE_SCRAM_KEY_SIZE]) {
    char expected[EDGE_BASE64_SIZE(EDGE_SCRAM_KEY_SIZE)];
    edge_span_t value;
    size_t len =
        edge_base64_encode(edge_span((const char *)signature, EDGE_SCRAM_KEY_SIZE), expected, sizeof(expected));
    return take(&text, 'v', &value) && edge_span_equal(value, edge_span(expected, len));
}
