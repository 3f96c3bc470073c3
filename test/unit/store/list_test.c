/* Tests of server/store/list.c: lists in the order of their ids, and an oldest message that many may ask for. */
#include "spool_fixture.h"

#include "store/spool_priv.h"

/* The oldest: of a spool that is nothing but an index. */

#define LARGE (2 * EDGE_INDEX_CHUNK)
#define FIRST_TIME APR_TIME_C(1000000000)

static edge_spool_t bare;
static edge_segment_t segment; /* any: an entry without one is free */
static edge_uuid_t ids[LARGE];

static void add(unsigned i, apr_time_t time) {
    ids[i] = edge_uuid_make(time);
    edge_index_entry_t *entry = edge_index_add(&bare.index, ids[i]);
    entry->segment = &segment;
    edge_index_set_state(&bare.index, entry, EDGE_MESSAGE_ACTIVE, false);
}

static void drop(unsigned i) { edge_index_remove(&bare.index, edge_index_find(&bare.index, ids[i])); }

static void start(unsigned count) {
    memset(&bare, 0, sizeof bare);
    pthread_mutex_init(&bare.lock, NULL);
    pthread_cond_init(&bare.changed, NULL);
    atomic_store(&bare.trouble, APR_EGENERAL); /* it has no directory to look at */
    for (unsigned i = 0; i < count; i++) {
        add(i, FIRST_TIME + apr_time_from_sec(i));
    }
}

static void end(void) {
    edge_index_free(&bare.index);
    pthread_cond_destroy(&bare.changed);
    pthread_mutex_destroy(&bare.lock);
}

static apr_time_t oldest(void) {
    edge_queue_stat_t stat;
    assert_int_equal(edge_spool_stat(&bare, &stat), APR_SUCCESS);
    return stat.oldest;
}

static void of_few_it_is_always_sought(void **state) {
    (void)state;
    start(3);
    assert_int_equal(oldest(), FIRST_TIME);
    drop(0);
    assert_int_equal(oldest(), FIRST_TIME + apr_time_from_sec(1));
    add(0, FIRST_TIME / 2);
    assert_int_equal(oldest(), FIRST_TIME / 2);
    for (unsigned i = 0; i < 3; i++) {
        drop(i);
    }
    assert_int_equal(oldest(), 0);
    end();
}

/* In the spool's eyes: no test waits for seconds, and none minds when others take the processor for some. */
static void found_ago(edge_mono_t time) { bare.oldest_found = edge_clock_mono() - time; }
static void found_just_now(void) { found_ago(-EDGE_SECONDS(60)); }

static void of_many_it_is_kept_for_ten_seconds(void **state) {
    (void)state;
    start(LARGE);
    assert_int_equal(oldest(), FIRST_TIME);
    found_just_now();
    edge_mono_t found = bare.oldest_found;
    add(LARGE - 1, FIRST_TIME / 2); /* as an adopted segment brings one */
    assert_int_equal(oldest(), FIRST_TIME);
    assert_int_equal(bare.oldest_found, found);
    found_ago(EDGE_SECONDS(10));
    assert_int_equal(oldest(), FIRST_TIME / 2);
    end();
}

static void one_that_has_gone_is_sought_a_second_later(void **state) {
    (void)state;
    start(LARGE);
    assert_int_equal(oldest(), FIRST_TIME);
    drop(0);
    found_just_now();
    assert_int_equal(oldest(), FIRST_TIME);
    found_ago(EDGE_SECONDS(1));
    assert_int_equal(oldest(), FIRST_TIME + apr_time_from_sec(1));
    end();
}

static void where_nothing_is_left_there_is_none(void **state) {
    (void)state;
    start(LARGE);
    assert_int_equal(oldest(), FIRST_TIME);
    for (unsigned i = 0; i < LARGE; i++) {
        drop(i);
    }
    assert_int_equal(oldest(), 0);
    end();
}

/* Lists: of a whole spool */

enum { COUNT = 20 };
static fixture_message_t messages[COUNT];
static edge_uuid_t seen[COUNT];
static unsigned seen_count, seen_most;
static uint64_t seen_matched;

static bool see(void *context, const edge_queue_entry_t *entry) {
    (void)context;
    assert_true(seen_count < COUNT && entry->envelope != NULL);
    seen[seen_count++] = entry->id;
    seen_matched = entry->matched;
    return seen_count < seen_most;
}

static unsigned list(edge_queue_t *queue, edge_queue_filter_t filter) {
    seen_count = 0;
    assert_int_equal(edge_spool_list(queue->state, &filter, see, NULL), APR_SUCCESS);
    for (unsigned i = 1; i < seen_count; i++) {
        assert_true(memcmp(&seen[i - 1], &seen[i], sizeof seen[i]) < 0);
    }
    return seen_count;
}

static void in_order_and_in_parts(void **state) {
    edge_uuid_t all[COUNT];
    (void)state;
    edge_queue_t *queue = fixture_open();
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] = fixture_store(queue, i, 100);
    }
    seen_most = COUNT;
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = -1}), COUNT);
    memcpy(all, seen, sizeof all);
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = -1, .most = 7}), 7);
    assert_memory_equal(seen, all, 7 * sizeof all[0]);
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = -1, .after = all[6]}), COUNT - 7);
    assert_memory_equal(seen, all + 7, (COUNT - 7) * sizeof all[0]);
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = -1, .after = all[COUNT - 1]}), 0);
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = EDGE_MESSAGE_HELD}), 0);
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = -1, .spread = 5}), 5);
    assert_int_equal(seen_matched, COUNT);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(edge_uuid_equal(seen[i], all[i * COUNT / 5]));
    }
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = -1, .spread = COUNT}), COUNT);
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = -1, .spread = COUNT + 1}), COUNT);
    seen_most = 3; /* the visitor has seen enough */
    assert_int_equal(list(queue, (edge_queue_filter_t){.state = -1}), 3);
    fixture_close(queue);
    fixture_clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_few_it_is_always_sought),
        cmocka_unit_test(of_many_it_is_kept_for_ten_seconds),
        cmocka_unit_test(one_that_has_gone_is_sought_a_second_later),
        cmocka_unit_test(where_nothing_is_left_there_is_none),
        cmocka_unit_test(in_order_and_in_parts),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
