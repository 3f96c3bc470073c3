/*
 * Diagnostics of a configuration as JSON, for tools.
 *
 * Concept:  one object with the counts and an array of diagnostics; the same facts
 *           as in the text for people.
 * Owner:    the writer's buffer.
 * Threads:  one.
 * Lifetime: of the buffer.
 * Errors:   none.
 */
#ifndef EDGE_PROTO_CONF_REPORT_JSON_H
#define EDGE_PROTO_CONF_REPORT_JSON_H

#include "edge_json.h"
#include "proto/conf_report.h"

/* {"errors":1,"warnings":0,"files":1,"diagnostics":[{"file","line","column","severity","code","message","suggestion",
 * "include_chain"}]} */
void edge_conf_report_json(const edge_conf_report_t *report, edge_json_t *json);

#endif
