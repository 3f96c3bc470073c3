/*
 * The server's tokens: who may use its API or hand in mail by showing one.
 *
 * Concept:  TokenFile holds them (proto/token_file.h); `edgectl token` changes the file,
 *           with or without a server, and so does the API, by the calls below. The file
 *           is read again when it has changed: what is made or revoked counts within a
 *           second. A file that does not exist yet holds no tokens.
 * Owner:    the core. Facts are values; a list is the caller's pool's.
 * Threads:  check and count on any thread, workers' too: one SHA-256 and one walk over the
 *           tokens in memory, no file. create, revoke and list block.
 * Lifetime: from the reading of the configuration to the end of the child.
 * Errors:   of a changed file that cannot be read, or has a line that is none: they are
 *           logged, and the tokens that were good stay good.
 */
#ifndef EDGE_TOKENS_H
#define EDGE_TOKENS_H

#include <apr_tables.h>
#include <apr_time.h>

#include "edge_conf.h"
#include "edge_ipaddr.h"
#include "edge_token.h"

#define EDGE_TOKENS_MOST 1000 /* in one file */

typedef struct edge_token_facts {
    char name[64 + 1];
    edge_token_role_t role;
    apr_time_t created, expires; /* 0: not known; never */
    bool bound;                  /* good from `network` only */
    edge_ipaddr_t network;
    unsigned bits;
    int32_t used; /* day, counted from 1970-01-01; -1: never. The file learns of it a little later */
} edge_token_facts_t;

typedef enum edge_token_verdict {
    EDGE_TOKEN_OK,
    EDGE_TOKEN_UNKNOWN,
    EDGE_TOKEN_EXPIRED,
    EDGE_TOKEN_WRONG_SOURCE
} edge_token_verdict_t;

/* `facts` is filled in unless UNKNOWN. Takes as long for every token, known or not. What it may do is for the caller to see:
 * the peer should learn no difference between the last three. */
EDGE_API edge_token_verdict_t edge_token_check(edge_span_t token, edge_ipaddr_t from, apr_time_t now,
                                               edge_token_facts_t *facts);
/* How many there are, expired ones too; also while a configuration is tested. */
EDGE_API unsigned edge_tokens_count(void);
/* The same of one role. */
EDGE_API unsigned edge_tokens_count_of(edge_token_role_t role);
/* The file's path. */
EDGE_API const char *edge_tokens_path(void);
/* Of edge_token_facts_t, in the order of the file. */
EDGE_API apr_array_header_t *edge_tokens_list(apr_pool_t *pool);

/* `facts` says name, role, expires, bound, network, bits; the rest is filled in. The token counts when the call returns.
 * APR_EEXIST: there is one of that name. APR_EINVAL: the name may be none (edge_token_file_name). APR_ENOENT: no
 * directory for the file. APR_ENOSPC: EDGE_TOKENS_MOST. APR_EACCES: the file belongs to somebody else; edgectl makes tokens then.
 * APR_EGENERAL: the file has a line that is none, which is logged. */
EDGE_API apr_status_t edge_tokens_create(edge_token_facts_t *facts, char token[EDGE_TOKEN_TEXT]);
/* APR_NOTFOUND: there is none of that name. */
EDGE_API apr_status_t edge_tokens_revoke(edge_span_t name);

#endif
