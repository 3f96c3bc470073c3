/*
 * A file of secrets that a person changes: its trouble, in words.
 *
 * Concept:  edge_locked_file.h, with what is wrong said on standard error, also that the
 *           server will refuse the file because everybody can read it.
 * Owner:    the caller's struct.
 * Threads:  one.
 * Lifetime: open to close.
 * Errors:   said; the exit code says what kind.
 */
#ifndef EDGECTL_SECRET_FILE_H
#define EDGECTL_SECRET_FILE_H

#include "edge_locked_file.h"
#include "invocation.h"

ctl_exit_t ctl_secret_file_open(edge_locked_file_t *file, const char *path, edge_locked_file_use_t use);
/* CTL_OK for APR_SUCCESS; else the trouble is said. */
ctl_exit_t ctl_secret_file_said(const char *path, apr_status_t status);

#endif
