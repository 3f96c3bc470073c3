/*
 * What checks come to: counted by validator, command, mode and result, with the time they took.
 *
 * Concept:  a binding has a run of counters found while loading: a slot for each mode and
 *           result, one for differences that shadow mode saw, and a histogram of its
 *           validator. Validators of one name share them over listeners and generations.
 * Owner:    the slots are the counters' (edge_counter.h); a binding holds their numbers.
 * Threads:  make while loading; count on workers.
 * Lifetime: of the binding.
 * Errors:   APR_ENOSPC when there is no room for more counters: then they are not counted.
 */
#ifndef EDGE_CORE_CHECK_COUNTERS_H
#define EDGE_CORE_CHECK_COUNTERS_H

#include "edge_clock.h"
#include "edge_counter.h"
#include "edge_histogram.h"

typedef enum edge_binding_mode {
    EDGE_MODE_ENFORCE,
    EDGE_MODE_SHADOW,
    EDGE_MODE_OFF,
    EDGE_MODE_COUNT
} edge_binding_mode_t;
/* "enforce", "shadow", "off". */
const char *edge_binding_mode_name(edge_binding_mode_t mode);

typedef enum edge_check_result {
    EDGE_RESULT_PASS,
    EDGE_RESULT_CHANGE,   /* another success */
    EDGE_RESULT_TEMPFAIL, /* 4xx */
    EDGE_RESULT_REJECT,   /* 5xx */
    EDGE_RESULT_ERROR,    /* it could not tell */
    EDGE_RESULT_TIMEOUT,  /* past its deadline */
    EDGE_RESULT_COUNT
} edge_check_result_t;
const char *edge_check_result_name(edge_check_result_t result);

/* By 1-based slot; 0: not counted. */
typedef struct edge_check_counters {
    unsigned results[2][EDGE_RESULT_COUNT]; /* enforce, shadow */
    unsigned skipped;                       /* mode off */
    unsigned differences;                   /* shadow: what it would have changed */
    edge_histogram_t duration;
} edge_check_counters_t;

apr_status_t edge_check_counters_make(edge_check_counters_t *counters, const char *validator, const char *command);
void edge_check_counters_add(const edge_check_counters_t *counters, edge_binding_mode_t mode,
                             edge_check_result_t result, edge_mono_t took);
void edge_check_counters_skip(const edge_check_counters_t *counters);
int64_t edge_check_counters_sum(unsigned slot);

#endif
