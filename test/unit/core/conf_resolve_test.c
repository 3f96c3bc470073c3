/* Names joined to what they name: queues, protocols, addresses; the core's own directives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"

static edge_snapshot_t *with(const char *server, const char *listener) {
    return fixture_build(apr_pstrcat(
        fixture_pool,
        PROBE_LOAD
        "<Queue q>\nSpool s\n</Queue>\n<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n</Listener>\n",
        server, "<Listener y>\n", listener, "</Listener>\n", NULL));
}

static void refuses(const char *server, const char *listener, const char *codes) {
    edge_snapshot_drop(with(server, listener));
    assert_string_equal(fixture_codes(), codes);
}

#define SOUND "Listen 127.0.0.1:2\nQueue q\nProtocol probe\n"

static void names(void **state) {
    (void)state;
    refuses("", SOUND, "");
    refuses("", "Listen 127.0.0.1:2\nProtocol probe\n", "EDG10052@10:1");
    refuses("", "Listen 127.0.0.1:2\nProtocol probe\nQueue r\n", "EDG10053@13:7");
    refuses("", "Listen 127.0.0.1:2\nProtocol prob\nQueue q\n", "EDG10054@12:10");
    refuses("", "Queue q\nProtocol probe\n", "EDG10055@10:1");
    refuses("<Queue e>\n</Queue>\n", SOUND, "EDG10050@10:1");
    refuses("<Queue e>\nRelay b\n</Queue>\n", SOUND, "EDG10022@11:1");
}

static void addresses(void **state) {
    (void)state;
    refuses("", "Listen 127.0.0.1:1\nQueue q\nProtocol probe\n", "EDG10056@11:1");
    refuses("", "Listen 0.0.0.0:1\nQueue q\nProtocol probe\nOpenRelay on\n", "EDG10056@11:1 EDG20012@14:1");
    refuses("", "Listen [::]:1\nQueue q\nProtocol probe\nOpenRelay on\n", "EDG20012@14:1");
    refuses("", "Listen [::]:1\nQueue q\nProtocol probe\n", "EDG10330@11:1");
    refuses("", "Listen 127.0.0.2:1\nQueue q\nProtocol probe\n", "");
    refuses("", "Listen [::1]:2 [::]:2\nQueue q\nProtocol probe\nOpenRelay on\n", "EDG10056@11:1 EDG20012@14:1");
    const char *wrong[] = {"127.0.0.1", "127.0.0.1:",   "127.0.0.1:0",  "127.0.0.1:65536", ":25",
                           "25",        "*:25",         "::1:25",       "[127.0.0.1]:25",  "[::1]",
                           "[::1]25",   "localhost:25", "127.0.0.1:+5", "1.2.3:25",        "\"\""};
    for (unsigned i = 0; i < EDGE_COUNT(wrong); i++)
        refuses("", apr_psprintf(fixture_pool, "Listen %s\nQueue q\nProtocol probe\n", wrong[i]), "EDG10309@11:8");
}

static void server_wide(void **state) {
    (void)state;
    edge_snapshot_t *snapshot =
        with("Workers 3\nErrorLog -\nLogLevel warn module:trace\nTransactionLog a json\nTransactionLog /b\n"
             "GracefulTimeout 250ms\n",
             SOUND "ServerName y.example\n");
    assert_string_equal(fixture_codes(), "");
    const edge_core_server_conf_t *conf = edge_core_server_conf(snapshot);
    assert_int_equal(conf->workers, 3);
    assert_int_equal(conf->error_log.len, 0);
    assert_int_equal(conf->level_count, 2);
    assert_null(conf->levels[0].area.at);
    assert_int_equal(conf->levels[0].level, EDGE_LOG_WARN);
    assert_string_equal(conf->levels[1].area.at, "module");
    assert_int_equal(conf->transaction_log_count, 2);
    assert_string_equal(conf->transaction_logs[1].at, "/b");
    assert_int_equal(conf->graceful_timeout, EDGE_MS(250));
    assert_int_equal(conf->max_connections, 2000);
    assert_string_equal(conf->server_name.at, "localhost");
    const edge_section_t *listener = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("y"));
    assert_string_equal(edge_core_listener_conf(listener)->server_name.at, "y.example");
    edge_snapshot_drop(snapshot);
}

static void server_wide_written_wrongly(void **state) {
    (void)state;
    refuses("Workers 129\n", SOUND, "EDG10301@10:9");
    refuses("ErrorLog a b\n", SOUND, "EDG10302@10:10");
    refuses("LogLevel :info\n", SOUND, "EDG20011@10:10");
    refuses("LogLevel core:\n", SOUND, "EDG10303@10:10");
    refuses("LogLevel\n", SOUND, "EDG10304@10:1");
    refuses("TransactionLog a xml\n", SOUND, "EDG10305@10:18");
    refuses("ServerName \"a b\"\n", SOUND, "EDG10310@10:12");
    refuses("ServerName \"a\\\"<script>\"\n", SOUND, "EDG10310@10:12");
    refuses("User edge-no-such-user\n", SOUND, "EDG10070@10:6");
    refuses("PidFile edge.conf/x\n", SOUND, "EDG10072@10:1");
    refuses("PidFile .\n", SOUND, "EDG10073@10:1");
    refuses("MaxConnections 5\n", SOUND "MaxConnections 6\n", "EDG20010@15:1");
    refuses("<IfModule prob_module>\n</IfModule>\n", SOUND, "EDG20004@10:11");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(addresses),
        cmocka_unit_test(server_wide),
        cmocka_unit_test(server_wide_written_wrongly),
    };
    return cmocka_run_group_tests_name("core/conf_resolve", tests, fixture_set_up, fixture_tear_down);
}
