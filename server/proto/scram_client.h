/*
 * The client's side of SCRAM-SHA-256 and -PLUS as text (RFC 5802 5-7, RFC 7677, RFC 9266).
 *
 * Concept:  what is said, and what is read from the server's answers. Proof and
 *           signature are computed elsewhere (edge_password.h), over `message`.
 * Owner:    the caller; a plain value.
 * Threads:  one at a time.
 * Lifetime: one exchange.
 * Errors:   false: it cannot be said, or the server has said what no honest one would.
 */
#ifndef EDGE_PROTO_SCRAM_CLIENT_H
#define EDGE_PROTO_SCRAM_CLIENT_H

#include "edge_password.h"

#define EDGE_SCRAM_MESSAGE_MOST 3072
#define EDGE_SCRAM_CLIENT_NONCE_MOST 64
#define EDGE_SCRAM_CLIENT_ITERATIONS_MOST 1000000u /* what a server may cost us */

typedef struct edge_scram_client {
    edge_scram_t asked; /* salt and iterations, as the server says */
    char message[EDGE_SCRAM_MESSAGE_MOST];
    size_t len;       /* of what both sides sign */
    size_t bare_len;  /* the client's first part of it */
    size_t final_at;  /* where the client's last part begins */
    size_t nonce_len; /* of ours, at the end of the first part */
    bool bound;       /* -PLUS */
    bool could;       /* there is something to bind to, and the server offers no -PLUS */
} edge_scram_client_t;

/* The client's first message into `out`; 0: the name or the nonce cannot be said. `bound`: the mechanism is -PLUS; `could`: it
 * could have been. */
EDGE_API size_t edge_scram_client_first(edge_scram_client_t *client, edge_span_t user, edge_span_t nonce, bool bound,
                                        bool could, char *out, size_t size);
/* The server's first message; `binding` is the channel's (tls-exporter), with -PLUS. Then `message` is whole. */
EDGE_API bool edge_scram_client_hear(edge_scram_client_t *client, edge_span_t text, edge_span_t binding);
/* The client's last message, with the proof; 0: there is no room. */
EDGE_API size_t edge_scram_client_final(const edge_scram_client_t *client, const uint8_t proof[EDGE_SCRAM_KEY_SIZE],
                                        char *out, size_t size);
/* The server's last message: it has the signature that only who knows the password can make. */
EDGE_API bool edge_scram_client_is_proven(edge_span_t text, const uint8_t signature[EDGE_SCRAM_KEY_SIZE]);

#endif
