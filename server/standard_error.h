/*
 * Where the standard error of a detached server leads.
 *
 * Concept:  until the first child serves, whoever started the server reads there why it
 *           did not. Then the descriptor must be let go, or a pipe of the starter would
 *           stay open as long as the server runs; what is still printed there, such as
 *           the diagnostics of a refused reload, belongs into the error log.
 * Owner:    each process its own.
 * Threads:  main.
 * Lifetime: from the first child's readiness on; again whenever the log is another file.
 * Errors:   none.
 */
#ifndef EDGE_STANDARD_ERROR_H
#define EDGE_STANDARD_ERROR_H

#include "edge_base.h"

/* To the file that the error log is now; when that is standard error itself it stays as it is. */
void edge_standard_error_follow(void);

#endif
