/* A delivery by SMTP or LMTP: through the hosts of its route until one answers. */
#include <apr_strings.h>
#include <stdlib.h>

#include "relay_log.h"
#include "relay_smtp.h"

/* Not in the delivery's pool: a chore that was posted outlives a delivery that is cancelled. */
typedef struct relay_try {
    edge_chore_t chore;
    edge_delivery_t *delivery; /* NULL: it is over */
    relay_route_t route;
    unsigned at;                    /* the target that is tried next */
    relay_connection_t *connection; /* NULL: none at the moment */
    bool routing;                   /* name servers are asked */
    bool reused;                    /* the connection is one that had waited */
    bool plain;                     /* TLS did not work with this target */
    edge_relay_result_t why;        /* what is said when there is no other target */
    bool troubled, unkept;          /* targets so far: one was of no use, one does not keep REQUIRETLS */
} relay_try_t;

static const relay_smtp_t *smtp_of(const edge_delivery_t *delivery) { return delivery->relay->settings; }

/* Frees itself, now or when its chore has run. */
static void end(relay_try_t *self) {
    self->delivery = NULL;
    if (!self->chore.queued)
        free(self);
}

static void finish(relay_try_t *self) {
    edge_delivery_t *delivery = self->delivery;
    delivery->hop = NULL;
    end(self);
    delivery->finished(delivery);
}

static void finish_all(relay_try_t *self, const edge_relay_result_t *result) {
    for (unsigned i = 0; i < self->delivery->count; i++)
        self->delivery->results[i] = *result;
    finish(self);
}

static const relay_user_t user;

static void connect_next(relay_try_t *self) {
    edge_delivery_t *delivery = self->delivery;
    if (self->at == self->route.count || (delivery->source && !edge_source_rewind(delivery->source))) {
        finish_all(self, &self->why);
        return;
    }
    relay_connect_t how = {.worker = delivery->worker,
                           .relay = delivery->relay,
                           .smtp = smtp_of(delivery),
                           .domain = delivery->domain,
                           .target = &self->route.targets[self->at++],
                           .plain = self->plain};
    self->reused = false;
    self->connection = relay_connection_open(&how, &user, self, delivery);
}

static void route_found(relay_route_t *route) {
    relay_try_t *self = EDGE_CONTAINER(route, relay_try_t, route);
    self->routing = false;
    if (route->count == 0) {
        finish_all(self, &route->trouble);
        return;
    }
    self->at = 0;
    self->troubled = self->unkept = false;
    connect_next(self);
}

static void find_route(relay_try_t *self) {
    edge_delivery_t *delivery = self->delivery;
    self->routing = true;
    self->route.found = route_found;
    relay_route_find(&self->route, delivery->worker, delivery->pool, smtp_of(delivery), delivery->domain,
                     delivery->relay->server_name);
}

static void done(void *owner) {
    relay_try_t *self = owner;
    self->connection = NULL;
    finish(self);
}

/* No host is blamed, for other messages, where one at least has worked. */
static void spare_hosts(relay_try_t *self) {
    if (self->unkept)
        self->why.blame = EDGE_RELAY_MESSAGE;
}

/* REQUIRETLS fails when no host keeps it; one that is out of reach now may do so later. */
static void unkept(void *owner) {
    relay_try_t *self = owner;
    self->connection = NULL;
    if (self->reused) {
        find_route(self);
        return;
    }
    self->unkept = true;
    self->plain = false;
    if (self->troubled)
        spare_hosts(self);
    else
        self->why = self->delivery->results[0];
    connect_next(self);
}

/* The same host once more, in clear text: said once for each delivery that it happens to. */
static void fall_back(relay_try_t *self) {
    self->at--;
    relay_count(RELAY_C_IN_CLEAR, 1);
    relay_log_in_clear(self->delivery->relay->name, &self->why);
}

/* A connection that had waited may have been closed by the other side meanwhile: that says nothing about the host. */
static void useless(void *owner, const edge_relay_result_t *why, bool tls) {
    relay_try_t *self = owner;
    self->connection = NULL;
    self->why = *why;
    if (self->reused) {
        find_route(self);
        return;
    }
    self->troubled = true;
    spare_hosts(self);
    bool again = tls && !self->plain && smtp_of(self->delivery)->encrypt == RELAY_ENCRYPT_OPPORTUNISTIC &&
                 !(self->delivery->envelope->needs & EDGE_CARRIES_REQUIRETLS);
    if (again)
        fall_back(self);
    self->plain = again;
    connect_next(self);
}

static const relay_user_t user = {.done = done, .unkept = unkept, .useless = useless};

static void begin(edge_chore_t *chore, edge_worker_t *worker) {
    relay_try_t *self = EDGE_CONTAINER(chore, relay_try_t, chore);
    edge_delivery_t *delivery = self->delivery;
    if (!delivery) {
        free(self);
        return;
    }
    self->connection = relay_connection_reuse(worker, delivery->relay, delivery->domain, &user, self, delivery);
    self->reused = self->connection != NULL;
    if (!self->connection)
        find_route(self);
}

static void deliver(edge_delivery_t *delivery) {
    relay_try_t *self = calloc(1, sizeof(*self));
    EDGE_ASSERT(self != NULL);
    self->delivery = delivery;
    self->chore.run = begin;
    delivery->hop = self;
    edge_worker_post(delivery->worker, &self->chore);
}

static void cancel(edge_delivery_t *delivery) {
    relay_try_t *self = delivery->hop;
    if (self->routing)
        relay_route_cancel(&self->route);
    if (self->connection)
        relay_connection_abandon(self->connection);
    delivery->hop = NULL;
    end(self);
}

/* Settings */

static bool goes_by_domain(const void *settings) { return ((const relay_smtp_t *)settings)->conf->address_count == 0; }

static relay_smtp_t *prepare(edge_conf_check_t *check, const edge_section_t *handoff, apr_pool_t *pool, bool lmtp) {
    relay_smtp_t *smtp = apr_pcalloc(pool, sizeof(*smtp));
    smtp->conf = edge_section_conf(handoff, &relay_module);
    smtp->lmtp = lmtp;
    smtp->hello = smtp->conf->hello;
    if (!relay_encrypt_prepare(smtp, check, handoff, pool) || !relay_password_prepare(smtp, check, handoff, pool))
        return NULL;
    if (lmtp && smtp->conf->address_count == 0) {
        edge_conf_error_in(check, handoff, "Protocol", "EDG10945",
                           "LMTP knows no other hosts than those that are written: add Address HOST:PORT or "
                           "Address unix:PATH");
        return NULL;
    }
    return smtp;
}

static void *prepare_smtp(edge_conf_check_t *check, const edge_section_t *handoff, apr_pool_t *pool) {
    return prepare(check, handoff, pool, false);
}
static void *prepare_lmtp(edge_conf_check_t *check, const edge_section_t *handoff, apr_pool_t *pool) {
    return prepare(check, handoff, pool, true);
}

static uint32_t lacks(const void *settings) { return relay_encrypt_lacks(settings); }

#define CARRIES (EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8 | EDGE_CARRIES_BINARYMIME | EDGE_CARRIES_DSN)

const edge_relay_provider_t relay_smtp = {
    .name = "smtp",
    .prose = "SMTP to fixed hosts, or to those that the MX records of each recipient's domain name.",
    .prepare = prepare_smtp,
    .carries = CARRIES | EDGE_CARRIES_REQUIRETLS,
    .lacks = lacks,
    .by_domain = goes_by_domain,
    .asks = true,
    .deliver = deliver,
    .cancel = cancel,
};

const edge_relay_provider_t relay_lmtp = {
    .name = "lmtp",
    .prose = "LMTP (RFC 2033) to fixed hosts or a unix socket: an answer for each recipient.",
    .prepare = prepare_lmtp,
    .carries = CARRIES,
    .final = true,
    .asks = true,
    .deliver = deliver,
    .cancel = cancel,
};
