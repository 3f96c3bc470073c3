/* Admin routes about rates: the keys that are nearest to their limits, and forgetting one. */
#include "rate.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <stdlib.h>

#include "edge_audit.h"

EDGE_LOG_AREA(rate_log, "rate")

#define SHOWN 100
#define SHOWN_MOST 10000

enum { LIST_VALIDATOR, LIST_LIMIT };
static const edge_admin_argument_t list_arguments[] = {
    [LIST_VALIDATOR] = {.name = "validator", .kind = EDGE_ADMIN_TEXT, .prose = "Only the rules of this <Validator>."},
    [LIST_LIMIT] = {.name = "limit",
                    .kind = EDGE_ADMIN_NUMBER,
                    .min = 1,
                    .max = SHOWN_MOST,
                    .prose = "How many keys, 100 unless said."},
    {.name = NULL},
};

enum { FORGET_VALIDATOR };
static const edge_admin_argument_t forget_arguments[] = {
    [FORGET_VALIDATOR] = {.name = "validator",
                          .kind = EDGE_ADMIN_TEXT,
                          .prose = "Only in the rules of this <Validator>."},
    {.name = NULL},
};

/* A key as it is listed, with its rule. */
typedef struct item {
    const edge_section_t *validator;
    const rate_rule_t *rule;
    edge_bucket_seen_t seen;
} item_t;

/* The list may grow between counting and copying: what does not fit then is left for the next look. */
static void gather_rule(apr_array_header_t *items, const edge_section_t *validator, const rate_rule_t *rule,
                        edge_mono_t now) {
    unsigned room = edge_bucket_list(&rule->bucket, NULL, 0, now);
    if (room == 0)
        return;
    edge_bucket_seen_t *seen = apr_palloc(items->pool, room * sizeof(*seen));
    unsigned count = edge_bucket_list(&rule->bucket, seen, room, now);
    for (unsigned i = 0; i < count && i < room; i++)
        APR_ARRAY_PUSH(items, item_t) = (item_t){validator, rule, seen[i]};
}

/* Of one validator, or of all; false after a problem was answered. */
static bool gather(const edge_snapshot_t *snapshot, edge_span_t name, apr_array_header_t *items,
                   edge_admin_answer_t *answer) {
    bool found = !name.at;
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const rate_conf_t *conf = section->scope == EDGE_SCOPE_VALIDATOR ? rate_conf_of(section) : NULL;
        if (!conf || (name.at && !edge_span_equal(section->name, name)))
            continue;
        found = true;
        for (unsigned i = 0; i < conf->count; i++)
            gather_rule(items, section, &conf->rules[i], edge_clock_mono());
    }
    if (!found)
        edge_admin_problem(answer, 404, "not-found", "There is no <Validator %.100s> of rate_module.", name.at);
    return found;
}

static double fullness(const item_t *item) { return (double)item->seen.left / (double)item->rule->bucket.burst; }

/* Who has least left of what it may have; of equals, who has to wait longest. */
static int by_need(const void *left, const void *right) {
    const item_t *a = left, *b = right;
    double one = fullness(a), other = fullness(b);
    if (one < other || one > other)
        return one < other ? -1 : 1;
    return a->seen.next > b->seen.next ? -1 : a->seen.next < b->seen.next ? 1 : 0;
}

static const char *id_text(const item_t *item, apr_pool_t *pool) {
    return apr_psprintf(pool, "%016" APR_UINT64_T_HEX_FMT, item->seen.hash.bits[0]);
}

static void put_item(edge_json_t *json, const item_t *item, apr_pool_t *pool) {
    edge_json_object(json);
    edge_json_put_string(json, "validator", item->validator->name.at);
    edge_json_put_string(json, "rule", item->rule->text);
    edge_json_put_string(json, "by", rate_by_words[item->rule->by]);
    edge_json_put_text(json, "key", edge_span_of(rate_key_text(item->rule, &item->seen, pool)), 0);
    edge_json_put_string(json, "id", id_text(item, pool));
    edge_json_put_number(json, "left", (int64_t)item->seen.left);
    edge_json_put_number(json, "burst", (int64_t)item->rule->bucket.burst);
    edge_json_key(json, "next");
    edge_json_seconds(json, item->seen.next);
    edge_json_key(json, "full");
    edge_json_seconds(json, item->seen.full);
    edge_json_object_end(json);
}

static void list_rates(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    apr_array_header_t *items = apr_array_make(request->pool, 64, sizeof(item_t));
    int most = request->arguments[LIST_LIMIT].at ? (int)request->numbers[LIST_LIMIT] : SHOWN;
    edge_snapshot_t *snapshot = edge_snapshot_current();
    if (gather(snapshot, request->arguments[LIST_VALIDATOR], items, answer)) {
        edge_json_t *json = edge_admin_json(answer);
        qsort(items->elts, (size_t)items->nelts, sizeof(item_t), by_need);
        edge_json_object(json);
        edge_json_put_number(json, "keys", items->nelts);
        edge_json_key(json, "items");
        edge_json_array(json);
        for (int i = 0; i < items->nelts && i < most; i++)
            put_item(json, &APR_ARRAY_IDX(items, i, item_t), request->pool);
        edge_admin_list_end(answer, NULL, items->nelts);
    }
    edge_snapshot_drop(snapshot);
}

/* A key as it is listed, an id, or all. */
static bool is_meant(const item_t *item, edge_span_t text, apr_pool_t *pool) {
    return edge_span_equal_nocase(text, edge_span_of("all")) ||
           edge_span_equal_nocase(text, edge_span_of(id_text(item, pool))) ||
           edge_span_equal_nocase(text, edge_span_of(rate_key_text(item->rule, &item->seen, pool)));
}

static unsigned forget(const apr_array_header_t *items, edge_span_t text, apr_pool_t *pool) {
    unsigned count = 0;
    for (int i = 0; i < items->nelts; i++) {
        const item_t *item = &APR_ARRAY_IDX(items, i, item_t);
        count += is_meant(item, text, pool) && edge_bucket_forget(item->seen.hash);
    }
    return count;
}

static void forget_rates(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    apr_array_header_t *items = apr_array_make(request->pool, 64, sizeof(item_t));
    edge_span_t text = request->pieces[0];
    edge_snapshot_t *snapshot = edge_snapshot_current();
    if (gather(snapshot, request->arguments[FORGET_VALIDATOR], items, answer)) {
        unsigned count = forget(items, text, request->pool);
        if (count == 0 && !edge_span_equal_nocase(text, edge_span_of("all"))) {
            edge_admin_problem(answer, 404, "not-found", "Nothing is counted for %.320s.", text.at);
        } else {
            edge_audit(request, "rate.forget", text.at, NULL, NULL, "done");
            EDGE_LOG(&rate_log, EDGE_LOG_NOTICE, 1000, "what was counted for %.320s is forgotten by %s (%u)", text.at,
                     request->who, count);
            edge_json_t *json = edge_admin_json(answer);
            edge_json_object(json);
            edge_json_put_text(json, "key", text, 0);
            edge_json_put_number(json, "forgotten", count);
            edge_json_object_end(json);
        }
    }
    edge_snapshot_drop(snapshot);
}

static const edge_admin_argument_t item_rows[] = {
    {.name = "validator", .kind = EDGE_ADMIN_TEXT, .prose = "Whose rule it is."},
    {.name = "rule", .kind = EDGE_ADMIN_TEXT, .prose = "As it is written."},
    {.name = "by", .kind = EDGE_ADMIN_TEXT, .prose = "What it counts by."},
    {.name = "key", .kind = EDGE_ADMIN_TEXT, .prose = "Whom it counts here."},
    {.name = "id", .kind = EDGE_ADMIN_TEXT, .prose = "Names it for DELETE."},
    {.name = "left", .kind = EDGE_ADMIN_NUMBER, .prose = "How often more."},
    {.name = "burst", .kind = EDGE_ADMIN_NUMBER, .prose = "How often at once, when at rest."},
    {.name = "next", .kind = EDGE_ADMIN_SECONDS, .prose = "Until once more; 0: now."},
    {.name = "full", .kind = EDGE_ADMIN_SECONDS, .prose = "Until it is at rest."},
    {.name = NULL},
};
static const edge_admin_argument_t list_answer[] = {
    {.name = "keys", .kind = EDGE_ADMIN_NUMBER, .prose = "That are not at rest."},
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = item_rows, .prose = "Those nearest to their limit first."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};
static const edge_admin_argument_t forget_answer[] = {
    {.name = "key", .kind = EDGE_ADMIN_TEXT, .prose = "As it was given."},
    {.name = "forgotten", .kind = EDGE_ADMIN_NUMBER, .prose = "How many."},
    {.name = NULL},
};

const edge_admin_route_t rate_routes[] = {
    {.method = "GET",
     .path = "/api/v1/rates",
     .role = EDGE_ADMIN_READ,
     .handler = list_rates,
     .answer = list_answer,
     .arguments = list_arguments,
     .prose = "Keys of rate limits that are not at rest, those nearest to their limit first."},
    {.method = "DELETE",
     .path = "/api/v1/rates/{key}",
     .role = EDGE_ADMIN_OPERATE,
     .handler = forget_rates,
     .answer = forget_answer,
     .arguments = forget_arguments,
     .prose = "Forgets what was counted for a key, as it is listed or by its id; all forgets everything."},
    {.path = NULL},
};
