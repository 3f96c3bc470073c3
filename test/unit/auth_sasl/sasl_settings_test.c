/* What may be written about AUTH, and what is offered when. */
#include "sasl_fixture.h"

#define VERIFIER                                                                                              \
    "{SCRAM-SHA-256}4096$W22ZaJ0SNY7soEsUEjb6gQ==:WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhT" \
    "AmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void says(const char *server, const char *listener, const char *codes) {
    edge_snapshot_drop(build_with(server, listener));
    assert_string_equal(fixture_codes(), codes);
}

/* What is written in the listener begins at line 15 when the server's is SASL_BACKEND. */
static void written_rightly(void **state) {
    users_are("ann:" VERIFIER "\nbob:{PLAIN}x\n");
    tls_there = true;
    says(SASL_BACKEND, "Auth on", "");
    says(SASL_BACKEND, "Auth required backend=staff mechanisms=plain,SCRAM-SHA-256-PLUS,CRAM-MD5", "");
    says(SASL_BACKEND "Auth required backend=staff\n", "", "");
    says(SASL_BACKEND, "Auth off", "EDG20853@5:1");
    says(SASL_BACKEND, "Auth on\nAuthInsecure on", "EDG20850@16:1");
    says("<AuthBackend a>\nFile users\n</AuthBackend>\n<AuthBackend b>\nType FILE\nFile users\n</AuthBackend>\n",
         "Auth on backend=a,b", "");
}

static void written_wrongly(void **state) {
    users_are("ann:" VERIFIER "\n");
    tls_there = true;
    says(SASL_BACKEND, "Auth maybe", "EDG10850@15:6");
    says(SASL_BACKEND, "Auth on backends=staff", "EDG10850@15:9");
    says(SASL_BACKEND, "Auth on mechanisms=PLAIN,PLAN", "EDG10851@15:9");
    says(SASL_BACKEND, "Auth on mechanisms=", "EDG10851@15:9");
    says(SASL_BACKEND, "Auth on backend=", "EDG10852@15:9");
    says(SASL_BACKEND, "Auth on backend=staf", "EDG10853@15:1");
    says("", "Auth on", "EDG10854@12:1");
    says(SASL_BACKEND "<AuthBackend b>\nFile users\n</AuthBackend>\n", "Auth on", "EDG10855@18:1");
    says("<AuthBackend b>\nType fil\nFile users\n</AuthBackend>\n", "Auth on", "EDG10856@6:1");
    says("<AuthBackend b>\n</AuthBackend>\n", "Auth on", "EDG10857@5:1");
}

static void files_that_are_wrong(void **state) {
    tls_there = true;
    users_are("ann:" VERIFIER "\nbob:secret\n\n# \ncy:$9$x\nann:" VERIFIER "\n");
    says(SASL_BACKEND, "Auth on", "EDG10858@6:1 EDG10858@6:1 EDG10858@6:1");
    users_are("ann:" VERIFIER "\n");
    chmod(apr_pstrcat(fixture_pool, fixture_root, "/users", NULL), 0604);
    says(SASL_BACKEND, "Auth on", "EDG10859@6:1");
    chmod(apr_pstrcat(fixture_pool, fixture_root, "/users", NULL), 0602);
    says(SASL_BACKEND, "Auth on", "EDG10859@6:1");
    says("<AuthBackend b>\nFile nothing\n</AuthBackend>\n", "Auth on", "EDG10859@6:1");
    says("<AuthBackend b>\nFile .\n</AuthBackend>\n", "Auth off", "EDG20853@5:1 EDG10859@6:1");
}

static void never_offered(void **state) {
    users_are("ann:" VERIFIER "\n");
    tls_there = false;
    says(SASL_BACKEND, "Auth required mechanisms=PLAIN,LOGIN", "EDG20851@15:1");
    says(SASL_BACKEND, "Auth on", "");
    says(SASL_BACKEND, "Auth on mechanisms=PLAIN\nAuthInsecure on", "EDG20850@16:1");
    says(SASL_BACKEND, "Auth on mechanisms=CRAM-MD5", "EDG20852@15:1");
}

static const char *offered(const edge_auth_listener_t *auth, const char *version, const char *client) {
    edge_session_t session = {.tls = version != NULL, .secured = {.version = version, .client_name = client}};
    return sasl_offered(auth, &session).at;
}

static void offers(void **state) {
    users_are("ann:" VERIFIER "\nbob:{PLAIN}x\n");
    tls_there = true;
    edge_snapshot_t *snapshot = build_with(
        SASL_BACKEND, "Auth required mechanisms=EXTERNAL,PLAIN,LOGIN,CRAM-MD5,SCRAM-SHA-256,SCRAM-SHA-256-PLUS");
    const edge_auth_listener_t *auth = listener_of(snapshot)->auth;
    assert_true(auth->required);
    assert_string_equal(offered(auth, NULL, NULL), "SCRAM-SHA-256 CRAM-MD5");
    assert_string_equal(offered(auth, NULL, "ann"), "SCRAM-SHA-256 CRAM-MD5");
    assert_string_equal(offered(auth, "TLSv1.2", NULL), "SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN");
    assert_string_equal(offered(auth, "TLSv1.3", NULL), "SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN");
    assert_string_equal(offered(auth, "TLSv1.2", "ann"), "SCRAM-SHA-256 EXTERNAL CRAM-MD5 PLAIN LOGIN");
    edge_snapshot_drop(snapshot);
}

static void offers_by_default(void **state) {
    tls_there = true;
    users_are("ann:$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/"
              "O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1\n");
    edge_snapshot_t *snapshot = build_with(SASL_BACKEND, "Auth on\nAuthInsecure on");
    assert_string_equal(offered(listener_of(snapshot)->auth, NULL, NULL), "PLAIN LOGIN");
    assert_string_equal(offered(listener_of(snapshot)->auth, "TLSv1.3", NULL), "PLAIN LOGIN");
    edge_snapshot_drop(snapshot);
    users_are("");
    snapshot = build_with(SASL_BACKEND, "Auth on");
    assert_false(listener_of(snapshot)->auth->required);
    assert_string_equal(offered(listener_of(snapshot)->auth, NULL, NULL), "SCRAM-SHA-256");
    assert_string_equal(offered(listener_of(snapshot)->auth, "TLSv1.2", NULL), "SCRAM-SHA-256 PLAIN LOGIN");
    edge_snapshot_drop(snapshot);
}

static void shows(void **state) {
    users_are("");
    tls_there = true;
    edge_snapshot_t *snapshot = build_with(SASL_BACKEND, "Auth required backend=staff mechanisms=login,plain");
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x"));
    const void *conf = edge_section_conf(section, &auth_sasl_module);
    assert_string_equal(sasl_directives[0].show(conf, fixture_pool).at,
                        "required backend=staff mechanisms=PLAIN,LOGIN");
    edge_snapshot_drop(snapshot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_rightly), cmocka_unit_test(written_wrongly), cmocka_unit_test(files_that_are_wrong),
        cmocka_unit_test(never_offered),   cmocka_unit_test(offers),          cmocka_unit_test(offers_by_default),
        cmocka_unit_test(shows),
    };
    return cmocka_run_group_tests_name("auth_sasl/settings", tests, sasl_set_up, fixture_tear_down);
}
