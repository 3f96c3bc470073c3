/* Figures of the admin's server: failures to say who one is, streams that are open. */
#include "admin.h"

static const edge_counter_row_t failures_row = {"admin_auth_failures_total", EDGE_COUNTER_TOTAL,
                                                "Requests of the admin's server refused for who sent them, by reason."};
static const edge_counter_row_t streams_row = {"admin_streams_active", EDGE_COUNTER_GAUGE,
                                               "Streams of events that are open by the admin's server."};

static const char *const reasons[] = {
    [ADMIN_FAILURE_MISSING] = "reason=\"missing\"", [ADMIN_FAILURE_UNKNOWN] = "reason=\"unknown\"",
    [ADMIN_FAILURE_EXPIRED] = "reason=\"expired\"", [ADMIN_FAILURE_SOURCE] = "reason=\"source\"",
    [ADMIN_FAILURE_SESSION] = "reason=\"session\"", [ADMIN_FAILURE_TICKET] = "reason=\"ticket\"",
    [ADMIN_FAILURE_ROLE] = "reason=\"role\"",       [ADMIN_FAILURE_CSRF] = "reason=\"csrf\"",
};

/* 1-based; 0: not made yet, or there was no room. */
static unsigned failures, streams;

void admin_figures_make(void) {
    unsigned slot;
    if (edge_counter_register_series("admin", &failures_row, reasons, EDGE_COUNT(reasons), &slot) == APR_SUCCESS)
        failures = slot + 1;
    if (edge_counter_register("admin", &streams_row, 1, &slot) == APR_SUCCESS)
        streams = slot + 1;
}

void admin_figures_failed(admin_failure_t failure) {
    if (failures)
        edge_counter_add(failures - 1 + failure, 1);
}

void admin_figures_streams(int more) {
    if (streams)
        edge_counter_add(streams - 1, more);
}
