/* Files that are wrong, each in its own way, and what is said about them. */
#include "tls_fixture.h"

#include <apr_strings.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int set_up(void **state) {
    if (fixture_set_up(state))
        return 1;
    const fixture_certificate_t all[] = {
        {.name = "ca", .subject = "ca", .kind = TLS_ECDSA, .authority = true},
        {.name = "good",
         .subject = "good",
         .sans = "DNS:Good.Test,DNS:*.good.test,email:a@b,IP:127.0.0.1",
         .kind = TLS_ECDSA,
         .signer = "ca"},
        {.name = "plain", .subject = "Plain.Test", .kind = TLS_RSA},
        {.name = "old", .subject = "old", .kind = TLS_ECDSA, .from = -30, .until = -2},
        {.name = "young", .subject = "young", .kind = TLS_ECDSA, .from = 2, .until = 9},
    };
    for (unsigned i = 0; i < EDGE_COUNT(all); i++)
        fixture_certify(&all[i]);
    return 0;
}

static void tells(const char *certificate, const char *key, const char *wanted) {
    tls_conf_t *conf = fixture_conf("");
    fixture_add(&conf->certificates, certificate);
    fixture_add(&conf->keys, key);
    const char *why = fixture_trouble(conf);
    assert_non_null(why);
    if (!strstr(why, wanted))
        fail_msg("\"%s\" is not in \"%s\"", wanted, why);
}

#define PEM(name) fixture_path(name, "pem")
#define KEY(name) fixture_path(name, "key")

static void good(void **state) {
    (void)state;
    tls_report_t report = {.pool = fixture_pool};
    tls_file_t files[] = {{edge_span_of(PEM("good")), NULL}, {edge_span_of(KEY("good")), NULL}};
    tls_pair_t pair = {.certificate_file = &files[0], .key_file = &files[1]};
    assert_true(tls_pair_load(&pair, &report, fixture_pool));
    assert_int_equal(pair.kind, TLS_ECDSA);
    assert_int_equal(pair.names->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(pair.names, 0, const char *), "good.test");
    assert_string_equal(APR_ARRAY_IDX(pair.names, 1, const char *), "*.good.test");
    assert_string_equal(tls_pair_kind_name(&pair, fixture_pool), "ECDSA prime256v1");
    tls_pair_clear(&pair);
    files[0].path = edge_span_of(PEM("plain"));
    files[1].path = edge_span_of(KEY("plain"));
    pair = (tls_pair_t){.certificate_file = &files[0], .key_file = &files[1]};
    assert_true(tls_pair_load(&pair, &report, fixture_pool));
    assert_string_equal(APR_ARRAY_IDX(pair.names, 0, const char *), "plain.test");
    assert_string_equal(tls_pair_kind_name(&pair, fixture_pool), "RSA 2048");
    tls_pair_clear(&pair);
}

static void not_there(void **state) {
    (void)state;
    const char *there = PEM("good"), *directory = apr_pstrmemdup(fixture_pool, there, strlen(there) - 9);
    tells(PEM("gone"), KEY("good"), "gone.pem cannot be read: No such file");
    tells(PEM("good"), KEY("gone"), "gone.key cannot be read: No such file");
    tells(PEM("gone"), KEY("gone"), "gone.key cannot be read"); /* both are named */
    tells(PEM("gone"), KEY("gone"), "gone.pem cannot be read");
    tells(directory, KEY("good"), "cannot be read");
    tells("/dev/null", KEY("good"), "/dev/null cannot be read");
}

static void not_in_time(void **state) {
    (void)state;
    tells(PEM("old"), KEY("old"), "old.pem expired on 20");
    tells(PEM("young"), KEY("young"), "young.pem is not valid before 20");
}

static void not_a_pair(void **state) {
    (void)state;
    tells(PEM("good"), KEY("plain"), "plain.key is not that of the certificate");
    tells(PEM("good"), KEY("ca"), "ca.key is not that of the certificate");
    tells(KEY("good"), PEM("good"), "good.key holds no whole certificate");
    tells(PEM("good"), PEM("good"), "good.pem holds no private key");
}

static void broken(void **state) {
    (void)state;
    edge_span_t bytes = fixture_read(PEM("good"));
    const char *path = fixture_path("broken", "pem");
    fixture_write(path, "", 0);
    tells(path, KEY("good"), "holds no whole certificate");
    fixture_write(path, bytes.at, bytes.len / 2);
    tells(path, KEY("good"), "holds no whole certificate");
    /* A good one with half a second one behind it. */
    char *more = apr_palloc(fixture_pool, bytes.len * 2);
    memcpy(more, bytes.at, bytes.len);
    memcpy(more + bytes.len, bytes.at, bytes.len / 2);
    fixture_write(path, more, bytes.len + bytes.len / 2);
    tells(path, KEY("good"), "holds no whole certificate");
    memset(more + bytes.len / 2, '!', 3);
    fixture_write(path, more, bytes.len);
    tells(path, KEY("good"), "holds no whole certificate");
}

static void passphrase(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(KEY("locked"), "w");
    char phrase[] = "secret";
    assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), NULL, 0, NULL, phrase), 1);
    fclose(file);
    EVP_PKEY_free(key);
    tells(PEM("good"), KEY("locked"), "locked.key needs a passphrase");
}

static void weak_key(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(1024);
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    FILE *file = fopen(PEM("weak"), "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    file = fopen(KEY("weak"), "w");
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    tells(PEM("weak"), KEY("weak"), "OpenSSL refuses the certificate");
}

static void counts(void **state) {
    (void)state;
    tls_conf_t *conf = fixture_conf("");
    assert_non_null(strstr(fixture_trouble(conf), "has no certificate"));
    fixture_add(&conf->certificates, PEM("good"));
    assert_non_null(strstr(fixture_trouble(conf), "1 Certificate and 0 CertificateKey"));
    fixture_add(&conf->keys, KEY("good"));
    assert_null(fixture_trouble(conf));
}

static void algorithms(void **state) {
    (void)state;
    tls_conf_t *conf = fixture_conf("good");
    conf->ciphers = edge_span_of("NOTHING");
    assert_non_null(strstr(fixture_trouble(conf), "Ciphers \"NOTHING\""));
    conf = fixture_conf("good");
    conf->suites = edge_span_of("TLS_NOTHING");
    assert_non_null(strstr(fixture_trouble(conf), "CipherSuites \"TLS_NOTHING\""));
    conf = fixture_conf("good");
    conf->groups = edge_span_of("X25519:P-1");
    assert_non_null(strstr(fixture_trouble(conf), "Groups \"X25519:P-1\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),       cmocka_unit_test(not_there), cmocka_unit_test(not_in_time),
        cmocka_unit_test(not_a_pair), cmocka_unit_test(broken),    cmocka_unit_test(passphrase),
        cmocka_unit_test(weak_key),   cmocka_unit_test(counts),    cmocka_unit_test(algorithms),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
