/* Figures of the state the server is in: readiness, limits, modes of validators, certificates, bans, overrides. */
#include <apr_strings.h>

#include "core/bans.h"
#include "core/core_conf.h"
#include "core/drift.h"
#include "core/health.h"
#include "core/metrics.h"
#include "core/openness.h"
#include "core/overrides.h"
#include "core/policy.h"
#include "edge_clock.h"
#include "edge_session.h"
#include "edge_tls.h"
#include "edge_worker.h"

static const char *label_of(edge_span_t text, apr_pool_t *pool) {
    return edge_metrics_label(apr_pstrmemdup(pool, text.at, text.len), pool);
}

static void put_gauge(edge_metrics_t *metrics, const char *name, const char *prose, long long value) {
    edge_metrics_family(metrics, name, "gauge", prose);
    edge_metrics_put(metrics, "%s %lld\n", name, value);
}

static void put_readiness(edge_metrics_t *metrics) {
    char why[256];
    put_gauge(metrics, "edge_ready", "1 when connections may be sent here, as readyz says.",
              edge_health_ready(why, sizeof(why)));
    put_gauge(metrics, "edge_draining", "1 while the whole server drains.", edge_draining());
}

/* A worker that hangs is busy with one turn for more than a second. */
static void put_workers(edge_metrics_t *metrics) {
    unsigned busy = 0, idle = 0;
    edge_worker_facts_t facts;
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        if (!edge_worker_peek(i, &facts))
            continue;
        busy += facts.busy_since != 0;
        idle += facts.busy_since == 0;
    }
    edge_metrics_family(metrics, "edge_workers", "gauge", "Workers of the child that serves, by what they do.");
    edge_metrics_put(metrics, "edge_workers{worker_state=\"idle\"} %u\nedge_workers{worker_state=\"busy\"} %u\n", idle,
                     busy);
}

typedef void put_listener_fn(edge_metrics_t *metrics, const edge_section_t *section, const edge_listener_t *listener);

static void each_listener(edge_metrics_t *metrics, const edge_snapshot_t *snapshot, put_listener_fn *put) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const edge_listener_t *listener = section->instance;
        if (section->scope == EDGE_SCOPE_LISTENER && listener && !listener->protocol->takes_no_mail)
            put(metrics, section, listener);
    }
}

static void put_limit(edge_metrics_t *metrics, const edge_section_t *section, const edge_listener_t *listener) {
    edge_metrics_put(metrics, "edge_connections_limit{listener=\"%s\"} %u\n", label_of(listener->name, metrics->pool),
                     edge_core_listener_conf(section)->max_connections);
}

static void put_modes_of(edge_metrics_t *metrics, const edge_listener_t *listener, unsigned phase) {
    const edge_policy_list_t *list = &listener->policy->phases[phase];
    for (unsigned i = 0; i < list->count; i++)
        for (unsigned mode = 0; mode < EDGE_MODE_COUNT; mode++)
            edge_metrics_put(
                metrics, "edge_validator_mode{validator=\"%s\",listener=\"%s\",command=\"%s\",mode=\"%s\"} %d\n",
                edge_metrics_label(list->bindings[i].validator, metrics->pool), label_of(listener->name, metrics->pool),
                edge_phase_name((edge_phase_t)phase), edge_binding_mode_name((edge_binding_mode_t)mode),
                edge_binding_mode(&list->bindings[i]) == mode);
}

static void put_modes(edge_metrics_t *metrics, const edge_section_t *section, const edge_listener_t *listener) {
    (void)section;
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT && listener->policy; phase++)
        put_modes_of(metrics, listener, phase);
}

typedef struct certificates {
    edge_metrics_t *metrics;
    const char *listener, *context;
} certificates_t;

static void put_certificate(void *context, const edge_tls_certificate_t *certificate) {
    const certificates_t *of = context;
    if (strcmp(certificate->context, of->context) == 0)
        edge_metrics_put(of->metrics,
                         "edge_tls_certificate_not_after_timestamp_seconds{listener=\"%s\",certificate=\"%s\"} %lld\n",
                         of->listener, edge_metrics_label(certificate->file, of->metrics->pool),
                         (long long)(certificate->not_after / 1000000));
}

static void put_certificates(edge_metrics_t *metrics, const edge_section_t *section, const edge_listener_t *listener) {
    const edge_tls_provider_t *provider = edge_tls_provider();
    (void)section;
    if (!listener->tls || !provider || !provider->certificates || !provider->context_of)
        return;
    certificates_t of = {metrics, label_of(listener->name, metrics->pool), provider->context_of(listener->tls)};
    provider->certificates(put_certificate, &of);
}

static void put_listeners(edge_metrics_t *metrics) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_metrics_family(metrics, "edge_connections_limit", "gauge", "MaxConnections.");
    each_listener(metrics, snapshot, put_limit);
    edge_metrics_family(metrics, "edge_validator_mode", "gauge", "1 for the mode that holds.");
    each_listener(metrics, snapshot, put_modes);
    edge_metrics_family(metrics, "edge_tls_certificate_not_after_timestamp_seconds", "gauge",
                        "When a certificate in use ends.");
    each_listener(metrics, snapshot, put_certificates);
    edge_snapshot_drop(snapshot);
}

static void put_bans(edge_metrics_t *metrics) {
    edge_mono_t now = edge_clock_mono();
    unsigned room = edge_bans_list(NULL, 0, now), by_hand = 0;
    edge_ban_t *bans = apr_palloc(metrics->pool, (room + 1) * sizeof(*bans));
    unsigned count = edge_bans_list(bans, room, now);
    count = count < room ? count : room;
    for (unsigned i = 0; i < count; i++)
        by_hand += bans[i].manual;
    edge_metrics_family(metrics, "edge_bans_active", "gauge", "Bans that hold now, by who made them.");
    edge_metrics_put(metrics, "edge_bans_active{source=\"manual\"} %u\nedge_bans_active{source=\"auto\"} %u\n", by_hand,
                     count - by_hand);
}

static void put_overrides(edge_metrics_t *metrics) {
    edge_snapshot_t *current, *base;
    const apr_array_header_t *list = edge_overrides_now(&current, &base, metrics->pool);
    unsigned persistent = 0, all = list ? (unsigned)list->nelts : 0;
    for (unsigned i = 0; i < all; i++)
        persistent += APR_ARRAY_IDX(list, i, edge_override_t).persistent;
    edge_metrics_family(metrics, "edge_config_overrides", "gauge", "Settings that differ from the files.");
    edge_metrics_put(metrics,
                     "edge_config_overrides{persistence=\"reload\"} %u\n"
                     "edge_config_overrides{persistence=\"persistent\"} %u\n",
                     all - persistent, persistent);
    edge_snapshot_drop(current);
    edge_snapshot_drop(base);
}

void edge_metrics_put_state(edge_metrics_t *metrics) {
    put_readiness(metrics);
    put_workers(metrics);
    put_listeners(metrics);
    put_bans(metrics);
    put_overrides(metrics);
    put_gauge(metrics, "edge_config_unloaded", "1 when the files are not as they were when they were loaded.",
              edge_drift_is_unloaded());
}
