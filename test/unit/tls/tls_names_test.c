/* Which certificate answers to which name, and to which client. */
#include "tls_fixture.h"

#include <openssl/x509v3.h>

static int set_up(void **state) {
    if (fixture_set_up(state))
        return 1;
    const fixture_certificate_t all[] = {
        {.name = "ec", .subject = "ec", .sans = "DNS:mx.test,DNS:MX2.test", .kind = TLS_ECDSA},
        {.name = "rsa", .subject = "rsa", .sans = "DNS:mx.test", .kind = TLS_RSA},
        {.name = "wild", .subject = "wild", .sans = "DNS:*.wild.test,DNS:wild.test", .kind = TLS_ECDSA},
        {.name = "one", .subject = "one", .sans = "DNS:one.wild.test", .kind = TLS_ECDSA},
        {.name = "wildrsa", .subject = "wildrsa", .sans = "DNS:*.wild.test", .kind = TLS_RSA},
        {.name = "plain", .subject = "plain.test", .kind = TLS_ECDSA},
        {.name = "ed", .subject = "ed", .sans = "DNS:mx.test", .kind = TLS_ED25519},
        {.name = "address", .subject = "address", .sans = "IP:127.0.0.1", .kind = TLS_ECDSA},
    };
    for (unsigned i = 0; i < EDGE_COUNT(all); i++)
        fixture_certify(&all[i]);
    return 0;
}

/* The common name of the certificate that a client gets; "" when the handshake fails. */
static const char *served(tls_context_t *context, const char *name, int version, const char *signature) {
    static char text[64];
    fixture_link_t link;
    SSL_CTX *client = fixture_client(version);
    if (signature)
        assert_int_equal(SSL_CTX_set1_sigalgs_list(client, signature), 1);
    fixture_connect(&link, context, client);
    if (name)
        SSL_set_tlsext_host_name(link.client, name);
    text[0] = '\0';
    if (fixture_shake(&link))
        X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(link.client)), NID_commonName, text,
                                  sizeof(text));
    fixture_close(&link);
    SSL_CTX_free(client);
    return text;
}

static void by_name(void **state) {
    (void)state;
    static const struct {
        const char *asked, *got;
    } all[] = {
        {NULL, "ec"},
        {"mx.test", "ec"},
        {"MX.TEST", "ec"},
        {"mx2.test", "ec"},
        {"mx.test.", "ec"},
        {"wild.test", "wild"},
        {"a.wild.test", "wild"},
        {"A.Wild.Test", "wild"},
        {"one.wild.test", "one"},
        {"a.b.wild.test", "ec"},
        {".wild.test", "ec"},
        {"plain.test", "plain.test"},
        {"unknown.test", "ec"},
        {"xplain.test", "ec"},
        {"localhost", "ec"},
    };
    tls_context_t *context = fixture_context("default", fixture_conf("ec,rsa,wild,one,plain,address"));
    for (unsigned i = 0; i < EDGE_COUNT(all); i++) {
        assert_string_equal(served(context, all[i].asked, TLS1_3_VERSION, NULL), all[i].got);
        assert_string_equal(served(context, all[i].asked, TLS1_2_VERSION, NULL), all[i].got);
    }
    fixture_forget(context);
}

#define RSA_ONLY "rsa_pss_rsae_sha256:RSA+SHA256"
#define EC_ONLY "ECDSA+SHA256"

static void by_kind(void **state) {
    (void)state;
    tls_context_t *context = fixture_context("default", fixture_conf("ec,rsa,ed,wild,one,wildrsa"));
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        assert_string_equal(served(context, NULL, version, RSA_ONLY), "rsa");
        assert_string_equal(served(context, "mx.test", version, RSA_ONLY), "rsa");
        assert_string_equal(served(context, "mx.test", version, EC_ONLY), "ec");
        assert_string_equal(served(context, "mx.test", version, "ed25519"), "ed");
        assert_string_equal(served(context, "mx2.test", version, RSA_ONLY), ""); /* it has no such certificate */
        assert_string_equal(served(context, "a.wild.test", version, RSA_ONLY), "wildrsa");
        assert_string_equal(served(context, "one.wild.test", version, EC_ONLY), "one");
        assert_string_equal(served(context, "one.wild.test", version, RSA_ONLY), "wildrsa"); /* filled in */
    }
    fixture_forget(context);
}

static void the_first_may_be_rsa(void **state) {
    (void)state;
    tls_context_t *context = fixture_context("default", fixture_conf("rsa,wild"));
    assert_string_equal(served(context, NULL, TLS1_3_VERSION, NULL), "rsa");
    assert_string_equal(served(context, NULL, TLS1_3_VERSION, EC_ONLY), ""); /* wild is not for the unnamed */
    fixture_forget(context);
}

/* A name is bytes from a stranger. */
static void odd_names(void **state) {
    (void)state;
    const char *const odd[] = {"", ".", "..", "*", "*.wild.test", "*.", "a..wild.test", "\xff\xfe.wild.test"};
    tls_context_t *context = fixture_context("default", fixture_conf("ec,wild"));
    char long_name[400];
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    for (unsigned i = 0; i + 1 < EDGE_COUNT(odd); i++)
        assert_null(tls_names_find(&context->set->names, odd[i]));
    assert_null(tls_names_find(&context->set->names, long_name));
    fixture_forget(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),
        cmocka_unit_test(by_kind),
        cmocka_unit_test(the_first_may_be_rsa),
        cmocka_unit_test(odd_names),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
