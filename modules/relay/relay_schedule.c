/* When a message is tried again. */
#include "relay.h"

#define JITTER 10u /* per cent, either way: what failed together does not come back together */

edge_mono_t relay_schedule_delay(const edge_mono_t *retries, unsigned count, uint32_t attempts, uint32_t random) {
    unsigned index = attempts == 0 ? 0 : attempts - 1 < count ? attempts - 1 : count - 1;
    edge_mono_t delay = retries[index], range = delay * JITTER * 2 / 100;
    return delay - range / 2 + (range > 0 ? (edge_mono_t)(random % (uint64_t)range) : 0);
}
