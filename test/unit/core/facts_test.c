/* What is known of a session: the protocol's name by state, the hello, the identity, copies for checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "edge_session.h"

static const edge_protocol_t smtp = {.name = "smtp"}, http = {.name = "http"};
static edge_listener_t listener;
static edge_session_t session;

static int begin(void **state) {
    (void)state;
    listener =
        (edge_listener_t){.name = EDGE_SPAN("mx"), .protocol = &smtp, .server_name = EDGE_SPAN("mx.example.net")};
    session = (edge_session_t){.id = "S1", .listener = &listener, .from_port = 4711};
    return edge_ipaddr_parse(edge_span_of("2001:db8::7"), &session.from_ip) ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    edge_session_set_ehlo(&session, EDGE_NO_SPAN, false);
    edge_session_set_authed(&session, EDGE_NO_SPAN);
    return 0;
}

static void assert_span(edge_span_t span, const char *text) {
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.at, text, span.len);
}

/* RFC 3848 and RFC 6531 4.3, in all their states. */
static void names_of_the_protocol(void **state) {
    static const struct {
        bool esmtp, tls, authed, utf8;
        const char *name;
    } rows[] = {
        {false, false, false, false, "SMTP"},   {false, true, false, false, "SMTPS"},
        {true, false, false, false, "ESMTP"},   {true, true, false, false, "ESMTPS"},
        {true, false, true, false, "ESMTPA"},   {true, true, true, false, "ESMTPSA"},
        {true, false, false, true, "UTF8SMTP"}, {true, true, false, true, "UTF8SMTPS"},
        {true, false, true, true, "UTF8SMTPA"}, {true, true, true, true, "UTF8SMTPSA"},
    };
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        session.greeted_esmtp = rows[i].esmtp;
        session.tls = rows[i].tls;
        session.used_utf8 = rows[i].utf8;
        assert_true(edge_session_set_authed(&session, rows[i].authed ? edge_span_of("alice") : EDGE_NO_SPAN));
        assert_string_equal(edge_session_protocol(&session), rows[i].name);
    }
    listener.protocol = &http;
    assert_string_equal(edge_session_protocol(&session), "HTTPS");
    session.tls = false;
    assert_string_equal(edge_session_protocol(&session), "HTTP");
}

static void hellos(void **state) {
    char name[] = "client.example and more";
    (void)state;
    assert_true(edge_session_set_ehlo(&session, edge_span(name, 14), true));
    name[0] = 'X'; /* it is a copy */
    assert_string_equal(session.ehlo_as, "client.example");
    assert_true(session.greeted_esmtp);
    assert_true(edge_session_set_ehlo(&session, edge_span_of("again.example"), false));
    assert_string_equal(session.ehlo_as, "again.example");
    assert_false(session.greeted_esmtp);
    assert_true(edge_session_set_ehlo(&session, EDGE_NO_SPAN, true));
    assert_null(session.ehlo_as);
    assert_false(session.greeted_esmtp); /* nothing was greeted with */
}

static void identities(void **state) {
    (void)state;
    assert_true(edge_session_set_authed(&session, edge_span("alice and bob", 5)));
    assert_string_equal(session.authed, "alice");
    memcpy(session.auth_mechanism, "PLAIN", 6);
    assert_true(edge_session_set_authed(&session, edge_span_of("bob")));
    assert_string_equal(session.authed, "bob");
    assert_true(edge_session_set_authed(&session, EDGE_NO_SPAN));
    assert_null(session.authed);
    assert_string_equal(session.auth_mechanism, "");
}

static void facts_are_copies(void **state) {
    edge_client_facts_t facts;
    apr_pool_t *pool;
    (void)state;
    apr_pool_create(&pool, NULL);
    edge_session_facts(&session, pool, &facts);
    assert_span(facts.protocol, "SMTP");
    assert_span(facts.ip, "2001:db8::7");
    assert_int_equal(facts.port, 4711);
    assert_span(facts.security, "none");
    assert_span(facts.receiver, "mx.example.net");
    assert_span(facts.listener, "mx");
    assert_span(facts.session, "S1");
    assert_null(facts.ehlo.at);
    assert_null(facts.auth.at);
    assert_null(facts.tls_version.at);

    session.tls = true;
    session.secured.version = "TLSv1.3";
    session.secured.cipher = "TLS_AES_256_GCM_SHA384";
    assert_true(edge_session_set_ehlo(&session, edge_span_of("client.example"), true));
    assert_true(edge_session_set_authed(&session, edge_span_of("alice")));
    edge_session_facts(&session, pool, &facts);
    end(NULL); /* the session forgets, the facts do not */
    assert_span(facts.protocol, "ESMTPSA");
    assert_span(facts.security, "TLS");
    assert_span(facts.tls_version, "TLSv1.3");
    assert_span(facts.tls_cipher, "TLS_AES_256_GCM_SHA384");
    assert_span(facts.ehlo, "client.example");
    assert_span(facts.auth, "alice");
    apr_pool_destroy(pool);
}

int main(void) {
    apr_initialize();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_of_the_protocol, begin, end),
        cmocka_unit_test_setup_teardown(hellos, begin, end),
        cmocka_unit_test_setup_teardown(identities, begin, end),
        cmocka_unit_test_setup_teardown(facts_are_copies, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
