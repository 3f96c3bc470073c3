/* Setters of mod_relay's directives (relay_conf.c). */
#ifndef EDGE_MODULE_RELAY_CONF_H
#define EDGE_MODULE_RELAY_CONF_H

#include "relay.h"

bool relay_conf_retry(const edge_conf_line_t *line, void *to);
bool relay_conf_address(const edge_conf_line_t *line, void *to);
bool relay_conf_local(const edge_conf_line_t *line, void *to);
bool relay_conf_times(const edge_conf_line_t *line, void *to);
bool relay_conf_encrypt(const edge_conf_line_t *line, void *to);
extern const char *const relay_conf_encrypt_words[];
extern const char *const relay_conf_time_names[];

/* What only the whole can show (relay_check.c). */
void relay_conf_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot);

#endif
