/* Tests of server/core/transaction_body.c: recipients, and the header block that checks of HAVE_DATA see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>
#include <cmocka.h>

#include "session_fixture.h"

#include "core/transaction.h"

static unsigned abandoned;

static edge_body_flow_t sink_write(edge_body_t *body, edge_span_t bytes) {
    (void)body;
    return bytes.len > 100000 ? EDGE_BODY_WAIT : EDGE_BODY_MORE;
}
static void sink_abandon(edge_body_t *body) {
    (void)body;
    abandoned++;
}
static const edge_body_kind_t sink_kind = {sink_write, sink_abandon};
static edge_body_t sink;

static edge_body_t *sink_open(edge_queue_t *queue, edge_worker_t *worker, void (*room)(void *owner), void *owner) {
    (void)queue;
    sink = (edge_body_t){.kind = &sink_kind, .worker = worker, .room = room, .owner = owner};
    return &sink;
}

static const edge_queue_provider_t provider = {.name = "sink", .body_open = sink_open};
static edge_queue_t queue = {.provider = &provider};
static edge_binding_t wanted; /* never asked here: that it is bound is enough */

static int setup(void **state) {
    if (bench_setup(state) != 0)
        return -1;
    abandoned = 0;
    bench.listener.queue = &queue;
    bench_bind(EDGE_PHASE_HAVE_DATA, &wanted, 1);
    edge_transaction_begin(&bench.session);
    return 0;
}

static edge_span_t headers(bool *cut) { return edge_transaction_headers(bench.session.transaction, cut); }

static void feed(const char *message, size_t step) {
    size_t len = strlen(message);
    edge_transaction_open_body(&bench.session);
    for (size_t at = 0; at < len; at += step)
        edge_transaction_write(&bench.session, edge_span(message + at, at + step < len ? step : len - at));
    edge_transaction_complete(&bench.session);
    assert_int_equal(sink.size, len);
}

static void sees(const char *message, const char *block) {
    for (size_t step = 1; step < 40; step += 6) {
        bool cut = true;
        feed(message, step);
        edge_span_t got = headers(&cut);
        assert_true(edge_span_equal(got, edge_span_of(block)));
        assert_false(cut);
        edge_transaction_drop_body(&bench.session);
    }
}

static void the_block_ends_with_its_empty_line(void **state) {
    (void)state;
    sees("Subject: a\r\nTo: b\r\n c\r\n\r\nbody\r\n\r\nmore", "Subject: a\r\nTo: b\r\n c\r\n\r\n");
    sees("Subject: a\r\n", "Subject: a\r\n");
    sees("no field at all\r\n\r\nbody", "");
    sees("", "");
}

static void without_a_check_nothing_is_kept(void **state) {
    bool cut;
    (void)state;
    bench_bind(EDGE_PHASE_HAVE_DATA, NULL, 0);
    feed("Subject: a\r\n\r\nbody", 5);
    assert_null(bench.session.transaction->headers.at);
    assert_int_equal(headers(&cut).len, 0);
}

/* A flood of fields: what is shown are whole fields, and less than the bound. */
static void a_long_block_is_cut_between_fields(void **state) {
    size_t room = EDGE_HEADERS_MOST * 2;
    char *message = malloc(room + 1);
    size_t len = 0;
    bool cut = false;
    (void)state;
    while (len + 40 < room)
        len += (size_t)snprintf(message + len, room - len, "X-Field: %06zu\r\n more of it\r\n", len);
    feed(message, 5000);
    edge_span_t got = headers(&cut);
    assert_true(cut);
    assert_true(got.len < EDGE_HEADERS_MOST && got.len > EDGE_HEADERS_MOST - 100);
    assert_memory_equal(got.at, message, got.len);
    assert_memory_equal(message + got.len, "X-Field", 7);
    free(message);
}

static void one_line_without_end_shows_no_field(void **state) {
    size_t room = EDGE_HEADERS_MOST * 2;
    char *message = malloc(room + 1);
    bool cut = false;
    (void)state;
    memset(message, 'x', room);
    memcpy(message, "Subject: ", 9);
    message[room] = '\0';
    feed(message, 70000);
    assert_int_equal(headers(&cut).len, 0);
    assert_true(cut);
    free(message);
}

static void the_queues_pace_is_the_writers(void **state) {
    char *bytes = calloc(1, 200000);
    (void)state;
    edge_transaction_open_body(&bench.session);
    assert_int_equal(edge_transaction_write(&bench.session, edge_span(bytes, 10)), EDGE_BODY_MORE);
    assert_int_equal(edge_transaction_write(&bench.session, edge_span(bytes, 200000)), EDGE_BODY_WAIT);
    edge_transaction_drop_body(&bench.session);
    edge_transaction_drop_body(&bench.session);
    assert_int_equal(abandoned, 1);
    free(bytes);
}

static void recipients_are_counted(void **state) {
    edge_reply_t no = {.code = 550, .subject = 1, .detail = 1};
    edge_transaction_t *transaction = bench.session.transaction;
    (void)state;
    edge_transaction_accept(&bench.session, &(edge_recipient_t){.address = edge_span_of("a@b")});
    edge_transaction_refuse(&bench.session, edge_span_of("c@d"), &no);
    assert_int_equal(transaction->envelope->recipient_count, 1);
    assert_true(edge_span_equal(transaction->envelope->recipients[0].address, edge_span_of("a@b")));
    assert_int_equal(transaction->refused_count, 1);
    assert_true(edge_span_equal(transaction->refused->address, edge_span_of("c@d")));
    assert_int_equal(transaction->refused->code, 550);
    assert_int_equal(bench.session.counts.recipients, 1);
    assert_int_equal(bench.session.counts.recipients_refused, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_block_ends_with_its_empty_line, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(without_a_check_nothing_is_kept, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_long_block_is_cut_between_fields, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(one_line_without_end_shows_no_field, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_queues_pace_is_the_writers, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(recipients_are_counted, setup, bench_teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
