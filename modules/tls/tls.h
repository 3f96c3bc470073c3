/* What the files of mod_tls share: from a <TLSContext> to what a connection uses.
 *
 *   tls_conf_t      what is written in the section
 *   tls_context_t   the section as it runs; holds the set in force
 *   tls_set_t       all that was made of the section's files, frozen and counted: a reload makes a new one aside and
 *                   swaps it in; connections keep the one they began with
 *   tls_state_t     one connection
 */
#ifndef EDGE_MODULE_TLS_H
#define EDGE_MODULE_TLS_H

#include <openssl/ssl.h>
#include <apr_tables.h>
#include <pthread.h>
#include <stdatomic.h>

#include "edge_admin.h"
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_module.h"
#include "edge_reopen.h"
#include "edge_tls.h"

extern edge_module_t tls_module;
extern edge_log_area_t tls_log;

/* Rows in mod_tls.c. */
enum tls_counter {
    TLS_C_RESUMED,
    TLS_C_FAILED_GARBAGE,
    TLS_C_FAILED_MISMATCH,
    TLS_C_FAILED_ALERT,
    TLS_C_FAILED_CERTIFICATE,
    TLS_C_FAILED_CLOSED,
    TLS_C_FAILED_UNFINISHED,
    TLS_C_FAILED_OTHER,
    TLS_C_CLIENTS_VERIFIED,
    TLS_C_CLIENTS_REFUSED,
    TLS_C_NAMES_UNKNOWN,
    TLS_C_TRUNCATED,
    TLS_C_BROKEN,
    TLS_C_RELOADS,
    TLS_C_RELOADS_FAILED
};

static inline void tls_count(enum tls_counter counter) { edge_counter_add(tls_module.first_counter + counter, 1); }

/* What is written (tls_conf.c) */

#define TLS_FILES_MOST 64

/* A file, and the line that names it. */
typedef struct tls_file {
    edge_span_t path;
    const edge_conf_node_t *node;
} tls_file_t;

typedef struct tls_files {
    tls_file_t at[TLS_FILES_MOST];
    unsigned count;
} tls_files_t;

typedef enum tls_client_mode { TLS_CLIENT_OFF, TLS_CLIENT_REQUEST, TLS_CLIENT_REQUIRE } tls_client_mode_t;

typedef struct tls_conf {
    tls_files_t certificates, keys, staples, client_cas;
    int min_version; /* 0: TLSv1.2, 1: TLSv1.3 */
    edge_span_t ciphers, suites, groups;
    bool tickets;
    int client; /* tls_client_mode_t */
} tls_conf_t;

typedef struct tls_listener_conf {
    edge_tls_mode_t mode;
    edge_tls_require_t require;
    edge_span_t context;
    bool written;
} tls_listener_conf_t;

extern const edge_directive_t tls_directives[];
/* As they are written. */
const char *tls_conf_min_version(const tls_conf_t *conf);
const char *tls_conf_client(const tls_conf_t *conf);
const char *tls_conf_require(edge_tls_require_t require);

/* Reports (tls_report.c): the same checks speak to the reader of a configuration and to the log of a reload. */

typedef struct tls_report {
    edge_conf_check_t *check; /* NULL: a reload, whose errors go to the log and to `why` */
    const edge_section_t *section;
    apr_pool_t *pool;
    const char *why; /* all errors, separated by "; "; NULL: none */
} tls_report_t;

/* `file` NULL: about the section as a whole. */
void tls_report_error(tls_report_t *report, const tls_file_t *file, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Said while a configuration is read only. */
void tls_report_warn(const tls_report_t *report, const tls_file_t *file, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What OpenSSL says is wrong, taken from its queue, which is empty afterwards; never NULL. */
const char *tls_report_reason(void);

/* Files (tls_file.c) */

#define TLS_FILE_SIZE_MOST (4u * 1024 * 1024)

typedef struct tls_bytes {
    char *at; /* by malloc; NUL behind it */
    size_t len;
    mode_t mode;
    edge_file_stamp_t stamp;
} tls_bytes_t;

/* Off the workers. False: `why` is the system's text, or says that it is too large. */
bool tls_file_read(const char *path, tls_bytes_t *bytes, const char **why, apr_pool_t *pool);
/* Overwrites what was read. */
void tls_file_forget(tls_bytes_t *bytes);
/* Said while the server still has the rights it was started with. */
void tls_file_allow(const tls_file_t *file);

/* A certificate with its key (tls_pair.c) */

/* One of each kind may be offered under one name; the client's algorithms choose. */
typedef enum tls_kind { TLS_RSA, TLS_ECDSA, TLS_ED25519, TLS_ED448, TLS_KINDS } tls_kind_t;

typedef struct tls_pair {
    const tls_file_t *certificate_file, *key_file;
    X509 *leaf;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    tls_kind_t kind;
    apr_array_header_t *names; /* const char *: lower case, "mx.example.net" or "*.example.net" */
    edge_file_stamp_t stamps[2];
    unsigned char *staple; /* DER of an OCSP response; NULL */
    size_t staple_len;
    time_t staple_until; /* 0: not said */
} tls_pair_t;

/* Reads and checks; false after a report. Names are made in `pool`. */
bool tls_pair_load(tls_pair_t *pair, tls_report_t *report, apr_pool_t *pool);
void tls_pair_clear(tls_pair_t *pair);
const char *tls_pair_kind_name(const tls_pair_t *pair, apr_pool_t *pool); /* "RSA 2048", "ECDSA prime256v1" */

/* Sets */

#define TLS_NO_PAIR (-1)

/* Certificates that are offered together, at most one of each kind. */
typedef struct tls_group {
    int pairs[TLS_KINDS]; /* index, or TLS_NO_PAIR */
    SSL_CTX *openssl;
} tls_group_t;

typedef struct tls_name {
    const char *pattern;
    unsigned group;
} tls_name_t;

/* Which group answers to which name (tls_names.c). */
typedef struct tls_names {
    tls_group_t *groups; /* the first is for clients that name nothing, or what we are not */
    unsigned group_count;
    tls_name_t *names; /* sorted by pattern */
    unsigned name_count;
} tls_names_t;

/* Certificates that are never used beside others of their kind and name are warned about. */
void tls_names_make(tls_names_t *names, const tls_pair_t *pairs, unsigned count, const tls_report_t *report,
                    apr_pool_t *pool);
/* NULL: nobody here has that name. */
const tls_group_t *tls_names_find(const tls_names_t *names, const char *name);

/* Who may sign client certificates (tls_client.c). */
typedef struct tls_client_rules {
    tls_client_mode_t mode;
    X509_STORE *store;
    STACK_OF(X509_NAME) * names;
    edge_file_stamp_t stamps[TLS_FILES_MOST];
    unsigned char digest[32]; /* over the mode and all files: sessions of other rules are not resumed */
} tls_client_rules_t;

bool tls_client_load(tls_client_rules_t *rules, const tls_conf_t *conf, tls_report_t *report);
void tls_client_clear(tls_client_rules_t *rules);
bool tls_client_apply(const tls_client_rules_t *rules, SSL_CTX *openssl);
/* Of a verified certificate; both NULL when there is none. By malloc. */
void tls_client_describe(SSL *ssl, char **subject, char **name);

typedef struct tls_context tls_context_t;

typedef struct tls_set {
    _Atomic unsigned counts;
    const tls_context_t *context;
    apr_pool_t *pool;
    tls_pair_t *pairs;
    unsigned pair_count;
    tls_names_t names;
    tls_client_rules_t client;
    edge_file_stamp_t staple_stamps[TLS_FILES_MOST];
    apr_time_t loaded_at;
} tls_set_t;

/* tls_set.c: NULL after a report. */
tls_set_t *tls_set_make(const tls_context_t *context, tls_report_t *report);
void tls_set_drop(tls_set_t *set);
/* Makes an SSL_CTX of the section's settings; NULL after a report (tls_settings.c). */
SSL_CTX *tls_settings_make(const tls_conf_t *conf, tls_report_t *report);

/* OCSP responses from files (tls_staple.c); false after a report. */
bool tls_staple_load(tls_set_t *set, const tls_file_t *file, edge_file_stamp_t *stamp, tls_report_t *report);
void tls_staple_apply(SSL_CTX *openssl);

/* Resumption (tls_resume.c) */
bool tls_resume_start(void);
void tls_resume_stop(void);
bool tls_resume_apply(SSL_CTX *openssl, const tls_context_t *context, const tls_client_rules_t *client);
/* As if so many seconds had passed: for tests. */
void tls_resume_age(int64_t seconds);

/* Contexts (tls_context.c) */

struct tls_context {
    const char *name;
    const edge_section_t *section;
    const tls_conf_t *conf;
    pthread_mutex_t lock; /* of `set` */
    tls_set_t *set;
    tls_context_t *next;
};

/* Finds the context of the section, or loads it; NULL after a report. Lives as long as the snapshot. */
tls_context_t *tls_context_of(edge_conf_check_t *check, const edge_section_t *section, apr_pool_t *pool);
/* Loads the context of a section that no listener has asked for. */
void tls_context_check(edge_conf_check_t *check, const edge_section_t *section);
tls_context_t *tls_context_first(void);
/* Into the list and out of it, with the set in force. */
void tls_context_add(tls_context_t *context);
void tls_context_forget(tls_context_t *context);
/* The set in force, with a count for the caller. */
tls_set_t *tls_context_take(tls_context_t *context);
/* Puts the set in force; the count of the old one is dropped. */
void tls_context_put(tls_context_t *context, tls_set_t *set);

/* Reload (tls_reload.c) */

/* All contexts or none; `why` says what is wrong (in `pool`). Any thread but a worker's. */
apr_status_t tls_reload(apr_pool_t *pool, const char **why);
/* One look at the files. A change is acted upon when two looks in a row have seen the same. */
typedef enum tls_look { TLS_LOOK_SAME, TLS_LOOK_CHANGING, TLS_LOOK_RELOADED, TLS_LOOK_REFUSED } tls_look_t;
tls_look_t tls_reload_look(void);
apr_status_t tls_reload_start(void);
void tls_reload_stop(void);

/* Expiry (tls_expiry.c): one line in the log for each certificate in use that has run out or soon will; says how many. */
unsigned tls_expiry_warn(time_t now);
/* Every certificate in use, on any thread. */
void tls_expiry_visit(void (*visit)(void *context, const edge_tls_certificate_t *certificate), void *context);
/* tls_listener.c: the <TLSContext> of a listener. */
const char *tls_listener_context_name(const edge_tls_listener_t *listener);

/* One connection */

typedef struct tls_state {
    SSL *ssl;
    tls_set_t *set;              /* of a client's connection; NULL towards a next hop */
    edge_tls_towards_t *towards; /* a next hop; NULL: a client */
    char *client_subject, *client_name;
    edge_io_t later; /* END or ERROR came behind bytes that were given out: said at the next read; DONE: nothing */
    apr_status_t later_status;
    bool shaken;  /* the handshake is complete */
    bool failed;  /* nothing more can be said */
    bool starved; /* the last read has found the socket empty */
} tls_state_t;

extern const edge_transport_t tls_transport;
/* Both sides of a connection move bytes alike. */
edge_io_t tls_transport_read(void *state, int fd, char *into, size_t size, size_t *moved, apr_status_t *status);
edge_io_t tls_transport_write(void *state, int fd, const struct iovec *from, int count, size_t *moved,
                              apr_status_t *status);
bool tls_transport_pending(void *state);
void tls_transport_facts(void *state, edge_tls_facts_t *facts);
bool tls_transport_exporter(void *state, uint8_t out[EDGE_TLS_EXPORTER_SIZE]);

/* Towards next hops (tls_hop.c) */
extern const edge_transport_t tls_hop_transport;
const edge_tls_hop_t *tls_hop_prepare(edge_conf_check_t *check, const edge_section_t *handoff,
                                      const edge_tls_hop_files_t *files, bool verify, apr_pool_t *pool);
/* Its certificate is believed and names whom we wanted. */
bool tls_hop_verified(const tls_state_t *state);

/* A listener's part (tls_listener.c) */
const edge_tls_listener_t *tls_listener_prepare(edge_conf_check_t *check, const edge_section_t *listener,
                                                apr_pool_t *pool);

/* Counts and logs (tls_trouble.c). `error` is errno as the call left it. */
void tls_trouble_shaken(tls_state_t *state, int fd);
void tls_trouble_not_shaken(tls_state_t *state, int fd, int error);
void tls_trouble_broken(int fd, int error);

/* Admin */

/* A certificate in use (tls_certificate.c). */
void tls_certificate_put(edge_json_t *json, const tls_set_t *set, const tls_pair_t *pair, apr_pool_t *pool);
extern const edge_admin_argument_t tls_certificate_rows[];
/* The TLS of one listener (tls_admin_listener.c) */
edge_admin_handler_t tls_admin_listener;
extern const edge_admin_argument_t tls_admin_listener_answer[];
/* tls_admin.c */
extern const edge_admin_route_t tls_routes[];

#endif
