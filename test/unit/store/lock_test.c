/* Tests of server/store/lock.c: two generations over one directory, adoption, and what each of them sees. */
#include "spool_fixture.h"

#include <unistd.h>

static void wait_until_adopted(edge_queue_t *queue, unsigned messages) {
    for (unsigned tries = 0; tries < 3000 && fixture_count(queue, -1) != messages; tries++) {
        usleep(20000);
    }
    assert_int_equal(fixture_count(queue, -1), messages);
}

/* The new child appends while the old one still serves, then sees all; the old one's last messages too. */
static void reload(void **state) {
    edge_queue_t old, new;
    const char *why;
    (void)state;
    assert_int_equal(fixture_try_open(&old, &why), APR_SUCCESS);
    fixture_message_t a = fixture_store(&old, 1, 3000), b = fixture_store(&old, 2, 30000),
                      c = fixture_store(&old, 3, 100);
    assert_int_equal(fixture_try_open(&new, &why), APR_SUCCESS);
    fixture_message_t d = fixture_store(&new, 4, 3000);
    fixture_message_t e = fixture_store(&old, 5, 3000);
    old.provider->retire(&old);
    wait_until_adopted(&new, 5);
    assert_int_equal(new.provider->hold(&new, c.id), APR_SUCCESS);
    assert_int_equal(new.provider->remove(&new, a.id), APR_SUCCESS);
    /* A session of the old child goes on. */
    fixture_message_t f = fixture_store(&old, 6, 3000), g = fixture_store(&old, 7, 30000);
    assert_int_equal(fixture_count(&new, -1), 6);
    fixture_check(&new, &f);
    fixture_check(&new, &g);
    assert_int_equal(new.provider->remove(&new, f.id), APR_SUCCESS);
    edge_queue_stat_t stat;
    assert_true(APR_STATUS_IS_EAGAIN(old.provider->stat(&old, &stat)));
    fixture_close(&old);
    for (unsigned i = 0; i < 40; i++) { /* over several segments */
        fixture_message_t passing = fixture_store(&new, 100 + i, 7000);
        assert_int_equal(new.provider->remove(&new, passing.id), APR_SUCCESS);
    }
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(fixture_count(&new, -1), 5);
        assert_int_equal(fixture_count(&new, EDGE_MESSAGE_HELD), 1);
        fixture_check(&new, &b);
        fixture_check(&new, &c);
        fixture_check(&new, &d);
        fixture_check(&new, &e);
        fixture_check(&new, &g);
        fixture_close(&new);
        assert_int_equal(fixture_try_open(&new, &why), APR_SUCCESS);
    }
    fixture_close(&new);
    fixture_clear();
}

/* Reload after reload, each generation writing while the next takes over. */
static void many_generations(void **state) {
    enum { GENERATIONS = 8, EACH = 10 };
    static edge_queue_t queues[GENERATIONS];
    static fixture_message_t messages[GENERATIONS * EACH * 2];
    const char *why;
    unsigned count = 0;
    (void)state;
    for (unsigned i = 0; i < GENERATIONS; i++) {
        assert_int_equal(fixture_try_open(&queues[i], &why), APR_SUCCESS);
        for (unsigned k = 0; k < EACH; k++, count++) {
            messages[count] = fixture_store(&queues[i], count, 6000 + k);
        }
        if (i > 0) {
            queues[i - 1].provider->retire(&queues[i - 1]);
            for (unsigned k = 0; k < EACH; k++, count++) {
                messages[count] = fixture_store(&queues[i - 1], count, 6000 + k);
            }
        }
        if (i > 1) {
            fixture_close(&queues[i - 2]);
        }
    }
    fixture_close(&queues[GENERATIONS - 2]);
    wait_until_adopted(&queues[GENERATIONS - 1], count);
    for (unsigned i = 0; i < count; i++) {
        fixture_check(&queues[GENERATIONS - 1], &messages[i]);
    }
    fixture_close(&queues[GENERATIONS - 1]);
    edge_queue_t *queue = fixture_open();
    assert_int_equal(fixture_count(queue, -1), count);
    fixture_close(queue);
    fixture_clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(reload), cmocka_unit_test(many_generations)};
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
