/*
 * Credentials made of a password.
 *
 * Concept:  a method is a row. `scram` is the default: its verifier serves SCRAM and
 *           a password sent in full, and does not tell the password.
 * Owner:    the pool.
 * Threads:  one.
 * Lifetime: of the pool; what holds a clear secret is for the caller to wipe.
 * Errors:   said on standard error.
 */
#ifndef EDGECTL_PASSWD_MAKE_H
#define EDGECTL_PASSWD_MAKE_H

#include "edge_password.h"

/* "scram, yescrypt, ..." */
const char *ctl_passwd_methods(apr_pool_t *pool);
/* Reads "METHOD[,METHOD...]"; false after it has said what is wrong. */
bool ctl_passwd_method_bits(const char *list, unsigned *bits, apr_pool_t *pool);
/* Whether every one of the methods takes the whole password; false after it has said which one does not. */
bool ctl_passwd_suits(unsigned methods, const char *password);
/* Lines USER:CREDENTIAL[:IDENTITY], one for each method; at = NULL after it has said what is wrong. */
edge_span_t ctl_passwd_lines(const char *user, edge_span_t identity, const char *password, unsigned methods,
                             uint32_t iterations, apr_pool_t *pool);
/* Whether the password fits what a line keeps. */
struct edge_password_line;
bool ctl_passwd_fits(const struct edge_password_line *line, const char *password, apr_pool_t *pool);
/* The method's name, "scram" or "yescrypt"; for other hashes how they begin, "$5$". */
const char *ctl_passwd_kind(const struct edge_password_line *line, apr_pool_t *pool);

#endif
