/* What the files of mod_auth_sasl share: from an Auth directive to an answered AUTH.
 *
 *   sasl_backend_t     an <AuthBackend> as it runs: a store behind a provider of kind "credentials"
 *   sasl_settings_t    what a listener's Auth comes to: mechanisms, and backends in order
 *   sasl_mechanism_t   a row: name, needs, step functions
 *   edge_auth_exchange one AUTH of one session
 */
#ifndef EDGE_MODULE_AUTH_SASL_H
#define EDGE_MODULE_AUTH_SASL_H

#include "edge_auth.h"
#include "edge_counter.h"
#include "edge_credentials.h"
#include "edge_log.h"
#include "edge_module.h"
#include "edge_obj.h"
#include "edge_session.h"
#include "proto/sasl_text.h"

extern edge_module_t auth_sasl_module;
extern edge_log_area_t sasl_log;

/* Rows in mod_auth_sasl.c. */
enum sasl_counter {
    SASL_C_MALFORMED,
    SASL_C_CANCELED,
    SASL_C_BUSY,
    SASL_C_TROUBLE,
    SASL_C_DOWNGRADES,
    SASL_C_RELOADS,
    SASL_C_RELOADS_FAILED
};

static inline void sasl_count(enum sasl_counter counter) {
    edge_counter_add(auth_sasl_module.first_counter + counter, 1);
}

/* What is written (sasl_conf.c) */

typedef enum sasl_mode { SASL_OFF, SASL_ON, SASL_REQUIRED } sasl_mode_t;

#define SASL_BACKENDS_MOST 16
#define SASL_OWN_MOST 16

typedef struct sasl_listener_conf {
    sasl_mode_t mode;
    edge_span_t backends[SASL_BACKENDS_MOST];
    unsigned backend_count;            /* 0: the only <AuthBackend> */
    uint32_t mechanisms;               /* bit by row of sasl_mechanisms */
    bool chosen;                       /* mechanisms= is written */
    edge_span_t others[SASL_OWN_MOST]; /* named there too: a backend must bring them */
    unsigned other_count;
    bool insecure;
} sasl_listener_conf_t;

typedef struct sasl_backend_conf {
    edge_span_t type, file;
} sasl_backend_conf_t;

extern const edge_directive_t sasl_directives[];

/* Backends (sasl_backend.c) */

typedef struct sasl_backend {
    const edge_section_t *section;
    const edge_credentials_provider_t *provider;
    void *store;
    struct sasl_backend *next;
} sasl_backend_t;

/* Finds the backend of the section, or opens it; NULL after a report. Lives as long as the snapshot. */
sasl_backend_t *sasl_backend_of(edge_conf_check_t *check, const edge_section_t *section, apr_pool_t *pool);
/* One that no listener uses is opened to see whether it is sound. */
void sasl_backend_check(edge_conf_check_t *check, const edge_section_t *section);
apr_status_t sasl_backends_start(void);
void sasl_backends_stop(void);

/* Settings (sasl_settings.c) */

/* What a session has, as bits: an index into `offered`. */
enum { SASL_HAS_PRIVACY = 1, SASL_HAS_BINDING = 2, SASL_HAS_CERTIFICATE = 4, SASL_HAS_ALL = 8 };

typedef struct sasl_settings {
    edge_auth_listener_t listener; /* `settings` of it is this struct */
    uint32_t mechanisms;
    struct sasl_own *own; /* that backends bring */
    unsigned own_count;
    bool insecure;
    sasl_backend_t *backends[SASL_BACKENDS_MOST];
    unsigned backend_count;
    edge_span_t offered[SASL_HAS_ALL];
} sasl_settings_t;

const edge_auth_listener_t *sasl_settings_prepare(edge_conf_check_t *check, const edge_section_t *listener,
                                                  const edge_tls_listener_t *tls, apr_pool_t *pool);
bool sasl_settings_mechanism_at(const edge_auth_listener_t *listener, unsigned index, edge_auth_mechanism_t *mechanism);
unsigned sasl_settings_has(const sasl_settings_t *settings, const edge_session_t *session);

/* Asking the stores (sasl_lookup.c) */

typedef struct sasl_lookup {
    edge_credentials_query_t query;
    const sasl_settings_t *settings;
    unsigned at; /* the backend that is being asked */
    bool open;
    void (*found)(struct sasl_lookup *lookup, const edge_credentials_answer_t *answer);
} sasl_lookup_t;

/* `lookup` has want, user and password in its query, and `found`; answers once, inside this call or later. */
void sasl_lookup_start(sasl_lookup_t *lookup, const sasl_settings_t *settings);
void sasl_lookup_cancel(sasl_lookup_t *lookup);

/* Names and passwords (sasl_prepare.c) */

/* SASLprep (RFC 4013); NULL when the text may not be used. By malloc; free with edge_password_forget. */
char *sasl_prepare(edge_span_t text);
/* A salt for a user that has none: the same for a name as long as the server runs, reloads included. */
void sasl_invent(edge_span_t user, edge_scram_t *scram);
bool sasl_invent_start(void);

/* Exchanges (sasl_exchange.c) */

typedef struct sasl_mechanism {
    const char *name;
    unsigned needs;               /* SASL_HAS_... */
    edge_credentials_want_t want; /* what it asks the stores */
    bool usual;                   /* offered when mechanisms= is not written */
    /* No initial response was given; NULL: the client speaks first, so it is asked to by an empty challenge. */
    void (*start)(edge_auth_exchange_t *exchange);
    /* What the client sent. Answers once, inside this call or later. */
    void (*respond)(edge_auth_exchange_t *exchange, edge_span_t message);
    /* NULL: start and respond. Else every message goes here as it came, in base64; absent: the client gave none. */
    void (*take)(edge_auth_exchange_t *exchange, edge_span_t response);
    /* Frees what the mechanism keeps in `own`; NULL: nothing. */
    void (*end)(edge_auth_exchange_t *exchange);
    const char *prose;
} sasl_mechanism_t;

extern const sasl_mechanism_t *const sasl_mechanisms[]; /* ends with NULL */
#define SASL_MECHANISMS_MOST 16
extern const sasl_mechanism_t sasl_plain, sasl_login, sasl_cram_md5, sasl_external, sasl_scram_sha_256,
    sasl_scram_sha_256_plus;

/* Of a backend (sasl_own.c). */
typedef struct sasl_own {
    sasl_mechanism_t row;
    sasl_backend_t *backend;
    const edge_credentials_mechanism_t *mechanism;
} sasl_own_t;

void sasl_own_make(sasl_own_t *own, sasl_backend_t *backend, const edge_credentials_mechanism_t *mechanism);

#define SASL_EXCHANGE_MAGIC 0x7361736cu

struct edge_auth_exchange {
    uint32_t magic;
    const sasl_settings_t *settings;
    const sasl_mechanism_t *mechanism;
    edge_session_t *session;
    edge_auth_answered_fn *answered;
    unsigned challenges; /* sent so far */
    bool stepped;        /* the first step has been taken */
    sasl_lookup_t lookup;
    void (*found)(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer);
    char *name;     /* who is logging in, prepared; NULL before that is known */
    char *authzid;  /* who to act as, prepared; NULL: nobody else */
    char *password; /* while it is looked at */
    void *own;      /* the mechanism's */
};

/* The end of a step: exactly one of these, and the exchange must not be touched behind it. */
void sasl_challenge(edge_auth_exchange_t *exchange, edge_span_t text);
/* The same, when it is base64 already. */
void sasl_challenge_encoded(edge_auth_exchange_t *exchange, edge_span_t base64);
/* GOOD; the authorization identity is checked here. The store's text, if it gives one, is the reply's. */
void sasl_succeed(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer);
void sasl_succeed_with(edge_auth_exchange_t *exchange, edge_span_t identity, const edge_reply_t *reply);
/* The credentials were wrong; NULL: the usual reply. */
void sasl_fail(edge_auth_exchange_t *exchange);
void sasl_fail_with(edge_auth_exchange_t *exchange, const edge_reply_t *reply, bool wrong);
/* Anything else that is no success. */
void sasl_refuse(edge_auth_exchange_t *exchange, edge_reply_row_t row);

/* Prepares and keeps who logs in, and as whom (empty: as itself); false when the text may not be used. */
bool sasl_take_names(edge_auth_exchange_t *exchange, edge_span_t name, edge_span_t authzid);
/* Asks the stores about exchange->name and exchange->password, as the row says; `found` is called only with GOOD, WRONG
 * and UNKNOWN. */
void sasl_ask(edge_auth_exchange_t *exchange,
              void (*found)(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer));
/* For mechanisms that send a password: asks, then succeeds or fails. */
void sasl_verify(edge_auth_exchange_t *exchange, edge_span_t password);

/* The provider's calls (edge_auth.h). */
edge_span_t sasl_offered(const edge_auth_listener_t *listener, const edge_session_t *session);
edge_auth_exchange_t *sasl_begin(const edge_auth_listener_t *listener, edge_session_t *session, edge_span_t mechanism,
                                 edge_auth_answered_fn *answered);
void sasl_step(edge_auth_exchange_t *exchange, edge_span_t response);
void sasl_cancel(edge_auth_exchange_t *exchange);
/* sasl_check.c */
edge_auth_check_t *sasl_check(const edge_auth_listener_t *listener, edge_span_t name, edge_span_t password,
                              edge_auth_checked_fn *checked, void *asker);
void sasl_check_cancel(edge_auth_check_t *check);
apr_status_t sasl_scram_start(void);
void sasl_scram_stop(void);

/* The store `file` (store_file.c) */
extern const edge_credentials_provider_t store_file_provider;

#endif
