/* Tests of server/core/recall.c: who is known, for what, for how long, in how much memory, and to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <apr_general.h>
#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "core/recall.h"

static edge_ipaddr_t address(const char *text) {
    edge_ipaddr_t parsed;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &parsed));
    return parsed;
}

static const edge_span_t waited = EDGE_SPAN("waited");

static bool knows(const char *text, edge_mono_t now) { return edge_recall_knows(waited, address(text), now); }
static void keep(const char *text, edge_mono_t until) { edge_recall_keep(waited, address(text), until); }

static int start(void **state) {
    (void)state;
    return edge_recall_map() == APR_SUCCESS ? 0 : -1;
}

static void known_until_its_time(void **state) {
    (void)state;
    assert_false(knows("192.0.2.1", 1));
    keep("192.0.2.1", 100);
    assert_true(knows("192.0.2.1", 99));
    assert_false(knows("192.0.2.1", 100));
    assert_false(knows("192.0.2.2", 1));
    keep("192.0.2.1", 200);
    assert_true(knows("192.0.2.1", 150));
}

static void who_speaks_early_is_forgotten(void **state) {
    (void)state;
    keep("192.0.2.1", 100);
    edge_recall_forget(waited, address("192.0.2.1"));
    edge_recall_forget(waited, address("192.0.2.9"));
    assert_false(knows("192.0.2.1", 1));
}

static void of_ipv6_the_network_counts(void **state) {
    (void)state;
    keep("2001:db8:0:1::5", 100);
    assert_true(knows("2001:db8:0:1:ffff::", 1));
    assert_false(knows("2001:db8:0:2::5", 1));
}

static void each_purpose_by_itself(void **state) {
    (void)state;
    keep("192.0.2.1", 100);
    assert_false(edge_recall_knows(edge_span_of("greeted"), address("192.0.2.1"), 1));
    edge_recall_forget(edge_span_of("greeted"), address("192.0.2.1"));
    assert_true(knows("192.0.2.1", 1));
}

/* Another generation, which is killed. */
static void what_a_child_has_seen(void **state) {
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        keep("192.0.2.1", 100);
        _exit(knows("192.0.2.1", 99) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(knows("192.0.2.1", 99));
}

/* Far more than there is room for: the last ones are known, the table does not grow, nothing is known that was not there. */
static void the_oldest_make_room(void **state) {
    unsigned known = 0;
    char text[32];
    (void)state;
    for (unsigned i = 0; i < 4 * EDGE_RECALL_PLACES; i++) {
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        keep(text, 1000 + i);
        assert_true(knows(text, 1));
    }
    for (unsigned i = 0; i < 4 * EDGE_RECALL_PLACES; i++) {
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        known += knows(text, 1);
    }
    assert_in_range(known, EDGE_RECALL_PLACES / EDGE_RECALL_WAYS, EDGE_RECALL_PLACES);
    assert_false(knows("11.0.0.1", 1));
}

static void without_a_map(void **state) {
    (void)state;
    keep("192.0.2.1", 100);
    assert_false(knows("192.0.2.1", 1));
    edge_recall_forget(waited, address("192.0.2.1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_map),
        cmocka_unit_test_setup(known_until_its_time, start),
        cmocka_unit_test_setup(who_speaks_early_is_forgotten, start),
        cmocka_unit_test_setup(of_ipv6_the_network_counts, start),
        cmocka_unit_test_setup(each_purpose_by_itself, start),
        cmocka_unit_test_setup(what_a_child_has_seen, start),
        cmocka_unit_test_setup(the_oldest_make_room, start),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
