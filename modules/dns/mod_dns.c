/*
 * What DNS says of a sender's domain and of a client's name.
 *
 *     LoadModule dns_module modules/mod_dns.so
 *     <Validator dns>
 *         Module       dns_module
 *         SenderDomain resolves
 *         ClientName   verified
 *     </Validator>
 *     <Listener mx>
 *         <On MAIL>
 *             Validate dns
 *         </On>
 *     </Listener>
 */
#include <apr_strings.h>

#include "edge_client_name.h"
#include "edge_module.h"
#include "edge_session.h"
#include "proto/address.h"
#include "proto/conf_parse.h"

#include "dns_sender.h"

extern edge_module_t dns_module;

enum { DOMAIN_OFF, DOMAIN_RESOLVES };
enum { NAME_OFF, NAME_VERIFIED };
enum { UNKNOWN_TEMPFAIL, UNKNOWN_PASS };
enum { LITERAL_PASS, LITERAL_REFUSE };
enum { PRIVATE_SKIP, PRIVATE_CHECK };

typedef struct dns_conf {
    int sender_domain, sender_literal, client_name, private_clients, when_unknown;
    bool exempt_authenticated;
} dns_conf_t;

/* One call that waits: its questions, and what they came to. */
typedef struct asking {
    edge_ticket_t ticket;
    unsigned open;
    bool asks_sender, asks_name;
    dns_sender_t sender;
    dns_sender_verdict_t sender_verdict;
    edge_client_name_t name;
    edge_client_name_outcome_t name_outcome;
    char claimed[EDGE_CLIENT_NAME_TEXT]; /* verified, or a name that is not the client's */
} asking_t;

static apr_status_t asking_ended(void *context) {
    asking_t *asking = context;
    dns_sender_cancel(&asking->sender);
    edge_client_name_cancel(&asking->name);
    return APR_SUCCESS;
}

static void one_less(asking_t *asking) {
    if (--asking->open == 0)
        edge_ticket_resume(asking->ticket, (edge_result_t){APR_SUCCESS, 0, NULL});
}

static void sender_told(dns_sender_t *sender, dns_sender_verdict_t verdict) {
    asking_t *asking = EDGE_CONTAINER(sender, asking_t, sender);
    asking->sender_verdict = verdict;
    one_less(asking);
}

static void name_found(edge_client_name_t *name, edge_client_name_outcome_t outcome, edge_span_t text) {
    asking_t *asking = EDGE_CONTAINER(name, asking_t, name);
    asking->name_outcome = outcome;
    if (text.len > 0 && text.len < sizeof(asking->claimed))
        memcpy(asking->claimed, text.at, text.len);
    one_less(asking);
}

/* Replies. A banner knows two refusals, 421 and 554 (RFC 5321 4.3.2). */

static edge_check_answer_t refuse(const edge_check_call_t *call, edge_reply_t *reply, unsigned code,
                                  const char *enhanced, const char *text) {
    if (call->phase == EDGE_PHASE_BANNER)
        code = code >= 500 ? 554 : 421;
    edge_reply_set(reply, code, edge_span_of(enhanced), edge_span_of(text));
    return EDGE_CHECK_REPLY;
}

static edge_span_t sender_of(const edge_check_call_t *call) {
    return call->phase == EDGE_PHASE_MAIL ? call->argument : call->sender;
}

static edge_check_answer_t judge_sender(const edge_check_call_t *call, const dns_conf_t *conf,
                                        dns_sender_verdict_t verdict, edge_reply_t *reply) {
    const char *who = apr_pstrmemdup(call->pool, sender_of(call).at, sender_of(call).len);
    switch (verdict) {
    case DNS_SENDER_NO_DOMAIN:
        return refuse(call, reply, 550, "5.1.8",
                      apr_psprintf(call->pool, "<%s> The domain of this sender does not exist", who));
    case DNS_SENDER_NO_RECORDS:
        return refuse(call, reply, 550, "5.1.8",
                      apr_psprintf(call->pool, "<%s> The domain of this sender has neither MX nor address", who));
    case DNS_SENDER_NULL_MX:
        return refuse(call, reply, 550, "5.7.27",
                      apr_psprintf(call->pool, "<%s> The domain of this sender accepts no mail (null MX)", who));
    case DNS_SENDER_UNKNOWN:
        if (conf->when_unknown == UNKNOWN_TEMPFAIL)
            return refuse(call, reply, 451, "4.4.3",
                          apr_psprintf(call->pool,
                                       "<%s> The domain of this sender cannot be looked up now; try again later", who));
        return EDGE_CHECK_PASS;
    case DNS_SENDER_RESOLVES: break;
    }
    return EDGE_CHECK_PASS;
}

static edge_check_answer_t judge_name(const edge_check_call_t *call, const dns_conf_t *conf, const asking_t *asking,
                                      edge_reply_t *reply) {
    char address[EDGE_IPADDR_TEXT];
    edge_ipaddr_format(call->session->from_ip, address);
    switch (asking->name_outcome) {
    case EDGE_CLIENT_NAME_NONE:
        return refuse(call, reply, 550, "5.7.25", apr_psprintf(call->pool, "Client [%s] has no name in DNS", address));
    case EDGE_CLIENT_NAME_UNCONFIRMED:
        return refuse(call, reply, 550, "5.7.25",
                      apr_psprintf(call->pool, "Client [%s] is called %s, but that name does not lead back to it",
                                   address, asking->claimed));
    case EDGE_CLIENT_NAME_FAILED:
    case EDGE_CLIENT_NAME_LIMITED:
        if (conf->when_unknown == UNKNOWN_TEMPFAIL)
            return refuse(
                call, reply, 451, "4.7.25",
                apr_psprintf(call->pool, "The name of client [%s] cannot be looked up now; try again later", address));
        return EDGE_CHECK_PASS;
    case EDGE_CLIENT_NAME_VERIFIED: break;
    }
    return EDGE_CHECK_PASS;
}

static edge_check_answer_t resumed(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply) {
    const asking_t *asking = *call->kept;
    edge_check_answer_t answer = EDGE_CHECK_PASS;
    if (result.status != APR_SUCCESS)
        return EDGE_CHECK_ERROR;
    if (asking->asks_name && asking->name_outcome == EDGE_CLIENT_NAME_VERIFIED)
        edge_session_set_client_name(call->session, edge_span_of(asking->claimed));
    if (asking->asks_sender)
        answer = judge_sender(call, call->conf, asking->sender_verdict, reply);
    if (answer == EDGE_CHECK_PASS && asking->asks_name)
        answer = judge_name(call, call->conf, asking, reply);
    return answer;
}

/* What is to be asked */

/* The domain of the sender, absent when there is nothing to ask: the null path, or an address literal. */
static edge_span_t domain_of(edge_span_t sender, bool *literal) {
    edge_address_t address;
    *literal = false;
    if (sender.len == 0 || !edge_address_mailbox(sender, &address) || address.domain.len == 0)
        return EDGE_NO_SPAN;
    *literal = address.domain.at[0] == '[';
    return *literal ? EDGE_NO_SPAN : address.domain;
}

static bool wants_name(const edge_check_call_t *call, const dns_conf_t *conf) {
    const edge_session_t *session = call->session;
    if (conf->client_name != NAME_VERIFIED || (session->authed && conf->exempt_authenticated))
        return false;
    return conf->private_clients == PRIVATE_CHECK || !edge_ipaddr_is_private(session->from_ip);
}

static edge_check_answer_t begin(const edge_check_call_t *call, edge_span_t domain, bool name) {
    edge_worker_t *worker = edge_conn_worker(call->session->conn);
    uint32_t *spent = &call->session->counts.dns;
    asking_t *asking = apr_pcalloc(call->pool, sizeof(*asking));
    *call->kept = asking;
    asking->ticket = edge_check_wait(call);
    asking->sender.told = sender_told;
    asking->name.found = name_found;
    asking->asks_sender = domain.len > 0;
    asking->asks_name = name;
    asking->open = (unsigned)asking->asks_sender + (unsigned)asking->asks_name;
    apr_pool_cleanup_register(call->pool, asking, asking_ended, apr_pool_cleanup_null);
    if (asking->asks_sender)
        dns_sender_ask(worker, &asking->sender, domain, spent);
    if (asking->asks_name)
        edge_client_name_ask(worker, &asking->name, call->session->from_ip, spent);
    return EDGE_CHECK_WAIT;
}

static edge_check_answer_t check_client(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)reply;
    return wants_name(call, call->conf) ? begin(call, EDGE_NO_SPAN, true) : EDGE_CHECK_PASS;
}

static edge_check_answer_t check_sender(const edge_check_call_t *call, edge_reply_t *reply) {
    const dns_conf_t *conf = call->conf;
    edge_span_t sender = sender_of(call);
    bool literal = false, name = wants_name(call, conf);
    edge_span_t domain = conf->sender_domain == DOMAIN_RESOLVES ? domain_of(sender, &literal) : EDGE_NO_SPAN;
    if (literal && conf->sender_literal == LITERAL_REFUSE)
        return refuse(call, reply, 550, "5.1.8",
                      apr_psprintf(call->pool, "<%.*s> A sender's domain must be a name, not an address",
                                   (int)sender.len, sender.at));
    return domain.len > 0 || name ? begin(call, domain, name) : EDGE_CHECK_PASS;
}

/* Rows */

static const char *const domain_words[] = {"off", "resolves", NULL};
static const char *const name_words[] = {"off", "verified", NULL};
static const char *const unknown_words[] = {"tempfail", "pass", NULL};
static const char *const literal_words[] = {"pass", "refuse", NULL};
static const char *const private_words[] = {"skip", "check", NULL};

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(dns_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "SenderDomain",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(dns_conf_t, sender_domain),
     .initial = "off",
     .words = domain_words,
     .when = EDGE_WHEN_SESSION,
     .usage = "resolves | off",
     .prose =
         "resolves: the domain of MAIL FROM must have MX, A or AAAA records. Without it gets 550 5.1.8, one that "
         "accepts no mail (a null MX, RFC 7505) 550 5.7.27; when nobody knows, 451 4.4.3. The null sender passes."},
    {.name = "SenderLiteral",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(dns_conf_t, sender_literal),
     .initial = "pass",
     .words = literal_words,
     .when = EDGE_WHEN_SESSION,
     .usage = "pass | refuse",
     .prose = "With SenderDomain resolves: what a sender as user@[192.0.2.1] means; refused with 550 5.1.8."},
    {.name = "ClientName",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(dns_conf_t, client_name),
     .initial = "off",
     .words = name_words,
     .when = EDGE_WHEN_SESSION,
     .usage = "verified | off",
     .prose =
         "verified: the client's address must have a name (PTR) that leads back to the address; the first five "
         "names are looked at. Without it gets 550 5.7.25; when nobody knows, 451 4.7.25. In the banner: 554 and 421."},
    {.name = "PrivateClients",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(dns_conf_t, private_clients),
     .initial = "skip",
     .words = private_words,
     .when = EDGE_WHEN_SESSION,
     .usage = "skip | check",
     .prose = "Whether ClientName also counts for clients of loopback, private and link-local addresses."},
    {.name = "ExemptAuthenticated",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_SWITCH,
     .slot = offsetof(dns_conf_t, exempt_authenticated),
     .initial = "on",
     .when = EDGE_WHEN_SESSION,
     .usage = "on | off",
     .prose = "ClientName does not count for authenticated clients, wherever they are."},
    {.name = "WhenUnknown",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORD,
     .slot = offsetof(dns_conf_t, when_unknown),
     .initial = "tempfail",
     .words = unknown_words,
     .when = EDGE_WHEN_SESSION,
     .usage = "tempfail | pass",
     .prose =
         "What it means that name servers do not answer, fail, or may not be asked more: come again, or no objection."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_BANNER,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = check_client,
     .resumed = resumed,
     .prose = "ClientName."},
    {.phase = EDGE_PHASE_EHLO,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = check_client,
     .resumed = resumed,
     .prose = "ClientName."},
    {.phase = EDGE_PHASE_HELO,
     .name = "client",
     .kind = EDGE_CHECK_INLINE,
     .function = check_client,
     .resumed = resumed,
     .prose = "ClientName."},
    {.phase = EDGE_PHASE_MAIL,
     .name = "sender",
     .kind = EDGE_CHECK_INLINE,
     .function = check_sender,
     .resumed = resumed,
     .prose = "SenderDomain and ClientName."},
    {.phase = EDGE_PHASE_RCPT,
     .name = "sender",
     .kind = EDGE_CHECK_INLINE,
     .function = check_sender,
     .resumed = resumed,
     .prose = "SenderDomain and ClientName, when the recipient is to be in the log."},
    {.name = NULL},
};

static bool asks_nothing(const dns_conf_t *conf) {
    return conf->sender_domain == DOMAIN_OFF && conf->client_name == NAME_OFF;
}

static void check(edge_conf_check_t *run, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const edge_conf_node_t *module =
            section->scope == EDGE_SCOPE_VALIDATOR ? edge_section_written(section, "Module") : NULL;
        if (!module || module->count == 0 || !edge_span_equal(module->arguments[0].text, edge_span_of("dns_module")))
            continue;
        if (asks_nothing(edge_section_conf(section, &dns_module)))
            edge_conf_error_in(run, section, "Module", "EDG10910",
                               "<Validator %s> asks nothing: write SenderDomain resolves, ClientName verified, or both",
                               section->name.at);
    }
}

EDGE_MODULE(dns) = {
    .summary = "refuses senders whose domain cannot take mail, and clients without a verified name",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .check = check,
};
