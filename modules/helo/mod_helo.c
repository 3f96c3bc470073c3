/* A validator of the name that a client greets with (RFC 5321 4.1.1.1, 4.1.3). */
#include "edge_module.h"
#include "edge_session.h"
#include "proto/address.h"

enum { SYNTAX, OWN_NAME, LITERAL, BARE };
#define REFUSES(conf, what) ((conf)->refuses & (1u << (what)))

typedef struct helo_conf {
    uint32_t refuses;
} helo_conf_t;

static const char *const rule_words[] = {
    [SYNTAX] = "syntax", [OWN_NAME] = "own-name", [LITERAL] = "literal", [BARE] = "bare", NULL};

extern edge_module_t helo_module;

static bool is_literal(edge_span_t name) { return name.len > 0 && name.at[0] == '['; }

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" */
static bool literal_address(edge_span_t name, edge_ipaddr_t *address) {
    static const edge_span_t tag = EDGE_SPAN("IPv6:");
    edge_span_t inside = edge_span(name.at + 1, name.len - 2);
    if (inside.len > tag.len && edge_span_equal_nocase(edge_span(inside.at, tag.len), tag))
        inside = edge_span_after(inside, tag.len);
    return edge_ipaddr_parse(inside, address);
}

/* A program on this machine greets with this machine's name, and says the truth. */
static bool is_from_here(const edge_session_t *session) {
    return edge_ipaddr_is_loopback(session->from_ip) || edge_ipaddr_equal(session->from_ip, session->to_ip);
}

/* The address of a literal, or of a greeting that leaves its brackets out. */
static bool address_of(edge_span_t name, edge_ipaddr_t *address) {
    return is_literal(name) ? edge_address_literal(name) && literal_address(name, address)
                            : edge_ipaddr_parse(name, address);
}

static bool is_ours(const edge_session_t *session, edge_span_t name) {
    edge_ipaddr_t address;
    return address_of(name, &address) ? edge_ipaddr_equal(address, session->to_ip)
                                      : edge_span_equal_nocase(name, session->listener->server_name);
}

static edge_check_answer_t refuse(edge_reply_t *reply, unsigned code, const char *enhanced, const char *text) {
    edge_reply_set(reply, code, edge_span_of(enhanced), edge_span_of(text));
    return EDGE_CHECK_REPLY;
}

/* "host.example.": the dot of the root says no more, and some programs write it. */
static edge_span_t without_root(edge_span_t name) {
    if (name.len > 1 && name.at[name.len - 1] == '.')
        name.len--;
    return name;
}

static edge_check_answer_t check(const edge_check_call_t *call, edge_reply_t *reply) {
    const helo_conf_t *conf = call->conf;
    edge_span_t name = without_root(call->argument);
    bool literal = is_literal(name);
    edge_ipaddr_t address;
    if (REFUSES(conf, SYNTAX) && !(literal ? edge_address_literal(name) : edge_address_domain(name)))
        return refuse(reply, 501, "5.5.4", "The name is no domain and no address literal");
    if (REFUSES(conf, OWN_NAME) && !is_from_here(call->session) && is_ours(call->session, name))
        return refuse(reply, 550, "5.7.1", "This name is ours, not yours");
    if (REFUSES(conf, LITERAL) && literal &&
        !(address_of(name, &address) && edge_ipaddr_equal(address, call->session->from_ip)))
        return refuse(reply, 550, "5.7.1", "The address literal is not your address");
    if (REFUSES(conf, BARE) && !literal && !memchr(name.at, '.', name.len))
        return refuse(reply, 550, "5.7.1", "The name has no domain; a full host name is needed");
    return EDGE_CHECK_PASS;
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(helo_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "Refuse",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_WORDS,
     .slot = offsetof(helo_conf_t, refuses),
     .initial = "syntax own-name",
     .words = rule_words,
     .when = EDGE_WHEN_RELOAD,
     .usage = "syntax | own-name | literal | bare... | all | +WORD -WORD",
     .prose = "Which greetings are refused. syntax: what is neither a domain (\"_\" is let pass) nor an address "
              "literal, 501. own-name: our ServerName or our address, but from this machine itself; only "
              "forgers say it. literal: an address literal that is not the client's address; mail programs behind "
              "address translation send such, so not by default. bare: a name without a dot; mail programs send "
              "those too. The last three are 550."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_EHLO,
     .name = "name",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .prose = "Refuses greetings by what Refuse names; HELO's too where nothing is bound to HELO."},
    {.phase = EDGE_PHASE_HELO,
     .name = "name",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .prose = "The same for HELO alone."},
    {.name = NULL},
};

EDGE_MODULE(helo) = {
    .summary = "refuses clients by the name they greet with: no name at all, our own, a literal of somebody else",
    .structs = structs,
    .directives = directives,
    .checks = checks,
};
