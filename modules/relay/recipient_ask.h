/*
 * A validator of recipients that asks the next hop whether it would take them.
 *
 *     <Validator there>
 *         Module      relay_module
 *         NextHopOf   inside              # a <Queue> whose next hop knows its recipients
 *         Remember    taken=1h refused=5m most=10000
 *         WhenDown    tempfail            # or pass: to a queue that has a spool, or falls back to one
 *     </Validator>
 *     <Listener mx>
 *         <On RCPT>
 *             Validate there
 *         </On>
 *     </Listener>
 */
#ifndef EDGE_MODULE_RECIPIENT_ASK_H
#define EDGE_MODULE_RECIPIENT_ASK_H

#include "recipient_memory.h"
#include "relay.h"

enum recipient_when_down { RECIPIENT_DOWN_TEMPFAIL, RECIPIENT_DOWN_PASS };

typedef struct recipient_conf {
    edge_span_t queue;
    edge_mono_t wait;
    edge_mono_t taken, refused; /* how long it is remembered; 0: not */
    uint64_t most;
    int when_down;
    recipient_memory_t *memory;
    _Atomic edge_mono_t *down_until; /* the next hop is not asked */
    const edge_relay_t *relay;       /* found by recipient_conf_check */
} recipient_conf_t;

/* Rows of mod_relay */
extern const edge_check_row_t recipient_checks[];
extern const char *const recipient_down_words[], *const recipient_remember_words[];
bool recipient_conf_remember(const edge_conf_line_t *line, void *to);
/* All <Validator> sections of this module. */
void recipient_conf_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot);

#endif
