/* The path grammar of RFC 5321 4.1.2: each take_... reads one rule off the front of its text. */
#include "proto/address.h"

#include "edge_ipaddr.h"
#include "edge_utf8.h"

static bool is_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 5322 3.2.3 */
static bool is_atext(char c) {
    return is_letter_or_digit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Octets of the character over 127 at the front (RFC 6531 3.3); 0: it is none. */
static size_t utf8_len(edge_span_t text) { return (unsigned char)text.at[0] < 0x80 ? 0 : edge_utf8_len(text); }

static void skip(edge_span_t *text, size_t len) { *text = edge_span_after(*text, len); }

static bool take_char(edge_span_t *text, char c) {
    if (text->len == 0 || text->at[0] != c)
        return false;
    skip(text, 1);
    return true;
}

static edge_span_t taken(edge_span_t before, edge_span_t after) { return edge_span(before.at, before.len - after.len); }

static bool take_atom(edge_span_t *text) {
    edge_span_t start = *text;
    while (text->len > 0) {
        size_t len = is_atext(text->at[0]) ? 1 : utf8_len(*text);
        if (len == 0)
            break;
        skip(text, len);
    }
    return text->len < start.len;
}

static bool take_dot_string(edge_span_t *text) {
    do {
        if (!take_atom(text))
            return false;
    } while (take_char(text, '.'));
    return true;
}

/* qtextSMTP or quoted-pairSMTP; both within printable ASCII and blank. */
static size_t quoted_len(edge_span_t text) {
    char c = text.at[0];
    if (c == '\\')
        return text.len > 1 && text.at[1] >= ' ' && text.at[1] <= '~' ? 2 : 0;
    if (c >= ' ' && c <= '~')
        return c != '"';
    return utf8_len(text);
}

static bool take_quoted_string(edge_span_t *text) {
    if (!take_char(text, '"'))
        return false;
    while (text->len > 0 && text->at[0] != '"') {
        size_t len = quoted_len(*text);
        if (len == 0)
            return false;
        skip(text, len);
    }
    return take_char(text, '"');
}

static bool take_local_part(edge_span_t *text) {
    return text->len > 0 && text->at[0] == '"' ? take_quoted_string(text) : take_dot_string(text);
}

/* Letters, digits and inner hyphens, or a U-label, whose inside is IDNA's business; "_" as in host names that exist. */
static bool take_label(edge_span_t *text) {
    edge_span_t start = *text;
    while (text->len > 0) {
        char c = text->at[0];
        size_t len = is_letter_or_digit(c) || c == '-' || c == '_' ? 1 : utf8_len(*text);
        if (len == 0)
            break;
        skip(text, len);
    }
    edge_span_t label = taken(start, *text);
    return label.len > 0 && label.len <= EDGE_ADDRESS_LABEL_MOST && label.at[0] != '-' &&
           label.at[label.len - 1] != '-';
}

static bool take_domain(edge_span_t *text) {
    edge_span_t start = *text;
    do {
        if (!take_label(text))
            return false;
    } while (take_char(text, '.'));
    return taken(start, *text).len <= EDGE_ADDRESS_DOMAIN_MOST;
}

/* Standardized-tag ":" 1*dcontent (RFC 5321 4.1.3). */
static bool is_general_literal(edge_span_t text) {
    size_t tag = 0;
    while (tag < text.len && (is_letter_or_digit(text.at[tag]) || text.at[tag] == '-'))
        tag++;
    if (tag == 0 || text.at[tag - 1] == '-' || tag + 1 >= text.len || text.at[tag] != ':')
        return false;
    for (size_t i = tag + 1; i < text.len; i++)
        if (text.at[i] < '!' || text.at[i] > '~' || (text.at[i] >= '[' && text.at[i] <= ']'))
            return false;
    return true;
}

static bool is_literal_content(edge_span_t text) {
    static const edge_span_t ipv6 = EDGE_SPAN("IPv6:");
    edge_ipaddr_t address;
    if (edge_span_starts_nocase(text, ipv6)) {
        text = edge_span_after(text, ipv6.len);
        return text.len > 0 && memchr(text.at, ':', text.len) && edge_ipaddr_parse(text, &address);
    }
    if (text.len > 0 && memchr(text.at, ':', text.len))
        return is_general_literal(text);
    return edge_ipaddr_parse(text, &address);
}

static bool take_literal(edge_span_t *text) {
    edge_span_t start = *text;
    const char *end = text->len > 0 ? memchr(text->at, ']', text->len) : NULL;
    if (!end || !take_char(text, '['))
        return false;
    skip(text, (size_t)(end - text->at) + 1);
    return start.len - text->len <= EDGE_ADDRESS_DOMAIN_MOST &&
           is_literal_content(edge_span(start.at + 1, start.len - text->len - 2));
}

static bool has_utf8(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] >= 0x80)
            return true;
    return false;
}

static bool take_mailbox(edge_span_t *text, edge_address_t *address) {
    edge_span_t start = *text;
    if (!take_local_part(text))
        return false;
    address->local = taken(start, *text);
    if (!take_char(text, '@'))
        return false;
    edge_span_t domain = *text;
    if (!(text->len > 0 && text->at[0] == '[' ? take_literal(text) : take_domain(text)))
        return false;
    address->domain = taken(domain, *text);
    address->mailbox = taken(start, *text);
    address->utf8 = has_utf8(address->mailbox);
    return true;
}

/* A-d-l ":" (RFC 5321 4.1.2); accepted and ignored as appendix C asks. No "@" at the front: there is none. */
static bool take_source_route(edge_span_t *text) {
    if (text->len == 0 || text->at[0] != '@')
        return true;
    do {
        if (!take_char(text, '@') || !take_domain(text))
            return false;
    } while (take_char(text, ','));
    return take_char(text, ':');
}

/* RFC 5321 4.1.1.3: the one address without a domain. */
static bool take_postmaster(edge_span_t *text, edge_address_t *address) {
    static const edge_span_t name = EDGE_SPAN("postmaster");
    if (!edge_span_starts_nocase(*text, name) || text->len == name.len || text->at[name.len] != '>')
        return false;
    address->mailbox = address->local = edge_span(text->at, name.len);
    skip(text, name.len);
    return true;
}

static bool take_path_content(edge_span_t *text, edge_address_path_kind_t kind, edge_address_t *address) {
    if (kind == EDGE_ADDRESS_REVERSE && text->len > 0 && text->at[0] == '>') {
        address->mailbox = address->local = edge_span(text->at, 0);
        return true;
    }
    if (kind == EDGE_ADDRESS_FORWARD && take_postmaster(text, address))
        return true;
    return take_source_route(text) && take_mailbox(text, address);
}

bool edge_address_path(edge_span_t *text, edge_address_path_kind_t kind, edge_address_t *address) {
    edge_span_t rest = *text;
    memset(address, 0, sizeof(*address));
    if (!take_char(&rest, '<') || !take_path_content(&rest, kind, address) || !take_char(&rest, '>'))
        return false;
    *text = rest;
    return true;
}

bool edge_address_mailbox(edge_span_t text, edge_address_t *address) {
    memset(address, 0, sizeof(*address));
    return take_mailbox(&text, address) && text.len == 0;
}

bool edge_address_domain(edge_span_t text) { return take_domain(&text) && text.len == 0; }

bool edge_address_literal(edge_span_t text) { return take_literal(&text) && text.len == 0; }
