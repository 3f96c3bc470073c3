/* Asks for the listening sockets that a configuration names. */
#include "core/conf_listen.h"

/* Addresses and words stand in the same order. */
static edge_conf_place_t place_of(const edge_section_t *listener, unsigned index) {
    for (const edge_conf_node_t *node = listener->node->first; node; node = node->next) {
        if (node->is_section || !edge_span_equal_nocase(node->name, edge_span_of("Listen")))
            continue;
        if (index < node->count)
            return edge_conf_place_of_argument(node, index);
        index -= node->count;
    }
    return edge_conf_place_of(listener->node);
}

static void listen_for(edge_conf_check_t *check, const edge_section_t *listener,
                       const edge_conf_listening_t *listening) {
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(listener);
    for (unsigned i = 0; i < conf->listen_count; i++) {
        const char *trouble = listening->want(listening->context, &conf->listens[i], check->pool);
        if (trouble)
            edge_conf_report_add(check->report, true, place_of(listener, i), "EDG10080", NULL, "%s", trouble);
    }
}

void edge_conf_listen(edge_conf_check_t *check, const edge_conf_listening_t *listening) {
    const edge_section_t *section = edge_snapshot_server(check->snapshot)->first;
    for (; section; section = section->next)
        if (section->scope == EDGE_SCOPE_LISTENER)
            listen_for(check, section, listening);
}
