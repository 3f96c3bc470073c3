/* By what a rule counts: the key of a call, and its text. */
#include "rate.h"

#include <apr_strings.h>

#include "edge_session.h"

const char *const rate_by_words[] = {"address", "network", "identity", "sender", "listener", NULL};

static void set_octets(rate_key_t *key, const void *octets, size_t len) {
    key->len = len < sizeof(key->octets) ? len : sizeof(key->octets);
    memcpy(key->octets, octets, key->len);
}

/* Letters of either case are one name, so that nobody has more by writing himself another way. */
static bool set_name(rate_key_t *key, edge_span_t name) {
    if (name.len == 0)
        return false;
    set_octets(key, name.at, name.len);
    for (size_t i = 0; i < key->len; i++)
        if (key->octets[i] >= 'A' && key->octets[i] <= 'Z')
            key->octets[i] = (char)(key->octets[i] - 'A' + 'a');
    return true;
}

static unsigned bits_of(const rate_rule_t *rule, edge_ipaddr_t address) {
    if (rule->by == RATE_NETWORK)
        return edge_ipaddr_is_v4(address) ? rule->bits4 : rule->bits6;
    return edge_ipaddr_is_v4(address) ? 128 : 64; /* an IPv6 client has a whole /64 to come from */
}

static bool set_network(rate_key_t *key, const rate_rule_t *rule, edge_ipaddr_t from) {
    edge_ipaddr_t network = edge_ipaddr_network(from, bits_of(rule, from));
    set_octets(key, network.bytes, sizeof(network.bytes));
    return true;
}

static bool is_exempt(const rate_rule_t *rule, edge_ipaddr_t from) {
    edge_lookup_key_t key = edge_lookup_key_address(from);
    return edge_lookup_find(rule->exempt, &key, NULL, NULL) == EDGE_LOOKUP_YES;
}

bool rate_key_of(const rate_rule_t *rule, const edge_check_call_t *call, rate_key_t *key) {
    const edge_session_t *session = call->session;
    if (is_exempt(rule, session->from_ip))
        return false;
    switch (rule->by) {
    case RATE_IDENTITY: return set_name(key, edge_span_of(session->authed));
    case RATE_SENDER: return set_name(key, call->phase == EDGE_PHASE_MAIL ? call->argument : call->sender);
    case RATE_LISTENER: return set_name(key, session->listener->name);
    default: return set_network(key, rule, session->from_ip);
    }
}

static const char *network_text(const rate_rule_t *rule, const edge_bucket_seen_t *seen, apr_pool_t *pool) {
    char text[EDGE_IPADDR_NETWORK_TEXT];
    edge_ipaddr_t address;
    memcpy(address.bytes, seen->key, sizeof(address.bytes));
    edge_ipaddr_format_network(address, bits_of(rule, address), text);
    return apr_pstrdup(pool, text);
}

const char *rate_key_text(const rate_rule_t *rule, const edge_bucket_seen_t *seen, apr_pool_t *pool) {
    if (rule->by == RATE_ADDRESS || rule->by == RATE_NETWORK)
        return network_text(rule, seen, pool);
    return apr_pstrcat(pool, seen->key, seen->key_len < EDGE_BUCKET_KEY_KEPT ? "" : "...", NULL);
}
