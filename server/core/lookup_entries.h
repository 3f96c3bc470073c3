/*
 * The two kinds of entries that are found at once: texts, and networks.
 *
 * Concept:  texts by their hash; networks by the hash of their first address, once for
 *           each length of prefix that is in use, the longest first. IPv4 and IPv6 are
 *           apart: ::/0 is every address of IPv6.
 * Owner:    embedded in a table.
 * Threads:  as the table.
 * Lifetime: zero-filled memory is empty, until edge_lookup_entries_free.
 * Errors:   false: no memory, or more than 4 GiB.
 */
#ifndef EDGE_CORE_LOOKUP_ENTRIES_H
#define EDGE_CORE_LOOKUP_ENTRIES_H

#include "core/lookup_index.h"
#include "edge_ipaddr.h"
#include "edge_keyed_hash.h"

typedef struct edge_lookup_text {
    uint32_t at, value_at; /* in `octets` */
    uint16_t len, value_len;
} edge_lookup_text_t;

typedef struct edge_lookup_network {
    edge_ipaddr_t first;
    uint32_t value_at;
    uint16_t value_len;
    uint8_t bits;
} edge_lookup_network_t;

typedef struct edge_lookup_lengths {
    uint8_t bits[129]; /* those in use, the longest first */
    unsigned count;
} edge_lookup_lengths_t;

typedef struct edge_lookup_entries {
    edge_keyed_hash_t key;
    edge_lookup_index_t text_index, network_index;
    edge_lookup_text_t *texts;
    edge_lookup_network_t *networks;
    uint32_t text_count, text_room, network_count, network_room;
    edge_lookup_lengths_t lengths4, lengths6;
    char *octets;
    uint32_t octets_used, octets_room;
} edge_lookup_entries_t;

/* An entry with the same key stays as it is. */
bool edge_lookup_entries_add_text(edge_lookup_entries_t *entries, edge_span_t text, edge_span_t value);
bool edge_lookup_entries_add_network(edge_lookup_entries_t *entries, edge_ipaddr_t first, unsigned bits,
                                     edge_span_t value);
/* Whether it is there; its value, absent when it has none. */
bool edge_lookup_entries_find_text(const edge_lookup_entries_t *entries, edge_span_t text, edge_span_t *value);
bool edge_lookup_entries_find_address(const edge_lookup_entries_t *entries, edge_ipaddr_t address, edge_span_t *value);
/* Gives back memory that was kept for more. */
void edge_lookup_entries_settle(edge_lookup_entries_t *entries);
void edge_lookup_entries_free(edge_lookup_entries_t *entries);

#endif
