/*
 * Lists of addresses in DNS (RFC 5782): what is configured, and asking them.
 *
 * Concept:  a list is a zone, the answers that count, and a weight: above zero it
 *           speaks against a client, below for it. All lists are asked at the same
 *           time; the weights of those that list the client are added up. A list that
 *           fails again and again rests for a while, so that nobody waits for it.
 * Owner:    what is configured belongs to the snapshot, an asking to its check.
 * Threads:  lists are read-only but for their health, which all workers share; an
 *           asking is one worker's.
 * Lifetime: of the snapshot; of the check.
 * Errors:   a list that does not answer, fails, or answers an error of its own
 *           (127.255.255.0/24, as several lists do) has no say.
 */
#ifndef EDGE_DNSBL_H
#define EDGE_DNSBL_H

#include <stdatomic.h>

#include "edge_conf.h"
#include "edge_dns.h"
#include "edge_log.h"
#include "edge_lookup.h"
#include "proto/dns_name.h"

#define DNSBL_LISTS_MOST 32
#define DNSBL_RANGES_MOST 16
#define DNSBL_REASON_MOST 200 /* octets of a list's own words in a refusal */

extern edge_log_area_t dnsbl_log;

/* First and last answer that count. */
typedef struct dnsbl_range {
    edge_ipaddr_t first, last;
} dnsbl_range_t;

/* How a list does, over all workers. */
typedef struct dnsbl_health {
    _Atomic unsigned failed;        /* questions in a row */
    _Atomic edge_mono_t rest_until; /* 0: it is asked */
} dnsbl_health_t;

typedef struct dnsbl_list {
    edge_span_t zone; /* in plain form, NUL behind it */
    int32_t weight;
    dnsbl_range_t ranges[DNSBL_RANGES_MOST];
    unsigned range_count;
    dnsbl_health_t *health; /* in the snapshot's pool */
} dnsbl_list_t;

typedef struct dnsbl_conf {
    dnsbl_list_t lists[DNSBL_LISTS_MOST];
    unsigned count;
    uint32_t threshold;
    edge_mono_t wait;
    int private_clients, when_dead;
    bool exempt_authenticated, reason;
    edge_lookup_t *exempt;
} dnsbl_conf_t;

/* dnsbl_conf.c: List and Allow. */
bool dnsbl_conf_set_list(const edge_conf_line_t *line, void *conf);
bool dnsbl_conf_set_allow(const edge_conf_line_t *line, void *conf);

/* Whether a list's answer counts. */
bool dnsbl_conf_counts(const dnsbl_list_t *list, edge_ipaddr_t answer);

/* dnsbl_ask.c */
typedef enum dnsbl_state { DNSBL_WAITS, DNSBL_SILENT, DNSBL_NOT_LISTED, DNSBL_LISTED } dnsbl_state_t;

typedef struct dnsbl_ask dnsbl_ask_t;

typedef struct dnsbl_one {
    edge_dns_question_t question;
    dnsbl_ask_t *ask;
    dnsbl_state_t state;
} dnsbl_one_t;

struct dnsbl_ask {
    /* Exactly once, never inside dnsbl_ask_begin; reads `score`, `worst`, `silent` and `reason`. */
    void (*told)(dnsbl_ask_t *ask);
    const dnsbl_conf_t *conf;
    edge_worker_t *worker;
    edge_ipaddr_t address;
    uint32_t *spent;
    int64_t score;
    int worst;       /* index of the heaviest list that speaks against the client; -1 */
    unsigned silent; /* lists without a say */
    char reason[DNSBL_REASON_MOST + 1];
    dnsbl_one_t ones[DNSBL_LISTS_MOST]; /* private from here on */
    edge_dns_question_t text;
    edge_timer_t timer;
    unsigned open;
    bool begun;
};

/* `told`, `conf`, `worker`, `address` and `spent` are set, all else is zero. */
void dnsbl_ask_begin(dnsbl_ask_t *ask);
void dnsbl_ask_cancel(dnsbl_ask_t *ask);
static inline bool dnsbl_ask_refuses(const dnsbl_ask_t *ask) { return ask->score >= (int64_t)ask->conf->threshold; }

#endif
