/* What is copied into the other queue, in any cut, and each end that it can take. */
#include "memory_queue.h"

#include <stdlib.h>

#include "../../../modules/relay/relay_fallback.h"

#define BODY "Subject: x\r\n\r\nThe body.\r\n"

typedef struct falling {
    hop_t *hop;
    edge_submission_t original;
    relay_fallback_t fallback;
    unsigned done;
} falling_t;

static void done(relay_fallback_t *fallback) { EDGE_CONTAINER(fallback, falling_t, fallback)->done++; }

static falling_t *make(const char *body) {
    hop_t *hop = hop_make(NULL, NULL, body);
    falling_t *falling = apr_pcalloc(hop->pool, sizeof *falling);
    memory_queue_make();
    falling->hop = hop;
    falling->original = (edge_submission_t){.worker = hop_worker,
                                            .pool = hop->pool,
                                            .envelope = &hop->envelope,
                                            .prelude = edge_span_of("Received: x\r\n")};
    falling->fallback = (relay_fallback_t){
        .queue = &memory.queue, .original = &falling->original, .source = &hop->from.source, .done = done};
    return falling;
}

static void fall(falling_t *falling) {
    relay_fallback_begin(&falling->fallback);
    assert_int_equal(falling->done, 0);
    while (falling->done == 0)
        edge_loop_turn(hop_worker, 0);
    edge_loop_turn(hop_worker, 0);
    assert_int_equal(falling->done, 1);
}

static void copied(void **state) {
    (void)state;
    for (size_t step = 1; step < 30; step += 7)
        for (unsigned waits = 0; waits < 9; waits += 4) {
            falling_t *falling = make(BODY);
            falling->hop->from.step = step;
            falling->hop->from.waits = waits;
            memory.waits = waits;
            fall(falling);
            assert_int_equal(falling->fallback.outcome, EDGE_OUTCOME_STORED);
            assert_string_equal(memory.text, BODY);
            assert_ptr_equal(memory.submission->envelope, falling->original.envelope);
            assert_true(edge_span_equal(memory.submission->prelude, falling->original.prelude));
            assert_int_equal(memory.abandoned, 0);
            hop_free(falling->hop);
        }
}

/* Larger than what is done in one go, so that others have their turn. */
static void a_large_one(void **state) {
    (void)state;
    enum { SIZE = 390000 };
    char *text = malloc(SIZE + 1);
    assert_non_null(text);
    for (unsigned i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 26);
    text[SIZE] = '\0';
    falling_t *falling = make(text);
    falling->hop->from.step = 30000;
    fall(falling);
    assert_int_equal(falling->fallback.outcome, EDGE_OUTCOME_STORED);
    assert_true(strcmp(memory.text, text) == 0);
    hop_free(falling->hop);
    free(text);
}

static void no_room(void **state) {
    (void)state;
    falling_t *falling = make(BODY);
    memory.outcome = EDGE_OUTCOME_NO_ROOM;
    fall(falling);
    assert_int_equal(falling->fallback.outcome, EDGE_OUTCOME_NO_ROOM);
    hop_free(falling->hop);
}

static void broken_off(void **state) {
    (void)state;
    falling_t *falling = make(BODY);
    falling->hop->from.step = 4;
    falling->hop->from.breaks = 8;
    fall(falling);
    assert_int_equal(falling->fallback.outcome, EDGE_OUTCOME_FAILED);
    assert_null(memory.submission);
    assert_int_equal(memory.abandoned, 1);
    hop_free(falling->hop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copied),
        cmocka_unit_test(a_large_one),
        cmocka_unit_test(no_room),
        cmocka_unit_test(broken_off),
    };
    return cmocka_run_group_tests_name("relay_fallback", tests, hop_start, hop_stop);
}
