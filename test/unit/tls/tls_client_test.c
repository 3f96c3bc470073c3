/* Client certificates: asked for, believed, refused, and whom they speak for. */
#include "tls_fixture.h"

#include <apr_strings.h>

static int set_up(void **state) {
    if (fixture_set_up(state))
        return 1;
    const fixture_certificate_t all[] = {
        {.name = "a", .subject = "a", .sans = "DNS:a.test", .kind = TLS_ECDSA},
        {.name = "ca", .subject = "Test CA", .kind = TLS_ECDSA, .authority = true},
        {.name = "other", .subject = "Other CA", .kind = TLS_ECDSA, .authority = true},
        {.name = "carol",
         .subject = "Carol, Jr.",
         .sans = "email:carol@test,DNS:c.test",
         .kind = TLS_ECDSA,
         .signer = "ca"},
        {.name = "dave", .subject = "dave", .kind = TLS_RSA, .signer = "ca"},
        {.name = "old", .subject = "old", .kind = TLS_ECDSA, .signer = "ca", .from = -30, .until = -2},
        {.name = "mallory", .subject = "dave", .kind = TLS_ECDSA, .signer = "other"},
        {.name = "self", .subject = "dave", .kind = TLS_ECDSA},
        {.name = "feed", .subject = "a\nb", .kind = TLS_ECDSA, .signer = "ca"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(all); i++)
        fixture_certify(&all[i]);
    return 0;
}

static tls_context_t *with(tls_client_mode_t mode) {
    tls_conf_t *conf = fixture_conf("a");
    conf->client = mode;
    fixture_add(&conf->client_cas, fixture_path("ca", "pem"));
    return fixture_context("default", conf);
}

static SSL_CTX *client_of(const char *name, int version) {
    SSL_CTX *client = fixture_client(version);
    if (name) {
        assert_int_equal(SSL_CTX_use_certificate_file(client, fixture_path(name, "pem"), SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(client, fixture_path(name, "key"), SSL_FILETYPE_PEM), 1);
    }
    return client;
}

/* "subject|name", "-" for none; "" when the handshake fails. */
static const char *seen(tls_context_t *context, const char *name, int version) {
    fixture_link_t link;
    edge_tls_facts_t facts;
    const char *text = "";
    SSL_CTX *client = client_of(name, version);
    fixture_connect(&link, context, client);
    fixture_shake(&link);
    if (link.server_done) {
        tls_transport_facts(link.server, &facts);
        text = apr_pstrcat(fixture_pool, facts.client_subject ? facts.client_subject : "-", "|",
                           facts.client_name ? facts.client_name : "-", NULL);
    }
    fixture_close(&link);
    SSL_CTX_free(client);
    return text;
}

static void required(void **state) {
    (void)state;
    tls_context_t *context = with(TLS_CLIENT_REQUIRE);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        assert_string_equal(seen(context, "carol", version), "CN=Carol\\, Jr.,O=Test\\, Ltd|carol@test");
        assert_string_equal(seen(context, "dave", version), "CN=dave,O=Test\\, Ltd|dave");
        assert_string_equal(seen(context, NULL, version), "");
        assert_string_equal(seen(context, "mallory", version), "");
        assert_string_equal(seen(context, "self", version), "");
        assert_string_equal(seen(context, "old", version), "");
    }
    fixture_forget(context);
}

static void requested(void **state) {
    (void)state;
    tls_context_t *context = with(TLS_CLIENT_REQUEST);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        assert_string_equal(seen(context, "dave", version), "CN=dave,O=Test\\, Ltd|dave");
        assert_string_equal(seen(context, NULL, version), "-|-");
        assert_string_equal(seen(context, "mallory", version), "-|-");
        assert_string_equal(seen(context, "self", version), "-|-");
        assert_string_equal(seen(context, "old", version), "-|-");
        /* A line end in a name is escaped in the subject, and no identity. */
        assert_string_equal(seen(context, "feed", version), "CN=a\\0Ab,O=Test\\, Ltd|-");
    }
    fixture_forget(context);
}

static void not_asked(void **state) {
    (void)state;
    tls_context_t *context = with(TLS_CLIENT_OFF);
    assert_string_equal(seen(context, "dave", TLS1_3_VERSION), "-|-");
    fixture_forget(context);
}

/* What was believed, or not, stays so in a resumed session. */
static void resumed(void **state) {
    (void)state;
    const struct { const char *name, *subject; } all[] = {{"dave", "CN=dave,O=Test\\, Ltd"}, {"mallory", NULL}};
    tls_context_t *context = with(TLS_CLIENT_REQUEST);
    for (unsigned i = 0; i < 2 * EDGE_COUNT(all); i++) {
        fixture_link_t link;
        edge_tls_facts_t facts;
        SSL_SESSION *session = NULL;
        const char *subject = all[i / 2].subject;
        SSL_CTX *client = client_of(all[i / 2].name, i % 2 ? TLS1_3_VERSION : TLS1_2_VERSION);
        for (unsigned turn = 0; turn < 2; turn++) {
            fixture_connect(&link, context, client);
            if (session)
                SSL_set_session(link.client, session);
            assert_true(fixture_shake(&link));
            fixture_answer(&link, "220 x\r\n");
            tls_transport_facts(link.server, &facts);
            assert_int_equal(facts.resumed, turn == 1);
            if (subject)
                assert_string_equal(facts.client_subject, subject);
            else
                assert_null(facts.client_subject);
            SSL_SESSION_free(session);
            session = SSL_get1_session(link.client);
            fixture_close(&link);
        }
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
    fixture_forget(context);
}

static void authorities(void **state) {
    (void)state;
    tls_conf_t *conf = fixture_conf("a");
    conf->client = TLS_CLIENT_REQUEST;
    assert_non_null(strstr(fixture_trouble(conf), "ClientCA PATH"));
    fixture_write(fixture_path("none", "pem"), "nothing\n", 8);
    fixture_add(&conf->client_cas, fixture_path("none", "pem"));
    assert_non_null(strstr(fixture_trouble(conf), "none.pem holds no whole certificates"));
    conf->client_cas.at[0].path = edge_span_of(fixture_path("gone", "pem"));
    assert_non_null(strstr(fixture_trouble(conf), "gone.pem cannot be read"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required), cmocka_unit_test(requested),   cmocka_unit_test(not_asked),
        cmocka_unit_test(resumed),  cmocka_unit_test(authorities),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
