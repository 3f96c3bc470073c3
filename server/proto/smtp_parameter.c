/* Judges the values of MAIL's and RCPT's parameters, each by its RFC. */
#include "proto/smtp_parameter.h"

#include "edge_utf8.h"

#define ENVID_MOST 100 /* RFC 3461 4.4 */
#define ORCPT_MOST 500 /* RFC 3461 4.2 */
#define AUTH_MOST 500  /* RFC 4954 5 */
#define SIZE_DIGITS_MOST 20

static bool is_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool edge_smtp_parameter_is_word(edge_span_t name, edge_span_t value) {
    if (name.len == 0 || name.at[0] == '-')
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_letter_or_digit(name.at[i]) && name.at[i] != '-')
            return false;
    if (!value.at)
        return true;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if (c <= ' ' || c == 0x7f)
            return false;
    }
    return value.len > 0 && edge_utf8_valid(value);
}

static bool is_text(edge_span_t value, const char *text) { return edge_span_equal_nocase(value, edge_span_of(text)); }

static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

/* RFC 3461 4: "!" to "~" but "+" and "=", and "+" with two digits of upper case hex. */
static bool is_xtext(edge_span_t value) {
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        if (c < '!' || c > '~' || c == '=')
            return false;
        if (c != '+')
            continue;
        if (value.len - i < 3 || !is_hex(value.at[i + 1]) || !is_hex(value.at[i + 2]))
            return false;
        i += 2;
    }
    return value.len > 0;
}

/* A number that no integer holds is over any limit, not malformed. */
static edge_reply_row_t check_size(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    (void)announced;
    if (value.len == 0 || value.len > SIZE_DIGITS_MOST)
        return EDGE_R_BAD_PARAMETER;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] < '0' || value.at[i] > '9')
            return EDGE_R_BAD_PARAMETER;
    if (!edge_span_number(value, &out->declared_size))
        out->declared_size = UINT64_MAX;
    return EDGE_R_OK;
}

static edge_reply_row_t check_body(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    if (is_text(value, "7BIT"))
        return EDGE_R_OK;
    if (is_text(value, "8BITMIME") && (announced & EDGE_X_BIT(8BITMIME))) {
        out->needs |= EDGE_CARRIES_8BITMIME;
        return EDGE_R_OK;
    }
    if (!is_text(value, "BINARYMIME"))
        return is_text(value, "8BITMIME") ? EDGE_R_UNKNOWN_PARAMETER : EDGE_R_BAD_PARAMETER;
    if (!(announced & EDGE_X_BIT(BINARYMIME)))
        return EDGE_R_UNKNOWN_PARAMETER;
    out->needs |= EDGE_CARRIES_BINARYMIME;
    return EDGE_R_OK;
}

static edge_reply_row_t without_value(edge_span_t value, uint32_t needs, edge_smtp_envelope_command_t *out) {
    out->needs |= needs;
    return value.at ? EDGE_R_BAD_PARAMETER : EDGE_R_OK;
}

static edge_reply_row_t check_smtputf8(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    (void)announced;
    return without_value(value, EDGE_CARRIES_SMTPUTF8, out);
}

static edge_reply_row_t check_requiretls(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    (void)announced;
    return without_value(value, EDGE_CARRIES_REQUIRETLS, out);
}

static edge_reply_row_t dsn(bool good, edge_smtp_envelope_command_t *out) {
    out->needs |= EDGE_CARRIES_DSN;
    return good ? EDGE_R_OK : EDGE_R_BAD_PARAMETER;
}

static edge_reply_row_t check_ret(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    (void)announced;
    return dsn(is_text(value, "FULL") || is_text(value, "HDRS"), out);
}

static edge_reply_row_t check_envid(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    (void)announced;
    return dsn(value.len <= ENVID_MOST && is_xtext(value), out);
}

static edge_reply_row_t check_auth(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    (void)announced;
    (void)out;
    return value.len <= AUTH_MOST && is_xtext(value) ? EDGE_R_OK : EDGE_R_BAD_PARAMETER;
}

static bool is_notify_list(edge_span_t value) {
    for (;;) {
        const char *comma = value.len > 0 ? memchr(value.at, ',', value.len) : NULL;
        edge_span_t word = edge_span(value.at, comma ? (size_t)(comma - value.at) : value.len);
        if (!is_text(word, "SUCCESS") && !is_text(word, "FAILURE") && !is_text(word, "DELAY"))
            return false;
        if (!comma)
            return true;
        value = edge_span_after(value, word.len + 1);
    }
}

static edge_reply_row_t check_notify(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    (void)announced;
    return dsn(is_text(value, "NEVER") || is_notify_list(value), out);
}

/* addr-type ";" xtext; with type utf-8 the text may be UTF-8 as it is (RFC 6533 3). */
static bool is_original_recipient(edge_span_t value) {
    const char *semicolon = value.len > 0 ? memchr(value.at, ';', value.len) : NULL;
    if (!semicolon || semicolon == value.at)
        return false;
    edge_span_t type = edge_span(value.at, (size_t)(semicolon - value.at));
    edge_span_t text = edge_span_after(value, type.len + 1);
    for (size_t i = 0; i < type.len; i++)
        if (!is_letter_or_digit(type.at[i]) && type.at[i] != '-')
            return false;
    if (is_text(type, "utf-8"))
        return text.len > 0; /* the word is valid UTF-8 without control bytes already */
    return is_xtext(text);
}

static edge_reply_row_t check_orcpt(edge_span_t value, uint32_t announced, edge_smtp_envelope_command_t *out) {
    (void)announced;
    return dsn(value.len <= ORCPT_MOST && is_original_recipient(value), out);
}

static const edge_smtp_parameter_row_t rows[] = {
#define EDGE_SMTP_PARAMETER(name, verb, extensions, check, prose) \
    {EDGE_SPAN(#name), EDGE_SMTP_VERB_##verb, extensions, check_##check, prose},
#include "tbl/smtp_parameters.def"
#undef EDGE_SMTP_PARAMETER
};

const edge_smtp_parameter_row_t *edge_smtp_parameter_find(edge_smtp_verb_t verb, edge_span_t name) {
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++)
        if (rows[i].verb == verb && edge_span_equal_nocase(rows[i].name, name))
            return &rows[i];
    return NULL;
}
