/* Tests of server/base/counter.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_counter.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static const edge_counter_row_t rows[] = {
    {"one_total", EDGE_COUNTER_TOTAL, "The first."},
    {"two", EDGE_COUNTER_GAUGE, "The second."},
};

static void without_a_map_nothing_is_counted(void **state) {
    edge_counter_entry_t entry;
    (void)state;
    edge_counter_add(EDGE_C_TICKETS_STALE, 5);
    assert_int_equal(edge_counter_sum(EDGE_C_TICKETS_STALE), 0);
    assert_false(edge_counter_at(0, &entry));
}

static void the_core_is_first(void **state) {
    edge_counter_entry_t entry;
    (void)state;
    assert_int_equal(edge_counter_map(), APR_SUCCESS);
    assert_true(edge_counter_at(EDGE_C_DNS_HITS, &entry));
    assert_string_equal(entry.module, "core");
    assert_string_equal(entry.name, "dns_cache_hits_total");
    assert_true(edge_counter_at(EDGE_C_CONFIG_RELOADS_INVALID, &entry));
    assert_string_equal(entry.name, "config_reloads_total");
    assert_string_equal(entry.labels, "result=\"invalid\"");
    assert_true(strlen(entry.prose) > 10);
}

static void rows_keep_their_slots(void **state) {
    unsigned first = 0, again = 0, other = 0;
    edge_counter_entry_t entry;
    (void)state;
    assert_int_equal(edge_counter_register("alpha", rows, 2, &first), APR_SUCCESS);
    assert_int_equal(edge_counter_register("beta", rows, 2, &other), APR_SUCCESS);
    assert_int_equal(edge_counter_register("alpha", rows, 2, &again), APR_SUCCESS);
    assert_int_equal(first, EDGE_C_CORE_END);
    assert_int_equal(other, first + 2);
    assert_int_equal(again, first);
    assert_true(edge_counter_at(other + 1, &entry));
    assert_string_equal(entry.module, "beta");
    assert_int_equal(entry.kind, EDGE_COUNTER_GAUGE);
    assert_false(edge_counter_at(other + 2, &entry));
}

/* A newer module with a row between the old ones takes the old values along. */
static void changed_rows_inherit(void **state) {
    static const edge_counter_row_t newer[] = {
        {"one_total", EDGE_COUNTER_TOTAL, "The first."},
        {"new_total", EDGE_COUNTER_TOTAL, "New."},
        {"two", EDGE_COUNTER_GAUGE, "The second."},
    };
    unsigned first = 0, next = 0;
    edge_counter_entry_t entry;
    (void)state;
    assert_int_equal(edge_counter_register("gamma", rows, 2, &first), APR_SUCCESS);
    edge_counter_add(first, 10);
    edge_counter_add(first + 1, 3);
    assert_int_equal(edge_counter_register("gamma", newer, 3, &next), APR_SUCCESS);
    edge_counter_add(next, 1);
    edge_counter_add(first, 1); /* the old generation still counts */
    assert_int_equal(edge_counter_sum(next), 12);
    assert_int_equal(edge_counter_sum(next + 1), 0);
    assert_int_equal(edge_counter_sum(next + 2), 3);
    assert_true(edge_counter_at(first, &entry));
    assert_string_equal(entry.name, "");
    assert_int_equal(edge_counter_register("gamma", newer, 3, &first), APR_SUCCESS);
    assert_int_equal(first, next);
}

static void a_child_counts_in_the_same_memory(void **state) {
    unsigned first = 0;
    (void)state;
    int64_t before = edge_counter_sum(EDGE_C_TICKETS_STALE);
    pid_t pid = fork();
    if (pid == 0) {
        static const edge_counter_row_t late[] = {{"late_total", EDGE_COUNTER_TOTAL, "Late."}};
        edge_counter_use_block(3);
        edge_counter_add(EDGE_C_TICKETS_STALE, 4);
        _exit(edge_counter_register("late", late, 1, &first) == APR_SUCCESS ? (int)first : 0);
    }
    int status;
    waitpid(pid, &status, 0);
    edge_counter_add(EDGE_C_TICKETS_STALE, -1);
    assert_int_equal(edge_counter_sum(EDGE_C_TICKETS_STALE), before + 3);
    edge_counter_entry_t entry;
    assert_true(edge_counter_at((unsigned)WEXITSTATUS(status), &entry));
    assert_string_equal(entry.name, "late_total");
}

/* As a child does: with workers of the same numbers as another child's, and a thread that is no worker. */
static void open_in_child(unsigned child, int64_t sessions) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        edge_counter_use_child(child);
        edge_counter_add(EDGE_C_DNS_IN_FLIGHT, 1);
        edge_counter_use_block(EDGE_COUNTER_BLOCKS - 1);
        edge_counter_add(EDGE_C_DNS_IN_FLIGHT, sessions - 1);
        edge_counter_add(EDGE_C_DNS_HITS, sessions);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static void gauges_of_the_dead_are_forgotten(void **state) {
    (void)state;
    edge_counter_add(EDGE_C_CONFIG_GENERATION, 2);
    open_in_child(0, 5);
    open_in_child(EDGE_COUNTER_CHILDREN - 1, 3);
    assert_int_equal(edge_counter_sum(EDGE_C_DNS_IN_FLIGHT), 8);
    edge_counter_forget_child(0);
    assert_int_equal(edge_counter_sum(EDGE_C_DNS_IN_FLIGHT), 3);
    open_in_child(0, 1); /* the next child in that place */
    edge_counter_forget_child(EDGE_COUNTER_CHILDREN - 1);
    assert_int_equal(edge_counter_sum(EDGE_C_DNS_IN_FLIGHT), 1);
    edge_counter_forget_child(0);
    assert_int_equal(edge_counter_sum(EDGE_C_DNS_IN_FLIGHT), 0);
    assert_int_equal(edge_counter_sum(EDGE_C_DNS_HITS), 9);
    assert_int_equal(edge_counter_sum(EDGE_C_CONFIG_GENERATION), 2);
}

static void *count(void *number) {
    edge_counter_use_block((unsigned)(uintptr_t)number);
    for (int i = 0; i < 10000; i++) {
        edge_counter_add(EDGE_C_DNS_QUERIES, 2);
    }
    return NULL;
}

static void nothing_is_lost_between_threads(void **state) {
    pthread_t threads[4];
    (void)state;
    for (uintptr_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count, (void *)(i / 2)), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(edge_counter_sum(EDGE_C_DNS_QUERIES), 80000);
}

static void a_full_directory_says_so(void **state) {
    static edge_counter_row_t many[EDGE_COUNTER_SLOTS];
    unsigned first;
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(many); i++) {
        many[i] = (edge_counter_row_t){"many", EDGE_COUNTER_TOTAL, "x"};
    }
    assert_int_equal(edge_counter_register("many", many, EDGE_COUNT(many), &first), APR_ENOSPC);
    assert_int_equal(edge_counter_register("alpha", rows, 2, &first), APR_SUCCESS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_map_nothing_is_counted),
        cmocka_unit_test(the_core_is_first),
        cmocka_unit_test(rows_keep_their_slots),
        cmocka_unit_test(changed_rows_inherit),
        cmocka_unit_test(a_child_counts_in_the_same_memory),
        cmocka_unit_test(gauges_of_the_dead_are_forgotten),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(a_full_directory_says_so),
    };
    return cmocka_run_group_tests_name("base/counter", tests, NULL, NULL);
}
