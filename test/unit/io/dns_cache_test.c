/* Tests of server/io/dns_cache.c: found by type and name, kept until their time, the least used go first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "io/dns_priv.h"

#include <apr_general.h>
#include <stdio.h>

static edge_dns_cache_t cache;
static edge_dns_reading_t reading;

static edge_dns_name_t name_of(const char *text) {
    edge_dns_name_t name;
    assert_true(edge_dns_name_read(edge_span_of(text), &name));
    return name;
}

static edge_dns_kept_t *answer_of(const char *text, const char *record) {
    edge_dns_name_t name = name_of(text);
    memset(&reading, 0, sizeof(reading));
    reading.trouble = "";
    reading.count = 1;
    reading.texts_len = strlen(record) + 1;
    memcpy(reading.texts, record, reading.texts_len);
    reading.records[0].text = edge_span(reading.texts, reading.texts_len - 1);
    return edge_dns_cache_answer(EDGE_DNS_TXT, &name, &reading);
}

static void keep(const char *text, edge_mono_t until) {
    edge_dns_name_t name = name_of(text);
    edge_dns_entry_t *entry = edge_dns_cache_add(&cache, EDGE_DNS_TXT, &name);
    edge_dns_kept_t *kept = answer_of(text, text);
    kept->until = until;
    edge_dns_cache_keep(&cache, entry, kept);
    edge_dns_cache_drop(kept);
}

static edge_dns_entry_t *find_of(edge_dns_type_t type, const char *text, edge_mono_t now) {
    edge_dns_name_t name = name_of(text);
    return edge_dns_cache_find(&cache, type, &name, now);
}

static edge_dns_entry_t *find(const char *text, edge_mono_t now) { return find_of(EDGE_DNS_TXT, text, now); }

static int setup(void **state) {
    edge_dns_cache_open(&cache, 3);
    return 0;
}

static int teardown(void **state) {
    edge_dns_cache_close(&cache);
    return 0;
}

static void test_found(void **state) {
    keep("a.example", 100);
    edge_dns_entry_t *entry = find("a.example", 50);
    assert_non_null(entry);
    assert_string_equal(entry->kept->answer.records[0].text.at, "a.example");
    assert_string_equal(entry->kept->answer.name.at, "a.example");
    assert_null(find("b.example", 50));
    assert_null(find_of(EDGE_DNS_MX, "a.example", 50));
    assert_int_equal(cache.count, 1);
}

static void test_its_time_is_over(void **state) {
    keep("a.example", 100);
    assert_non_null(find("a.example", 99));
    assert_null(find("a.example", 100));
    assert_int_equal(cache.count, 0);
}

static void test_the_least_used_goes_first(void **state) {
    keep("a.example", 100);
    keep("b.example", 100);
    keep("c.example", 100);
    assert_non_null(find("a.example", 50));
    keep("d.example", 100);
    assert_int_equal(cache.count, 3);
    assert_null(find("b.example", 50));
    assert_non_null(find("a.example", 50));
    assert_non_null(find("c.example", 50));
    assert_non_null(find("d.example", 50));
}

/* What is on its way is found, takes no place, and has no time. */
static void test_on_its_way(void **state) {
    edge_dns_name_t name = name_of("way.example");
    edge_dns_entry_t *entry = edge_dns_cache_add(&cache, EDGE_DNS_TXT, &name);
    char text[32];
    for (unsigned i = 0; i < 10; i++) {
        snprintf(text, sizeof(text), "n%u.example", i);
        keep(text, 100);
    }
    assert_ptr_equal(find("way.example", INT64_MAX), entry);
    assert_null(entry->kept);
    edge_dns_cache_remove(&cache, entry);
    assert_null(find("way.example", 50));
    assert_int_equal(cache.count, 3);
}

/* An answer outlives its entry for those who hold it. */
static void test_held(void **state) {
    keep("a.example", 100);
    edge_dns_entry_t *entry = find("a.example", 50);
    edge_dns_kept_t *kept = entry->kept;
    kept->holders++;
    edge_dns_cache_remove(&cache, entry);
    assert_string_equal(kept->answer.records[0].text.at, "a.example");
    edge_dns_cache_drop(kept);
}

int main(void) {
    apr_initialize();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_its_time_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_least_used_goes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_on_its_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_held, setup, teardown),
    };
    return cmocka_run_group_tests_name("dns_cache", tests, NULL, NULL);
}
