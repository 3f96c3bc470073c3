/* Sets: all that is made of a section's files, whole or not at all. */
#include "tls.h"

#include <apr_strings.h>
#include <openssl/err.h>

#include "edge_obj.h"

/* Which certificates a client gets: those of the name it asks for. */
static int choose(SSL *ssl, int *alert, void *unused) {
    const tls_set_t *set = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert, (void)unused;
    if (!name)
        return SSL_TLSEXT_ERR_NOACK;
    const tls_group_t *group = tls_names_find(&set->names, name);
    if (!group) {
        tls_count(TLS_C_NAMES_UNKNOWN); /* it gets the first one, and may still be content with it */
        return SSL_TLSEXT_ERR_NOACK;
    }
    if (group != &set->names.groups[0])
        SSL_set_SSL_CTX(ssl, group->openssl);
    return SSL_TLSEXT_ERR_OK;
}

static bool use_pair(SSL_CTX *openssl, const tls_pair_t *pair, tls_report_t *report) {
    if (SSL_CTX_use_cert_and_key(openssl, pair->leaf, pair->key, pair->chain, 1) == 1)
        return true;
    tls_report_error(report, pair->certificate_file, "EDG10809", "OpenSSL refuses the certificate %s: %s",
                     pair->certificate_file->path.at, tls_report_reason());
    return false;
}

static bool make_group(tls_set_t *set, tls_group_t *group, tls_report_t *report) {
    const tls_context_t *context = set->context;
    group->openssl = tls_settings_make(context->conf, report);
    if (!group->openssl)
        return false;
    SSL_CTX_set_app_data(group->openssl, set);
    SSL_CTX_set_tlsext_servername_callback(group->openssl, choose);
    tls_staple_apply(group->openssl);
    if (!tls_client_apply(&set->client, group->openssl) || !tls_resume_apply(group->openssl, context, &set->client)) {
        tls_report_error(report, NULL, "EDG10820", "OpenSSL cannot make a context: %s", tls_report_reason());
        return false;
    }
    for (unsigned kind = 0; kind < TLS_KINDS; kind++)
        if (group->pairs[kind] != TLS_NO_PAIR && !use_pair(group->openssl, &set->pairs[group->pairs[kind]], report))
            return false;
    return true;
}

/* All files are looked at, so that one run names all that is wrong. */
static bool load_pairs(tls_set_t *set, tls_report_t *report) {
    const tls_conf_t *conf = set->context->conf;
    bool good = true;
    set->pair_count = conf->certificates.count;
    set->pairs = apr_pcalloc(set->pool, sizeof(*set->pairs) * set->pair_count);
    for (unsigned i = 0; i < set->pair_count; i++) {
        set->pairs[i].certificate_file = &conf->certificates.at[i];
        set->pairs[i].key_file = &conf->keys.at[i];
        good &= tls_pair_load(&set->pairs[i], report, set->pool);
    }
    return good;
}

static bool load_staples(tls_set_t *set, tls_report_t *report) {
    const tls_files_t *staples = &set->context->conf->staples;
    bool good = true;
    for (unsigned i = 0; i < staples->count; i++)
        good &= tls_staple_load(set, &staples->at[i], &set->staple_stamps[i], report);
    return good;
}

static bool check_counts(const tls_conf_t *conf, tls_report_t *report) {
    if (conf->certificates.count == 0)
        tls_report_error(report, NULL, "EDG10817",
                         "<TLSContext %s> has no certificate: write Certificate PATH and CertificateKey PATH",
                         report->section->name.at);
    else if (conf->certificates.count != conf->keys.count)
        tls_report_error(
            report, NULL, "EDG10802",
            "<TLSContext %s> has %u Certificate and %u CertificateKey: each certificate needs the key that "
            "stands at the same place",
            report->section->name.at, conf->certificates.count, conf->keys.count);
    return conf->certificates.count > 0 && conf->certificates.count == conf->keys.count;
}

static bool fill(tls_set_t *set, tls_report_t *report) {
    bool good = load_pairs(set, report);
    good &= tls_client_load(&set->client, set->context->conf, report);
    good = good && load_staples(set, report);
    if (!good)
        return false;
    tls_names_make(&set->names, set->pairs, set->pair_count, report, set->pool);
    for (unsigned i = 0; i < set->names.group_count; i++)
        if (!make_group(set, &set->names.groups[i], report))
            return false;
    return true;
}

tls_set_t *tls_set_make(const tls_context_t *context, tls_report_t *report) {
    apr_pool_t *pool;
    if (!check_counts(context->conf, report))
        return NULL;
    /* Nobody's child: at the end of the process the snapshot's pool lets go of its sets, and a child of the global pool
     * would be gone by then. */
    apr_pool_create_unmanaged(&pool);
    tls_set_t *set = apr_pcalloc(pool, sizeof(*set));
    atomic_store(&set->counts, 1);
    set->context = context;
    set->pool = pool;
    set->loaded_at = apr_time_now();
    if (fill(set, report))
        return set;
    tls_set_drop(set);
    return NULL;
}

static void clear(tls_set_t *set) {
    for (unsigned i = 0; i < set->names.group_count; i++)
        SSL_CTX_free(set->names.groups[i].openssl);
    for (unsigned i = 0; i < set->pair_count; i++)
        tls_pair_clear(&set->pairs[i]);
    tls_client_clear(&set->client);
    apr_pool_destroy(set->pool);
}

void tls_set_drop(tls_set_t *set) {
    unsigned before = atomic_fetch_sub_explicit(&set->counts, 1, memory_order_acq_rel);
    EDGE_ASSERT(before > 0);
    if (before == 1)
        clear(set);
}
