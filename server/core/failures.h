/*
 * Failed authentications: counted, slowed down, and for a while refused.
 *
 * Concept:  every wrong credential is counted for the address it came from (an IPv6
 *           client is its /64) and for the name that was tried, whether or not there is
 *           such a user. Each answer comes later than the one before. An address with
 *           too many failures is banned for a while. A name with too many is blocked:
 *           even the right password is answered like a wrong one, so that nobody learns
 *           anything from it; but an address where that name has succeeded in the last
 *           30 days still gets in, so that guessing elsewhere does not lock out the user
 *           at home. A success takes nothing off the counts: one valid account does not
 *           launder guesses at others.
 * Owner:    the parent maps the tables before the first fork.
 * Threads:  any.
 * Lifetime: of the parent: counts survive a reload and a crash.
 * Errors:   none; full tables forget (core/tally.h, core/bans.h).
 */
#ifndef EDGE_CORE_FAILURES_H
#define EDGE_CORE_FAILURES_H

#include "edge_clock.h"
#include "edge_conf.h"
#include "edge_ipaddr.h"

#define EDGE_FAILURES_EXCEPT_MOST 32

/* What AuthFailures says. */
typedef struct edge_failures_rule {
    uint32_t count; /* 0: off */
    edge_mono_t period, ban;
    uint32_t identity_count; /* 0: names are not counted */
    edge_mono_t identity_period;
    edge_mono_t delay; /* the longest */
    struct {
        edge_ipaddr_t address;
        unsigned bits;
    } except[EDGE_FAILURES_EXCEPT_MOST];
    unsigned except_count;
} edge_failures_rule_t;

typedef struct edge_failure {
    edge_mono_t delay; /* the reply is to wait so long */
    bool banned;       /* the address is banned from now on */
} edge_failure_t;

/* Before the first fork; the list of bans too. */
apr_status_t edge_failures_map(void);
/* Counts one; the name is absent when none was tried. */
edge_failure_t edge_failures_note(const edge_failures_rule_t *rule, edge_ipaddr_t from, edge_span_t identity,
                                  edge_mono_t now);
/* The name has too many failures, and this address never had a success with it: its right password is a wrong one. */
bool edge_failures_block(const edge_failures_rule_t *rule, edge_ipaddr_t from, edge_span_t identity, edge_mono_t now);
/* A right password that was let in. */
void edge_failures_success(const edge_failures_rule_t *rule, edge_ipaddr_t from, edge_span_t identity, edge_mono_t now);

/* The directive (failures_directive.c). */
bool edge_failures_set(const edge_conf_line_t *line, edge_failures_rule_t *rule);
edge_span_t edge_failures_show(const edge_failures_rule_t *rule, apr_pool_t *pool);

#endif
