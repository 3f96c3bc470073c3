/* The example of RFC 7677, and servers that say what no honest one would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "edge_codec.h"
#include "proto/scram_client.h"

#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define SERVER NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FIRST "r=" SERVER ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

static edge_scram_client_t client;
static char out[4096];

static const char *first(const char *user, bool bound, bool could) {
    size_t len =
        edge_scram_client_first(&client, edge_span_of(user), edge_span_of(NONCE), bound, could, out, sizeof(out) - 1);
    out[len] = '\0';
    return out;
}

static bool hears(const char *text) {
    first("user", false, false);
    return edge_scram_client_hear(&client, edge_span_of(text), EDGE_NO_SPAN);
}

static void the_example(void **state) {
    (void)state;
    uint8_t proof[EDGE_SCRAM_KEY_SIZE], signature[EDGE_SCRAM_KEY_SIZE];
    assert_string_equal(first("user", false, false), "n,,n=user,r=" NONCE);
    assert_true(edge_scram_client_hear(&client, edge_span_of(FIRST), EDGE_NO_SPAN));
    assert_int_equal(client.asked.iterations, 4096);
    assert_int_equal(client.asked.salt_len, 16);
    assert_true(edge_password_scram_prove(&client.asked, edge_span_of("pencil"), edge_span(client.message, client.len),
                                          proof, signature));
    size_t len = edge_scram_client_final(&client, proof, out, sizeof(out) - 1);
    out[len] = '\0';
    assert_string_equal(out, "c=biws,r=" SERVER ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    assert_int_equal(edge_scram_client_final(&client, proof, out, 50), 0);
    assert_true(edge_scram_client_is_proven(edge_span_of("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), signature));
    static const char *const lies[] = {"", "v=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "e=other-error",
                                       "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4"};
    for (unsigned i = 0; i < EDGE_COUNT(lies); i++)
        assert_false(edge_scram_client_is_proven(edge_span_of(lies[i]), signature));
}

static void names_and_bindings(void **state) {
    (void)state;
    assert_string_equal(first("a,b=c", false, true), "y,,n=a=2Cb=3Dc,r=" NONCE);
    assert_string_equal(first("x", true, false), "p=tls-exporter,,n=x,r=" NONCE);
    assert_true(edge_scram_client_hear(&client, edge_span_of(FIRST), edge_span_of("0123456789abcdef0123456789abcdef")));
    const char *last = client.message + client.final_at;
    assert_memory_equal(last, "c=cD10bHMtZXhwb3J0ZXIsLDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm,r=", 69);
    assert_false(edge_scram_client_hear(&client, edge_span_of(FIRST), edge_span(client.message, 200)));
    assert_int_equal(
        edge_scram_client_first(&client, edge_span_of(""), edge_span_of(NONCE), false, false, out, sizeof(out)), 0);
    assert_int_equal(
        edge_scram_client_first(&client, edge_span("a\0b", 3), edge_span_of(NONCE), false, false, out, sizeof(out)), 0);
    assert_int_equal(
        edge_scram_client_first(&client, edge_span_of("a"), edge_span_of("a,b"), false, false, out, sizeof(out)), 0);
    assert_int_equal(
        edge_scram_client_first(&client, edge_span_of("a"), edge_span_of(""), false, false, out, sizeof(out)), 0);
    assert_int_equal(edge_scram_client_first(&client, edge_span_of("a"), edge_span_of(NONCE), false, false, out, 5), 0);
    static char large[4000];
    memset(large, 'x', sizeof(large));
    assert_int_equal(edge_scram_client_first(&client, edge_span(large, sizeof(large)), edge_span_of(NONCE), false,
                                             false, out, sizeof(out)),
                     0);
}

static void servers_that_lie(void **state) {
    (void)state;
    static const char *const lies[] = {
        "",
        "m=x," FIRST,
        "r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",      /* nothing of its own */
        "r=other" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", /* not ours */
        "r=" SERVER "\x01,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=" SERVER ",s=,i=4096",
        "r=" SERVER ",s=????,i=4096",
        "r=" SERVER ",i=4096,s=W22ZaJ0SNY7soEsUEjb6gQ==",
        "r=" SERVER ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999",     /* too cheap for who listens */
        "r=" SERVER ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001", /* too dear for us */
        "r=" SERVER ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1",
        "r=" SERVER ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=",
        "r=" SERVER
        ",s=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,i=4096",
    };
    assert_true(hears(FIRST));
    assert_true(hears(FIRST ",x=extension"));
    for (unsigned i = 0; i < EDGE_COUNT(lies); i++)
        assert_false(hears(lies[i]));
    static char large[4000] = "r=" NONCE;
    memset(large + strlen(large), 'x', 3500);
    strcat(large, ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    assert_false(hears(large));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_example), cmocka_unit_test(names_and_bindings),
                                       cmocka_unit_test(servers_that_lie)};
    return cmocka_run_group_tests_name("scram_client", tests, NULL, NULL);
}
