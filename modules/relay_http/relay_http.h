/*
 * A next hop by HTTP: each message is a POST.
 *
 * Concept:  http_request.c makes headers, body and signature of a delivery; http_courier.c
 *           is the one thread that runs libcurl for all of them (TLS, names, connections
 *           kept open); http_deliver.c stands between: it gives the courier the next
 *           block of a body when that is asked for, and makes results of the answer.
 *           The block belongs to one side at a time. Recipients are posted together, a
 *           hundred at most; when such a post is refused for good, each of them is
 *           posted alone, since only one may have been the reason.
 * Owner:    settings: the snapshot. A post: its worker; the courier has it from
 *           http_courier_begin until it says `ended`.
 * Threads:  as said there.
 * Lifetime: a post lives until the courier has let go of it, also when it was cancelled.
 * Errors:   all trouble is a result.
 */
#ifndef EDGE_RELAY_HTTP_H
#define EDGE_RELAY_HTTP_H

#include "edge_module.h"
#include "edge_relay.h"

extern edge_module_t relay_http_module;

#define HTTP_HEADERS_MOST 16u
#define HTTP_RECIPIENTS_MOST 100u
#define HTTP_BLOCK_SIZE ((size_t)65536)

typedef enum http_format { HTTP_RAW, HTTP_JSON } http_format_t;

typedef struct http_conf {
    edge_span_t url, secret, authorities;
    edge_span_t headers[HTTP_HEADERS_MOST];
    unsigned header_count;
    int format; /* http_format_t */
    edge_mono_t timeout;
    const char *remote; /* host and port of the URL, for results */
} http_conf_t;

/* Requests: what goes out for some of a delivery's recipients, in the pool given. */

typedef struct http_request {
    const http_conf_t *conf;
    const edge_envelope_t *envelope; /* with these recipients only */
    apr_pool_t *pool;
    const char **headers;       /* "Name: value", ends with NULL */
    edge_span_t prefix, suffix; /* of the body, around the message */
    uint64_t message_size;      /* may be EDGE_SOURCE_SIZE_UNKNOWN */
    /* The state of producing the body. */
    edge_span_t pending; /* of the prefix, then of the suffix */
    unsigned char carry[3];
    unsigned carried;
    bool message_over;
} http_request_t;

typedef enum http_produced { HTTP_PRODUCED, HTTP_PRODUCE_WAIT, HTTP_PRODUCE_OVER, HTTP_PRODUCE_BROKEN } http_produced_t;

void http_request_make(http_request_t *request, const http_conf_t *conf, const edge_envelope_t *envelope,
                       uint64_t message_size, apr_time_t now, apr_pool_t *pool);
/* Octets of the body; EDGE_SOURCE_SIZE_UNKNOWN when the message's are not known. */
uint64_t http_request_size(const http_request_t *request);
/* Back to the body's first octet; the source is rewound by whoever has it. */
void http_request_restart(http_request_t *request);
/* Fills `block` behind the `*len` octets that are in it. PRODUCED: it is full, or the body ends with it; WAIT: call again, with
 * the same block, when the source is ready; OVER: there was nothing left. */
http_produced_t http_request_produce(http_request_t *request, edge_source_t *source, char block[HTTP_BLOCK_SIZE],
                                     size_t *len);
/* Signatures: of the lines in front of the body, then of the body's blocks. */
typedef struct http_signature http_signature_t;
http_signature_t *http_request_sign(http_request_t *request);
void http_request_sign_block(http_signature_t *signature, edge_span_t block);
/* Adds the header and frees the signature; also when the request is given up. */
void http_request_signed(http_request_t *request, http_signature_t *signature);
void http_request_unsign(http_signature_t *signature);

/* The courier */

#define HTTP_CONTENT_KEPT 1024u
#define HTTP_REASON_KEPT 512u

typedef struct http_post http_post_t;

struct http_post {
    edge_letter_t want_letter, end_letter;
    edge_worker_t *worker;
    /* On the worker: the courier has used up the block; it waits until http_courier_feed. */
    void (*wanted)(http_post_t *post);
    /* On the worker, once: the courier has let go. */
    void (*ended)(http_post_t *post);
    const http_conf_t *conf;
    const char **headers;
    uint64_t size; /* of the body, or EDGE_SOURCE_SIZE_UNKNOWN */
    bool fresh;    /* not by a connection that has waited */
    char *block;   /* HTTP_BLOCK_SIZE octets */
    size_t len, at;
    bool over, broken; /* no block follows */
    /* The answer. */
    unsigned status;             /* 0: none came */
    bool sent;                   /* the whole body */
    bool must_repeat;            /* nothing was sent: the connection was gone, and the body cannot be wound back here */
    edge_relay_result_t trouble; /* when no status came; its text is in `why` */
    char reason[HTTP_REASON_KEPT], smtp_reply[64], content[HTTP_CONTENT_KEPT], why[256];
    size_t content_len;
    struct http_errand *errand; /* the courier's own */
};

apr_status_t http_courier_start(void);
/* All that is under way ends now; what is begun later is not taken. */
void http_courier_stop(void);
/* False: it is stopped or has no memory; `ended` is not called. */
bool http_courier_begin(http_post_t *post);
void http_courier_feed(http_post_t *post);
void http_courier_cancel(http_post_t *post);
/* What a URL is to the courier: NULL when it is good, and then its host and port in the pool; else what is wrong. */
const char *http_courier_url(edge_span_t url, apr_pool_t *pool, const char **remote);

/* Deliveries */

void http_deliver(edge_delivery_t *delivery);
void http_deliver_cancel(edge_delivery_t *delivery);

#endif
