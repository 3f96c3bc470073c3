/* The answers that one worker keeps, and the questions it has on their way. */
#include "edge_counter.h"
#include "edge_obj.h"

#include "io/dns_priv.h"

#include <apr_general.h>
#include <stdlib.h>

static uint32_t buckets_for(unsigned most) {
    uint32_t buckets = 256;
    while (buckets < most && buckets < 1u << 20)
        buckets *= 2;
    return buckets;
}

void edge_dns_cache_open(edge_dns_cache_t *cache, unsigned most) {
    uint32_t buckets = buckets_for(most);
    memset(cache, 0, sizeof(*cache));
    cache->buckets = calloc(buckets, sizeof(edge_dns_entry_t *));
    EDGE_ASSERT(cache->buckets != NULL);
    cache->mask = buckets - 1;
    cache->most = most;
    /* Clients choose names; which of them share a bucket they cannot know. */
    (void)apr_generate_random_bytes((unsigned char *)&cache->seed, sizeof(cache->seed));
}

void edge_dns_cache_close(edge_dns_cache_t *cache) {
    for (uint32_t i = 0; i <= cache->mask; i++)
        while (cache->buckets[i])
            edge_dns_cache_remove(cache, cache->buckets[i]);
    free(cache->buckets);
    cache->buckets = NULL;
}

static uint32_t hash_of(const edge_dns_cache_t *cache, edge_dns_type_t type, const edge_dns_name_t *name) {
    uint32_t hash = cache->seed ^ (uint32_t)type;
    for (size_t i = 0; i < name->len; i++)
        hash = (hash ^ (uint8_t)name->text[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static void used_unlink(edge_dns_cache_t *cache, edge_dns_entry_t *entry) {
    *(entry->used.newer ? &entry->used.newer->used.older : &cache->newest) = entry->used.older;
    *(entry->used.older ? &entry->used.older->used.newer : &cache->oldest) = entry->used.newer;
}

static void used_link(edge_dns_cache_t *cache, edge_dns_entry_t *entry) {
    entry->used.newer = NULL;
    entry->used.older = cache->newest;
    *(cache->newest ? &cache->newest->used.newer : &cache->oldest) = entry;
    cache->newest = entry;
}

void edge_dns_cache_remove(edge_dns_cache_t *cache, edge_dns_entry_t *entry) {
    edge_dns_entry_t **link = &cache->buckets[entry->hash & cache->mask];
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    if (entry->kept) {
        used_unlink(cache, entry);
        cache->count--;
        edge_counter_add(EDGE_C_DNS_CACHED, -1);
        edge_dns_cache_drop(entry->kept);
    }
    free(entry);
}

edge_dns_entry_t *edge_dns_cache_find(edge_dns_cache_t *cache, edge_dns_type_t type, const edge_dns_name_t *name,
                                      edge_mono_t now) {
    uint32_t hash = hash_of(cache, type, name);
    edge_dns_entry_t *entry = cache->buckets[hash & cache->mask];
    while (entry && (entry->hash != hash || entry->type != type || entry->name.len != name->len ||
                     memcmp(entry->name.text, name->text, name->len) != 0))
        entry = entry->next;
    if (!entry || !entry->kept)
        return entry;
    if (entry->kept->until <= now) {
        edge_dns_cache_remove(cache, entry);
        return NULL;
    }
    used_unlink(cache, entry);
    used_link(cache, entry);
    return entry;
}

edge_dns_entry_t *edge_dns_cache_add(edge_dns_cache_t *cache, edge_dns_type_t type, const edge_dns_name_t *name) {
    edge_dns_entry_t *entry = calloc(1, sizeof(*entry));
    EDGE_ASSERT(entry != NULL);
    entry->waiting.next = entry->waiting.previous = &entry->waiting;
    entry->type = type;
    entry->name = *name;
    entry->hash = hash_of(cache, type, name);
    entry->next = cache->buckets[entry->hash & cache->mask];
    cache->buckets[entry->hash & cache->mask] = entry;
    return entry;
}

void edge_dns_cache_keep(edge_dns_cache_t *cache, edge_dns_entry_t *entry, edge_dns_kept_t *kept) {
    kept->holders++;
    entry->kept = kept;
    used_link(cache, entry);
    cache->count++;
    edge_counter_add(EDGE_C_DNS_CACHED, 1);
    while (cache->count > cache->most)
        edge_dns_cache_remove(cache, cache->oldest);
}

/* Texts lie behind the records, in the same order as in the reading: moving them all moves every one by as much. */
edge_dns_kept_t *edge_dns_cache_answer(edge_dns_type_t type, const edge_dns_name_t *name,
                                       const edge_dns_reading_t *reading) {
    size_t records = reading->count * sizeof(edge_dns_record_t);
    edge_dns_kept_t *kept = calloc(1, sizeof(*kept) + records + reading->texts_len + name->len + 1);
    EDGE_ASSERT(kept != NULL);
    edge_dns_record_t *copies = (edge_dns_record_t *)(kept + 1);
    char *texts = (char *)(copies + reading->count);
    memcpy(copies, reading->records, records);
    memcpy(texts, reading->texts, reading->texts_len);
    for (unsigned i = 0; i < reading->count; i++)
        if (copies[i].text.at)
            copies[i].text.at = texts + (reading->records[i].text.at - reading->texts);
    memcpy(texts + reading->texts_len, name->text, name->len);
    kept->holders = 1;
    kept->answer = (edge_dns_answer_t){.outcome = reading->outcome,
                                       .type = type,
                                       .name = edge_span(texts + reading->texts_len, name->len),
                                       .records = copies,
                                       .count = reading->count,
                                       .ttl = reading->ttl,
                                       .trouble = reading->trouble};
    return kept;
}

void edge_dns_cache_drop(edge_dns_kept_t *kept) {
    if (--kept->holders == 0)
        free(kept);
}
