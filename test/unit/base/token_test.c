/* Tokens: what has their form, that two are never the same, and what is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_codec.h"
#include "edge_token.h"

#define RANDOM "abcdefghijklmnopqrstuvwx27"

static bool is(const char *text) { return edge_token_is(edge_span_of(text)); }

static void forms(void **state) {
    assert_true(is("edge_submit_" RANDOM));
    assert_true(is("edge_read_" RANDOM));
    assert_true(is("edge_operate_" RANDOM));
    assert_true(is("edge_admin_" RANDOM));
    static const char *const others[] = {
        "",
        "edge_",
        RANDOM,
        "edge_" RANDOM,
        "edge__" RANDOM,
        "edge_root_" RANDOM,
        "edge_Admin_" RANDOM,
        "Edge_admin_" RANDOM,
        "edge_admin-" RANDOM,
        "edge_admin_x" RANDOM,
        "edge_admin_" RANDOM "a",
        "edge_admin_abcdefghijklmnopqrstuvwx2",
        "edge_admin_Abcdefghijklmnopqrstuvwx27",
        "edge_admin_abcdefghijklmnopqrstuvwx21", /* 1 is none of the letters */
        "edge_admin_abcdefghijklmnopqrstuvwx2=",
        " edge_admin_" RANDOM,
        "edge_admin_" RANDOM "\n",
    };
    for (unsigned i = 0; i < EDGE_COUNT(others); i++)
        assert_false(is(others[i]));
    char with_nul[] = "edge_admin_" RANDOM;
    with_nul[20] = '\0';
    assert_false(edge_token_is(edge_span(with_nul, sizeof(with_nul) - 1)));
}

static void roles(void **state) {
    for (unsigned i = 0; i < EDGE_TOKEN_ROLES; i++) {
        edge_token_role_t role;
        assert_true(edge_token_role_parse(edge_span_of(edge_token_role_name((edge_token_role_t)i)), &role));
        assert_int_equal(role, i);
    }
    edge_token_role_t role;
    assert_false(edge_token_role_parse(edge_span_of("nobody"), &role));
    assert_false(edge_token_role_parse(EDGE_NO_SPAN, &role));
}

static void made(void **state) {
    for (unsigned i = 0; i < EDGE_TOKEN_ROLES; i++) {
        char one[EDGE_TOKEN_TEXT], two[EDGE_TOKEN_TEXT], front[32];
        assert_true(edge_token_make((edge_token_role_t)i, one));
        assert_true(edge_token_make((edge_token_role_t)i, two));
        assert_true(is(one));
        assert_string_not_equal(one, two);
        strcpy(front, "edge_");
        strcat(strcat(front, edge_token_role_name((edge_token_role_t)i)), "_");
        assert_memory_equal(one, front, strlen(front));
        assert_int_equal(strlen(one), strlen(front) + 26);
    }
}

/* 26 letters of 5 bits hold 130 bits: the last letter has two zeros, all others come in all kinds. */
static void all_bits_are_used(void **state) {
    bool seen[26][32] = {{false}};
    for (unsigned round = 0; round < 2000; round++) {
        char text[EDGE_TOKEN_TEXT];
        assert_true(edge_token_make(EDGE_TOKEN_READ, text));
        for (unsigned i = 0; i < 26; i++) {
            char letter = text[strlen("edge_read_") + i];
            seen[i][letter >= 'a' ? letter - 'a' : letter - '2' + 26] = true;
        }
    }
    for (unsigned i = 0; i < 26; i++)
        for (unsigned letter = 0; letter < 32; letter++)
            assert_int_equal(seen[i][letter], i < 25 || letter % 4 == 0);
}

static void digests(void **state) {
    uint8_t one[EDGE_TOKEN_DIGEST], two[EDGE_TOKEN_DIGEST];
    char hex[2 * EDGE_TOKEN_DIGEST + 1] = "";
    assert_true(edge_token_digest(edge_span_of("test"), one));
    edge_hex_encode(edge_span((const char *)one, sizeof(one)), hex, sizeof(hex) - 1);
    assert_string_equal(hex, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    assert_true(edge_token_digest(edge_span_of("test"), two));
    assert_true(edge_token_digest_equal(one, two));
    two[EDGE_TOKEN_DIGEST - 1] ^= 1;
    assert_false(edge_token_digest_equal(one, two));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),   cmocka_unit_test(roles), cmocka_unit_test(made), cmocka_unit_test(all_bits_are_used),
        cmocka_unit_test(digests),
    };
    return cmocka_run_group_tests_name("base/token", tests, NULL, NULL);
}
