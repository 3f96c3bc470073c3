/* The next hop that keeps nothing: it reads all of a message, answers once, and can be cancelled at any time. */
#include "hop_fixture.h"

#include "edge_counter.h"

extern edge_module_t relay_discard_module;

static const edge_relay_provider_t *provider(void) { return relay_discard_module.providers[0].table; }

static hop_t *make(void) {
    hop_t *hop = hop_make(provider(), NULL, "Subject: x\r\n\r\nall of it\r\n");
    hop_to(hop, "a@server.example");
    hop_to(hop, "b@server.example");
    return hop;
}

static void it_takes_all(void **state) {
    (void)state;
    for (unsigned waits = 0; waits < 6; waits++) {
        hop_t *hop = make();
        hop->from.waits = waits;
        hop_deliver(hop);
        assert_int_equal(hop->from.at, hop->from.text.len);
        assert_string_equal(hop_result(hop, 0), "250 2.0.0 Discarded");
        assert_string_equal(hop_result(hop, 1), "250 2.0.0 Discarded");
        assert_null(hop->delivery.hop);
        hop_free(hop);
    }
}

static void a_message_that_cannot_be_read(void **state) {
    (void)state;
    hop_t *hop = make();
    hop->from.breaks = 7;
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.3.0 The message cannot be read");
    hop_free(hop);
}

static void cancelled_before_it_began(void **state) {
    (void)state;
    hop_t *hop = make();
    hop_begin(hop);
    hop_cancel(hop);
    edge_loop_turn(hop_worker, 0);
    assert_int_equal(hop->finished, 0);
    assert_int_equal(hop->from.at, 0);
    hop_free(hop);
}

static void cancelled_while_it_waits(void **state) {
    (void)state;
    hop_t *hop = make();
    hop->from.waits = 2;
    hop_begin(hop);
    edge_loop_turn(hop_worker, 0);
    while (!hop->from.waiting) {
        edge_loop_turn(hop_worker, 0);
    }
    hop_cancel(hop);
    assert_int_equal(hop->finished, 0);
    hop_free(hop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_all),
        cmocka_unit_test(a_message_that_cannot_be_read),
        cmocka_unit_test(cancelled_before_it_began),
        cmocka_unit_test(cancelled_while_it_waits),
    };
    return cmocka_run_group_tests(tests, hop_start, hop_stop);
}
