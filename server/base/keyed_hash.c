/* SipHash-2-4 with a result of 128 bits. */
#include "edge_keyed_hash.h"

typedef struct state {
    uint64_t v[4];
} state_t;

static uint64_t rotate(uint64_t word, unsigned bits) { return word << bits | word >> (64 - bits); }

static void rounds(state_t *state, unsigned count) {
    uint64_t *v = state->v;
    while (count--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

/* Up to eight octets, the first one lowest, on every machine. */
static uint64_t word_at(const char *at, size_t len) {
    const unsigned char *octets = (const unsigned char *)at;
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)octets[i] << (8 * i);
    return word;
}

static void take_in(state_t *state, uint64_t word) {
    state->v[3] ^= word;
    rounds(state, 2);
    state->v[0] ^= word;
}

static uint64_t give_out(const state_t *state) { return state->v[0] ^ state->v[1] ^ state->v[2] ^ state->v[3]; }

edge_keyed_hash_t edge_keyed_hash(edge_keyed_hash_t key, edge_span_t octets) {
    edge_keyed_hash_t hash;
    state_t state = {{key.bits[0] ^ 0x736f6d6570736575u, key.bits[1] ^ 0x646f72616e646f6du ^ 0xee,
                      key.bits[0] ^ 0x6c7967656e657261u, key.bits[1] ^ 0x7465646279746573u}};
    size_t whole = octets.len / 8 * 8;
    for (size_t at = 0; at < whole; at += 8)
        take_in(&state, word_at(octets.at + at, 8));
    uint64_t rest = octets.len > whole ? word_at(octets.at + whole, octets.len - whole) : 0;
    take_in(&state, rest | (uint64_t)octets.len << 56);
    state.v[2] ^= 0xee;
    rounds(&state, 4);
    hash.bits[0] = give_out(&state);
    state.v[1] ^= 0xdd;
    rounds(&state, 4);
    hash.bits[1] = give_out(&state);
    return hash;
}
