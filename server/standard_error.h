/*
 * Where the standard error of a detached server leads.
 *
 * Concept:  until the first child serves, whoever started the server reads there why it
 *           did not. Then the descriptor must be let go, or a pipe of the starter would
 *           stay open as long as the server runs; what is still printed there, such as
 *           the diagnostics of a refused reload, belongs into the error log.
 * Owner:    each process its own.
 * Threads:  main.
 * Lifetime: from the first child's readiness on.
 * Errors:   a log that cannot be opened is replaced by /dev/null.
 */
#ifndef EDGE_STANDARD_ERROR_H
#define EDGE_STANDARD_ERROR_H

#include "edge_base.h"

/* `path` absent or empty: standard error is the error log itself and stays as it is. */
void edge_standard_error_to(edge_span_t path);

#endif
