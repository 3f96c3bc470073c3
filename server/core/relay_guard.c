/* Finds listeners that would relay for anybody. */
#include "core/relay_guard.h"

#include "core/core_conf.h"
#include "core/policy.h"
#include "edge_session.h"

static const edge_core_listen_t *beyond_this_machine(const edge_core_listener_conf_t *conf) {
    for (unsigned i = 0; i < conf->listen_count; i++)
        if (!edge_ipaddr_is_loopback(conf->listens[i].address))
            return &conf->listens[i];
    return NULL;
}

static bool is_guarded(const edge_policy_t *policy) {
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
        for (unsigned i = 0; i < policy->phases[phase].count; i++) {
            const edge_binding_t *binding = &policy->phases[phase].bindings[i];
            if (binding->written == EDGE_MODE_ENFORCE && binding->row->guards && binding->row->guards(binding->conf))
                return true;
        }
    return false;
}

void edge_relay_guard_check(edge_conf_check_t *check, const edge_section_t *section) {
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
    const edge_listener_t *listener = section->instance;
    const edge_core_listen_t *open = beyond_this_machine(conf);
    bool mail = listener && listener->protocol && !listener->protocol->takes_no_mail;
    if (!open || !mail || is_guarded(listener->policy) || listener->identified ||
        (listener->auth && listener->auth->required))
        return;
    if (conf->open_relay)
        edge_conf_warn_in(check, section, "OpenRelay", "EDG20012",
                          "<Listener %s> takes mail to anywhere from anybody who reaches %s", section->name.at,
                          open->text.at);
    else
        edge_conf_error_in(
            check, section, "Listen", "EDG10330",
            "<Listener %s> would take mail to anywhere from anybody who reaches %s: bind relay_domains to "
            "RCPT, write Auth required, or, if that is meant, OpenRelay on",
            section->name.at, open->text.at);
}
