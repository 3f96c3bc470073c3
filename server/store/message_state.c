/* Names of the states a stored message may be in. */
#include "edge_queue.h"

const char *edge_message_state_name(edge_message_state_t state) {
    static const char *const names[] = {
        [EDGE_MESSAGE_ACTIVE] = "active", [EDGE_MESSAGE_DEFERRED] = "deferred", [EDGE_MESSAGE_HELD] = "held",
        [EDGE_MESSAGE_LEASED] = "leased", [EDGE_MESSAGE_DAMAGED] = "damaged",
    };
    return (unsigned)state < EDGE_COUNT(names) ? names[state] : "unknown";
}
