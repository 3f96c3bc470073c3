/*
 * The validator of lists: what it is told, and how it judges.
 *
 * Concept:  rules in the order written, each about one thing that is known of a client or
 *           a command; the first whose list holds it decides. The client's verified name
 *           is asked for when a rule about it is reached, and not before.
 * Owner:    rules belong to the snapshot, a name that is asked for to its call.
 * Threads:  rules are read-only; a call is its worker's.
 * Lifetime: of the snapshot; of the call.
 * Errors:   a pattern that was given up is the check's error, never a verdict.
 */
#ifndef EDGE_ACCESS_H
#define EDGE_ACCESS_H

#include "edge_log.h"
#include "edge_lookup.h"
#include "edge_module.h"

#define ACCESS_RULES_MOST 64u

typedef enum access_what {
    ACCESS_CLIENT,
    ACCESS_CLIENT_NAME,
    ACCESS_HELO,
    ACCESS_SENDER,
    ACCESS_RECIPIENT,
    ACCESS_WHATS
} access_what_t;

/* What a rule may be about. */
typedef struct access_thing {
    const char *word;
    unsigned kinds;  /* of entries */
    unsigned phases; /* bits of those where it is known */
} access_thing_t;

extern const access_thing_t access_things[ACCESS_WHATS];

typedef struct access_rule {
    access_what_t what;
    bool permits;
    edge_lookup_t *list;
    unsigned code;        /* of its own refusal; 0: the usual one */
    edge_span_t enhanced; /* absent: none is written */
    edge_span_t text;
    const char *file; /* where it stands */
    unsigned line;
} access_rule_t;

typedef enum access_default { ACCESS_DEFAULT_PERMIT, ACCESS_DEFAULT_REFUSE } access_default_t;
typedef enum access_unknown { ACCESS_UNKNOWN_PASS, ACCESS_UNKNOWN_TEMPFAIL } access_unknown_t;

typedef struct access_conf {
    access_rule_t rules[ACCESS_RULES_MOST];
    unsigned count;
    int otherwise;    /* access_default_t */
    int when_unknown; /* access_unknown_t */
    bool exempt_authenticated;
} access_conf_t;

extern edge_module_t access_module;
extern edge_log_area_t access_log;

/* access_conf.c */
bool access_set(const edge_conf_line_t *line, void *conf);
void access_check_sections(edge_conf_check_t *check, const edge_snapshot_t *snapshot);

/* access_judge.c */
edge_check_answer_t access_judge(const edge_check_call_t *call, edge_reply_t *reply);
edge_check_answer_t access_resumed(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply);

#endif
