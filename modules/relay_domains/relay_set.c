/* A set of domains: exact ones, and those whose subdomains count. */
#include "relay_domains.h"

#include <apr_hash.h>
#include <ctype.h>

#include "proto/address.h"

#define NAME_MOST 256u

struct relay_domains {
    apr_pool_t *pool;
    apr_hash_t *exact, *below;
};

relay_domains_t *relay_domains_make(apr_pool_t *pool) {
    relay_domains_t *domains = apr_palloc(pool, sizeof(*domains));
    domains->pool = pool;
    domains->exact = apr_hash_make(pool);
    domains->below = apr_hash_make(pool);
    return domains;
}

/* In small letters, without a dot at the end; 0: too long to be a domain. */
static size_t settle(edge_span_t text, char out[NAME_MOST]) {
    if (text.len > 0 && text.at[text.len - 1] == '.')
        text.len--;
    if (text.len > NAME_MOST)
        return 0;
    for (size_t i = 0; i < text.len; i++)
        out[i] = (char)tolower((unsigned char)text.at[i]);
    return text.len;
}

bool relay_domains_add(relay_domains_t *domains, edge_span_t text) {
    char name[NAME_MOST];
    bool below = text.len > 1 && text.at[0] == '.';
    size_t len = settle(below ? edge_span_after(text, 1) : text, name);
    if (len == 0 ||
        !(edge_address_domain(edge_span(name, len)) || (!below && edge_address_literal(edge_span(name, len)))))
        return false;
    edge_span_t kept = edge_span_copy(domains->pool, edge_span(name, len));
    apr_hash_set(below ? domains->below : domains->exact, kept.at, (apr_ssize_t)len, "");
    return true;
}

bool relay_domains_have(const relay_domains_t *domains, edge_span_t domain) {
    char name[NAME_MOST];
    size_t len = domains ? settle(domain, name) : 0;
    if (len == 0)
        return false;
    if (apr_hash_get(domains->exact, name, (apr_ssize_t)len))
        return true;
    /* Dots inside a literal separate no labels. */
    for (size_t at = 0; name[0] != '[' && at < len; at++)
        if (name[at] == '.' && apr_hash_get(domains->below, name + at + 1, (apr_ssize_t)(len - at - 1)))
            return true;
    return false;
}
