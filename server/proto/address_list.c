/* Takes mailboxes off the front of a header field's value (RFC 5322 3.4). */
#include "proto/address_list.h"

#include "proto/address.h"

/* A member while it is read: octets outside angles, then those inside. */
typedef struct member {
    edge_address_list_t *found;
    size_t len;
    bool angled; /* an angle was seen: what stands inside counts */
    bool inside; /* of it */
    bool too_long, unclosed;
    bool blank; /* a gap since the last octet: two words cannot be one address */
    bool gap;   /* two words outside angles */
} member_t;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static void put(member_t *member, char c) {
    if (member->angled && !member->inside)
        return; /* behind the angle only a comment may stand; old mail has other things there */
    member->gap |= member->blank && member->len > 0;
    member->blank = false;
    if (member->len == sizeof(member->found->text))
        member->too_long = true;
    else
        member->found->text[member->len++] = c;
}

/* A comment, which may hold others: nothing of it counts. */
static size_t comment_len(edge_span_t text, bool *closed) {
    unsigned depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '(')
            depth++;
        else if (text.at[i] == ')' && --depth == 0)
            return i + 1;
    }
    *closed = false;
    return text.len;
}

/* A quoted string, kept as it is: as a local part its quotes belong to it. */
static size_t put_quoted(member_t *member, edge_span_t text) {
    put(member, '"');
    for (size_t i = 1; i < text.len; i++) {
        if (text.at[i] == '"') {
            put(member, '"');
            return i + 1;
        }
        if (text.at[i] == '\\' && i + 1 < text.len)
            put(member, text.at[i++]);
        if (text.at[i] != '\r' && text.at[i] != '\n')
            put(member, text.at[i]);
    }
    member->unclosed = true;
    return text.len;
}

/* A domain literal: its colons name no group. */
static size_t put_literal(member_t *member, edge_span_t text) {
    size_t i = 0;
    while (i < text.len && text.at[i] != ']' && !is_blank(text.at[i]))
        put(member, text.at[i++]);
    member->unclosed |= i == text.len || text.at[i] != ']';
    if (i < text.len && text.at[i] == ']')
        put(member, text.at[i++]);
    return i;
}

static void open_angle(member_t *member) {
    member->len = 0; /* what stood before was a name */
    member->angled = member->inside = true;
    member->blank = member->gap = member->too_long = false;
}

/* "@a,@b:" before the address: the route of RFC 822, which nobody follows any more. */
static size_t route_len(edge_span_t text) {
    const char *colon = text.len && text.at[0] == '@' ? memchr(text.at, ':', text.len) : NULL;
    const char *end = text.len ? memchr(text.at, '>', text.len) : NULL;
    return colon && (!end || colon < end) ? (size_t)(colon - text.at) + 1 : 0;
}

/* One octet, or what belongs together behind it; 0: the member ends here. */
static size_t take(member_t *member, edge_span_t text) {
    bool closed = true;
    size_t len = 1;
    switch (text.at[0]) {
    case ' ':
    case '\t':
    case '\r':
    case '\n': member->blank = true; return 1;
    case '(':
        len = comment_len(text, &closed);
        member->unclosed |= !closed;
        return len;
    case '"': return put_quoted(member, text);
    case '[': return put_literal(member, text);
    case '<': open_angle(member); return 1 + route_len(edge_span_after(text, 1));
    case '>': member->inside = false; return 1;
    case ':':
        if (member->inside)
            break;
        member->len = 0; /* the name of a group */
        member->blank = member->gap = false;
        return 1;
    case ',':
    case ';':
        if (!member->inside)
            return 0;
        break;
    }
    put(member, text.at[0]);
    return len;
}

/* A name of this host's own: a local part without a domain. */
static bool is_local(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if (is_blank(text.at[i]) || (unsigned char)text.at[i] < 0x21 || strchr("<>()[]@,;:\\\"", text.at[i]))
            return false;
    return text.len > 0;
}

edge_address_list_result_t edge_address_list_next(edge_span_t *value, edge_address_list_t *found) {
    while (value->len) {
        member_t member = {.found = found};
        edge_address_t address;
        size_t len;
        while (value->len && (len = take(&member, *value)) > 0)
            *value = edge_span_after(*value, len);
        if (value->len)
            *value = edge_span_after(*value, 1); /* the separator */
        found->address = edge_span(found->text, member.len);
        if (member.len == 0 && !member.unclosed && !member.inside)
            continue; /* an empty member, or an empty group */
        bool bad = member.too_long || member.unclosed || member.inside || member.gap;
        return !bad && (edge_address_mailbox(found->address, &address) || is_local(found->address))
                   ? EDGE_ADDRESS_LIST_ADDRESS
                   : EDGE_ADDRESS_LIST_BAD;
    }
    return EDGE_ADDRESS_LIST_END;
}
