/* Listeners: accepting from shared sockets, with a pause when the system has no more to give. */
#include "edge_counter.h"
#include "edge_obj.h"

#include "event/worker.h"
#include "event/worker_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_MOST 16 /* a turn and listener, so that a storm of connections leaves time for the open ones */
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

/* Workers that share a socket should share its connections too: an idle one that took all that wait would leave the
 * others with nothing to do for as long as those sessions last. So each takes one and looks again; the longer a turn
 * is, the more it takes at once, or a busy server would accept too slowly. */
static unsigned budget(const edge_worker_t *worker) {
    unsigned most = edge_worker_count() == 1 ? ACCEPT_MOST : 1 + worker->loop.events / ACCEPT_MOST;
    return most < ACCEPT_MOST ? most : ACCEPT_MOST;
}

/* The number of a worker's descriptors stands for its work. */
static unsigned load_of(edge_worker_t *worker) {
    return atomic_load_explicit(&worker->watched, memory_order_relaxed) +
           atomic_load_explicit(&worker->promised, memory_order_relaxed);
}

#define LOAD_SLACK 4 /* passing on costs a letter and perhaps a wake-up: not for small differences */

static edge_worker_t *least_loaded(edge_worker_t *worker) {
    edge_worker_t *least = worker;
    unsigned count = edge_worker_count(), least_load = load_of(worker), own = least_load;
    for (unsigned i = 0; i < count; i++) {
        edge_worker_t *each = edge_worker_at(i);
        if (each != NULL && load_of(each) < least_load) {
            least = each;
            least_load = load_of(each);
        }
    }
    return own > least_load + least_load / 8 + LOAD_SLACK ? least : worker;
}

typedef struct gift {
    edge_letter_t letter;
    edge_listener_fn *accepted;
    void *user;
    int fd;
} gift_t;

static void receive(edge_letter_t *letter, edge_worker_t *worker) {
    gift_t *gift = EDGE_CONTAINER(letter, gift_t, letter);
    atomic_fetch_sub_explicit(&worker->promised, 1, memory_order_relaxed);
    if (edge_worker_has_ended(worker)) {
        close(gift->fd);
    } else {
        gift->accepted(worker, gift->fd, gift->user);
    }
    free(gift);
}

static void hand_out(edge_listener_entry_t *listener, edge_worker_t *worker, int fd) {
    edge_worker_t *taker = least_loaded(worker);
    gift_t *gift = taker == worker ? NULL : malloc(sizeof *gift);
    if (gift == NULL) {
        listener->accepted(worker, fd, listener->user); /* may detach this listener: it is freed in reap */
        return;
    }
    *gift = (gift_t){.letter.deliver = receive, .accepted = listener->accepted, .user = listener->user, .fd = fd};
    atomic_fetch_add_explicit(&taker->promised, 1, memory_order_relaxed);
    edge_worker_send(taker, &gift->letter);
}

static _Atomic unsigned watched_most;

void edge_listener_watched_most(unsigned most) { atomic_store(&watched_most, most); }

/* Whether a further connection would take a descriptor that those who are here need for their mail. */
static bool is_full(void) {
    unsigned most = atomic_load_explicit(&watched_most, memory_order_relaxed), sum = 0;
    for (unsigned i = 0, count = most == 0 ? 0 : edge_worker_count(); i < count; i++) {
        edge_worker_t *each = edge_worker_at(i);
        sum += each != NULL ? load_of(each) : 0;
    }
    return most != 0 && sum >= most;
}

static void ready(edge_loop_watch_t *watch, edge_worker_t *worker, int events) {
    edge_listener_entry_t *listener = EDGE_CONTAINER(watch, edge_listener_entry_t, watch);
    (void)events;
    if (is_full()) {
        pause_all(worker, APR_FROM_OS_ERROR(EMFILE));
        return;
    }
    for (unsigned i = budget(worker); i > 0 && watch->poll.reqevents != 0; i--) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            worker->listeners.pause_for = 0;
            hand_out(listener, worker, fd);
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
    edge_listener_fn *accepted;
    void *user;
} order_t;

static void attach_here(edge_letter_t *letter, edge_worker_t *worker) {
    order_t *order = EDGE_CONTAINER(letter, order_t, letter);
    apr_status_t status = edge_listener_attach(worker, order->fd, order->accepted, order->user);
    if (status != APR_SUCCESS) {
        EDGE_LOG_STATUS(&edge_worker_log, EDGE_LOG_ERROR, 112, status, "worker %u cannot listen on descriptor %d",
                        worker->index, order->fd);
    }
    free(order);
}

void edge_listener_attach_everywhere(int listening_fd, edge_listener_fn *accepted, void *user) {
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        edge_worker_t *worker = edge_worker_at(i);
        if (worker == NULL) {
            continue;
        }
        order_t *order = malloc(sizeof *order);
        EDGE_ASSERT(order != NULL);
        *order = (order_t){.letter.deliver = attach_here, .fd = listening_fd, .accepted = accepted, .user = user};
        edge_worker_send(worker, &order->letter);
    }
}

static pthread_mutex_t detach_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t detach_changed = PTHREAD_COND_INITIALIZER;
static unsigned detach_pending;

typedef struct farewell {
    edge_letter_t letter;
    int fd; /* -1: all */
} farewell_t;

static void detach_here(edge_letter_t *letter, edge_worker_t *worker) {
    farewell_t *farewell = EDGE_CONTAINER(letter, farewell_t, letter);
    detach(worker, farewell->fd < 0 ? NULL : &farewell->fd);
    free(farewell);
    pthread_mutex_lock(&detach_lock);
    detach_pending--;
    pthread_cond_broadcast(&detach_changed);
    pthread_mutex_unlock(&detach_lock);
}

static void send_detach(edge_worker_t *worker, int fd) {
    farewell_t *farewell = malloc(sizeof *farewell);
    EDGE_ASSERT(farewell != NULL);
    *farewell = (farewell_t){.letter.deliver = detach_here, .fd = fd};
    pthread_mutex_lock(&detach_lock);
    detach_pending++;
    pthread_mutex_unlock(&detach_lock);
    edge_worker_send(worker, &farewell->letter);
}

static void detach_on_all(int fd) {
    EDGE_ASSERT(edge_worker_self() == NULL);
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        edge_worker_t *worker = edge_worker_at(i);
        if (worker != NULL) {
            send_detach(worker, fd);
        }
    }
    pthread_mutex_lock(&detach_lock);
    while (detach_pending > 0) {
        pthread_cond_wait(&detach_changed, &detach_lock);
    }
    pthread_mutex_unlock(&detach_lock);
}

void edge_listener_detach_everywhere(void) { detach_on_all(-1); }
void edge_listener_detach_one_everywhere(int listening_fd) { detach_on_all(listening_fd); }
