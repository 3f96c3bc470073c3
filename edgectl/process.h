/*
 * The server as a process: running edged, finding the parent, signalling it.
 *
 * Concept:  edged is looked for beside edgectl, then on the PATH. The parent is the
 *           process that PidFile names, if that is an edged at all.
 * Owner:    none.
 * Threads:  one.
 * Lifetime: none.
 * Errors:   said on standard error; see each function.
 */
#ifndef EDGECTL_PROCESS_H
#define EDGECTL_PROCESS_H

#include <sys/types.h>

#include "invocation.h"

/* Runs edged with the configuration of this invocation and further options (NULL-terminated), with our standard output and
 * error, and waits. Its exit status; 127 when it cannot be run. */
int ctl_run_edged(ctl_t *ctl, const char *const *options);
/* 0 when no server runs. */
pid_t ctl_find_parent(ctl_t *ctl);
/* CTL_OK, CTL_DENIED or CTL_ERROR. */
ctl_exit_t ctl_signal(pid_t pid, int number);
/* True when the process has gone before `seconds` are over; says after two that it waits. */
bool ctl_wait_gone(pid_t pid, unsigned seconds);

#endif
