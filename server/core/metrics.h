/*
 * All figures as a text that Prometheus reads (exposition format 0.0.4, or OpenMetrics 1.0).
 *
 * Concept:  every counter of the directory is a sample with the prefix edge_, those of one
 *           name together as a family; slots of kind BUCKET, each counted by itself, become
 *           the cumulated buckets of a histogram. Behind them stand the process, the
 *           build and the queues, which are looked at when asked.
 * Owner:    the text belongs to the pool.
 * Threads:  any but a worker's: queues are asked.
 * Lifetime: of the pool.
 * Errors:   what cannot be known is left out.
 */
#ifndef EDGE_CORE_METRICS_H
#define EDGE_CORE_METRICS_H

#include "edge_base.h"
#include "edge_counter.h"

#define EDGE_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define EDGE_METRICS_OPEN_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

typedef struct edge_metrics {
    apr_pool_t *pool;
    bool open; /* OpenMetrics 1.0 */
    char *text;
    size_t len, room;
} edge_metrics_t;

edge_span_t edge_metrics_text(bool open, apr_pool_t *pool);
/* Whether an Accept header asks for OpenMetrics. */
bool edge_metrics_wants_open(edge_span_t accept);

/* The pieces it is made of. */
void edge_metrics_put(edge_metrics_t *metrics, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* HELP and TYPE. */
void edge_metrics_family(edge_metrics_t *metrics, const char *name, const char *type, const char *prose);
/* The value of a label as it stands between quotes; in `pool`. */
const char *edge_metrics_label(const char *value, apr_pool_t *pool);
/* metrics_machine.c: process, build, queues. */
void edge_metrics_put_machine(edge_metrics_t *metrics);
/* metrics_state.c: readiness, limits, modes, certificates, bans, overrides. */
void edge_metrics_put_state(edge_metrics_t *metrics);

#endif
