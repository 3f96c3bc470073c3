/*
 * The rows of all commands.
 *
 * Concept:  words, arguments, flags, function and prose of each; dispatch, help and
 *           suggestions read them.
 * Owner:    static.
 * Threads:  any.
 * Lifetime: of the process.
 * Errors:   none.
 */
#ifndef CTL_COMMAND_ROWS_H
#define CTL_COMMAND_ROWS_H

#include "invocation.h"

/* Ends with name NULL. */
extern const ctl_command_t ctl_command_rows[];

#endif
