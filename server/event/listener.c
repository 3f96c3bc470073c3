/* Listeners: accepting from shared sockets, with a pause when the system has no more to give. */
#include "edge_counter.h"
#include "edge_obj.h"

#include "event/worker_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#define ACCEPT_BUDGET 16 /* a turn and listener, so that a storm of connections leaves time for the open ones */
#define PAUSE_LEAST EDGE_MS(100)
#define PAUSE_MOST EDGE_SECONDS(1)

struct edge_listener_entry {
    edge_loop_watch_t watch;
    edge_listener_entry_t *next;
    edge_listener_fn *accepted;
    void *user;
    edge_chore_t reap;
};

static void listen_again(edge_timer_t *timer);

static void pause_all(edge_worker_t *worker, apr_status_t reason) {
    edge_listener_set_t *set = &worker->listeners;
    edge_mono_t pause = set->pause_for < PAUSE_LEAST ? PAUSE_LEAST : set->pause_for;
    for (edge_listener_entry_t *each = set->first; each != NULL; each = each->next) {
        edge_loop_want(worker, &each->watch, 0);
    }
    set->pause_for = pause * 2 > PAUSE_MOST ? PAUSE_MOST : pause * 2;
    set->pause.fire = listen_again;
    set->worker = worker;
    edge_timer_set(worker, &set->pause, worker->clock.mono + pause);
    edge_counter_add(EDGE_C_ACCEPT_PAUSED, 1);
    EDGE_LOG_STATUS(&edge_worker_log, EDGE_LOG_WARN, 110, reason,
                    "worker %u accepts no connections for %d ms: the system has no more descriptors or memory",
                    worker->index, (int)(pause / 1000));
}

static void listen_again(edge_timer_t *timer) {
    edge_worker_t *worker = EDGE_CONTAINER(timer, edge_listener_set_t, pause)->worker;
    for (edge_listener_entry_t *each = worker->listeners.first; each != NULL; each = each->next) {
        apr_status_t status = edge_loop_want(worker, &each->watch, APR_POLLIN);
        if (status != APR_SUCCESS) {
            pause_all(worker, status);
            return;
        }
    }
}

/* Trouble of the one connection that was to be accepted (accept(2) passes its network errors on): try the next. */
static bool is_passing(int error) {
    return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
           error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == EOPNOTSUPP ||
           error == ENETUNREACH || error == EPERM || error == ETIMEDOUT;
}

static void failed(edge_listener_entry_t *listener, edge_worker_t *worker, int error) {
    if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
        pause_all(worker, APR_FROM_OS_ERROR(error));
    } else if (!is_passing(error)) {
        EDGE_LOG_STATUS(&edge_worker_log, EDGE_LOG_ERROR, 111, APR_FROM_OS_ERROR(error),
                        "cannot accept from descriptor %d; it is not used any more", listener->watch.fd);
        edge_listener_detach(worker, listener->watch.fd);
    }
}

static void ready(edge_loop_watch_t *watch, edge_worker_t *worker, int events) {
    edge_listener_entry_t *listener = EDGE_CONTAINER(watch, edge_listener_entry_t, watch);
    (void)events;
    for (unsigned i = 0; i < ACCEPT_BUDGET && watch->poll.reqevents != 0; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            worker->listeners.pause_for = 0;
            listener->accepted(worker, fd, listener->user); /* may detach this listener: it is freed in reap */
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return; /* another worker or another generation was faster, or that was the last one */
        } else {
            failed(listener, worker, errno);
        }
    }
}

apr_status_t edge_listener_attach(edge_worker_t *worker, int listening_fd, edge_listener_fn *accepted, void *user) {
    edge_listener_set_t *set = &worker->listeners;
    edge_listener_entry_t *listener = edge_worker_take(worker, sizeof *listener);
    listener->watch.fd = listening_fd;
    listener->watch.ready = ready;
    listener->accepted = accepted;
    listener->user = user;
    /* Accepted sockets inherit it, so no call is needed for each; other kinds of socket refuse it, which is well. */
    setsockopt(listening_fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (!edge_timer_is_set(&set->pause)) {
        apr_status_t status = edge_loop_want(worker, &listener->watch, APR_POLLIN);
        if (status != APR_SUCCESS) {
            edge_worker_give(worker, listener, sizeof *listener);
            return status;
        }
    }
    listener->next = set->first;
    set->first = listener;
    return APR_SUCCESS;
}

static void free_listener(edge_chore_t *chore, edge_worker_t *worker) {
    edge_worker_give(worker, EDGE_CONTAINER(chore, edge_listener_entry_t, reap), sizeof(edge_listener_entry_t));
}

static void detach(edge_worker_t *worker, const int *only) {
    edge_listener_entry_t **at = &worker->listeners.first;
    while (*at != NULL) {
        edge_listener_entry_t *listener = *at;
        if (only != NULL && listener->watch.fd != *only) {
            at = &listener->next;
            continue;
        }
        *at = listener->next;
        edge_loop_want(worker, &listener->watch, 0);
        listener->reap.run = free_listener;
        edge_worker_reap(worker, &listener->reap);
    }
    if (worker->listeners.first == NULL) {
        edge_timer_cancel(worker, &worker->listeners.pause);
    }
}

void edge_listener_detach(edge_worker_t *worker, int listening_fd) { detach(worker, &listening_fd); }
void edge_listener_detach_all(edge_worker_t *worker) { detach(worker, NULL); }

typedef struct order {
    edge_letter_t letter;
    int fd;
    edge_listener_fn *accepted; /* NULL: detach all */
    void *user;
} order_t;

static void obey(edge_letter_t *letter, edge_worker_t *worker) {
    order_t *order = EDGE_CONTAINER(letter, order_t, letter);
    if (order->accepted == NULL) {
        edge_listener_detach_all(worker);
    } else {
        apr_status_t status = edge_listener_attach(worker, order->fd, order->accepted, order->user);
        if (status != APR_SUCCESS) {
            EDGE_LOG_STATUS(&edge_worker_log, EDGE_LOG_ERROR, 112, status, "worker %u cannot listen on descriptor %d",
                            worker->index, order->fd);
        }
    }
    free(order);
}

static void send_to_all(int fd, edge_listener_fn *accepted, void *user) {
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        edge_worker_t *worker = edge_worker_at(i);
        if (worker == NULL) {
            continue;
        }
        order_t *order = calloc(1, sizeof *order);
        EDGE_ASSERT(order != NULL);
        order->letter.deliver = obey;
        order->fd = fd;
        order->accepted = accepted;
        order->user = user;
        edge_worker_send(worker, &order->letter);
    }
}

void edge_listener_attach_everywhere(int listening_fd, edge_listener_fn *accepted, void *user) {
    EDGE_ASSERT(accepted != NULL);
    send_to_all(listening_fd, accepted, user);
}

void edge_listener_detach_everywhere(void) { send_to_all(-1, NULL, NULL); }
