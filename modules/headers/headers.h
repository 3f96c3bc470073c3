/*
 * The validator of header fields: its rules, and the walk over a message's block.
 *
 * Concept:  rules are made of Header lines while loading; at the end of data the block is
 *           walked once, counting what the rules ask for, then they are judged in the
 *           order written.
 * Owner:    rules belong to the snapshot.
 * Threads:  rules are read-only; a walk is its worker's.
 * Lifetime: of the snapshot.
 * Errors:   a pattern that takes too long is the check's error, never a verdict.
 */
#ifndef EDGE_HEADERS_H
#define EDGE_HEADERS_H

#include "edge_module.h"
#include "edge_pattern.h"

#define HEADERS_RULES_MOST 64u

typedef enum headers_kind { HEADERS_REQUIRED, HEADERS_FORBIDDEN, HEADERS_ONCE, HEADERS_MATCH } headers_kind_t;

typedef struct headers_rule {
    headers_kind_t kind;
    edge_span_t field;
    edge_pattern_t *pattern; /* MATCH */
    unsigned code;           /* MATCH: of its own refusal; 0: the usual one */
    edge_span_t enhanced;    /* the same */
    edge_span_t text;
} headers_rule_t;

typedef struct headers_conf {
    headers_rule_t rules[HEADERS_RULES_MOST];
    unsigned rule_count;
    uint32_t count_most, line_most, loop_most;
    uint64_t size_most;
} headers_conf_t;

extern edge_module_t headers_module;

/* headers_conf.c */
bool headers_set_rule(const edge_conf_line_t *line, void *conf);
/* headers_check.c */
edge_check_answer_t headers_check(const edge_check_call_t *call, edge_reply_t *reply);

#endif
