/*
 * A keyed hash: 128 bits that nobody without the key can aim at.
 *
 * Concept:  SipHash-2-4 with 128 bits (Aumasson, Bernstein). Tables whose keys come
 *           from clients are hashed with it, so that a client cannot choose keys that
 *           meet in one place, nor two that are taken for one.
 * Owner:    values only.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none.
 */
#ifndef EDGE_KEYED_HASH_H
#define EDGE_KEYED_HASH_H

#include "edge_base.h"

typedef struct edge_keyed_hash {
    uint64_t bits[2];
} edge_keyed_hash_t;

/* A hash is also a key: of its own for each purpose, made from the one that is kept. */
EDGE_API edge_keyed_hash_t edge_keyed_hash(edge_keyed_hash_t key, edge_span_t octets);

#endif
