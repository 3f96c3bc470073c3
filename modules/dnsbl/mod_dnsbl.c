/*
 * Refuses clients that lists in DNS know, by the sum of their weights.
 *
 *     LoadModule dnsbl_module modules/mod_dnsbl.so
 *     <Validator lists>
 *         Module    dnsbl_module
 *         List      zen.example weight=2 answers=127.0.0.2-127.0.0.11
 *         List      other.example
 *         Allow     friends.example weight=-5
 *         Threshold 2
 *     </Validator>
 *     <Listener mx>
 *         <On MAIL>
 *             Validate lists
 *         </On>
 *     </Listener>
 */
#include <apr_strings.h>

#include "edge_module.h"
#include "edge_session.h"
#include "proto/conf_parse.h"

#include "dnsbl.h"

EDGE_LOG_AREA(dnsbl_log, "dnsbl")

extern edge_module_t dnsbl_module;

enum { PRIVATE_SKIP, PRIVATE_CHECK };
enum { DEAD_IGNORE, DEAD_TEMPFAIL };

/* One call that waits. */
typedef struct asking {
    edge_ticket_t ticket;
    dnsbl_ask_t ask;
} asking_t;

static apr_status_t asking_ended(void *context) {
    dnsbl_ask_cancel(&((asking_t *)context)->ask);
    return APR_SUCCESS;
}

static void told(dnsbl_ask_t *ask) {
    asking_t *asking = EDGE_CONTAINER(ask, asking_t, ask);
    edge_ticket_resume(asking->ticket, (edge_result_t){APR_SUCCESS, 0, NULL});
}

/* A banner knows two refusals, 421 and 554 (RFC 5321 4.3.2). */
static edge_check_answer_t refuse(const edge_check_call_t *call, edge_reply_t *reply, unsigned code,
                                  const char *enhanced, const char *text) {
    if (call->phase == EDGE_PHASE_BANNER)
        code = code >= 500 ? 554 : 421;
    edge_reply_set(reply, code, edge_span_of(enhanced), edge_span_of(text));
    return EDGE_CHECK_REPLY;
}

static edge_check_answer_t refuse_listed(const edge_check_call_t *call, const dnsbl_ask_t *ask, edge_reply_t *reply) {
    char address[EDGE_IPADDR_TEXT];
    const char *zone = ask->conf->lists[ask->worst].zone.at;
    edge_log_about_t about = {call->session->id, NULL};
    edge_ipaddr_format(ask->address, address);
    EDGE_LOG_ABOUT(&dnsbl_log, EDGE_LOG_INFO, 951, &about, APR_SUCCESS,
                   "%s is listed: score %lld of %u, most by %s; %u lists did not say", address, (long long)ask->score,
                   ask->conf->threshold, zone, ask->silent);
    return refuse(call, reply, 550, "5.7.1",
                  apr_psprintf(call->pool, "Client [%s] is listed by %s%s%s", address, zone, *ask->reason ? ": " : "",
                               ask->reason));
}

static edge_check_answer_t resumed(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply) {
    const asking_t *asking = *call->kept;
    const dnsbl_ask_t *ask = &asking->ask;
    if (result.status != APR_SUCCESS)
        return EDGE_CHECK_ERROR;
    if (ask->worst >= 0 && dnsbl_ask_refuses(ask))
        return refuse_listed(call, ask, reply);
    if (ask->silent > 0 && ask->conf->when_dead == DEAD_TEMPFAIL)
        return refuse(call, reply, 451, "4.4.3", "Lists of addresses cannot be asked now; try again later");
    return EDGE_CHECK_PASS;
}

static edge_check_answer_t check_client(const edge_check_call_t *call, edge_reply_t *reply) {
    const dnsbl_conf_t *conf = call->conf;
    edge_session_t *session = call->session;
    (void)reply;
    edge_lookup_key_t key = edge_lookup_key_address(session->from_ip);
    if ((session->authed && conf->exempt_authenticated) ||
        edge_lookup_find(conf->exempt, &key, NULL, NULL) == EDGE_LOOKUP_YES ||
        (conf->private_clients == PRIVATE_SKIP && edge_ipaddr_is_private(session->from_ip)))
        return EDGE_CHECK_PASS;
    asking_t *asking = apr_pcalloc(call->pool, sizeof(*asking));
    *call->kept = asking;
    asking->ticket = edge_check_wait(call);
    asking->ask.told = told;
    asking->ask.conf = conf;
    asking->ask.worker = edge_conn_worker(session->conn);
    asking->ask.address = session->from_ip;
    asking->ask.spent = &session->counts.dns;
    apr_pool_cleanup_register(call->pool, asking, asking_ended, apr_pool_cleanup_null);
    dnsbl_ask_begin(&asking->ask);
    return EDGE_CHECK_WAIT;
}

/* Rows */

static bool set_exempt(const edge_conf_line_t *line, void *conf) {
    return edge_lookup_read(line, 0, line->count, EDGE_LOOKUP_ADDRESSES, &((dnsbl_conf_t *)conf)->exempt);
}

static const char *const private_words[] = {"skip", "check", NULL};
static const char *const dead_words[] = {"ignore", "tempfail", NULL};

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(dnsbl_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "List",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = dnsbl_conf_set_list,
     .many = true,
     .when = EDGE_WHEN_SESSION,
     .usage = "ZONE [weight=NUMBER] [answers=ADDRESS|FIRST-LAST|NETWORK/BITS,...]",
     .prose = "A list that speaks against those in it, with weight 1 unless said. answers= are those that count, "
              "127.0.0.2-127.0.255.255 unless said; the same zone may be written again with other answers and another "
              "weight. 127.255.255.0/24 is a list's own error: no say."},
    {.name = "Allow",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = dnsbl_conf_set_allow,
     .many = true,
     .when = EDGE_WHEN_SESSION,
     .usage = "ZONE [weight=-NUMBER] [answers=ADDRESS|FIRST-LAST|NETWORK/BITS,...]",
     .prose = "A list that speaks for those in it, with weight -1 unless said."},
    {.name = "Threshold",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_NUMBER,
     .slot = offsetof(dnsbl_conf_t, threshold),
     .initial = "1",
     .min = 1,
     .max = 32000,
     .when = EDGE_WHEN_SESSION,
     .usage = "NUMBER",
     .prose = "The sum of weights from which a client is refused with 550 5.7.1; in the banner with 554."},
    {.name = "Wait",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_DURATION,
     .slot = offsetof(dnsbl_conf_t, wait),
     .initial = "3s",
     .min = 50000,
     .max = 60000000,
     .when = EDGE_WHEN_SESSION,
     .usage = "DURATION",
     .prose = "How long the lists have to answer; then the others decide. A list that fails five times in a row is not "
              "asked for a minute. Keep it below Timeout."},
    {.name = "WhenDead",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(dnsbl_conf_t, when_dead),
     .initial = "ignore",
     .words = dead_words,
     .when = EDGE_WHEN_SESSION,
     .usage = "ignore | tempfail",
     .prose = "What it means that a list has no say and the others do not suffice: nothing, or 451 4.4.3."},
    {.name = "Reason",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_SWITCH,
     .slot = offsetof(dnsbl_conf_t, reason),
     .initial = "on",
     .when = EDGE_WHEN_SESSION,
     .usage = "on | off",
     .prose = "Whether a refusal ends in the words (TXT) of the heaviest list, 200 octets of them at most."},
    {.name = "PrivateClients",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(dnsbl_conf_t, private_clients),
     .initial = "skip",
     .words = private_words,
     .when = EDGE_WHEN_SESSION,
     .usage = "skip | check",
     .prose = "Whether lists are also asked about loopback, private and link-local addresses."},
    {.name = "Exempt",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = set_exempt,
     .many = true,
     .when = EDGE_WHEN_SESSION,
     .usage = "ADDRESS | NETWORK | file:PATH | table:NAME...",
     .prose = "Clients that no list is asked about."},
    {.name = "ExemptAuthenticated",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_SWITCH,
     .slot = offsetof(dnsbl_conf_t, exempt_authenticated),
     .initial = "on",
     .when = EDGE_WHEN_SESSION,
     .usage = "on | off",
     .prose = "No list is asked about authenticated clients, wherever they are."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_BANNER,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = check_client,
     .resumed = resumed,
     .prose = "Asks the lists before the banner."},
    {.phase = EDGE_PHASE_EHLO,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = check_client,
     .resumed = resumed,
     .prose = "Asks the lists at the greeting."},
    {.phase = EDGE_PHASE_HELO,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = check_client,
     .resumed = resumed,
     .prose = "Asks the lists at the greeting."},
    {.phase = EDGE_PHASE_MAIL,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = check_client,
     .resumed = resumed,
     .prose = "Asks the lists at the sender."},
    {.phase = EDGE_PHASE_RCPT,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = check_client,
     .resumed = resumed,
     .prose = "Asks the lists at a recipient, when that is to be in the log."},
    {.name = NULL},
};

static bool is_ours(const edge_section_t *section) {
    const edge_conf_node_t *module =
        section->scope == EDGE_SCOPE_VALIDATOR ? edge_section_written(section, "Module") : NULL;
    return module && module->count > 0 && edge_span_equal(module->arguments[0].text, edge_span_of("dnsbl_module"));
}

static void check(edge_conf_check_t *run, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        int64_t most = 0;
        if (!is_ours(section))
            continue;
        const dnsbl_conf_t *conf = edge_section_conf(section, &dnsbl_module);
        for (unsigned i = 0; i < conf->count; i++)
            most += conf->lists[i].weight > 0 ? conf->lists[i].weight : 0;
        if (most == 0)
            edge_conf_error_in(run, section, "Module", "EDG10916", "<Validator %s> has no List", section->name.at);
        else if (most < conf->threshold)
            edge_conf_warn_in(run, section, "Threshold", "EDG20910",
                              "Threshold %u is never reached: all lists of <Validator %s> together weigh %lld",
                              conf->threshold, section->name.at, (long long)most);
    }
}

EDGE_MODULE(dnsbl) = {
    .summary = "refuses clients that lists in DNS know, by the sum of their weights",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .check = check,
};
