/* Passwords against hashes of every method, and SCRAM verifiers against RFC 7677. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_codec.h"
#include "edge_password.h"

static edge_span_t text(const char *bytes) { return edge_span_of(bytes); }

/* Vectors of crypt(5): each method at a small cost. */
static void known_hashes(void **state) {
    static const struct {
        const char *hash, *password;
    } known[] = {
        {"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
         "Hello world!"},
        {"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(known); i++) {
        assert_true(edge_password_crypt_known(known[i].hash));
        assert_true(edge_password_crypt_verify(known[i].hash, text(known[i].password)));
        assert_false(edge_password_crypt_verify(known[i].hash, text("Hello world")));
    }
}

static void made_hashes(void **state) {
    static const char *const prefixes[] = {"$y$", "$6$", "$2b$"};
    for (unsigned i = 0; i < EDGE_COUNT(prefixes); i++) {
        char hash[EDGE_PASSWORD_HASH_MOST + 1], other[EDGE_PASSWORD_HASH_MOST + 1];
        assert_true(edge_password_crypt_make(prefixes[i], text("sesame"), hash));
        assert_memory_equal(hash, prefixes[i], strlen(prefixes[i]));
        assert_true(edge_password_crypt_known(hash));
        assert_true(edge_password_crypt_verify(hash, text("sesame")));
        assert_false(edge_password_crypt_verify(hash, text("Sesame")));
        assert_true(edge_password_crypt_make(prefixes[i], text("sesame"), other));
        assert_string_not_equal(hash, other);
    }
}

static void unusable(void **state) {
    char hash[EDGE_PASSWORD_HASH_MOST + 1], longest[512];
    memset(longest, 'a', sizeof(longest));
    assert_false(edge_password_crypt_known("$9$x$y"));
    assert_false(edge_password_crypt_known("*"));
    assert_false(edge_password_crypt_verify("$9$x$y", text("a")));
    assert_false(edge_password_crypt_verify("*0", text("a")));
    assert_false(edge_password_crypt_make("$9$", text("a"), hash));
    assert_false(edge_password_crypt_make("$6$", text(""), hash));
    assert_false(edge_password_crypt_make("$6$", edge_span("a\0b", 3), hash));
    assert_false(edge_password_crypt_make("$6$", edge_span(longest, 512), hash));
    assert_true(edge_password_crypt_make("$y$", edge_span(longest, 511), hash));
    /* What crypt(3) would cut at a NUL is no match either. */
    assert_true(edge_password_crypt_make("$y$", text("a"), hash));
    assert_false(edge_password_crypt_verify(hash, edge_span("a\0b", 3)));
}

/* RFC 7677 3: user "user", password "pencil". */
static void scram_example(void **state) {
    edge_scram_t scram = {.iterations = 4096};
    char stored[64] = "", server[64] = "";
    assert_true(
        edge_base64_decode(text("W22ZaJ0SNY7soEsUEjb6gQ=="), (char *)scram.salt, sizeof(scram.salt), &scram.salt_len));
    assert_true(edge_password_scram_derive(&scram, text("pencil")));
    edge_base64_encode(edge_span((const char *)scram.stored_key, 32), stored, sizeof(stored));
    edge_base64_encode(edge_span((const char *)scram.server_key, 32), server, sizeof(server));
    assert_string_equal(stored, "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
    assert_string_equal(server, "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
    assert_true(edge_password_scram_verify(&scram, text("pencil")));
    assert_false(edge_password_scram_verify(&scram, text("pencils")));
    assert_false(edge_password_scram_verify(&scram, text("")));
}

/* RFC 7677 3 */
static void scram_proved(void **state) {
    (void)state;
    edge_scram_t scram = {.iterations = 4096};
    uint8_t proof[EDGE_SCRAM_KEY_SIZE], signature[EDGE_SCRAM_KEY_SIZE];
    char coded[EDGE_BASE64_SIZE(EDGE_SCRAM_KEY_SIZE) + 1] = "";
    edge_span_t message = text("n=user,r=rOprNGfwEbeRWgbNEkqO,"
                               "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
                               "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    assert_true(
        edge_base64_decode(text("W22ZaJ0SNY7soEsUEjb6gQ=="), (char *)scram.salt, sizeof(scram.salt), &scram.salt_len));
    assert_true(edge_password_scram_prove(&scram, text("pencil"), message, proof, signature));
    edge_base64_encode(edge_span((const char *)proof, sizeof(proof)), coded, sizeof(coded));
    assert_string_equal(coded, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    edge_base64_encode(edge_span((const char *)signature, sizeof(signature)), coded, sizeof(coded));
    assert_string_equal(coded, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

static void scram_made(void **state) {
    edge_scram_t one, two;
    assert_true(edge_password_scram_make(&one, 1000, text("sesame")));
    assert_true(edge_password_scram_make(&two, 1000, text("sesame")));
    assert_int_equal(one.salt_len, EDGE_SCRAM_SALT_SIZE);
    assert_memory_not_equal(one.salt, two.salt, EDGE_SCRAM_SALT_SIZE);
    assert_memory_not_equal(one.stored_key, two.stored_key, EDGE_SCRAM_KEY_SIZE);
    assert_memory_not_equal(one.stored_key, one.server_key, EDGE_SCRAM_KEY_SIZE);
    assert_true(edge_password_scram_verify(&one, text("sesame")));
    one.stored_key[31] ^= 1;
    assert_false(edge_password_scram_verify(&one, text("sesame")));
}

static void equality(void **state) {
    assert_true(edge_password_equal(text("a"), text("a")));
    assert_true(edge_password_equal(text(""), text("")));
    assert_false(edge_password_equal(text("a"), text("b")));
    assert_false(edge_password_equal(text("a"), text("ab")));
    assert_false(edge_password_equal(text("a"), edge_span("a\0", 2)));
}

static void wiping(void **state) {
    char secret[8] = "secret", zero[8] = "";
    edge_password_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, zero, sizeof(zero));
    edge_password_wipe(NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_hashes),  cmocka_unit_test(made_hashes),  cmocka_unit_test(unusable),
        cmocka_unit_test(scram_example), cmocka_unit_test(scram_proved), cmocka_unit_test(scram_made),
        cmocka_unit_test(equality),      cmocka_unit_test(wiping),
    };
    return cmocka_run_group_tests_name("base/password", tests, NULL, NULL);
}
