/* A test module: a blocking check in every phase, which sleeps a random moment in the pool of checks. */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "edge_module.h"

#define MOST_NS 400000u

static _Atomic unsigned calls;

static edge_check_answer_t block(const edge_check_call_t *call, edge_reply_t *reply) {
    unsigned seed = atomic_fetch_add(&calls, 1);
    struct timespec pause = {0, (long)((unsigned)rand_r(&seed) % MOST_NS)};
    (void)reply;
    nanosleep(&pause, NULL);
    /* The frozen facts must be whole although the session may be gone. */
    return call->client && call->client->ip.len && call->session == NULL ? EDGE_CHECK_PASS : EDGE_CHECK_ERROR;
}

static const edge_check_row_t checks[] = {
#define EDGE_PHASE(NAME, success, words) \
    {.phase = EDGE_PHASE_##NAME,         \
     .name = "block",                    \
     .kind = EDGE_CHECK_BLOCKING,        \
     .function = block,                  \
     .prose = "Sleeps a moment."},
#include "tbl/phases.def"
#undef EDGE_PHASE
    {.name = NULL},
};

EDGE_MODULE(blocking_every) = {
    .summary = "lets every command wait a moment in a thread (for tests)",
    .checks = checks,
};
