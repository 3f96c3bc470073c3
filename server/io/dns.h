/*
 * Starting and stopping the asking of name servers; for the child process.
 *
 * Concept:  settings are given once, then each worker gets a channel of its own
 *           (c-ares, its sockets in the worker's loop) and a cache of its own.
 * Owner:    the child process.
 * Threads:  edge_dns_start and edge_dns_stop while no worker runs; the others on each
 *           worker's own.
 * Lifetime: settings are copied. What a worker has made goes in edge_dns_worker_stop,
 *           after its last session.
 * Errors:   a channel that cannot be made: memory, or descriptors.
 */
#ifndef EDGE_IO_DNS_H
#define EDGE_IO_DNS_H

#include "edge_dns.h"

#define EDGE_DNS_SERVERS_TEXT 1024

typedef struct edge_dns_settings {
    const char *servers;  /* "192.0.2.1:53,[2001:db8::1]:53"; "" = what the system uses */
    edge_mono_t timeout;  /* that a question may take in all, microseconds */
    unsigned tries;       /* how often each server is asked within that */
    unsigned in_flight;   /* questions on their way at a time, per worker */
    unsigned per_session; /* 0 = no bound */
    unsigned cached;      /* answers kept per worker; 0 = none */
    edge_mono_t longest;  /* for which an answer is kept at most, microseconds */
} edge_dns_settings_t;

apr_status_t edge_dns_start(const edge_dns_settings_t *settings);
void edge_dns_stop(void);
apr_status_t edge_dns_worker_start(edge_worker_t *worker);
void edge_dns_worker_stop(edge_worker_t *worker);

#endif
