/* Hands the lines of a session over to whoever watches it. */
#include "core/session_watch.h"

#include <pthread.h>
#include <stdlib.h>

#include "edge_cond.h"
#include "edge_obj.h"

#define LINES EDGE_SESSION_WATCH_LINES

typedef struct kept {
    uint32_t at;
    bool client, more;
    uint8_t len;
    char text[EDGE_TRAIL_LINE_MOST];
} kept_t;

struct edge_session_watch {
    edge_session_watch_t *next;
    uint64_t number;
    const edge_session_t *session; /* NULL: not found yet, or closed */
    uint64_t told, read;           /* numbers of lines; line N in lines[N % LINES] */
    bool waiting, closed;
    apr_time_t ended;
    edge_close_reason_t end;
    pthread_cond_t changed;
    kept_t lines[LINES];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static edge_session_watch_t *watches;
static uint64_t numbers;
static bool stopped;

/* The reader */

edge_session_watch_t *edge_session_watch_begin(void) {
    edge_session_watch_t *watch = calloc(1, sizeof(*watch));
    EDGE_ASSERT(watch != NULL);
    edge_cond_make(&watch->changed);
    pthread_mutex_lock(&lock);
    watch->number = ++numbers;
    watch->next = watches;
    watches = watch;
    pthread_mutex_unlock(&lock);
    return watch;
}

uint64_t edge_session_watch_number(const edge_session_watch_t *watch) { return watch->number; }

static void read_line(edge_session_watch_t *watch, edge_session_watch_seen_t *seen) {
    const kept_t *kept = &watch->lines[++watch->read % LINES];
    memcpy(seen->text, kept->text, kept->len);
    seen->number = watch->read;
    seen->line = (edge_trail_line_t){
        .at = kept->at, .client = kept->client, .more = kept->more, .text = edge_span(seen->text, kept->len)};
}

/* With the lock held. */
static edge_session_watch_next_t look(edge_session_watch_t *watch, edge_session_watch_seen_t *seen) {
    uint64_t waiting = watch->told - watch->read;
    if (waiting > LINES) {
        seen->lost = waiting - LINES;
        seen->number = watch->read += seen->lost;
        return EDGE_SESSION_WATCH_GAP;
    }
    if (waiting > 0) {
        read_line(watch, seen);
        return EDGE_SESSION_WATCH_LINE;
    }
    if (watch->closed) {
        seen->ended = watch->ended;
        seen->end = watch->end;
        return EDGE_SESSION_WATCH_CLOSED;
    }
    return stopped ? EDGE_SESSION_WATCH_STOPPED : EDGE_SESSION_WATCH_NOTHING;
}

edge_session_watch_next_t edge_session_watch_next(edge_session_watch_t *watch, edge_mono_t deadline,
                                                  edge_session_watch_seen_t *seen) {
    edge_session_watch_next_t next;
    bool in_time = true;
    pthread_mutex_lock(&lock);
    while ((next = look(watch, seen)) == EDGE_SESSION_WATCH_NOTHING && in_time) {
        watch->waiting = true;
        in_time = edge_cond_wait(&watch->changed, &lock, deadline);
        watch->waiting = false;
    }
    pthread_mutex_unlock(&lock);
    return next;
}

void edge_session_watch_end(edge_session_watch_t *watch) {
    pthread_mutex_lock(&lock);
    for (edge_session_watch_t **at = &watches; *at; at = &(*at)->next)
        if (*at == watch) {
            *at = watch->next;
            break;
        }
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&watch->changed);
    free(watch);
}

static void wake(edge_session_watch_t *watch) {
    if (watch->waiting)
        pthread_cond_signal(&watch->changed);
}

void edge_session_watch_stop(void) {
    pthread_mutex_lock(&lock);
    stopped = true;
    for (edge_session_watch_t *watch = watches; watch; watch = watch->next)
        wake(watch);
    pthread_mutex_unlock(&lock);
}

/* The worker */

void edge_session_watch_attach(uint64_t number, edge_session_t *session) {
    pthread_mutex_lock(&lock);
    edge_session_watch_t *watch = watches;
    while (watch && watch->number != number)
        watch = watch->next;
    if (watch) {
        watch->session = session;
        watch->told = watch->read = edge_trail_count(session->trail);
        session->watched = true;
    }
    pthread_mutex_unlock(&lock);
}

static void keep(edge_session_watch_t *watch, const edge_trail_line_t *line) {
    kept_t *kept = &watch->lines[++watch->told % LINES];
    kept->at = line->at;
    kept->client = line->client;
    kept->more = line->more;
    kept->len = (uint8_t)line->text.len;
    if (kept->len)
        memcpy(kept->text, line->text.at, kept->len);
    wake(watch);
}

/* The last watch may be over: then the session is watched no more. */
void edge_session_watch_tell(edge_session_t *session, const edge_trail_line_t *line) {
    edge_trail_line_t cut = edge_trail_cut(line);
    session->watched = false;
    pthread_mutex_lock(&lock);
    for (edge_session_watch_t *watch = watches; watch; watch = watch->next)
        if (watch->session == session) {
            keep(watch, &cut);
            session->watched = true;
        }
    pthread_mutex_unlock(&lock);
}

void edge_session_watch_close(edge_session_t *session, edge_close_reason_t reason) {
    pthread_mutex_lock(&lock);
    for (edge_session_watch_t *watch = watches; watch; watch = watch->next)
        if (watch->session == session) {
            watch->session = NULL;
            watch->closed = true;
            watch->ended = edge_worker_clock(edge_conn_worker(session->conn)).wall;
            watch->end = reason;
            wake(watch);
        }
    pthread_mutex_unlock(&lock);
    session->watched = false;
}
