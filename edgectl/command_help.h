/*
 * The help of edgectl.
 *
 * Concept:  printed from the rows of commands.
 * Owner:    the caller.
 * Threads:  one.
 * Lifetime: of the call.
 * Errors:   none.
 */
#ifndef CTL_COMMAND_HELP_H
#define CTL_COMMAND_HELP_H

#include "invocation.h"

#include <stdio.h>

/* All commands and the exit codes. */
void ctl_print_help(const ctl_t *ctl, FILE *out);
/* The source of edgectl(8). */
void ctl_print_manual(const ctl_t *ctl, FILE *out);

#endif
