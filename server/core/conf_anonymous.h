/*
 * A configuration that can be shown to strangers: names and addresses are hidden.
 *
 * Concept:  host names, mail addresses and IP addresses in a value give way to words that
 *           say what stood there; the same one always to the same word, within one dump.
 *           Numbers, keywords, paths, and addresses of every machine (loopback, any) stay.
 * Owner:    the key is the caller's, made anew for each dump: without it nobody can try
 *           names out.
 * Threads:  any.
 * Lifetime: results live in the pool.
 * Errors:   none; what looks like none of these stays as it is.
 */
#ifndef EDGE_CORE_CONF_ANONYMOUS_H
#define EDGE_CORE_CONF_ANONYMOUS_H

#include "edge_keyed_hash.h"

const char *edge_conf_anonymous(const char *value, edge_keyed_hash_t key, apr_pool_t *pool);

#endif
