/* Makes next hops of the <Handoff> sections. */
#include "core/conf_handoff.h"

#include <apr_strings.h>

#include "core/conf_apply.h"
#include "core/core_conf.h"
#include "core/module.h"
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

static bool is_for(const edge_directive_t *row, const char *protocol) {
    bool some = !row->protocols;
    for (unsigned i = 0; row->protocols && row->protocols[i]; i++)
        some = some || strcmp(row->protocols[i], protocol) == 0;
    return some;
}

bool edge_conf_handoff_reads(const edge_section_t *section, const edge_directive_t *row) {
    const edge_relay_t *relay = section->scope == EDGE_SCOPE_HANDOFF ? section->instance : NULL;
    return !relay || is_for(row, relay->provider->name);
}

static const char *all_protocols(const edge_directive_t *row, apr_pool_t *pool) {
    const char *text = row->protocols[0];
    for (unsigned i = 1; row->protocols[i]; i++)
        text = apr_pstrcat(pool, text, " or ", row->protocols[i], NULL);
    return text;
}

/* What has no meaning for this protocol was meant for something: silence would leave the operator in the belief that it holds. */
static void check_row(edge_conf_check_t *check, const edge_section_t *handoff, const edge_directive_t *row,
                      const char *protocol) {
    if ((row->scopes & EDGE_IN(HANDOFF)) && !is_for(row, protocol) && edge_section_written(handoff, row->name))
        edge_conf_error_in(check, handoff, row->name, "EDG10067", "%s has no meaning for Protocol %s: it is for %s",
                           row->name, protocol, all_protocols(row, check->pool));
}

static void check_rows(edge_conf_check_t *check, const edge_section_t *handoff, const char *protocol) {
    const edge_module_t *module;
    for (unsigned m = 0; (module = edge_module_at(m)) != NULL; m++)
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            check_row(check, handoff, row, protocol);
}

static void resolve(edge_conf_check_t *check, edge_section_t *handoff, bool sound) {
    const edge_relay_provider_t *provider = find_provider(check, handoff);
    if (provider)
        check_rows(check, handoff, provider->name);
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
    const edge_relay_t *relay = handoff->instance;
    uint32_t carries = relay->provider->carries;
    if (relay->provider->lacks)
        carries &= ~relay->provider->lacks(relay->settings);
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
