/*
 * The admin's HTTP server, as a module.
 *
 * Concept:  whoever connects to a listener with Protocol admin talks to a worker of
 *           edged: it accepts, decrypts, reads each request's head by the same strict
 *           parser as mail by HTTP, and passes whole, well-formed requests on to civetweb,
 *           which listens on a port of its own on 127.0.0.1 and answers only connections
 *           that the workers have made, and that they lend to a client for as long as its
 *           answers take. So the address, TLS and limits are the listener's, a reload hands
 *           the port over without a gap, and nobody who is idle or slow to send holds a thread.
 *           A civetweb thread then checks where a request comes from and who sends it, and
 *           lets the core's rows (edge_admin.h) answer it, or sends a file of the console.
 * Owner:    settings: the snapshot; a relay: its worker; an exchange: its civetweb thread.
 * Threads:  relays on their worker's; exchanges on civetweb's; origins are shared.
 * Lifetime: the server from start to stop of the module.
 * Errors:   what is wrong with a request is answered as a problem.
 */
#ifndef EDGE_MOD_ADMIN_H
#define EDGE_MOD_ADMIN_H

#include "edge_admin_carrier.h"
#include "edge_bucket.h"
#include "edge_conf.h"
#include "edge_log.h"
#include "edge_module.h"
#include "edge_session.h"
#include "edge_tokens.h"
#include "proto/http1.h"

#define ADMIN_LISTENS_MOST 8
#define ADMIN_HOSTS_MOST 32
#define ADMIN_CERTIFICATES_MOST 32
#define ADMIN_HEAD_MOST 16384            /* octets of a request's head */
#define ADMIN_CONTENT_MOST (1024 * 1024) /* and of its content */
#define ADMIN_FIELDS_MOST 64

typedef struct admin_certificate {
    edge_span_t subject;
    edge_admin_role_t role;
} admin_certificate_t;

/* <Admin>, as written. */
typedef struct admin_conf {
    edge_span_t listens[ADMIN_LISTENS_MOST];
    unsigned listen_count;
    edge_span_t hosts[ADMIN_HOSTS_MOST];
    unsigned host_count;
    admin_certificate_t certificates[ADMIN_CERTIFICATES_MOST];
    unsigned certificate_count;
    bool console, insecure;
    edge_span_t files;
    uint32_t max_streams, request_rate;
} admin_conf_t;

extern edge_module_t admin_module;
extern edge_log_area_t admin_log;
extern const edge_directive_t admin_directives[];
extern const edge_protocol_t admin_protocol;

/* admin_conf.c: NULL without <Admin>. */
const admin_conf_t *admin_conf_of(const edge_snapshot_t *snapshot);
void admin_conf_expand(edge_conf_check_t *check);
void admin_conf_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot);
/* The index-th listener that speaks Protocol admin; NULL behind the last. */
const edge_section_t *admin_conf_listener(const edge_snapshot_t *snapshot, unsigned index);

/* admin_origin.c: who is behind a connection that a worker has made to civetweb, by its port. */
typedef struct admin_origin {
    edge_ipaddr_t address;
    uint16_t port;
    bool tls;
    char listener[64];
    char subject[256]; /* of a verified client certificate; "" */
} admin_origin_t;

void admin_origin_set(uint16_t port, const admin_origin_t *origin);
void admin_origin_forget(uint16_t port);
/* False: nobody of ours. */
bool admin_origin_find(uint16_t port, admin_origin_t *origin);
/* Requests that were passed on, and answers that are whole: said before the last octet of so many is sent. Who has got all of
 * them, since the origin was set, waits for nothing. */
void admin_origin_asked(uint16_t port);
void admin_origin_answered(uint16_t port, uint64_t octets);
bool admin_origin_is_busy(uint16_t port, uint64_t got);
/* The next answer is the last of its connection, and says so. */
void admin_origin_last(uint16_t port);
bool admin_origin_is_last(uint16_t port);
/* The client was told so: the worker ends the connection behind that answer, since civetweb would keep it. */
void admin_origin_told(uint16_t port);
bool admin_origin_is_told(uint16_t port);
/* What is being answered never ends by itself: a client that has said all is one that has gone. */
void admin_origin_streams(uint16_t port);
bool admin_origin_is_streaming(uint16_t port);

/* admin_upstream.c: connections to civetweb, of a worker. One is lent to a client for as long as its requests are being
 * answered, so that who is idle holds no thread of civetweb's. */
typedef struct admin_upstream admin_upstream_t;
typedef struct admin_upstream_user {
    void (*answer)(void *owner, edge_span_t bytes);
    void (*drained)(void *owner); /* what was asked has left */
    void (*lost)(void *owner);    /* it is gone already */
} admin_upstream_user_t;
apr_status_t admin_upstream_worker_start(edge_worker_t *worker);
void admin_upstream_worker_stop(edge_worker_t *worker);
/* NULL: civetweb cannot be reached. */
admin_upstream_t *admin_upstream_take(edge_worker_t *worker, const admin_origin_t *origin,
                                      const admin_upstream_user_t *user, void *owner);
/* When it is not busy any more. Reusable: civetweb reads the next request from it. */
void admin_upstream_give_back(admin_upstream_t *upstream, bool reusable);
/* Whatever it is doing. */
void admin_upstream_drop(admin_upstream_t *upstream);
uint16_t admin_upstream_port(const admin_upstream_t *upstream);
bool admin_upstream_is_busy(const admin_upstream_t *upstream);
/* A whole request; returns the octets that wait to leave. */
size_t admin_upstream_ask(admin_upstream_t *upstream, edge_span_t request);
/* No answer is read meanwhile. */
void admin_upstream_pause(admin_upstream_t *upstream);
void admin_upstream_resume(admin_upstream_t *upstream);

/* admin_server.c */
#define ADMIN_THREADS 16 /* of civetweb, besides one for each stream */
apr_status_t admin_server_start(const edge_snapshot_t *snapshot, apr_pool_t *pool);
void admin_server_stop(void);
/* civetweb's port on 127.0.0.1; 0 when it does not run. */
uint16_t admin_server_port(void);

/* admin_fields.c: the fields of every head. */
#define ADMIN_OWN_FIELDS_MOST 12
unsigned admin_fields_put(edge_http1_field_t *fields, bool tls);
/* A whole answer for a request that cannot be served; in `out`, returns its length. */
size_t admin_fields_refusal(unsigned status, const char *code, const char *detail, bool tls, char *out, size_t size);

/* admin_gate.c: whether a request may be looked at, wherever it comes from. */
typedef struct admin_gate {
    edge_span_t method, path, query;
    const edge_http1_field_t *fields;
    unsigned count;
    const edge_span_t *hosts; /* allowed, without port */
    unsigned host_count;
    bool bearer, cookie; /* how the sender says who it is */
} admin_gate_t;
typedef struct admin_refusal {
    unsigned status; /* 0: none */
    const char *code, *detail;
} admin_refusal_t;
/* The index-th field of that name; absent behind the last. */
edge_span_t admin_gate_field(const admin_gate_t *gate, const char *name, unsigned index);
admin_refusal_t admin_gate_check(const admin_gate_t *gate);
/* A value of the Cookie field; absent when there is none of that name. */
edge_span_t admin_gate_cookie(edge_span_t field, const char *name);
/* The token of "Bearer TOKEN"; absent when it is something else. */
edge_span_t admin_gate_bearer(edge_span_t field);

/* admin_seal.c: texts that only this server can have made, and that outlive a reload. */
typedef enum admin_seal_kind { ADMIN_SEAL_SESSION, ADMIN_SEAL_TICKET } admin_seal_kind_t;
#define ADMIN_SEAL_NAME 80
#define ADMIN_SEAL_ID 17
typedef struct admin_seal {
    edge_admin_role_t role;
    apr_time_t token_created; /* of the token it came of; 0: it came of a ticket */
    apr_time_t issued, until;
    char id[ADMIN_SEAL_ID]; /* 16 hex digits */
    char name[ADMIN_SEAL_NAME];
} admin_seal_t;
void admin_seal_new_id(admin_seal_t *seal);
const char *admin_seal_write(const admin_seal_t *seal, admin_seal_kind_t kind, apr_pool_t *pool);
bool admin_seal_read(edge_span_t text, admin_seal_kind_t kind, admin_seal_t *seal, apr_pool_t *pool);
/* What a script must send along with a cookie to change something. */
const char *admin_seal_csrf(const admin_seal_t *seal, apr_pool_t *pool);

/* admin_figures.c: counting is for any thread. */
typedef enum admin_failure {
    ADMIN_FAILURE_MISSING, /* said nothing */
    ADMIN_FAILURE_UNKNOWN, /* a token that is none here */
    ADMIN_FAILURE_EXPIRED,
    ADMIN_FAILURE_SOURCE, /* a token that counts from elsewhere */
    ADMIN_FAILURE_SESSION,
    ADMIN_FAILURE_TICKET,
    ADMIN_FAILURE_ROLE,
    ADMIN_FAILURE_CSRF
} admin_failure_t;
void admin_figures_make(void);
void admin_figures_failed(admin_failure_t failure);
void admin_figures_streams(int more);

/* admin_who.c: who sends a request. */
typedef struct admin_who {
    edge_admin_role_t role;
    const char *who;         /* for the audit trail */
    const char *rate;        /* what its requests are counted by */
    bool failed;             /* it said who it is, and that is not so */
    admin_failure_t failure; /* why it is nobody, when it is */
    bool cookie;             /* by a session of the console */
    admin_seal_t seal;
} admin_who_t;

/* admin_pace.c: seconds to wait; 0: go on. */
unsigned admin_pace_request(const char *key, unsigned *left);
unsigned admin_pace_failure(edge_ipaddr_t address);
bool admin_pace_ticket(const char *id);
void admin_pace_end_session(const char *id);
bool admin_pace_has_ended(const char *id);
void admin_pace_start(uint32_t requests);
unsigned admin_pace_requests(void);

/* admin_files.c: the console's files, in memory. */
typedef struct admin_file {
    const char *path; /* "/index.html" */
    const char *type, *etag;
    edge_span_t content, gzip; /* the second absent when there is none */
} admin_file_t;
apr_status_t admin_files_load(const char *directory, apr_pool_t *pool);
const admin_file_t *admin_files_find(edge_span_t path);

/* admin_exchange.c: a request and its answer. */
#define ADMIN_UNSENT_MOST 16384
struct mg_connection;
typedef struct admin_exchange {
    struct mg_connection *conn;
    const struct mg_request_info *info;
    apr_pool_t *pool;
    admin_origin_t origin;
    edge_http1_field_t fields[ADMIN_FIELDS_MOST];
    admin_gate_t gate;
    admin_who_t who;
    const admin_conf_t *conf;
    edge_admin_answer_t answer;
    char *unsent; /* what waits to leave with what follows it */
    size_t unsent_len;
    uint64_t sent;                       /* octets that have left before */
    uint16_t port;                       /* of the worker's connection */
    bool is_head, head_sent, gone, last; /* last: the connection ends behind the answer */
    bool is_file, is_stream;
} admin_exchange_t;
/* The status that was answered, for civetweb. */
int admin_exchange_serve(struct mg_connection *conn);
void admin_exchange_use(const edge_snapshot_t *snapshot);
void admin_exchange_send_file(admin_exchange_t *x, const admin_file_t *file);
void admin_exchange_problem(admin_exchange_t *x, unsigned status, const char *code, const char *detail);

void admin_who_find(admin_exchange_t *x);
edge_admin_role_t admin_who_role(edge_token_role_t role);
/* What is wrong with a token that is not for here. */
admin_failure_t admin_who_failure(edge_token_verdict_t verdict);
apr_time_t admin_who_token_stamp(const edge_token_facts_t *facts);

/* admin_login.c */
const char *admin_login_cookie_name(bool tls);
/* The value of Set-Cookie; "" ends the session. */
const char *admin_login_cookie(const char *sealed, bool tls, apr_pool_t *pool);
extern const edge_admin_route_t admin_routes[];

#endif
