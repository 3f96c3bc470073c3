/* What operators may ask of hand-off: the handlers behind the rows in relay_admin.c.
 *
 *   holds      listed, added, lifted (relay_hold_admin.c)
 *   next hops  how each does (relay_hop_admin.c), and asking one (relay_probe.c)
 */
#ifndef EDGE_MODULE_RELAY_ADMIN_H
#define EDGE_MODULE_RELAY_ADMIN_H

#include "edge_admin.h"

extern const edge_admin_argument_t relay_hold_arguments[], relay_hold_answer[], relay_holds_answer[];
edge_admin_handler_t relay_admin_holds, relay_admin_hold_add, relay_admin_hold_lift;

extern const edge_admin_argument_t relay_hop_answer[], relay_hops_answer[];
edge_admin_handler_t relay_admin_hops, relay_admin_hop;
extern const edge_admin_argument_t relay_probe_arguments[], relay_probe_answer[];
edge_admin_handler_t relay_admin_probe;

#endif
