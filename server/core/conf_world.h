/*
 * The world as the configuration parser sees it: files, patterns, environment.
 *
 * Concept:  the callbacks of proto/conf_parse.h over the real file system.
 * Owner:    static.
 * Threads:  one, while loading.
 * Lifetime: as long as `server_root`.
 * Errors:   texts of the system.
 */
#ifndef EDGE_CORE_CONF_WORLD_H
#define EDGE_CORE_CONF_WORLD_H

#include "proto/conf_parse.h"

edge_conf_world_t edge_conf_world(const char *server_root);

#endif
