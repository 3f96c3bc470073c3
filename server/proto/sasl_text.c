/* Splits and composes the messages of SASL mechanisms. */
#include "proto/sasl_text.h"

#include <apr_strings.h>

#include "edge_codec.h"
#include "edge_utf8.h"

bool edge_sasl_text_decode(edge_span_t response, bool initial, char *out, size_t size, size_t *len) {
    *len = 0;
    if (initial && response.len == 1 && response.at[0] == '=')
        return true;
    return edge_base64_decode(response, out, size, len);
}

/* Text that may be a name or a password; `least` 1: it must not be empty. */
static bool is_text(edge_span_t text, size_t least, size_t most) {
    if (text.len < least || text.len > most)
        return false;
    return text.len == 0 || (!memchr(text.at, '\0', text.len) && edge_utf8_valid(text));
}

/* What stands before the next NUL, which is skipped; false without one. */
static bool next_part(edge_span_t *rest, edge_span_t *part) {
    const char *end = rest->len ? memchr(rest->at, '\0', rest->len) : NULL;
    if (!end)
        return false;
    *part = edge_span(rest->at, (size_t)(end - rest->at));
    *rest = edge_span_after(*rest, part->len + 1);
    return true;
}

bool edge_sasl_text_plain(edge_span_t message, edge_sasl_plain_t *plain) {
    if (!next_part(&message, &plain->authzid) || !next_part(&message, &plain->authcid))
        return false;
    plain->password = message;
    return is_text(plain->authzid, 0, EDGE_SASL_NAME_MOST) && is_text(plain->authcid, 1, EDGE_SASL_NAME_MOST) &&
           is_text(plain->password, 1, EDGE_SASL_PASSWORD_MOST);
}

bool edge_sasl_text_login(edge_span_t message, size_t most) { return is_text(message, 1, most); }

bool edge_sasl_text_authzid(edge_span_t message) { return is_text(message, 0, EDGE_SASL_NAME_MOST); }

/* CRAM-MD5 */

size_t edge_sasl_text_cram_challenge(const char *unique, uint64_t seconds, const char *host, char *out, size_t size) {
    apr_snprintf(out, size, "<%s.%" APR_UINT64_T_FMT "@%s>", unique, (apr_uint64_t)seconds, host);
    return strlen(out);
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_digest(const char *hex, uint8_t digest[EDGE_SASL_CRAM_DIGEST]) {
    for (size_t i = 0; i < EDGE_SASL_CRAM_DIGEST; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool edge_sasl_text_cram(edge_span_t message, edge_span_t *user, uint8_t digest[EDGE_SASL_CRAM_DIGEST]) {
    const size_t tail = 1 + 2 * EDGE_SASL_CRAM_DIGEST;
    if (message.len <= tail || message.at[message.len - tail] != ' ')
        return false;
    *user = edge_span(message.at, message.len - tail);
    return is_text(*user, 1, EDGE_SASL_NAME_MOST) && read_digest(message.at + user->len + 1, digest);
}

/* SCRAM */

/* What stands before the next comma, which is skipped; at the end all that is left. */
static edge_span_t next_attribute(edge_span_t *rest) {
    const char *comma = rest->len ? memchr(rest->at, ',', rest->len) : NULL;
    edge_span_t part = comma ? edge_span(rest->at, (size_t)(comma - rest->at)) : *rest;
    *rest = edge_span_after(*rest, comma ? part.len + 1 : part.len);
    return part;
}

/* saslname: "," is written "=2C" and "=" is written "=3D". */
static bool unescape(edge_span_t name, char out[EDGE_SASL_NAME_MOST + 1]) {
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (c == '=') {
            bool comma = name.len - i >= 3 && memcmp(name.at + i, "=2C", 3) == 0;
            if (!comma && (name.len - i < 3 || memcmp(name.at + i, "=3D", 3) != 0))
                return false;
            c = comma ? ',' : '=';
            i += 2;
        }
        if (len == EDGE_SASL_NAME_MOST)
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return is_text(edge_span(out, len), 0, EDGE_SASL_NAME_MOST);
}

/* "" or "a=NAME" */
static bool read_authzid(edge_span_t part, char out[EDGE_SASL_NAME_MOST + 1]) {
    out[0] = '\0';
    if (part.len == 0)
        return true;
    return part.len > 2 && memcmp(part.at, "a=", 2) == 0 && unescape(edge_span_after(part, 2), out);
}

bool edge_sasl_text_scram(edge_span_t message, edge_sasl_scram_t *scram) {
    if (message.len == 0 || memchr(message.at, '\0', message.len))
        return false;
    edge_span_t binding = next_attribute(&message);
    edge_span_t authzid = next_attribute(&message);
    edge_span_t user = next_attribute(&message);
    if (binding.len == 0 || !strchr("nyp", binding.at[0]) || !read_authzid(authzid, scram->authzid))
        return false;
    return user.len > 2 && memcmp(user.at, "n=", 2) == 0 && unescape(edge_span_after(user, 2), scram->user);
}
