/* Token buckets: rates, several wants at once, a full table, threads, processes that are killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buckets.h"
#include "edge_counter.h"

#define NOW EDGE_SECONDS(1000)
#define MINUTE EDGE_SECONDS(60)
#define DAY EDGE_SECONDS(86400)
#define KEYS 1024u
/* Sanitizers make hundreds of instructions of one, and find nothing here. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define INSTRUCTIONS_TRIED 20u
#else
#define INSTRUCTIONS_TRIED 250u
#endif

static edge_bucket_rule_t rule_of(const char *name, uint64_t count, edge_mono_t period, uint64_t burst) {
    edge_bucket_rule_t rule;
    assert_true(edge_bucket_rule_make(&rule, edge_span_of(name), count, period, burst));
    return rule;
}

static edge_mono_t take(const edge_bucket_rule_t *rule, const char *key, uint64_t amount, edge_mono_t now) {
    edge_bucket_want_t want = {rule, edge_span_of(key), amount};
    unsigned refused;
    return edge_bucket_take(&want, 1, now, &refused);
}

static uint64_t left(const edge_bucket_rule_t *rule, const char *key, edge_mono_t now) {
    edge_mono_t next;
    return edge_bucket_left(rule, edge_span_of(key), now, &next);
}

/* Each test has a table of its own. */
static int fresh(void **state) {
    (void)state;
    return edge_buckets_map(KEYS) == APR_SUCCESS ? 0 : -1;
}

static void a_burst_and_then_the_rate(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 60, MINUTE, 60);
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal(left(&rule, "a", NOW), 60 - i);
        assert_int_equal(take(&rule, "a", 1, NOW), 0);
    }
    assert_int_equal(left(&rule, "a", NOW), 0);
    assert_int_equal(take(&rule, "a", 1, NOW), EDGE_SECONDS(1));
    assert_int_equal(take(&rule, "a", 1, NOW + 999999), 1);
    assert_int_equal(take(&rule, "a", 1, NOW + EDGE_SECONDS(1)), 0);
    assert_int_equal(take(&rule, "a", 1, NOW + EDGE_SECONDS(1)), EDGE_SECONDS(1));
    assert_int_equal(left(&rule, "b", NOW), 60);
    /* Never more than the burst, however long nothing happens. */
    assert_int_equal(left(&rule, "a", NOW + DAY), 60);
}

static void counts_that_do_not_divide_the_period(void **state) {
    static const uint64_t counts[] = {1, 3, 7, 11, 13, 997, 99991};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(counts); i++) {
        edge_bucket_rule_t rule = rule_of("r", counts[i], MINUTE, counts[i]);
        for (uint64_t n = 0; n < counts[i]; n++) {
            assert_int_equal(left(&rule, "a", NOW), counts[i] - n);
            assert_int_equal(take(&rule, "a", 1, NOW), 0);
        }
        edge_mono_t wait = take(&rule, "a", 1, NOW);
        assert_true(wait > 0 && (uint64_t)wait <= MINUTE / counts[i] + 1);
        /* Whoever comes at the moment that was said is served. */
        assert_int_equal(take(&rule, "a", 1, NOW + wait), 0);
    }
}

static void many_at_once_and_too_many(void **state) {
    edge_bucket_rule_t rule = rule_of("bytes", 500u << 20, DAY, 500u << 20);
    (void)state;
    assert_int_equal(take(&rule, "a", 400u << 20, NOW), 0);
    assert_int_equal(left(&rule, "a", NOW), 100u << 20);
    edge_mono_t wait = take(&rule, "a", 200u << 20, NOW);
    assert_in_range(wait, DAY / 5 - 2, DAY / 5 + 2);
    assert_int_equal(left(&rule, "a", NOW), 100u << 20); /* a refusal takes nothing */
    assert_int_equal(take(&rule, "a", 200u << 20, NOW + wait), 0);
    /* More than there ever is needs a full bucket, and empties it. */
    assert_int_equal(take(&rule, "b", 900u << 20, NOW), 0);
    assert_int_equal(left(&rule, "b", NOW), 0);
    assert_int_equal(take(&rule, "b", 900u << 20, NOW), DAY);
    assert_int_equal(take(&rule, "c", 0, NOW), 0);
    assert_int_equal(edge_bucket_list(&rule, NULL, 0, NOW), 2);
}

static void all_or_nothing(void **state) {
    edge_bucket_rule_t wide = rule_of("wide", 100, MINUTE, 100), narrow = rule_of("narrow", 2, MINUTE, 2);
    edge_bucket_want_t wants[] = {{&wide, edge_span_of("a"), 1}, {&narrow, edge_span_of("b"), 1}};
    unsigned refused = 99;
    (void)state;
    assert_int_equal(edge_bucket_take(wants, 2, NOW, &refused), 0);
    assert_int_equal(edge_bucket_take(wants, 2, NOW, &refused), 0);
    assert_int_equal(edge_bucket_take(wants, 2, NOW, &refused), EDGE_SECONDS(30));
    assert_int_equal(refused, 1);
    assert_int_equal(left(&wide, "a", NOW), 98);
    /* The one that has to wait longest is named. */
    assert_int_equal(take(&wide, "a", 98, NOW), 0);
    assert_int_equal(edge_bucket_take(wants, 2, NOW, &refused), EDGE_SECONDS(30));
    assert_int_equal(refused, 1);
    assert_int_equal(edge_bucket_take(wants, 1, NOW, &refused), MINUTE / 100);
    assert_int_equal(refused, 0);
}

static void given_back(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 10, MINUTE, 10);
    edge_bucket_want_t want = {&rule, edge_span_of("a"), 4};
    (void)state;
    assert_int_equal(take(&rule, "a", 6, NOW), 0);
    edge_bucket_give(&want, NOW);
    assert_int_equal(left(&rule, "a", NOW), 8);
    edge_bucket_give(&want, NOW);
    edge_bucket_give(&want, NOW); /* never more than the burst */
    assert_int_equal(left(&rule, "a", NOW), 10);
    want.key = edge_span_of("never seen");
    edge_bucket_give(&want, NOW);
    assert_int_equal(left(&rule, "never seen", NOW), 10);
}

static void rules_do_not_share(void **state) {
    edge_bucket_rule_t one = rule_of("one", 1, MINUTE, 1), two = rule_of("two", 1, MINUTE, 1),
                       same = rule_of("one", 1, MINUTE, 1), changed = rule_of("one", 2, MINUTE, 1);
    (void)state;
    assert_int_equal(take(&one, "a", 1, NOW), 0);
    assert_int_equal(take(&two, "a", 1, NOW), 0);
    assert_int_equal(take(&changed, "a", 1, NOW), 0);
    assert_int_equal(take(&same, "a", 1, NOW), MINUTE);
}

static void rules_out_of_bounds(void **state) {
    edge_bucket_rule_t rule;
    edge_span_t name = edge_span_of("r");
    (void)state;
    assert_false(edge_bucket_rule_make(&rule, name, 0, MINUTE, 1));
    assert_false(edge_bucket_rule_make(&rule, name, 1, MINUTE, 0));
    assert_false(edge_bucket_rule_make(&rule, name, 1, 0, 1));
    assert_false(edge_bucket_rule_make(&rule, name, 1, EDGE_BUCKET_PERIOD_MOST + 1, 1));
    assert_false(edge_bucket_rule_make(&rule, name, 1, EDGE_BUCKET_PERIOD_MOST, 2));
    assert_false(edge_bucket_rule_make(&rule, name, EDGE_BUCKET_COUNT_MOST + 1, MINUTE, 1));
    /* The fastest, the slowest, the largest. */
    rule = rule_of("fast", EDGE_BUCKET_COUNT_MOST, 1, 1);
    assert_int_equal(take(&rule, "a", 1, NOW), 0);
    assert_int_equal(take(&rule, "a", 1, NOW + 1), 0);
    rule = rule_of("slow", 1, EDGE_BUCKET_PERIOD_MOST, 1);
    assert_int_equal(take(&rule, "a", 1, NOW), 0);
    assert_int_equal(take(&rule, "a", 1, NOW), EDGE_BUCKET_PERIOD_MOST);
    rule = rule_of("large", EDGE_BUCKET_COUNT_MOST, DAY, EDGE_BUCKET_COUNT_MOST);
    assert_int_equal(take(&rule, "a", EDGE_BUCKET_COUNT_MOST / 2, NOW), 0);
    /* Finer than the units of time: a token may be rounded in. */
    assert_in_range(left(&rule, "a", NOW), EDGE_BUCKET_COUNT_MOST / 2, EDGE_BUCKET_COUNT_MOST / 2 + 1);
}

static void listed_and_forgotten(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 10, MINUTE, 10), other = rule_of("other", 10, MINUTE, 10);
    edge_bucket_seen_t seen[2] = {{.left = 99}, {.left = 99}};
    char lengthy[100];
    (void)state;
    memset(lengthy, 'x', sizeof(lengthy));
    assert_int_equal(take(&rule, "a", 10, NOW), 0);
    assert_int_equal(take(&other, "b", 1, NOW), 0);
    assert_int_equal(edge_bucket_list(&rule, seen, 2, NOW), 1);
    assert_string_equal(seen[0].key, "a");
    assert_int_equal(seen[0].left, 0);
    assert_int_equal(seen[0].next, EDGE_SECONDS(6));
    assert_int_equal(seen[0].full, MINUTE);
    assert_int_equal(edge_bucket_list(&rule, seen, 2, NOW + MINUTE), 0);

    assert_true(edge_bucket_forget(seen[0].hash));
    assert_false(edge_bucket_forget(seen[0].hash));
    assert_int_equal(left(&rule, "a", NOW), 10);
    assert_int_equal(edge_bucket_list(&rule, seen, 2, NOW), 0);

    edge_bucket_want_t want = {&rule, edge_span(lengthy, sizeof(lengthy)), 1};
    unsigned refused;
    assert_int_equal(edge_bucket_take(&want, 1, NOW, &refused), 0);
    assert_int_equal(edge_bucket_list(&rule, seen, 1, NOW), 1);
    assert_int_equal(seen[0].key_len, EDGE_BUCKET_KEY_KEPT);
    assert_int_equal(strlen(seen[0].key), EDGE_BUCKET_KEY_KEPT);
    /* What is not shown counts all the same. */
    want.key.len--;
    assert_int_equal(edge_bucket_take(&want, 1, NOW, &refused), 0);
    assert_int_equal(edge_bucket_list(&rule, seen, 0, NOW), 2);
}

/* Whoever refuses stays, whatever comes; those that are nearest to full go. */
static void a_full_table(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 10, MINUTE, 10);
    char key[32];
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "limited %u", i);
        assert_int_equal(take(&rule, key, 10, NOW), 0);
    }
    int64_t dropped = edge_counter_sum(EDGE_C_BUCKETS_DROPPED);
    for (unsigned i = 0; i < 100 * KEYS; i++) {
        snprintf(key, sizeof(key), "guest %u", i);
        assert_int_equal(take(&rule, key, 1, NOW), 0);
    }
    assert_true(edge_counter_sum(EDGE_C_BUCKETS_DROPPED) > dropped);
    assert_int_equal(edge_bucket_list(&rule, NULL, 0, NOW), KEYS);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "limited %u", i);
        assert_int_equal(take(&rule, key, 1, NOW), EDGE_SECONDS(6));
    }
}

static void a_table_of_refusing_keys(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 1, MINUTE, 1);
    char key[32];
    (void)state;
    int64_t before = edge_counter_sum(EDGE_C_BUCKETS_NOT_KEPT);
    for (unsigned i = 0; i < 20 * KEYS; i++) {
        snprintf(key, sizeof(key), "%u", i);
        assert_int_equal(take(&rule, key, 1, NOW), 0);
    }
    assert_int_equal(edge_bucket_list(&rule, NULL, 0, NOW), KEYS);
    assert_int_equal(edge_counter_sum(EDGE_C_BUCKETS_NOT_KEPT) - before, 19 * KEYS);
    /* Their places are free again when they are full. */
    assert_int_equal(take(&rule, "late", 1, NOW + MINUTE), 0);
    assert_int_equal(take(&rule, "late", 1, NOW + MINUTE), MINUTE);
}

#define THREADS 4
#define ROUNDS 5000

typedef struct shared {
    edge_bucket_rule_t rule, pair;
    _Atomic unsigned taken, both;
} shared_t;

static void *take_often(void *data) {
    shared_t *shared = data;
    edge_bucket_want_t wants[] = {{&shared->pair, edge_span_of("x"), 1}, {&shared->pair, edge_span_of("y"), 1}};
    unsigned refused;
    char key[16];
    for (unsigned i = 0; i < ROUNDS; i++) {
        shared->taken += take(&shared->rule, "all", 1, NOW) == 0;
        shared->both += edge_bucket_take(wants, 2, NOW, &refused) == 0;
        snprintf(key, sizeof(key), "%u", i % 300);
        take(&shared->rule, key, 1, NOW);
        if (i % 1000 == 0)
            edge_bucket_list(&shared->rule, NULL, 0, NOW);
    }
    return NULL;
}

static void threads_take_no_more_than_there_is(void **state) {
    shared_t shared = {.rule = rule_of("r", 7000, DAY, 7000), .pair = rule_of("pair", 5000, DAY, 5000)};
    pthread_t threads[THREADS];
    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_often, &shared), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.taken, 7000);
    assert_int_equal(left(&shared.rule, "all", NOW), 0);
    /* Nobody holds one of two. */
    assert_int_equal(left(&shared.pair, "x", NOW), 5000 - shared.both);
    assert_int_equal(left(&shared.pair, "y", NOW), 5000 - shared.both);
}

static void wait_for_kill(pid_t child) {
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_killed_holder_blocks_nobody(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 10, MINUTE, 10);
    (void)state;
    assert_int_equal(take(&rule, "a", 3, NOW), 0);
    pid_t child = fork();
    if (child == 0) {
        edge_buckets_lock(&rule, edge_span_of("a"));
        kill(getpid(), SIGKILL);
    }
    wait_for_kill(child);
    assert_int_equal(left(&rule, "a", NOW), 7);
    assert_int_equal(take(&rule, "a", 7, NOW), 0);
    assert_int_equal(take(&rule, "a", 1, NOW), EDGE_SECONDS(6));
}

/* Killed wherever it is, a child leaves a table in which every bucket is sound. */
static void children_killed_at_work(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 10, MINUTE, 10);
    edge_bucket_seen_t *seen = calloc(KEYS, sizeof(*seen));
    char key[32];
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        int pipes[2];
        char started;
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        for (unsigned i = 0; child == 0; i++) {
            snprintf(key, sizeof(key), "key %u", (i * 2654435761u) >> 18);
            take(&rule, key, 1, NOW + i);
            if (i == 1000 + 37 * round && write(pipes[1], "x", 1) != 1)
                _exit(1);
        }
        assert_int_equal(read(pipes[0], &started, 1), 1);
        kill(child, SIGKILL);
        wait_for_kill(child);
        close(pipes[0]);
        close(pipes[1]);
        unsigned count = edge_bucket_list(&rule, seen, KEYS, NOW);
        for (unsigned i = 0; i < count; i++) {
            assert_memory_equal(seen[i].key, "key ", 4);
            assert_true(seen[i].left <= 10);
        }
    }
    assert_int_equal(take(&rule, "after all", 10, NOW), 0);
    free(seen);
}

/* A child that takes one token of a key, instruction by instruction, and is killed after `most` of them, or at the end.
 * Told is how many there were. */
static unsigned step_through_take(const edge_bucket_rule_t *rule, const char *key, unsigned most) {
    unsigned steps = 0;
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(1);
        raise(SIGSTOP);
        take(rule, key, 1, NOW);
        raise(SIGSTOP);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSTOPPED(status)); /* else tracing is not allowed here */
    do {
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
    } while (++steps < most && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    kill(child, SIGKILL);
    wait_for_kill(child);
    return steps;
}

/* Whoever takes the key next finds it as it was or as it would be, and it has its own name in the list. */
static void killed_at_any_instruction(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 10, MINUTE, 10);
    edge_bucket_seen_t seen[2];
    unsigned all = step_through_take(&rule, "key of all", UINT_MAX);
    (void)state;
    for (unsigned i = 0; i < INSTRUCTIONS_TRIED; i++) {
        char key[32];
        assert_int_equal(edge_buckets_map(KEYS), APR_SUCCESS);
        snprintf(key, sizeof(key), "key %u", i);
        step_through_take(&rule, key, (unsigned)((uint64_t)all * i / INSTRUCTIONS_TRIED));
        assert_int_equal(take(&rule, key, 1, NOW), 0);
        assert_int_equal(edge_bucket_list(&rule, seen, 2, NOW), 1);
        assert_int_equal(seen[0].key_len, strlen(key));
        assert_memory_equal(seen[0].key, key, strlen(key));
        assert_true(seen[0].left == 9 || seen[0].left == 8);
    }
}

static void without_a_table_everything_passes(void **state) {
    edge_bucket_rule_t rule = rule_of("r", 1, MINUTE, 1);
    (void)state;
    assert_int_equal(take(&rule, "a", 1, NOW), 0);
    assert_int_equal(take(&rule, "a", 1, NOW), 0);
    assert_int_equal(left(&rule, "a", NOW), 1);
    assert_int_equal(edge_bucket_list(&rule, NULL, 0, NOW), 0);
    assert_false(edge_bucket_forget(rule.id));
}

int main(void) {
    if (edge_counter_map() != APR_SUCCESS)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_table_everything_passes), /* first */
        cmocka_unit_test_setup(a_burst_and_then_the_rate, fresh),
        cmocka_unit_test_setup(counts_that_do_not_divide_the_period, fresh),
        cmocka_unit_test_setup(many_at_once_and_too_many, fresh),
        cmocka_unit_test_setup(all_or_nothing, fresh),
        cmocka_unit_test_setup(given_back, fresh),
        cmocka_unit_test_setup(rules_do_not_share, fresh),
        cmocka_unit_test_setup(rules_out_of_bounds, fresh),
        cmocka_unit_test_setup(listed_and_forgotten, fresh),
        cmocka_unit_test_setup(a_full_table, fresh),
        cmocka_unit_test_setup(a_table_of_refusing_keys, fresh),
        cmocka_unit_test_setup(threads_take_no_more_than_there_is, fresh),
        cmocka_unit_test_setup(a_killed_holder_blocks_nobody, fresh),
        cmocka_unit_test_setup(children_killed_at_work, fresh),
        cmocka_unit_test_setup(killed_at_any_instruction, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
