/*
 * Exchanges of AUTH with stores that answer as a test wants: at once or later, with trouble or without. What a mechanism
 * answers is kept in `said`. Settings come from a real configuration.
 */
#ifndef EDGE_TEST_EXCHANGE_FIXTURE_H
#define EDGE_TEST_EXCHANGE_FIXTURE_H

#include "core/failures.h"
#include "sasl_fixture.h"

/* Stores: <AuthBackend one> and <AuthBackend two> of Type fake */

typedef struct fake_user {
    const char *name, *password, *identity;
    bool secret, verifier; /* what is kept beside what passwords are verified by */
} fake_user_t;

typedef struct fake_store {
    const fake_user_t *users; /* ends with name NULL; NULL: none */
    bool late;                /* answers when fake_answer is called */
    bool compares;            /* gives secrets away to be compared */
    const char *message;      /* the text of the final reply; NULL */
    bool in_trouble;
    edge_credentials_result_t trouble;
    unsigned asked, canceled;
    /* Of the last question: */
    edge_credentials_query_t *waiting; /* NULL: it is answered */
    edge_credentials_want_t want;
    bool pretend;
    char user[EDGE_SASL_NAME_MOST + 1], password[EDGE_SASL_PASSWORD_MOST + 1];
    char mechanism[EDGE_AUTH_MECHANISM_MOST + 1], authzid[EDGE_SASL_NAME_MOST + 1];
} fake_store_t;

static fake_store_t store_one, store_two;

#define FAKE_ITERATIONS 4096
/* RFC 7677 3: "W22ZaJ0SNY7soEsUEjb6gQ==" */
static const uint8_t fake_salt[] = {0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
                                    0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};

static inline void fake_verifier(const char *password, edge_scram_t *scram) {
    scram->iterations = FAKE_ITERATIONS;
    scram->salt_len = sizeof(fake_salt);
    memcpy(scram->salt, fake_salt, sizeof(fake_salt));
    assert_true(edge_password_scram_derive(scram, edge_span_of(password)));
}

static inline edge_credentials_result_t fake_look(const fake_store_t *store, const fake_user_t *user,
                                                  edge_credentials_answer_t *answer) {
    if (store->want == EDGE_CREDENTIALS_VERIFY && store->compares) {
        answer->secret = edge_span_of(user->password);
        return EDGE_CREDENTIALS_COMPARE;
    }
    if (store->want == EDGE_CREDENTIALS_VERIFY)
        return strcmp(user->password, store->password) == 0 ? EDGE_CREDENTIALS_GOOD : EDGE_CREDENTIALS_WRONG;
    if (store->want == EDGE_CREDENTIALS_SECRET && user->secret)
        answer->secret = edge_span_of(user->password);
    else if (store->want == EDGE_CREDENTIALS_SCRAM && user->verifier)
        fake_verifier(user->password, &answer->scram);
    else if (store->want != EDGE_CREDENTIALS_NAME)
        return EDGE_CREDENTIALS_WRONG;
    return EDGE_CREDENTIALS_GOOD;
}

static inline void fake_answer(fake_store_t *store) {
    edge_credentials_answer_t answer = {.result = EDGE_CREDENTIALS_UNKNOWN, .scram.iterations = FAKE_ITERATIONS};
    edge_credentials_query_t *query = store->waiting;
    const fake_user_t *user = store->users;
    assert_non_null(query);
    store->waiting = NULL;
    if (store->pretend)
        user = NULL;
    while (user && user->name && strcmp(user->name, store->user) != 0)
        user++;
    if (store->in_trouble)
        answer.result = store->trouble;
    else if (user && user->name)
        answer.result = fake_look(store, user, &answer);
    answer.message = edge_span_of(store->message);
    if (answer.result == EDGE_CREDENTIALS_GOOD || answer.result == EDGE_CREDENTIALS_COMPARE)
        answer.identity = edge_span_of(user->identity);
    query->answered(query, &answer);
}

static inline void fake_keep(edge_span_t text, char *out, size_t size) {
    assert_true(text.len < size);
    if (text.len > 0)
        memcpy(out, text.at, text.len);
    out[text.len] = '\0';
}

static inline void fake_ask(void *memory, edge_credentials_query_t *query) {
    fake_store_t *store = memory;
    assert_null(store->waiting);
    store->asked++;
    store->want = query->want;
    store->pretend = query->pretend;
    fake_keep(query->user, store->user, sizeof(store->user));
    fake_keep(query->password, store->password, sizeof(store->password));
    fake_keep(edge_span_of(query->mechanism), store->mechanism, sizeof(store->mechanism));
    fake_keep(query->authzid, store->authzid, sizeof(store->authzid));
    store->waiting = query;
    if (!store->late)
        fake_answer(store);
}

static inline void fake_cancel(void *memory, edge_credentials_query_t *query) {
    fake_store_t *store = memory;
    assert_ptr_equal(store->waiting, query);
    store->waiting = NULL;
    store->canceled++;
}

static inline void *fake_prepare(edge_conf_check_t *check, const edge_section_t *backend, apr_pool_t *pool) {
    (void)check;
    (void)pool;
    return edge_span_equal(backend->name, edge_span_of("one")) ? &store_one : &store_two;
}

static inline unsigned fake_can(void *store) {
    (void)store;
    return EDGE_CREDENTIALS_CAN(VERIFY) | EDGE_CREDENTIALS_CAN(SECRET) | EDGE_CREDENTIALS_CAN(SCRAM) |
           EDGE_CREDENTIALS_CAN(NAME);
}

static const edge_credentials_provider_t fake_credentials = {
    .name = "fake",
    .prose = "What a test wants.",
    .prepare = fake_prepare,
    .can = fake_can,
    .ask = fake_ask,
    .cancel = fake_cancel,
};
static const edge_provider_row_t fake_store_providers[] = {
    {"credentials", "fake", &fake_credentials, "Credentials of the test."},
    {NULL, NULL, NULL, NULL},
};
EDGE_MODULE(fake_store) = {.summary = "knows whom a test wants", .providers = fake_store_providers};

/* A session */

static edge_snapshot_t *exchange_snapshot;
static edge_session_t session = {.id = "session"};
static edge_conn_t connection;
static const edge_auth_listener_t *auth;
static edge_auth_exchange_t *open_exchange; /* NULL: it has ended */

static struct {
    unsigned answers; /* to the last step: exactly one is right */
    edge_auth_answer_t answer;
    char challenge[1024], identity[300], tried[300], text[200];
} said;
static void (*when_said)(void); /* is called inside `answered`; NULL */

static inline void hear(edge_session_t *to, const edge_auth_answer_t *answer) {
    size_t len = 0;
    assert_ptr_equal(to, &session);
    said.answers++;
    said.answer = *answer;
    fake_keep(answer->identity, said.identity, sizeof(said.identity));
    fake_keep(answer->tried, said.tried, sizeof(said.tried));
    assert_true(
        edge_base64_decode(answer->challenge, said.challenge, sizeof(said.challenge) - 1, &len)); /* "" is good too */
    said.challenge[len] = '\0';
    if (answer->kind != EDGE_AUTH_CHALLENGE) {
        said.text[edge_reply_text(&answer->reply, said.text, sizeof(said.text) - 1)] = '\0';
        open_exchange = NULL;
    }
    if (when_said)
        when_said();
}

#define EXCHANGE_BACKENDS "<AuthBackend one>\nType fake\n</AuthBackend>\n<AuthBackend two>\nType fake\n</AuthBackend>\n"
#define EXCHANGE_AUTH                                                                                     \
    "Auth on backend=one,two mechanisms=SCRAM-SHA-256-PLUS,SCRAM-SHA-256,EXTERNAL,CRAM-MD5,PLAIN,LOGIN\n" \
    "AuthFailures 100/10m ban=0s identity=1/1h delay=0s"

static inline int exchange_set_up(void **state) {
    const char *why = NULL;
    edge_worker_t *worker;
    if (sasl_set_up(state) || edge_module_load("fake_store_module", "", fixture_pool, &why) != APR_SUCCESS ||
        edge_failures_map() != APR_SUCCESS || edge_worker_make(0, &worker) != APR_SUCCESS)
        return 1;
    edge_log_area_level(NULL, EDGE_LOG_EMERG);
    tls_there = true;
    exchange_snapshot = build_with("LoadModule fake_store_module x\n" EXCHANGE_BACKENDS, EXCHANGE_AUTH);
    if (fixture_report.errors > 0) {
        fprintf(stderr, "%s\n", fixture_codes());
        return 1;
    }
    connection.worker = worker;
    session.conn = &connection;
    session.listener = listener_of(exchange_snapshot);
    auth = session.listener->auth;
    return auth_sasl_module.start(exchange_snapshot, fixture_pool) == APR_SUCCESS ? 0 : 1;
}

static inline int exchange_tear_down(void **state) {
    auth_sasl_module.stop();
    edge_worker_destroy(connection.worker);
    edge_snapshot_drop(exchange_snapshot);
    return fixture_tear_down(state);
}

static const fake_user_t fake_users[] = {
    {"ann", "right", "ann@example.org", true, true},
    {"ben", "pencil", "ben", false, false},
    {"j\xc3\xb6rg",
     "stra\xc3\x9f"
     "e",
     "j\xc3\xb6rg", true, true},
    {NULL, NULL, NULL, false, false},
};

/* Before each test: TLS 1.3, all users in the first store. */
static inline int exchange_begin_test(void **state) {
    (void)state;
    store_one = (fake_store_t){.users = fake_users};
    store_two = (fake_store_t){0};
    session.tls = true;
    session.secured = (edge_tls_facts_t){.version = "TLSv1.3"};
    connection.transport_open = true;
    connection.transport_state = &connection;
    open_exchange = NULL;
    when_said = NULL;
    memset(&said, 0, sizeof(said));
    return 0;
}

/* What a test leaves open is a mistake: memory is lost. */
static inline int exchange_end_test(void **state) {
    (void)state;
    assert_null(open_exchange);
    assert_null(store_one.waiting);
    assert_null(store_two.waiting);
    return 0;
}

static inline void begin(const char *mechanism) {
    open_exchange = sasl_begin(auth, &session, edge_span_of(mechanism), hear);
    assert_non_null(open_exchange);
}

/* As the client wrote it; NULL: nothing. */
static inline void step_raw(const char *response) {
    said.answers = 0;
    sasl_step(open_exchange, edge_span_of(response));
}

static inline void step_bytes(const char *bytes, size_t len) {
    char base64[EDGE_BASE64_SIZE(8192) + 1];
    assert_true(len <= 8192);
    base64[edge_base64_encode(edge_span(bytes, len), base64, sizeof(base64))] = '\0';
    step_raw(base64);
}

#define STEP(literal) step_bytes(literal, sizeof(literal) - 1)

static inline void cancel(void) {
    said.answers = 0;
    sasl_cancel(open_exchange);
    open_exchange = NULL;
    assert_int_equal(said.answers, 0);
}

static inline void is_challenge(const char *text) {
    assert_int_equal(said.answers, 1);
    assert_int_equal(said.answer.kind, EDGE_AUTH_CHALLENGE);
    if (text)
        assert_string_equal(said.challenge, text);
}

static inline void is_done(const char *identity, const char *tried) {
    assert_int_equal(said.answers, 1);
    assert_int_equal(said.answer.kind, EDGE_AUTH_DONE);
    assert_int_equal(said.answer.reply.code, 235);
    assert_string_equal(said.identity, identity);
    assert_string_equal(said.tried, tried);
    assert_null(open_exchange);
}

static inline void is_failed(unsigned code, const char *text) {
    assert_int_equal(said.answers, 1);
    assert_int_equal(said.answer.kind, EDGE_AUTH_FAILED);
    assert_int_equal(said.answer.reply.code, code);
    assert_string_equal(said.text, text);
    assert_null(open_exchange);
}

/* Counts as a failure of this name ("": of none). */
static inline void is_wrong(const char *tried) {
    is_failed(535, "Authentication credentials invalid");
    assert_true(said.answer.wrong);
    assert_string_equal(said.tried, tried);
}

static inline void is_refused(const char *text) {
    is_failed(501, text);
    assert_false(said.answer.wrong);
}

static inline void is_trouble(void) {
    is_failed(454, "Temporary authentication failure");
    assert_false(said.answer.wrong);
}

static inline void is_waiting(const fake_store_t *store) {
    assert_int_equal(said.answers, 0);
    assert_non_null(store->waiting);
}

#define EXCHANGE_TEST(name) cmocka_unit_test_setup_teardown(name, exchange_begin_test, exchange_end_test)

#endif
