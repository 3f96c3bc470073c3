/* From an address to a Maildir, and the names and heads of files in it. */
#include <apr_strings.h>

#include "proto/address.h"
#include "relay_maildir.h"

typedef struct parts {
    edge_span_t address, local, user, detail, domain;
} parts_t;

/* NULL at an unknown name. */
static const edge_span_t *part_named(const parts_t *parts, edge_span_t name) {
    const struct {
        const char *name;
        const edge_span_t *value;
    } rows[] = {{"address", &parts->address},
                {"local", &parts->local},
                {"user", &parts->user},
                {"detail", &parts->detail},
                {"domain", &parts->domain}};
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        if (edge_span_equal(name, edge_span_of(rows[i].name))) {
            return rows[i].value;
        }
    }
    return NULL;
}

static edge_span_t span_between(const char *from, const char *to) { return edge_span(from, (size_t)(to - from)); }

/* The next "%{NAME}" of `rest`: what stands in front of it, and NAME; false: none, all of it is plain. */
static bool next_part(edge_span_t *rest, edge_span_t *plain, edge_span_t *name) {
    for (size_t i = 0; i + 1 < rest->len; i++) {
        if (rest->at[i] == '%' && rest->at[i + 1] == '{') {
            const char *close = memchr(rest->at + i, '}', rest->len - i);
            if (close == NULL) {
                break;
            }
            *plain = edge_span(rest->at, i);
            *name = span_between(rest->at + i + 2, close);
            *rest = edge_span_after(*rest, (size_t)(close + 1 - rest->at));
            return true;
        }
    }
    *plain = *rest;
    return false;
}

const char *maildir_path_check(edge_span_t template, apr_pool_t *pool) {
    static const parts_t none;
    edge_span_t plain, name;
    while (next_part(&template, &plain, &name)) {
        if (part_named(&none, name) == NULL) {
            return apr_psprintf(
                pool, "%%{%.*s} is unknown; there are %%{address}, %%{local}, %%{user}, %%{detail}, %%{domain}",
                (int)name.len, name.at);
        }
    }
    if (memchr(plain.at, '%', plain.len) != NULL) {
        return "a \"%\" without a name in braces behind it";
    }
    return NULL;
}

size_t maildir_path_fixed(edge_span_t template) {
    edge_span_t plain, name;
    next_part(&template, &plain, &name);
    return plain.len;
}

static bool is_good_octet(unsigned char c) { return c >= ' ' && c != 0x7f && c != '/'; }

/* In lower case, without what could lead to another place: a slash, a control byte, a dot at its front. */
static bool part_of(edge_span_t text, apr_pool_t *pool, edge_span_t *part) {
    char *copy = apr_pstrmemdup(pool, text.at, text.len);
    if (text.len > 0 && text.at[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_good_octet((unsigned char)copy[i])) {
            return false;
        }
        copy[i] = (char)(copy[i] >= 'A' && copy[i] <= 'Z' ? copy[i] + ('a' - 'A') : copy[i]);
    }
    *part = edge_span(copy, text.len);
    return true;
}

/* A quoted local part without its quotes (RFC 5321 4.1.2): "a b" and a b are the same mailbox. */
static edge_span_t unquote(edge_span_t local, apr_pool_t *pool) {
    if (local.len < 2 || local.at[0] != '"') {
        return local;
    }
    char *copy = apr_palloc(pool, local.len);
    size_t len = 0;
    for (size_t i = 1; i < local.len - 1; i++) {
        if (local.at[i] == '\\' && i + 1 < local.len - 1) {
            i++;
        }
        copy[len++] = local.at[i];
    }
    return edge_span(copy, len);
}

/* Postmaster has no domain (RFC 5321 4.1.1.3): that part is then empty. */
static bool take_apart(edge_span_t text, apr_pool_t *pool, parts_t *parts) {
    edge_address_t address = {.domain = {"", 0}};
    if (!edge_address_mailbox(text, &address)) {
        address.local = text;
        address.domain = edge_span("", 0);
    }
    if (!part_of(unquote(address.local, pool), pool, &parts->local) || parts->local.len == 0 ||
        !part_of(address.domain, pool, &parts->domain)) {
        return false;
    }
    const char *plus = memchr(parts->local.at, '+', parts->local.len);
    bool has_detail = plus != NULL && plus > parts->local.at;
    parts->user = has_detail ? span_between(parts->local.at, plus) : parts->local;
    parts->detail = has_detail ? edge_span_after(parts->local, parts->user.len + 1) : edge_span("", 0);
    parts->address =
        edge_span_of(apr_psprintf(pool, "%.*s%s%.*s", (int)parts->local.len, parts->local.at,
                                  parts->domain.len > 0 ? "@" : "", (int)parts->domain.len, parts->domain.at));
    return parts->detail.len == 0 || parts->detail.at[0] != '.';
}

const char *maildir_path_of(edge_span_t template, edge_span_t address, apr_pool_t *pool) {
    parts_t parts = {EDGE_NO_SPAN, EDGE_NO_SPAN, EDGE_NO_SPAN, EDGE_NO_SPAN, EDGE_NO_SPAN};
    const char *path = "";
    edge_span_t plain, name;
    if (address.len == 0 || !take_apart(address, pool, &parts)) {
        return NULL;
    }
    while (next_part(&template, &plain, &name)) {
        const edge_span_t *part = part_named(&parts, name);
        path = apr_psprintf(pool, "%s%.*s%.*s", path, (int)plain.len, plain.at, (int)part->len, part->at);
    }
    return apr_psprintf(pool, "%s%.*s", path, (int)plain.len, plain.at);
}

const char *maildir_path_name(const edge_envelope_t *envelope, unsigned recipient, apr_pool_t *pool) {
    char id[EDGE_UUID_TEXT];
    edge_uuid_format(envelope->id, id);
    return apr_psprintf(pool, "%" APR_TIME_T_FMT ".%s_%u.edged", apr_time_sec(envelope->received), id, recipient);
}

/* A control byte cannot be in an address, but a field is no place to find out. */
static const char *clean(edge_span_t text, apr_pool_t *pool) {
    char *copy = apr_pstrmemdup(pool, text.at, text.len);
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f) {
            copy[i] = '?';
        }
    }
    return copy;
}

const char *maildir_path_head(const edge_envelope_t *envelope, edge_span_t recipient, apr_pool_t *pool) {
    return apr_psprintf(pool, "Return-Path: <%s>\nDelivered-To: %s\n", clean(envelope->sender, pool),
                        clean(recipient, pool));
}
