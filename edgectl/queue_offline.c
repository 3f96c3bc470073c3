/* Messages read and changed in the spool of a stopped server. */
#include <apr_strings.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control_client.h"
#include "edge_queue.h"
#include "proto/header.h"
#include "queue_source.h"
#include "spool_tool.h"
#include "store/queue_json.h"
#include "store/queue_shape.h"

static edge_json_t *start_json(apr_pool_t *pool) {
    edge_json_t *json = apr_palloc(pool, sizeof *json);
    edge_json_start(json, pool, 1024);
    return json;
}

/* What is written must stay the server's: root works as the owner of the spool. */
static bool become_owner(const char *directory) {
    struct stat facts;
    if (stat(directory, &facts) < 0) {
        ctl_say("%s: %s", directory, strerror(errno));
        return false;
    }
    if (geteuid() == 0 && facts.st_uid != 0 && (setegid(facts.st_gid) < 0 || seteuid(facts.st_uid) < 0)) {
        ctl_say("cannot act as the owner of %s: %s", directory, strerror(errno));
        return false;
    }
    return true;
}

static ctl_exit_t say_not_open(ctl_t *ctl, const char *directory, apr_status_t status, const char *why) {
    char text[120];
    if (APR_STATUS_IS_EBUSY(status)) {
        ctl_say("%s is in use, but no server answers at %s", directory, ctl->configuration->control_socket);
        return CTL_UNREACHABLE;
    }
    ctl_say("%s: %s", directory, why != NULL ? why : apr_strerror(status, text, sizeof text));
    return APR_STATUS_IS_EACCES(status) ? CTL_DENIED : CTL_ERROR;
}

static ctl_exit_t open_queue(ctl_t *ctl, const ctl_queue_t *settings, edge_queue_t *queue) {
    const char *why = NULL;
    *queue = (edge_queue_t){.provider = ctl_spool_tool(), .name = settings->name, .directory = settings->directory};
    if (queue->provider == NULL) {
        return ctl_say_unreachable(ctl, CTL_UNREACHABLE);
    }
    if (!become_owner(settings->directory)) {
        return CTL_ERROR;
    }
    apr_status_t status = queue->provider->open(queue, NULL, ctl->pool, &why);
    return status == APR_SUCCESS ? CTL_OK : say_not_open(ctl, settings->directory, status, why);
}

/* Opens one queue after the other and calls `act` on each until it has found what it was looking for. */
typedef ctl_exit_t act_t(ctl_t *ctl, edge_queue_t *queue, void *context);

/* CTL_NOT_FOUND of one queue lets the next be asked. */
static ctl_exit_t each_queue(ctl_t *ctl, act_t *act, void *context) {
    ctl_exit_t code = CTL_NOT_FOUND;
    for (const ctl_queue_t *settings = ctl->configuration->queues; settings != NULL && code == CTL_NOT_FOUND;
         settings = settings->next) {
        edge_queue_t queue;
        code = open_queue(ctl, settings, &queue);
        if (code == CTL_OK) {
            code = act(ctl, &queue, context);
            queue.provider->close(&queue);
        }
    }
    return code;
}

/* The same for one message, whose absence everywhere is said. */
static ctl_exit_t find_message(ctl_t *ctl, const char *id, act_t *act, void *context) {
    ctl_exit_t code = each_queue(ctl, act, context);
    if (code == CTL_NOT_FOUND) {
        ctl_say("There is no message %s.", id);
    }
    return code;
}

static ctl_exit_t say_status(const char *id, apr_status_t status) {
    char text[120];
    if (APR_STATUS_IS_NOTFOUND(status)) {
        return CTL_NOT_FOUND;
    }
    if (status != APR_SUCCESS) {
        ctl_say("message %s: %s", id, apr_strerror(status, text, sizeof text));
    }
    return status == APR_SUCCESS ? CTL_OK : CTL_ERROR;
}

/* list */

typedef struct listing {
    apr_pool_t *scratch; /* for one entry */
    const ctl_queue_filter_t *filter;
    uint64_t left;
    const char *queue;
    void (*visit)(void *context, edge_span_t entry);
    void *context;
} listing_t;

static bool list_one(void *context, const edge_queue_entry_t *entry) {
    listing_t *listing = context;
    apr_pool_clear(listing->scratch);
    edge_json_t *json = start_json(listing->scratch);
    edge_queue_json_entry(json, listing->queue, entry, false);
    listing->visit(listing->context, edge_span(json->text, json->len));
    return --listing->left > 0;
}

static int state_of(const char *name) {
    for (int state = EDGE_MESSAGE_ACTIVE; name != NULL && state <= EDGE_MESSAGE_DAMAGED; state++) {
        if (strcmp(name, edge_message_state_name((edge_message_state_t)state)) == 0) {
            return state;
        }
    }
    return -1;
}

static ctl_exit_t list_queue(ctl_t *ctl, edge_queue_t *queue, void *context) {
    listing_t *listing = context;
    const ctl_queue_filter_t *wanted = listing->filter;
    edge_queue_filter_t filter = {.state = state_of(wanted->state)};
    (void)ctl;
    if (listing->left == 0 || (wanted->queue != NULL && strcmp(wanted->queue, queue->name) != 0)) {
        return CTL_NOT_FOUND;
    }
    listing->queue = queue->name;
    ctl_exit_t code = say_status("list", queue->provider->list(queue, &filter, list_one, listing));
    return code == CTL_OK ? CTL_NOT_FOUND : code; /* on to the next */
}

static ctl_exit_t list(ctl_t *ctl, const ctl_queue_filter_t *filter, void (*visit)(void *context, edge_span_t entry),
                       void *context) {
    listing_t listing = {NULL, filter, filter->most > 0 ? filter->most : UINT64_MAX, NULL, visit, context};
    apr_pool_create(&listing.scratch, ctl->pool);
    ctl_exit_t code = each_queue(ctl, list_queue, &listing);
    return code == CTL_NOT_FOUND ? CTL_OK : code;
}

/* show, content */

typedef struct showing {
    const char *id;
    edge_uuid_t uuid;
    bool headers;
    FILE *out;
    edge_span_t entry;
} showing_t;

static apr_status_t copy_content(edge_queue_t *queue, edge_queue_reader_t *reader, const showing_t *showing) {
    edge_header_scan_t scan = {0};
    char block[32768];
    apr_status_t status = APR_SUCCESS;
    size_t got;
    while (!scan.ended && (status = queue->provider->reader_read(reader, block, sizeof block, &got)) == APR_SUCCESS) {
        uint64_t before = scan.seen;
        if (showing->headers && edge_header_scan_feed(&scan, edge_span(block, got))) {
            got = scan.size > before ? (size_t)(scan.size - before) : 0;
        }
        if (fwrite(block, 1, got, showing->out) != got) {
            return errno;
        }
    }
    return APR_STATUS_IS_EOF(status) ? APR_SUCCESS : status;
}

static ctl_exit_t show_in(ctl_t *ctl, edge_queue_t *queue, void *context) {
    showing_t *showing = context;
    edge_queue_reader_t *reader;
    apr_status_t status = queue->provider->reader_open(queue, showing->uuid, ctl->pool, &reader);
    if (status != APR_SUCCESS) {
        return say_status(showing->id, status);
    }
    if (showing->out != NULL) {
        status = copy_content(queue, reader, showing);
    } else {
        edge_json_t *json = start_json(ctl->pool);
        edge_queue_json_entry(json, queue->name, queue->provider->reader_entry(reader), true);
        showing->entry = edge_span(json->text, json->len);
    }
    queue->provider->reader_close(reader);
    return say_status(showing->id, status);
}

static ctl_exit_t read_id(const char *id, edge_uuid_t *uuid) {
    if (edge_uuid_parse(edge_span_of(id), uuid)) {
        return CTL_OK;
    }
    ctl_say("There is no message %s.", id);
    return CTL_NOT_FOUND;
}

static ctl_exit_t show(ctl_t *ctl, const char *id, edge_span_t *entry) {
    showing_t showing = {.id = id};
    ctl_exit_t code = read_id(id, &showing.uuid);
    if (code == CTL_OK) {
        code = find_message(ctl, id, show_in, &showing);
    }
    *entry = showing.entry;
    return code;
}

static ctl_exit_t content(ctl_t *ctl, const char *id, bool headers, FILE *out) {
    showing_t showing = {.id = id, .headers = headers, .out = out};
    ctl_exit_t code = read_id(id, &showing.uuid);
    return code == CTL_OK ? find_message(ctl, id, show_in, &showing) : code;
}

/* change */

typedef struct changing {
    const char *id, *what;
    edge_uuid_t uuid;
} changing_t;

static ctl_exit_t change_in(ctl_t *ctl, edge_queue_t *queue, void *context) {
    const changing_t *changing = context;
    const edge_queue_provider_t *by = queue->provider;
    const struct {
        const char *name;
        apr_status_t (*function)(edge_queue_t *queue, edge_uuid_t id);
    } rows[] = {{"hold", by->hold}, {"release", by->release}, {"requeue", by->requeue}, {"delete", by->remove}};
    (void)ctl;
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        if (strcmp(rows[i].name, changing->what) == 0) {
            return say_status(changing->id, rows[i].function(queue, changing->uuid));
        }
    }
    return CTL_ERROR;
}

/* Where no server keeps a trail, the reason is for nobody. */
static ctl_exit_t change(ctl_t *ctl, const char *id, const char *what, const char *reason) {
    (void)reason;
    if (strcmp(what, "bounce") == 0) {
        ctl_say("no server runs, and so nobody tells the sender of %s: start one, or delete without --bounce", id);
        return CTL_ERROR;
    }
    changing_t changing = {.id = id, .what = what};
    ctl_exit_t code = read_id(id, &changing.uuid);
    return code == CTL_OK ? find_message(ctl, id, change_in, &changing) : code;
}

/* stat */

static ctl_exit_t stat_in(ctl_t *ctl, edge_queue_t *queue, void *context) {
    edge_json_t *json = context;
    edge_queue_stat_t figures = {0};
    (void)ctl;
    ctl_exit_t code = say_status("figures", queue->provider->stat(queue, &figures));
    edge_json_object(json);
    edge_json_put_string(json, "name", queue->name);
    edge_json_put_string(json, "provider", "spool");
    edge_queue_json_stat(json, &figures);
    edge_json_object_end(json);
    return code == CTL_OK ? CTL_NOT_FOUND : code;
}

static ctl_exit_t figures(ctl_t *ctl, edge_span_t *queues) {
    edge_json_t *json = start_json(ctl->pool);
    edge_json_array(json);
    ctl_exit_t code = each_queue(ctl, stat_in, json);
    edge_json_array_end(json);
    *queues = edge_span(json->text, json->len);
    return code == CTL_NOT_FOUND ? CTL_OK : code;
}

/* shape */

typedef struct shaping {
    const ctl_queue_filter_t *filter;
    edge_queue_shape_t *shape;
} shaping_t;

static ctl_exit_t shape_of(ctl_t *ctl, edge_queue_t *queue, void *context) {
    const shaping_t *shaping = context;
    const ctl_queue_filter_t *wanted = shaping->filter;
    (void)ctl;
    if (wanted->queue != NULL && strcmp(wanted->queue, queue->name) != 0) {
        return CTL_NOT_FOUND;
    }
    ctl_exit_t code = say_status("shape", edge_queue_shape_take(shaping->shape, queue, state_of(wanted->state)));
    return code == CTL_OK ? CTL_NOT_FOUND : code; /* on to the next */
}

static ctl_exit_t shape(ctl_t *ctl, const ctl_queue_filter_t *filter, edge_span_t *shape) {
    shaping_t shaping = {filter, edge_queue_shape_make(ctl->pool, apr_time_now(), EDGE_QUEUE_SHAPE_READ)};
    ctl_exit_t code = each_queue(ctl, shape_of, &shaping);
    edge_json_t *json = start_json(ctl->pool);
    edge_json_object(json);
    edge_queue_shape_put(shaping.shape, (unsigned)filter->most, json);
    edge_json_object_end(json);
    *shape = edge_span(json->text, json->len);
    return code == CTL_NOT_FOUND ? CTL_OK : code;
}

const ctl_queue_source_t ctl_queue_offline = {list, show, content, change, figures, shape};
