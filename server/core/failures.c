/* Counts failed authentications and says what follows. */
#include "core/failures.h"

#include <apr_time.h>
#include <stdio.h>

#include "core/bans.h"
#include "core/tally.h"
#include "edge_counter.h"

#define TRUSTED_FOR (EDGE_SECONDS(86400) * 30) /* an address where a name has succeeded is its user's for so long */

static edge_tally_t *by_address, *by_identity, *successes;

apr_status_t edge_failures_map(void) {
    apr_status_t status = edge_bans_map();
    if (status == APR_SUCCESS)
        status = edge_tally_map(&by_address);
    if (status == APR_SUCCESS)
        status = edge_tally_map(&by_identity);
    return status == APR_SUCCESS ? edge_tally_map(&successes) : status;
}

static bool is_excepted(const edge_failures_rule_t *rule, edge_ipaddr_t from) {
    for (unsigned i = 0; i < rule->except_count; i++)
        if (edge_ipaddr_in_network(from, rule->except[i].address, rule->except[i].bits))
            return true;
    return false;
}

static edge_tally_key_t key_of_address(edge_ipaddr_t from) {
    edge_bans_clients_network(&from);
    return edge_tally_key(from.bytes, sizeof(from.bytes), NULL, 0);
}

/* Letters of either case are one name here, whatever the store thinks of it. `from` NULL: of the name alone. */
static edge_tally_key_t key_of_identity(edge_span_t identity, const edge_ipaddr_t *from) {
    char folded[256];
    size_t len = identity.len < sizeof(folded) ? identity.len : sizeof(folded);
    for (size_t i = 0; i < len; i++) {
        char c = identity.at[i];
        folded[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    edge_ipaddr_t network = from ? *from : (edge_ipaddr_t){{0}};
    if (from)
        edge_bans_clients_network(&network);
    return edge_tally_key(folded, len, network.bytes, from ? sizeof(network.bytes) : 0);
}

/* The first failure is a typing error: 0, 1 s, 2 s, 4 s ... */
static edge_mono_t delay_after(uint32_t count, edge_mono_t most) {
    if (count < 2)
        return 0;
    edge_mono_t delay = EDGE_SECONDS(1) << (count - 2 < 20 ? count - 2 : 20);
    return delay < most ? delay : most;
}

static void ban(const edge_failures_rule_t *rule, edge_ipaddr_t from, uint32_t count, edge_mono_t now) {
    edge_ban_t entry = {.address = from, .until = now + rule->ban, .since = apr_time_now()};
    entry.bits = edge_bans_clients_network(&entry.address);
    snprintf(entry.reason, sizeof(entry.reason), "%u failed authentications", count);
    edge_bans_add(&entry, now);
}

edge_failure_t edge_failures_note(const edge_failures_rule_t *rule, edge_ipaddr_t from, edge_span_t identity,
                                  edge_mono_t now) {
    edge_failure_t failure = {0, false};
    edge_counter_add(EDGE_C_AUTH_FAILURES, 1);
    if (rule->count == 0)
        return failure;
    uint32_t of_identity = 0, of_address = 0;
    if (identity.len > 0 && rule->identity_count > 0)
        of_identity = edge_tally_add(by_identity, key_of_identity(identity, NULL), now, rule->identity_period);
    if (!is_excepted(rule, from))
        of_address = edge_tally_add(by_address, key_of_address(from), now, rule->period);
    failure.delay = delay_after(of_identity > of_address ? of_identity : of_address, rule->delay);
    failure.banned = of_address >= rule->count && rule->ban > 0;
    if (failure.banned) {
        ban(rule, from, of_address, now);
        edge_tally_forget(by_address, key_of_address(from)); /* behind the ban it begins anew */
    }
    return failure;
}

bool edge_failures_block(const edge_failures_rule_t *rule, edge_ipaddr_t from, edge_span_t identity, edge_mono_t now) {
    if (rule->count == 0 || rule->identity_count == 0 || identity.len == 0)
        return false;
    if (edge_tally_count(by_identity, key_of_identity(identity, NULL), now, rule->identity_period) <
        rule->identity_count)
        return false;
    return edge_tally_count(successes, key_of_identity(identity, &from), now, TRUSTED_FOR) == 0;
}

void edge_failures_success(const edge_failures_rule_t *rule, edge_ipaddr_t from, edge_span_t identity,
                           edge_mono_t now) {
    if (rule->count > 0 && rule->identity_count > 0 && identity.len > 0)
        edge_tally_add(successes, key_of_identity(identity, &from), now, TRUSTED_FOR);
}
