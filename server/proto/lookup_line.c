/* Reads lines of lists. */
#include "proto/lookup_line.h"

#include "edge_utf8.h"
#include "proto/address.h"

static bool is_blank(char octet) { return octet == ' ' || octet == '\t'; }
static bool is_digit(char octet) { return octet >= '0' && octet <= '9'; }

static edge_span_t without_dot(edge_span_t name) {
    if (name.len > 1 && name.at[name.len - 1] == '.')
        name.len--;
    return name;
}

/* No domain ends in a label of digits (RFC 3696 2): this was meant as an address. */
static bool ends_in_digits(edge_span_t name) {
    size_t at = name.len;
    while (at > 0 && is_digit(name.at[at - 1]))
        at--;
    return at < name.len && (at == 0 || name.at[at - 1] == '.');
}

static const char *read_name(edge_span_t text, edge_lookup_line_t *line) {
    bool below = text.len > 1 && text.at[0] == '.';
    line->form = below ? EDGE_LOOKUP_FORM_BELOW : EDGE_LOOKUP_FORM_NAME;
    line->name = without_dot(below ? edge_span_after(text, 1) : text);
    if (ends_in_digits(line->name))
        return "an address that is not whole; networks are written as 192.0.2.0/24";
    if (text.at[0] == '*')
        return "a star; .example.org is every name below example.org";
    return edge_address_domain(line->name) ? NULL
                                           : "neither an address, a network, a domain, a mailbox nor a /pattern/";
}

/* Behind the last "@" stands the domain: a quoted local part may hold further ones. */
static const char *read_mailbox(edge_span_t text, edge_lookup_line_t *line) {
    edge_address_t address;
    edge_span_t whole = without_dot(text);
    if (text.at[text.len - 1] == '@') {
        char probe[EDGE_LOOKUP_LINE_MOST + 1];
        memcpy(probe, text.at, text.len);
        probe[text.len] = 'x';
        line->form = EDGE_LOOKUP_FORM_LOCAL;
        line->local = edge_span(text.at, text.len - 1);
        return edge_address_mailbox(edge_span(probe, text.len + 1), &address) ? NULL : "a local part that is none";
    }
    if (text.at[0] == '@')
        return "a domain behind an @; example.org alone is every mailbox of it";
    if (!edge_address_mailbox(whole, &address) || address.domain.len == 0)
        return "no mailbox";
    line->form = EDGE_LOOKUP_FORM_MAILBOX;
    line->local = address.local;
    line->name = address.domain;
    return NULL;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" */
static const char *read_literal(edge_span_t text, edge_lookup_line_t *line) {
    static const edge_span_t tag = EDGE_SPAN("IPv6:");
    edge_span_t inside = edge_span(text.at + 1, text.len - 2);
    line->form = EDGE_LOOKUP_FORM_LITERAL;
    line->bits = 128;
    if (edge_span_starts_nocase(inside, tag))
        inside = edge_span_after(inside, tag.len);
    return edge_address_literal(text) && edge_ipaddr_parse(inside, &line->address) ? NULL : "no address literal";
}

static const char *read_pattern(edge_span_t text, edge_lookup_line_t *line) {
    line->nocase = text.len > 2 && text.at[text.len - 1] == 'i' && text.at[text.len - 2] == '/';
    text.len -= line->nocase;
    if (text.len < 3 || text.at[text.len - 1] != '/')
        return "a pattern that is not /REGEX/ or /REGEX/i";
    line->form = EDGE_LOOKUP_FORM_PATTERN;
    line->regex = edge_span(text.at + 1, text.len - 2);
    return NULL;
}

static bool looks_like_address(edge_span_t text) {
    return memchr(text.at, ':', text.len) || memchr(text.at, '/', text.len);
}

static const char *read_key(edge_span_t text, edge_lookup_line_t *line) {
    if (text.len == 0)
        return "an empty word";
    if (text.at[0] == '/')
        return read_pattern(text, line);
    if (edge_span_equal(text, edge_span_of("<>"))) {
        line->form = EDGE_LOOKUP_FORM_NULL_PATH;
        return NULL;
    }
    if (text.at[0] == '<')
        return "angle brackets; a mailbox is written without them";
    if (memchr(text.at, '@', text.len))
        return read_mailbox(text, line);
    if (text.at[0] == '[' && text.at[text.len - 1] == ']')
        return read_literal(text, line);
    line->form = EDGE_LOOKUP_FORM_NETWORK;
    if (edge_ipaddr_parse_network(text, &line->address, &line->bits))
        return NULL;
    return looks_like_address(text) ? "neither an address nor a network as 192.0.2.0/24 or 2001:db8::/32"
                                    : read_name(text, line);
}

const char *edge_lookup_line_key(edge_span_t text, edge_lookup_line_t *line) {
    *line = (edge_lookup_line_t){.form = EDGE_LOOKUP_FORM_NOTHING};
    if (text.len > EDGE_LOOKUP_LINE_MOST)
        return "more than 4096 octets";
    const char *why = read_key(text, line);
    if (why)
        line->form = EDGE_LOOKUP_FORM_NOTHING;
    return why;
}

/* Where the key ends: blanks may stand in a quoted local part, and in a pattern up to a slash that a blank or nothing follows. */
static size_t key_length(edge_span_t text) {
    char end = text.at[0] == '"' || text.at[0] == '/' ? text.at[0] : '\0';
    size_t at = 1;
    for (; end && at < text.len; at++) {
        bool flag = at + 1 < text.len && end == '/' && text.at[at + 1] == 'i';
        size_t behind = at + 1 + flag;
        if (text.at[at] == '\\')
            at++;
        else if (text.at[at] == end && (end == '"' || behind >= text.len || is_blank(text.at[behind])))
            break;
    }
    while (at < text.len && !is_blank(text.at[at]))
        at++;
    return at < text.len ? at : text.len;
}

static bool is_text(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if (((unsigned char)text.at[i] < ' ' && text.at[i] != '\t') || text.at[i] == 127)
            return false;
    return edge_utf8_valid(text);
}

const char *edge_lookup_line(edge_span_t text, edge_lookup_line_t *line) {
    *line = (edge_lookup_line_t){.form = EDGE_LOOKUP_FORM_NOTHING};
    if (text.len > 0 && text.at[text.len - 1] == '\r')
        text.len--;
    text = edge_span_trim(text);
    if (text.len == 0 || text.at[0] == '#')
        return NULL;
    if (text.len > EDGE_LOOKUP_LINE_MOST)
        return "a line of more than 4096 octets";
    if (!is_text(text))
        return "control characters, or no UTF-8";
    size_t len = key_length(text);
    const char *why = edge_lookup_line_key(edge_span(text.at, len), line);
    edge_span_t value = edge_span_trim(edge_span_after(text, len));
    if (!why && value.len > 0 && value.at[0] != '#')
        line->value = value;
    return why;
}
