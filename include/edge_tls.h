/*
 * Encryption as the core and the protocols see it; a module brings it.
 *
 * Concept:  a module for TLS gives a transport (edge_transport.h) and says for each
 *           listener when it is used. STARTTLS is the protocol's: it puts the
 *           transport on an open connection. What the handshake came to is asked of
 *           the transport's state and stands in the session. Towards next hops it gives
 *           the client's side: a transport that verifies certificates and names.
 * Owner:    provider kind "tls"; the listener's part belongs to the snapshot.
 * Threads:  prepare while loading; the rest on the connection's worker.
 * Lifetime: version and cipher are static; the other texts of facts live as long as the
 *           transport's state, so the session copies them.
 * Errors:   prepare reports to the check and gives NULL.
 */
#ifndef EDGE_TLS_H
#define EDGE_TLS_H

#include "edge_conf.h"
#include "edge_transport.h"

typedef enum edge_tls_mode { EDGE_TLS_OFF, EDGE_TLS_STARTTLS, EDGE_TLS_IMMEDIATE } edge_tls_mode_t;

/* As it is written in a configuration: "off", "starttls", "immediate". */
EDGE_API const char *edge_tls_mode_name(edge_tls_mode_t mode);

/* What is refused with 530 5.7.0 before TLS: nothing, AUTH, or every command but EHLO, HELO, STARTTLS, NOOP and QUIT. */
typedef enum edge_tls_require {
    EDGE_TLS_REQUIRE_NOTHING,
    EDGE_TLS_REQUIRE_AUTH,
    EDGE_TLS_REQUIRE_ALL
} edge_tls_require_t;

typedef struct edge_tls_listener {
    edge_tls_mode_t mode;
    edge_tls_require_t require;
    const edge_transport_t *transport;
    const void *settings; /* goes to edge_conn_set_transport with it */
} edge_tls_listener_t;

typedef struct edge_tls_facts {
    const char *version;        /* "TLSv1.3"; NULL: no TLS */
    const char *cipher;         /* "TLS_AES_256_GCM_SHA384" */
    const char *sni;            /* the name the client asked for; NULL */
    const char *client_subject; /* of a verified client certificate (RFC 4514); NULL */
    const char *client_name;    /* who that certificate speaks for: its first rfc822Name, else its common name; NULL */
    bool resumed;
    bool verified; /* towards a next hop: its certificate is believed and names it */
} edge_tls_facts_t;

/* Towards next hops: what all connections of a <Handoff> share, frozen while loading. */
typedef struct edge_tls_hop edge_tls_hop_t;

/* What it is made of; files in PEM form. */
typedef struct edge_tls_hop_files {
    const char *authorities;       /* NULL: the system's store */
    const char *certificate, *key; /* our own, for a next hop that asks for one; NULL: none */
} edge_tls_hop_files_t;

/* One connection to a next hop: the `settings` of `hop_transport`. Its owner keeps it until the connection is closed. */
typedef struct edge_tls_towards {
    const edge_tls_hop_t *hop;
    const char *name; /* host name or IP address that the certificate has to name; NULL: it can name nobody */
    char why[160];    /* out: why the handshake failed, in the words of the library */
} edge_tls_towards_t;

#define EDGE_TLS_EXPORTER_SIZE 32

/* A certificate in use. */
typedef struct edge_tls_certificate {
    const char *context; /* the <TLSContext> */
    const char *file;    /* as it is configured */
    apr_time_t not_after;
} edge_tls_certificate_t;

typedef struct edge_tls_provider {
    const char *name;
    /* While loading: what the listener's TLS directive says; NULL without it or `off`, or when an error was reported. */
    const edge_tls_listener_t *(*prepare)(edge_conf_check_t *check, const edge_section_t *listener, apr_pool_t *pool);
    /* After the handshake; `state` is the transport's. */
    void (*facts)(void *state, edge_tls_facts_t *facts);
    /* Channel binding tls-exporter (RFC 9266); false below TLS 1.3. */
    bool (*exporter)(void *state, uint8_t out[EDGE_TLS_EXPORTER_SIZE]);
    /* All certificates in use, on any thread; NULL: it does not tell. */
    void (*certificates)(void (*visit)(void *context, const edge_tls_certificate_t *certificate), void *context);
    /* The <TLSContext> of a listener. */
    const char *(*context_of)(const edge_tls_listener_t *listener);
    /* While loading: the client's side for a <Handoff>. With `verify` a certificate that is not believed, or names
     * another, ends the handshake. NULL after a report. */
    const edge_tls_hop_t *(*hop_prepare)(edge_conf_check_t *check, const edge_section_t *handoff,
                                         const edge_tls_hop_files_t *files, bool verify, apr_pool_t *pool);
    const edge_transport_t *hop_transport;
} edge_tls_provider_t;

/* What a loaded module gives; NULL without one. */
EDGE_API const edge_tls_provider_t *edge_tls_provider(void);

#endif
