/*
 * A probe: an operator asks a next hop as a delivery would, without a message.
 *
 * It goes the whole way to the question: address, connection, TLS, login, and whether mail
 * for the recipient would be taken. The thread that asks waits; a worker does it.
 */
#include "edge_audit.h"
#include "relay.h"
#include "relay_admin.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>
#include <time.h>

#include "proto/address.h"

#define PROBE_TIME EDGE_SECONDS(30)

enum { PROBE_RECIPIENT };
const edge_admin_argument_t relay_probe_arguments[] = {
    [PROBE_RECIPIENT] = {.name = "recipient",
                         .kind = EDGE_ADMIN_TEXT,
                         .max = 320,
                         .prose =
                             "Whom the question is about; postmaster of this server when not given. Where hosts are "
                             "found by MX records, its domain says which."},
    {.name = NULL},
};

const edge_admin_argument_t relay_probe_answer[] = {
    {.name = "backend", .kind = EDGE_ADMIN_TEXT, .prose = "Which next hop."},
    {.name = "recipient", .kind = EDGE_ADMIN_TEXT, .prose = "Whom the question was about."},
    {.name = "outcome",
     .kind = EDGE_ADMIN_TEXT,
     .prose = "taken, deferred or refused: what would have come of a message for this recipient."},
    {.name = "reached", .kind = EDGE_ADMIN_SWITCH, .prose = "A host has answered, whatever it said."},
    {.name = "text", .kind = EDGE_ADMIN_TEXT, .prose = "What was said, by whom."},
    {.name = "took", .kind = EDGE_ADMIN_SECONDS, .prose = "How long the answer took."},
    {.name = NULL},
};

typedef struct probe {
    edge_letter_t letter, giving_up;
    edge_delivery_t delivery;
    edge_envelope_t envelope;
    edge_recipient_t recipient;
    edge_relay_result_t result;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool answered, given_up;
} probe_t;

static const unsigned first_recipient = 0;

/* On the worker */

static void note(probe_t *probe, bool *what) {
    pthread_mutex_lock(&probe->lock);
    *what = true;
    pthread_cond_signal(&probe->changed);
    pthread_mutex_unlock(&probe->lock);
}

static void answered(edge_delivery_t *delivery) {
    probe_t *probe = EDGE_CONTAINER(delivery, probe_t, delivery);
    note(probe, &probe->answered);
}

static void begin(edge_letter_t *letter, edge_worker_t *worker) {
    probe_t *probe = EDGE_CONTAINER(letter, probe_t, letter);
    probe->delivery.worker = worker;
    probe->delivery.relay->provider->deliver(&probe->delivery);
}

/* Both letters go to one worker, in this order: what has not answered is under way. */
static void give_up(edge_letter_t *letter, edge_worker_t *worker) {
    probe_t *probe = EDGE_CONTAINER(letter, probe_t, giving_up);
    (void)worker;
    if (!probe->answered) {
        probe->delivery.relay->provider->cancel(&probe->delivery);
        probe->result =
            relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 4, 1, edge_span_of("no answer came in time"));
    }
    note(probe, &probe->given_up);
}

/* On the thread that asks */

/* Until one of both is so; false: the time is over. */
static bool wait_for(probe_t *probe, const bool *what, edge_mono_t most) {
    struct timespec until;
    int error = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += most / APR_USEC_PER_SEC;
    pthread_mutex_lock(&probe->lock);
    while (!*what && error != ETIMEDOUT)
        error = most > 0 ? pthread_cond_timedwait(&probe->changed, &probe->lock, &until)
                         : pthread_cond_wait(&probe->changed, &probe->lock);
    bool so = *what;
    pthread_mutex_unlock(&probe->lock);
    return so;
}

static void ask(probe_t *probe) {
    edge_worker_t *worker = edge_worker_at(0);
    pthread_mutex_init(&probe->lock, NULL);
    pthread_cond_init(&probe->changed, NULL);
    probe->letter.deliver = begin;
    probe->giving_up.deliver = give_up;
    edge_worker_send(worker, &probe->letter);
    if (!wait_for(probe, &probe->answered, PROBE_TIME)) {
        edge_worker_send(worker, &probe->giving_up);
        wait_for(probe, &probe->given_up, 0);
    }
    pthread_cond_destroy(&probe->changed);
    pthread_mutex_destroy(&probe->lock);
}

static const char *outcome_of(const edge_relay_result_t *result) {
    static const char *const words[] = {
        [EDGE_RELAY_DONE] = "taken", [EDGE_RELAY_DEFERRED] = "deferred", [EDGE_RELAY_FAILED] = "refused"};
    return words[result->outcome];
}

static void put_answer(edge_json_t *json, const relay_figures_t *figures, const probe_t *probe, edge_mono_t took,
                       apr_pool_t *pool) {
    edge_json_object(json);
    edge_json_put_string(json, "backend", figures->backend);
    edge_json_put_text(json, "recipient", probe->recipient.address, 0);
    edge_json_put_string(json, "outcome", outcome_of(&probe->result));
    edge_json_put_bool(json, "reached", probe->result.outcome == EDGE_RELAY_DONE || probe->result.remote.len > 0);
    edge_json_put_text(json, "text", relay_message_text(&probe->result, pool), 0);
    edge_json_key(json, "took");
    edge_json_seconds(json, took);
    edge_json_object_end(json);
}

/* A probe about this recipient, in the request's pool, which lives until it is over; NULL after a problem was answered. */
static probe_t *make_probe(const edge_admin_request_t *request, const edge_relay_t *relay,
                           edge_admin_answer_t *answer) {
    edge_span_t given = request->arguments[PROBE_RECIPIENT];
    edge_address_t address;
    probe_t *probe = apr_pcalloc(request->pool, sizeof(*probe));
    probe->recipient.address =
        given.at ? given : edge_span_of(apr_pstrcat(request->pool, "postmaster@", relay->server_name.at, NULL));
    if (!edge_address_mailbox(probe->recipient.address, &address)) {
        edge_admin_error(answer, 422, "?recipient", "bad-address", "\"%.320s\" is no mailbox.", given.at);
        return NULL;
    }
    probe->envelope = (edge_envelope_t){.received = edge_clock_read().wall,
                                        .sender = edge_span_of(""),
                                        .recipients = &probe->recipient,
                                        .recipient_count = 1};
    probe->delivery = (edge_delivery_t){.relay = relay,
                                        .pool = request->pool,
                                        .envelope = &probe->envelope,
                                        .recipients = &first_recipient,
                                        .count = 1,
                                        .results = &probe->result,
                                        .finished = answered};
    if (relay->provider->by_domain && relay->provider->by_domain(relay->settings))
        probe->delivery.domain = relay_message_domain(probe->recipient.address, request->pool);
    return probe;
}

void relay_admin_probe(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const relay_figures_t *figures = relay_figures_named(request->pieces[0]);
    const edge_relay_t *relay = figures ? figures->handoff->instance : NULL;
    if (!relay || edge_worker_count() == 0) {
        edge_admin_problem(answer, 404, "not-found", "There is no next hop %.100s.", request->pieces[0].at);
        return;
    }
    if (!relay->provider->asks) {
        edge_admin_problem(answer, 409, "conflict", "A next hop of protocol %s cannot be asked without a message.",
                           relay->provider->name);
        return;
    }
    probe_t *probe = make_probe(request, relay, answer);
    if (!probe)
        return;
    edge_mono_t began = edge_clock_mono();
    ask(probe);
    edge_audit(request, "handoff.probe", figures->backend, NULL, outcome_of(&probe->result), "done");
    put_answer(edge_admin_json(answer), figures, probe, edge_clock_mono() - began, request->pool);
}
