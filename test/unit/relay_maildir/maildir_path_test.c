/* Addresses as paths: the parts of a template, and what may never become one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "../../../modules/relay_maildir/relay_maildir.h"

static apr_pool_t *pool;

static const char *path(const char *template, const char *address) {
    return maildir_path_of(edge_span_of(template), edge_span_of(address), pool);
}

static void templates(void **state) {
    (void)state;
    static const struct {
        const char *template, *address, *path;
    } rows[] = {
        {"/m/%{domain}/%{user}", "Bob@Server.Example", "/m/server.example/bob"},
        {"/m/%{local}", "bob+lists@server.example", "/m/bob+lists"},
        {"/m/%{user}/.%{detail}", "bob+lists@server.example", "/m/bob/.lists"},
        {"/m/%{user}/.%{detail}", "bob@server.example", "/m/bob/."},
        {"/m/%{user}", "+x@server.example", "/m/+x"},
        {"/m/%{address}/Maildir", "B@S", "/m/b@s/Maildir"},
        {"/m/%{address}", "Postmaster", "/m/postmaster"},
        {"/m/all", "b@s", "/m/all"},
        {"/m/%{local}", "\"a b\"@s.example", "/m/a b"},
        {"/m/%{local}", "\"a\\\"b\"@s.example", "/m/a\"b"},
        {"/m/%{domain}", "a@[192.0.2.1]", "/m/[192.0.2.1]"},
        {"/m/%{local}", "J\xc3\xb6rg@s.example", "/m/j\xc3\xb6rg"},
    };
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        assert_string_equal(path(rows[i].template, rows[i].address), rows[i].path);
    }
}

static void what_cannot_stand_in_a_path(void **state) {
    (void)state;
    static const char *const addresses[] = {
        "",
        "a/b@s.example",
        "/etc/passwd@s.example",
        "\"../x\"@s.example",
        "\"..\"@s.example",
        "..",
        "\".hidden\"@s.example",
        "\"a\\/b\"@s.example",
        "a+.x@s.example",
        "\"a+..\"@s.example",
        "\"\"@s.example",
        "a\nb",
        "a+../x@s.example",
        "a@../x",
    };
    for (size_t i = 0; i < EDGE_COUNT(addresses); i++) {
        assert_null(path("/m/%{domain}/%{local}/.%{detail}", addresses[i]));
    }
    assert_null(maildir_path_of(edge_span_of("/m/%{local}"), edge_span("a\0b", 3), pool));
}

static void templates_that_are_none(void **state) {
    (void)state;
    assert_null(maildir_path_check(edge_span_of("/m/%{domain}/%{user}/.%{detail}"), pool));
    assert_null(maildir_path_check(edge_span_of("/m"), pool));
    assert_non_null(strstr(maildir_path_check(edge_span_of("/m/%{name}"), pool), "%{name} is unknown"));
    assert_non_null(maildir_path_check(edge_span_of("/m/%{user"), pool));
    assert_non_null(maildir_path_check(edge_span_of("/m/%u"), pool));
    assert_int_equal(maildir_path_fixed(edge_span_of("/m/%{user}")), 3);
    assert_int_equal(maildir_path_fixed(edge_span_of("/m/all")), 6);
}

static void names_and_heads(void **state) {
    (void)state;
    edge_envelope_t envelope = {.received = INT64_C(1795365669120934), .sender = edge_span_of("a@client.example")};
    assert_true(edge_uuid_parse(edge_span_of("01932d5c-0000-7000-8000-00000000beef"), &envelope.id));
    assert_string_equal(maildir_path_name(&envelope, 2, pool),
                        "1795365669.01932d5c-0000-7000-8000-00000000beef_2.edged");
    assert_string_equal(maildir_path_head(&envelope, edge_span_of("B@s"), pool),
                        "Return-Path: <a@client.example>\nDelivered-To: B@s\n");
    envelope.sender = edge_span("", 0);
    assert_string_equal(maildir_path_head(&envelope, edge_span_of("b\nX: y"), pool),
                        "Return-Path: <>\nDelivered-To: b?X: y\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(templates), cmocka_unit_test(what_cannot_stand_in_a_path),
                                       cmocka_unit_test(templates_that_are_none), cmocka_unit_test(names_and_heads)};
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
