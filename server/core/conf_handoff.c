/* Makes next hops of the <Handoff> sections. */
#include "core/conf_handoff.h"

#include <apr_strings.h>

#include "core/conf_apply.h"
#include "core/core_conf.h"
#include "edge_relay.h"

static const char *provider_at(const void *context, unsigned index) {
    (void)context;
    return edge_provider_at("handoff", index);
}

static const edge_relay_provider_t *find_provider(edge_conf_check_t *check, const edge_section_t *handoff) {
    const edge_conf_node_t *node = edge_section_written(handoff, "Protocol");
    if (!node) {
        edge_conf_error_in(check, handoff, NULL, "EDG10060", "<Handoff %s> does not say how: write Protocol smtp in it",
                           handoff->name.at);
        return NULL;
    }
    if (node->count != 1)
        return NULL; /* reported by its row */
    edge_span_t name = node->arguments[0].text;
    const edge_relay_provider_t *provider = edge_provider_find("handoff", name);
    if (provider || check->modules_failed)
        return provider;
    const char *near = edge_conf_nearest(name, provider_at, NULL);
    edge_conf_report_add(check->report, true, edge_conf_place_of_argument(node, 0), "EDG10061",
                         near ? apr_psprintf(check->pool, "did you mean \"%s\"?", near) : NULL,
                         "no loaded module hands off by \"%s\"", name.at);
    return NULL;
}

static void resolve(edge_conf_check_t *check, edge_section_t *handoff, bool sound) {
    const edge_relay_provider_t *provider = find_provider(check, handoff);
    if (!provider || !sound)
        return;
    edge_relay_t *relay = apr_pcalloc(check->pool, sizeof(*relay));
    relay->provider = provider;
    relay->section = handoff;
    relay->name = handoff->name.at;
    relay->server_name = edge_core_server_conf(check->snapshot)->server_name;
    relay->settings = provider->prepare(check, handoff, check->pool);
    if (relay->settings)
        handoff->instance = relay;
}

void edge_conf_handoff_resolve(edge_conf_check_t *check, const edge_section_t *queue, bool sound) {
    for (const edge_section_t *section = queue->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_HANDOFF)
            resolve(check, (edge_section_t *)(uintptr_t)section, sound);
}

/* Where senders are told nothing, nothing may be promised to them. */
static bool tells_senders(const edge_section_t *handoff) {
    const edge_conf_node_t *node = edge_section_written(handoff, "Bounce");
    return !node || node->count != 1 || !edge_span_equal_nocase(node->arguments[0].text, edge_span_of("off"));
}

static uint32_t carried_by(const edge_section_t *handoff) {
    uint32_t carries = ((const edge_relay_t *)handoff->instance)->provider->carries;
    return tells_senders(handoff) ? carries : carries & ~EDGE_CARRIES_DSN;
}

uint32_t edge_conf_handoff_carries(const edge_section_t *queue) {
    uint32_t carries = UINT32_MAX;
    bool some = false;
    for (const edge_section_t *section = queue->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_HANDOFF && section->instance) {
            carries &= carried_by(section);
            some = true;
        }
    return some ? carries : 0;
}
