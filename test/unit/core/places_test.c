/* Places: bounds in all and by key, columns of dead children, many keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/places.h"

static edge_ipaddr_t ip(const char *text) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &address));
    return address;
}

static void a_bound_in_all_is_kept(void **state) {
    (void)state;
    assert_int_equal(edge_places_take(ip("192.0.2.1"), 2, 0), EDGE_PLACE_TAKEN);
    assert_int_equal(edge_places_take(ip("192.0.2.2"), 2, 0), EDGE_PLACE_TAKEN);
    assert_int_equal(edge_places_take(ip("192.0.2.3"), 2, 0), EDGE_PLACE_TOO_MANY);
    assert_int_equal(edge_places_taken(), 2);
    edge_places_give(ip("192.0.2.1"));
    assert_int_equal(edge_places_take(ip("192.0.2.3"), 2, 0), EDGE_PLACE_TAKEN);
    edge_places_give(ip("192.0.2.2"));
    edge_places_give(ip("192.0.2.3"));
    assert_int_equal(edge_places_taken(), 0);
}

static void a_bound_for_an_address_is_kept(void **state) {
    (void)state;
    assert_int_equal(edge_places_take(ip("2001:db8::1"), 0, 1), EDGE_PLACE_TAKEN);
    assert_int_equal(edge_places_take(ip("2001:db8::1"), 0, 1), EDGE_PLACE_TOO_MANY_FOR_KEY);
    assert_int_equal(edge_places_take(ip("2001:db8::2"), 0, 1), EDGE_PLACE_TAKEN);
    assert_int_equal(edge_places_taken_for(ip("2001:db8::1")), 1);
    edge_places_give(ip("2001:db8::1"));
    edge_places_give(ip("2001:db8::2"));
    assert_int_equal(edge_places_taken_for(ip("2001:db8::1")), 0);
}

static void a_refusal_takes_nothing(void **state) {
    (void)state;
    assert_int_equal(edge_places_take(ip("192.0.2.1"), 0, 1), EDGE_PLACE_TAKEN);
    for (int i = 0; i < 5; i++)
        assert_int_equal(edge_places_take(ip("192.0.2.1"), 0, 1), EDGE_PLACE_TOO_MANY_FOR_KEY);
    assert_int_equal(edge_places_taken(), 1);
    edge_places_give(ip("192.0.2.1"));
}

/* Enough keys that probe chains are long and gaps are closed in their middle. */
static void many_keys_are_found_again(void **state) {
    (void)state;
    edge_ipaddr_t key = ip("10.0.0.0");
    enum { KEYS = 30000 };
    for (unsigned i = 0; i < KEYS; i++) {
        memcpy(key.bytes + 13, &i, 3);
        assert_true(edge_places_take_key(key, 1));
    }
    for (unsigned i = 0; i < KEYS; i += 2) {
        memcpy(key.bytes + 13, &i, 3);
        edge_places_give_key(key);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        memcpy(key.bytes + 13, &i, 3);
        assert_int_equal(edge_places_taken_for(key), i % 2);
    }
    for (unsigned i = 1; i < KEYS; i += 2) {
        memcpy(key.bytes + 13, &i, 3);
        edge_places_give_key(key);
        assert_int_equal(edge_places_taken_for(key), 0);
    }
}

/* A table that is full for a key says so: it is not the address that has too many. */
static void a_key_may_find_no_room(void **state) {
    (void)state;
    enum { KEYS = 64 * 1024 + 1 }; /* more than there are entries */
    edge_ipaddr_t key = ip("10.0.0.0"), refused = key;
    unsigned taken = 0;
    for (; taken < KEYS; taken++) {
        memcpy(key.bytes + 13, &taken, 3);
        edge_place_t place = edge_places_take(key, 0, 1);
        if (place == EDGE_PLACE_TAKEN)
            continue;
        assert_int_equal(place, EDGE_PLACE_NO_ROOM);
        refused = key;
        break;
    }
    assert_true(taken < KEYS);
    assert_int_equal(edge_places_taken(), taken);
    for (unsigned i = 0; i < taken; i++) {
        memcpy(key.bytes + 13, &i, 3);
        assert_int_equal(edge_places_take(key, 0, 1), EDGE_PLACE_TOO_MANY_FOR_KEY);
        edge_places_give(key);
    }
    assert_int_equal(edge_places_take(refused, 0, 1), EDGE_PLACE_TAKEN);
    edge_places_give(refused);
    assert_int_equal(edge_places_taken(), 0);
}

static void a_dead_child_gives_back_all_it_held(void **state) {
    (void)state;
    edge_places_use_child(0);
    assert_int_equal(edge_places_take(ip("192.0.2.1"), 0, 0), EDGE_PLACE_TAKEN);
    pid_t pid = fork();
    if (pid == 0) {
        edge_places_use_child(1);
        for (int i = 0; i < 7; i++)
            edge_places_take(ip("192.0.2.1"), 0, 0);
        edge_places_take(ip("192.0.2.9"), 0, 0);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    assert_int_equal(edge_places_taken(), 9);
    assert_int_equal(edge_places_taken_for(ip("192.0.2.1")), 8);
    edge_places_forget_child(1);
    assert_int_equal(edge_places_taken(), 1);
    assert_int_equal(edge_places_taken_for(ip("192.0.2.1")), 1);
    assert_int_equal(edge_places_taken_for(ip("192.0.2.9")), 0);
    edge_places_give(ip("192.0.2.1"));
}

static void a_listener_key_is_no_address(void **state) {
    (void)state;
    edge_ipaddr_t key = edge_places_key_of(edge_span_of("mx"));
    assert_false(edge_ipaddr_is_v4(key));
    assert_true(edge_ipaddr_equal(key, edge_places_key_of(edge_span_of("mx"))));
    assert_false(edge_ipaddr_equal(key, edge_places_key_of(edge_span_of("submission"))));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_in_all_is_kept),       cmocka_unit_test(a_bound_for_an_address_is_kept),
        cmocka_unit_test(a_refusal_takes_nothing),      cmocka_unit_test(many_keys_are_found_again),
        cmocka_unit_test(a_key_may_find_no_room),       cmocka_unit_test(a_dead_child_gives_back_all_it_held),
        cmocka_unit_test(a_listener_key_is_no_address),
    };
    if (edge_places_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
