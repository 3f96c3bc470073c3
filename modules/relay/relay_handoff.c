/* The <Handoff> of a queue. */
#include "relay.h"

const edge_section_t *relay_handoff_of(const edge_section_t *queue) { return relay_handoff_next(queue->first); }

const edge_section_t *relay_handoff_next(const edge_section_t *section) {
    while (section && section->scope != EDGE_SCOPE_HANDOFF)
        section = section->next;
    return section;
}

const edge_section_t *relay_handoff_named(const edge_section_t *queue, edge_span_t name) {
    const edge_section_t *section = relay_handoff_of(queue);
    while (section && !edge_span_equal(section->name, name))
        section = relay_handoff_next(section->next);
    return section;
}
