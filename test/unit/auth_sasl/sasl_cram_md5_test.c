/* CRAM-MD5: a digest that is right once. */
#include "exchange_fixture.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define BAD "Invalid CRAM-MD5 response"

/* "NAME HEXDIGEST" */
static const char *response(const char *name, const char *secret, const char *challenge) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const char *text = apr_pstrcat(fixture_pool, name, " ", NULL);
    assert_non_null(HMAC(EVP_md5(), secret, (int)strlen(secret), (const unsigned char *)challenge, strlen(challenge),
                         digest, &len));
    for (unsigned i = 0; i < len; i++)
        text = apr_psprintf(fixture_pool, "%s%02x", text, digest[i]);
    return text;
}

/* RFC 2195 2 */
static void example(void **state) {
    assert_string_equal(response("tim", "tanstaaftanstaaf", "<1896.697170952@postoffice.reston.mci.net>"),
                        "tim b913a602c7eda7a495b4e6e7334d3890");
}

static void respond(const char *name, const char *secret) {
    const char *text = response(name, secret, said.challenge);
    step_bytes(text, strlen(text));
}

static void challenged(void) {
    begin("CRAM-MD5");
    step_raw(NULL);
    is_challenge(NULL);
}

static void good(void **state) {
    challenged();
    respond("ann", "right");
    is_done("ann@example.org", "ann");
    assert_int_equal(store_one.want, EDGE_CREDENTIALS_SECRET);
}

static void upper_case(void **state) {
    challenged();
    char *text = apr_pstrdup(fixture_pool, response("ann", "right", said.challenge));
    for (char *at = text + 4; *at; at++)
        if (*at >= 'a' && *at <= 'f')
            *at = (char)(*at - 'a' + 'A');
    step_bytes(text, strlen(text));
    is_done("ann@example.org", "ann");
}

/* <UNIQUE.SECONDS@HOST>, and never the same. */
static void challenges(void **state) {
    char first[sizeof(said.challenge)];
    challenged();
    strcpy(first, said.challenge);
    cancel();
    assert_int_equal(first[0], '<');
    assert_non_null(strchr(first, '.'));
    const char *at = strchr(first, '@');
    assert_non_null(at);
    assert_string_equal(at + 1, apr_pstrcat(fixture_pool, session.listener->server_name.at, ">", NULL));
    challenged();
    assert_string_not_equal(said.challenge, first);
    const char *text = response("ann", "right", first);
    step_bytes(text, strlen(text)); /* heard before, said again */
    is_wrong("ann");
}

static void wrong(void **state) {
    challenged();
    respond("ann", "left");
    is_wrong("ann");
    challenged();
    respond("nobody", "right");
    is_wrong("nobody");
    challenged();
    respond("nobody", "nobody's");
    is_wrong("nobody");
    challenged();
    respond("ben", "pencil"); /* only a hash is kept */
    is_wrong("ben");
    challenged();
    respond("ben", "nobody's");
    is_wrong("ben");
    challenged();
    respond("\xc2\xad", "right");
    is_wrong("");
}

/* RFC 4954 4: the server speaks first. */
static void initial_response(void **state) {
    begin("CRAM-MD5");
    STEP("ann b913a602c7eda7a495b4e6e7334d3890");
    is_refused(BAD);
    begin("CRAM-MD5");
    step_raw("=");
    is_refused(BAD);
}

static void malformed(void **state) {
    challenged();
    step_raw("");
    is_refused(BAD);
    challenged();
    STEP("ann");
    is_refused(BAD);
    challenged();
    STEP("ann b913a602c7eda7a495b4e6e7334d389");
    is_refused(BAD);
    challenged();
    STEP("ann x913a602c7eda7a495b4e6e7334d3890");
    is_refused(BAD);
    assert_int_equal(store_one.asked, 0);
}

static void later(void **state) {
    store_one.late = true;
    challenged();
    respond("ann", "right");
    is_waiting(&store_one);
    fake_answer(&store_one);
    is_done("ann@example.org", "ann");
    challenged();
    respond("ann", "right");
    cancel();
    assert_int_equal(store_one.canceled, 1);
    challenged();
    cancel();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EXCHANGE_TEST(example),    EXCHANGE_TEST(good),  EXCHANGE_TEST(upper_case),
        EXCHANGE_TEST(challenges), EXCHANGE_TEST(wrong), EXCHANGE_TEST(initial_response),
        EXCHANGE_TEST(malformed),  EXCHANGE_TEST(later),
    };
    return cmocka_run_group_tests_name("auth_sasl/cram_md5", tests, exchange_set_up, exchange_tear_down);
}
