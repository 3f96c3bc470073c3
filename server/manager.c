/* Decides what the service manager is told and when. */
#include "manager.h"

#include <stdio.h>

#include "core/listener_counters.h"
#include "edge_counter.h"

#define STATUS_EVERY EDGE_SECONDS(10)

void edge_manager_open(edge_manager_t *manager) {
    *manager = (edge_manager_t){.refused = false};
    edge_notify_open(&manager->notify);
}

edge_mono_t edge_manager_heartbeat(const edge_manager_t *manager) { return manager->notify.watchdog / 8; }

static void describe(edge_manager_t *manager, uint64_t generation, char *out, size_t size) {
    edge_mono_t now = edge_clock_mono(), since = manager->counted_at ? now - manager->counted_at : 0;
    int64_t accepted = edge_listener_taken(NULL);
    double rate = since > 0 ? (double)(accepted - manager->accepted) * 1e6 / (double)since : 0;
    snprintf(out, size, "%lld sessions, %.1f messages/s, generation %llu%s",
             (long long)edge_listener_counted(NULL, EDGE_LC_ACTIVE, -1), rate, (unsigned long long)generation,
             manager->refused ? "; the last reload was refused" : "");
    manager->accepted = accepted;
    manager->counted_at = now;
    manager->status_at = now + STATUS_EVERY;
}

void edge_manager_ready(edge_manager_t *manager, uint64_t generation, bool refused) {
    char state[160];
    if (manager->notify.socket < 0)
        return;
    manager->refused = refused;
    describe(manager, generation, state, sizeof(state));
    edge_notify_ready(&manager->notify, state);
    if (manager->notify.watchdog && manager->alive_at == 0)
        manager->alive_at = manager->counted_at;
}

void edge_manager_reloading(edge_manager_t *manager) { edge_notify_reloading(&manager->notify); }

/* No status any more: it would hide that the server stops. */
void edge_manager_stopping(edge_manager_t *manager, edge_mono_t patience) {
    edge_notify_stopping(&manager->notify, patience);
    manager->status_at = 0;
}

void edge_manager_turn(edge_manager_t *manager, uint64_t generation, bool *alive) {
    char state[160];
    edge_mono_t now = edge_clock_mono();
    if (manager->status_at && now >= manager->status_at) {
        describe(manager, generation, state, sizeof(state));
        edge_notify_status(&manager->notify, state);
    }
    if (manager->alive_at && now >= manager->alive_at) {
        if (*alive)
            edge_notify_alive(&manager->notify);
        *alive = false;
        manager->alive_at = now + manager->notify.watchdog / 4;
    }
}

edge_mono_t edge_manager_next(const edge_manager_t *manager) {
    edge_mono_t a = manager->status_at, b = manager->alive_at;
    return a == 0 || (b != 0 && b < a) ? b : a;
}
