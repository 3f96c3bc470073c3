/*
 * The source of edged(8).
 *
 * Concept:  options are printed from the rows that the command line is read by; the rest
 *           says what a running server can be told, and where its files are.
 * Owner:    static.
 * Threads:  one.
 * Lifetime: of the process.
 * Errors:   those of the stream.
 */
#ifndef EDGE_MANUAL_H
#define EDGE_MANUAL_H

#include <apr_getopt.h>
#include <stdio.h>

/* `options` ends with a row without a name. */
void edge_manual_print(const apr_getopt_option_t *options, FILE *out);

#endif
