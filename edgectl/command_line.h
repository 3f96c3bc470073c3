/*
 * The command line of edgectl.
 *
 * Concept:  first the options, which say which server and how it is printed; then the
 *           command with its flags and arguments, checked by its row.
 * Owner:    arrays in the invocation's pool; the words stay argv's.
 * Threads:  one.
 * Lifetime: of the process.
 * Errors:   false after it was said what is wrong.
 */
#ifndef CTL_COMMAND_LINE_H
#define CTL_COMMAND_LINE_H

#include "invocation.h"

typedef struct ctl_line {
    int argc;
    const char *const *argv;
    int at;
    apr_array_header_t *words; /* what is no option */
} ctl_line_t;

/* Takes the options; what is none is left in `words`. --help ends the program. */
bool ctl_line_take_options(ctl_t *ctl, ctl_line_t *line);
/* Completes what options left open: absolute paths, and which server is asked. */
bool ctl_line_settle(ctl_t *ctl);
/* Finds the command in `words`, and takes its flags and arguments. */
bool ctl_line_take_command(ctl_t *ctl, const ctl_line_t *line);

#endif
