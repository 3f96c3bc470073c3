/* Rings of refusals and counts of their kinds, in shared memory. */
#include "core/rejections.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "edge_shared.h"

#define MINUTES 60u

typedef struct kind {
    edge_rejection_kind_t shown; /* count 0 and no source: free */
    apr_time_t last;
    int64_t minutes[MINUTES]; /* which minute since 1970 stands there */
    uint32_t counts[MINUTES];
} kind_t;

typedef struct table {
    pthread_mutex_t lock;
    uint64_t noted; /* so far */
    edge_rejection_t last[EDGE_REJECTIONS_KEPT];
    kind_t kinds[EDGE_REJECTION_KINDS];
} table_t;

static table_t *table;

apr_status_t edge_rejections_map(void) {
    table = edge_shared_map(sizeof(*table));
    return table ? edge_shared_lock_make(&table->lock) : APR_FROM_OS_ERROR(errno);
}

static void copy_span(char *to, size_t size, edge_span_t from) {
    size_t len = from.len < size - 1 ? from.len : size - 1;
    if (len)
        memcpy(to, from.at, len);
    to[len] = '\0';
}

static void put_source(char *to, size_t size, const edge_session_t *session, const edge_reply_t *reply) {
    static const char *const names[] = {"core", "limit", "validator", "queue"};
    if (reply->source == EDGE_REPLY_FROM_VALIDATOR && session->refused_by)
        snprintf(to, size, "validator:%s", session->refused_by);
    else
        snprintf(to, size, "%s", names[reply->source % EDGE_COUNT(names)]);
}

/* "550 5.7.1 Not here" */
static void put_reply(char *to, size_t size, const edge_reply_t *reply) {
    char text[EDGE_REJECTION_TEXT];
    size_t len = edge_reply_text(reply, text, sizeof(text) - 1);
    text[len < sizeof(text) - 1 ? len : sizeof(text) - 1] = '\0';
    if (reply->subject == EDGE_NO_ENHANCED)
        snprintf(to, size, "%u %.100s", reply->code, text);
    else
        snprintf(to, size, "%u %u.%u.%u %.90s", reply->code, edge_reply_class(reply), reply->subject, reply->detail,
                 text);
}

static void fill(edge_rejection_t *rejection, const edge_session_t *session, const char *command,
                 const edge_reply_t *reply) {
    memset(rejection, 0, sizeof(*rejection));
    rejection->time = edge_worker_clock(edge_conn_worker(session->conn)).wall;
    copy_span(rejection->session, sizeof(rejection->session), edge_span_of(session->id));
    copy_span(rejection->listener, sizeof(rejection->listener), session->listener->name);
    edge_ipaddr_format(session->from_ip, rejection->client);
    copy_span(rejection->command, sizeof(rejection->command), edge_span_of(command));
    put_source(rejection->source, sizeof(rejection->source), session, reply);
    rejection->code = reply->code;
    put_reply(rejection->reply, sizeof(rejection->reply), reply);
    if (reply->source == EDGE_REPLY_FROM_VALIDATOR)
        snprintf(rejection->reference, sizeof(rejection->reference), "%s-%u", session->id, session->refusals);
}

/* What a validator says may hold what the client said: its kind is told by source and code. */
static edge_span_t text_of_kind(const edge_reply_t *reply) { return reply->literal ? edge_span_of("") : reply->text; }

static bool is_same(const kind_t *kind, const edge_rejection_t *rejection, const char *text, bool literal) {
    return kind->shown.code == rejection->code && strcmp(kind->shown.source, rejection->source) == 0 &&
           (literal || strcmp(kind->shown.text, text) == 0);
}

static kind_t *find_kind(const edge_rejection_t *rejection, const char *text, bool literal) {
    kind_t *quietest = &table->kinds[0];
    for (unsigned i = 0; i < EDGE_REJECTION_KINDS; i++) {
        kind_t *kind = &table->kinds[i];
        if (is_same(kind, rejection, text, literal))
            return kind;
        if (kind->last < quietest->last)
            quietest = kind;
    }
    memset(quietest, 0, sizeof(*quietest));
    memcpy(quietest->shown.source, rejection->source, sizeof(quietest->shown.source));
    quietest->shown.code = rejection->code;
    return quietest;
}

static void count_kind(const edge_rejection_t *rejection, const edge_reply_t *reply) {
    char text[EDGE_REJECTION_TEXT];
    int64_t minute = rejection->time / 60000000;
    copy_span(text, sizeof(text), text_of_kind(reply));
    kind_t *kind = find_kind(rejection, text, reply->literal);
    unsigned at = (unsigned)((uint64_t)minute % MINUTES);
    if (kind->minutes[at] != minute)
        kind->counts[at] = 0;
    kind->minutes[at] = minute;
    kind->counts[at]++;
    kind->last = rejection->time;
    if (reply->literal) {
        size_t len = edge_reply_text(reply, text, sizeof(text) - 1);
        text[len < sizeof(text) - 1 ? len : sizeof(text) - 1] = '\0';
    }
    memcpy(kind->shown.text, text, sizeof(text));
}

void edge_rejections_note(const edge_session_t *session, const char *command, const edge_reply_t *reply) {
    edge_rejection_t rejection;
    if (!table)
        return;
    fill(&rejection, session, command, reply);
    edge_shared_lock(&table->lock);
    table->last[table->noted++ % EDGE_REJECTIONS_KEPT] = rejection;
    count_kind(&rejection, reply);
    pthread_mutex_unlock(&table->lock);
}

unsigned edge_rejections_last(edge_rejection_t *into, unsigned most) {
    unsigned count = 0;
    if (!table)
        return 0;
    edge_shared_lock(&table->lock);
    for (; count < most && count < table->noted && count < EDGE_REJECTIONS_KEPT; count++)
        into[count] = table->last[(table->noted - 1 - count) % EDGE_REJECTIONS_KEPT];
    pthread_mutex_unlock(&table->lock);
    return count;
}

static uint64_t sum_of(const kind_t *kind, int64_t minute) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < MINUTES; i++)
        sum += kind->minutes[i] > minute - (int64_t)MINUTES ? kind->counts[i] : 0;
    return sum;
}

static int by_count(const void *left, const void *right) {
    const edge_rejection_kind_t *a = left, *b = right;
    return a->count < b->count ? 1 : a->count > b->count ? -1 : strcmp(a->text, b->text);
}

unsigned edge_rejections_kinds(edge_rejection_kind_t *into, unsigned most, apr_time_t now) {
    edge_rejection_kind_t all[EDGE_REJECTION_KINDS];
    unsigned count = 0;
    if (!table)
        return 0;
    edge_shared_lock(&table->lock);
    for (unsigned i = 0; i < EDGE_REJECTION_KINDS; i++) {
        uint64_t sum = sum_of(&table->kinds[i], now / 60000000);
        if (sum == 0)
            continue;
        all[count] = table->kinds[i].shown;
        all[count++].count = sum;
    }
    pthread_mutex_unlock(&table->lock);
    qsort(all, count, sizeof(all[0]), by_count);
    count = count < most ? count : most;
    if (count)
        memcpy(into, all, count * sizeof(all[0]));
    return count;
}
