/*
 * The core's own calls beside edge_tokens.h.
 *
 * Concept:  the configuration says which file; the child watches it.
 * Owner:    the core.
 * Threads:  use, start and stop on the main thread; look on the watching one.
 * Lifetime: of the child.
 * Errors:   logged.
 */
#ifndef EDGE_CORE_TOKENS_H
#define EDGE_CORE_TOKENS_H

#include "core/token_table.h"
#include "edge_followed.h"

/* Takes the file, what it holds, and the state it was read in; NULL: there is no TokenFile. */
void edge_tokens_use(const char *path, edge_token_table_t *table, edge_file_stamp_t stamp);
apr_status_t edge_tokens_start(void);
void edge_tokens_stop(void);

/* One look at the file. */
edge_followed_look_t edge_tokens_look(void);
/* Writes days of use that the file does not know. */
void edge_tokens_keep_days(void);

#endif
