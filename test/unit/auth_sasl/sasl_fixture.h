/*
 * A server's configuration with users in a file, and a session in front of it: for the tests of mod_auth_sasl. The module
 * stands in the test program itself, and so does an encryption that says what a test wants it to say.
 */
#ifndef EDGE_TEST_SASL_FIXTURE_H
#define EDGE_TEST_SASL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "../../../modules/auth_sasl/auth_sasl.h"
#include "../../../modules/auth_sasl/store.h"
#include "../core/conf_core_fixture.h"
#include "edge_codec.h"
#include "event/worker.h"
#include "event/worker_priv.h"
#include "io/conn_priv.h"

/* Encryption */

static bool tls_there; /* the listener has TLS */
static const edge_tls_listener_t tls_listener = {.mode = EDGE_TLS_STARTTLS};

static inline const edge_tls_listener_t *tls_prepare(edge_conf_check_t *check, const edge_section_t *listener,
                                                     apr_pool_t *pool) {
    (void)check;
    (void)listener;
    (void)pool;
    return tls_there ? &tls_listener : NULL;
}

static inline bool tls_exporter(void *state, uint8_t out[EDGE_TLS_EXPORTER_SIZE]) {
    (void)state;
    memset(out, 'x', EDGE_TLS_EXPORTER_SIZE);
    return true;
}

static const edge_tls_provider_t tls_provider = {.name = "fake", .prepare = tls_prepare, .exporter = tls_exporter};
static const edge_provider_row_t fake_tls_providers[] = {
    {"tls", "fake", &tls_provider, "An encryption of the test."},
    {NULL, NULL, NULL, NULL},
};
EDGE_MODULE(fake_tls) = {.summary = "says what a test wants", .providers = fake_tls_providers};

/* Configuration */

#define SASL_LOAD \
    "LoadModule probe_module x\nLoadModule fake_tls_module x\nLoadModule auth_sasl_module x\nAuthFailures off\n"
#define SASL_BACKEND "<AuthBackend staff>\nFile users\n</AuthBackend>\n"

static inline void users_are(const char *text) {
    fixture_file("users", text);
    chmod(apr_pstrcat(fixture_pool, fixture_root, "/users", NULL), 0600);
}

static inline edge_snapshot_t *build_with(const char *server, const char *listener) {
    return fixture_build(apr_pstrcat(fixture_pool, SASL_LOAD, server,
                                     "<Queue q>\nSpool s\n</Queue>\n<Listener x>\nListen 127.0.0.1:1\nQueue q\n"
                                     "Protocol probe\n",
                                     listener, "\n</Listener>\n", NULL));
}

static inline const edge_listener_t *listener_of(const edge_snapshot_t *snapshot) {
    return edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x"))->instance;
}

static inline int sasl_set_up(void **state) {
    const char *why = NULL;
    int failed = fixture_set_up(state);
    if (failed || edge_module_load("fake_tls_module", "", fixture_pool, &why) != APR_SUCCESS ||
        edge_module_load("auth_sasl_module", "", fixture_pool, &why) != APR_SUCCESS)
        return 1;
    return 0;
}

#endif
