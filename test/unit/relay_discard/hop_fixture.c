#include "hop_fixture.h"

#include <apr_general.h>
#include <apr_strings.h>

edge_worker_t *hop_worker;

int hop_start(void **state) {
    (void)state;
    apr_initialize();
    if (edge_counter_map() != APR_SUCCESS) {
        return 1;
    }
    return edge_worker_make(0, &hop_worker) != APR_SUCCESS;
}

int hop_stop(void **state) {
    (void)state;
    edge_worker_destroy(hop_worker);
    return 0;
}

static hop_source_t *of(edge_source_t *source) { return EDGE_CONTAINER(source, hop_source_t, source); }

static void wake(edge_chore_t *chore, edge_worker_t *worker) {
    hop_source_t *from = EDGE_CONTAINER(chore, hop_source_t, chore);
    (void)worker;
    from->waiting = false;
    if (from->source.ready != NULL) {
        from->source.ready(from->source.owner);
    }
}

static edge_source_state_t look(edge_source_t *source, edge_span_t *bytes) {
    hop_source_t *from = of(source);
    size_t left = from->text.len - from->at;
    assert_false(from->waiting);
    if (from->at >= from->breaks) {
        return EDGE_SOURCE_BROKEN;
    }
    if (left == 0) {
        return EDGE_SOURCE_END;
    }
    if (from->waits > 0 && from->waits-- % 2 == 0) {
        from->waiting = true;
        edge_worker_post(hop_worker, &from->chore);
        return EDGE_SOURCE_WAIT;
    }
    *bytes = edge_span(from->text.at + from->at, left < from->step ? left : from->step);
    return EDGE_SOURCE_BYTES;
}

static void eat(edge_source_t *source, size_t len) {
    assert_true(len <= of(source)->text.len - of(source)->at);
    of(source)->at += len;
}

static bool rewind_it(edge_source_t *source) {
    of(source)->rewinds++;
    of(source)->at = of(source)->stuck ? of(source)->at : 0;
    return !of(source)->stuck;
}

static const edge_source_kind_t kind = {look, eat, rewind_it};

static void finished(edge_delivery_t *delivery) {
    hop_t *hop = EDGE_CONTAINER(delivery, hop_t, delivery);
    hop->finished++;
}

hop_t *hop_make(const edge_relay_provider_t *provider, void *settings, const char *text) {
    apr_pool_t *pool = edge_worker_take_pool(hop_worker);
    hop_t *hop = apr_pcalloc(pool, sizeof *hop);
    hop->pool = pool;
    assert_true(edge_uuid_parse(edge_span_of("01932d5c-0000-7000-8000-00000000beef"), &hop->envelope.id));
    hop->envelope.received = INT64_C(1795365669120934);
    hop->envelope.sender = edge_span_of("a@client.example");
    hop->from.source.kind = &kind;
    hop->from.text = edge_span_of(text);
    hop->from.source.size = hop->from.text.len;
    hop->from.step = 7;
    hop->from.breaks = SIZE_MAX;
    hop->from.chore.run = wake;
    hop->relay.provider = provider;
    hop->relay.name = "test";
    hop->relay.settings = settings;
    hop->delivery.relay = &hop->relay;
    hop->delivery.worker = hop_worker;
    hop->delivery.pool = pool;
    hop->delivery.envelope = &hop->envelope;
    hop->delivery.recipients = hop->recipients;
    hop->delivery.source = &hop->from.source;
    hop->delivery.results = hop->results;
    hop->delivery.finished = finished;
    return hop;
}

void hop_to(hop_t *hop, const char *recipient) {
    assert_true(hop->delivery.count < HOP_RECIPIENTS_MOST);
    hop->recipients[hop->delivery.count++] = hop->envelope.recipient_count;
    edge_envelope_add(&hop->envelope, hop->pool, edge_span_of(recipient));
}

void hop_begin(hop_t *hop) {
    hop->envelope.size = hop->from.text.len;
    hop->relay.provider->deliver(&hop->delivery);
    assert_int_equal(hop->finished, 0);
}

void hop_until_finished(hop_t *hop) {
    while (hop->finished == 0) {
        edge_loop_turn(hop_worker, -1);
    }
    assert_int_equal(hop->finished, 1);
}

void hop_deliver(hop_t *hop) {
    hop_begin(hop);
    hop_until_finished(hop);
}

const char *hop_result(hop_t *hop, unsigned index) {
    const edge_relay_result_t *result = &hop->results[index];
    const char *mark = result->outcome == EDGE_RELAY_DONE ? "" : result->outcome == EDGE_RELAY_FAILED ? "!" : "~";
    char text[1000];
    size_t len = edge_reply_text(&result->reply, text, sizeof text - 1);
    text[len < sizeof text - 1 ? len : sizeof text - 1] = '\0';
    return apr_psprintf(hop->pool, "%s%u %u.%u.%u %s", mark, result->reply.code, edge_reply_class(&result->reply),
                        result->reply.subject, result->reply.detail, text);
}

void hop_cancel(hop_t *hop) {
    hop->relay.provider->cancel(&hop->delivery);
    assert_null(hop->delivery.hop);
    hop->from.source.ready = NULL;
    while (hop->from.waiting) {
        edge_loop_turn(hop_worker, 0);
    }
}

void hop_free(hop_t *hop) { edge_worker_give_pool(hop_worker, hop->pool); }
