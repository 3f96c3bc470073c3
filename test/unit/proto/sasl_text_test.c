/* Messages of SASL mechanisms, split and composed; the examples of their RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/sasl_text.h"

#define BYTES(literal) edge_span(literal, sizeof(literal) - 1)
#define A16 "aaaaaaaaaaaaaaaa"
#define A256 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16

static void is(edge_span_t span, const char *text) {
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.at, text, span.len);
}

static void base64(void **state) {
    char out[64];
    size_t len = 99;
    assert_true(edge_sasl_text_decode(BYTES("dGVzdA=="), true, out, sizeof(out), &len));
    is(edge_span(out, len), "test");
    assert_true(edge_sasl_text_decode(BYTES("="), true, out, sizeof(out), &len));
    assert_int_equal(len, 0);
    assert_true(edge_sasl_text_decode(BYTES(""), false, out, sizeof(out), &len));
    assert_int_equal(len, 0);
    assert_false(edge_sasl_text_decode(BYTES("="), false, out, sizeof(out), &len));
    assert_false(edge_sasl_text_decode(BYTES("=="), true, out, sizeof(out), &len));
    assert_false(edge_sasl_text_decode(BYTES("dGVzdA"), true, out, sizeof(out), &len));
    assert_false(edge_sasl_text_decode(BYTES("dGVz dA=="), true, out, sizeof(out), &len));
}

/* RFC 4616 4 */
static void plain(void **state) {
    edge_sasl_plain_t plain;
    assert_true(edge_sasl_text_plain(BYTES("\0tim\0tanstaaftanstaaf"), &plain));
    assert_int_equal(plain.authzid.len, 0);
    is(plain.authcid, "tim");
    is(plain.password, "tanstaaftanstaaf");
    assert_true(edge_sasl_text_plain(BYTES("Ursel\0Kurt\0xipj3plmq"), &plain));
    is(plain.authzid, "Ursel");
    is(plain.authcid, "Kurt");
    assert_true(edge_sasl_text_plain(BYTES("\0j\xc3\xb6rg\0\xe2\x82\xac"), &plain));
}

static void plain_malformed(void **state) {
    edge_sasl_plain_t plain;
    assert_false(edge_sasl_text_plain(BYTES(""), &plain));
    assert_false(edge_sasl_text_plain(BYTES("tim"), &plain));
    assert_false(edge_sasl_text_plain(BYTES("tim\0secret"), &plain));
    assert_false(edge_sasl_text_plain(BYTES("\0tim\0"), &plain));
    assert_false(edge_sasl_text_plain(BYTES("\0\0secret"), &plain));
    assert_false(edge_sasl_text_plain(BYTES("\0tim\0sec\0ret"), &plain));
    assert_false(edge_sasl_text_plain(BYTES("\0tim\0secret\0"), &plain));
    assert_false(edge_sasl_text_plain(BYTES("\0t\xffm\0secret"), &plain));
    assert_false(edge_sasl_text_plain(BYTES("\0tim\0s\xc3"), &plain));
    assert_false(edge_sasl_text_plain(BYTES("\xc0\x80\0tim\0secret"), &plain));
}

static void plain_bounds(void **state) {
    edge_sasl_plain_t plain;
    assert_false(edge_sasl_text_plain(BYTES("\0" A256 "\0secret"), &plain));
    assert_false(edge_sasl_text_plain(BYTES(A256 "\0tim\0secret"), &plain));
    assert_true(edge_sasl_text_plain(BYTES("\0tim\0" A256), &plain));
    assert_false(edge_sasl_text_plain(BYTES("\0tim\0" A256 A256), &plain));
}

static void login(void **state) {
    assert_true(edge_sasl_text_login(BYTES("tim"), 3));
    assert_false(edge_sasl_text_login(BYTES("tim"), 2));
    assert_false(edge_sasl_text_login(BYTES(""), 3));
    assert_false(edge_sasl_text_login(BYTES("t\0m"), 3));
    assert_false(edge_sasl_text_login(BYTES("\xed\xa0\x80"), 3));
    assert_true(edge_sasl_text_authzid(BYTES("")));
    assert_true(edge_sasl_text_authzid(BYTES("tim")));
    assert_false(edge_sasl_text_authzid(BYTES("\0")));
    assert_false(edge_sasl_text_authzid(BYTES(A256)));
}

/* RFC 2195 2: the digest itself is computed elsewhere. */
static void cram(void **state) {
    static const uint8_t wanted[] = {0xb9, 0x13, 0xa6, 0x02, 0xc7, 0xed, 0xa7, 0xa4,
                                     0x95, 0xb4, 0xe6, 0xe7, 0x33, 0x4d, 0x38, 0x90};
    uint8_t digest[EDGE_SASL_CRAM_DIGEST];
    char challenge[64];
    edge_span_t user;
    assert_true(edge_sasl_text_cram(BYTES("tim b913a602c7eda7a495b4e6e7334d3890"), &user, digest));
    is(user, "tim");
    assert_memory_equal(digest, wanted, sizeof(wanted));
    assert_true(edge_sasl_text_cram(BYTES("t i m B913A602C7EDA7A495B4E6E7334D3890"), &user, digest));
    is(user, "t i m");
    assert_memory_equal(digest, wanted, sizeof(wanted));
    size_t len = edge_sasl_text_cram_challenge("1896", 697170952, "postoffice.reston.mci.net", challenge, 64);
    is(edge_span(challenge, len), "<1896.697170952@postoffice.reston.mci.net>");
    assert_int_equal(edge_sasl_text_cram_challenge("1896", 697170952, "postoffice.reston.mci.net", challenge, 16), 15);
}

static void cram_malformed(void **state) {
    uint8_t digest[EDGE_SASL_CRAM_DIGEST];
    edge_span_t user;
    assert_false(edge_sasl_text_cram(BYTES(""), &user, digest));
    assert_false(edge_sasl_text_cram(BYTES("tim"), &user, digest));
    assert_false(edge_sasl_text_cram(BYTES(" b913a602c7eda7a495b4e6e7334d3890"), &user, digest));
    assert_false(edge_sasl_text_cram(BYTES("tim b913a602c7eda7a495b4e6e7334d389"), &user, digest));
    assert_false(edge_sasl_text_cram(BYTES("tim b913a602c7eda7a495b4e6e7334d38901"), &user, digest));
    assert_false(edge_sasl_text_cram(BYTES("tim b913a602c7eda7a495b4e6e7334d389g"), &user, digest));
    assert_false(edge_sasl_text_cram(BYTES("t\0m b913a602c7eda7a495b4e6e7334d3890"), &user, digest));
    assert_false(edge_sasl_text_cram(BYTES(A256 " b913a602c7eda7a495b4e6e7334d3890"), &user, digest));
}

/* RFC 7677 3, RFC 5802 5 and 7 */
static void scram(void **state) {
    edge_sasl_scram_t names;
    assert_true(edge_sasl_text_scram(BYTES("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), &names));
    assert_string_equal(names.user, "user");
    assert_string_equal(names.authzid, "");
    assert_true(edge_sasl_text_scram(BYTES("p=tls-exporter,a=boss,n=user,r=x"), &names));
    assert_string_equal(names.authzid, "boss");
    assert_true(edge_sasl_text_scram(BYTES("y,,n=a=2Cb=3Dc,r=x"), &names));
    assert_string_equal(names.user, "a,b=c");
    assert_true(edge_sasl_text_scram(BYTES("n,,n=user"), &names));
}

static void scram_malformed(void **state) {
    edge_sasl_scram_t names;
    assert_false(edge_sasl_text_scram(BYTES(""), &names));
    assert_false(edge_sasl_text_scram(BYTES("n"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,"), &names));
    assert_false(edge_sasl_text_scram(BYTES("x,,n=user,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES(",,n=user,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,boss,n=user,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,a=,n=user,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,n=,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,m=must,n=user,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,n=us=2cer,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,n=us=2,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,n=us=,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,n=us\0er,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,n=us\xff,r=x"), &names));
    assert_false(edge_sasl_text_scram(BYTES("n,,n=" A256 ",r=x"), &names));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64),         cmocka_unit_test(plain), cmocka_unit_test(plain_malformed),
        cmocka_unit_test(plain_bounds),   cmocka_unit_test(login), cmocka_unit_test(cram),
        cmocka_unit_test(cram_malformed), cmocka_unit_test(scram), cmocka_unit_test(scram_malformed),
    };
    return cmocka_run_group_tests_name("proto/sasl_text", tests, NULL, NULL);
}
