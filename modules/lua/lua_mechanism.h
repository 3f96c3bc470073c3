/* Mechanisms of a script's own, as a store of credentials brings them. */
#ifndef EDGE_LUA_MECHANISM_H
#define EDGE_LUA_MECHANISM_H

#include "edge_credentials.h"

void elua_mechanism_step(void *store, edge_credentials_exchange_t *exchange, edge_span_t response);
void elua_mechanism_leave(void *store, edge_credentials_exchange_t *exchange);

#endif
