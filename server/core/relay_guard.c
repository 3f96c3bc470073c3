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

static bool guards(const edge_binding_t *binding) {
    return binding->written == EDGE_MODE_ENFORCE && binding->row->guards && binding->row->guards(binding->conf);
}

/* The binding that keeps strangers from relaying, one whose settings show it before one that may; NULL: there is none. */
static const edge_binding_t *guard_of(const edge_policy_t *policy) {
    const edge_binding_t *unseen = NULL;
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
        for (unsigned i = 0; i < policy->phases[phase].count; i++) {
            const edge_binding_t *binding = &policy->phases[phase].bindings[i];
            if (!guards(binding))
                continue;
            if (!binding->row->guards_unseen)
                return binding;
            unseen = binding;
        }
    return unseen;
}

static void warn_of_script(edge_conf_check_t *check, const edge_section_t *section, const edge_core_listen_t *open,
                           const edge_binding_t *guard) {
    edge_conf_warn_in(
        check, section, "Listen", "EDG20013",
        "whether <Listener %s> takes mail to anywhere from anybody who reaches %s is up to a script alone "
        "(validator %s): bind relay_domains to RCPT or write Auth required to be sure, or OpenRelay on",
        section->name.at, open->text.at, guard->validator);
}

void edge_relay_guard_check(edge_conf_check_t *check, const edge_section_t *section) {
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
    const edge_listener_t *listener = section->instance;
    const edge_core_listen_t *open = beyond_this_machine(conf);
    bool mail = listener && listener->protocol && !listener->protocol->takes_no_mail;
    if (!open || !mail || listener->identified || (listener->auth && listener->auth->required))
        return;
    const edge_binding_t *guard = guard_of(listener->policy);
    if (guard && guard->row->guards_unseen && !conf->open_relay)
        warn_of_script(check, section, open, guard);
    if (guard)
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
