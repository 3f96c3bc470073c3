/* What is remembered of recipients, how long, and what goes when there is no place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <apr_general.h>
#include <cmocka.h>

#include "../../../modules/relay/recipient_memory.h"

#define NOW EDGE_SECONDS(1000)

static apr_pool_t *pool;
static edge_reply_t said;
static const edge_keyed_hash_t key = {{1, 2}};

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int tear_down(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static recipient_known_t find(recipient_memory_t *memory, const char *address, edge_mono_t now) {
    return recipient_memory_find(memory, edge_span_of(address), now, &said, pool);
}

static void keep(recipient_memory_t *memory, const char *address, edge_mono_t until, const edge_reply_t *reply) {
    recipient_memory_keep(memory, edge_span_of(address), NOW, until, reply);
}

static void for_its_time(void **state) {
    (void)state;
    recipient_memory_t *memory = recipient_memory_make(100, key, pool);
    edge_reply_t reply = {.code = 550, .subject = 1, .detail = 1, .text = edge_span_of("nobody\nof that name")};
    assert_int_equal(find(memory, "a@x.org", NOW), RECIPIENT_NOT_KNOWN);
    keep(memory, "a@x.org", NOW + 10, NULL);
    keep(memory, "b@x.org", NOW + 20, &reply);
    assert_int_equal(find(memory, "a@x.org", NOW), RECIPIENT_TAKEN);
    assert_int_equal(find(memory, "a@x.org", NOW + 10), RECIPIENT_NOT_KNOWN);
    assert_int_equal(find(memory, "b@x.org", NOW + 19), RECIPIENT_REFUSED);
    assert_int_equal(said.code, 550);
    assert_int_equal(said.detail, 1);
    assert_true(edge_span_equal(said.text, edge_span_of("nobody\nof that name")));
    assert_true(said.text.at != reply.text.at);
    assert_int_equal(find(memory, "b@x.org", NOW + 20), RECIPIENT_NOT_KNOWN);
    keep(memory, "c@x.org", NOW, NULL); /* for no time at all */
    assert_int_equal(find(memory, "c@x.org", NOW), RECIPIENT_NOT_KNOWN);
    assert_int_equal(recipient_memory_count(memory), 2);
}

static void the_last_word_counts(void **state) {
    (void)state;
    recipient_memory_t *memory = recipient_memory_make(100, key, pool);
    edge_reply_t reply = {.code = 552, .subject = 2, .detail = 2}; /* without words */
    keep(memory, "a@x.org", NOW + 10, NULL);
    keep(memory, "a@x.org", NOW + 10, &reply);
    assert_int_equal(find(memory, "a@x.org", NOW), RECIPIENT_REFUSED);
    assert_int_equal(said.text.len, 0);
    keep(memory, "a@x.org", NOW + 10, NULL);
    assert_int_equal(find(memory, "a@x.org", NOW), RECIPIENT_TAKEN);
    assert_int_equal(recipient_memory_count(memory), 1);
}

static void domains_in_any_case(void **state) {
    (void)state;
    recipient_memory_t *memory = recipient_memory_make(100, key, pool);
    keep(memory, "Joe@X.ORG", NOW + 10, NULL);
    assert_int_equal(find(memory, "Joe@x.org", NOW), RECIPIENT_TAKEN);
    assert_int_equal(find(memory, "joe@x.org", NOW), RECIPIENT_NOT_KNOWN);
    keep(memory, "Postmaster", NOW + 10, NULL);
    assert_int_equal(find(memory, "Postmaster", NOW), RECIPIENT_TAKEN);
    assert_int_equal(find(memory, "", NOW), RECIPIENT_NOT_KNOWN);
}

static void bounded(void **state) {
    (void)state;
    recipient_memory_t *memory = recipient_memory_make(64, key, pool);
    edge_reply_t reply = {.code = 550, .text = edge_span_of("no")};
    char address[32];
    unsigned last = 0;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(address, sizeof(address), "%u@x.org", i);
        keep(memory, address, NOW + 100 + (edge_mono_t)i, i % 2 ? &reply : NULL);
        assert_int_equal(find(memory, address, NOW), i % 2 ? RECIPIENT_REFUSED : RECIPIENT_TAKEN);
    }
    assert_in_range(recipient_memory_count(memory), 8, 64);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(address, sizeof(address), "%u@x.org", i);
        last = find(memory, address, NOW) == RECIPIENT_NOT_KNOWN ? last : i;
    }
    assert_int_equal(last, 999);
    memory = recipient_memory_make(1, key, pool); /* one set at least */
    keep(memory, "a@x.org", NOW + 10, NULL);
    assert_int_equal(find(memory, "a@x.org", NOW), RECIPIENT_TAKEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(for_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_word_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(domains_in_any_case, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("recipient_memory", tests, NULL, NULL);
}
