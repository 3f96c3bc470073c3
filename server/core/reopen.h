/*
 * The child's end of the channel to the parent, beside edge_reopen.h.
 *
 * Concept:  packets over a socket pair: a letter and a text. The answer to OPEN and to
 *           LISTEN is an errno as an int, and with 0 a descriptor beside it.
 * Owner:    the child.
 * Threads:  use and seal on the main thread, before any other runs.
 * Lifetime: of the child.
 * Errors:   a channel that broke is not used again.
 */
#ifndef EDGE_CORE_REOPEN_H
#define EDGE_CORE_REOPEN_H

#include "edge_reopen.h"

#define EDGE_REOPEN_ALLOW 'A'  /* path: may be asked for */
#define EDGE_REOPEN_SEAL 'S'   /* no more names */
#define EDGE_REOPEN_OPEN 'O'   /* path: open it */
#define EDGE_REOPEN_LISTEN 'L' /* ADDRESS:PORT: a listening socket; before SEAL */
#define EDGE_REOPEN_PATH_MOST 4096

/* The child's descriptor of the pair; -1: there is no parent. */
void edge_reopen_use(int channel);
/* From now on nothing more can be allowed; before the child becomes User. */
void edge_reopen_seal(void);
/* A socket that the parent has bound to `address` (as Listen takes it) and keeps; only before the seal. APR_ENOSPC: the
 * parent has no room for one more. */
apr_status_t edge_reopen_listen(const char *address, int *fd);

#endif
