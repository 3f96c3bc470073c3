/* Connections to civetweb: lent for as long as a request takes, and kept for a moment between two. */
#include "admin.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "edge_obj.h"

#define IDLE_TIME EDGE_SECONDS(2) /* less than civetweb keeps it: none is lent that it is just closing */
/* Each holds one of civetweb's threads also while it is lent to nobody. So many may be open for one to be kept; when there are
 * more, threads are short, and each is let go at once for those that wait. */
#define KEPT_BELOW (ADMIN_THREADS / 2)

struct admin_upstream {
    edge_conn_t *conn;
    const admin_upstream_user_t *user; /* NULL: lent to nobody */
    void *owner;
    admin_upstream_t *next, **link; /* among those of its worker that are kept */
    uint64_t got;                   /* octets of answers for whom it is lent to */
    uint16_t port;                  /* ours */
    bool paused;
};

static atomic_uint open_count;

/* Those of a worker that are kept */

typedef struct kept {
    admin_upstream_t *first;
} kept_t;

static unsigned seat;
static pthread_once_t seat_once = PTHREAD_ONCE_INIT;
static void take_seat(void) { seat = edge_worker_new_seat(); }

apr_status_t admin_upstream_worker_start(edge_worker_t *worker) {
    pthread_once(&seat_once, take_seat);
    kept_t *kept = calloc(1, sizeof(*kept));
    edge_worker_set_seat(worker, seat, kept);
    return kept ? APR_SUCCESS : APR_ENOMEM;
}

/* All connections of the worker are closed by then. */
void admin_upstream_worker_stop(edge_worker_t *worker) {
    kept_t *kept = edge_worker_seat(worker, seat);
    EDGE_ASSERT(!kept || !kept->first);
    free(kept);
    edge_worker_set_seat(worker, seat, NULL);
}

static void keep(admin_upstream_t *self) {
    kept_t *kept = edge_worker_seat(edge_conn_worker(self->conn), seat);
    self->next = kept->first;
    if (self->next)
        self->next->link = &self->next;
    self->link = &kept->first;
    kept->first = self;
}

static void keep_no_longer(admin_upstream_t *self) {
    if (!self->link)
        return;
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    self->next = NULL;
    self->link = NULL;
}

/* Connection */

static void close_it(admin_upstream_t *self) {
    keep_no_longer(self);
    admin_origin_forget(self->port);
    self->user = NULL;
    if (self->paused)
        edge_conn_resume(self->conn);
    self->paused = false;
    edge_conn_close(self->conn, EDGE_CLOSE_PEER_CLOSED);
}

static void on_opened(edge_conn_t *conn) { (void)conn; }

static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    admin_upstream_t *self = edge_conn_owner(conn);
    self->got += bytes.len;
    if (self->user)
        self->user->answer(self->owner, bytes);
    else
        close_it(self); /* nobody has asked */
    return bytes.len;
}

static void on_ended(edge_conn_t *conn) {
    admin_upstream_t *self = edge_conn_owner(conn);
    const admin_upstream_user_t *user = self->user;
    void *owner = self->owner;
    close_it(self);
    if (user)
        user->lost(owner);
}

static void on_timeout(edge_conn_t *conn) { close_it(edge_conn_owner(conn)); }

static void on_drained(edge_conn_t *conn) {
    admin_upstream_t *self = edge_conn_owner(conn);
    if (self->user)
        self->user->drained(self->owner);
}

static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    admin_upstream_t *self = edge_conn_owner(conn);
    const admin_upstream_user_t *user = self->user;
    void *owner = self->owner;
    (void)reason;
    keep_no_longer(self);
    if (user)
        admin_origin_forget(self->port);
    free(self);
    atomic_fetch_sub(&open_count, 1);
    if (user)
        user->lost(owner);
}

static const edge_conn_handler_t handler = {
    .opened = on_opened,
    .input = on_input,
    .ended = on_ended,
    .timeout = on_timeout,
    .drained = on_drained,
    .closed = on_closed,
};

static admin_upstream_t *connect_one(edge_worker_t *worker) {
    edge_conn_target_t target = {.port = admin_server_port()};
    admin_upstream_t *self = calloc(1, sizeof(*self));
    if (!self)
        return NULL;
    atomic_fetch_add(&open_count, 1);
    edge_ipaddr_parse(edge_span_of("127.0.0.1"), &target.address);
    self->conn = edge_conn_connect(worker, &target, &edge_transport_plain, NULL, &handler, self);
    edge_conn_local(self->conn, &self->port);
    if (self->port != 0)
        return self;
    edge_conn_close(self->conn, EDGE_CLOSE_INTERNAL);
    return NULL;
}

/* Lending */

admin_upstream_t *admin_upstream_take(edge_worker_t *worker, const admin_origin_t *origin,
                                      const admin_upstream_user_t *user, void *owner) {
    const kept_t *kept = edge_worker_seat(worker, seat);
    admin_upstream_t *self = kept->first ? kept->first : connect_one(worker);
    if (!self)
        return NULL;
    keep_no_longer(self);
    edge_conn_deadline(self->conn, 0);
    self->user = user;
    self->owner = owner;
    self->got = 0;
    admin_origin_set(self->port, origin);
    return self;
}

void admin_upstream_give_back(admin_upstream_t *self, bool reusable) {
    if (!reusable || self->paused || atomic_load(&open_count) > KEPT_BELOW) {
        close_it(self);
        return;
    }
    admin_origin_forget(self->port);
    self->user = NULL;
    keep(self);
    edge_conn_deadline(self->conn, edge_worker_clock(edge_conn_worker(self->conn)).mono + IDLE_TIME);
}

void admin_upstream_drop(admin_upstream_t *self) { close_it(self); }

/* In use */

uint16_t admin_upstream_port(const admin_upstream_t *self) { return self->port; }
bool admin_upstream_is_busy(const admin_upstream_t *self) { return admin_origin_is_busy(self->port, self->got); }

size_t admin_upstream_ask(admin_upstream_t *self, edge_span_t request) {
    admin_origin_asked(self->port);
    edge_conn_write(self->conn, request);
    edge_conn_flush(self->conn);
    return edge_conn_unsent(self->conn);
}

void admin_upstream_pause(admin_upstream_t *self) {
    if (!self->paused)
        edge_conn_pause(self->conn);
    self->paused = true;
}

void admin_upstream_resume(admin_upstream_t *self) {
    if (self->paused)
        edge_conn_resume(self->conn);
    self->paused = false;
}
