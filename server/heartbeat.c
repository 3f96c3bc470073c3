/* Sends a letter to every worker and sees whether all were delivered. */
#include "heartbeat.h"

#include <stdatomic.h>

#include "edge_worker.h"

static edge_letter_t letters[EDGE_WORKERS_MOST];
static _Atomic unsigned under_way;

static void delivered(edge_letter_t *letter, edge_worker_t *worker) {
    (void)letter;
    (void)worker;
    atomic_fetch_sub(&under_way, 1);
}

bool edge_heartbeat(void) {
    if (atomic_load(&under_way) > 0)
        return false;
    for (unsigned i = 0; i < EDGE_WORKERS_MOST; i++) {
        edge_worker_t *worker = edge_worker_at(i);
        if (!worker)
            continue;
        letters[i].deliver = delivered;
        atomic_fetch_add(&under_way, 1);
        edge_worker_send(worker, &letters[i]);
    }
    return true;
}
