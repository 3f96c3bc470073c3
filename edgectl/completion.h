/*
 * What may stand at the end of an unfinished command line.
 *
 * Concept:  the rows of commands say which words, flags and choices there are; which places
 *           take a name that only the running server knows says a table (completion_names.h).
 * Owner:    the pool of the invocation; words and prose are those of the rows.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   none: where nothing is known, nothing is offered.
 */
#ifndef EDGECTL_COMPLETION_H
#define EDGECTL_COMPLETION_H

#include "invocation.h"

typedef struct ctl_candidate {
    const char *word, *prose; /* prose "": none */
} ctl_candidate_t;

/* Where a name is wanted: behind a flag of the command, or as its argument of this index. */
typedef struct ctl_completion_place {
    const ctl_command_t *command;
    const char *flag; /* NULL: an argument */
    unsigned argument;
} ctl_completion_place_t;

/*
 * Adds what the rows know for `last`, the unfinished word behind `words` (which are without options such as -f).
 * True: the place is one for a value, and is told.
 */
bool ctl_completion_find(const ctl_t *ctl, const apr_array_header_t *words, const char *last,
                         apr_array_header_t *candidates, ctl_completion_place_t *place);
/* Adds the word if it begins as the unfinished one, is not there yet, and means nothing to a shell. */
void ctl_completion_offer(apr_array_header_t *candidates, const char *last, const char *word, const char *prose);

#endif
