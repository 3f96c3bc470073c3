/*
 * What a sender asked to be told (RFC 3461), and what is therefore due.
 *
 * Concept:  NOTIFY of each recipient, RET and ENVID of the message, ORCPT of the
 *           recipient, read from the envelope's parameters; and the one decision
 *           about notices: for what came of a recipient, is its sender told?
 * Owner:    the caller's buffers.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none: parameters were judged when they came. One that cannot be read
 *           all the same counts as not said.
 */
#ifndef EDGE_PROTO_DSN_REQUEST_H
#define EDGE_PROTO_DSN_REQUEST_H

#include "edge_message.h"

/* What a recipient's sender wants to hear of. */
#define EDGE_DSN_ON_FAILURE 0x1u
#define EDGE_DSN_ON_DELAY 0x2u
#define EDGE_DSN_ON_SUCCESS 0x4u

/* The actions of RFC 3464 2.3.3. */
typedef enum edge_dsn_action {
    EDGE_DSN_NONE, /* nothing is said of this recipient */
    EDGE_DSN_FAILED,
    EDGE_DSN_DELAYED,
    EDGE_DSN_DELIVERED,
    EDGE_DSN_RELAYED, /* handed to a next hop that knows nothing of notifications */
    EDGE_DSN_EXPANDED /* became several recipients */
} edge_dsn_action_t;

typedef enum edge_dsn_return {
    EDGE_DSN_RETURN_UNSAID,
    EDGE_DSN_RETURN_FULL,
    EDGE_DSN_RETURN_HEADERS
} edge_dsn_return_t;

/* EDGE_DSN_ON_* of NOTIFY; 0 for NEVER; `unsaid` where the client said nothing. */
EDGE_API unsigned edge_dsn_notify(const edge_parameters_t *recipient, unsigned unsaid);
EDGE_API edge_dsn_return_t edge_dsn_return(const edge_parameters_t *sender);

/* `action` when its notice is due for this recipient, else EDGE_DSN_NONE. The null sender is never told anything. */
EDGE_API edge_dsn_action_t edge_dsn_due(const edge_envelope_t *envelope, const edge_recipient_t *recipient,
                                        edge_dsn_action_t action, unsigned unsaid);

/* Whether a message that stays in the queue is to be reported as delayed now, `after` being how long it may take without a word
 * (0: never). Attempts divide a message's time into stretches, from when one was `due` to when the `next` will be; the notice
 * belongs to the one stretch in which the time is over, so nobody has to remember that it was sent. `due` 0: this was the first
 * attempt. */
EDGE_API bool edge_dsn_delay_due(apr_time_t received, apr_time_t due, apr_time_t next, apr_interval_time_t after);

/* Values as a field of a report shows them: without xtext where what it hides is printable, else as they came.
 * Absent when the client gave none. */
#define EDGE_DSN_VALUE_MOST 600
EDGE_API edge_span_t edge_dsn_envelope_id(const edge_parameters_t *sender, char out[EDGE_DSN_VALUE_MOST]);
EDGE_API edge_span_t edge_dsn_original_recipient(const edge_parameters_t *recipient, char out[EDGE_DSN_VALUE_MOST]);

#endif
