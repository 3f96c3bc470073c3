/*
 * Rate limits: connections, messages, recipients and bytes, by address, network,
 * identity, sender or listener, counted over all workers.
 *
 *     <Validator busy>
 *         Module rate_module
 *         Rate   messages 100/1h by=identity burst=20
 *     </Validator>
 */
#include "rate.h"

#include <apr_strings.h>

const rate_kind_t rate_kinds[RATE_WHATS] = {
    [RATE_CONNECTIONS] = {"connections", EDGE_PHASE_BANNER, "BANNER", "Too many connections"},
    [RATE_MESSAGES] = {"messages", EDGE_PHASE_MAIL, "MAIL", "Too many messages"},
    [RATE_RECIPIENTS] = {"recipients", EDGE_PHASE_RCPT, "RCPT", "Too many recipients"},
    [RATE_BYTES] = {"bytes", EDGE_PHASE_HAVE_DATA, "HAVE_DATA", "Too much data"},
};

/* What one call would take of its rules. */
typedef struct wanted {
    edge_bucket_want_t wants[RATE_RULES_MOST];
    const rate_rule_t *rules[RATE_RULES_MOST];
    rate_key_t keys[RATE_RULES_MOST];
    unsigned count;
} wanted_t;

static void collect(const edge_check_call_t *call, wanted_t *wanted) {
    const rate_conf_t *conf = call->conf;
    wanted->count = 0;
    for (unsigned i = 0; i < conf->count; i++) {
        const rate_rule_t *rule = &conf->rules[i];
        rate_key_t *key = &wanted->keys[wanted->count];
        if (rate_kinds[rule->what].phase != call->phase || !rate_key_of(rule, call, key))
            continue;
        wanted->rules[wanted->count] = rule;
        wanted->wants[wanted->count++] = (edge_bucket_want_t){&rule->bucket, edge_span(key->octets, key->len),
                                                              rule->what == RATE_BYTES ? call->size : 1};
    }
}

/* Rounded up: whoever comes when it was said is served. */
static edge_check_answer_t refuse(const edge_check_call_t *call, const rate_kind_t *kind, edge_mono_t wait,
                                  edge_reply_t *reply) {
    bool connects = call->phase == EDGE_PHASE_BANNER;
    int64_t seconds = (wait + EDGE_SECONDS(1) - 1) / EDGE_SECONDS(1);
    const char *text = apr_psprintf(call->pool, "%s, try again in %" APR_INT64_T_FMT " second%s", kind->too_many,
                                    seconds, seconds == 1 ? "" : "s");
    edge_reply_set(reply, connects ? 421 : 450, edge_span_of(connects ? "4.7.0" : "4.7.1"), edge_span_of(text));
    return EDGE_CHECK_REPLY;
}

static edge_check_answer_t check_rates(const edge_check_call_t *call, edge_reply_t *reply) {
    wanted_t wanted;
    unsigned refused = 0;
    collect(call, &wanted);
    if (wanted.count == 0)
        return EDGE_CHECK_PASS;
    edge_mono_t wait = edge_bucket_take(wanted.wants, wanted.count, edge_clock_mono(), &refused);
    return wait == 0 ? EDGE_CHECK_PASS : refuse(call, &rate_kinds[wanted.rules[refused]->what], wait, reply);
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(rate_conf_t)},
    {0, 0},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_BANNER,
     .name = "connections",
     .kind = EDGE_CHECK_INLINE,
     .function = check_rates,
     .is_rate = true,
     .prose = "Counts connections; one too many gets 421 4.7.0 with the seconds to wait, and is closed."},
    {.phase = EDGE_PHASE_MAIL,
     .name = "messages",
     .kind = EDGE_CHECK_INLINE,
     .function = check_rates,
     .prose = "Counts transactions begun, whatever becomes of them; one too many gets 450 4.7.1."},
    {.phase = EDGE_PHASE_RCPT,
     .name = "recipients",
     .kind = EDGE_CHECK_INLINE,
     .function = check_rates,
     .prose = "Counts recipients that get as far as this check; one too many gets 450 4.7.1."},
    {.phase = EDGE_PHASE_HAVE_DATA,
     .name = "bytes",
     .kind = EDGE_CHECK_INLINE,
     .function = check_rates,
     .prose = "Counts the octets of messages that have come whole; a message too many gets 450 4.7.1. One that is "
              "larger than the bucket passes when the bucket is full, and empties it."},
    {.name = NULL},
};

EDGE_MODULE(rate) = {
    .summary = "limits connections, messages, recipients and bytes by address, network, identity, sender or listener",
    .structs = structs,
    .directives = rate_directives,
    .checks = checks,
    .routes = rate_routes,
    .check = rate_check,
};
