/* What the files of SMTP and LMTP as next hops share.
 *
 *   route        the hosts that take a destination's mail, in the order in which they are tried (smtp_route.c)
 *   try          a delivery on its way through them (smtp_try.c)
 *   connection   to one of them; kept for a while when it has done its work (smtp_connection.h)
 */
#ifndef EDGE_MODULE_RELAY_SMTP_H
#define EDGE_MODULE_RELAY_SMTP_H

#include "edge_conn.h"
#include "edge_dns.h"
#include "edge_tls.h"
#include "proto/smtp_client.h"
#include "proto/smtp_stuff.h"
#include "relay.h"

/* What `prepare` makes of a <Handoff>. */
typedef struct relay_smtp {
    const relay_conf_t *conf;
    bool lmtp;
    edge_span_t hello;
    relay_encrypt_t encrypt;        /* as written, or what it is when nothing is written */
    const edge_tls_provider_t *tls; /* NULL: without TLS */
    const edge_tls_hop_t *tls_hop;
    edge_span_t password;  /* of AuthUser */
    _Atomic unsigned turn; /* which of several addresses is the first */
} relay_smtp_t;

/* TLS towards next hops (smtp_encrypt.c) */

/* False after a report. */
bool relay_encrypt_prepare(relay_smtp_t *smtp, edge_conf_check_t *check, const edge_section_t *handoff,
                           apr_pool_t *pool);
/* EDGE_CARRIES_REQUIRETLS where that cannot be kept; 0. */
uint32_t relay_encrypt_lacks(const relay_smtp_t *smtp);
/* What the client's machine has to do about it; `plain`: a handshake has failed before. */
edge_smtp_client_tls_t relay_encrypt_rule(const relay_smtp_t *smtp, bool plain);

/* AUTH (smtp_password.c); false after a report. */
bool relay_password_prepare(relay_smtp_t *smtp, edge_conf_check_t *check, const edge_section_t *handoff,
                            apr_pool_t *pool);

/* Routes */

#define RELAY_TARGETS_MOST 24u
#define RELAY_HOSTS_MOST 10u

typedef struct relay_target {
    edge_span_t name; /* as results name it */
    bool named;       /* it is a host name: what its certificate has to say */
    edge_ipaddr_t address;
    uint16_t port;
    const char *path;
} relay_target_t;

typedef struct relay_host {
    edge_span_t name;
    uint16_t preference, port;
} relay_host_t;

typedef struct relay_route relay_route_t;
struct relay_route {
    relay_target_t targets[RELAY_TARGETS_MOST];
    unsigned count; /* 0: `trouble` says why */
    edge_relay_result_t trouble;
    /* On the worker, once; perhaps inside relay_route_find. */
    void (*found)(relay_route_t *route);
    /* Private. */
    edge_dns_question_t question;
    edge_worker_t *worker;
    apr_pool_t *pool;
    const relay_smtp_t *smtp;
    edge_span_t domain, own_name;
    relay_host_t hosts[RELAY_HOSTS_MOST];
    unsigned host_count, host;
    edge_dns_type_t asked;
    bool unknown; /* somebody could not be asked */
};

/* `domain` absent: the addresses of the configuration. All texts are in `pool`. */
void relay_route_find(relay_route_t *route, edge_worker_t *worker, apr_pool_t *pool, const relay_smtp_t *smtp,
                      edge_span_t domain, edge_span_t own_name);
void relay_route_cancel(relay_route_t *route);
/* The hosts of an answer to MX in the order of trying: equal preferences in an order of `random`; without those that are no
 * better than ourselves (RFC 5321 5.1). Pure. */
void relay_route_order(relay_host_t *hosts, unsigned *count, edge_span_t own_name, uint32_t random);

/* Connections */

typedef struct relay_connection relay_connection_t;

/* What a connection tells its user. */
typedef struct relay_user {
    /* The message that was given has all its results, and the connection has let go of it. */
    void (*done)(void *owner);
    /* The same, but it was not even tried: this host does not keep REQUIRETLS, which another one may. */
    void (*unkept)(void *owner);
    /* It is of no use: nothing was answered of the message, if one was given. `tls`: its handshake is the reason. */
    void (*useless)(void *owner, const edge_relay_result_t *why, bool tls);
} relay_user_t;

typedef struct relay_connect {
    edge_worker_t *worker;
    const edge_relay_t *relay;
    const relay_smtp_t *smtp;
    edge_span_t domain; /* what it may be used for again */
    const relay_target_t *target;
    bool plain; /* TLS is not tried */
} relay_connect_t;

/* Begins to connect; the message is given already. */
relay_connection_t *relay_connection_open(const relay_connect_t *how, const relay_user_t *user, void *owner,
                                          edge_delivery_t *delivery);
/* One that waits for work; NULL: there is none. */
relay_connection_t *relay_connection_reuse(edge_worker_t *worker, const edge_relay_t *relay, edge_span_t domain,
                                           const relay_user_t *user, void *owner, edge_delivery_t *delivery);
/* Nobody wants its answers any more. */
void relay_connection_abandon(relay_connection_t *connection);

#endif
