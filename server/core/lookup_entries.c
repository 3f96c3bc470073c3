/* Texts and networks of a list, found by hashes. */
#include "core/lookup_entries.h"

#include <stdlib.h>

/* Growing */

static bool more_room(void **memory, uint32_t *room, uint64_t wanted, size_t size) {
    uint64_t now = *room;
    if (wanted <= now)
        return true;
    while (now < wanted)
        now = now ? now * 2 : 16;
    void *larger = now <= UINT32_MAX ? realloc(*memory, now * size) : NULL;
    if (!larger)
        return false;
    *memory = larger;
    *room = (uint32_t)now;
    return true;
}

static bool keep_octets(edge_lookup_entries_t *entries, edge_span_t text, uint32_t *at) {
    void *octets = entries->octets;
    bool good = more_room(&octets, &entries->octets_room, (uint64_t)entries->octets_used + text.len, 1);
    entries->octets = octets;
    if (!good)
        return false;
    *at = entries->octets_used;
    if (text.len > 0)
        memcpy(entries->octets + *at, text.at, text.len);
    entries->octets_used += (uint32_t)text.len;
    return true;
}

/* A value that is absent is kept as one at no place: every text has an octet at least, so a value never stands at 0. */
static bool keep_value(edge_lookup_entries_t *entries, edge_span_t value, uint32_t *at, uint16_t *len) {
    *at = 0;
    *len = (uint16_t)value.len;
    uint32_t before;
    if (!value.at)
        return true;
    return (entries->octets_used > 0 || keep_octets(entries, edge_span_of(" "), &before)) &&
           keep_octets(entries, value, at);
}

static edge_span_t value_of(const edge_lookup_entries_t *entries, uint32_t at, uint16_t len) {
    return at ? edge_span(entries->octets + at, len) : EDGE_NO_SPAN;
}

/* Texts */

static uint32_t hash_text(const edge_lookup_entries_t *entries, edge_span_t text) {
    return (uint32_t)edge_keyed_hash(entries->key, text).bits[0];
}

static const edge_lookup_text_t *find_text(const edge_lookup_entries_t *entries, edge_span_t text, uint32_t hash) {
    uint32_t at = hash, number;
    while (edge_lookup_index_next(&entries->text_index, hash, &at, &number)) {
        const edge_lookup_text_t *entry = &entries->texts[number];
        if (entry->len == text.len && memcmp(entries->octets + entry->at, text.at, text.len) == 0)
            return entry;
    }
    return NULL;
}

bool edge_lookup_entries_add_text(edge_lookup_entries_t *entries, edge_span_t text, edge_span_t value) {
    uint32_t hash = hash_text(entries, text);
    edge_lookup_text_t entry = {.len = (uint16_t)text.len};
    if (find_text(entries, text, hash))
        return true;
    void *texts = entries->texts;
    bool room = more_room(&texts, &entries->text_room, (uint64_t)entries->text_count + 1, sizeof(entry));
    entries->texts = texts;
    if (!room || !keep_octets(entries, text, &entry.at) ||
        !keep_value(entries, value, &entry.value_at, &entry.value_len) ||
        !edge_lookup_index_add(&entries->text_index, hash, entries->text_count))
        return false;
    entries->texts[entries->text_count++] = entry;
    return true;
}

bool edge_lookup_entries_find_text(const edge_lookup_entries_t *entries, edge_span_t text, edge_span_t *value) {
    const edge_lookup_text_t *entry = find_text(entries, text, hash_text(entries, text));
    if (entry)
        *value = value_of(entries, entry->value_at, entry->value_len);
    return entry != NULL;
}

/* Networks */

/* Two multiplications that mix (the finalizer of MurmurHash3) for 17 octets: cheaper than the keyed hash, and seeded by its key. */
static uint64_t mix(uint64_t word) {
    word = (word ^ word >> 33) * 0xff51afd7ed558ccdu;
    word = (word ^ word >> 33) * 0xc4ceb9fe1a85ec53u;
    return word ^ word >> 33;
}

static uint32_t hash_network(const edge_lookup_entries_t *entries, edge_ipaddr_t first, unsigned bits) {
    uint64_t halves[2];
    memcpy(halves, first.bytes, sizeof(halves));
    return (uint32_t)mix(halves[1] ^ entries->key.bits[1] ^ mix(halves[0] ^ entries->key.bits[0] ^ bits));
}

static const edge_lookup_network_t *find_network(const edge_lookup_entries_t *entries, edge_ipaddr_t first,
                                                 unsigned bits, uint32_t hash) {
    uint32_t at = hash, number;
    while (edge_lookup_index_next(&entries->network_index, hash, &at, &number)) {
        const edge_lookup_network_t *entry = &entries->networks[number];
        if (entry->bits == bits && edge_ipaddr_equal(entry->first, first))
            return entry;
    }
    return NULL;
}

static void use_length(edge_lookup_lengths_t *lengths, unsigned bits) {
    unsigned at = 0;
    while (at < lengths->count && lengths->bits[at] > bits)
        at++;
    if (at < lengths->count && lengths->bits[at] == bits)
        return;
    memmove(lengths->bits + at + 1, lengths->bits + at, lengths->count - at);
    lengths->bits[at] = (uint8_t)bits;
    lengths->count++;
}

static bool is_network4(edge_ipaddr_t first, unsigned bits) { return bits >= 96 && edge_ipaddr_is_v4(first); }

bool edge_lookup_entries_add_network(edge_lookup_entries_t *entries, edge_ipaddr_t first, unsigned bits,
                                     edge_span_t value) {
    uint32_t hash = hash_network(entries, first, bits);
    edge_lookup_network_t entry = {.first = first, .bits = (uint8_t)bits};
    if (find_network(entries, first, bits, hash))
        return true;
    void *networks = entries->networks;
    bool room = more_room(&networks, &entries->network_room, (uint64_t)entries->network_count + 1, sizeof(entry));
    entries->networks = networks;
    if (!room || !keep_value(entries, value, &entry.value_at, &entry.value_len) ||
        !edge_lookup_index_add(&entries->network_index, hash, entries->network_count))
        return false;
    entries->networks[entries->network_count++] = entry;
    use_length(is_network4(first, bits) ? &entries->lengths4 : &entries->lengths6, bits);
    return true;
}

/* Several lengths at a time: of a large table each place is far away, and the next is fetched while one comes. */
#define AT_ONCE 16u

bool edge_lookup_entries_find_address(const edge_lookup_entries_t *entries, edge_ipaddr_t address, edge_span_t *value) {
    const edge_lookup_lengths_t *lengths = edge_ipaddr_is_v4(address) ? &entries->lengths4 : &entries->lengths6;
    for (unsigned done = 0; done < lengths->count; done += AT_ONCE) {
        const uint8_t *bits = lengths->bits + done;
        unsigned count = lengths->count - done < AT_ONCE ? lengths->count - done : AT_ONCE;
        edge_ipaddr_t first[AT_ONCE];
        uint32_t hash[AT_ONCE];
        for (unsigned i = 0; i < count; i++) {
            first[i] = edge_ipaddr_network(address, bits[i]);
            hash[i] = hash_network(entries, first[i], bits[i]);
            edge_lookup_index_fetch(&entries->network_index, hash[i]);
        }
        for (unsigned i = 0; i < count; i++) {
            const edge_lookup_network_t *entry = find_network(entries, first[i], bits[i], hash[i]);
            if (!entry)
                continue;
            *value = value_of(entries, entry->value_at, entry->value_len);
            return true;
        }
    }
    return false;
}

/* Its life */

static void *fit(void *memory, uint32_t *room, uint32_t used, size_t size) {
    void *smaller = used > 0 && used < *room ? realloc(memory, used * size) : NULL;
    if (smaller)
        *room = used;
    return smaller ? smaller : memory;
}

void edge_lookup_entries_settle(edge_lookup_entries_t *entries) {
    entries->texts = fit(entries->texts, &entries->text_room, entries->text_count, sizeof(*entries->texts));
    entries->networks =
        fit(entries->networks, &entries->network_room, entries->network_count, sizeof(*entries->networks));
    entries->octets = fit(entries->octets, &entries->octets_room, entries->octets_used, 1);
}

void edge_lookup_entries_free(edge_lookup_entries_t *entries) {
    edge_lookup_index_free(&entries->text_index);
    edge_lookup_index_free(&entries->network_index);
    free(entries->texts);
    free(entries->networks);
    free(entries->octets);
    *entries = (edge_lookup_entries_t){0};
}
