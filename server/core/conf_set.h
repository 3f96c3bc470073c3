/*
 * One use of a directive, checked by its row and put into its slot.
 *
 * Concept:  types and bounds of the row do the checking; only CUSTOM rows bring
 *           code of their own.
 * Owner:    the snapshot's pool.
 * Threads:  one, while loading.
 * Lifetime: of the snapshot.
 * Errors:   to the report, with what was got and what is allowed.
 */
#ifndef EDGE_CORE_CONF_SET_H
#define EDGE_CORE_CONF_SET_H

#include "core/conf_apply.h"

/* `silent`: the server's words, used again for a listener; they were reported on there. */
void edge_conf_set(edge_conf_check_t *check, const edge_section_t *section, const edge_directive_t *row,
                   const edge_conf_node_t *node, bool silent, void *conf);
void edge_conf_set_default(edge_conf_check_t *check, const edge_section_t *section, const edge_directive_t *row,
                           void *conf);

#endif
