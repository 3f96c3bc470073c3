/*
 * What a configuration asks of the machine: accounts and directories.
 *
 * Concept:  looked at while the configuration is checked, so that a start does not
 *           fail later on what could be known now. Nothing is made or opened.
 * Owner:    the check.
 * Threads:  one, while loading.
 * Lifetime: of the call.
 * Errors:   to the report.
 */
#ifndef EDGE_CORE_CONF_MACHINE_H
#define EDGE_CORE_CONF_MACHINE_H

#include "core/conf_apply.h"

void edge_conf_machine_check(edge_conf_check_t *check);

#endif
