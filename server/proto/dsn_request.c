/* Reads NOTIFY, RET, ENVID and ORCPT, and decides which notices are due. */
#include "proto/dsn_request.h"

static edge_span_t value_of(const edge_parameters_t *parameters, const char *name) {
    for (unsigned i = 0; i < parameters->count; i++) {
        if (edge_span_equal_nocase(parameters->list[i].name, edge_span_of(name))) {
            return parameters->list[i].value;
        }
    }
    return EDGE_NO_SPAN;
}

static bool is_text(edge_span_t value, const char *text) { return edge_span_equal_nocase(value, edge_span_of(text)); }

static unsigned notify_word(edge_span_t word) {
    static const struct {
        const char *word;
        unsigned on;
    } words[] = {{"FAILURE", EDGE_DSN_ON_FAILURE}, {"DELAY", EDGE_DSN_ON_DELAY}, {"SUCCESS", EDGE_DSN_ON_SUCCESS}};
    for (size_t i = 0; i < EDGE_COUNT(words); i++) {
        if (is_text(word, words[i].word)) {
            return words[i].on;
        }
    }
    return 0;
}

unsigned edge_dsn_notify(const edge_parameters_t *recipient, unsigned unsaid) {
    edge_span_t value = value_of(recipient, "NOTIFY");
    unsigned on = 0;
    if (is_text(value, "NEVER")) {
        return 0;
    }
    while (value.len > 0) {
        const char *comma = memchr(value.at, ',', value.len);
        size_t len = comma != NULL ? (size_t)(comma - value.at) : value.len;
        on |= notify_word(edge_span(value.at, len));
        value = edge_span_after(value, comma != NULL ? len + 1 : len);
    }
    return on != 0 ? on : unsaid;
}

edge_dsn_return_t edge_dsn_return(const edge_parameters_t *sender) {
    edge_span_t value = value_of(sender, "RET");
    if (is_text(value, "HDRS")) {
        return EDGE_DSN_RETURN_HEADERS;
    }
    return is_text(value, "FULL") ? EDGE_DSN_RETURN_FULL : EDGE_DSN_RETURN_UNSAID;
}

edge_dsn_action_t edge_dsn_due(const edge_envelope_t *envelope, const edge_recipient_t *recipient,
                               edge_dsn_action_t action, unsigned unsaid) {
    static const unsigned asked_by[] = {[EDGE_DSN_NONE] = 0,
                                        [EDGE_DSN_FAILED] = EDGE_DSN_ON_FAILURE,
                                        [EDGE_DSN_DELAYED] = EDGE_DSN_ON_DELAY,
                                        [EDGE_DSN_DELIVERED] = EDGE_DSN_ON_SUCCESS,
                                        [EDGE_DSN_RELAYED] = EDGE_DSN_ON_SUCCESS,
                                        [EDGE_DSN_EXPANDED] = EDGE_DSN_ON_SUCCESS};
    bool due = envelope->sender.len > 0 && (edge_dsn_notify(&recipient->parameters, unsaid) & asked_by[action]) != 0;
    return due ? action : EDGE_DSN_NONE;
}

bool edge_dsn_delay_due(apr_time_t received, apr_time_t due, apr_time_t next, apr_interval_time_t after) {
    apr_time_t over = received + after;
    return after > 0 && over > (due > received ? due : received) && over <= next;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* xtext (RFC 3461 4) without its "+XX"; absent when it is malformed or hides what is not printable (RFC 3464 2.2.1). */
static edge_span_t decode(edge_span_t xtext, char *out, size_t size) {
    size_t len = 0;
    for (size_t i = 0; i < xtext.len; i++) {
        char c = xtext.at[i];
        if (c == '+') {
            int high = xtext.len - i > 2 ? hex(xtext.at[i + 1]) : -1;
            int low = high >= 0 ? hex(xtext.at[i + 2]) : -1;
            if (low < 0) {
                return EDGE_NO_SPAN;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c < ' ' || c > '~' || len == size) {
            return EDGE_NO_SPAN;
        }
        out[len++] = c;
    }
    return edge_span(out, len);
}

static edge_span_t decode_or_keep(edge_span_t xtext, char *out, size_t size) {
    edge_span_t decoded = decode(xtext, out, size);
    if (decoded.at != NULL || xtext.at == NULL) {
        return decoded;
    }
    size_t len = xtext.len < size ? xtext.len : size;
    memcpy(out, xtext.at, len);
    return edge_span(out, len);
}

edge_span_t edge_dsn_envelope_id(const edge_parameters_t *sender, char out[EDGE_DSN_VALUE_MOST]) {
    edge_span_t value = value_of(sender, "ENVID");
    return value.len == 0 ? EDGE_NO_SPAN : decode_or_keep(value, out, EDGE_DSN_VALUE_MOST);
}

/* The type stays; of type utf-8 the text stays too, whose own escapes a report shows as they are (RFC 6533 3). */
edge_span_t edge_dsn_original_recipient(const edge_parameters_t *recipient, char out[EDGE_DSN_VALUE_MOST]) {
    edge_span_t value = value_of(recipient, "ORCPT");
    const char *semicolon = value.len > 0 ? memchr(value.at, ';', value.len) : NULL;
    if (semicolon == NULL || value.len > EDGE_DSN_VALUE_MOST) {
        return EDGE_NO_SPAN;
    }
    size_t type = (size_t)(semicolon - value.at) + 1;
    memcpy(out, value.at, type);
    edge_span_t text = edge_span_after(value, type);
    if (is_text(edge_span(value.at, type - 1), "utf-8")) {
        memcpy(out + type, text.at, text.len);
        return edge_span(out, value.len);
    }
    return edge_span(out, type + decode_or_keep(text, out + type, EDGE_DSN_VALUE_MOST - type).len);
}
