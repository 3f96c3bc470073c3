/* Sessions that go on in another connection: by tickets, by the cache, and where they must not. */
#include "tls_fixture.h"

static const int versions[2] = {TLS1_2_VERSION, TLS1_3_VERSION};

static int set_up(void **state) {
    if (fixture_set_up(state))
        return 1;
    fixture_certify(&(fixture_certificate_t){.name = "a", .subject = "a", .sans = "DNS:a.test", .kind = TLS_ECDSA});
    fixture_certify(&(fixture_certificate_t){.name = "ca", .subject = "ca", .kind = TLS_ECDSA, .authority = true});
    fixture_certify(&(fixture_certificate_t){.name = "ca2", .subject = "ca2", .kind = TLS_ECDSA, .authority = true});
    return 0;
}

static tls_context_t *with(const char *name, bool tickets) {
    tls_conf_t *conf = fixture_conf("a");
    conf->tickets = tickets;
    return fixture_context(name, conf);
}

/* The session as the client has it in the end. */
static SSL_SESSION *first(tls_context_t *context, SSL_CTX *client) {
    fixture_link_t link;
    fixture_connect(&link, context, client);
    assert_true(fixture_shake(&link));
    fixture_answer(&link, "220 x\r\n");
    assert_false(SSL_session_reused(link.client));
    SSL_SESSION *session = SSL_get1_session(link.client);
    fixture_close(&link);
    return session;
}

/* Whether it is resumed; `session` becomes the newer one. */
static bool again(tls_context_t *context, SSL_CTX *client, SSL_SESSION **session) {
    fixture_link_t link;
    edge_tls_facts_t facts;
    fixture_connect(&link, context, client);
    assert_int_equal(SSL_set_session(link.client, *session), 1);
    assert_true(fixture_shake(&link));
    fixture_answer(&link, "220 x\r\n");
    bool resumed = SSL_session_reused(link.client) == 1;
    tls_transport_facts(link.server, &facts);
    assert_int_equal(facts.resumed, resumed);
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(link.client);
    fixture_close(&link);
    return resumed;
}

static void resumed_either_way(void **state) {
    (void)state;
    for (unsigned tickets = 0; tickets < 2; tickets++) {
        tls_context_t *context = with("default", tickets);
        for (unsigned i = 0; i < 2; i++) {
            SSL_CTX *client = fixture_client(versions[i]);
            SSL_SESSION *session = first(context, client);
            assert_true(SSL_SESSION_is_resumable(session));
            /* With TLS 1.2 the session's own lack of a ticket shows that the server keeps it. */
            if (i == 0)
                assert_int_equal(SSL_SESSION_has_ticket(session), tickets);
            for (unsigned k = 0; k < 5; k++)
                assert_true(again(context, client, &session));
            SSL_SESSION_free(session);
            SSL_CTX_free(client);
        }
        fixture_forget(context);
    }
}

/* A client of TLS 1.2 that takes no tickets is served from the cache. */
static void without_tickets_at_the_client(void **state) {
    (void)state;
    tls_context_t *context = with("default", true);
    SSL_CTX *client = fixture_client(TLS1_2_VERSION);
    SSL_CTX_set_options(client, SSL_OP_NO_TICKET);
    SSL_SESSION *session = first(context, client);
    assert_false(SSL_SESSION_has_ticket(session));
    assert_true(again(context, client, &session));
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    fixture_forget(context);
}

static void keys_are_rotated(void **state) {
    (void)state;
    tls_context_t *context = with("default", true);
    SSL_CTX *client = fixture_client(TLS1_3_VERSION);
    SSL_SESSION *session = first(context, client), *old = session;
    SSL_SESSION_up_ref(old);
    tls_resume_age(3601); /* a new key; the old one still opens */
    assert_true(again(context, client, &session));
    tls_resume_age(3601);
    assert_true(again(context, client, &session)); /* it was sealed anew */
    tls_resume_age(3601);
    assert_false(again(context, client, &old)); /* its key is gone */
    SSL_SESSION_free(old);
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    fixture_forget(context);
}

static void after_a_reload(void **state) {
    (void)state;
    const char *why;
    tls_context_t *context = with("default", true);
    SSL_CTX *client = fixture_client(TLS1_3_VERSION);
    SSL_SESSION *session = first(context, client);
    assert_int_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_true(again(context, client, &session));
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    fixture_forget(context);
}

/* What was allowed there is not allowed here. */
static void not_in_another_context(void **state) {
    (void)state;
    for (unsigned tickets = 0; tickets < 2; tickets++)
        for (unsigned i = 0; i < 2; i++) {
            tls_context_t *one = with("one", tickets), *other = with("other", tickets);
            SSL_CTX *client = fixture_client(versions[i]);
            SSL_SESSION *session = first(one, client);
            assert_false(again(other, client, &session));
            SSL_SESSION_free(session);
            SSL_CTX_free(client);
            fixture_forget(one);
            fixture_forget(other);
        }
}

static void not_under_other_authorities(void **state) {
    (void)state;
    const char *why;
    tls_conf_t *conf = fixture_conf("a");
    conf->client = TLS_CLIENT_REQUEST;
    fixture_copy(fixture_path("ca", "pem"), fixture_path("trusted", "pem"));
    fixture_add(&conf->client_cas, fixture_path("trusted", "pem"));
    tls_context_t *context = fixture_context("default", conf);
    SSL_CTX *client = fixture_client(TLS1_3_VERSION);
    SSL_SESSION *session = first(context, client);
    assert_int_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_true(again(context, client, &session));
    fixture_copy(fixture_path("ca2", "pem"), fixture_path("trusted", "pem"));
    assert_int_equal(tls_reload(fixture_pool, &why), APR_SUCCESS);
    assert_false(again(context, client, &session));
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
    fixture_forget(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_either_way),     cmocka_unit_test(without_tickets_at_the_client),
        cmocka_unit_test(keys_are_rotated),       cmocka_unit_test(after_a_reload),
        cmocka_unit_test(not_in_another_context), cmocka_unit_test(not_under_other_authorities),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
