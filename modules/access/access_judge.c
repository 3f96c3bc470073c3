/* Walks the rules for one command, and waits for the client's name where one asks for it. */
#include <apr_strings.h>

#include "access.h"

#include "edge_client_name.h"
#include "edge_session.h"

/* The client's name: asked for, or found. */
typedef struct naming {
    edge_ticket_t ticket;
    edge_client_name_t name;
    edge_client_name_outcome_t outcome;
    char verified[EDGE_CLIENT_NAME_TEXT]; /* "unknown" when it has none, as Postfix writes it */
} naming_t;

/* One call: where its walk stands. It is kept when it waits. */
typedef struct walk {
    const edge_check_call_t *call;
    edge_reply_t *reply;
    unsigned at;
    bool doubtful;    /* a permit by name was passed over, since nobody knows the name */
    naming_t *naming; /* NULL: not asked */
} walk_t;

static edge_span_t copy(const edge_check_call_t *call, edge_span_t text) { return edge_span_copy(call->pool, text); }

/* Facts */

static edge_span_t hello_of(const edge_check_call_t *call) {
    bool says = call->phase == EDGE_PHASE_EHLO || call->phase == EDGE_PHASE_HELO;
    return says ? call->argument : edge_span_of(call->session->ehlo_as);
}

static edge_span_t sender_of(const edge_check_call_t *call) {
    return call->phase == EDGE_PHASE_MAIL ? call->argument : call->sender;
}

static const char *client_text(const walk_t *walk) {
    char *address = apr_palloc(walk->call->pool, EDGE_IPADDR_TEXT);
    edge_ipaddr_format(walk->call->session->from_ip, address);
    return address;
}

/* Refusals. A banner knows two, 421 and 554 (RFC 5321 4.3.2). */

static edge_check_answer_t refuse(const walk_t *walk, unsigned code, edge_span_t enhanced, edge_span_t text) {
    if (walk->call->phase == EDGE_PHASE_BANNER)
        code = code >= 500 ? 554 : 421;
    edge_reply_set(walk->reply, code, enhanced, text);
    return EDGE_CHECK_REPLY;
}

static edge_check_answer_t refuse_for_now(const walk_t *walk) {
    return refuse(
        walk, 451, edge_span_of("4.7.25"),
        edge_span_of(apr_psprintf(walk->call->pool, "The name of client [%s] cannot be looked up now; try again later",
                                  client_text(walk))));
}

static const char *usual_text(const walk_t *walk, access_what_t what) {
    apr_pool_t *pool = walk->call->pool;
    switch (what) {
    case ACCESS_CLIENT_NAME:
        return apr_psprintf(pool, "Client %s [%s] is not accepted here", walk->naming->verified, client_text(walk));
    case ACCESS_HELO:
        return apr_psprintf(pool, "The greeting %s is not accepted here", copy(walk->call, hello_of(walk->call)).at);
    case ACCESS_SENDER:
        return apr_psprintf(pool, "<%s> This sender is not accepted here", copy(walk->call, sender_of(walk->call)).at);
    case ACCESS_RECIPIENT:
        return apr_psprintf(pool, "<%s> This recipient is not accepted here",
                            copy(walk->call, walk->call->argument).at);
    default: return apr_psprintf(pool, "Client [%s] is not accepted here", client_text(walk));
    }
}

/* What a list's entry says: [CODE] TEXT; an enhanced code in front of the text is lifted out as everywhere. */
static edge_check_answer_t refuse_by_value(const walk_t *walk, const access_rule_t *rule, edge_span_t value) {
    unsigned code = rule->code ? rule->code : 550;
    uint64_t number;
    edge_span_t enhanced = rule->code ? rule->enhanced : EDGE_NO_SPAN;
    if (value.len > 4 && value.at[3] == ' ' && edge_span_number(edge_span(value.at, 3), &number) && number >= 400 &&
        number <= 599) {
        code = (unsigned)number;
        enhanced = EDGE_NO_SPAN;
        value = edge_span_trim(edge_span_after(value, 4));
    }
    edge_reply_t probe = {.code = (uint16_t)code, .subject = EDGE_NO_ENHANCED};
    edge_reply_set(&probe, code, enhanced, value);
    bool bare = !enhanced.at && probe.subject == 0 && probe.detail == 0;
    return refuse(walk, code, bare ? edge_span_of("5.7.1") : enhanced, value);
}

static void log_refusal(const walk_t *walk, const access_rule_t *rule) {
    edge_log_about_t about = {walk->call->session->id, NULL};
    EDGE_LOG_ABOUT(&access_log, EDGE_LOG_INFO, 685, &about, APR_SUCCESS, "refused by Access refuse %s (%s:%u)",
                   access_things[rule->what].word, rule->file, rule->line);
}

static edge_check_answer_t refuse_by_rule(const walk_t *walk, const access_rule_t *rule, edge_span_t value) {
    if (walk->doubtful)
        return refuse_for_now(walk);
    log_refusal(walk, rule);
    if (value.at)
        return refuse_by_value(walk, rule, value);
    if (!rule->code)
        return refuse(walk, 550, edge_span_of("5.7.1"), edge_span_of(usual_text(walk, rule->what)));
    return refuse(walk, rule->code, rule->enhanced.at || rule->text.at ? rule->enhanced : edge_span_of("5.7.1"),
                  rule->text.at ? rule->text : edge_span_of(usual_text(walk, rule->what)));
}

static edge_check_answer_t refuse_by_default(const walk_t *walk) {
    access_what_t what = ACCESS_CLIENT;
    if (walk->doubtful)
        return refuse_for_now(walk);
    if (walk->call->phase == EDGE_PHASE_MAIL)
        what = ACCESS_SENDER;
    if (walk->call->phase == EDGE_PHASE_RCPT)
        what = ACCESS_RECIPIENT;
    return refuse(walk, 550, edge_span_of("5.7.1"), edge_span_of(usual_text(walk, what)));
}

/* The client's name */

static apr_status_t forget_name(void *context) {
    edge_client_name_cancel(&((naming_t *)context)->name);
    return APR_SUCCESS;
}

static void name_found(edge_client_name_t *name, edge_client_name_outcome_t outcome, edge_span_t text) {
    naming_t *naming = EDGE_CONTAINER(name, naming_t, name);
    bool verified = outcome == EDGE_CLIENT_NAME_VERIFIED && text.len < sizeof(naming->verified);
    edge_span_t known = verified ? text : edge_span_of("unknown");
    naming->outcome = outcome;
    memcpy(naming->verified, known.at, known.len);
    naming->verified[known.len] = '\0';
    edge_ticket_resume(naming->ticket, (edge_result_t){APR_SUCCESS, 0, NULL});
}

/* The walk goes on in memory that outlives this call. */
static edge_check_answer_t wait_for_name(const walk_t *walk) {
    const edge_check_call_t *call = walk->call;
    edge_session_t *session = call->session;
    walk_t *kept = apr_pmemdup(call->pool, walk, sizeof(*walk));
    naming_t *naming = kept->naming = apr_pcalloc(call->pool, sizeof(*naming));
    *call->kept = kept;
    naming->name.found = name_found;
    naming->ticket = edge_check_wait(call);
    apr_pool_cleanup_register(call->pool, naming, forget_name, apr_pool_cleanup_null);
    edge_client_name_ask(edge_conn_worker(session->conn), &naming->name, session->from_ip, &session->counts.dns);
    return EDGE_CHECK_WAIT;
}

static bool is_unknown_now(const naming_t *naming) {
    return naming->outcome == EDGE_CLIENT_NAME_FAILED || naming->outcome == EDGE_CLIENT_NAME_LIMITED;
}

/* Walking */

/* False: there is nothing to ask for. */
static bool key_of(const walk_t *walk, access_what_t what, edge_lookup_key_t *key) {
    const edge_check_call_t *call = walk->call;
    edge_span_t text;
    switch (what) {
    case ACCESS_CLIENT: *key = edge_lookup_key_address(call->session->from_ip); return true;
    case ACCESS_CLIENT_NAME: text = edge_span_of(walk->naming->verified); break;
    case ACCESS_HELO: text = hello_of(call); break;
    case ACCESS_SENDER:
        text = sender_of(call);
        *key = edge_lookup_key_mailbox(text);
        return text.at != NULL;
    default: *key = edge_lookup_key_mailbox(call->argument); return call->phase == EDGE_PHASE_RCPT;
    }
    *key = edge_lookup_key_name(text);
    return text.at != NULL;
}

static edge_check_answer_t go_on(walk_t *walk) {
    const access_conf_t *conf = walk->call->conf;
    for (; walk->at < conf->count; walk->at++) {
        const access_rule_t *rule = &conf->rules[walk->at];
        edge_lookup_key_t key;
        edge_span_t value;
        if (rule->what == ACCESS_CLIENT_NAME && !walk->naming)
            return wait_for_name(walk);
        if (rule->what == ACCESS_CLIENT_NAME && is_unknown_now(walk->naming)) {
            if (conf->when_unknown == ACCESS_UNKNOWN_TEMPFAIL)
                return refuse_for_now(walk);
            walk->doubtful |= rule->permits;
            continue;
        }
        if (!key_of(walk, rule->what, &key))
            continue;
        edge_lookup_answer_t answer = edge_lookup_find(rule->list, &key, walk->call->pool, &value);
        if (answer == EDGE_LOOKUP_FAILED)
            return EDGE_CHECK_ERROR;
        if (answer == EDGE_LOOKUP_YES)
            return rule->permits ? EDGE_CHECK_PASS : refuse_by_rule(walk, rule, value);
    }
    return conf->otherwise == ACCESS_DEFAULT_REFUSE ? refuse_by_default(walk) : EDGE_CHECK_PASS;
}

edge_check_answer_t access_judge(const edge_check_call_t *call, edge_reply_t *reply) {
    const access_conf_t *conf = call->conf;
    if (conf->exempt_authenticated && call->session->authed)
        return EDGE_CHECK_PASS;
    walk_t walk = {.call = call, .reply = reply};
    return go_on(&walk);
}

edge_check_answer_t access_resumed(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply) {
    walk_t *walk = *call->kept;
    if (result.status != APR_SUCCESS)
        return EDGE_CHECK_ERROR;
    if (walk->naming->outcome == EDGE_CLIENT_NAME_VERIFIED)
        edge_session_set_client_name(call->session, edge_span_of(walk->naming->verified));
    walk->call = call;
    walk->reply = reply;
    return go_on(walk);
}
