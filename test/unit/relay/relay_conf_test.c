/* What a <Handoff> may say of addresses, pauses, TLS and times, and what it may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/conf_apply.h"
#include "proto/conf_parse.h"

#include "../../../modules/relay/relay_conf.h"

static apr_pool_t *pool;
static edge_conf_report_t report;
static relay_conf_t conf;

static int set_up(void **state) {
    (void)state;
    apr_pool_create(&pool, NULL);
    edge_conf_report_start(&report, pool);
    memset(&conf, 0, sizeof(conf));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static const edge_directive_t *row_of(const char *name) {
    const edge_directive_t *row = relay_directives;
    while (strcmp(row->name, name) != 0)
        row++;
    return row;
}

/* Words with one blank between them. */
static bool written(const char *directive, const char *words) {
    edge_conf_check_t check = {.pool = pool, .report = &report, .server_root = "/root"};
    edge_conf_argument_t arguments[40] = {0};
    char *rest = apr_pstrdup(pool, words), *last;
    edge_conf_line_t line = {.check = &check, .row = row_of(directive), .arguments = arguments, .pool = pool};
    for (char *word = apr_strtok(rest, " ", &last); word; word = apr_strtok(NULL, " ", &last))
        arguments[line.count++].text = edge_span_of(word);
    if (line.count == 0)
        arguments[0].text = edge_span_of("");
    return line.row->set(&line, &conf);
}

static void takes(const char *directive, const char *words) {
    unsigned errors = report.errors;
    if (!written(directive, words))
        print_message("%s %s\n", directive, words);
    assert_int_equal(report.errors, errors);
}

static void refuses(const char *directive, const char *words, const char *code) {
    unsigned errors = report.errors;
    edge_conf_report_start(&report, pool);
    report.errors = errors;
    if (written(directive, words))
        print_message("%s %s\n", directive, words);
    assert_int_equal(report.errors, errors + 1);
    assert_string_equal(report.first->code, code);
}

/* The address as it is understood. */
static void is(const char *word, const char *host, const char *address, unsigned port, const char *path) {
    char text[EDGE_IPADDR_TEXT];
    takes("Address", word);
    assert_int_equal(conf.address_count, 1);
    const relay_address_t *is = &conf.addresses[0];
    assert_int_equal(is->host.at != NULL, host != NULL);
    if (host)
        assert_true(edge_span_equal(is->host, edge_span_of(host)));
    assert_int_equal(is->path != NULL, path != NULL);
    if (path)
        assert_string_equal(is->path, path);
    else
        assert_int_equal(is->port, port);
    if (address) {
        edge_ipaddr_format(is->address, text);
        assert_string_equal(text, address);
    }
}

static void addresses(void **state) {
    (void)state;
    is("192.0.2.1", NULL, "192.0.2.1", 25, NULL);
    is("192.0.2.1:2525", NULL, "192.0.2.1", 2525, NULL);
    is("[2001:db8::1]", NULL, "2001:db8::1", 25, NULL);
    is("[2001:db8::1]:65535", NULL, "2001:db8::1", 65535, NULL);
    is("[192.0.2.1]:1", NULL, "192.0.2.1", 1, NULL);
    is("mx.example", "mx.example", NULL, 25, NULL);
    is("mx.example:24", "mx.example", NULL, 24, NULL);
    is("unix:/run/lmtp", NULL, NULL, 0, "/run/lmtp");
    is("UNIX:run/lmtp", NULL, NULL, 0, "/root/run/lmtp");
    is("unix:/"
       "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456",
       NULL, NULL, 0,
       "/1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456");
}

static void no_addresses(void **state) {
    static const char *const wrong[] = {
        ":",
        ":25",
        "mx.example:",
        "mx.example:0",
        "mx.example:65536",
        "mx.example:18446744073709551641",
        "mx.example:-25",
        "mx.example:2x",
        "mx..example",
        "::1",
        "2001:db8::1",
        "[",
        "[]",
        "[::1",
        "[::1]25",
        "[::1]x:25",
        "[::1]:",
        "[::1]:65536",
        "[mx.example]:25",
        "unix:",
        "m\xc3\xbcller.example\xff",
        "unix:/1234567890123456789012345678901234567890123456789012345678901234567890123"
        "456789012345678901234567890123456789"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(wrong); i++)
        refuses("Address", wrong[i], "EDG10943");
    refuses("Address", "", "EDG10942");
}

#define EIGHT "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 "

/* A directive that is repeated is an error, but it is looked at all the same. */
static void as_many_as_there_is_room_for(void **state) {
    (void)state;
    takes("Address", EIGHT EIGHT);
    assert_int_equal(conf.address_count, RELAY_ADDRESSES_MOST);
    takes("Address", EIGHT EIGHT);
    assert_int_equal(conf.address_count, RELAY_ADDRESSES_MOST);
    assert_int_equal(conf.port, 0);
    takes("Address", "mx.example");
    assert_int_equal(conf.address_count, 1);
    refuses("Address", EIGHT EIGHT "192.0.2.9", "EDG10942");
}

static void pauses(void **state) {
    (void)state;
    takes("Retry", "100ms 7d");
    assert_int_equal(conf.retry_count, 2);
    assert_true(conf.retries[0] == EDGE_MS(100));
    assert_true(conf.retries[1] == EDGE_SECONDS(7 * 86400));
    takes("Retry", "1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 11m 12m 13m 14m 15m 16m");
    assert_int_equal(conf.retry_count, RELAY_RETRIES_MOST);
    takes("Retry", "1m");
    assert_int_equal(conf.retry_count, 1);
    refuses("Retry", "", "EDG10940");
    refuses("Retry", "1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 11m 12m 13m 14m 15m 16m 17m", "EDG10940");
    refuses("Retry", "99ms", "EDG10941");
    refuses("Retry", "1m 169h", "EDG10941");
    refuses("Retry", "1m soon", "EDG10941");
    refuses("Retry", "-1m", "EDG10941");
    refuses("Retry", "99999999999999999999d", "EDG10941");
}

static void tls(void **state) {
    (void)state;
    takes("TLS", "Opportunistic");
    assert_int_equal(conf.encrypt, RELAY_ENCRYPT_OPPORTUNISTIC);
    takes("TLS", "verify immediate name=mx.example");
    assert_int_equal(conf.encrypt, RELAY_ENCRYPT_VERIFIED);
    assert_true(conf.encrypt_at_once);
    assert_true(edge_span_equal(conf.encrypt_name, edge_span_of("mx.example")));
    takes("TLS", "required name=192.0.2.1");
    refuses("TLS", "", "EDG10954");
    refuses("TLS", "verified", "EDG10954");
    refuses("TLS", "immediate", "EDG10954");
    refuses("TLS", "verify name=", "EDG10954");
    refuses("TLS", "verify name", "EDG10954");
    refuses("TLS", "verify names=x", "EDG10954");
    refuses("TLS", "verify off", "EDG10954");
    refuses("TLS", "opportunistic immediate", "EDG10955");
    refuses("TLS", "off immediate", "EDG10955");
}

static void times(void **state) {
    (void)state;
    takes("HopTimeout", "connect=10ms END=1d");
    assert_true(conf.times.connect == EDGE_MS(10));
    assert_true(conf.times.end == EDGE_SECONDS(86400));
    assert_true(conf.times.data == 0);
    refuses("HopTimeout", "connect", "EDG10946");
    refuses("HopTimeout", "connect=", "EDG10946");
    refuses("HopTimeout", "=5s", "EDG10946");
    refuses("HopTimeout", "connect=9ms", "EDG10946");
    refuses("HopTimeout", "connect=25h", "EDG10946");
    refuses("HopTimeout", "connection=5s", "EDG10946");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(addresses), TEST(no_addresses), TEST(as_many_as_there_is_room_for),
                                       TEST(pauses),    TEST(tls),          TEST(times)};
    apr_initialize();
    return cmocka_run_group_tests_name("relay_conf", tests, NULL, NULL);
}
