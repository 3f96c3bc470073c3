/*
 * How long credentials take, by mechanism.
 *
 * Concept:  a histogram for each word of a fixed list of mechanisms. Only the time in which it is the server's turn
 *           counts: what a client takes to answer a challenge says nothing of the server.
 * Owner:    the slots are the counters' (edge_counter.h).
 * Threads:  made while loading; observed on workers.
 * Lifetime: of the process.
 * Errors:   without room for more counters, and before they are made (in tests), nothing is counted.
 */
#ifndef EDGE_CORE_AUTH_FIGURES_H
#define EDGE_CORE_AUTH_FIGURES_H

#include "edge_clock.h"

/* Words of the label `mechanism`; the last one before the NULL stands for all others. */
extern const char *const edge_auth_mechanism_words[];
unsigned edge_auth_mechanism_word(const char *mechanism);

void edge_auth_figures_make(void);
void edge_auth_figures_observe(const char *mechanism, edge_mono_t took);

#endif
