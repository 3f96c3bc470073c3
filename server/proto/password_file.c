/* Reads and writes lines of a password file. */
#include "proto/password_file.h"

#include <apr_strings.h>

#include "edge_codec.h"
#include "edge_obj.h"
#include "edge_utf8.h"
#include "proto/sasl_text.h"

static const edge_span_t plain_mark = EDGE_SPAN("{PLAIN}"), scram_mark = EDGE_SPAN("{SCRAM-SHA-256}");

static bool starts(edge_span_t text, edge_span_t mark) {
    return text.len >= mark.len && memcmp(text.at, mark.at, mark.len) == 0;
}

/* What stands before the next `end`, which is skipped; false without one. */
static bool next_field(edge_span_t *rest, char end, edge_span_t *field) {
    const char *at = rest->len ? memchr(rest->at, end, rest->len) : NULL;
    if (!at)
        return false;
    *field = edge_span(rest->at, (size_t)(at - rest->at));
    *rest = edge_span_after(*rest, field->len + 1);
    return true;
}

const char *edge_password_file_name(edge_span_t name) {
    if (name.len == 0)
        return "an empty name";
    if (name.len > EDGE_SASL_NAME_MOST)
        return "a name of more than 255 octets";
    if (!edge_utf8_valid(name))
        return "a name that is no UTF-8";
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] < ' ' || name.at[i] == 127 || name.at[i] == ':')
            return "a name with a colon or a control character";
    if (name.at[0] == ' ' || name.at[0] == '#' || name.at[name.len - 1] == ' ')
        return "a name that begins with a blank or #, or ends with a blank";
    return NULL;
}

/* {PLAIN}SECRET */

size_t edge_password_file_unescape(edge_span_t secret, char *out) {
    size_t len = 0;
    for (size_t i = 0; i < secret.len; i++) {
        if (secret.at[i] == '\\' && i + 1 < secret.len)
            i++;
        out[len++] = secret.at[i];
    }
    return len;
}

size_t edge_password_file_escape(edge_span_t secret, char *out) {
    size_t len = 0;
    for (size_t i = 0; i < secret.len; i++) {
        if (secret.at[i] == '\\' || secret.at[i] == ':')
            out[len++] = '\\';
        out[len++] = secret.at[i];
    }
    return len;
}

/* The length of the secret: up to a colon that is not escaped. SIZE_MAX: a backslash before something else. */
static size_t secret_length(edge_span_t text) {
    size_t i;
    for (i = 0; i < text.len && text.at[i] != ':'; i++)
        if (text.at[i] == '\\') {
            i++;
            if (i == text.len || (text.at[i] != '\\' && text.at[i] != ':'))
                return SIZE_MAX;
        }
    return i;
}

static const char *read_plain(edge_span_t text, edge_password_line_t *line, size_t *end) {
    edge_span_t rest = edge_span_after(text, plain_mark.len);
    size_t len = secret_length(rest);
    if (len == SIZE_MAX)
        return "a backslash that stands before neither a colon nor a backslash";
    line->kind = EDGE_PASSWORD_PLAIN;
    line->secret = edge_span(rest.at, len);
    if (!edge_sasl_text_login(line->secret, 2 * EDGE_SASL_PASSWORD_MOST))
        return "a secret that is empty, too long, or no UTF-8";
    *end = plain_mark.len + len;
    return NULL;
}

/* {SCRAM-SHA-256}ITERATIONS$SALT:STOREDKEY:SERVERKEY */

static bool read_base64(edge_span_t text, uint8_t *out, size_t least, size_t most, size_t *len) {
    char decoded[EDGE_BASE64_SIZE(EDGE_SCRAM_SALT_MOST)];
    if (text.len > EDGE_BASE64_SIZE(most) || !edge_base64_decode(text, decoded, sizeof(decoded), len) || *len < least ||
        *len > most)
        return false;
    memcpy(out, decoded, *len);
    return true;
}

static bool read_key(edge_span_t text, uint8_t key[EDGE_SCRAM_KEY_SIZE]) {
    size_t len;
    return read_base64(text, key, EDGE_SCRAM_KEY_SIZE, EDGE_SCRAM_KEY_SIZE, &len);
}

static const char *read_scram(edge_span_t text, edge_password_line_t *line, size_t *end) {
    edge_span_t rest = edge_span_after(text, scram_mark.len), iterations, salt, stored, server;
    uint64_t number;
    if (!next_field(&rest, '$', &iterations) || !next_field(&rest, ':', &salt) || !next_field(&rest, ':', &stored))
        return "a verifier that is not ITERATIONS$SALT:STOREDKEY:SERVERKEY";
    const char *colon = rest.len ? memchr(rest.at, ':', rest.len) : NULL;
    server = colon ? edge_span(rest.at, (size_t)(colon - rest.at)) : rest;
    if (!edge_span_number(iterations, &number) || number < EDGE_SCRAM_ITERATIONS_LEAST ||
        number > EDGE_SCRAM_ITERATIONS_MOST)
        return "a verifier whose iterations are not 1000 to 10000000";
    line->kind = EDGE_PASSWORD_SCRAM_SHA_256;
    line->scram.iterations = (uint32_t)number;
    if (!read_base64(salt, line->scram.salt, 1, EDGE_SCRAM_SALT_MOST, &line->scram.salt_len))
        return "a verifier whose salt is no base 64 of 1 to 64 octets";
    if (!read_key(stored, line->scram.stored_key) || !read_key(server, line->scram.server_key))
        return "a verifier whose keys are no base 64 of 32 octets";
    *end = (size_t)(server.at + server.len - text.at);
    return NULL;
}

size_t edge_password_file_scram(const edge_scram_t *scram, char *out, size_t size) {
    char salt[EDGE_BASE64_SIZE(EDGE_SCRAM_SALT_MOST) + 1] = "", stored[EDGE_BASE64_SIZE(EDGE_SCRAM_KEY_SIZE) + 1] = "",
                                                       server[EDGE_BASE64_SIZE(EDGE_SCRAM_KEY_SIZE) + 1] = "";
    EDGE_ASSERT(size >= EDGE_PASSWORD_FILE_SCRAM_SIZE);
    edge_base64_encode(edge_span((const char *)scram->salt, scram->salt_len), salt, sizeof(salt));
    edge_base64_encode(edge_span((const char *)scram->stored_key, EDGE_SCRAM_KEY_SIZE), stored, sizeof(stored));
    edge_base64_encode(edge_span((const char *)scram->server_key, EDGE_SCRAM_KEY_SIZE), server, sizeof(server));
    apr_snprintf(out, size, "%s%u$%s:%s:%s", scram_mark.at, scram->iterations, salt, stored, server);
    return strlen(out);
}

/* A hash of crypt(3): printable, without what separates or what crypt(5) keeps for locked accounts. */
static const char *read_crypt(edge_span_t text, edge_password_line_t *line, size_t *end) {
    size_t len = 0;
    while (len < text.len && text.at[len] != ':') {
        if (text.at[len] <= ' ' || text.at[len] >= 127 || strchr(";*!\\", text.at[len]))
            return "a hash with a character that no hash has";
        len++;
    }
    if (len > EDGE_PASSWORD_HASH_MOST)
        return "a hash that is too long";
    line->kind = EDGE_PASSWORD_CRYPT;
    *end = len;
    return NULL;
}

static const char *read_credential(edge_span_t text, edge_password_line_t *line, size_t *end) {
    if (starts(text, plain_mark))
        return read_plain(text, line, end);
    if (starts(text, scram_mark))
        return read_scram(text, line, end);
    if (text.len > 0 && text.at[0] == '$')
        return read_crypt(text, line, end);
    return "a credential that is none of $HASH, {SCRAM-SHA-256}VERIFIER and {PLAIN}SECRET";
}

static const char *read_identity(edge_span_t rest, edge_password_line_t *line) {
    line->identity = EDGE_NO_SPAN;
    if (rest.len == 0)
        return NULL;
    if (rest.at[0] != ':')
        return "something behind the credential that is no :IDENTITY";
    line->identity = edge_span_after(rest, 1);
    return edge_password_file_name(line->identity) ? "an identity that is empty, too long, or no clean UTF-8" : NULL;
}

const char *edge_password_file_line(edge_span_t text, edge_password_line_t *line) {
    size_t end = 0;
    memset(line, 0, sizeof(*line));
    if (text.len > 0 && text.at[text.len - 1] == '\r')
        text.len--;
    if (edge_span_trim(text).len == 0 || text.at[0] == '#')
        return NULL;
    if (text.len > EDGE_PASSWORD_FILE_LINE_MOST)
        return "a line of more than 4096 octets";
    edge_span_t rest = text, user;
    if (!next_field(&rest, ':', &user))
        return "a line that is not USER:CREDENTIAL[:IDENTITY]";
    const char *why = edge_password_file_name(user);
    if (!why)
        why = read_credential(rest, line, &end);
    if (!why)
        why = read_identity(edge_span_after(rest, end), line);
    line->user = why ? EDGE_NO_SPAN : user;
    line->credential = edge_span(rest.at, end);
    return why;
}
