/*
 * A module to copy: a validator that refuses clients by the name they greet with.
 *
 * Read from the bottom up: the struct at the end says all that the module offers.
 * A module's file has always this order: its conf struct, its code, its rows, the
 * module struct. How it is used:
 *
 *     LoadModule skeleton_module modules/mod_skeleton.so
 *     <Validator nobody>
 *         Module   skeleton_module
 *         Forbid   localhost.localdomain
 *     </Validator>
 *     <Listener mx>
 *         <On EHLO>
 *             Validate nobody mode=enforce
 *         </On>
 *     </Listener>
 */
#include "edge_module.h"
#include "edge_session.h"

typedef struct skeleton_conf {
    edge_span_t forbidden;
} skeleton_conf_t;

enum { COUNTER_REFUSED };

extern edge_module_t skeleton_module;

/* An inline check runs on the session's loop: it looks and answers, and never blocks. */
static edge_check_answer_t check_hello(const edge_check_call_t *call, edge_reply_t *reply) {
    const skeleton_conf_t *conf = call->conf;
    if (conf->forbidden.len == 0 || !edge_span_equal_nocase(call->argument, conf->forbidden))
        return EDGE_CHECK_PASS;
    edge_counter_add(skeleton_module.first_counter + COUNTER_REFUSED, 1);
    edge_reply_set(reply, 550, edge_span_of("5.7.1"), edge_span_of("This name is nobody's"));
    return EDGE_CHECK_REPLY;
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(skeleton_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "Forbid",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_TEXT,
     .slot = offsetof(skeleton_conf_t, forbidden),
     .when = EDGE_WHEN_SESSION,
     .usage = "NAME",
     .prose = "The greeting name that is refused, in any case of letters."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_EHLO,
     .name = "hello",
     .kind = EDGE_CHECK_INLINE,
     .function = check_hello,
     .prose = "Refuses the forbidden name with 550 5.7.1."},
    {.name = NULL},
};

static const edge_counter_row_t counters[] = {
    [COUNTER_REFUSED] = {"skeleton_refused_total", EDGE_COUNTER_TOTAL, "Greetings refused by the skeleton module."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

EDGE_MODULE(skeleton) = {
    .summary = "refuses clients by the name they greet with; a module to copy",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .counters = counters,
};
