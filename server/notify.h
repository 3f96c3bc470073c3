/*
 * Telling the service manager how the server is: sd_notify(3) without its library.
 *
 * Concept:  lines NAME=VALUE in one datagram to the address that NOTIFY_SOCKET names, a
 *           path or, with @ in front, an abstract name. WATCHDOG_USEC says how often the
 *           manager wants to hear that all is well. The variables are taken out of the
 *           environment, so that no child speaks for the server.
 * Owner:    supervise.c, one.
 * Threads:  the parent's only one.
 * Lifetime: of the parent.
 * Errors:   without a manager, or with one that does not listen, nothing is said: a
 *           server that serves does not stop for that.
 */
#ifndef EDGE_NOTIFY_H
#define EDGE_NOTIFY_H

#include <sys/un.h>

#include "edge_clock.h"

typedef struct edge_notify {
    int socket; /* -1: there is no manager */
    struct sockaddr_un to;
    unsigned to_len;
    edge_mono_t watchdog; /* microseconds, within which the manager waits for a sign of life; 0: it does not */
} edge_notify_t;

void edge_notify_open(edge_notify_t *notify);
void edge_notify_close(edge_notify_t *notify);
/* It serves; `status` is one line for people. */
void edge_notify_ready(const edge_notify_t *notify, const char *status);
void edge_notify_reloading(const edge_notify_t *notify);
/* It stops, and wants to be left alone for so long. */
void edge_notify_stopping(const edge_notify_t *notify, edge_mono_t patience);
void edge_notify_status(const edge_notify_t *notify, const char *status);
void edge_notify_alive(const edge_notify_t *notify);

#endif
