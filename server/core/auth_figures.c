/* How long credentials take, by mechanism. */
#include "core/auth_figures.h"

#include <stdio.h>
#include <string.h>

#include "edge_histogram.h"

const char *const edge_auth_mechanism_words[] = {
    "PLAIN",    "LOGIN",       "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
    "EXTERNAL", "OAUTHBEARER", "OTHER",    NULL};

static edge_histogram_t durations[EDGE_COUNT(edge_auth_mechanism_words) - 1];

unsigned edge_auth_mechanism_word(const char *mechanism) {
    unsigned i = 0;
    while (edge_auth_mechanism_words[i + 1] && strcmp(edge_auth_mechanism_words[i], mechanism) != 0)
        i++;
    return i;
}

void edge_auth_figures_make(void) {
    static const edge_histogram_row_t row = {
        "auth_duration_seconds", EDGE_BOUNDS_OPERATION,
        "How long the server took for exchanges of credentials, without waiting for clients."};
    for (unsigned i = 0; i < EDGE_COUNT(durations); i++) {
        char label[64];
        snprintf(label, sizeof(label), "mechanism=\"%s\"", edge_auth_mechanism_words[i]);
        edge_histogram_make(&durations[i], "core", &row, label);
    }
}

void edge_auth_figures_observe(const char *mechanism, edge_mono_t took) {
    edge_histogram_observe(&durations[edge_auth_mechanism_word(mechanism)], took);
}
