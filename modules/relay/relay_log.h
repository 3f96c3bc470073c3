/* What the log says of deliveries (relay_log.c). */
#ifndef EDGE_MODULE_RELAY_LOG_H
#define EDGE_MODULE_RELAY_LOG_H

#include "edge_tls.h"
#include "relay.h"

/* One line for each recipient. */
void relay_log_settled(const relay_message_t *message);
/* The notice is in the queue. */
void relay_log_noticed(const char *queue, const relay_message_t *message);
/* Of a queue that stores nothing: why the client was refused. */
void relay_log_refused(const char *relay, const edge_envelope_t *envelope, const edge_relay_result_t *answer,
                       apr_pool_t *pool);
/* Nobody knows whether the next hop would take this recipient. */
void relay_log_not_asked(const char *relay, edge_span_t recipient, const edge_relay_result_t *why, apr_pool_t *pool);
/* A handshake has failed, and clear text is allowed. */
void relay_log_in_clear(const char *relay, const edge_relay_result_t *why);
void relay_log_encrypted(const char *relay, edge_span_t host, const edge_tls_facts_t *facts);
void relay_log_unnoticed(const char *queue, const relay_message_t *message);
void relay_log_unsettled(const char *queue, apr_status_t status);
void relay_log_closed(const char *queue, const relay_destination_t *destination, edge_mono_t delay);

#endif
