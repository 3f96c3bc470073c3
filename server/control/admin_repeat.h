/*
 * Idempotency-Key: a change that is asked for again under its key is not made again.
 *
 * Concept:  a client that has lost an answer asks once more with the same key, and gets
 *           the answer that was given. Keys belong to who asks; under one key only the
 *           same request is answered so. Dry runs and routes for everybody know no keys.
 * Owner:    the parent maps the places before its first fork: a reload, which ends the
 *           connection it was asked for on, can be asked for again.
 * Threads:  any; one robust lock.
 * Lifetime: EDGE_ADMIN_REPEAT_KEPT after the answer, and the last EDGE_ADMIN_REPEATS keys
 *           at most.
 * Errors:   answered as problems: 400 for a key that is none, 409 while the first is under
 *           way or when its answer was not kept, 422 for another request under the key.
 */
#ifndef EDGE_CONTROL_ADMIN_REPEAT_H
#define EDGE_CONTROL_ADMIN_REPEAT_H

#include "control/admin.h"
#include "edge_keyed_hash.h"

#define EDGE_ADMIN_REPEATS 256u
#define EDGE_ADMIN_REPEAT_KEPT EDGE_SECONDS(600)
#define EDGE_ADMIN_REPEAT_KEY_MOST 128u
#define EDGE_ADMIN_REPEAT_ANSWER_MOST 16384u

/* Between begin and end of one request. */
typedef struct edge_admin_repeat {
    bool keyed;
    edge_keyed_hash_t key;
} edge_admin_repeat_t;

apr_status_t edge_admin_repeat_map(void);
/* False: it is answered already. */
bool edge_admin_repeat_begin(edge_admin_repeat_t *repeat, const edge_admin_request_t *request,
                             const edge_admin_call_t *call, edge_mono_t now, edge_admin_answer_t *answer);
/* Keeps the answer, which is whole; one that says that the server failed is forgotten: it may be tried again. */
void edge_admin_repeat_end(const edge_admin_repeat_t *repeat, const edge_admin_request_t *request, edge_mono_t now,
                           edge_admin_answer_t *answer);

#endif
