/* SCRAM-SHA-256 and -PLUS against a client that is written here, from RFC 5802 and OpenSSL alone, so that it can lie. */
#include "exchange_fixture.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define BAD "Invalid authentication response"
#define KEY EDGE_SCRAM_KEY_SIZE

/* The client */

typedef struct client {
    const char *header;   /* "n,,", "y,,", "p=tls-exporter,," */
    const char *bound;    /* octets of channel binding; NULL: none */
    const char *user;     /* as it is sent */
    const char *password; /* prepared */
    const char *nonce;
    const char *final_nonce; /* instead of the server's; NULL */
    const char *more;        /* attributes before the proof; NULL */
    char signature[64];      /* what the server must say in the end */
} client_t;

static const char *base64_of(const void *bytes, size_t len) {
    char *text = apr_pcalloc(fixture_pool, EDGE_BASE64_SIZE(len) + 1);
    edge_base64_encode(edge_span(bytes, len), text, EDGE_BASE64_SIZE(len));
    return text;
}

static void keyed(const uint8_t key[KEY], const char *text, uint8_t out[KEY]) {
    assert_non_null(HMAC(EVP_sha256(), key, KEY, (const unsigned char *)text, strlen(text), out, NULL));
}

static const char *bare_of(const client_t *client) {
    return apr_psprintf(fixture_pool, "n=%s,r=%s", client->user, client->nonce);
}

static const char *first_of(const client_t *client) {
    return apr_pstrcat(fixture_pool, client->header, bare_of(client), NULL);
}

/* What is between "X=" and the next comma of the server's first message. */
static const char *attribute(const char *message, char name) {
    const char *at = message;
    while (at && (at[0] != name || at[1] != '='))
        at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL;
    assert_non_null(at);
    const char *end = strchr(at, ',');
    return apr_pstrmemdup(fixture_pool, at + 2, end ? (size_t)(end - at - 2) : strlen(at + 2));
}

static void salted_password(const client_t *client, const char *first, uint8_t out[KEY]) {
    char salt[128];
    size_t len;
    const char *text = attribute(first, 's');
    assert_true(edge_base64_decode(edge_span_of(text), salt, sizeof(salt), &len));
    assert_int_equal(PKCS5_PBKDF2_HMAC(client->password, (int)strlen(client->password), (const unsigned char *)salt,
                                       (int)len, atoi(attribute(first, 'i')), EVP_sha256(), KEY, out),
                     1);
}

static const char *bound_of(const client_t *client) {
    size_t header = strlen(client->header), bound = client->bound ? strlen(client->bound) : 0;
    char *input = apr_palloc(fixture_pool, header + bound + 1);
    memcpy(input, client->header, header);
    memcpy(input + header, client->bound ? client->bound : "", bound);
    return base64_of(input, header + bound);
}

/* The client's last message; keeps the signature it expects. */
static const char *final_of(client_t *client, const char *first) {
    uint8_t salted[KEY], client_key[KEY], stored[KEY], proof[KEY], server_key[KEY], signature[KEY];
    const char *bare = apr_pstrcat(fixture_pool, "c=", bound_of(client),
                                   ",r=", client->final_nonce ? client->final_nonce : attribute(first, 'r'),
                                   client->more ? client->more : "", NULL);
    const char *all = apr_pstrcat(fixture_pool, bare_of(client), ",", first, ",", bare, NULL);
    salted_password(client, first, salted);
    keyed(salted, "Client Key", client_key);
    assert_int_equal(EVP_Digest(client_key, KEY, stored, NULL, EVP_sha256(), NULL), 1);
    keyed(stored, all, proof);
    for (unsigned i = 0; i < KEY; i++)
        proof[i] ^= client_key[i];
    keyed(salted, "Server Key", server_key);
    keyed(server_key, all, signature);
    strcpy(client->signature, base64_of(signature, KEY));
    return apr_pstrcat(fixture_pool, bare, ",p=", base64_of(proof, KEY), NULL);
}

/* RFC 7677 3 */
static void example(void **state) {
    client_t client = {.header = "n,,", .user = "user", .password = "pencil", .nonce = "rOprNGfwEbeRWgbNEkqO"};
    assert_string_equal(first_of(&client), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_string_equal(final_of(&client, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                          "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
                        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                        "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    assert_string_equal(client.signature, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

/* Steps */

static void say(const char *text) { step_bytes(text, strlen(text)); }

static void say_first(const char *mechanism, const client_t *client) {
    begin(mechanism);
    say(first_of(client));
}

static void say_final(client_t *client) {
    const char *first = apr_pstrdup(fixture_pool, said.challenge);
    is_challenge(NULL);
    say(final_of(client, first));
}

/* Both messages; what the server makes of them is in `said`. */
static void play(const char *mechanism, client_t *client) {
    say_first(mechanism, client);
    say_final(client);
}

/* The server has shown that it knows the password too. */
static void is_signed(const client_t *client) {
    is_challenge(apr_pstrcat(fixture_pool, "v=", client->signature, NULL));
}

static client_t ann(void) {
    return (client_t){.header = "n,,", .user = "ann", .password = "right", .nonce = "abcdefgh"};
}

#define BINDING "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static client_t ann_bound(void) {
    client_t client = ann();
    client.header = "p=tls-exporter,,";
    client.bound = BINDING;
    return client;
}

/* Tests */

static void good(void **state) {
    client_t client = ann();
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    step_raw(""); /* RFC 4954 4: the client's empty answer to the server's last message */
    is_done("ann@example.org", "ann");
    assert_int_equal(store_one.asked, 1);
    assert_int_equal(store_one.want, EDGE_CREDENTIALS_SCRAM);
}

static void bound(void **state) {
    client_t client = ann_bound();
    play("SCRAM-SHA-256-PLUS", &client);
    is_signed(&client);
    step_raw("");
    is_done("ann@example.org", "ann");
}

static void asked_for(void **state) {
    client_t client = ann();
    begin("scram-sha-256");
    step_raw(NULL);
    is_challenge("");
    say(first_of(&client));
    say_final(&client);
    is_signed(&client);
    step_raw("");
    is_done("ann@example.org", "ann");
}

/* Its own salt and iterations, the client's nonce with something new behind it. */
static void first_challenge(void **state) {
    client_t client = ann();
    say_first("SCRAM-SHA-256", &client);
    is_challenge(NULL);
    const char *nonce = attribute(said.challenge, 'r');
    assert_string_equal(attribute(said.challenge, 's'), "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_string_equal(attribute(said.challenge, 'i'), "4096");
    assert_memory_equal(nonce, "abcdefgh", 8);
    assert_true(strlen(nonce) >= 8 + 16);
    cancel();
    say_first("SCRAM-SHA-256", &client);
    assert_string_not_equal(attribute(said.challenge, 'r'), nonce);
    cancel();
}

static void wrong_password(void **state) {
    client_t client = ann(), with_binding = ann_bound();
    client.password = with_binding.password = "left";
    play("SCRAM-SHA-256", &client);
    is_wrong("ann");
    play("SCRAM-SHA-256-PLUS", &with_binding);
    is_wrong("ann");
}

/* Of nobody there is a salt as of everybody, the same each time; of who has only a hash too. */
static void looks_known(const char *user) {
    client_t client = ann();
    client.user = user;
    say_first("SCRAM-SHA-256", &client);
    is_challenge(NULL);
    const char *salt = attribute(said.challenge, 's');
    assert_int_equal(strlen(salt), strlen("W22ZaJ0SNY7soEsUEjb6gQ=="));
    assert_string_equal(attribute(said.challenge, 'i'), "4096");
    cancel();
    play("SCRAM-SHA-256", &client);
    is_wrong(user);
    say_first("SCRAM-SHA-256", &client);
    assert_string_equal(attribute(said.challenge, 's'), salt);
    cancel();
}

static void unknown_user(void **state) {
    looks_known("nobody");
    looks_known("ben");
}

/* Whoever relays the exchange to another server cannot keep the proof of having talked to this one. */
static void wrong_binding(void **state) {
    client_t client = ann_bound();
    client.bound = "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
    play("SCRAM-SHA-256-PLUS", &client);
    assert_int_equal(said.answer.kind, EDGE_AUTH_FAILED);
    assert_int_not_equal(said.answer.reply.code, 454);
    client.bound = NULL;
    play("SCRAM-SHA-256-PLUS", &client);
    assert_int_equal(said.answer.kind, EDGE_AUTH_FAILED);
    client.bound = BINDING BINDING;
    play("SCRAM-SHA-256-PLUS", &client);
    assert_int_equal(said.answer.kind, EDGE_AUTH_FAILED);
}

static void first_with(const char *mechanism, const char *header) {
    client_t client = ann_bound();
    client.header = header;
    say_first(mechanism, &client);
}

static void wrong_flag(void **state) {
    first_with("SCRAM-SHA-256-PLUS", "n,,");
    is_refused(BAD);
    first_with("SCRAM-SHA-256-PLUS", "y,,");
    is_refused(BAD);
    first_with("SCRAM-SHA-256", "p=tls-exporter,,");
    is_refused(BAD);
    first_with("SCRAM-SHA-256-PLUS", "p=tls-unique,,");
    is_refused(BAD);
    first_with("SCRAM-SHA-256-PLUS", "p=tls-exporters,,");
    is_refused(BAD);
    assert_int_equal(store_one.asked, 0);
}

/* -PLUS was offered: somebody has taken it out of the list, or the client does not mean what it says. */
static void downgrade(void **state) {
    first_with("SCRAM-SHA-256", "y,,");
    is_wrong("ann");
}

/* Without -PLUS there is nothing to be lied to about. */
static void no_downgrade(void **state) {
    client_t client = ann();
    client.header = "y,,";
    session.secured.version = "TLSv1.2";
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    step_raw("");
    is_done("ann@example.org", "ann");
    session.tls = false;
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    step_raw("");
    is_done("ann@example.org", "ann");
}

static void transport_gone(void **state) {
    client_t client = ann_bound();
    connection.transport_open = false;
    say_first("SCRAM-SHA-256-PLUS", &client);
    is_trouble();
}

static void acting_as(void **state) {
    client_t client = ann();
    client.header = "n,a=ann,";
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    step_raw("");
    is_done("ann@example.org", "ann");
    client.header = "n,a=ben,";
    play("SCRAM-SHA-256", &client);
    if (said.answer.kind == EDGE_AUTH_CHALLENGE)
        step_raw("");
    is_wrong("ann");
}

/* The name is prepared; what is signed is what was sent. */
static void prepared(void **state) {
    client_t client = ann();
    client.user = "jo\xcc\x88rg";
    client.password = "stra\xc3\x9f"
                      "e";
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    step_raw("");
    is_done("j\xc3\xb6rg", "j\xc3\xb6rg");
    client.user = "\x7f";
    say_first("SCRAM-SHA-256", &client);
    is_wrong("");
}

static void escaped(void **state) {
    static const fake_user_t users[] = {{"a,b=c", "right", "abc", false, true}, {NULL, NULL, NULL, false, false}};
    client_t client = ann();
    client.user = "a=2Cb=3Dc";
    store_one.users = users;
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    step_raw("");
    is_done("abc", "a,b=c");
}

static void malformed_first(void **state) {
    static const char *const messages[] = {
        "n",           "n,,",          "n,,n=ann",         "n,,r=abcdefgh", "n,,n=,r=abcdefgh",
        "n,,n=ann,r=", "n,,n=ann,r=,", "n,,n=a=,r=abcdef", "q,,n=ann,r=a",  "n,,m=x,n=ann,r=abcdefgh",
    };
    begin("SCRAM-SHA-256");
    step_raw("=");
    is_refused(BAD);
    for (unsigned i = 0; i < EDGE_COUNT(messages); i++) {
        begin("SCRAM-SHA-256");
        say(messages[i]);
        is_refused(BAD);
    }
}

static void is_malformed_final(const char *message) {
    client_t client = ann();
    say_first("SCRAM-SHA-256", &client);
    is_challenge(NULL);
    say(message);
    assert_int_equal(said.answers, 1);
    assert_int_equal(said.answer.kind, EDGE_AUTH_FAILED);
    assert_int_not_equal(said.answer.reply.code, 454);
}

static void malformed_final(void **state) {
    is_malformed_final("");
    is_malformed_final("y");
    is_malformed_final("c=biws");
    is_malformed_final("c=biws,r=abcdefgh,p=AAAA");
    is_malformed_final("c=biws,r=abcdefgh,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    is_malformed_final("c=!,r=abcdefgh,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    client_t client = ann();
    client.final_nonce = "abcdefgh";
    play("SCRAM-SHA-256", &client);
    assert_int_equal(said.answer.kind, EDGE_AUTH_FAILED);
    begin("SCRAM-SHA-256");
    say("n,,n=ann,r=abcdefgh");
    STEP("c=biws\0");
    is_refused(BAD);
}

/* An exchange heard before is no good the second time. */
static void replayed(void **state) {
    client_t client = ann();
    say_first("SCRAM-SHA-256", &client);
    const char *first = apr_pstrdup(fixture_pool, said.challenge), *final = final_of(&client, first);
    say(final);
    is_signed(&client);
    cancel();
    say_first("SCRAM-SHA-256", &client);
    say(final);
    assert_int_equal(said.answer.kind, EDGE_AUTH_FAILED);
}

/* Behind the server's last message there is nothing to say. */
static void too_much(void **state) {
    client_t client = ann();
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    STEP("x");
    is_refused(BAD);
    play("SCRAM-SHA-256", &client);
    step_raw("=");
    is_refused("Invalid base64 data");
}

/* A challenge stands in a reply line of 512 octets. */
static void long_nonce(void **state) {
    char nonce[600];
    client_t client = ann();
    memset(nonce, 'a', sizeof(nonce));
    nonce[sizeof(nonce) - 1] = '\0';
    client.nonce = nonce;
    say_first("SCRAM-SHA-256", &client);
    is_refused(BAD);
    nonce[200] = '\0';
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    cancel();
}

/* Too many failures: even the right password gets no signature, which would tell that it is right. */
static void shut(void **state) {
    client_t client = ann();
    static const fake_user_t users[] = {{"shut", "right", "shut", false, true}, {NULL, NULL, NULL, false, false}};
    const edge_failures_rule_t rule = {
        .count = 100, .period = EDGE_SECONDS(600), .identity_count = 1, .identity_period = EDGE_SECONDS(3600)};
    edge_mono_t now = edge_worker_clock(connection.worker).mono;
    store_one.users = users;
    client.user = "shut";
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    cancel();
    edge_failures_note(&rule, session.from_ip, edge_span_of("shut"), now);
    assert_true(edge_session_auth_shut(&session, edge_span_of("shut")));
    play("SCRAM-SHA-256", &client);
    is_wrong("shut");
}

static void later(void **state) {
    client_t client = ann();
    store_one.late = true;
    say_first("SCRAM-SHA-256", &client);
    is_waiting(&store_one);
    said.answers = 0;
    fake_answer(&store_one);
    say_final(&client);
    is_signed(&client);
    step_raw("");
    is_done("ann@example.org", "ann");
    assert_int_equal(store_one.asked, 1);
}

static void canceled(void **state) {
    client_t client = ann();
    begin("SCRAM-SHA-256");
    cancel();
    begin("SCRAM-SHA-256");
    step_raw(NULL);
    cancel();
    store_one.late = true;
    say_first("SCRAM-SHA-256", &client);
    is_waiting(&store_one);
    cancel();
    assert_int_equal(store_one.canceled, 1);
    store_one.late = false;
    play("SCRAM-SHA-256", &client);
    is_signed(&client);
    cancel();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(example),
        EXCHANGE_TEST(good),
        EXCHANGE_TEST(bound),
        EXCHANGE_TEST(asked_for),
        EXCHANGE_TEST(first_challenge),
        EXCHANGE_TEST(wrong_password),
        EXCHANGE_TEST(unknown_user),
        EXCHANGE_TEST(wrong_binding),
        EXCHANGE_TEST(wrong_flag),
        EXCHANGE_TEST(downgrade),
        EXCHANGE_TEST(no_downgrade),
        EXCHANGE_TEST(transport_gone),
        EXCHANGE_TEST(acting_as),
        EXCHANGE_TEST(prepared),
        EXCHANGE_TEST(escaped),
        EXCHANGE_TEST(malformed_first),
        EXCHANGE_TEST(malformed_final),
        EXCHANGE_TEST(replayed),
        EXCHANGE_TEST(too_much),
        EXCHANGE_TEST(long_nonce),
        EXCHANGE_TEST(shut),
        EXCHANGE_TEST(later),
        EXCHANGE_TEST(canceled),
    };
    return cmocka_run_group_tests_name("auth_sasl/scram", tests, exchange_set_up, exchange_tear_down);
}
