/* Keys of settings, what each holds, and how it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"
#include "core/setting.h"

static edge_snapshot_t *snapshot;

static int start(void **state) {
    if (fixture_set_up(state) != 0)
        return -1;
    snapshot = fixture_build(
        PROBE_LOAD "Secret \"hush\"\nLogLevel info conf:debug\n<Validator a>\nModule probe_module\n</Validator>\n"
                   "<Validator unused>\nModule probe_module\n</Validator>\n<Queue q>\nSpool s\n</Queue>\n"
                   "Timeout session=2h\n"
                   "<Listener \"x 1\">\nListen 127.0.0.1:1\nQueue q\nProtocol probe\nMaxHops 60\n"
                   "<On MAIL>\nValidate a mode=shadow\n</On>\n<On RCPT>\nValidate a\nValidate a mode=off\n</On>\n"
                   "</Listener>\n");
    return fixture_report.errors;
}

static int end(void **state) {
    edge_snapshot_drop(snapshot);
    return fixture_tear_down(state);
}

static const edge_setting_t *find(const char *key) {
    const edge_setting_t *setting = edge_setting_find(snapshot, key, fixture_pool);
    assert_non_null(setting);
    return setting;
}

static const char *text(const char *key) { return edge_setting_text(find(key), fixture_pool); }
static const char *before(const char *key) { return edge_setting_before(find(key), fixture_pool); }

static void words_of_directives(void **state) {
    (void)state;
    assert_string_equal(edge_setting_word("MaxConnectionsPerIP", fixture_pool), "max_connections_per_ip");
    assert_string_equal(edge_setting_word("TLS", fixture_pool), "tls");
    assert_string_equal(edge_setting_word("TLSContext", fixture_pool), "tls_context");
    assert_string_equal(edge_setting_word("HttpPath", fixture_pool), "http_path");
    assert_string_equal(edge_setting_word("Banner", fixture_pool), "banner");
}

static void every_setting_has_a_key_of_its_own(void **state) {
    (void)state;
    const apr_array_header_t *settings = edge_settings_list(snapshot, fixture_pool);
    assert_true(settings->nelts > 60);
    for (int i = 0; i < settings->nelts; i++) {
        const edge_setting_t *setting = &APR_ARRAY_IDX(settings, i, edge_setting_t);
        assert_ptr_equal(find(setting->key)->row, setting->row);
        assert_non_null(edge_setting_before(setting, fixture_pool));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(APR_ARRAY_IDX(settings, j, edge_setting_t).key, setting->key);
    }
    assert_null(edge_setting_find(snapshot, "listener.x 1.validate", fixture_pool));
    assert_null(edge_setting_find(snapshot, "load_module", fixture_pool));
    assert_null(edge_setting_find(snapshot, "", fixture_pool));
}

static void what_they_hold(void **state) {
    (void)state;
    assert_string_equal(text("max_hops"), "100");
    assert_string_equal(text("listener.x 1.max_hops"), "60");
    assert_string_equal(edge_setting_default(find("listener.x 1.max_hops"), fixture_pool), "100");
    assert_string_equal(text("timeout"), "command=300s data=180s tls=20s session=7200s data-total=3600s");
    assert_string_equal(text("listener.x 1.timeout"), text("timeout"));
    assert_string_equal(edge_setting_default(find("timeout"), fixture_pool),
                        "command=300s data=180s tls=20s session=3600s data-total=3600s");
    assert_string_equal(text("validator.a.x 1.MAIL.mode"), "shadow");
    assert_string_equal(text("validator.a.x 1.RCPT.mode"), "enforce");
    assert_string_equal(text("log.conf"), "debug");
    assert_string_equal(text("log.default"), "info");
    assert_string_equal(text("secret"), "\"********\"");
    assert_null(edge_setting_default(find("secret"), fixture_pool));
}

static void where_they_are_written(void **state) {
    (void)state;
    assert_null(edge_setting_node(find("max_hops")));
    assert_int_equal(edge_setting_node(find("listener.x 1.max_hops"))->line, 18);
    assert_int_equal(edge_setting_node(find("listener.x 1.timeout"))->line, 13); /* the server's */
    assert_int_equal(edge_setting_node(find("validator.a.x 1.MAIL.mode"))->line, 20);
    assert_int_equal(edge_setting_node(find("log.conf"))->line, 3);
}

static void how_they_are_written(void **state) {
    (void)state;
    assert_string_equal(before("listener.x 1.max_hops"), "MaxHops ");
    assert_string_equal(edge_setting_sections(find("listener.x 1.max_hops"), fixture_pool), "Listener \"x 1\"");
    assert_string_equal(before("validator.a.x 1.MAIL.mode"), "Validate a mode=");
    assert_string_equal(edge_setting_sections(find("validator.a.x 1.MAIL.mode"), fixture_pool),
                        "Listener \"x 1\"\nOn MAIL");
    assert_string_equal(before("log.conf"), "LogLevel conf:");
    assert_string_equal(before("log.default"), "LogLevel ");
    assert_string_equal(edge_setting_sections(find("max_hops"), fixture_pool), "");
}

static void what_may_be_changed(void **state) {
    (void)state;
    assert_true(edge_setting_is_mutable(find("max_hops")));
    assert_int_equal(edge_setting_when(find("max_hops")), EDGE_WHEN_SESSION);
    assert_true(edge_setting_is_mutable(find("validator.a.x 1.MAIL.mode")));
    assert_int_equal(edge_setting_when(find("validator.a.x 1.MAIL.mode")), EDGE_WHEN_COMMAND);
    assert_int_equal(edge_setting_when(find("log.conf")), EDGE_WHEN_NOW);
    assert_int_equal(edge_setting_when(find("graceful_timeout")), EDGE_WHEN_NOW);
    assert_false(edge_setting_is_mutable(find("server_name")));
    assert_false(edge_setting_is_mutable(find("queue.q.spool")));
    assert_false(edge_setting_is_mutable(find("secret")));
    assert_false(edge_setting_is_mutable(find("validator.a.timeout")));
}

static void modes_are_words(void **state) {
    (void)state;
    assert_int_equal(edge_setting_mode(edge_span_of("Shadow")), EDGE_MODE_SHADOW);
    assert_int_equal(edge_setting_mode(edge_span_of("shadows")), -1);
    assert_int_equal(edge_setting_mode(EDGE_NO_SPAN), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_directives),  cmocka_unit_test(every_setting_has_a_key_of_its_own),
        cmocka_unit_test(what_they_hold),       cmocka_unit_test(where_they_are_written),
        cmocka_unit_test(how_they_are_written), cmocka_unit_test(what_may_be_changed),
        cmocka_unit_test(modes_are_words),
    };
    return cmocka_run_group_tests(tests, start, end);
}
