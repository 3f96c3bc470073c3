/* The loop: poll, then everything a turn does, always in the same order. */
#include "edge_obj.h"

#include "event/loop_priv.h"
#include "event/worker_priv.h"

#include <apr_network_io.h>
#include <apr_portable.h>

#define EVENTS_MOST 256 /* taken from the system in one turn; the rest comes in the next */

apr_status_t edge_loop_open(edge_loop_t *loop, apr_pool_t *pool) {
    apr_os_sock_t none = -1;
    apr_status_t status =
        apr_pollset_create_ex(&loop->pollset, EVENTS_MOST, pool,
                              APR_POLLSET_NOCOPY | APR_POLLSET_WAKEABLE | APR_POLLSET_NODEFAULT, APR_POLLSET_EPOLL);
    if (status == APR_SUCCESS) {
        loop->socket = NULL;
        status = apr_os_sock_put(&loop->socket, &none, pool);
    }
    return status;
}

void edge_loop_interrupt(edge_loop_t *loop) {
    apr_status_t status = apr_pollset_wakeup(loop->pollset);
    EDGE_ASSERT(status == APR_SUCCESS);
}

apr_status_t edge_loop_want(edge_worker_t *worker, edge_loop_watch_t *watch, int events) {
    edge_loop_t *loop = &worker->loop;
    apr_status_t status = APR_SUCCESS;

    EDGE_ASSERT(worker == edge_worker_self() && watch->ready != NULL);
    if (watch->poll.reqevents == events) {
        return APR_SUCCESS;
    }
    apr_os_sock_put(&loop->socket, &watch->fd, worker->pool);
    watch->poll.desc_type = APR_POLL_SOCKET;
    watch->poll.desc.s = loop->socket;
    watch->poll.client_data = watch;
    if (watch->poll.reqevents != 0) {
        status = apr_pollset_remove(loop->pollset, &watch->poll);
        EDGE_ASSERT(status == APR_SUCCESS);
        atomic_fetch_sub_explicit(&worker->watched, 1, memory_order_relaxed);
    }
    watch->poll.reqevents = (apr_int16_t)events;
    if (events != 0) {
        status = apr_pollset_add(loop->pollset, &watch->poll);
        if (status != APR_SUCCESS) {
            watch->poll.reqevents = 0;
            return status;
        }
        atomic_fetch_add_explicit(&worker->watched, 1, memory_order_relaxed);
    }
    return status;
}

/* The pollset counts in milliseconds and rounds down, which would spin through the last one: round up here. */
static apr_interval_time_t wait_time(edge_worker_t *worker, edge_mono_t wait_most) {
    edge_mono_t next = edge_timer_heap_next(&worker->timers), wait = wait_most;
    if (worker->posted.head != NULL || !edge_mailbox_sleep(&worker->mailbox)) {
        return 0;
    }
    if (next != INT64_MAX) {
        edge_mono_t left = next - edge_clock_read().mono;
        left = left < 0 ? 0 : (left + 999) / 1000 * 1000;
        wait = wait < 0 || left < wait ? left : wait;
    }
    return wait;
}

static void dispatch(edge_worker_t *worker, const apr_pollfd_t *events, apr_int32_t count) {
    for (apr_int32_t i = 0; i < count; i++) {
        /* What is wanted may have changed, or ended, since the system was asked. */
        edge_loop_watch_t *watch = events[i].client_data;
        int told = events[i].rtnevents & (watch->poll.reqevents | APR_POLLERR | APR_POLLHUP);
        if (watch->poll.reqevents != 0 && told != 0) {
            watch->ready(watch, worker, told);
        }
    }
}

static void begin_turn(edge_worker_t *worker) {
    worker->clock = edge_clock_read();
    atomic_store_explicit(&worker->busy_since, worker->clock.mono, memory_order_relaxed);
}

/* How long whatever came meanwhile has had to wait. */
static void end_turn(edge_worker_t *worker) {
    edge_mono_t busy = edge_clock_mono() - worker->clock.mono;
    atomic_store_explicit(&worker->busy_since, 0, memory_order_relaxed);
    atomic_store_explicit(&worker->busy_last, busy, memory_order_relaxed);
    if (busy > atomic_load_explicit(&worker->busy_most, memory_order_relaxed)) {
        atomic_store_explicit(&worker->busy_most, busy, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&worker->turns, 1, memory_order_relaxed);
    edge_histogram_observe(&worker->lag, busy);
}

void edge_loop_turn(edge_worker_t *worker, edge_mono_t wait_most) {
    const apr_pollfd_t *events = NULL;
    apr_int32_t count = 0;
    apr_status_t status = apr_pollset_poll(worker->loop.pollset, wait_time(worker, wait_most), &count, &events);

    /* A wake-up shows only when nothing else fired, so nothing here depends on it. */
    EDGE_ASSERT(status == APR_SUCCESS || APR_STATUS_IS_TIMEUP(status) || APR_STATUS_IS_EINTR(status));
    edge_mailbox_wake(&worker->mailbox);
    begin_turn(worker);
    worker->loop.events = status == APR_SUCCESS ? (unsigned)count : 0;
    edge_mailbox_drain(&worker->mailbox, worker);
    if (status == APR_SUCCESS) {
        dispatch(worker, events, count);
    }
    edge_timer_heap_fire(&worker->timers, worker->clock.mono);
    edge_worker_run_chores(&worker->posted, worker, false);
    edge_worker_run_chores(&worker->reaped, worker, true);
    end_turn(worker);
}
