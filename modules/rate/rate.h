/* What the files of this module share: a rule, the keys it counts by, and the tables' names. */
#ifndef RATE_H
#define RATE_H

#include "edge_admin.h"
#include "edge_bucket.h"
#include "edge_lookup.h"
#include "edge_module.h"

#define RATE_RULES_MOST 16 /* of one validator */
#define RATE_KEY_MOST 320  /* octets that tell keys apart: the longest address has 254 */

typedef enum rate_what { RATE_CONNECTIONS, RATE_MESSAGES, RATE_RECIPIENTS, RATE_BYTES, RATE_WHATS } rate_what_t;
typedef enum rate_by { RATE_ADDRESS, RATE_NETWORK, RATE_IDENTITY, RATE_SENDER, RATE_LISTENER, RATE_BYS } rate_by_t;

typedef struct rate_rule {
    rate_what_t what;
    rate_by_t by;
    unsigned bits4, bits6; /* by=network: of the 128-bit form */
    edge_bucket_rule_t bucket;
    edge_lookup_t *exempt; /* these are not counted */
    const char *text;      /* as written */
} rate_rule_t;

typedef struct rate_conf {
    rate_rule_t rules[RATE_RULES_MOST];
    unsigned count;
} rate_conf_t;

/* A thing that is counted happens in one phase. */
typedef struct rate_kind {
    const char *name;
    edge_phase_t phase;
    const char *phase_name;
    const char *too_many; /* "Too many messages" */
} rate_kind_t;

typedef struct rate_key {
    size_t len;
    char octets[RATE_KEY_MOST];
} rate_key_t;

extern edge_module_t rate_module;
extern const rate_kind_t rate_kinds[RATE_WHATS];
extern const char *const rate_by_words[]; /* by rate_by_t; NULL behind the last */

/* rate_conf.c */
extern const edge_directive_t rate_directives[];
void rate_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot);
/* The rules of a <Validator> of this module; NULL for one of another. */
const rate_conf_t *rate_conf_of(const edge_section_t *validator);

/* rate_key.c */
/* False: the rule does not count this one. */
bool rate_key_of(const rate_rule_t *rule, const edge_check_call_t *call, rate_key_t *key);
/* What people read: an address, a network, a name. */
const char *rate_key_text(const rate_rule_t *rule, const edge_bucket_seen_t *seen, apr_pool_t *pool);

/* rate_admin.c */
extern const edge_admin_route_t rate_routes[];

#endif
