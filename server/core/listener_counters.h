/*
 * What is counted for each listener.
 *
 * Concept:  a listener has, for each row of tbl/listener_counters.def, a run of counters:
 *           one, or one for each value of a fixed list of labels, and some histograms. They
 *           are found by the listener's name, so generations share them, and stand at 0 from
 *           the moment the listener exists.
 * Owner:    the slots are the counters' (edge_counter.h); the listener holds their numbers.
 * Threads:  made while loading; counted on workers; summed anywhere.
 * Lifetime: of the listener.
 * Errors:   APR_ENOSPC when there is no room for more counters: then they are not counted.
 */
#ifndef EDGE_CORE_LISTENER_COUNTERS_H
#define EDGE_CORE_LISTENER_COUNTERS_H

#include "edge_histogram.h"
#include "edge_session.h"

typedef enum edge_listener_counter {
#define EDGE_LISTENER_COUNTER(name, text, kind, series, prose) EDGE_LC_##name,
#include "tbl/listener_counters.def"
#undef EDGE_LISTENER_COUNTER
    EDGE_LC_COUNT
} edge_listener_counter_t;

typedef enum edge_listener_histogram {
    EDGE_LH_SESSION,
    EDGE_LH_TLS,
    EDGE_LH_SIZE,
    EDGE_LH_RECIPIENTS,
    EDGE_LH_TRANSACTION,
    EDGE_LH_DATA,
    EDGE_LH_REQUEST,
    EDGE_LH_COUNT
} edge_listener_histogram_t;

/* Indices into the series of a row. */
enum {
#define EDGE_REJECTED(name, reason, prose) EDGE_REJECTED_##name,
#include "tbl/connections_refused.def"
#undef EDGE_REJECTED
};
enum {
    EDGE_MESSAGES_ACCEPTED,
    EDGE_MESSAGES_REJECTED,
    EDGE_MESSAGES_TEMPFAIL,
    EDGE_MESSAGES_ABORTED,
    EDGE_MESSAGES_DISCARDED
};
enum { EDGE_RECIPIENTS_ACCEPTED, EDGE_RECIPIENTS_REJECTED, EDGE_RECIPIENTS_DEFERRED };
enum { EDGE_ATTEMPT_OK, EDGE_ATTEMPT_FAIL, EDGE_ATTEMPT_ERROR, EDGE_ATTEMPT_RESULTS };

typedef struct edge_listener_counters {
    unsigned first[EDGE_LC_COUNT]; /* 1-based slot of the first series; 0: not counted */
    edge_histogram_t histograms[EDGE_LH_COUNT];
    edge_histogram_t commands[EDGE_SESSION_VERBS + 1]; /* one for all listeners; the last of those there are: OTHER */
} edge_listener_counters_t;

/* Of every listener of the snapshot. */
apr_status_t edge_listener_counters_register(const edge_snapshot_t *snapshot);

/* A listener that was never registered (in tests) counts nothing. */
void edge_listener_count(const edge_listener_t *listener, edge_listener_counter_t counter, unsigned index,
                         int64_t amount);
void edge_listener_observe(const edge_listener_t *listener, edge_listener_histogram_t histogram, int64_t value);
/* What has come together so far: of one listener and series, of all series of a listener (index -1), of all listeners there ever
 * were (NULL; an index is for messages and recipients only). */
int64_t edge_listener_counted(const edge_listener_t *listener, edge_listener_counter_t counter, int index);

/* Messages that clients were told we have taken, discarded ones too; NULL: of all listeners. */
int64_t edge_listener_taken(const edge_listener_t *listener);
/* Commands answered with 4xx or 5xx, of all listeners. */
int64_t edge_listener_refused_commands(void);
/* Where the octets of a connection are counted. */
void edge_listener_count_bytes_of(const edge_listener_t *listener, edge_conn_t *conn);

/* What events come to. */
void edge_listener_count_reply(const edge_listener_t *listener, unsigned verb, const edge_reply_t *reply);
void edge_listener_observe_command(const edge_listener_t *listener, unsigned verb, edge_mono_t took);
void edge_listener_count_close(const edge_listener_t *listener, edge_close_reason_t reason);
void edge_listener_count_handshake(const edge_listener_t *listener, const char *version);
void edge_listener_count_attempt(const edge_listener_t *listener, const char *mechanism, unsigned result);
void edge_listener_count_request(const edge_listener_t *listener, unsigned status);

#endif
