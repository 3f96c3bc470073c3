/* A validator that lets new clients wait for the banner, and refuses those that do not (RFC 5321 3.1, 4.3.1). */
#include "edge_conn.h"
#include "edge_lookup.h"
#include "edge_module.h"
#include "edge_recall.h"
#include "edge_session.h"

typedef enum action { ACTION_REFUSE, ACTION_CLOSE } action_t;

typedef struct pregreet_conf {
    edge_mono_t delay, remember;
    int action; /* action_t */
    edge_lookup_t *exempt;
} pregreet_conf_t;

enum { COUNT_WAITED, COUNT_EARLY, COUNT_KNOWN };

extern edge_module_t pregreet_module;

static const edge_span_t waited_once = EDGE_SPAN("pregreet");

static void count(unsigned counter) { edge_counter_add(pregreet_module.first_counter + counter, 1); }

/* A session that waits */

typedef struct waiting {
    edge_timer_t timer;
    edge_worker_t *worker;
    edge_ticket_t ticket;
} waiting_t;

static void time_is_over(edge_timer_t *timer) {
    waiting_t *waiting = EDGE_CONTAINER(timer, waiting_t, timer);
    edge_ticket_resume(waiting->ticket, (edge_result_t){.status = APR_SUCCESS});
}

static apr_status_t give_up(void *data) {
    waiting_t *waiting = data;
    edge_timer_cancel(waiting->worker, &waiting->timer);
    return APR_SUCCESS;
}

static edge_check_answer_t wait_for_banner(const edge_check_call_t *call, const pregreet_conf_t *conf) {
    waiting_t *waiting = apr_pcalloc(call->pool, sizeof(*waiting));
    waiting->worker = edge_conn_worker(call->session->conn);
    waiting->ticket = edge_check_wait(call);
    waiting->timer.fire = time_is_over;
    apr_pool_cleanup_register(call->pool, waiting, give_up, apr_pool_cleanup_null);
    edge_timer_set(waiting->worker, &waiting->timer, edge_worker_clock(waiting->worker).mono + conf->delay);
    count(COUNT_WAITED);
    return EDGE_CHECK_WAIT;
}

static bool is_exempt(const pregreet_conf_t *conf, edge_ipaddr_t address) {
    edge_lookup_key_t key = edge_lookup_key_address(address);
    return edge_lookup_find(conf->exempt, &key, NULL, NULL) == EDGE_LOOKUP_YES;
}

static edge_mono_t now_of(const edge_check_call_t *call) {
    return edge_worker_clock(edge_conn_worker(call->session->conn)).mono;
}

static edge_check_answer_t check(const edge_check_call_t *call, edge_reply_t *reply) {
    const pregreet_conf_t *conf = call->conf;
    (void)reply;
    if (is_exempt(conf, call->session->from_ip))
        return EDGE_CHECK_PASS;
    if (conf->remember && edge_recall_knows(waited_once, call->session->from_ip, now_of(call))) {
        count(COUNT_KNOWN);
        return EDGE_CHECK_PASS;
    }
    return wait_for_banner(call, conf);
}

static edge_check_answer_t refuse(const pregreet_conf_t *conf, edge_reply_t *reply) {
    if (conf->action == ACTION_CLOSE)
        edge_reply_set(reply, 421, edge_span_of("4.7.0"), edge_span_of("You spoke before the banner"));
    else
        edge_reply_set(reply, 554, edge_span_of("5.5.1"), edge_span_of("Protocol error: you spoke before the banner"));
    count(COUNT_EARLY);
    return EDGE_CHECK_REPLY;
}

static edge_check_answer_t waited(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply) {
    const pregreet_conf_t *conf = call->conf;
    edge_ipaddr_t address = call->session->from_ip;
    (void)result;
    if (edge_conn_has_input(call->session->conn)) {
        edge_recall_forget(waited_once, address);
        return refuse(conf, reply);
    }
    if (conf->remember)
        edge_recall_keep(waited_once, address, now_of(call) + conf->remember);
    return EDGE_CHECK_PASS;
}

/* Settings */

static bool set_exempt(const edge_conf_line_t *line, void *into) {
    return edge_lookup_read(line, 0, line->count, EDGE_LOOKUP_ADDRESSES, &((pregreet_conf_t *)into)->exempt);
}

static const char *const action_words[] = {[ACTION_REFUSE] = "refuse", [ACTION_CLOSE] = "close", NULL};

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(pregreet_conf_t)},
    {0, 0},
};

#define SLOT(member) offsetof(pregreet_conf_t, member)

static const edge_directive_t directives[] = {
    {.name = "Delay",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_DURATION,
     .slot = SLOT(delay),
     .initial = "3s",
     .min = 1000,
     .max = 60000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION",
     .prose = "How long a client that is not known waits for the banner. Less than the validator's Timeout."},
    {.name = "Early",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = SLOT(action),
     .initial = "refuse",
     .words = action_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "refuse | close",
     .prose =
         "What a client hears that spoke before the banner: refuse says 554 5.5.1 in its place and takes only QUIT "
         "then; close says 421 4.7.0 and closes. To count only, bind it with mode=shadow."},
    {.name = "Remember",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_DURATION,
     .slot = SLOT(remember),
     .initial = "24h",
     .min = 0,
     .max = 30LL * 86400 * 1000000,
     .when = EDGE_WHEN_RELOAD,
     .usage = "DURATION | none",
     .prose =
         "For how long an address (of IPv6 its /64) that has waited once is let in at once; 65536 of them at most are "
         "known, until a restart."},
    {.name = "Exempt",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = set_exempt,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "ADDRESS | NETWORK | file:PATH | table:NAME...",
     .prose = "Who never waits."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_BANNER,
     .name = "banner",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .resumed = waited,
     .prose = "Lets a client wait for the banner, and refuses it when it has spoken before."},
    {.name = NULL},
};

static const edge_counter_row_t counters[] = {
    [COUNT_WAITED] = {"pregreet_waited_total", EDGE_COUNTER_TOTAL, "Clients that had to wait for the banner."},
    [COUNT_EARLY] = {"pregreet_early_total", EDGE_COUNTER_TOTAL, "Clients that spoke before the banner."},
    [COUNT_KNOWN] = {"pregreet_known_total", EDGE_COUNTER_TOTAL,
                     "Clients let in at once because they had waited before."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

/* A wait that its deadline always ends would be an error at every connection. */
static void check_sections(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const pregreet_conf_t *conf = edge_section_conf(section, &pregreet_module);
        edge_mono_t timeout = edge_validator_is_of(section, &pregreet_module) ? edge_validator_timeout(section) : 0;
        if (timeout && conf->delay >= timeout)
            edge_conf_error_in(check, section, "Delay", "EDG10953",
                               "Delay of <Validator %s> is not less than its Timeout: nobody would ever come through",
                               section->name.at);
    }
}

EDGE_MODULE(pregreet) = {
    .summary = "lets new clients wait for the banner, and refuses those that speak before it",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .counters = counters,
    .check = check_sections,
};
