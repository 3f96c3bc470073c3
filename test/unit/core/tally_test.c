/* Tallies: windows of time, one key among many, keys that give way, processes and threads that count together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/tally.h"

#define MINUTE EDGE_SECONDS(60)
#define START EDGE_SECONDS(1000)

static edge_tally_key_t key_of(uint32_t number) { return edge_tally_key(&number, sizeof(number), NULL, 0); }

static edge_tally_t *fresh(void) {
    edge_tally_t *tally = NULL;
    assert_int_equal(edge_tally_map(&tally), APR_SUCCESS);
    return tally;
}

static void a_window_begins_with_its_first_event(void **state) {
    edge_tally_t *tally = fresh();
    (void)state;
    assert_int_equal(edge_tally_count(tally, key_of(1), START, MINUTE), 0);
    assert_int_equal(edge_tally_add(tally, key_of(1), START, MINUTE), 1);
    assert_int_equal(edge_tally_add(tally, key_of(1), START + MINUTE / 2, MINUTE), 2);
    assert_int_equal(edge_tally_add(tally, key_of(1), START + MINUTE - 1, MINUTE), 3);
    assert_int_equal(edge_tally_count(tally, key_of(1), START + MINUTE - 1, MINUTE), 3);
    assert_int_equal(edge_tally_count(tally, key_of(1), START + MINUTE, MINUTE), 0);
    assert_int_equal(edge_tally_add(tally, key_of(1), START + MINUTE, MINUTE), 1);
    assert_int_equal(edge_tally_add(tally, key_of(1), START + 2 * MINUTE - 1, MINUTE), 2);
}

static void keys_do_not_touch_each_other(void **state) {
    edge_tally_t *tally = fresh();
    (void)state;
    for (uint32_t i = 0; i < 2000; i++)
        for (uint32_t times = 0; times < 1 + i % 3; times++)
            edge_tally_add(tally, key_of(i), START + i, MINUTE);
    for (uint32_t i = 0; i < 2000; i++)
        assert_int_equal(edge_tally_count(tally, key_of(i), START + 2000, MINUTE), 1 + i % 3);
    edge_tally_forget(tally, key_of(1000));
    assert_int_equal(edge_tally_count(tally, key_of(1000), START + 2000, MINUTE), 0);
    assert_int_equal(edge_tally_count(tally, key_of(1001), START + 2000, MINUTE), 1 + 1001 % 3);
}

static void a_key_is_both_of_its_parts(void **state) {
    edge_tally_key_t joined = edge_tally_key("ab", 2, "c", 1), other = edge_tally_key("a", 1, "bc", 2),
                     alone = edge_tally_key("abc", 3, NULL, 0), again = edge_tally_key("ab", 2, "c", 1);
    (void)state;
    assert_memory_equal(&joined, &again, sizeof(joined));
    assert_memory_not_equal(&joined, &other, sizeof(joined));
    assert_memory_not_equal(&joined, &alone, sizeof(joined));
}

/* Four times as many keys as there is room for: the table stays as it is, and who was seen last is still known. */
static void a_full_table_forgets_the_quietest(void **state) {
    edge_tally_t *tally = fresh();
    const uint32_t room = EDGE_TALLY_SETS * EDGE_TALLY_WAYS;
    uint32_t known = 0;
    (void)state;
    for (uint32_t i = 0; i < 4 * room; i++)
        edge_tally_add(tally, key_of(i), START + i, EDGE_SECONDS(3600));
    assert_int_equal(edge_tally_count(tally, key_of(4 * room - 1), START + 4 * room, EDGE_SECONDS(3600)), 1);
    assert_int_equal(edge_tally_count(tally, key_of(0), START + 4 * room, EDGE_SECONDS(3600)), 0);
    for (uint32_t i = 0; i < 4 * room; i++)
        known += edge_tally_count(tally, key_of(i), START + 4 * room, EDGE_SECONDS(3600));
    assert_int_equal(known, room);
}

static void children_count_together(void **state) {
    edge_tally_t *tally = fresh();
    int status;
    (void)state;
    edge_tally_add(tally, key_of(7), START, MINUTE);
    pid_t pid = fork();
    if (pid == 0) {
        edge_tally_add(tally, key_of(7), START, MINUTE);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(edge_tally_add(tally, key_of(7), START, MINUTE), 3);
}

enum { THREADS = 8, ROUNDS = 2000, KEYS = 10 };

static void *count_in_a_thread(void *tally) {
    for (uint32_t i = 0; i < ROUNDS; i++) {
        edge_tally_add(tally, key_of(i % KEYS), START, MINUTE);
        edge_tally_count(tally, key_of((i + 1) % KEYS), START, MINUTE);
    }
    return NULL;
}

static void threads_lose_nothing(void **state) {
    edge_tally_t *tally = fresh();
    pthread_t threads[THREADS];
    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_in_a_thread, tally), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t i = 0; i < KEYS; i++)
        assert_int_equal(edge_tally_count(tally, key_of(i), START, MINUTE), THREADS * ROUNDS / KEYS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_begins_with_its_first_event),
        cmocka_unit_test(keys_do_not_touch_each_other),
        cmocka_unit_test(a_key_is_both_of_its_parts),
        cmocka_unit_test(a_full_table_forgets_the_quietest),
        cmocka_unit_test(children_count_together),
        cmocka_unit_test(threads_lose_nothing),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
