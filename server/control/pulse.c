/* A thread that looks at the server once a second. */
#include "control/pulse.h"

#include <apr_general.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "edge_admin.h"
#include "core/core_conf.h"
#include "core/listener_counters.h"
#include "control/live_sessions.h"
#include "core/openness.h"
#include "core/places.h"
#include "core/snapshot.h"
#include "edge_cond.h"
#include "edge_counter.h"
#include "edge_event.h"
#include "edge_log.h"
#include "edge_queue.h"

EDGE_LOG_AREA(edge_pulse_log, "pulse")

#define SECOND EDGE_SECONDS(1)
#define RATE_SECONDS 10

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool running, stopping;

/* All queues as one; `accepting` when each of them does. */
static edge_queue_stat_t look_at_queues(void) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_queue_stat_t sum = {.accepting = true}, stat;
    edge_queue_t *queue;
    for (unsigned i = 0; (queue = edge_snapshot_queue(snapshot, i)) != NULL; i++) {
        if (!queue->provider->stat || queue->provider->stat(queue, &stat) != APR_SUCCESS)
            continue;
        sum.messages += stat.messages;
        sum.bytes += stat.bytes;
        sum.held += stat.held;
        sum.deferred += stat.deferred;
        sum.accepting = sum.accepting && stat.accepting;
        if (stat.oldest && (!sum.oldest || stat.oldest < sum.oldest))
            sum.oldest = stat.oldest;
    }
    edge_snapshot_drop(snapshot);
    return sum;
}

void edge_pulse_sample(edge_history_sample_t *sample) {
    sample->values[EDGE_HISTORY_ACCEPTED] = edge_listener_taken(NULL);
    sample->values[EDGE_HISTORY_REJECTED] = edge_listener_counted(NULL, EDGE_LC_MESSAGES, EDGE_MESSAGES_REJECTED);
    sample->values[EDGE_HISTORY_TEMPFAIL] = edge_listener_counted(NULL, EDGE_LC_MESSAGES, EDGE_MESSAGES_TEMPFAIL);
    sample->values[EDGE_HISTORY_CONNECTIONS] = edge_listener_counted(NULL, EDGE_LC_CONNECTIONS, -1);
    sample->values[EDGE_HISTORY_BYTES] = edge_listener_counted(NULL, EDGE_LC_BYTES_IN, -1);
    sample->values[EDGE_HISTORY_SESSIONS] = edge_places_taken();
    sample->values[EDGE_HISTORY_QUEUE] = (int64_t)look_at_queues().messages;
}

/* What was before the first sample of a fresh server is nothing, not unknown. */
static void put_rate(edge_json_t *json, const char *name, edge_history_series_t series, int64_t now) {
    double rate = 0;
    edge_history_rate(series, now - RATE_SECONDS, now, &rate);
    edge_json_key(json, name);
    edge_json_seconds(json, (int64_t)(rate * 1e6)); /* a number with six decimals */
}

static void put_sessions(edge_json_t *json) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_json_key(json, "sessions");
    edge_json_object(json);
    edge_json_put_number(json, "open", edge_places_taken());
    edge_json_put_number(json, "most", edge_core_server_conf(snapshot)->max_connections);
    edge_json_object_end(json);
    edge_snapshot_drop(snapshot);
}

static void put_queue(edge_json_t *json) {
    edge_queue_stat_t stat = look_at_queues();
    edge_json_key(json, "queue");
    edge_json_object(json);
    edge_json_put_number(json, "messages", (int64_t)stat.messages);
    edge_json_put_number(json, "bytes", (int64_t)stat.bytes);
    edge_json_put_number(json, "held", (int64_t)stat.held);
    edge_json_put_number(json, "deferred", (int64_t)stat.deferred);
    edge_admin_put_time(json, "oldest", stat.oldest);
    edge_json_put_bool(json, "accepting", stat.accepting);
    edge_json_object_end(json);
}

void edge_pulse_put(edge_json_t *json) {
    int64_t now = edge_clock_read().wall / 1000000;
    edge_json_key(json, "rates");
    edge_json_object(json);
    put_rate(json, "connections", EDGE_HISTORY_CONNECTIONS, now);
    put_rate(json, "messages", EDGE_HISTORY_ACCEPTED, now);
    put_rate(json, "rejected", EDGE_HISTORY_REJECTED, now);
    put_rate(json, "tempfail", EDGE_HISTORY_TEMPFAIL, now);
    put_rate(json, "bytes", EDGE_HISTORY_BYTES, now);
    edge_json_object_end(json);
    put_sessions(json);
    put_queue(json);
}

static void tell_tick(void) {
    char text[1024];
    edge_json_t json;
    if (!edge_event_wanted())
        return;
    edge_json_start_fixed(&json, text, sizeof(text));
    edge_json_object(&json);
    edge_pulse_put(&json);
    edge_json_object_end(&json);
    if (!json.overflow)
        edge_event("tick", edge_span(json.text, json.len));
}

/* At the deadline the sessions that are left are ended; when none is left the server stops, if that is wanted. */
static void mind_drain(edge_mono_t now) {
    edge_drain_t drain = edge_drain_now();
    if (!drain.on)
        return;
    if (!drain.hurried && now >= drain.deadline_mono) {
        unsigned left = edge_live_sessions_stop_all(EDGE_NO_SPAN, EDGE_STOP_NOW, EDGE_R_SHUTDOWN, EDGE_CLOSE_DRAIN);
        drain.hurried = true;
        edge_drain_set(&drain);
        EDGE_LOG(&edge_pulse_log, EDGE_LOG_NOTICE, 545, "the drain's deadline is over: %u sessions are ended", left);
    }
    if (drain.leaves && edge_places_taken() == 0) {
        drain.leaves = false;
        edge_drain_set(&drain);
        EDGE_LOG(&edge_pulse_log, EDGE_LOG_NOTICE, 546, "drained: the server stops");
        kill(getppid(), SIGTERM);
    }
}

static void beat(void) {
    edge_history_sample_t sample;
    edge_clock_t now = edge_clock_read();
    edge_pulse_sample(&sample);
    edge_history_put(now.wall / 1000000, &sample);
    tell_tick();
    mind_drain(now.mono);
}

/* Until the next second begins; false: it is to stop. */
static bool wait_for_next(void) {
    edge_clock_t now = edge_clock_read();
    edge_mono_t until = now.mono + SECOND - now.wall % SECOND;
    pthread_mutex_lock(&lock);
    while (!stopping && edge_cond_wait(&changed, &lock, until))
        ;
    bool goes_on = !stopping;
    pthread_mutex_unlock(&lock);
    return goes_on;
}

static void *run(void *unused) {
    (void)unused;
    pthread_setname_np(pthread_self(), "pulse");
    do
        beat();
    while (wait_for_next());
    return NULL;
}

apr_status_t edge_pulse_start(void) {
    sigset_t all, before;
    edge_cond_make(&changed);
    stopping = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    running = error == 0;
    return APR_FROM_OS_ERROR(error);
}

void edge_pulse_stop(void) {
    if (!running)
        return;
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    running = false;
}
