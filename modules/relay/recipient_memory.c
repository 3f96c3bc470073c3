/* A table of sets: an address may stand in the few places of one set only. */
#include "recipient_memory.h"

#include <pthread.h>
#include <stdlib.h>

#define PLACES 8u        /* of a set */
#define TEXT_MOST 1024u  /* octets kept of a reply */
#define DOMAIN_MOST 1024 /* longer than any address may be */

typedef struct place {
    edge_keyed_hash_t hash;
    edge_mono_t until;  /* 0: nobody stands here */
    edge_reply_t reply; /* code 0: it was taken; its text by malloc */
} place_t;

struct recipient_memory {
    pthread_mutex_t lock;
    edge_keyed_hash_t key;
    unsigned sets, count;
    place_t *places; /* NULL before the first */
};

static void forget(place_t *place) {
    free((char *)(uintptr_t)place->reply.text.at);
    *place = (place_t){.until = 0};
}

static apr_status_t free_memory(void *data) {
    recipient_memory_t *memory = data;
    for (unsigned i = 0; memory->places && i < memory->sets * PLACES; i++)
        forget(&memory->places[i]);
    free(memory->places);
    pthread_mutex_destroy(&memory->lock);
    return APR_SUCCESS;
}

recipient_memory_t *recipient_memory_make(unsigned most, edge_keyed_hash_t key, apr_pool_t *pool) {
    recipient_memory_t *memory = apr_pcalloc(pool, sizeof(*memory));
    pthread_mutex_init(&memory->lock, NULL);
    memory->key = key;
    memory->sets = most / PLACES > 0 ? most / PLACES : 1;
    apr_pool_cleanup_register(pool, memory, free_memory, apr_pool_cleanup_null);
    return memory;
}

/* Domains are the same in any case of letters, local parts are not (RFC 5321 2.4). */
static edge_keyed_hash_t hash_of(const recipient_memory_t *memory, edge_span_t address) {
    char text[DOMAIN_MOST];
    const char *at = memrchr(address.at, '@', address.len);
    size_t local = at ? (size_t)(at - address.at) : address.len;
    if (address.len > sizeof(text))
        return edge_keyed_hash(memory->key, address);
    for (size_t i = 0; i < address.len; i++) {
        char c = address.at[i];
        text[i] = i > local && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return edge_keyed_hash(memory->key, edge_span(text, address.len));
}

static bool is_same(edge_keyed_hash_t a, edge_keyed_hash_t b) {
    return a.bits[0] == b.bits[0] && a.bits[1] == b.bits[1];
}

static place_t *set_of(const recipient_memory_t *memory, edge_keyed_hash_t hash) {
    return &memory->places[hash.bits[0] % memory->sets * PLACES];
}

/* Its own place, or an empty one, or that of the one which is forgotten first. */
static place_t *place_for(const recipient_memory_t *memory, edge_keyed_hash_t hash) {
    place_t *set = set_of(memory, hash), *best = set;
    for (unsigned i = 0; i < PLACES; i++) {
        if (set[i].until && is_same(set[i].hash, hash))
            return &set[i];
        if (set[i].until < best->until)
            best = &set[i];
    }
    return best;
}

static recipient_known_t look(const place_t *place, edge_reply_t *reply, apr_pool_t *pool) {
    if (place->reply.code == 0)
        return RECIPIENT_TAKEN;
    *reply = place->reply;
    reply->text = edge_span_copy(pool, place->reply.text);
    return RECIPIENT_REFUSED;
}

recipient_known_t recipient_memory_find(recipient_memory_t *memory, edge_span_t address, edge_mono_t now,
                                        edge_reply_t *reply, apr_pool_t *pool) {
    edge_keyed_hash_t hash = hash_of(memory, address);
    recipient_known_t known = RECIPIENT_NOT_KNOWN;
    pthread_mutex_lock(&memory->lock);
    for (unsigned i = 0; memory->places && i < PLACES; i++) {
        const place_t *place = &set_of(memory, hash)[i];
        if (place->until > now && is_same(place->hash, hash))
            known = look(place, reply, pool);
    }
    pthread_mutex_unlock(&memory->lock);
    return known;
}

static void put(recipient_memory_t *memory, edge_keyed_hash_t hash, edge_mono_t until, const edge_reply_t *reply,
                char *text, size_t len) {
    place_t *place = place_for(memory, hash);
    memory->count += place->until == 0;
    forget(place);
    place->hash = hash;
    place->until = until;
    if (!reply)
        return;
    place->reply = *reply;
    place->reply.text = edge_span(text, len);
}

/* A copy of the text by malloc; false: there is no memory. */
static bool copy_text(const edge_reply_t *reply, char **text, size_t *len) {
    *len = !reply ? 0 : reply->text.len < TEXT_MOST ? reply->text.len : TEXT_MOST;
    *text = *len > 0 ? malloc(*len) : NULL;
    if (*text)
        memcpy(*text, reply->text.at, *len);
    return *len == 0 || *text;
}

void recipient_memory_keep(recipient_memory_t *memory, edge_span_t address, edge_mono_t now, edge_mono_t until,
                           const edge_reply_t *reply) {
    edge_keyed_hash_t hash = hash_of(memory, address);
    char *text;
    size_t len;
    if (until <= now || !copy_text(reply, &text, &len))
        return;
    pthread_mutex_lock(&memory->lock);
    if (!memory->places)
        memory->places = calloc((size_t)memory->sets * PLACES, sizeof(place_t));
    if (memory->places)
        put(memory, hash, until, reply, text, len);
    else
        free(text);
    pthread_mutex_unlock(&memory->lock);
}

unsigned recipient_memory_count(recipient_memory_t *memory) {
    pthread_mutex_lock(&memory->lock);
    unsigned count = memory->count;
    pthread_mutex_unlock(&memory->lock);
    return count;
}
