/* Whole exchanges of each mechanism against users in a file: right, wrong, malformed, left in the middle. */
#include "sasl_fixture.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

/* The verifier is that of RFC 7677 3: user "user", password "pencil". */
#define USERS                                                                                         \
    "user:{SCRAM-SHA-256}4096$W22ZaJ0SNY7soEsUEjb6gQ==:WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:" \
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=:user@example.org\n"                                 \
    "tim:{PLAIN}tanstaaftanstaaf\n"                                                                   \
    "cy:$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1\n"
#define OTHERS "other:{PLAIN}elsewhere:other@example.org\n"

static edge_worker_t *worker;
static edge_conn_t conn;
static edge_snapshot_t *snapshot;
static edge_session_t session;
static edge_auth_exchange_t *exchange;

/* The last answer. */
static struct {
    unsigned count;
    edge_auth_kind_t kind;
    unsigned code;
    bool wrong;
    char text[1024], identity[256], tried[256];
} answer;

static void keep(char *out, size_t size, edge_span_t text) {
    size_t len = text.len < size ? text.len : size - 1;
    if (len > 0)
        memcpy(out, text.at, len);
    out[len] = '\0';
}

static void answered(edge_session_t *by, const edge_auth_answer_t *given) {
    char challenge[1024];
    size_t len = 0;
    assert_ptr_equal(by, &session);
    answer.count++;
    answer.kind = given->kind;
    answer.code = given->reply.code;
    answer.wrong = given->wrong;
    if (given->kind == EDGE_AUTH_CHALLENGE)
        assert_true(edge_base64_decode(given->challenge, challenge, sizeof(challenge), &len));
    keep(answer.text, sizeof(answer.text), edge_span(challenge, len));
    keep(answer.identity, sizeof(answer.identity), given->identity);
    keep(answer.tried, sizeof(answer.tried), given->tried);
}

static void say_base64(edge_span_t response) {
    unsigned before = answer.count;
    sasl_step(exchange, response);
    while (answer.count == before)
        edge_loop_turn(worker, -1);
    assert_int_equal(answer.count, before + 1);
}

static void say(const char *bytes, size_t len) {
    char base64[2048];
    say_base64(edge_span(base64, edge_base64_encode(edge_span(bytes, len), base64, sizeof(base64))));
}
#define SAY(literal) say(literal, sizeof(literal) - 1)
#define SAY_NOTHING() say_base64(EDGE_NO_SPAN)

static bool begins(const char *mechanism) {
    exchange = sasl_begin(session.listener->auth, &session, edge_span_of(mechanism), answered);
    return exchange != NULL;
}

static void is_challenge(const char *text) {
    assert_int_equal(answer.kind, EDGE_AUTH_CHALLENGE);
    assert_string_equal(answer.text, text);
}

static void is_done(const char *identity) {
    assert_int_equal(answer.kind, EDGE_AUTH_DONE);
    assert_int_equal(answer.code, 235);
    assert_string_equal(answer.identity, identity);
}

static void is_refused(unsigned code, const char *tried) {
    assert_int_equal(answer.kind, EDGE_AUTH_FAILED);
    assert_int_equal(answer.code, code);
    assert_int_equal(answer.wrong, code == 535);
    assert_string_equal(answer.tried, tried);
}

static void plain(void **state) {
    begins("plain");
    SAY("\0tim\0tanstaaftanstaaf");
    is_done("tim");
    begins("PLAIN");
    SAY_NOTHING();
    is_challenge("");
    SAY("\0user\0pencil");
    is_done("user@example.org");
    assert_string_equal(answer.tried, "user");
    begins("PLAIN");
    SAY("\0cy\0Hello world!");
    is_done("cy");
}

static void plain_wrong(void **state) {
    static const char *const users[] = {"user", "tim", "cy", "nobody"};
    for (unsigned i = 0; i < EDGE_COUNT(users); i++) {
        char message[64] = "";
        size_t len = (size_t)sprintf(message + 1, "%s", users[i]) + 1;
        memcpy(message + len + 1, "pencils", 7);
        begins("PLAIN");
        say(message, len + 8);
        is_refused(535, users[i]);
    }
}

static void plain_as_somebody(void **state) {
    begins("PLAIN");
    SAY("tim\0tim\0tanstaaftanstaaf");
    is_done("tim");
    begins("PLAIN");
    SAY("user@example.org\0user\0pencil");
    is_done("user@example.org");
    begins("PLAIN");
    SAY("cy\0tim\0tanstaaftanstaaf");
    is_refused(535, "tim");
}

static void plain_malformed(void **state) {
    begins("PLAIN");
    SAY("tim\0secret");
    is_refused(501, "");
    begins("PLAIN");
    say_base64(edge_span_of("="));
    is_refused(501, "");
    begins("PLAIN");
    say_base64(edge_span_of("AHRpbQB0YW5zdGFhZnRhbnN0YWFm!"));
    is_refused(501, "");
    begins("PLAIN");
    SAY("\0t\x07m\0secret"); /* well-formed, but no name that SASLprep takes */
    assert_int_equal(answer.kind, EDGE_AUTH_FAILED);
}

static void login(void **state) {
    begins("LOGIN");
    SAY_NOTHING();
    is_challenge("Username:");
    SAY("tim");
    is_challenge("Password:");
    SAY("tanstaaftanstaaf");
    is_done("tim");
    begins("LOGIN");
    SAY("user"); /* the initial response is the name */
    is_challenge("Password:");
    SAY("pencil");
    is_done("user@example.org");
    begins("LOGIN");
    SAY("nobody");
    is_challenge("Password:");
    SAY("pencil");
    is_refused(535, "nobody");
    begins("LOGIN");
    say_base64(edge_span_of("="));
    is_refused(501, "");
    begins("LOGIN");
    SAY("tim");
    SAY("");
    is_refused(501, "tim");
}

static void digest_of(const char *key, char hex[33]) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len;
    HMAC(EVP_md5(), key, (int)strlen(key), (const unsigned char *)answer.text, strlen(answer.text), digest, &len);
    edge_hex_encode(edge_span((const char *)digest, 16), hex, 32);
    hex[32] = '\0';
}

static void cram(void **state) {
    static const struct {
        const char *user, *key;
        unsigned code;
    } rows[] = {{"tim", "tanstaaftanstaaf", 235},
                {"tim", "wrong", 535},
                {"user", "pencil", 535},
                {"nobody", "nobody's", 535},
                {"cy", "Hello world!", 535}};
    char first[256] = "", message[512], hex[33];
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        begins("CRAM-MD5");
        SAY_NOTHING();
        assert_string_not_equal(answer.text, first);
        assert_non_null(strstr(answer.text, "@mx.example.net>"));
        keep(first, sizeof(first), edge_span_of(answer.text));
        digest_of(rows[i].key, hex);
        say(message, (size_t)sprintf(message, "%s %s", rows[i].user, hex));
        assert_int_equal(answer.code, rows[i].code);
        assert_string_equal(answer.tried, rows[i].user);
    }
    begins("CRAM-MD5");
    SAY("tim");
    is_refused(501, "");
    begins("CRAM-MD5");
    SAY_NOTHING();
    SAY("tim b913a602c7eda7a495b4e6e7334d389");
    is_refused(501, "");
}

static void external(void **state) {
    assert_false(begins("EXTERNAL"));
    session.secured.client_name = "user";
    begins("EXTERNAL");
    say_base64(edge_span_of("="));
    is_done("user@example.org");
    begins("EXTERNAL");
    SAY_NOTHING();
    is_challenge("");
    SAY("user");
    is_done("user@example.org");
    begins("EXTERNAL");
    SAY("tim");
    is_refused(535, "user");
    begins("EXTERNAL");
    SAY("u\0ser");
    is_refused(501, "");
    session.secured.client_name = "stranger";
    begins("EXTERNAL");
    SAY("");
    is_refused(535, "stranger");
    session.secured.client_name = NULL;
}

/* The client's side of SCRAM. */

static int no_callback(Gsasl *context, Gsasl_session *client, Gsasl_property property) {
    (void)context;
    (void)client;
    (void)property;
    return GSASL_NO_CALLBACK;
}

/* What the client makes of the last challenge. */
static bool client_step(Gsasl_session *client, char *out, size_t *len) {
    char *made = NULL;
    size_t size = 0;
    int status = gsasl_step(client, answer.text, strlen(answer.text), &made, &size);
    keep(out, 1024, edge_span(made ? made : "", size));
    gsasl_free(made);
    *len = size;
    return status == GSASL_OK || status == GSASL_NEEDS_MORE;
}

static Gsasl_session *client_start(Gsasl *library, const char *mechanism, const char *user, const char *password) {
    Gsasl_session *client = NULL;
    char binding[EDGE_TLS_EXPORTER_SIZE], base64[64] = "";
    assert_int_equal(gsasl_client_start(library, mechanism, &client), GSASL_OK);
    gsasl_property_set(client, GSASL_AUTHID, user);
    gsasl_property_set(client, GSASL_PASSWORD, password);
    if (strstr(mechanism, "-PLUS")) {
        memset(binding, 'x', sizeof(binding));
        edge_base64_encode(edge_span(binding, sizeof(binding)), base64, sizeof(base64));
        gsasl_property_set(client, GSASL_CB_TLS_EXPORTER, base64);
    }
    return client;
}

/* Plays it to its end; true when the client trusts the server. */
static bool scram(const char *mechanism, const char *user, const char *password) {
    Gsasl *library;
    char message[1024];
    size_t len;
    bool trusts = false;
    assert_int_equal(gsasl_init(&library), GSASL_OK);
    gsasl_callback_set(library, no_callback);
    Gsasl_session *client = client_start(library, mechanism, user, password);
    begins(mechanism);
    SAY_NOTHING();
    is_challenge("");
    assert_true(client_step(client, message, &len));
    say(message, len);
    if (answer.kind == EDGE_AUTH_CHALLENGE && client_step(client, message, &len))
        say(message, len);
    if (answer.kind == EDGE_AUTH_CHALLENGE) {
        trusts = client_step(client, message, &len) && len == 0;
        SAY("");
    }
    gsasl_finish(client);
    gsasl_done(library);
    return trusts;
}

static void scram_right(void **state) {
    assert_true(scram("SCRAM-SHA-256", "user", "pencil"));
    is_done("user@example.org");
    assert_true(scram("SCRAM-SHA-256", "tim", "tanstaaftanstaaf")); /* of a secret in clear text */
    is_done("tim");
    assert_true(scram("SCRAM-SHA-256-PLUS", "user", "pencil"));
    is_done("user@example.org");
}

static void scram_wrong(void **state) {
    assert_false(scram("SCRAM-SHA-256", "user", "pencils"));
    is_refused(535, "user");
    assert_false(scram("SCRAM-SHA-256", "nobody", "pencil"));
    is_refused(535, "nobody");
    assert_false(scram("SCRAM-SHA-256", "cy", "Hello world!")); /* a hash serves no SCRAM */
    is_refused(535, "cy");
    assert_false(scram("SCRAM-SHA-256-PLUS", "user", "pencils"));
    is_refused(535, "user");
}

/* Salt and iterations, as the server says them to this name. */
static void first_answer(const char *user, char out[256]) {
    char message[128];
    begins("SCRAM-SHA-256");
    say(message, (size_t)sprintf(message, "n,,n=%s,r=abcdefgh", user));
    assert_int_equal(answer.kind, EDGE_AUTH_CHALLENGE);
    keep(out, 256, edge_span_of(strstr(answer.text, ",s=")));
    sasl_cancel(exchange);
}

static void scram_hides_who_is_known(void **state) {
    char known[256], unknown[256], again[256], hashed[256];
    first_answer("user", known);
    first_answer("nobody", unknown);
    first_answer("nobody", again);
    first_answer("cy", hashed);
    assert_string_equal(known, ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    assert_string_equal(unknown, again);
    assert_int_equal(strlen(unknown), strlen(known));
    assert_string_equal(strstr(unknown, ",i="), ",i=4096");
    assert_string_equal(strstr(hashed, ",i="), ",i=4096");
    assert_string_not_equal(unknown, hashed);
}

static void scram_malformed(void **state) {
    static const char *const firsts[] = {"", "n,,r=x", "x,,n=user,r=x", "n,,n=user", "n,,m=a,n=user,r=abc"};
    for (unsigned i = 0; i < EDGE_COUNT(firsts); i++) {
        begins("SCRAM-SHA-256");
        say(firsts[i], strlen(firsts[i]));
        is_refused(501, strcmp(firsts[i], "n,,n=user") == 0 ? "user" : "");
    }
    begins("SCRAM-SHA-256");
    SAY("n,,n=us\0er,r=abc");
    is_refused(501, "");
    begins("SCRAM-SHA-256");
    SAY("n,,n=user,r=abcdefgh");
    SAY("c=biws,r=abcdefgh,p=AAAA");
    assert_int_equal(answer.kind, EDGE_AUTH_FAILED);
}

/* RFC 5802 6: -PLUS is offered here, so a client that says it was not has been lied to. */
static void scram_downgrade(void **state) {
    begins("SCRAM-SHA-256");
    SAY("y,,n=user,r=abcdefgh");
    is_refused(535, "user");
    begins("SCRAM-SHA-256-PLUS");
    SAY("n,,n=user,r=abcdefgh");
    assert_int_equal(answer.kind, EDGE_AUTH_FAILED);
    session.secured.version = "TLSv1.2";
    assert_false(begins("SCRAM-SHA-256-PLUS"));
    begins("SCRAM-SHA-256");
    SAY("y,,n=user,r=abcdefgh");
    assert_int_equal(answer.kind, EDGE_AUTH_CHALLENGE);
    sasl_cancel(exchange);
    session.secured.version = "TLSv1.3";
}

/* A long nonce would need a reply line that is none. */
static void scram_long_nonce(void **state) {
    char message[600] = "n,,n=user,r=";
    memset(message + strlen(message), 'a', 500);
    begins("SCRAM-SHA-256");
    say(message, 500);
    is_refused(501, "user");
}

static void not_offered(void **state) {
    assert_false(begins("XOAUTH2"));
    assert_false(begins(""));
    session.tls = false;
    assert_false(begins("PLAIN"));
    assert_false(begins("LOGIN"));
    assert_false(begins("SCRAM-SHA-256-PLUS"));
    assert_true(begins("CRAM-MD5"));
    sasl_cancel(exchange);
    session.tls = true;
}

static void the_second_store_is_asked(void **state) {
    begins("PLAIN");
    SAY("\0other\0elsewhere");
    is_done("other@example.org");
    begins("PLAIN");
    SAY("\0other\0pencil");
    is_refused(535, "other");
    assert_true(scram("SCRAM-SHA-256", "other", "elsewhere"));
    is_done("other@example.org");
}

/* Whoever leaves while a password is hashed gets no answer. */
static void left_in_the_middle(void **state) {
    char base64[64];
    unsigned before = answer.count;
    for (unsigned i = 0; i < 8; i++) {
        size_t len = edge_base64_encode(edge_span("\0user\0pencil", 12), base64, sizeof(base64));
        begins("PLAIN");
        sasl_step(exchange, edge_span(base64, len));
        sasl_cancel(exchange);
    }
    assert_int_equal(answer.count, before);
    begins("PLAIN");
    SAY("\0user\0pencil");
    assert_int_equal(answer.count, before + 1);
}

/* More than the queue takes: the rest is told to come back. */
static void busy(void **state) {
    enum { MANY = 2000 };
    char base64[64];
    size_t len = edge_base64_encode(edge_span("\0nobody\0pencil", 14), base64, sizeof(base64));
    unsigned before = answer.count, refused = 0;
    for (unsigned i = 0; i < MANY; i++) {
        unsigned count = answer.count;
        begins("PLAIN");
        sasl_step(exchange, edge_span(base64, len));
        if (answer.count > count) {
            is_refused(454, "nobody");
            refused++;
        }
    }
    assert_true(refused > 0 && refused < MANY);
    while (answer.count < before + MANY)
        edge_loop_turn(worker, -1);
    is_refused(535, "nobody");
}

static int open_session(void **state) {
    if (sasl_set_up(state) || edge_worker_make(0, &worker) != APR_SUCCESS)
        return -1;
    users_are(USERS);
    fixture_file("others", OTHERS);
    chmod(apr_pstrcat(fixture_pool, fixture_root, "/others", NULL), 0600);
    tls_there = true;
    snapshot =
        build_with("ServerName mx.example.net\n" SASL_BACKEND "<AuthBackend more>\nFile others\n</AuthBackend>\n",
                   "Auth on backend=staff,more mechanisms=EXTERNAL,PLAIN,LOGIN,CRAM-MD5,SCRAM-SHA-256,"
                   "SCRAM-SHA-256-PLUS");
    if (!snapshot || auth_sasl_module.start(snapshot, fixture_pool) != APR_SUCCESS)
        return -1;
    conn = (edge_conn_t){.magic = EDGE_CONN_MAGIC, .worker = worker, .transport_open = true, .transport_state = &conn};
    session = (edge_session_t){.id = "SESSION", .tls = true, .conn = &conn, .listener = listener_of(snapshot)};
    session.secured.version = "TLSv1.3";
    return 0;
}

static int close_session(void **state) {
    auth_sasl_module.worker_stop(worker);
    edge_loop_turn(worker, 0);
    auth_sasl_module.stop();
    edge_snapshot_drop(snapshot);
    edge_worker_destroy(worker);
    return fixture_tear_down(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(plain_wrong),
        cmocka_unit_test(plain_as_somebody),
        cmocka_unit_test(plain_malformed),
        cmocka_unit_test(login),
        cmocka_unit_test(cram),
        cmocka_unit_test(external),
        cmocka_unit_test(scram_right),
        cmocka_unit_test(scram_wrong),
        cmocka_unit_test(scram_hides_who_is_known),
        cmocka_unit_test(scram_malformed),
        cmocka_unit_test(scram_downgrade),
        cmocka_unit_test(scram_long_nonce),
        cmocka_unit_test(not_offered),
        cmocka_unit_test(the_second_store_is_asked),
        cmocka_unit_test(left_in_the_middle),
        cmocka_unit_test(busy),
    };
    return cmocka_run_group_tests_name("auth_sasl/exchange", tests, open_session, close_session);
}
