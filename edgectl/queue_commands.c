/* queue list, show, hold, release, requeue, delete, stat, shape. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "proto/json_in.h"
#include "queue_source.h"
#include "queue_table.h"

enum { LIST_QUEUE, LIST_STATE, LIST_LIMIT };
const ctl_flag_t ctl_queue_list_flags[] = {
    [LIST_QUEUE] = {"--queue", "NAME", "only this queue"},
    [LIST_STATE] = {"--state", "STATE", "only active, deferred, held, leased or damaged ones"},
    [LIST_LIMIT] = {"--limit", "N", "at most so many"},
    {.name = NULL},
};
const ctl_flag_t ctl_queue_shape_flags[] = {
    [LIST_QUEUE] = {"--queue", "NAME", "only this queue"},
    [LIST_STATE] = {"--state", "STATE", "only messages that are active, deferred, held, leased or damaged"},
    [LIST_LIMIT] = {"--limit", "N", "so many domains at most; 50 without it"},
    {.name = NULL},
};
enum { CHANGE_REASON };
const ctl_flag_t ctl_queue_change_flags[] = {
    [CHANGE_REASON] = {"--reason", "TEXT", "why, for the log and the audit trail; hold and delete want one"},
    {.name = NULL},
};
enum { DELETE_BOUNCE = CHANGE_REASON + 1 };
const ctl_flag_t ctl_queue_delete_flags[] = {
    [CHANGE_REASON] = {"--reason", "TEXT", "why; it is kept in the audit trail"},
    [DELETE_BOUNCE] = {"--bounce", NULL, "tell the sender by a notice"},
    {.name = NULL},
};
enum { SHOW_HEADERS, SHOW_RAW };
const ctl_flag_t ctl_queue_show_flags[] = {
    [SHOW_HEADERS] = {"--headers", NULL, "the message's header block"},
    [SHOW_RAW] = {"--raw", NULL, "the stored message's exact bytes"},
    {.name = NULL},
};

/* The list goes out as it comes: a queue may hold a million messages. A table must know all its cells first. */
typedef struct listing {
    ctl_t *ctl;
    ctl_table_t *table;
    apr_pool_t *scratch; /* for one entry */
    uint64_t shown;
} listing_t;

static void list_one(void *context, edge_span_t entry) {
    listing_t *listing = context;
    if (listing->ctl->output == CTL_TABLE) {
        apr_pool_clear(listing->scratch);
        ctl_queue_table_add(listing->table, edge_json_in_read(entry, listing->scratch, NULL, NULL), listing->scratch);
    } else {
        if (listing->ctl->output == CTL_JSON) {
            fputs(listing->shown == 0 ? "[" : ",", stdout);
        }
        ctl_print_json(entry);
    }
    listing->shown++;
}

/* The flags of list and of shape are the same three. */
static bool read_filter(const ctl_t *ctl, ctl_queue_filter_t *filter) {
    *filter = (ctl_queue_filter_t){.queue = ctl->flags[LIST_QUEUE], .state = ctl->flags[LIST_STATE]};
    if (ctl->flags[LIST_LIMIT] != NULL &&
        (!edge_span_number(edge_span_of(ctl->flags[LIST_LIMIT]), &filter->most) || filter->most == 0)) {
        ctl_say("--limit takes a number from 1 on, not \"%s\"", ctl->flags[LIST_LIMIT]);
        return false;
    }
    static const char *const states[] = {"active", "deferred", "held", "leased", "damaged"};
    for (unsigned i = 0; filter->state != NULL && i < EDGE_COUNT(states); i++) {
        if (strcmp(filter->state, states[i]) == 0) {
            return true;
        }
    }
    if (filter->state != NULL) {
        ctl_say("--state takes active, deferred, held, leased or damaged, not \"%s\"", filter->state);
    }
    return filter->state == NULL;
}

ctl_exit_t ctl_queue_list(ctl_t *ctl) {
    ctl_queue_filter_t filter;
    listing_t listing = {.ctl = ctl, .table = ctl_queue_table_list(ctl->pool)};
    if (!read_filter(ctl, &filter)) {
        return CTL_USAGE;
    }
    apr_pool_create(&listing.scratch, ctl->pool);
    ctl_exit_t code = ctl_queue_online.list(ctl, &filter, list_one, &listing);
    if (ctl_may_go_offline(ctl, code) && listing.shown == 0) {
        code = ctl_queue_offline.list(ctl, &filter, list_one, &listing);
    }
    if (code != CTL_OK) {
        return code;
    }
    if (ctl->output == CTL_TABLE) {
        ctl_table_print(listing.table, stdout);
    } else if (ctl->output == CTL_JSON) {
        puts(listing.shown == 0 ? "[]" : "]");
    }
    return CTL_OK;
}

static ctl_exit_t show_content(ctl_t *ctl, bool headers) {
    ctl_exit_t code = ctl_queue_online.content(ctl, ctl->arguments[0], headers, stdout);
    return ctl_may_go_offline(ctl, code) ? ctl_queue_offline.content(ctl, ctl->arguments[0], headers, stdout) : code;
}

/* The line of the audit trail that tells who has given the message up; NULL: none is to be had. */
static const edge_json_value_t *giver_of(ctl_t *ctl, const char *id) {
    ctl_answer_t answer = {0};
    const char *target =
        apr_pstrcat(ctl->pool, "/api/v1/audit?action=message.delete&target=", ctl_escape(id, ctl->pool), NULL);
    if (ctl_ask(ctl, "GET", target, NULL, &answer) != CTL_OK || answer.status != 200) {
        return NULL;
    }
    const edge_json_value_t *items = edge_json_in_member(answer.document, "items");
    for (const edge_json_value_t *item = items != NULL ? items->first : NULL; item != NULL; item = item->next) {
        if (edge_span_equal(edge_json_in_text(item, "after"), edge_span_of("bounced"))) {
            return item;
        }
    }
    return NULL;
}

static void print_message(ctl_t *ctl, edge_span_t text, bool online) {
    const edge_json_value_t *entry = edge_json_in_read(text, ctl->pool, NULL, NULL);
    bool asked = online && ctl_queue_is_given_up(entry);
    ctl_queue_table_show(entry, asked ? giver_of(ctl, ctl->arguments[0]) : NULL, ctl->pool);
}

ctl_exit_t ctl_queue_show(ctl_t *ctl) {
    edge_span_t entry;
    if (ctl->flags[SHOW_RAW] != NULL && ctl->flags[SHOW_HEADERS] != NULL) {
        ctl_say("--raw and --headers exclude each other");
        return CTL_USAGE;
    }
    if (ctl->flags[SHOW_RAW] != NULL || ctl->flags[SHOW_HEADERS] != NULL) {
        return show_content(ctl, ctl->flags[SHOW_HEADERS] != NULL);
    }
    ctl_exit_t code = ctl_queue_online.show(ctl, ctl->arguments[0], &entry);
    bool online = !ctl_may_go_offline(ctl, code);
    if (!online) {
        code = ctl_queue_offline.show(ctl, ctl->arguments[0], &entry);
    }
    if (code != CTL_OK) {
        return code;
    }
    if (ctl->output == CTL_TABLE) {
        print_message(ctl, entry, online);
    } else {
        ctl_print_json(entry);
    }
    return CTL_OK;
}

/* Every message named is tried; the first failure gives the exit status. */
static ctl_exit_t change_all(ctl_t *ctl, const char *what, const char *done) {
    ctl_exit_t first = CTL_OK;
    for (unsigned i = 0; i < ctl->argument_count; i++) {
        const char *reason = ctl->flags[CHANGE_REASON];
        ctl_exit_t code = ctl_queue_online.change(ctl, ctl->arguments[i], what, reason);
        if (ctl_may_go_offline(ctl, code)) {
            code = ctl_queue_offline.change(ctl, ctl->arguments[i], what, reason);
        }
        if (code == CTL_OK && ctl->output == CTL_TABLE) {
            printf("%s %s\n", ctl->arguments[i], done);
        }
        first = first == CTL_OK ? code : first;
    }
    return first;
}

/* What keeps mail back, or ends it, is asked about later. */
static ctl_exit_t change_for_a_reason(ctl_t *ctl, const char *what, const char *done) {
    if (ctl->flags[CHANGE_REASON] == NULL) {
        ctl_say("say why, by --reason TEXT");
        return CTL_USAGE;
    }
    return change_all(ctl, what, done);
}

ctl_exit_t ctl_queue_hold(ctl_t *ctl) { return change_for_a_reason(ctl, "hold", "held"); }
ctl_exit_t ctl_queue_release(ctl_t *ctl) { return change_all(ctl, "release", "released"); }
ctl_exit_t ctl_queue_requeue(ctl_t *ctl) { return change_all(ctl, "requeue", "requeued"); }
ctl_exit_t ctl_queue_delete(ctl_t *ctl) {
    bool bounce = ctl->flags[DELETE_BOUNCE] != NULL;
    return change_for_a_reason(ctl, bounce ? "bounce" : "delete", bounce ? "bounced" : "deleted");
}

ctl_exit_t ctl_queue_stat(ctl_t *ctl) {
    edge_span_t queues;
    ctl_exit_t code = ctl_queue_online.stat(ctl, &queues);
    if (ctl_may_go_offline(ctl, code)) {
        code = ctl_queue_offline.stat(ctl, &queues);
    }
    if (code != CTL_OK) {
        return code;
    }
    if (ctl->output == CTL_TABLE) {
        ctl_queue_table_stat(edge_json_in_read(queues, ctl->pool, NULL, NULL), ctl->pool);
    } else {
        ctl_print_json(queues);
    }
    return CTL_OK;
}

#define SHAPE_USUAL 50
#define SHAPE_MOST 1000 /* as the server has it */

ctl_exit_t ctl_queue_shape(ctl_t *ctl) {
    ctl_queue_filter_t filter;
    edge_span_t shape;
    if (!read_filter(ctl, &filter)) {
        return CTL_USAGE;
    }
    filter.most = filter.most == 0 ? SHAPE_USUAL : filter.most;
    if (filter.most > SHAPE_MOST) {
        ctl_say("--limit takes a number up to %d, not \"%s\"", SHAPE_MOST, ctl->flags[LIST_LIMIT]);
        return CTL_USAGE;
    }
    ctl_exit_t code = ctl_queue_online.shape(ctl, &filter, &shape);
    if (ctl_may_go_offline(ctl, code)) {
        code = ctl_queue_offline.shape(ctl, &filter, &shape);
    }
    if (code == CTL_OK && ctl->output == CTL_TABLE) {
        ctl_queue_table_shape(edge_json_in_read(shape, ctl->pool, NULL, NULL), ctl->pool);
    } else if (code == CTL_OK) {
        ctl_print_json(shape);
    }
    return code;
}

ctl_exit_t ctl_queue_flush(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_ask(ctl, "POST", "/api/v1/queue/flush", NULL, &answer);
    if (code != CTL_OK) {
        return ctl_say_unreachable(ctl, code);
    }
    if (answer.status == 404 || answer.status == 405) {
        ctl_say("no queue is handed off: relay_module is not loaded");
        return CTL_ERROR;
    }
    code = ctl_answer_exit(ctl, &answer);
    if (code == CTL_OK && ctl->output == CTL_TABLE) {
        const edge_json_value_t *messages = edge_json_in_member(answer.document, "messages");
        printf("%.*s messages are due\n", messages != NULL ? (int)messages->raw.len : 0,
               messages != NULL ? messages->raw.at : "");
    } else if (code == CTL_OK) {
        ctl_print_json(answer.content);
    }
    return code;
}
