/* Tests of server/event/mailbox.c: one receiver, many senders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "event/mailbox_priv.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

typedef struct note {
    edge_letter_t letter;
    unsigned sender, number;
} note_t;

static edge_mailbox_t mailbox;
static unsigned seen[16];

static void deliver(edge_letter_t *letter, edge_worker_t *worker) {
    note_t *note = EDGE_CONTAINER(letter, note_t, letter);
    assert_null(worker);
    assert_int_equal(note->number, seen[note->sender]);
    seen[note->sender]++;
    free(note);
}

static note_t *make(unsigned sender, unsigned number) {
    note_t *note = calloc(1, sizeof *note);
    note->letter.deliver = deliver;
    note->sender = sender;
    note->number = number;
    return note;
}

static void in_the_order_sent(void **state) {
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_false(edge_mailbox_put(&mailbox, &make(0, i)->letter)); /* the owner is awake */
    }
    assert_int_equal(edge_mailbox_drain(&mailbox, NULL), 5);
    assert_int_equal(edge_mailbox_drain(&mailbox, NULL), 0);
    assert_int_equal(seen[0], 5);
}

static void one_sender_is_told_to_wake(void **state) {
    (void)state;
    memset(seen, 0, sizeof seen);
    assert_true(edge_mailbox_sleep(&mailbox));
    assert_true(edge_mailbox_put(&mailbox, &make(0, 0)->letter));
    assert_false(edge_mailbox_put(&mailbox, &make(0, 1)->letter));
    edge_mailbox_wake(&mailbox);
    assert_false(edge_mailbox_sleep(&mailbox)); /* there is mail */
    assert_int_equal(edge_mailbox_drain(&mailbox, NULL), 2);
    assert_true(edge_mailbox_sleep(&mailbox));
    edge_mailbox_wake(&mailbox);
    assert_false(edge_mailbox_put(&mailbox, &make(0, 2)->letter));
    edge_mailbox_drain(&mailbox, NULL);
}

static void send_again(edge_letter_t *letter, edge_worker_t *worker) {
    (void)worker;
    if (++seen[1] < 3) {
        edge_mailbox_put(&mailbox, letter);
    }
}

static void a_letter_may_be_sent_again_while_delivered(void **state) {
    edge_letter_t letter = {.deliver = send_again};
    (void)state;
    seen[1] = 0;
    edge_mailbox_put(&mailbox, &letter);
    assert_int_equal(edge_mailbox_drain(&mailbox, NULL), 1);
    assert_int_equal(edge_mailbox_drain(&mailbox, NULL), 1);
    assert_int_equal(edge_mailbox_drain(&mailbox, NULL), 1);
    assert_int_equal(edge_mailbox_drain(&mailbox, NULL), 0);
}

#define SENDERS 4
#define LETTERS 20000

/* Stands for the pollset's pipe: a sender that is told to wake signals, the receiver waits for it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static bool awake;

static void *send_many(void *number) {
    for (unsigned i = 0; i < LETTERS; i++) {
        if (edge_mailbox_put(&mailbox, &make((unsigned)(uintptr_t)number, i)->letter)) {
            pthread_mutex_lock(&lock);
            awake = true;
            pthread_cond_signal(&woken);
            pthread_mutex_unlock(&lock);
        }
        if (i % 64 == 0) {
            sched_yield(); /* lets the receiver fall asleep now and then */
        }
    }
    return NULL;
}

static void nobody_sleeps_over_a_letter(void **state) {
    pthread_t threads[SENDERS];
    unsigned count = 0;
    (void)state;
    memset(seen, 0, sizeof seen);
    for (uintptr_t i = 0; i < SENDERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, (void *)i), 0);
    }
    while (count < SENDERS * LETTERS) {
        if (edge_mailbox_sleep(&mailbox)) {
            /* A lost wake-up would hang here. */
            pthread_mutex_lock(&lock);
            while (!awake) {
                pthread_cond_wait(&woken, &lock);
            }
            awake = false;
            pthread_mutex_unlock(&lock);
        }
        edge_mailbox_wake(&mailbox);
        count += edge_mailbox_drain(&mailbox, NULL);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(seen[i], LETTERS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_the_order_sent),
        cmocka_unit_test(one_sender_is_told_to_wake),
        cmocka_unit_test(a_letter_may_be_sent_again_while_delivered),
        cmocka_unit_test(nobody_sleeps_over_a_letter),
    };
    return cmocka_run_group_tests_name("event/mailbox", tests, NULL, NULL);
}
