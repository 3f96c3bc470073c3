/* Tests of server/core/dns_settings.c: DnsServers as written, and the settings of DNS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/dns_settings.h"

static edge_snapshot_t *with(const char *server) {
    return fixture_build(apr_pstrcat(fixture_pool,
                                     PROBE_LOAD
                                     "<Queue q>\nSpool s\n</Queue>\n"
                                     "<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n</Listener>\n",
                                     server, NULL));
}

static void expect(const char *written, const char *servers, const char *shown) {
    edge_snapshot_t *snapshot = with(apr_pstrcat(fixture_pool, "DnsServers ", written, "\n", NULL));
    assert_string_equal(fixture_codes(), "");
    edge_dns_settings_t settings = edge_dns_settings_of(snapshot);
    assert_string_equal(settings.servers, servers);
    assert_string_equal(edge_dns_settings_show_servers(edge_span_of(settings.servers), fixture_pool).at, shown);
    edge_snapshot_drop(snapshot);
}

static void servers(void **state) {
    (void)state;
    expect("system", "", "system");
    expect("192.0.2.1", "192.0.2.1:53", "192.0.2.1:53");
    expect("192.0.2.1:5353 2001:db8::1", "192.0.2.1:5353,[2001:db8::1]:53", "192.0.2.1:5353 [2001:db8::1]:53");
    expect("[2001:db8::1] [::1]:54", "[2001:db8::1]:53,[::1]:54", "[2001:db8::1]:53 [::1]:54");
}

static void refuses(const char *written, const char *codes) {
    edge_snapshot_drop(with(apr_pstrcat(fixture_pool, "DnsServers ", written, "\n", NULL)));
    assert_string_equal(fixture_codes(), codes);
}

static void servers_written_wrongly(void **state) {
    static const char *const wrong[] = {
        "ns.example", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "[192.0.2.1]:53", "[::1", "[::1]53",
        "\"\"",       ":53",        "[]:53",       "System 1.2",      "192.0.2.1:5x",   "1.2.3"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(wrong); i++)
        refuses(wrong[i], "EDG10906@10:12");
    refuses("192.0.2.1 system", "EDG10906@10:22");
    refuses("1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 1.1.1.9", "EDG10905@10:12");
}

static void all_of_them(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = with("DnsTimeout 2s\nDnsTries 3\nDnsInFlight 7\nDnsPerSession 0\nDnsCache 0\n"
                                     "DnsCacheTime 10m\n");
    assert_string_equal(fixture_codes(), "");
    edge_dns_settings_t settings = edge_dns_settings_of(snapshot);
    assert_int_equal(settings.timeout, EDGE_SECONDS(2));
    assert_int_equal(settings.tries, 3);
    assert_int_equal(settings.in_flight, 7);
    assert_int_equal(settings.per_session, 0);
    assert_int_equal(settings.cached, 0);
    assert_int_equal(settings.longest, EDGE_SECONDS(600));
    edge_snapshot_drop(snapshot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers),
        cmocka_unit_test(servers_written_wrongly),
        cmocka_unit_test(all_of_them),
    };
    return cmocka_run_group_tests_name("core/dns_settings", tests, fixture_set_up, fixture_tear_down);
}
