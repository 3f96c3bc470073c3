/* The store `file` as a provider of credentials. */
#include "store.h"

#include <apr_strings.h>

#include "edge_reopen.h"

store_table_t *store_file_take(store_file_t *file) {
    pthread_mutex_lock(&file->lock);
    store_table_t *table = store_table_hold(file->table);
    pthread_mutex_unlock(&file->lock);
    return table;
}

void store_file_put(store_file_t *file, store_table_t *table) {
    pthread_mutex_lock(&file->lock);
    store_table_t *before = file->table;
    file->table = table;
    pthread_mutex_unlock(&file->lock);
    if (before)
        store_table_drop(before);
}

/* Loading */

typedef struct reader {
    edge_conf_check_t *check;
    const edge_section_t *section;
    const char *path;
} reader_t;

static void report(void *context, unsigned line, const char *what) {
    const reader_t *reader = context;
    if (line > 0)
        edge_conf_error_in(reader->check, reader->section, "File", "EDG10858", "%s:%u: %s", reader->path, line, what);
    else
        edge_conf_error_in(reader->check, reader->section, "File", "EDG10859", "%s: %s", reader->path, what);
}

static apr_status_t forget(void *memory) {
    store_file_t *file = memory;
    store_table_drop(file->table);
    pthread_mutex_destroy(&file->lock);
    return APR_SUCCESS;
}

static void *prepare(edge_conf_check_t *check, const edge_section_t *backend, apr_pool_t *pool) {
    const sasl_backend_conf_t *conf = edge_section_conf(backend, &auth_sasl_module);
    if (conf->file.len == 0) {
        edge_conf_error_in(check, backend, NULL, "EDG10857", "<AuthBackend %s> of Type file needs a File PATH",
                           backend->name.at);
        return NULL;
    }
    reader_t reader = {check, backend, conf->file.at};
    store_file_t *file = apr_pcalloc(pool, sizeof(*file));
    file->path = conf->file.at;
    file->name = backend->name.at;
    edge_file_stamp_t stamp;
    file->table = store_read(file->path, &stamp, report, &reader);
    if (!file->table)
        return NULL;
    edge_followed_took(&file->followed, stamp);
    pthread_mutex_init(&file->lock, NULL);
    apr_pool_cleanup_register(pool, file, forget, apr_pool_cleanup_null);
    edge_reopen_allow(file->path);
    return file;
}

/* An empty file can do all: its first user may have anything. */
static unsigned can(void *store) {
    const store_table_t *table = ((store_file_t *)store)->table;
    const unsigned all = EDGE_CREDENTIALS_CAN(VERIFY) | EDGE_CREDENTIALS_CAN(SECRET) | EDGE_CREDENTIALS_CAN(SCRAM) |
                         EDGE_CREDENTIALS_CAN(NAME);
    unsigned can = EDGE_CREDENTIALS_CAN(VERIFY) | EDGE_CREDENTIALS_CAN(NAME);
    for (unsigned i = 0; i < table->credential_count && can != all; i++) {
        if (table->credentials[i].kind == EDGE_PASSWORD_PLAIN)
            can = all;
        if (table->credentials[i].kind == EDGE_PASSWORD_SCRAM_SHA_256)
            can |= EDGE_CREDENTIALS_CAN(SCRAM);
    }
    return table->user_count == 0 ? all : can;
}

static apr_status_t start(void *store) {
    apr_status_t status = store_hash_start();
    return status == APR_SUCCESS ? store_watch_start(store) : status;
}

static void stop(void *store) {
    store_watch_stop(store);
    store_hash_stop();
}

/* Asking */

static void answer(edge_credentials_query_t *query, edge_credentials_result_t result, const store_table_t *table,
                   const store_user_t *user) {
    edge_credentials_answer_t given = {.result = result};
    given.scram.iterations = table->usual_iterations;
    if (result == EDGE_CREDENTIALS_GOOD)
        given.identity = user->identity;
    query->answered(query, &given);
}

static void hash(edge_credentials_query_t *query, store_table_t *table, const store_user_t *user,
                 const store_credential_t *credential) {
    if (!store_hash_submit(query, table, user, credential))
        answer(query, EDGE_CREDENTIALS_BUSY, table, NULL);
}

/* Whoever is unknown takes as long as most who are known. */
static void pretend(edge_credentials_query_t *query, store_table_t *table) {
    const store_credential_t *usual = table->usual;
    bool plain = usual && usual->kind == EDGE_PASSWORD_PLAIN;
    bool hashes = usual && ((query->want == EDGE_CREDENTIALS_VERIFY && !plain) ||
                            (query->want == EDGE_CREDENTIALS_SCRAM && plain));
    if (hashes)
        hash(query, table, NULL, usual);
    else
        answer(query, EDGE_CREDENTIALS_UNKNOWN, table, NULL);
}

/* A secret is compared at once: there is nothing to compute. */
static void answer_verify(edge_credentials_query_t *query, store_table_t *table, const store_user_t *user) {
    const store_credential_t *credential = user->first;
    if (credential->kind != EDGE_PASSWORD_PLAIN) {
        hash(query, table, user, credential);
        return;
    }
    char *secret = sasl_prepare(credential->text);
    bool equal = secret && edge_password_equal(edge_span_of(secret), query->password);
    edge_password_forget(secret);
    answer(query, equal ? EDGE_CREDENTIALS_GOOD : EDGE_CREDENTIALS_WRONG, table, user);
}

static void answer_secret(edge_credentials_query_t *query, const store_table_t *table, const store_user_t *user) {
    const store_credential_t *plain = store_user_credential(user, EDGE_PASSWORD_PLAIN);
    edge_credentials_answer_t given = {.result = EDGE_CREDENTIALS_GOOD, .identity = user->identity};
    if (!plain) {
        answer(query, EDGE_CREDENTIALS_WRONG, table, user);
        return;
    }
    given.secret = plain->text;
    query->answered(query, &given);
}

static void answer_scram(edge_credentials_query_t *query, store_table_t *table, const store_user_t *user) {
    const store_credential_t *verifier = store_user_credential(user, EDGE_PASSWORD_SCRAM_SHA_256);
    const store_credential_t *plain = store_user_credential(user, EDGE_PASSWORD_PLAIN);
    if (!verifier && plain) {
        hash(query, table, user, plain);
        return;
    }
    edge_credentials_answer_t given = {.result = EDGE_CREDENTIALS_GOOD, .identity = user->identity};
    if (!verifier) {
        answer(query, EDGE_CREDENTIALS_WRONG, table, user);
        return;
    }
    given.scram = verifier->scram;
    query->answered(query, &given);
    edge_password_wipe(&given, sizeof(given));
}

static void answer_known(edge_credentials_query_t *query, store_table_t *table, const store_user_t *user) {
    switch (query->want) {
    case EDGE_CREDENTIALS_VERIFY: answer_verify(query, table, user); break;
    case EDGE_CREDENTIALS_SECRET: answer_secret(query, table, user); break;
    case EDGE_CREDENTIALS_SCRAM: answer_scram(query, table, user); break;
    case EDGE_CREDENTIALS_NAME: answer(query, EDGE_CREDENTIALS_GOOD, table, user); break;
    }
}

static void ask(void *store, edge_credentials_query_t *query) {
    store_table_t *table = store_file_take(store);
    const store_user_t *user = query->pretend ? NULL : store_table_find(table, query->user);
    if (user)
        answer_known(query, table, user);
    else if (query->pretend)
        pretend(query, table);
    else
        answer(query, EDGE_CREDENTIALS_UNKNOWN, table, NULL);
    store_table_drop(table);
}

static void cancel(void *store, edge_credentials_query_t *query) {
    (void)store;
    store_hash_cancel(query);
}

const edge_credentials_provider_t store_file_provider = {
    .name = "file",
    .prose = "Users, hashes and verifiers in a password file.",
    .prepare = prepare,
    .can = can,
    .start = start,
    .stop = stop,
    .ask = ask,
    .cancel = cancel,
};
