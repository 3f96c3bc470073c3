/*
 * Finding the row of a command.
 *
 * Concept:  one or two words name a command; a group that is a command too stands alone.
 * Owner:    the rows are static.
 * Threads:  one.
 * Lifetime: of the call.
 * Errors:   NULL, and what is said of it on standard error.
 */
#ifndef CTL_COMMAND_FIND_H
#define CTL_COMMAND_FIND_H

#include "invocation.h"

/* `second` is NULL when there is no second word; told is how many of both are the command's. */
const ctl_command_t *ctl_command_find(const ctl_t *ctl, const char *first, const char *second, unsigned *words);
/* That there is none, and what was perhaps meant. */
void ctl_command_say_unknown(const ctl_t *ctl, const char *first, const char *second);

#endif
