/*
 * Files of lists: read once for everybody who names them, and again when they change.
 *
 * Concept:  a file is known by its path. Its table is the last one that was read without
 *           a fault; a thread looks at all files once a second and takes a change when
 *           two looks in a row have seen the same. It reads aside and swaps a pointer;
 *           whoever asks takes a count, under a lock that is held for two instructions.
 * Owner:    counted by those who named it.
 * Threads:  open, close, start and stop on the loading thread; take by any.
 * Lifetime: from its first edge_lookup_file_open to its last edge_lookup_file_close.
 * Errors:   open: to `complain`. Later: once in the log (EDG00680 to EDG00682), counted,
 *           and the old table stays.
 */
#ifndef EDGE_CORE_LOOKUP_FILE_H
#define EDGE_CORE_LOOKUP_FILE_H

#include "core/lookup_table.h"
#include "edge_followed.h"

typedef struct edge_lookup_file edge_lookup_file_t;

/* NULL after complaints; line 0 is about the file as a whole. `path` is absolute. */
edge_lookup_file_t *edge_lookup_file_open(const char *path, edge_lookup_complain_fn *complain, void *context);
void edge_lookup_file_close(edge_lookup_file_t *file);
/* With a count for the caller. */
edge_lookup_table_t *edge_lookup_file_take(edge_lookup_file_t *file);

/* One look at a file, as the thread does. */
edge_followed_look_t edge_lookup_file_look(edge_lookup_file_t *file);

/* From now on files are looked at. */
apr_status_t edge_lookup_files_start(void);
void edge_lookup_files_stop(void);

#endif
