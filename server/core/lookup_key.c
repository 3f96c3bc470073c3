/* Brings names and mailboxes into the form in which lists compare them. */
#include "core/lookup_key.h"

#include "edge_idn.h"

static char small(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static bool is_literal(edge_span_t name) { return name.len > 2 && name.at[0] == '[' && name.at[name.len - 1] == ']'; }

static bool read_literal(edge_span_t name, edge_ipaddr_t *address) {
    static const edge_span_t tag = EDGE_SPAN("IPv6:");
    edge_span_t inside = edge_span(name.at + 1, name.len - 2);
    if (edge_span_starts_nocase(inside, tag))
        inside = edge_span_after(inside, tag.len);
    return edge_ipaddr_parse(inside, address);
}

static bool add(edge_lookup_plain_t *plain, edge_span_t text) {
    if (text.len > sizeof(plain->text) - plain->len)
        return false;
    for (size_t i = 0; i < text.len; i++)
        plain->text[plain->len++] = small(text.at[i]);
    return true;
}

static bool add_domain(edge_lookup_plain_t *plain, edge_span_t name) {
    char ascii[EDGE_IDN_SIZE];
    plain->domain = plain->len;
    if (is_literal(name)) {
        plain->literal = read_literal(name, &plain->address);
        return add(plain, name);
    }
    if (name.len > 1 && name.at[name.len - 1] == '.')
        name.len--;
    if (!edge_idn_is_ascii(name)) {
        if (!edge_idn_plain(name, ascii))
            return false;
        name = edge_span_of(ascii);
    }
    return name.len > 0 && name.len < EDGE_IDN_SIZE && add(plain, name);
}

/* What begins or reads like a key of another form is no name: keys of all forms are kept together. */
static bool is_other_form(edge_span_t name) {
    return name.len == 0 || name.at[0] == '.' || name.at[0] == '<' || memchr(name.at, '@', name.len) != NULL;
}

bool edge_lookup_plain_name(edge_span_t name, edge_lookup_plain_t *plain) {
    plain->len = 0;
    plain->literal = false;
    return !is_other_form(name) && add_domain(plain, name);
}

/* RFC 5321 4.1.2: "a\b" is ab. */
static bool add_unquoted(edge_lookup_plain_t *plain, edge_span_t local) {
    for (size_t i = 1; i + 1 < local.len; i++) {
        if (local.at[i] == '\\' && i + 2 < local.len)
            i++;
        if (!add(plain, edge_span(local.at + i, 1)))
            return false;
    }
    return true;
}

bool edge_lookup_plain_mailbox(edge_span_t local, edge_span_t domain, edge_lookup_plain_t *plain) {
    plain->len = 0;
    plain->literal = false;
    bool quoted = local.len > 1 && local.at[0] == '"' && local.at[local.len - 1] == '"';
    bool good = (quoted ? add_unquoted(plain, local) : add(plain, local)) && add(plain, edge_span("@", 1));
    plain->domain = plain->len;
    return good && (!domain.at || add_domain(plain, domain));
}
