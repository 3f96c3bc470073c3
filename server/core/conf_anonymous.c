/* Takes host names, mail addresses and IP addresses out of a value. */
#include "core/conf_anonymous.h"

#include <apr_strings.h>
#include <ctype.h>

#include "edge_ipaddr.h"

/* Letters of which names and addresses are made, and paths, which are left alone. */
static bool is_of_word(char c) { return isalnum((unsigned char)c) || (c && strchr(".-_@:/%+", c)); }

static const char *hidden(const char *kind, edge_span_t text, edge_keyed_hash_t key, apr_pool_t *pool) {
    char folded[256];
    size_t len = text.len < sizeof(folded) ? text.len : sizeof(folded);
    for (size_t i = 0; i < len; i++)
        folded[i] = (char)tolower((unsigned char)text.at[i]);
    edge_keyed_hash_t hash = edge_keyed_hash(key, edge_span(folded, len));
    return apr_psprintf(pool, "%s-%06x", kind, (unsigned)(hash.bits[0] & 0xffffff));
}

static const char *as_is(edge_span_t text, apr_pool_t *pool) { return apr_pstrmemdup(pool, text.at, text.len); }

/* "192.0.2.1", with ":25" or "/24" behind it; absent when it is none. */
static const char *hide_address(edge_span_t text, edge_keyed_hash_t key, apr_pool_t *pool) {
    edge_ipaddr_t address, any = {{0}};
    size_t len = text.len;
    const char *slash = memchr(text.at, '/', text.len), *colon = memchr(text.at, ':', text.len);
    if (slash)
        len = (size_t)(slash - text.at);
    else if (colon && !memchr(colon + 1, ':', (size_t)(text.at + text.len - colon - 1)))
        len = (size_t)(colon - text.at);
    if (!edge_ipaddr_parse(edge_span(text.at, len), &address))
        return NULL;
    edge_ipaddr_parse(edge_span_of(edge_ipaddr_is_v4(address) ? "0.0.0.0" : "::"), &any);
    if (edge_ipaddr_is_loopback(address) || edge_ipaddr_equal(address, any))
        return as_is(text, pool);
    return apr_pstrcat(pool, hidden("address", edge_span(text.at, len), key, pool),
                       as_is(edge_span_after(text, len), pool), NULL);
}

/* A dot with a letter on both sides, and a last label of letters: "mx.example.net", not "1.2" nor "7.5s". */
static bool is_host(edge_span_t text) {
    const char *last = memrchr(text.at, '.', text.len);
    if (!last || last == text.at || memchr(text.at, '/', text.len) || memchr(text.at, ':', text.len))
        return false;
    edge_span_t top = edge_span(last + 1, (size_t)(text.at + text.len - last) - 1);
    for (size_t i = 0; i < top.len; i++)
        if (!isalpha((unsigned char)top.at[i]))
            return false;
    return top.len >= 2;
}

/* Files that stand beside the configuration have no slash either. */
static bool is_file(edge_span_t text) {
    static const char *const endings[] = {".conf", ".pem", ".key", ".json", ".log", ".sock", ".pid", ".so", ".lua"};
    for (unsigned i = 0; i < EDGE_COUNT(endings); i++) {
        size_t len = strlen(endings[i]);
        if (text.len > len && memcmp(text.at + text.len - len, endings[i], len) == 0)
            return true;
    }
    return false;
}

static const char *hide_host(edge_span_t text, edge_keyed_hash_t key, apr_pool_t *pool) {
    bool below = text.len && text.at[0] == '.';
    edge_span_t name = below ? edge_span_after(text, 1) : text;
    return apr_pstrcat(pool, below ? "." : "", hidden("host", name, key, pool), ".example", NULL);
}

static const char *hide_word(edge_span_t word, edge_keyed_hash_t key, apr_pool_t *pool) {
    const char *address = hide_address(word, key, pool), *at = memrchr(word.at, '@', word.len);
    if (address)
        return address;
    if (at) {
        edge_span_t local = edge_span(word.at, (size_t)(at - word.at));
        edge_span_t domain = edge_span(at + 1, word.len - local.len - 1);
        return apr_pstrcat(pool, local.len ? hidden("user", local, key, pool) : "", "@", hide_word(domain, key, pool),
                           NULL);
    }
    return is_host(word) && !is_file(word) ? hide_host(word, key, pool) : as_is(word, pool);
}

const char *edge_conf_anonymous(const char *value, edge_keyed_hash_t key, apr_pool_t *pool) {
    const char *out = "";
    while (*value) {
        size_t len = 0;
        bool word = is_of_word(*value);
        while (value[len] && is_of_word(value[len]) == word)
            len++;
        edge_span_t piece = edge_span(value, len);
        out = apr_pstrcat(pool, out, word ? hide_word(piece, key, pool) : as_is(piece, pool), NULL);
        value += len;
    }
    return out;
}
