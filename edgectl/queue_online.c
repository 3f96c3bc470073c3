/* Messages asked for from the running server. */
#include <apr_strings.h>

#include "control_client.h"
#include "proto/json_in.h"
#include "queue_source.h"

#define PAGE 1000

/* An answer of whatever status gives its code; the server's absence is left to the caller. */
static ctl_exit_t ask(ctl_t *ctl, const char *method, const char *target, FILE *into, edge_span_t *content) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_ask(ctl, method, target, into, &answer);
    if (content != NULL) {
        *content = answer.content;
    }
    if (code == CTL_DENIED) {
        return ctl_say_unreachable(ctl, code);
    }
    return code == CTL_OK ? ctl_answer_exit(ctl, &answer) : code;
}

static const char *filtered(ctl_t *ctl, const char *target, const ctl_queue_filter_t *filter) {
    if (filter->queue != NULL) {
        target = apr_pstrcat(ctl->pool, target, "&queue=", ctl_escape(filter->queue, ctl->pool), NULL);
    }
    if (filter->state != NULL) {
        target = apr_pstrcat(ctl->pool, target, "&state=", ctl_escape(filter->state, ctl->pool), NULL);
    }
    return target;
}

static const char *page_target(ctl_t *ctl, const ctl_queue_filter_t *filter, uint64_t left, const char *cursor) {
    const char *target =
        filtered(ctl, apr_psprintf(ctl->pool, "/api/v1/queue?limit=%u", left < PAGE ? (unsigned)left : PAGE), filter);
    return cursor == NULL ? target : apr_pstrcat(ctl->pool, target, "&cursor=", ctl_escape(cursor, ctl->pool), NULL);
}

/* One page, in the pool of the moment; `cursor` is made in `keep` and NULL behind the last page. */
static ctl_exit_t list_page(ctl_t *ctl, const ctl_queue_filter_t *filter, uint64_t *left, const char **cursor,
                            apr_pool_t *keep, void (*visit)(void *context, edge_span_t entry), void *context) {
    edge_span_t content;
    ctl_exit_t code = ask(ctl, "GET", page_target(ctl, filter, *left, *cursor), NULL, &content);
    if (code != CTL_OK) {
        return code;
    }
    const edge_json_value_t *page = edge_json_in_read(content, ctl->pool, NULL, NULL);
    const edge_json_value_t *items = edge_json_in_member(page, "items");
    for (const edge_json_value_t *item = items != NULL ? items->first : NULL; item != NULL; item = item->next) {
        visit(context, item->raw);
        --*left;
    }
    *cursor = edge_span_copy(keep, edge_json_in_text(page, "next_cursor")).at;
    return CTL_OK;
}

/* A queue may hold a million messages: each page lives in a pool of its own. */
static ctl_exit_t list(ctl_t *ctl, const ctl_queue_filter_t *filter, void (*visit)(void *context, edge_span_t entry),
                       void *context) {
    uint64_t left = filter->most > 0 ? filter->most : UINT64_MAX;
    const char *cursor = NULL;
    ctl_exit_t code;
    if (ctl_configuration(ctl) == NULL) {
        return CTL_BAD_CONFIGURATION;
    }
    apr_pool_t *keep = ctl->pool;
    apr_pool_create(&ctl->pool, keep);
    do {
        apr_pool_clear(ctl->pool);
        code = list_page(ctl, filter, &left, &cursor, keep, visit, context);
    } while (code == CTL_OK && cursor != NULL && left > 0);
    apr_pool_destroy(ctl->pool);
    ctl->pool = keep;
    return code;
}

static ctl_exit_t show(ctl_t *ctl, const char *id, edge_span_t *entry) {
    return ask(ctl, "GET", apr_pstrcat(ctl->pool, "/api/v1/queue/", ctl_escape(id, ctl->pool), NULL), NULL, entry);
}

static ctl_exit_t content(ctl_t *ctl, const char *id, bool headers, FILE *out) {
    return ask(ctl, "GET",
               apr_pstrcat(ctl->pool, "/api/v1/queue/", ctl_escape(id, ctl->pool), "/content",
                           headers ? "?part=headers" : "", NULL),
               out, NULL);
}

static ctl_exit_t change(ctl_t *ctl, const char *id, const char *what, const char *reason) {
    const char *target = apr_pstrcat(ctl->pool, "/api/v1/queue/", ctl_escape(id, ctl->pool), NULL);
    const char *query = reason == NULL ? "" : apr_pstrcat(ctl->pool, "?reason=", ctl_escape(reason, ctl->pool), NULL);
    if (strcmp(what, "bounce") == 0) {
        query = apr_pstrcat(ctl->pool, "?bounce=true&", query[0] != '\0' ? query + 1 : "", NULL);
    }
    if (strcmp(what, "delete") == 0 || strcmp(what, "bounce") == 0) {
        return ask(ctl, "DELETE", apr_pstrcat(ctl->pool, target, query, NULL), NULL, NULL);
    }
    return ask(ctl, "POST", apr_pstrcat(ctl->pool, target, "/", what, query, NULL), NULL, NULL);
}

static ctl_exit_t stat(ctl_t *ctl, edge_span_t *queues) {
    edge_span_t content;
    ctl_exit_t code = ask(ctl, "GET", "/api/v1/queue/stat", NULL, &content);
    const edge_json_value_t *array =
        code == CTL_OK ? edge_json_in_member(edge_json_in_read(content, ctl->pool, NULL, NULL), "queues") : NULL;
    *queues = array != NULL ? array->raw : edge_span("[]", 2);
    return code;
}

static ctl_exit_t shape(ctl_t *ctl, const ctl_queue_filter_t *filter, edge_span_t *shape) {
    const char *target = apr_psprintf(ctl->pool, "/api/v1/queue/shape?limit=%" APR_UINT64_T_FMT, filter->most);
    return ask(ctl, "GET", filtered(ctl, target, filter), NULL, shape);
}

const ctl_queue_source_t ctl_queue_online = {list, show, content, change, stat, shape};
