/* A validator of recipients: only those of our domains, but from who may relay (RFC 5321 3.6, 7.8). */
#include <apr_strings.h>

#include "edge_lookup.h"
#include "edge_module.h"
#include "edge_session.h"
#include "proto/address.h"

typedef struct relay_conf {
    edge_lookup_t *domains, *networks;
    bool authenticated, percent_hack;
} relay_conf_t;

extern edge_module_t relay_domains_module;

/* RFC 5321 4.5.1: whoever runs a server can be reached at it. */
static bool is_postmaster(const edge_address_t *address) {
    return !address->domain.at && edge_span_equal_nocase(address->local, edge_span_of("postmaster"));
}

/* a%b@c, b!a@c, "a@b"@c: once ways to say where the next host should send it on. */
static bool is_routed(edge_span_t local) {
    return memchr(local.at, '%', local.len) || memchr(local.at, '!', local.len) || memchr(local.at, '@', local.len);
}

static bool may_relay(const relay_conf_t *conf, const edge_session_t *session) {
    edge_lookup_key_t key = edge_lookup_key_address(session->from_ip);
    return (conf->authenticated && session->authed) ||
           edge_lookup_find(conf->networks, &key, NULL, NULL) == EDGE_LOOKUP_YES;
}

static bool is_ours(const relay_conf_t *conf, edge_span_t domain) {
    edge_lookup_key_t key = edge_lookup_key_name(domain);
    return edge_lookup_find(conf->domains, &key, NULL, NULL) == EDGE_LOOKUP_YES;
}

static edge_check_answer_t refuse(const edge_check_call_t *call, edge_reply_t *reply) {
    char *text = apr_psprintf(call->pool, "<%.*s> Relaying denied", (int)call->argument.len, call->argument.at);
    edge_reply_set(reply, 550, edge_span_of("5.7.1"), edge_span_of(text));
    return EDGE_CHECK_REPLY;
}

static edge_check_answer_t check(const edge_check_call_t *call, edge_reply_t *reply) {
    const relay_conf_t *conf = call->conf;
    edge_address_t address;
    if (may_relay(conf, call->session))
        return EDGE_CHECK_PASS;
    if (!edge_address_mailbox(call->argument, &address)) {
        address = (edge_address_t){.local = call->argument};
        return is_postmaster(&address) ? EDGE_CHECK_PASS : refuse(call, reply);
    }
    return is_ours(conf, address.domain) && (conf->percent_hack || !is_routed(address.local)) ? EDGE_CHECK_PASS
                                                                                              : refuse(call, reply);
}

static bool guards(const void *conf) {
    (void)conf;
    return true;
}

/* Settings */

/* No patterns: one without an end would take mail for domains of anybody. */
static bool set_domains(const edge_conf_line_t *line, void *into) {
    relay_conf_t *conf = into;
    return edge_lookup_read(line, 0, line->count, EDGE_LOOKUP_NAMES | EDGE_LOOKUP_LITERALS, &conf->domains);
}

static bool set_networks(const edge_conf_line_t *line, void *into) {
    relay_conf_t *conf = into;
    return edge_lookup_read(line, 0, line->count, EDGE_LOOKUP_ADDRESSES, &conf->networks);
}

static const edge_conf_struct_t structs[] = {
    {EDGE_SCOPE_VALIDATOR, sizeof(relay_conf_t)},
    {0, 0},
};

static const edge_directive_t directives[] = {
    {.name = "Domains",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = set_domains,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "DOMAIN | .DOMAIN | [ADDRESS] | file:PATH | table:NAME...",
     .prose =
         "Domains that this server takes mail for: example.org is that domain alone, .example.org all below it and not "
         "itself; an address literal counts only when it is named. In any case of letters, as U-labels or A-labels. "
         "A file is read again when it changes (docs/LISTS.md)."},
    {.name = "Networks",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = set_networks,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "ADDRESS | NETWORK | file:PATH | table:NAME...",
     .prose = "Clients that may send to any domain."},
    {.name = "Authenticated",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_SWITCH,
     .slot = offsetof(relay_conf_t, authenticated),
     .initial = "on",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose = "Whether a session with an identity may send to any domain."},
    {.name = "PercentHack",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_SWITCH,
     .slot = offsetof(relay_conf_t, percent_hack),
     .initial = "off",
     .when = EDGE_WHEN_RELOAD,
     .usage = "on | off",
     .prose =
         "Whether local parts with \"%\", \"!\" or a further \"@\" are taken for names like any other. Off, they are "
         "refused: a host behind this one might read a way to somewhere else in them."},
    {.name = NULL},
};

static const edge_check_row_t checks[] = {
    {.phase = EDGE_PHASE_RCPT,
     .name = "recipient",
     .kind = EDGE_CHECK_INLINE,
     .function = check,
     .guards = guards,
     .prose = "Refuses recipients elsewhere with 550 5.7.1; <Postmaster> without a domain is always taken."},
    {.name = NULL},
};

static void check_sections(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next) {
        const relay_conf_t *conf = edge_section_conf(section, &relay_domains_module);
        if (edge_validator_is_of(section, &relay_domains_module) && !conf->domains && !conf->networks)
            edge_conf_error_in(check, section, "Module", "EDG10935",
                               "<Validator %s> names no Domains: it would refuse every recipient", section->name.at);
    }
}

EDGE_MODULE(relay_domains) = {
    .summary = "takes mail for our domains from everybody, and for others only from who may relay",
    .structs = structs,
    .directives = directives,
    .checks = checks,
    .check = check_sections,
};
