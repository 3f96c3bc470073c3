/* A session without a client: a worker whose loop the test turns, a connection that is only a place, one listener. */
#ifndef EDGE_TEST_SESSION_FIXTURE_H
#define EDGE_TEST_SESSION_FIXTURE_H

#include "event/worker_priv.h"

#include "io/conn_priv.h"

#include "core/policy.h"
#include "core/trail.h"
#include "core/verdicts.h"
#include "edge_session.h"

static struct {
    edge_worker_t *worker;
    edge_conn_t conn;
    edge_listener_t listener;
    edge_policy_t policy;
    edge_protocol_t protocol;
    edge_session_t session;
    unsigned verdicts;
    edge_reply_t reply; /* of the last verdict */
} bench;

static inline void bench_verdict(edge_session_t *session, edge_reply_t reply) {
    (void)session;
    bench.verdicts++;
    bench.reply = reply;
}

static inline int bench_setup(void **state) {
    (void)state;
    if (edge_worker_make(0, &bench.worker) != APR_SUCCESS)
        return -1;
    bench.conn.worker = bench.worker;
    bench.protocol = (edge_protocol_t){.name = "smtp", .verdict = bench_verdict};
    memset(&bench.policy, 0, sizeof(bench.policy));
    bench.listener = (edge_listener_t){.name = edge_span_of("mx"),
                                       .protocol = &bench.protocol,
                                       .policy = &bench.policy,
                                       .server_name = edge_span_of("mx.example")};
    memset(&bench.session, 0, sizeof(bench.session));
    memcpy(bench.session.id, "TEST", 5);
    bench.session.conn = &bench.conn;
    bench.session.listener = &bench.listener;
    bench.verdicts = 0;
    return 0;
}

static inline int bench_teardown(void **state) {
    (void)state;
    edge_policy_abandon(&bench.session);
    if (bench.session.transaction)
        edge_transaction_end(&bench.session, NULL, EDGE_NO_SPAN);
    edge_verdicts_free(&bench.session);
    edge_trail_free(bench.session.trail, bench.worker);
    edge_worker_destroy(bench.worker);
    return 0;
}

static inline void bench_bind(edge_phase_t phase, edge_binding_t *bindings, unsigned count) {
    bench.policy.phases[phase] = (edge_policy_list_t){bindings, count};
}

static inline bool bench_says(const char *text) {
    char said[512];
    size_t len = edge_reply_text(&bench.reply, said, sizeof(said));
    return edge_span_equal(edge_span(said, len), edge_span_of(text));
}

#endif
