/*
 * Tickets: the one way to wait.
 *
 * Concept:  whoever must wait takes a ticket, a plain integer made of worker, slot
 *           and generation. Any thread may resume it once with a small result by
 *           value; the mailbox brings the result to the owner's loop. A ticket
 *           that was dropped or already used is stale: resuming it is counted
 *           (EDGE_C_TICKETS_STALE) and does nothing, so cancelling needs no
 *           handshake.
 * Owner:    the worker owns the slots, the taker the right to drop.
 * Threads:  take and drop on the owner's thread; resume anywhere.
 * Lifetime: until resumed, dropped or past its deadline (resumed with APR_TIMEUP).
 * Errors:   resume returns false when the ticket is stale.
 */
#ifndef EDGE_TICKET_H
#define EDGE_TICKET_H

#include "edge_worker.h"

typedef uint64_t edge_ticket_t;
#define EDGE_NO_TICKET ((edge_ticket_t)0)

typedef struct edge_result {
    apr_status_t status; /* APR_SUCCESS, APR_TIMEUP at the deadline, or the resumer's */
    uint32_t code;       /* meaning agreed between taker and resumer */
    void *data;          /* the same; ownership passes only when resume returned true */
} edge_result_t;

typedef void edge_ticket_fn(void *owner, edge_result_t result);

/* `deadline` 0 = none. The callback runs once on this worker, never inside this call. */
EDGE_API edge_ticket_t edge_ticket_take(edge_worker_t *worker, edge_ticket_fn *resumed, void *owner,
                                        edge_mono_t deadline);
/* The callback will not run any more. EDGE_NO_TICKET and stale tickets are ignored. */
EDGE_API void edge_ticket_drop(edge_worker_t *worker, edge_ticket_t ticket);
EDGE_API bool edge_ticket_resume(edge_ticket_t ticket, edge_result_t result);
/* The same for a result whose data must not be lost: when the ticket is dropped while the result is on its way
 * (resume has returned true, the callback will not run), `discard` gets the data, on the owner's thread. */
EDGE_API bool edge_ticket_resume_owned(edge_ticket_t ticket, edge_result_t result, void (*discard)(void *data));

#endif
