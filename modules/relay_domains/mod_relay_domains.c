/* A validator of recipients: only those of our domains, but from who may relay (RFC 5321 3.6, 7.8). */
#include "relay_domains.h"

#include "edge_session.h"
#include "proto/address.h"

#include <apr_strings.h>

/* RFC 5321 4.5.1: whoever runs a server can be reached at it. */
static bool is_postmaster(const edge_address_t *address) {
    return !address->domain.at && edge_span_equal_nocase(address->local, edge_span_of("postmaster"));
}

/* a%b@c, b!a@c, "a@b"@c: once ways to say where the next host should send it on. */
static bool is_routed(edge_span_t local) {
    return memchr(local.at, '%', local.len) || memchr(local.at, '!', local.len) || memchr(local.at, '@', local.len);
}

static bool may_relay(const relay_conf_t *conf, const edge_session_t *session) {
    if (conf->authenticated && session->authed)
        return true;
    for (unsigned i = 0; i < conf->network_count; i++)
        if (edge_ipaddr_in_network(session->from_ip, conf->networks[i].address, conf->networks[i].bits))
            return true;
    return false;
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
    bool ours = relay_domains_have(conf->domains, address.domain);
    return ours && (conf->percent_hack || !is_routed(address.local)) ? EDGE_CHECK_PASS : refuse(call, reply);
}

static bool guards(const void *conf) {
    (void)conf;
    return true;
}

/* Settings */

static bool set_domains(const edge_conf_line_t *line, void *into) {
    relay_conf_t *conf = into;
    bool good = line->count > 0;
    if (!good)
        edge_conf_error(line, 0, "EDG10930", "Domains needs a domain or more, for example example.org .example.org");
    if (!conf->domains)
        conf->domains = relay_domains_make(line->pool);
    for (unsigned i = 0; i < line->count; i++)
        if (!relay_domains_add(conf->domains, line->arguments[i].text)) {
            edge_conf_error(
                line, i, "EDG10931",
                "\"%s\" is no domain: write example.org, .example.org for all below it, or an address literal",
                line->arguments[i].text.at);
            good = false;
        }
    return good;
}

static bool set_networks(const edge_conf_line_t *line, void *into) {
    relay_conf_t *conf = into;
    bool good = line->count > 0;
    if (!good)
        edge_conf_error(line, 0, "EDG10932", "Networks needs addresses or networks, for example 192.0.2.0/24");
    for (unsigned i = 0; i < line->count; i++) {
        relay_network_t *network = &conf->networks[conf->network_count];
        if (conf->network_count == RELAY_NETWORKS_MOST) {
            edge_conf_error(line, i, "EDG10933", "more than %u networks in one validator", RELAY_NETWORKS_MOST);
            return false;
        }
        if (!edge_ipaddr_parse_network(line->arguments[i].text, &network->address, &network->bits)) {
            edge_conf_error(line, i, "EDG10934", "\"%s\" is neither an address nor a network as 192.0.2.0/24",
                            line->arguments[i].text.at);
            good = false;
            continue;
        }
        conf->network_count++;
    }
    return good;
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
     .usage = "DOMAIN | .DOMAIN | [ADDRESS]...",
     .prose =
         "Domains that this server takes mail for: example.org is that domain alone, .example.org all below it and not "
         "itself; an address literal counts only when it is named. In any case of letters. Long lists stand "
         "in files of their own, by Include."},
    {.name = "Networks",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .set = set_networks,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "ADDRESS | NETWORK...",
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
        if (edge_validator_is_of(section, &relay_domains_module) && !conf->domains && !conf->network_count)
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
