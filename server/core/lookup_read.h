/*
 * Reading a list's file into a table.
 *
 * Concept:  the whole file at once, with the stamp of what was read.
 * Owner:    the caller gets the table's count.
 * Threads:  any that may block.
 * Lifetime: none.
 * Errors:   NULL after complaints; line 0 is about the file as a whole.
 */
#ifndef EDGE_CORE_LOOKUP_READ_H
#define EDGE_CORE_LOOKUP_READ_H

#include "core/lookup_table.h"
#include "edge_reopen.h"

#define EDGE_LOOKUP_FILE_MOST ((off_t)512 * 1024 * 1024)

edge_lookup_table_t *edge_lookup_read_file(const char *path, edge_file_stamp_t *stamp,
                                           edge_lookup_complain_fn *complain, void *context);

#endif
