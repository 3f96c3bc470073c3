/* Admin routes about messages in the queues: list, show, content, hold, release, requeue, delete, figures. */
#include "control/admin_priv.h"
#include "core/snapshot.h"
#include "edge_clock.h"
#include "edge_conf.h"
#include "edge_log.h"
#include "proto/header.h"
#include "store/queue_json.h"

#include <apr_strings.h>

#define BLOCK 32768 /* octets of content at a time */

EDGE_LOG_AREA(edge_admin_queue_log, "admin")

#define LIST_USUAL 100
#define CURSOR_ID (EDGE_UUID_TEXT - 1)

const char *const edge_admin_queue_states[] = {"active", "deferred", "held", "leased", "damaged", NULL};
enum { LIST_QUEUE, LIST_STATE, LIST_LIMIT, LIST_CURSOR };
const edge_admin_argument_t edge_admin_queue_list_arguments[] = {
    [LIST_QUEUE] = {.name = "queue", .kind = EDGE_ADMIN_TEXT, .prose = "Only this <Queue>."},
    [LIST_STATE] = {.name = "state",
                    .kind = EDGE_ADMIN_WORD,
                    .words = edge_admin_queue_states,
                    .prose = "Only messages in this state."},
    [LIST_LIMIT] = {.name = "limit",
                    .kind = EDGE_ADMIN_NUMBER,
                    .min = 1,
                    .max = 1000,
                    .prose = "At most so many; 100 when not given."},
    [LIST_CURSOR] = {.name = "cursor",
                     .kind = EDGE_ADMIN_TEXT,
                     .prose = "Go on behind this: next_cursor of the answer before."},
    {.name = NULL},
};
enum { DELETE_BOUNCE };
const edge_admin_argument_t edge_admin_queue_delete_arguments[] = {
    [DELETE_BOUNCE] = {.name = "bounce",
                       .kind = EDGE_ADMIN_SWITCH,
                       .prose =
                           "true: its sender is told by a notice, as of any failure, and it goes when that is stored."},
    {.name = NULL},
};
static const char *const part_words[] = {"raw", "headers", NULL};
enum { PART_RAW, PART_HEADERS };
const edge_admin_argument_t edge_admin_queue_content_arguments[] = {
    {.name = "part", .kind = EDGE_ADMIN_WORD, .words = part_words, .prose = "The whole message, or its header block."},
    {.name = NULL},
};

/* The list */

typedef struct listing {
    edge_json_t *json;
    edge_queue_t *queue;
    apr_pool_t *pool;
    uint64_t left;      /* how many may still be shown */
    edge_uuid_t last;   /* shown */
    const char *cursor; /* set once there is more than may be shown */
} listing_t;

static bool list_one(void *context, const edge_queue_entry_t *entry) {
    listing_t *listing = context;
    char id[EDGE_UUID_TEXT];
    if (listing->left == 0) {
        edge_uuid_format(listing->last, id);
        listing->cursor = apr_pstrcat(listing->pool, listing->queue->name, ":", id, NULL);
        return false;
    }
    edge_queue_json_entry(listing->json, listing->queue->name, entry, false);
    listing->last = entry->id;
    listing->left--;
    return true;
}

/* "QUEUE:ID"; false when it is none of ours. */
static bool read_cursor(edge_span_t cursor, edge_span_t *queue, edge_uuid_t *after) {
    if (cursor.len < CURSOR_ID + 2 || cursor.at[cursor.len - CURSOR_ID - 1] != ':') {
        return false;
    }
    *queue = edge_span(cursor.at, cursor.len - CURSOR_ID - 1);
    return edge_uuid_parse(edge_span_after(cursor, cursor.len - CURSOR_ID), after);
}

/* When one queue is full of what may be shown, the next one is only asked whether it has anything: its cursor is then the
 * end of the one before, which goes on with it. */
static apr_status_t list_queues(const edge_admin_request_t *request, const edge_snapshot_t *snapshot, edge_span_t from,
                                edge_uuid_t after, listing_t *listing) {
    const edge_uuid_t first = {{0}};
    edge_queue_filter_t filter = {.state = request->arguments[LIST_STATE].at != NULL ? (int)request->numbers[LIST_STATE]
                                                                                     : -1};
    edge_span_t only = request->arguments[LIST_QUEUE];
    edge_queue_t *queue;
    for (unsigned i = 0; listing->cursor == NULL && (queue = edge_snapshot_queue(snapshot, i)) != NULL; i++) {
        edge_span_t name = edge_span_of(queue->name);
        if (from.at != NULL && !edge_span_equal(from, name)) {
            continue;
        }
        filter.after = from.at != NULL ? after : first;
        from = EDGE_NO_SPAN;
        if (queue->provider->list == NULL || (only.at != NULL && !edge_span_equal(only, name))) {
            continue;
        }
        if (listing->left > 0) {
            listing->queue = queue;
        }
        filter.most = (unsigned)listing->left + 1;
        apr_status_t status = queue->provider->list(queue, &filter, list_one, listing);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}

/* Nothing was done; whoever asks again asks the generation that has the queue. */
static void queue_elsewhere(edge_admin_answer_t *answer) {
    edge_admin_elsewhere(answer, "The queue is being read, or goes to another generation of the server: ask again.");
}

void edge_admin_queue_trouble(edge_admin_answer_t *answer, apr_status_t status) {
    char text[120];
    if (APR_STATUS_IS_EAGAIN(status)) {
        queue_elsewhere(answer);
    } else {
        edge_admin_problem(answer, 500, "queue-failed", "The queue cannot be listed: %s",
                           apr_strerror(status, text, sizeof text));
    }
}

void edge_admin_queue_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_span_t from = EDGE_NO_SPAN;
    edge_uuid_t after = {{0}};
    listing_t listing = {.json = edge_admin_json(answer), .pool = request->pool, .left = LIST_USUAL};
    if (request->arguments[LIST_LIMIT].at != NULL) {
        listing.left = request->numbers[LIST_LIMIT];
    }
    if (request->arguments[LIST_CURSOR].at != NULL && !read_cursor(request->arguments[LIST_CURSOR], &from, &after)) {
        edge_admin_problem(answer, 422, "bad-cursor", "The cursor is none that this server has given.");
        edge_snapshot_drop(snapshot);
        return;
    }
    edge_admin_list_start(answer);
    apr_status_t status = list_queues(request, snapshot, from, after, &listing);
    edge_admin_list_end(answer, listing.cursor, -1);
    if (status != APR_SUCCESS) {
        edge_admin_queue_trouble(answer, status);
    }
    edge_snapshot_drop(snapshot);
}

/* One message */

static void queue_problem(edge_admin_answer_t *answer, apr_status_t status, edge_span_t id) {
    char text[120];
    if (APR_STATUS_IS_NOTFOUND(status)) {
        edge_admin_problem(answer, 404, "not-found", "There is no message %s.", id.at);
    } else if (APR_STATUS_IS_EAGAIN(status)) {
        queue_elsewhere(answer);
    } else if (APR_STATUS_IS_ENOTIMPL(status)) {
        edge_admin_problem(answer, 409, "conflict",
                           "The queue of message %s has no next hop, or Bounce off: nobody would tell its sender.",
                           id.at);
    } else if (APR_STATUS_IS_EBUSY(status)) {
        edge_admin_problem(answer, 409, "conflict", "Message %s is being delivered or changed just now.", id.at);
    } else {
        edge_admin_problem(answer, 500, "queue-failed", "Message %s: %s", id.at,
                           apr_strerror(status, text, sizeof text));
    }
}

/* Opens the message in whatever queue has it; NULL after a problem was answered. The snapshot is held until closed. */
typedef struct opened {
    edge_snapshot_t *snapshot;
    edge_queue_t *queue;
    edge_queue_reader_t *reader;
} opened_t;

static bool open_message(const edge_admin_request_t *request, edge_admin_answer_t *answer, opened_t *opened) {
    edge_uuid_t id;
    apr_status_t status = APR_NOTFOUND;
    if (edge_uuid_parse(request->pieces[0], &id)) {
        opened->snapshot = edge_snapshot_current();
        for (unsigned i = 0;
             APR_STATUS_IS_NOTFOUND(status) && (opened->queue = edge_snapshot_queue(opened->snapshot, i)) != NULL;
             i++) {
            if (opened->queue->provider->reader_open != NULL) {
                status = opened->queue->provider->reader_open(opened->queue, id, request->pool, &opened->reader);
            }
        }
        if (status == APR_SUCCESS) {
            return true;
        }
        edge_snapshot_drop(opened->snapshot);
    }
    queue_problem(answer, status, request->pieces[0]);
    return false;
}

static void close_message(opened_t *opened) {
    opened->queue->provider->reader_close(opened->reader);
    edge_snapshot_drop(opened->snapshot);
}

void edge_admin_queue_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    opened_t opened;
    if (open_message(request, answer, &opened)) {
        const edge_queue_entry_t *entry = opened.queue->provider->reader_entry(opened.reader);
        edge_queue_json_entry(edge_admin_json(answer), opened.queue->name, entry, true);
        close_message(&opened);
    }
}

/* Until the end, or the end of the header block. */
static apr_status_t send_content(opened_t *opened, bool headers, edge_admin_answer_t *answer) {
    edge_header_scan_t scan = {0};
    apr_status_t status = APR_SUCCESS;
    char *block = apr_palloc(answer->pool, BLOCK); /* a carrier's thread may have a small stack */
    size_t got;
    while (!scan.ended &&
           (status = opened->queue->provider->reader_read(opened->reader, block, BLOCK, &got)) == APR_SUCCESS) {
        uint64_t before = scan.seen;
        if (headers && edge_header_scan_feed(&scan, edge_span(block, got))) {
            got = scan.size > before ? (size_t)(scan.size - before) : 0;
        }
        if (!edge_admin_send(answer, edge_span(block, got))) {
            break;
        }
    }
    return APR_STATUS_IS_EOF(status) ? APR_SUCCESS : status;
}

void edge_admin_queue_content(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    opened_t opened;
    bool headers = request->arguments[0].at != NULL && request->numbers[0] == PART_HEADERS;
    if (!open_message(request, answer, &opened)) {
        return;
    }
    edge_audit(request, "message.read", request->pieces[0].at, NULL, headers ? "headers" : "content", "done");
    edge_admin_stream(answer, headers ? "text/plain; charset=utf-8" : "message/rfc822");
    apr_status_t status = send_content(&opened, headers, answer);
    if (status != APR_SUCCESS) {
        EDGE_LOG_STATUS(&edge_admin_queue_log, EDGE_LOG_ERROR, 750, status, "message %s cannot be read to its end",
                        request->pieces[0].at);
        edge_admin_break(answer);
    }
    close_message(&opened);
}

/* Changes */

typedef apr_status_t change_t(edge_queue_t *queue, edge_uuid_t id);

static apr_status_t hold(edge_queue_t *queue, edge_uuid_t id) { return queue->provider->hold(queue, id); }
static apr_status_t release(edge_queue_t *queue, edge_uuid_t id) { return queue->provider->release(queue, id); }
static apr_status_t requeue(edge_queue_t *queue, edge_uuid_t id) { return queue->provider->requeue(queue, id); }
static apr_status_t removed(edge_queue_t *queue, edge_uuid_t id) { return queue->provider->remove(queue, id); }

/* Where nobody hands the queue on, the message is at least looked for. */
static apr_status_t bounced(edge_queue_t *queue, edge_uuid_t id) {
    edge_queue_give_up_t *give_up = atomic_load(&queue->give_up);
    edge_queue_reader_t *reader;
    apr_pool_t *pool;
    if (give_up != NULL) {
        return give_up(queue, id);
    }
    apr_pool_create(&pool, NULL);
    apr_status_t status = queue->provider->reader_open(queue, id, pool, &reader);
    if (status == APR_SUCCESS) {
        queue->provider->reader_close(reader);
        status = APR_ENOTIMPL;
    }
    apr_pool_destroy(pool);
    return status;
}

/* In whatever queue has the message; every change is logged with who asked for it. */
static void change(const edge_admin_request_t *request, edge_admin_answer_t *answer, change_t *by, const char *action,
                   const char *done) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    apr_status_t status = APR_NOTFOUND;
    edge_queue_t *queue;
    edge_uuid_t id;
    bool valid = edge_uuid_parse(request->pieces[0], &id);
    for (unsigned i = 0; valid && APR_STATUS_IS_NOTFOUND(status) && (queue = edge_snapshot_queue(snapshot, i)) != NULL;
         i++) {
        if (queue->provider->reader_open != NULL) {
            status = by(queue, id);
        }
    }
    edge_snapshot_drop(snapshot);
    if (status != APR_SUCCESS) {
        queue_problem(answer, status, request->pieces[0]);
        return;
    }
    edge_audit(request, action, request->pieces[0].at, NULL, done, "done");
    EDGE_LOG(&edge_admin_queue_log, EDGE_LOG_NOTICE, 751, "message %s %s by %s", request->pieces[0].at, done,
             request->who);
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_text(json, "id", request->pieces[0], 0);
    edge_json_put_string(json, "done", done);
    edge_json_object_end(json);
}

void edge_admin_queue_hold(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    change(request, answer, hold, "message.hold", "held");
}
void edge_admin_queue_release(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    change(request, answer, release, "message.release", "released");
}
void edge_admin_queue_requeue(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    change(request, answer, requeue, "message.requeue", "requeued");
}
void edge_admin_queue_delete(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    bool tell = request->arguments[DELETE_BOUNCE].at != NULL && request->numbers[DELETE_BOUNCE] != 0;
    change(request, answer, tell ? bounced : removed, "message.delete", tell ? "bounced" : "deleted");
}

/* Figures */

void edge_admin_queue_put_stats(edge_json_t *json) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_queue_t *queue;
    edge_json_array(json);
    for (unsigned i = 0; (queue = edge_snapshot_queue(snapshot, i)) != NULL; i++) {
        edge_queue_stat_t stat = {0};
        edge_json_object(json);
        edge_json_put_string(json, "name", queue->name);
        edge_json_put_string(json, "provider", queue->provider->name);
        if (queue->provider->stat != NULL && queue->provider->stat(queue, &stat) == APR_SUCCESS) {
            edge_queue_json_stat(json, &stat);
        }
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
    edge_snapshot_drop(snapshot);
}

void edge_admin_queue_stat(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    (void)request;
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_key(json, "queues");
    edge_admin_queue_put_stats(json);
    edge_json_object_end(json);
}
