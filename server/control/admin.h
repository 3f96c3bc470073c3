/*
 * Finding the route of a request, and calling it.
 *
 * Concept:  the part that every carrier of admin requests shares: look up the row in
 *           the core's table and in those of the loaded modules, check the role, read
 *           the query and the body by the row's members, call the handler.
 * Owner:    the carrier.
 * Threads:  any but a worker's.
 * Lifetime: one call.
 * Errors:   answered as problems: 400, 401, 403, 404, 405, 415, 422, 428.
 */
#ifndef EDGE_CONTROL_ADMIN_H
#define EDGE_CONTROL_ADMIN_H

#include "edge_admin.h"
#include "edge_admin_carrier.h"

/* Uptime counts from here; in microseconds. */
void edge_admin_start(void);
int64_t edge_admin_uptime(void);

/* What edge_admin_count counts stands at 0 from here on; the modules' rows are known. Again: the same series go on. */
void edge_admin_figures_make(void);

/* The core's own rows (admin_routes.c). */
extern const edge_admin_route_t edge_admin_routes[];
/* Those of settings (admin_setting_routes.c). */
extern const edge_admin_route_t edge_admin_setting_routes[];

#endif
