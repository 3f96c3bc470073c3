/* Routes about next hops: how each does. */
#include "relay.h"
#include "relay_admin.h"
#include "relay_hold.h"

static const edge_admin_argument_t attempt_rows[] = {
    {.name = "ok", .kind = EDGE_ADMIN_NUMBER, .prose = "Taken, for one recipient at least."},
    {.name = "tempfail", .kind = EDGE_ADMIN_NUMBER, .prose = "Put off by the next hop."},
    {.name = "permfail", .kind = EDGE_ADMIN_NUMBER, .prose = "Refused for good."},
    {.name = "timeout", .kind = EDGE_ADMIN_NUMBER, .prose = "Not answered, or broken off."},
    {.name = "unreachable", .kind = EDGE_ADMIN_NUMBER, .prose = "Without a connection."},
    {.name = NULL},
};
static const edge_admin_argument_t duration_rows[] = {
    {.name = "count", .kind = EDGE_ADMIN_NUMBER, .prose = "Deliveries that have ended."},
    {.name = "p50", .kind = EDGE_ADMIN_SECONDS, .may = EDGE_ADMIN_NULL, .prose = "Half of them took no longer."},
    {.name = "p99", .kind = EDGE_ADMIN_SECONDS, .may = EDGE_ADMIN_NULL, .prose = "99 of 100 took no longer."},
    {.name = NULL},
};
static const edge_admin_argument_t error_rows[] = {
    {.name = "time", .kind = EDGE_ADMIN_TIME, .prose = "When."},
    {.name = "text", .kind = EDGE_ADMIN_TEXT, .prose = "What was said, by whom."},
    {.name = NULL},
};

const edge_admin_argument_t relay_hop_answer[] = {
    {.name = "backend", .kind = EDGE_ADMIN_TEXT, .prose = "The name of its <Handoff>, as in the figures."},
    {.name = "queue", .kind = EDGE_ADMIN_TEXT, .prose = "Whose messages it gets."},
    {.name = "mode",
     .kind = EDGE_ADMIN_TEXT,
     .prose = "forward: from the spool; relay: while the client waits, and nothing is stored."},
    {.name = "protocol", .kind = EDGE_ADMIN_TEXT, .prose = "smtp, lmtp, http ..."},
    {.name = "up", .kind = EDGE_ADMIN_SWITCH, .prose = "It works, or has not been asked yet."},
    {.name = "held", .kind = EDGE_ADMIN_SWITCH, .prose = "An operator has stopped all that goes there."},
    {.name = "in_flight", .kind = EDGE_ADMIN_NUMBER, .prose = "Deliveries under way."},
    {.name = "attempts", .kind = EDGE_ADMIN_OBJECT, .rows = attempt_rows, .prose = "Since the server started, by end."},
    {.name = "duration", .kind = EDGE_ADMIN_OBJECT, .rows = duration_rows, .prose = "How long deliveries took."},
    {.name = "last_error",
     .kind = EDGE_ADMIN_OBJECT,
     .rows = error_rows,
     .may = EDGE_ADMIN_NULL,
     .prose = "The last delivery that failed, since this generation serves; null: none has."},
    {.name = NULL},
};

const edge_admin_argument_t relay_hops_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = relay_hop_answer, .prose = "In no order."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

static int64_t figure(unsigned slot) { return slot ? edge_counter_sum(slot - 1) : 0; }

static void put_attempts(edge_json_t *json, const relay_figures_t *figures) {
    edge_json_key(json, "attempts");
    edge_json_object(json);
    for (unsigned i = 0; i < RELAY_RESULTS; i++)
        edge_json_put_number(json, relay_figures_results[i], figure(figures->attempts[i]));
    edge_json_object_end(json);
}

static void put_quantile(edge_json_t *json, const char *key, const edge_histogram_t *histogram, double part) {
    int64_t value = edge_histogram_quantile(histogram, part);
    edge_json_key(json, key);
    if (value < 0)
        edge_json_null(json);
    else
        edge_json_seconds(json, value);
}

static void put_duration(edge_json_t *json, const edge_histogram_t *histogram) {
    edge_json_key(json, "duration");
    edge_json_object(json);
    edge_json_put_number(json, "count", (int64_t)edge_histogram_observed(histogram));
    put_quantile(json, "p50", histogram, 0.5);
    put_quantile(json, "p99", histogram, 0.99);
    edge_json_object_end(json);
}

static void put_trouble(edge_json_t *json, relay_figures_t *figures) {
    char text[RELAY_TROUBLE_SIZE];
    pthread_mutex_lock(&figures->lock);
    apr_time_t when = figures->trouble_at;
    memcpy(text, figures->trouble, sizeof(text));
    pthread_mutex_unlock(&figures->lock);
    edge_json_key(json, "last_error");
    if (when == 0) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    edge_admin_put_time(json, "time", when);
    edge_json_put_string(json, "text", text);
    edge_json_object_end(json);
}

static void put_hop(edge_json_t *json, relay_figures_t *figures) {
    const edge_section_t *handoff = figures->handoff, *queue = handoff->parent;
    const relay_conf_t *conf = edge_section_conf(handoff, &relay_module);
    const relay_queue_conf_t *of_queue = edge_section_conf(queue, &relay_module);
    bool held = relay_holds_until(RELAY_HOLD_ALL, EDGE_NO_SPAN) || relay_holds_until(RELAY_HOLD_BACKEND, handoff->name);
    edge_json_object(json);
    edge_json_put_string(json, "backend", figures->backend);
    edge_json_put_string(json, "queue", queue->name.at);
    edge_json_put_string(json, "mode", of_queue->relay.at ? "relay" : "forward");
    edge_json_put_text(json, "protocol", conf->protocol, 0);
    edge_json_put_bool(json, "up", atomic_load(&figures->works));
    edge_json_put_bool(json, "held", held && !of_queue->relay.at);
    edge_json_put_number(json, "in_flight", figure(figures->in_flight));
    put_attempts(json, figures);
    put_duration(json, &figures->duration);
    put_trouble(json, figures);
    edge_json_object_end(json);
}

void relay_admin_hops(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_list_start(answer);
    int64_t count = 0;
    (void)request;
    for (relay_figures_t *figures = relay_figures_first(); figures; figures = figures->next, count++)
        put_hop(json, figures);
    edge_admin_list_end(answer, NULL, count);
}

void relay_admin_hop(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    relay_figures_t *figures = relay_figures_named(request->pieces[0]);
    if (figures)
        put_hop(edge_admin_json(answer), figures);
    else
        edge_admin_problem(answer, 404, "not-found", "There is no next hop %.100s.", request->pieces[0].at);
}
