/* A ring of samples, a second each, in shared memory. */
#include "control/history.h"

#include <errno.h>
#include <stdatomic.h>

#include "edge_shared.h"

/* `second` is written last, and first set to 0: who reads it twice has read one sample. */
typedef struct place {
    _Atomic int64_t second; /* 0: none, or just being written */
    _Atomic int64_t values[EDGE_HISTORY_COUNT];
} place_t;

static place_t *ring;

const char *edge_history_name(edge_history_series_t series) {
    static const char *const names[EDGE_HISTORY_COUNT] = {"accepted", "rejected", "tempfail", "connections",
                                                          "bytes",    "sessions", "queue"};
    return names[series];
}

apr_status_t edge_history_map(void) {
    ring = edge_shared_map(sizeof(place_t) * EDGE_HISTORY_SECONDS);
    return ring ? APR_SUCCESS : APR_FROM_OS_ERROR(errno);
}

static place_t *place_of(int64_t second) { return &ring[(uint64_t)second % EDGE_HISTORY_SECONDS]; }

void edge_history_put(int64_t second, const edge_history_sample_t *sample) {
    if (!ring || second <= 0)
        return;
    place_t *place = place_of(second);
    atomic_store(&place->second, 0);
    for (unsigned i = 0; i < EDGE_HISTORY_COUNT; i++)
        atomic_store(&place->values[i], sample->values[i]);
    atomic_store(&place->second, second);
}

bool edge_history_at(int64_t second, edge_history_sample_t *sample) {
    if (!ring || second <= 0)
        return false;
    place_t *place = place_of(second);
    if (atomic_load(&place->second) != second)
        return false;
    for (unsigned i = 0; i < EDGE_HISTORY_COUNT; i++)
        sample->values[i] = atomic_load(&place->values[i]);
    return atomic_load(&place->second) == second;
}

/* A restart begins its counts at 0: what has fallen is no rate. */
bool edge_history_rate(edge_history_series_t series, int64_t from, int64_t to, double *rate) {
    edge_history_sample_t first, last;
    int64_t a = from, b = to;
    while (a < b && !edge_history_at(a, &first))
        a++;
    while (b > a && !edge_history_at(b, &last))
        b--;
    if (a >= b || last.values[series] < first.values[series])
        return false;
    *rate = (double)(last.values[series] - first.values[series]) / (double)(b - a);
    return true;
}

bool edge_history_last(edge_history_series_t series, int64_t from, int64_t to, int64_t *value) {
    edge_history_sample_t sample;
    for (int64_t second = to; second >= from; second--)
        if (edge_history_at(second, &sample)) {
            *value = sample.values[series];
            return true;
        }
    return false;
}
