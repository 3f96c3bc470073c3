/* Tests of server/store/commit.c: batches, and every kind of trouble with the disk, at each call where it may come. */
#include "spool_fixture.h"

#include "store/spool_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* The call of that kind that fails, counted down; 0 = none. `errors` of them fail one after the other. */
static _Atomic int pwritev_in, fdatasync_in, errors, error_number;
static _Atomic bool short_writes, all_fail, only_new_ones; /* with all_fail: what is allocated can be written */
static _Atomic unsigned syncs;

static bool is_due(_Atomic int *in) {
    if (atomic_load(&all_fail) && !atomic_load(&only_new_ones)) {
        return true;
    }
    if (atomic_load(in) <= 0) {
        return false;
    }
    int left = atomic_fetch_sub(in, 1);
    if (left == 1 && atomic_fetch_sub(&errors, 1) > 1) {
        atomic_store(in, 1);
    }
    return left == 1;
}

static ssize_t fault_pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    if (is_due(&pwritev_in)) {
        errno = atomic_load(&error_number);
        return -1;
    }
    if (atomic_load(&short_writes) && parts[0].iov_len > 1) {
        struct iovec half = {parts[0].iov_base, parts[0].iov_len / 2};
        return edge_spool_system_files.pwritev(fd, &half, 1, offset);
    }
    return edge_spool_system_files.pwritev(fd, parts, count, offset);
}

static int fault_fdatasync(int fd) {
    atomic_fetch_add(&syncs, 1);
    if (is_due(&fdatasync_in)) {
        errno = atomic_load(&error_number);
        return -1;
    }
    return edge_spool_system_files.fdatasync(fd);
}

static int fault_allocate(int fd, off_t offset, off_t length) {
    return atomic_load(&all_fail) ? atomic_load(&error_number) : edge_spool_system_files.allocate(fd, offset, length);
}

static int fault_open(const char *path, int flags, mode_t mode) {
    if (atomic_load(&all_fail)) {
        errno = atomic_load(&error_number);
        return -1;
    }
    return edge_spool_system_files.open(path, flags, mode);
}

static edge_spool_files_t files;

static void reset(void) {
    atomic_store(&only_new_ones, false);
    atomic_store(&pwritev_in, 0);
    atomic_store(&fdatasync_in, 0);
    atomic_store(&short_writes, false);
    atomic_store(&all_fail, false);
    atomic_store(&errors, 1);
    fixture_options.files = &files;
}

static void wait_until_accepting(edge_queue_t *queue) {
    for (unsigned tries = 0; tries < 6000 && queue->provider->room(queue, 100) != EDGE_OUTCOME_STORED; tries++) {
        usleep(10000);
    }
    assert_int_equal(queue->provider->room(queue, 100), EDGE_OUTCOME_STORED);
}

/* Whatever fails once, at whatever call: what was answered STORED is there, and the spool goes on by itself. */
static void one_failure(_Atomic int *where, int error, edge_outcome_t expected) {
    enum { COUNT = 5 };
    unsigned refused = 0;
    for (int at = 1; at <= 6; at++) {
        fixture_message_t messages[COUNT] = {{.size = 0}};
        reset();
        edge_queue_t *queue = fixture_open();
        fixture_settle(queue);
        fixture_message_t first = fixture_store(queue, 99, 10);
        atomic_store(&error_number, error);
        atomic_store(where, at);
        for (unsigned i = 0; i < COUNT; i++) {
            messages[i] = (fixture_message_t){.number = i, .size = 500};
            wait_until_accepting(queue);
            fixture_submit(queue, &messages[i], 1);
            refused += messages[i].outcome != EDGE_OUTCOME_STORED;
            assert_true(messages[i].outcome == EDGE_OUTCOME_STORED || messages[i].outcome == expected);
        }
        reset();
        wait_until_accepting(queue);
        fixture_message_t last = fixture_store(queue, 98, 10);
        for (unsigned round = 0; round < 2; round++) {
            fixture_check(queue, &first);
            fixture_check(queue, &last);
            for (unsigned i = 0; i < COUNT; i++) {
                if (messages[i].outcome == EDGE_OUTCOME_STORED) {
                    fixture_check(queue, &messages[i]);
                } else if (round == 0) {
                    assert_false(fixture_listed(queue, messages[i].id));
                }
            }
            fixture_close(queue);
            queue = fixture_open();
        }
        fixture_close(queue);
        fixture_clear();
    }
    assert_true(refused > 0);
}

static void failed_syncs(void **state) {
    (void)state;
    one_failure(&fdatasync_in, EIO, EDGE_OUTCOME_FAILED);
}

static void failed_writes(void **state) {
    (void)state;
    one_failure(&pwritev_in, EIO, EDGE_OUTCOME_FAILED);
}

static void full_disk_in_a_write(void **state) {
    (void)state;
    one_failure(&pwritev_in, ENOSPC, EDGE_OUTCOME_NO_ROOM);
}

static void short_writes_are_continued(void **state) {
    (void)state;
    reset();
    edge_queue_t *queue = fixture_open();
    atomic_store(&short_writes, true);
    fixture_message_t a = fixture_store(queue, 1, 5000), b = fixture_store(queue, 2, 60000);
    atomic_store(&short_writes, false);
    fixture_close(queue);
    queue = fixture_open();
    fixture_check(queue, &a);
    fixture_check(queue, &b);
    fixture_close(queue);
    fixture_clear();
}

/* No new segment can be had: NO_ROOM, but what makes room still works; then it recovers by itself. */
static void full_disk(void **state) {
    enum { MOST = 100 };
    static fixture_message_t messages[MOST];
    unsigned stored = 0;
    (void)state;
    reset();
    edge_queue_t *queue = fixture_open();
    fixture_settle(queue);
    atomic_store(&only_new_ones, true);
    atomic_store(&error_number, ENOSPC);
    atomic_store(&all_fail, true);
    for (; stored < MOST; stored++) {
        messages[stored] = (fixture_message_t){.number = stored, .size = 4000};
        fixture_submit(queue, &messages[stored], 1);
        if (messages[stored].outcome != EDGE_OUTCOME_STORED) {
            break;
        }
    }
    assert_in_range(stored, 10, MOST - 1);
    assert_int_equal(messages[stored].outcome, EDGE_OUTCOME_NO_ROOM);
    assert_int_equal(queue->provider->room(queue, 100), EDGE_OUTCOME_NO_ROOM);
    fixture_check(queue, &messages[1]);
    assert_int_equal(queue->provider->remove(queue, messages[0].id), APR_SUCCESS);
    assert_int_equal(fixture_count(queue, -1), stored - 1);
    reset();
    wait_until_accepting(queue);
    fixture_message_t last = fixture_store(queue, 7, 4000);
    fixture_close(queue);
    queue = fixture_open();
    fixture_check(queue, &last);
    assert_int_equal(fixture_count(queue, -1), stored);
    fixture_close(queue);
    fixture_clear();
}

/* Opened on a disk that does not let it: FAILED, and on again when it does. */
static void read_only_at_open(void **state) {
    (void)state;
    reset();
    atomic_store(&error_number, EROFS);
    atomic_store(&all_fail, true);
    edge_queue_t *queue = fixture_open();
    assert_int_equal(queue->provider->room(queue, 0), EDGE_OUTCOME_FAILED);
    fixture_message_t message = {.number = 1, .size = 100};
    fixture_submit(queue, &message, 1);
    assert_int_equal(message.outcome, EDGE_OUTCOME_FAILED);
    reset();
    wait_until_accepting(queue);
    message = fixture_store(queue, 2, 100);
    fixture_check(queue, &message);
    fixture_close(queue);
    fixture_clear();
}

/* What is submitted at once shares syncs; a lone message waits for one. */
static void batches(void **state) {
    enum { COUNT = 400 };
    static fixture_message_t messages[COUNT];
    (void)state;
    reset();
    fixture_options.segment_size = 8 << 20;
    edge_queue_t *queue = fixture_open();
    edge_queue_stat_t before, after;
    fixture_settle(queue);
    queue->provider->stat(queue, &before);
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] = (fixture_message_t){.number = i, .size = 1000};
    }
    fixture_submit(queue, messages, COUNT);
    queue->provider->stat(queue, &after);
    assert_int_equal(after.commits - before.commits, COUNT);
    assert_true(after.syncs - before.syncs < COUNT);
    queue->provider->stat(queue, &before);
    fixture_store(queue, 5, 1000);
    queue->provider->stat(queue, &after);
    assert_int_equal(after.syncs - before.syncs, 1);
    fixture_close(queue);
    fixture_clear();
}

static void a_record_larger_than_a_segment_is_refused(void **state) {
    (void)state;
    reset();
    fixture_options.body_most = 1 << 20;
    edge_queue_t *queue = fixture_open();
    fixture_message_t message = {.number = 1, .size = FIXTURE_SEGMENT};
    fixture_submit(queue, &message, 1);
    assert_int_equal(message.outcome, EDGE_OUTCOME_FAILED);
    message = fixture_store(queue, 2, 100);
    fixture_check(queue, &message);
    fixture_close(queue);
    fixture_clear();
}

static int setup(void **state) {
    fixture_start(state);
    files = edge_spool_system_files;
    files.open = fault_open;
    files.pwritev = fault_pwritev;
    files.fdatasync = fault_fdatasync;
    files.allocate = fault_allocate;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_syncs),
        cmocka_unit_test(failed_writes),
        cmocka_unit_test(full_disk_in_a_write),
        cmocka_unit_test(short_writes_are_continued),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(read_only_at_open),
        cmocka_unit_test(batches),
        cmocka_unit_test(a_record_larger_than_a_segment_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, fixture_stop);
}
