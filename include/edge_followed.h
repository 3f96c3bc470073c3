/*
 * Following a file: taking it anew when somebody has changed it.
 *
 * Concept:  whoever follows a file looks at it now and then. A change is taken when two
 *           looks in a row have seen the same, for an editor may be writing; a state that
 *           was refused is not tried again before it changes; and of what is wrong with
 *           it, the first few faults go to the error log.
 * Owner:    the follower, who also keeps the lock if there is one.
 * Threads:  one at a time; any that may block, for looking may ask the parent.
 * Lifetime: from edge_followed_took on, as long as its owner likes.
 * Errors:   a file that is refused leaves what was read of it before.
 */
#ifndef EDGE_FOLLOWED_H
#define EDGE_FOLLOWED_H

#include "edge_log.h"
#include "edge_reopen.h"

typedef struct edge_followed {
    edge_file_stamp_t loaded, seen, refused;
    bool refusing; /* `refused` is set: that state has been complained about */
} edge_followed_t;

typedef enum edge_followed_look {
    EDGE_FOLLOWED_SAME,
    EDGE_FOLLOWED_CHANGING,
    EDGE_FOLLOWED_TAKEN,
    EDGE_FOLLOWED_REFUSED
} edge_followed_look_t;

/* The file was read in this state. */
EDGE_API void edge_followed_took(edge_followed_t *followed, edge_file_stamp_t stamp);
/* `read` reads it, and says in which state it was; false: it is refused. */
EDGE_API edge_followed_look_t edge_followed_look(edge_followed_t *followed, const char *path,
                                                 bool (*read)(void *context, edge_file_stamp_t *stamp), void *context);

/* Faults of one reading: those of lines are logged with `number`, those of the whole with the next one. */
typedef struct edge_file_faults {
    edge_log_area_t *area;
    unsigned number;
    const char *path;
    unsigned count; /* so far; of them the first few are logged */
} edge_file_faults_t;

/* `context` is an edge_file_faults_t; line 0: of the file as a whole. */
EDGE_API void edge_file_fault(void *context, unsigned line, const char *what);

#endif
