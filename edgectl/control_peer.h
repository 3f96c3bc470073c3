/*
 * The way to the server: its control socket, or HTTP over TCP.
 *
 * Concept:  a stream of octets to whoever answers the API: by the control socket of the
 *           configuration, or where --url says, by TLS for https. A token goes along
 *           over TCP, and never in clear text to another machine.
 * Owner:    the pool; close ends it.
 * Threads:  one.
 * Lifetime: of one exchange.
 * Errors:   open returns CTL_UNREACHABLE and CTL_DENIED for the control socket without a
 *           word, since the caller may know another way; all else is said.
 */
#ifndef EDGECTL_CONTROL_PEER_H
#define EDGECTL_CONTROL_PEER_H

#include <sys/types.h>

#include "invocation.h"

typedef struct ctl_peer ctl_peer_t;

/* What --url and its environment say, read before anything is asked. False: it is said what is wrong. */
bool ctl_peer_settle(ctl_t *ctl);
ctl_exit_t ctl_peer_open(ctl_t *ctl, ctl_peer_t **peer);
/* Octets that were moved; 0: the end; -1: trouble. */
ssize_t ctl_peer_send(ctl_peer_t *peer, const char *bytes, size_t len);
ssize_t ctl_peer_receive(ctl_peer_t *peer, char *into, size_t size);
void ctl_peer_close(ctl_peer_t *peer);

/* For the request: Host, what stands in front of each target, and the token (NULL: none). */
const char *ctl_peer_host(const ctl_t *ctl);
const char *ctl_peer_prefix(const ctl_t *ctl);
const char *ctl_peer_token(const ctl_t *ctl);
/* The server, as trouble names it. */
const char *ctl_peer_name(ctl_t *ctl);

#endif
