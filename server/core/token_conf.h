/*
 * Which file TokenFile says, and what it holds.
 *
 * Concept:  there is one token file, whoever asks for tokens.
 * Owner:    the core.
 * Threads:  the one that reads the configuration.
 * Lifetime: of the call; the tokens are in force then.
 * Errors:   reported: a file that others may read, lines that are none.
 */
#ifndef EDGE_CORE_TOKEN_CONF_H
#define EDGE_CORE_TOKEN_CONF_H

#include "edge_conf.h"

void edge_token_conf_load(edge_conf_check_t *check, const edge_snapshot_t *snapshot, apr_pool_t *pool);

#endif
