/* Tests of server/store/compact.c and ledger.c: room comes back, and nothing that lives goes with it. */
#include "spool_fixture.h"

#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 400, KEEP = 20 };
static fixture_message_t messages[COUNT];

static uint64_t disk_bytes(edge_queue_t *queue) {
    edge_queue_stat_t stat;
    assert_int_equal(queue->provider->stat(queue, &stat), APR_SUCCESS);
    return stat.disk_bytes;
}

static void check_kept(edge_queue_t *queue) {
    assert_int_equal(fixture_count(queue, -1), COUNT / KEEP);
    for (unsigned i = 0; i < COUNT; i += KEEP) {
        fixture_check(queue, &messages[i]);
    }
}

/* One message in twenty stays: a small part of each segment. */
static void sparse_segments_are_copied_on(void **state) {
    (void)state;
    edge_queue_t *queue = fixture_open();
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] = (fixture_message_t){.number = i, .size = i % KEEP == 0 ? 500 : 6000};
    }
    fixture_submit(queue, messages, COUNT);
    uint64_t full = disk_bytes(queue);
    for (unsigned i = 0; i < COUNT; i++) {
        if (i % KEEP == 0 && i % (2 * KEEP) == 0) {
            assert_int_equal(queue->provider->hold(queue, messages[i].id), APR_SUCCESS);
        } else if (i % KEEP != 0) {
            assert_int_equal(queue->provider->remove(queue, messages[i].id), APR_SUCCESS);
        }
    }
    for (unsigned tries = 0; tries < 3000 && disk_bytes(queue) > full / 3; tries++) {
        usleep(20000);
    }
    assert_true(disk_bytes(queue) <= full / 3);
    check_kept(queue);
    fixture_crash(queue);
    for (unsigned round = 0; round < 2; round++) {
        queue = fixture_open();
        check_kept(queue);
        assert_int_equal(fixture_count(queue, EDGE_MESSAGE_HELD), COUNT / KEEP / 2);
        fixture_close(queue);
    }
    fixture_clear();
}

/* Removed while copies are on their way, crash after crash: none comes back, none is lost. */
static void removal_and_copying_at_once(void **state) {
    (void)state;
    bool gone[COUNT] = {false};
    edge_queue_t *queue = fixture_open();
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] = (fixture_message_t){.number = i, .size = 2000};
    }
    fixture_submit(queue, messages, COUNT);
    for (unsigned round = 0; round < 7; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            if (!gone[i] && (i * 7919 + round * 31) % 10 < 4) {
                assert_int_equal(queue->provider->remove(queue, messages[i].id), APR_SUCCESS);
                gone[i] = true;
            }
        }
        fixture_close(queue);
        queue = fixture_open();
        unsigned left = 0;
        for (unsigned i = 0; i < COUNT; i++) {
            left += gone[i] ? 0 : 1;
            if (!gone[i]) {
                fixture_check(queue, &messages[i]);
            }
        }
        assert_int_equal(fixture_count(queue, -1), left);
    }
    fixture_close(queue);
    fixture_clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse_segments_are_copied_on),
        cmocka_unit_test(removal_and_copying_at_once),
    };
    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
