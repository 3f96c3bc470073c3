/* What asking name servers is made of: questions, the cache, the channel. */
#ifndef EDGE_IO_DNS_PRIV_H
#define EDGE_IO_DNS_PRIV_H

#include "edge_dns.h"
#include "edge_log.h"
#include "edge_timer.h"

#include "event/loop.h"

#include "proto/dns_message.h"
#include "proto/dns_name.h"

#include "io/dns.h"

extern edge_log_area_t edge_dns_log;

typedef struct edge_dns edge_dns_t;
typedef struct edge_dns_entry edge_dns_entry_t;

/* An answer that several hold: the cache, and questions that are about to hear it. One piece of memory. */
typedef struct edge_dns_kept {
    unsigned holders;
    edge_mono_t until; /* it may be used before this moment */
    edge_dns_answer_t answer;
} edge_dns_kept_t;

/* One question as the cache knows it: on its way (nothing kept yet), or answered. */
struct edge_dns_entry {
    edge_dns_t *dns;
    edge_dns_entry_t *next; /* of the same bucket */
    struct {
        edge_dns_entry_t *newer, *older;
    } used; /* of those that are kept */
    edge_dns_type_t type;
    edge_dns_name_t name;
    uint32_t hash;
    edge_dns_question_t waiting; /* head of a ring: who asked, while it is on its way */
    edge_dns_kept_t *kept;
};

typedef struct edge_dns_cache {
    edge_dns_entry_t **buckets;
    uint32_t mask, seed;
    unsigned count, most; /* kept answers */
    edge_dns_entry_t *newest, *oldest;
} edge_dns_cache_t;

/* One socket of the channel. */
typedef struct edge_dns_socket edge_dns_socket_t;
struct edge_dns_socket {
    edge_loop_watch_t watch;
    edge_chore_t reap;
    edge_dns_t *dns;
    edge_dns_socket_t *next;
};

typedef struct edge_dns_channel {
    struct ares_channeldata *ares;
    edge_dns_socket_t *sockets;
    edge_timer_t timer;
    edge_mono_t first_try; /* how long the first try of a question lasts */
    unsigned in_flight;
} edge_dns_channel_t;

/* One worker's. */
struct edge_dns {
    edge_worker_t *worker;
    const edge_dns_settings_t *settings;
    edge_dns_channel_t channel;
    edge_dns_cache_t cache;
    edge_dns_question_t ready; /* head of a ring: they have their answers, and hear them in the next turn */
    edge_chore_t deliver;
    edge_dns_reading_t reading;
};

/* dns.c. The entry's question has come to this; the entry may be gone afterwards. `reading` NULL: FAILED with `trouble`. */
void edge_dns_settled(edge_dns_entry_t *entry, const edge_dns_reading_t *reading, const char *trouble);

/* dns_cache.c */
void edge_dns_cache_open(edge_dns_cache_t *cache, unsigned most);
void edge_dns_cache_close(edge_dns_cache_t *cache);
/* NULL: not known, or no longer; a kept one counts as used now. */
edge_dns_entry_t *edge_dns_cache_find(edge_dns_cache_t *cache, edge_dns_type_t type, const edge_dns_name_t *name,
                                      edge_mono_t now);
/* A new entry, on its way. */
edge_dns_entry_t *edge_dns_cache_add(edge_dns_cache_t *cache, edge_dns_type_t type, const edge_dns_name_t *name);
/* The answer to an entry that was on its way: kept until it is too old or in the way of others. */
void edge_dns_cache_keep(edge_dns_cache_t *cache, edge_dns_entry_t *entry, edge_dns_kept_t *kept);
/* Takes an entry out and frees it. */
void edge_dns_cache_remove(edge_dns_cache_t *cache, edge_dns_entry_t *entry);
/* One holder: the caller. */
edge_dns_kept_t *edge_dns_cache_answer(edge_dns_type_t type, const edge_dns_name_t *name,
                                       const edge_dns_reading_t *reading);
void edge_dns_cache_drop(edge_dns_kept_t *kept);

/* dns_channel.c */
apr_status_t edge_dns_channel_open(edge_dns_t *dns);
/* Questions on their way are settled as failed, from inside this call. */
void edge_dns_channel_close(edge_dns_t *dns);
/* Asks a name server; the entry is settled later, or from inside this call. */
void edge_dns_channel_send(edge_dns_t *dns, edge_dns_entry_t *entry);

#endif
