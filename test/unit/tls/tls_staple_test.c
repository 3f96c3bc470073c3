/* OCSP responses that are sent along. */
#include "tls_fixture.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>

static int set_up(void **state) {
    if (fixture_set_up(state))
        return 1;
    const fixture_certificate_t all[] = {
        {.name = "ca", .subject = "ca", .kind = TLS_ECDSA, .authority = true},
        {.name = "ec", .subject = "ec", .sans = "DNS:ec.test", .kind = TLS_ECDSA, .signer = "ca"},
        {.name = "rsa", .subject = "rsa", .sans = "DNS:rsa.test", .kind = TLS_RSA, .signer = "ca"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(all); i++)
        fixture_certify(&all[i]);
    return 0;
}

/* A response about NAME, signed by the authority, good until so many seconds from now. */
static const char *respond(const char *name, long until) {
    X509 *subject = fixture_certificate(name), *issuer = fixture_certificate("ca");
    EVP_PKEY *key = fixture_key("ca");
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), subject, issuer);
    ASN1_TIME *now = X509_gmtime_adj(NULL, -3600), *end = X509_gmtime_adj(NULL, until);
    OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, now, end);
    assert_int_equal(OCSP_basic_sign(basic, issuer, key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *der = NULL;
    int len = i2d_OCSP_RESPONSE(response, &der);
    const char *path = fixture_path(name, "ocsp");
    fixture_write(path, (const char *)der, (size_t)len);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(now);
    ASN1_TIME_free(end);
    EVP_PKEY_free(key);
    X509_free(subject);
    X509_free(issuer);
    return path;
}

/* Whether the client gets exactly the file's bytes; NULL: nothing. */
static bool stapled(tls_context_t *context, const char *name, int version, const char *path) {
    fixture_link_t link;
    const unsigned char *got = NULL;
    SSL_CTX *client = fixture_client(version);
    SSL_CTX_set_tlsext_status_type(client, TLSEXT_STATUSTYPE_ocsp);
    fixture_connect(&link, context, client);
    SSL_set_tlsext_host_name(link.client, name);
    assert_true(fixture_shake(&link));
    long len = SSL_get_tlsext_status_ocsp_resp(link.client, &got);
    edge_span_t wanted = path ? fixture_read(path) : EDGE_NO_SPAN;
    bool same = path ? len == (long)wanted.len && memcmp(got, wanted.at, wanted.len) == 0 : got == NULL;
    fixture_close(&link);
    SSL_CTX_free(client);
    return same;
}

static void sent_with_its_certificate(void **state) {
    (void)state;
    tls_conf_t *conf = fixture_conf("ec,rsa");
    const char *path = respond("rsa", 3600);
    fixture_add(&conf->staples, path);
    tls_context_t *context = fixture_context("default", conf);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        assert_true(stapled(context, "rsa.test", version, path));
        assert_true(stapled(context, "ec.test", version, NULL));
    }
    fixture_forget(context);
}

static void not_when_out_of_date(void **state) {
    (void)state;
    const char *why;
    tls_conf_t *conf = fixture_conf("ec");
    const char *path = respond("ec", -60);
    fixture_add(&conf->staples, path);
    tls_context_t *context = fixture_context("default", conf);
    assert_true(stapled(context, "ec.test", TLS1_3_VERSION, NULL));
    respond("ec", 3600);
    assert_int_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_true(stapled(context, "ec.test", TLS1_3_VERSION, path));
    fixture_forget(context);
}

static void refused(void **state) {
    (void)state;
    tls_conf_t *conf = fixture_conf("ec");
    const char *path = respond("rsa", 3600);
    fixture_add(&conf->staples, path);
    assert_non_null(strstr(fixture_trouble(conf), "speaks of none of the certificates"));
    edge_span_t bytes = fixture_read(respond("ec", 3600));
    path = fixture_path("broken", "ocsp");
    conf->staples.at[0].path = edge_span_of(path);
    for (size_t len = 0; len < bytes.len; len += 7) {
        fixture_write(path, bytes.at, len);
        assert_non_null(strstr(fixture_trouble(conf), "holds no successful OCSP response"));
    }
    fixture_write(path, "\x30\x03\x0a\x01\x06", 5); /* a well-formed refusal */
    assert_non_null(strstr(fixture_trouble(conf), "holds no successful OCSP response"));
    conf->staples.at[0].path = edge_span_of(fixture_path("gone", "ocsp"));
    assert_non_null(strstr(fixture_trouble(conf), "gone.ocsp cannot be read"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_with_its_certificate),
        cmocka_unit_test(not_when_out_of_date),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
