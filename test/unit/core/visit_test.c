/* Tests of server/core/visit.c: every worker is asked, in steps, and one that hangs is not waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <apr_general.h>
#include <apr_time.h>
#include <cmocka.h>

#include "core/visit.h"
#include "event/worker.h"

#define WORKERS 3
#define STEPS 5

typedef struct question {
    unsigned steps;
    int hangs; /* index; -1: nobody */
} question_t;

typedef struct place {
    unsigned steps, worker;
    void *memory;
} place_t;

static _Atomic bool hanging;
static _Atomic unsigned discarded;

static bool step(edge_worker_t *worker, const void *asked, void *place) {
    const question_t *question = asked;
    place_t *mine = place;
    mine->worker = edge_worker_index(worker);
    if (!mine->memory)
        mine->memory = malloc(1);
    while ((int)mine->worker == question->hangs && atomic_load(&hanging))
        apr_sleep(1000);
    return ++mine->steps < question->steps;
}

static void discard(void *place) {
    free(((place_t *)place)->memory);
    atomic_fetch_add(&discarded, 1);
}

static edge_visit_t *start(unsigned steps, int hangs) {
    question_t question = {steps, hangs};
    edge_visit_plan_t plan = {step, discard, sizeof(place_t), &question, sizeof(question)};
    atomic_store(&discarded, 0);
    atomic_store(&hanging, hangs >= 0);
    return edge_visit_start(&plan);
}

static void wait_for_discards(unsigned count) {
    while (atomic_load(&discarded) < count)
        apr_sleep(1000);
}

static void everybody_answers_in_steps(void **state) {
    edge_visit_t *visit = start(STEPS, -1);
    unsigned seen = 0;
    (void)state;
    assert_int_equal(edge_visit_wait(visit, EDGE_SECONDS(60)), 0);
    assert_int_equal(edge_visit_count(visit), WORKERS);
    for (unsigned i = 0; i < WORKERS; i++) {
        const place_t *place = edge_visit_place(visit, i);
        assert_non_null(place);
        assert_int_equal(place->steps, STEPS);
        seen |= 1u << place->worker;
    }
    assert_int_equal(seen, (1u << WORKERS) - 1);
    edge_visit_end(visit);
    assert_int_equal(atomic_load(&discarded), WORKERS);
}

static void one_that_hangs_is_left_out(void **state) {
    edge_visit_t *visit = start(1, 1);
    unsigned answered = 0;
    (void)state;
    /* The others have answered long before that; how long it takes does not matter. */
    while (edge_visit_wait(visit, EDGE_MS(1)) > 1) {
    }
    for (unsigned i = 0; i < WORKERS; i++)
        answered += edge_visit_place(visit, i) != NULL;
    assert_int_equal(answered, WORKERS - 1);
    edge_visit_end(visit);
    assert_int_equal(atomic_load(&discarded), 0); /* it still writes into its place */
    atomic_store(&hanging, false);
    wait_for_discards(WORKERS);
}

static void nobody_is_there_to_be_asked(void **state) {
    (void)state;
    edge_workers_stop();
    edge_visit_t *visit = start(1, -1);
    assert_int_equal(edge_visit_wait(visit, EDGE_SECONDS(60)), 0);
    assert_int_equal(edge_visit_count(visit), 0);
    edge_visit_end(visit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_answers_in_steps),
        cmocka_unit_test(one_that_hangs_is_left_out),
        cmocka_unit_test(nobody_is_there_to_be_asked),
    };
    edge_workers_plan_t plan = {.count = WORKERS};
    apr_initialize();
    if (edge_workers_start(&plan) != APR_SUCCESS)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    edge_workers_forget();
    return failed;
}
