/* Mechanisms that a backend brings: who gets the messages, what becomes of the answers, and who must name them. */
#include "exchange_fixture.h"

/* A store of Type own: X-OWN may be used in clear text, X-PRIVATE not. What it answers the test says. */
static struct {
    edge_credentials_exchange_t *exchange; /* NULL: none is open */
    edge_credentials_step_t next;
    unsigned steps, left;
    bool late;
    char response[64], mechanism[32];
} own;

static const edge_credentials_mechanism_t own_mechanisms[] = {{"X-OWN", true}, {"X-PRIVATE", false}};

static void *own_prepare(edge_conf_check_t *check, const edge_section_t *backend, apr_pool_t *pool) { return &own; }
static unsigned own_can(void *store) { return EDGE_CREDENTIALS_CAN(VERIFY); }
static void own_ask(void *store, edge_credentials_query_t *query) { fail(); }

static const edge_credentials_mechanism_t *own_at(void *store, unsigned index) {
    return index < EDGE_COUNT(own_mechanisms) ? &own_mechanisms[index] : NULL;
}

static void own_step(void *store, edge_credentials_exchange_t *exchange, edge_span_t response) {
    assert_true(own.exchange == NULL || own.exchange == exchange);
    assert_ptr_equal(exchange->state, own.exchange ? &own : NULL);
    exchange->state = &own;
    own.exchange = exchange;
    own.steps++;
    fake_keep(response.at ? response : edge_span_of("(none)"), own.response, sizeof(own.response));
    fake_keep(edge_span_of(exchange->mechanism->name), own.mechanism, sizeof(own.mechanism));
    edge_credentials_step_t next = own.next;
    if (!own.late)
        exchange->stepped(exchange, &next);
}

static void own_leave(void *store, edge_credentials_exchange_t *exchange) {
    assert_ptr_equal(exchange, own.exchange);
    own.exchange = NULL;
    own.left++;
}

static const edge_credentials_provider_t own_provider = {
    .name = "own",
    .prose = "Mechanisms of the test.",
    .prepare = own_prepare,
    .can = own_can,
    .ask = own_ask,
    .mechanism_at = own_at,
    .step = own_step,
    .leave = own_leave,
};
static const edge_provider_row_t own_providers[] = {
    {"credentials", "own", &own_provider, "Mechanisms of the test."},
    {NULL, NULL, NULL, NULL},
};
EDGE_MODULE(own_store) = {.summary = "brings mechanisms", .providers = own_providers};

static edge_snapshot_t *own_snapshot;

static void auth_is(const char *line) {
    if (own_snapshot)
        edge_snapshot_drop(own_snapshot);
    own_snapshot = build_with("LoadModule own_store_module x\n<AuthBackend mine>\nType own\n</AuthBackend>\n", line);
    session.listener = listener_of(own_snapshot);
    auth = session.listener->auth;
}

static void offers(const char *clear, const char *private) {
    assert_string_equal(fixture_codes(), "");
    session.tls = false;
    assert_string_equal(sasl_offered(auth, &session).at, clear);
    session.tls = true;
    assert_string_equal(sasl_offered(auth, &session).at, private);
}

static void offered(void **state) {
    auth_is("Auth on");
    offers("X-OWN", "PLAIN LOGIN X-OWN X-PRIVATE");
    auth_is("Auth on mechanisms=x-private,PLAIN");
    offers("", "PLAIN X-PRIVATE");
    const edge_section_t *section = edge_snapshot_find(own_snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x"));
    assert_string_equal(sasl_directives[0].show(edge_section_conf(section, &auth_sasl_module), fixture_pool).at,
                        "on mechanisms=PLAIN,x-private");
    auth_is("Auth on mechanisms=PLAIN,X-OTHER");
    assert_string_equal(fixture_codes(), "EDG10851@16:1");
    assert_string_equal(fixture_report.first->text, "\"X-OTHER\" is no mechanism, of the server or of a backend");
    auth_is("Auth on");
    assert_null(sasl_begin(auth, &session, edge_span_of("X-OTHER"), hear));
    session.tls = false;
    assert_null(sasl_begin(auth, &session, edge_span_of("X-PRIVATE"), hear));
}

static void messages_go_as_they_are(void **state) {
    own.next = (edge_credentials_step_t){.kind = EDGE_CREDENTIALS_GOES_ON, .challenge = EDGE_SPAN("YWJj")};
    begin("x-own");
    step_raw(NULL);
    is_challenge("abc");
    assert_string_equal(own.response, "(none)");
    assert_string_equal(own.mechanism, "X-OWN");
    step_raw("not base64, but its own");
    is_challenge("abc");
    assert_string_equal(own.response, "not base64, but its own");
    own.next = (edge_credentials_step_t){.kind = EDGE_CREDENTIALS_IS_DONE, .identity = EDGE_SPAN("zoe")};
    step_raw("=");
    is_done("zoe", "zoe");
    assert_int_equal(own.left, 1);
    assert_null(own.exchange);
}

static void replies(void **state) {
    own.next = (edge_credentials_step_t){.kind = EDGE_CREDENTIALS_IS_DONE, .identity = EDGE_SPAN("zoe")};
    own.next.reply = edge_reply_of(EDGE_R_AUTH_OK);
    edge_reply_set(&own.next.reply, 235, edge_span_of("2.7.0"), edge_span_of("Hello Zoe"));
    begin("X-OWN");
    step_raw("eA==");
    is_done("zoe", "zoe");
    assert_string_equal(said.text, "Hello Zoe");
    own.next = (edge_credentials_step_t){.kind = EDGE_CREDENTIALS_REFUSES, .wrong = true};
    begin("X-OWN");
    step_raw("eA==");
    is_wrong("");
    own.next.wrong = false;
    edge_reply_set(&own.next.reply, 432, edge_span_of("4.7.12"), edge_span_of("Change it"));
    begin("X-OWN");
    step_raw("eA==");
    is_failed(432, "Change it");
    assert_false(said.answer.wrong);
    assert_int_equal(own.left, 3);
}

/* An identity that could not be a name is nobody's. */
static void identities(void **state) {
    own.next = (edge_credentials_step_t){.kind = EDGE_CREDENTIALS_IS_DONE, .identity = EDGE_SPAN("")};
    begin("X-OWN");
    step_raw(NULL);
    is_wrong("");
}

static void given_up(void **state) {
    own.next = (edge_credentials_step_t){.kind = EDGE_CREDENTIALS_GOES_ON, .challenge = EDGE_SPAN("")};
    begin("X-OWN");
    cancel();
    assert_int_equal(own.left, 0); /* it never came to know of it */
    begin("X-OWN");
    step_raw(NULL);
    cancel();
    assert_int_equal(own.left, 1);
    own.late = true;
    begin("X-OWN");
    step_raw(NULL);
    assert_int_equal(said.answers, 0);
    cancel();
    assert_int_equal(own.left, 2);
}

static void answered_late(void **state) {
    own.late = true;
    begin("X-OWN");
    step_raw("eA==");
    assert_int_equal(said.answers, 0);
    edge_credentials_step_t step = {.kind = EDGE_CREDENTIALS_IS_DONE, .identity = EDGE_SPAN("zoe")};
    own.exchange->stepped(own.exchange, &step);
    is_done("zoe", "zoe");
    assert_int_equal(own.left, 1);
}

static int own_set_up(void **state) {
    const char *why = NULL;
    return exchange_set_up(state) || edge_module_load("own_store_module", "", fixture_pool, &why) != APR_SUCCESS;
}

static int own_tear_down(void **state) {
    edge_snapshot_drop(own_snapshot);
    return exchange_tear_down(state);
}

static int own_begin_test(void **state) {
    memset(&own, 0, sizeof(own));
    exchange_begin_test(state);
    auth_is("Auth on");
    return 0;
}

#define OWN_TEST(name) cmocka_unit_test_setup_teardown(name, own_begin_test, exchange_end_test)

int main(void) {
    const struct CMUnitTest tests[] = {
        OWN_TEST(offered),  OWN_TEST(messages_go_as_they_are), OWN_TEST(replies), OWN_TEST(identities),
        OWN_TEST(given_up), OWN_TEST(answered_late),
    };
    return cmocka_run_group_tests_name("auth_sasl/own", tests, own_set_up, own_tear_down);
}
