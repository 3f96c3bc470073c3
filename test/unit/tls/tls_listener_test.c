/* What may be written about TLS, and what a listener gets of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Both fixtures have these. */
#define fixture_set_up fixture_set_up_conf
#define fixture_tear_down fixture_tear_down_conf
#define fixture_pool fixture_pool_conf
#include "../core/conf_core_fixture.h"
#undef fixture_set_up
#undef fixture_tear_down
#undef fixture_pool
#include "tls_fixture.h"

static int set_up(void **state) {
    const char *why = NULL;
    if (fixture_set_up_conf(state) || fixture_set_up(state))
        return 1;
    const fixture_certificate_t all[] = {
        {.name = "ca", .subject = "ca", .kind = TLS_ECDSA, .authority = true},
        {.name = "middle", .subject = "middle", .kind = TLS_ECDSA, .signer = "ca", .authority = true},
        {.name = "self", .subject = "self", .sans = "DNS:self.test", .kind = TLS_ECDSA},
        {.name = "again", .subject = "again", .sans = "DNS:self.test", .kind = TLS_ECDSA},
        {.name = "leaf", .subject = "leaf", .sans = "DNS:leaf.test", .kind = TLS_ECDSA, .signer = "middle"},
        {.name = "old", .subject = "old", .kind = TLS_ECDSA, .from = -9, .until = -2},
    };
    for (unsigned i = 0; i < EDGE_COUNT(all); i++)
        fixture_certify(&all[i]);
    return edge_module_load("tls_module", "", fixture_pool, &why) == APR_SUCCESS ? 0 : 1;
}

static int tear_down(void **state) { return fixture_tear_down(state) | fixture_tear_down_conf(state); }

/* Line 2 begins <TLSContext default>, line 3 its inside; the listener's own lines come behind. */
static edge_snapshot_t *with(const char *context, const char *listener) {
    return fixture_build(apr_pstrcat(
        fixture_pool, "LoadModule probe_module x\n<TLSContext default>\n", context,
        "</TLSContext>\n<Queue q>\nSpool s\n</Queue>\n<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n",
        listener, "</Listener>\n", NULL));
}

static const char *pair_of(const char *name) {
    return apr_pstrcat(fixture_pool, "Certificate ", fixture_path(name, "pem"), "\nCertificateKey ",
                       fixture_path(name, "key"), "\n", NULL);
}

static const char *codes(const char *context, const char *listener) {
    edge_snapshot_t *snapshot = with(context, listener);
    const char *all = "";
    for (const edge_conf_diagnostic_t *said = fixture_report.first; said; said = said->next)
        all = apr_psprintf(fixture_pool, "%s%s%s@%u", all, *all ? " " : "", said->code, said->place.line);
    edge_snapshot_drop(snapshot);
    return all;
}

static const edge_tls_provider_t *provider(void) { return edge_provider_find("tls", edge_span_of("openssl")); }

/* Prepared once more, as the core does it. */
static void listener_is(const char *line, edge_tls_mode_t mode, edge_tls_require_t require) {
    edge_snapshot_t *snapshot = with(pair_of("self"), line);
    assert_int_equal(fixture_report.errors, 0);
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x"));
    const edge_listener_t *listener = section->instance;
    if (mode == EDGE_TLS_OFF) {
        assert_null(listener->tls);
    } else {
        assert_non_null(listener->tls);
        assert_int_equal(listener->tls->mode, mode);
        assert_int_equal(listener->tls->require, require);
        assert_ptr_equal(listener->tls->transport, &tls_transport);
        assert_string_equal(((const tls_context_t *)listener->tls->settings)->name, "default");
    }
    edge_snapshot_drop(snapshot);
    assert_null(tls_context_first()); /* it goes with its snapshot */
}

static void listeners(void **state) {
    (void)state;
    assert_non_null(provider());
    listener_is("", EDGE_TLS_OFF, EDGE_TLS_REQUIRE_NOTHING);
    listener_is("TLS off\n", EDGE_TLS_OFF, EDGE_TLS_REQUIRE_NOTHING);
    listener_is("TLS starttls\n", EDGE_TLS_STARTTLS, EDGE_TLS_REQUIRE_NOTHING);
    listener_is("TLS STARTTLS context=default require=auth\n", EDGE_TLS_STARTTLS, EDGE_TLS_REQUIRE_AUTH);
    listener_is("TLS starttls require=all\n", EDGE_TLS_STARTTLS, EDGE_TLS_REQUIRE_ALL);
    listener_is("TLS immediate\n", EDGE_TLS_IMMEDIATE, EDGE_TLS_REQUIRE_NOTHING);
    listener_is("TLS immediate require=all\n", EDGE_TLS_IMMEDIATE, EDGE_TLS_REQUIRE_NOTHING);
}

static void written_wrongly(void **state) {
    (void)state;
    const char *self = pair_of("self");
    assert_string_equal(codes(self, "TLS\n"), "EDG10800@13");
    assert_string_equal(codes(self, "TLS on\n"), "EDG10800@13");
    assert_string_equal(codes(self, "TLS starttls require=some\n"), "EDG10800@13");
    assert_string_equal(codes(self, "TLS starttls context\n"), "EDG10800@13");
    assert_string_equal(codes(self, "TLS starttls context=\n"), "EDG10800@13");
    assert_string_equal(codes(self, "TLS starttls context=defualt\n"), "EDG10801@13");
    assert_non_null(strstr(fixture_report.first->text, "did you mean \"default\""));
    assert_string_equal(codes(self, "TLS starttls context=elsewhere\n"), "EDG10801@13");
    assert_string_equal(codes("Certificate\n", "TLS starttls\n"), "EDG10819@3");
    assert_string_equal(codes("Certificate a b\n", "TLS starttls\n"), "EDG10819@3");
}

static void of_the_context(void **state) {
    (void)state;
    const char *self = pair_of("self"), *tls = "TLS starttls\n";
    assert_string_equal(codes(self, tls), "");
    assert_string_equal(codes("", tls), "EDG10817@2");
    assert_string_equal(codes(apr_pstrcat(fixture_pool, self, "Certificate x\n", NULL), tls), "EDG10802@2");
    assert_string_equal(codes("Certificate gone.pem\nCertificateKey gone.key\n", tls), "EDG10803@3 EDG10803@4");
    assert_string_equal(codes(pair_of("old"), tls), "EDG10807@3");
    assert_string_equal(codes(apr_pstrcat(fixture_pool, self, "Ciphers NONE\n", NULL), tls), "EDG20808@5 EDG10810@5");
    assert_string_equal(codes(apr_pstrcat(fixture_pool, self, "Groups none\n", NULL), tls), "EDG10812@5");
    assert_string_equal(codes(apr_pstrcat(fixture_pool, self, "CipherSuites none\n", NULL), tls), "EDG10811@5");
    assert_string_equal(codes(apr_pstrcat(fixture_pool, self, "ClientCertificate require\n", NULL), tls), "EDG10813@2");
}

static void warnings(void **state) {
    (void)state;
    const char *self = pair_of("self"), *tls = "TLS starttls\n";
    assert_string_equal(codes(self, ""), "EDG20805@2");
    assert_string_equal(codes(pair_of("old"), ""), "EDG20805@2 EDG10807@3");
    assert_string_equal(codes(self, "TLS immediate require=auth\n"), "EDG20800@13");
    assert_string_equal(codes(self, "Listen 127.0.0.2:25\nTLS immediate\n"), "EDG20007@14");
    assert_string_equal(codes(self, "Listen 127.0.0.2:25\nTLS starttls\n"), "");
    assert_string_equal(codes(apr_pstrcat(fixture_pool, self, pair_of("again"), NULL), tls), "EDG20806@5");
    assert_string_equal(
        codes(apr_pstrcat(fixture_pool, self, "Ciphers ECDHE-RSA-AES128-GCM-SHA256:ECHDE\n", NULL), tls), "EDG20808@5");
    assert_string_equal(codes(pair_of("leaf"), tls), "EDG20803@3");
    chmod(fixture_path("self", "key"), 0644);
    assert_string_equal(codes(self, tls), "EDG20801@4");
    chmod(fixture_path("self", "key"), 0600);
}

/* One file of several certificates. */
static const char *joined(const char *a, const char *b, const char *c) {
    edge_span_t parts[] = {fixture_read(fixture_path(a, "pem")), fixture_read(fixture_path(b, "pem")),
                           fixture_read(fixture_path(c, "pem"))};
    char *all = apr_palloc(fixture_pool, parts[0].len + parts[1].len + parts[2].len);
    size_t len = 0;
    for (unsigned i = 0; i < 3; len += parts[i++].len)
        memcpy(all + len, parts[i].at, parts[i].len);
    fixture_write(fixture_path("joined", "pem"), all, len);
    fixture_copy(fixture_path("leaf", "key"), fixture_path("joined", "key"));
    return pair_of("joined");
}

static void chains(void **state) {
    (void)state;
    const char *tls = "TLS starttls\n";
    assert_string_equal(codes(joined("leaf", "middle", "ca"), tls), "");
    assert_string_equal(codes(joined("leaf", "ca", "middle"), tls), "EDG20802@3");
    assert_string_equal(codes(joined("leaf", "middle", "self"), tls), "EDG20802@3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners), cmocka_unit_test(written_wrongly), cmocka_unit_test(of_the_context),
        cmocka_unit_test(warnings),  cmocka_unit_test(chains),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
