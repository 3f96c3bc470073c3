/* Admin routes for the first page: how the server does, what was refused and why, and the history of both. */
#include "control/admin_kept.h"
#include "control/admin_priv.h"
#include "core/audit.h"
#include "core/core_conf.h"
#include "core/health.h"
#include "control/history.h"
#include "core/listener_counters.h"
#include "core/openness.h"
#include "core/drift.h"
#include "core/overrides.h"
#include "control/pulse.h"
#include "core/rejections.h"

#include <apr_strings.h>

#define KINDS_SHOWN 20
#define REJECTIONS_SHOWN 20
#define CHANGES_SHOWN 10
#define FRESH EDGE_MS(250)

static void put_totals(edge_json_t *json) {
    edge_history_sample_t sample;
    edge_pulse_sample(&sample);
    edge_json_key(json, "totals");
    edge_json_object(json);
    edge_json_put_number(json, "sessions", sample.values[EDGE_HISTORY_CONNECTIONS]);
    edge_json_put_number(json, "messages", sample.values[EDGE_HISTORY_ACCEPTED]);
    edge_json_put_number(json, "recipients", edge_listener_counted(NULL, EDGE_LC_RECIPIENTS, EDGE_RECIPIENTS_ACCEPTED));
    edge_json_put_number(json, "rejected_messages",
                         sample.values[EDGE_HISTORY_REJECTED] + sample.values[EDGE_HISTORY_TEMPFAIL]);
    edge_json_put_number(json, "refused_commands", edge_listener_refused_commands());
    edge_json_object_end(json);
}

/* What wants somebody's attention; the page is where it is seen closer. */
static void put_attention(edge_json_t *json) {
    static const struct {
        const char *page;
    } pages[EDGE_HEALTH_COUNT] = {{"listeners"}, {"queue"},  {"queue"},  {"listeners"},
                                  {"system"},    {"config"}, {"system"}, {"system"}};
    edge_health_check_t checks[EDGE_HEALTH_COUNT];
    edge_health_look(checks);
    edge_json_key(json, "attention");
    edge_json_array(json);
    for (unsigned i = 0; i < EDGE_HEALTH_COUNT; i++) {
        if (checks[i].status == EDGE_HEALTH_OK) {
            continue;
        }
        edge_json_object(json);
        edge_json_put_string(json, "severity", checks[i].status == EDGE_HEALTH_FAIL ? "error" : "warn");
        edge_json_put_string(json, "text", checks[i].detail);
        edge_json_put_string(json, "page", pages[i].page);
        edge_json_put_string(json, "key", checks[i].name);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_kinds(edge_json_t *json, apr_time_t now) {
    edge_rejection_kind_t kinds[KINDS_SHOWN];
    unsigned count = edge_rejections_kinds(kinds, KINDS_SHOWN, now);
    edge_json_key(json, "reject_reasons");
    edge_json_array(json);
    for (unsigned i = 0; i < count; i++) {
        edge_json_object(json);
        edge_json_put_string(json, "source", kinds[i].source);
        edge_json_put_number(json, "code", kinds[i].code);
        edge_json_put_string(json, "text", kinds[i].text);
        edge_json_put_number(json, "count", (int64_t)kinds[i].count);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_rejections(edge_json_t *json) {
    edge_rejection_t last[REJECTIONS_SHOWN];
    unsigned count = edge_rejections_last(last, REJECTIONS_SHOWN);
    edge_json_key(json, "recent_rejections");
    edge_json_array(json);
    for (unsigned i = 0; i < count; i++) {
        edge_json_object(json);
        edge_admin_put_time(json, "time", last[i].time);
        edge_json_put_string(json, "session", last[i].session);
        edge_json_put_string(json, "listener", last[i].listener);
        edge_json_put_string(json, "client", last[i].client);
        edge_json_put_string(json, "command", last[i].command);
        edge_json_put_string(json, "reply", last[i].reply);
        edge_json_put_string(json, "source", last[i].source);
        edge_json_put_string(json, "reference", last[i].reference[0] != '\0' ? last[i].reference : NULL);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

/* The audit trail's last lines, as they are in the file. */
static void put_changes(edge_json_t *json, apr_pool_t *pool) {
    edge_audit_query_t query = {.limit = CHANGES_SHOWN};
    edge_audit_page_t page = {.entries = NULL};
    edge_json_key(json, "recent_changes");
    edge_json_array(json);
    if (edge_audit_read(&query, &page, pool) == APR_SUCCESS) {
        edge_admin_audit_put(json, &page);
    }
    edge_json_array_end(json);
}

static void put_overrides(edge_json_t *json, apr_pool_t *pool) {
    edge_snapshot_t *current, *base;
    const apr_array_header_t *list = edge_overrides_now(&current, &base, pool);
    edge_json_put_number(json, "overrides", list != NULL ? list->nelts : 0);
    edge_snapshot_drop(current);
    edge_snapshot_drop(base);
}

/* Readers ask every few seconds: what has not changed is not sent again. The clock and the age are no change. */
static const char *tag_of(const edge_json_t *json, size_t from, apr_pool_t *pool) {
    return edge_admin_etag(pool, edge_span(json->text + from, json->len - from), true);
}

static void make(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_clock_t now = edge_clock_read();
    char why[256];
    edge_json_object(json);
    edge_admin_put_time(json, "now", now.wall);
    edge_json_key(json, "uptime");
    edge_json_seconds(json, edge_admin_uptime());
    size_t from = json->len;
    edge_json_put_text(json, "host", edge_core_server_conf(snapshot)->server_name, 0);
    edge_json_put_string(json, "version", EDGE_VERSION);
    edge_json_put_number(json, "generation", (int64_t)edge_snapshot_generation(snapshot));
    edge_json_put_bool(json, "ready", edge_health_ready(why, sizeof why));
    edge_json_put_bool(json, "draining", edge_draining());
    put_overrides(json, request->pool);
    edge_json_put_bool(json, "unloaded", edge_drift_is_unloaded());
    edge_pulse_put(json);
    put_totals(json);
    put_attention(json);
    put_kinds(json, now.wall);
    put_rejections(json);
    put_changes(json, request->pool);
    edge_json_object_end(json);
    edge_snapshot_drop(snapshot);
    answer->etag = tag_of(json, from, request->pool);
}

/* It asks each worker and the file systems, and reads the audit trail: too much for everybody who wants to know. Nothing in
 * it depends on who asks. */
void edge_admin_overview(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    static edge_admin_kept_t kept = {.lock = PTHREAD_MUTEX_INITIALIZER, .fresh = FRESH};
    edge_admin_kept_answer(&kept, make, request, answer);
}

/* History */

static const struct {
    const char *name;
    unsigned seconds, step;
} ranges[] = {{"15m", 900, 1}, {"1h", 3600, 4}, {"6h", 21600, 24}};
static const char *const range_words[] = {"15m", "1h", "6h", NULL};
const edge_admin_argument_t edge_admin_history_arguments[] = {
    {.name = "range", .kind = EDGE_ADMIN_WORD, .words = range_words, .prose = "How far back; 15m when not given."},
    {.name = NULL},
};

static void put_point(edge_json_t *json, edge_history_series_t series, int64_t from, int64_t to) {
    double rate;
    int64_t value;
    if (series < EDGE_HISTORY_RISING && edge_history_rate(series, from - 1, to, &rate)) {
        edge_json_seconds(json, (int64_t)(rate * 1e6)); /* six decimals at most */
    } else if (series >= EDGE_HISTORY_RISING && edge_history_last(series, from, to, &value)) {
        edge_json_number(json, value);
    } else {
        edge_json_null(json);
    }
}

void edge_admin_history(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    unsigned index = (unsigned)request->numbers[0], step = ranges[index].step;
    int64_t end = edge_clock_read().wall / 1000000 / step * step, start = end - ranges[index].seconds;
    edge_json_object(json);
    edge_json_put_number(json, "step", step);
    edge_admin_put_time(json, "start", start * 1000000);
    edge_json_key(json, "series");
    edge_json_object(json);
    for (unsigned series = 0; series < EDGE_HISTORY_COUNT; series++) {
        edge_json_key(json, edge_history_name((edge_history_series_t)series));
        edge_json_array(json);
        for (int64_t at = start; at < end; at += step) {
            put_point(json, (edge_history_series_t)series, at, at + step - 1);
        }
        edge_json_array_end(json);
    }
    edge_json_object_end(json);
    edge_json_object_end(json);
}

/* What they answer */

static const edge_admin_argument_t rates_rows[] = {
    {"connections", EDGE_ADMIN_NUMBER, .prose = "Accepted."},
    {"messages", EDGE_ADMIN_NUMBER, .prose = "Accepted."},
    {"rejected", EDGE_ADMIN_NUMBER, .prose = "Messages refused for good."},
    {"tempfail", EDGE_ADMIN_NUMBER, .prose = "Messages refused for the time being."},
    {"bytes", EDGE_ADMIN_NUMBER, .prose = "Octets read."},
    {.name = NULL},
};
static const edge_admin_argument_t sessions_rows[] = {
    {"open", EDGE_ADMIN_NUMBER, .prose = "Open now."},
    {"most", EDGE_ADMIN_NUMBER, .prose = "MaxConnections."},
    {.name = NULL},
};
static const edge_admin_argument_t queue_rows[] = {
    {"messages", EDGE_ADMIN_NUMBER, .prose = "In all queues."},
    {"bytes", EDGE_ADMIN_NUMBER, .prose = "Of them."},
    {"held", EDGE_ADMIN_NUMBER, .prose = "Held by an operator."},
    {"deferred", EDGE_ADMIN_NUMBER, .prose = "Tried, and waiting for another try."},
    {"oldest", EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "When the oldest was received."},
    {"accepting", EDGE_ADMIN_SWITCH, .prose = "Whether all queues take messages."},
    {.name = NULL},
};
static const edge_admin_argument_t totals_rows[] = {
    {"sessions", EDGE_ADMIN_NUMBER, .prose = "Begun."},
    {"messages", EDGE_ADMIN_NUMBER, .prose = "Accepted."},
    {"recipients", EDGE_ADMIN_NUMBER, .prose = "Accepted."},
    {"rejected_messages", EDGE_ADMIN_NUMBER, .prose = "Refused, for good or for now."},
    {"refused_commands", EDGE_ADMIN_NUMBER, .prose = "Answered with 4xx or 5xx."},
    {.name = NULL},
};
static const edge_admin_argument_t attention_rows[] = {
    {"severity", EDGE_ADMIN_TEXT, .prose = "info, warn or error."},
    {"text", EDGE_ADMIN_TEXT, .prose = "What it is."},
    {"page", EDGE_ADMIN_TEXT, .prose = "Where it is seen closer."},
    {"key", EDGE_ADMIN_TEXT, .prose = "A word for it."},
    {.name = NULL},
};
static const edge_admin_argument_t kind_rows[] = {
    {"source", EDGE_ADMIN_TEXT, .prose = "core, limit, validator:NAME or queue."},
    {"code", EDGE_ADMIN_NUMBER, .prose = "Of the reply."},
    {"text", EDGE_ADMIN_TEXT, .prose = "Of the reply, before a client's words are filled in."},
    {"count", EDGE_ADMIN_NUMBER, .prose = "In the last hour."},
    {.name = NULL},
};
static const edge_admin_argument_t rejection_rows[] = {
    {"time", EDGE_ADMIN_TIME, .prose = "When."},
    {"session", EDGE_ADMIN_TEXT, .prose = "Whose."},
    {"listener", EDGE_ADMIN_TEXT, .prose = "Where."},
    {"client", EDGE_ADMIN_TEXT, .prose = "Its address."},
    {"command", EDGE_ADMIN_TEXT, .prose = "What was refused."},
    {"reply", EDGE_ADMIN_TEXT, .prose = "What was said."},
    {"source", EDGE_ADMIN_TEXT, .prose = "core, limit, validator:NAME or queue."},
    {"reference", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Of a validator's line in the log."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_overview_answer[] = {
    {"now", EDGE_ADMIN_TIME,
     .prose =
         "The server's clock when it looked: who asks within a quarter of a second is told the same, unless something "
         "was changed by a request."},
    {"uptime", EDGE_ADMIN_SECONDS, .prose = "Of this generation."},
    {"host", EDGE_ADMIN_TEXT, .prose = "ServerName."},
    {"version", EDGE_ADMIN_TEXT, .prose = "Of edged."},
    {"generation", EDGE_ADMIN_NUMBER, .prose = "Of the configuration."},
    {"ready", EDGE_ADMIN_SWITCH, .prose = "As readyz says."},
    {"draining", EDGE_ADMIN_SWITCH, .prose = "Whether the server drains."},
    {"overrides", EDGE_ADMIN_NUMBER, .prose = "Settings that differ from the files."},
    {"unloaded", EDGE_ADMIN_SWITCH, .prose = "Whether files were edited since they were loaded."},
    {"rates", EDGE_ADMIN_OBJECT, .rows = rates_rows, .prose = "Per second, over the last ten."},
    {"sessions", EDGE_ADMIN_OBJECT, .rows = sessions_rows, .prose = "Sessions."},
    {"queue", EDGE_ADMIN_OBJECT, .rows = queue_rows, .prose = "Queues."},
    {"totals", EDGE_ADMIN_OBJECT, .rows = totals_rows, .prose = "Since the server was started."},
    {"attention", EDGE_ADMIN_LIST, .rows = attention_rows, .prose = "What is not as it should be."},
    {"reject_reasons", EDGE_ADMIN_LIST, .rows = kind_rows, .prose = "Kinds of refusals, the most frequent first."},
    {"recent_rejections", EDGE_ADMIN_LIST, .rows = rejection_rows, .prose = "The newest first."},
    {"recent_changes", EDGE_ADMIN_LIST, .prose = "Lines of the audit trail, the newest first."},
    {.name = NULL},
};
static const edge_admin_argument_t series_map[] = {
    {"*", EDGE_ADMIN_NUMBERS, .prose = "By name: rates per second, or values; null where nobody looked."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_history_answer[] = {
    {"step", EDGE_ADMIN_NUMBER, .prose = "Seconds from one value to the next."},
    {"start", EDGE_ADMIN_TIME, .prose = "Of the first value."},
    {"series", EDGE_ADMIN_MAP, .rows = series_map, .prose = "The values."},
    {.name = NULL},
};
