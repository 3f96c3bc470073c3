/* Tests of server/event/loop.c, on a worker that turns when told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "event/worker_priv.h"

#include <apr_general.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static edge_worker_t *worker;
static char order[16];

static void mark(char what) {
    size_t len = strlen(order);
    assert_true(len < sizeof order - 1);
    order[len] = what;
    order[len + 1] = '\0';
}

typedef struct all {
    edge_letter_t letter;
    edge_loop_watch_t watch;
    edge_timer_t timer;
    edge_chore_t chore, reap;
    int peer;
    unsigned calls;
    int events;
} all_t;

static void on_letter(edge_letter_t *letter, edge_worker_t *on) {
    (void)letter;
    assert_ptr_equal(on, worker);
    mark('m');
}
static void on_timer(edge_timer_t *timer) {
    (void)timer;
    mark('t');
}
static void on_chore(edge_chore_t *chore, edge_worker_t *on) {
    all_t *all = EDGE_CONTAINER(chore, all_t, chore);
    mark('p');
    edge_worker_reap(on, &all->reap);
}
static void on_reap(edge_chore_t *chore, edge_worker_t *on) {
    (void)chore, (void)on;
    mark('r');
}
static void on_ready(edge_loop_watch_t *watch, edge_worker_t *on, int events) {
    all_t *all = EDGE_CONTAINER(watch, all_t, watch);
    (void)on;
    mark('i');
    all->calls++;
    all->events = events;
}

static all_t *make(void) {
    int pair[2];
    all_t *all = calloc(1, sizeof *all);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    all->watch.fd = pair[0];
    all->watch.ready = on_ready;
    all->peer = pair[1];
    all->letter.deliver = on_letter;
    all->timer.fire = on_timer;
    all->chore.run = on_chore;
    all->reap.run = on_reap;
    return all;
}

static void end(all_t *all) {
    edge_loop_want(worker, &all->watch, 0);
    close(all->watch.fd);
    close(all->peer);
    free(all);
}

static void a_turn_has_one_order(void **state) {
    all_t *all = make();
    (void)state;
    edge_worker_post(worker, &all->chore);
    edge_worker_post(worker, &all->chore); /* twice posted is once run */
    edge_timer_set(worker, &all->timer, 1);
    assert_int_equal(edge_loop_want(worker, &all->watch, APR_POLLIN), APR_SUCCESS);
    assert_int_equal(write(all->peer, "x", 1), 1);
    edge_worker_send(worker, &all->letter);
    edge_loop_turn(worker, -1);
    assert_string_equal(order, "mitpr");
    end(all);
}

static void readiness_is_told_until_used_up(void **state) {
    all_t *all = make();
    char byte;
    (void)state;
    edge_loop_want(worker, &all->watch, APR_POLLIN);
    edge_loop_turn(worker, 0);
    assert_int_equal(all->calls, 0);
    assert_int_equal(write(all->peer, "x", 1), 1);
    edge_loop_turn(worker, 0);
    edge_loop_turn(worker, 0);
    assert_int_equal(all->calls, 2);
    assert_int_equal(read(all->watch.fd, &byte, 1), 1);
    edge_loop_turn(worker, 0);
    assert_int_equal(all->calls, 2);
    edge_loop_want(worker, &all->watch, APR_POLLOUT);
    edge_loop_turn(worker, 0);
    assert_int_equal(all->events, APR_POLLOUT);
    edge_loop_want(worker, &all->watch, APR_POLLIN);
    close(all->peer);
    all->peer = -1;
    edge_loop_turn(worker, 0);
    assert_true(all->events & APR_POLLHUP);
    edge_loop_want(worker, &all->watch, 0);
    edge_loop_turn(worker, 0);
    assert_int_equal(all->calls, 4);
    end(all);
}

static all_t *victim;
static void end_victim(edge_loop_watch_t *watch, edge_worker_t *on, int events) {
    all_t *all = EDGE_CONTAINER(watch, all_t, watch);
    (void)events;
    all->calls++;
    edge_loop_want(on, &victim->watch, 0);
    edge_loop_want(on, &all->watch, 0);
}

/* Both are ready in the same turn; whoever is first ends the other, whose event must not arrive any more. */
static void an_ended_watch_hears_nothing(void **state) {
    all_t *one = make(), *two = make();
    (void)state;
    one->watch.ready = two->watch.ready = end_victim;
    edge_loop_want(worker, &one->watch, APR_POLLOUT);
    edge_loop_want(worker, &two->watch, APR_POLLOUT);
    victim = two;
    edge_loop_turn(worker, 0);
    if (one->calls == 0) { /* the system told them in the other order */
        victim = one;
        edge_loop_want(worker, &one->watch, APR_POLLOUT);
        edge_loop_want(worker, &two->watch, APR_POLLOUT);
        edge_loop_turn(worker, 0);
    }
    assert_int_equal(one->calls + two->calls, 1);
    end(one);
    end(two);
}

static void many_descriptors_are_told_apart(void **state) {
    all_t *all[300];
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(all); i++) {
        all[i] = make();
        edge_loop_want(worker, &all[i]->watch, APR_POLLIN);
    }
    for (size_t i = 0; i < EDGE_COUNT(all); i += 7) {
        assert_int_equal(write(all[i]->peer, "x", 1), 1);
        order[0] = '\0';
        edge_loop_turn(worker, 0);
        assert_int_equal(all[i]->calls, 1);
        char byte;
        assert_int_equal(read(all[i]->watch.fd, &byte, 1), 1);
    }
    for (size_t i = 0; i < EDGE_COUNT(all); i++) {
        assert_int_equal(all[i]->calls, i % 7 == 0);
        end(all[i]);
    }
}

static void a_closed_descriptor_is_refused(void **state) {
    edge_loop_watch_t watch = {.fd = 9999, .ready = on_ready};
    (void)state;
    assert_int_not_equal(edge_loop_want(worker, &watch, APR_POLLIN), APR_SUCCESS);
    assert_int_equal(watch.poll.reqevents, 0);
}

static void *send_later(void *letter) {
    edge_worker_send(worker, letter);
    return NULL;
}

static void a_letter_ends_the_wait(void **state) {
    all_t *all = make();
    pthread_t thread;
    (void)state;
    for (int i = 0; i < 100; i++) {
        order[0] = '\0';
        assert_int_equal(pthread_create(&thread, NULL, send_later, &all->letter), 0);
        while (order[0] == '\0') {
            edge_loop_turn(worker, -1); /* would hang here */
        }
        pthread_join(thread, NULL);
    }
    end(all);
}

static void post_again(edge_chore_t *chore, edge_worker_t *on) {
    mark('p');
    edge_worker_post(on, chore);
}

static void a_chore_that_posts_itself_runs_once_a_turn(void **state) {
    edge_chore_t chore = {.run = post_again};
    (void)state;
    edge_worker_post(worker, &chore);
    edge_loop_turn(worker, -1);
    edge_loop_turn(worker, -1);
    assert_string_equal(order, "pp");
    chore.run = on_reap;
    edge_loop_turn(worker, -1);
}

static int open_worker(void **state) {
    (void)state;
    order[0] = '\0';
    return edge_worker_make(0, &worker) == APR_SUCCESS ? 0 : -1;
}

static int close_worker(void **state) {
    (void)state;
    edge_worker_destroy(worker);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_turn_has_one_order, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(readiness_is_told_until_used_up, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(an_ended_watch_hears_nothing, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(many_descriptors_are_told_apart, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(a_closed_descriptor_is_refused, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(a_letter_ends_the_wait, open_worker, close_worker),
        cmocka_unit_test_setup_teardown(a_chore_that_posts_itself_runs_once_a_turn, open_worker, close_worker),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("event/loop", tests, NULL, NULL);
}
