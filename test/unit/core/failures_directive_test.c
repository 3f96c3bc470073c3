/* AuthFailures: what may be written, what a listener keeps of the server's line, how it is shown again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"

#define MINUTE EDGE_SECONDS(60)

static edge_snapshot_t *with(const char *server, const char *listener) {
    return fixture_build(
        apr_pstrcat(fixture_pool, PROBE_LOAD, server,
                    "<Queue q>\nSpool s\n</Queue>\n<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n",
                    listener, "</Listener>\n", NULL));
}

static const edge_failures_rule_t *of_listener(const edge_snapshot_t *snapshot) {
    assert_string_equal(fixture_codes(), "");
    return &edge_core_listener_conf(edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x")))
                ->auth_failures;
}

static void it_is_on_when_nothing_is_written(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = with("", "");
    const edge_failures_rule_t *rule = of_listener(snapshot);
    assert_int_equal(rule->count, 10);
    assert_int_equal(rule->period, 10 * MINUTE);
    assert_int_equal(rule->ban, 15 * MINUTE);
    assert_true(rule->identity_count > 0);
    assert_int_equal(rule->delay, EDGE_SECONDS(8));
    assert_int_equal(rule->except_count, 0);
    edge_snapshot_drop(snapshot);
}

static void a_line_changes_what_it_names(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = with("AuthFailures 5/10m ban=1h identity=off except=192.0.2.0/24,2001:db8::/32\n",
                                     "AuthFailures 3/30s delay=500ms\n");
    const edge_failures_rule_t *server = &edge_core_server_conf(snapshot)->auth_failures, *rule = of_listener(snapshot);
    assert_int_equal(server->count, 5);
    assert_int_equal(server->delay, EDGE_SECONDS(8));
    assert_int_equal(rule->count, 3);
    assert_int_equal(rule->period, EDGE_SECONDS(30));
    assert_int_equal(rule->ban, 60 * MINUTE);
    assert_int_equal(rule->identity_count, 0);
    assert_int_equal(rule->delay, EDGE_MS(500));
    assert_int_equal(rule->except_count, 2);
    assert_int_equal(rule->except[0].bits, 120);
    assert_int_equal(rule->except[1].bits, 32);
    edge_snapshot_drop(snapshot);
}

static void off_and_on_again(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = with("AuthFailures off\n", "");
    assert_int_equal(of_listener(snapshot)->count, 0);
    edge_snapshot_drop(snapshot);
    snapshot = with("AuthFailures off\n", "AuthFailures 5/10m ban=15m\n");
    assert_int_equal(of_listener(snapshot)->count, 5);
    assert_int_equal(of_listener(snapshot)->ban, 15 * MINUTE);
    edge_snapshot_drop(snapshot);
}

static void it_is_shown_as_it_may_be_written(void **state) {
    (void)state;
    static const char *const lines[] = {
        "off",
        "5/10m ban=15m identity=50/1h delay=8s",
        "1/1s ban=2d identity=off delay=0s",
        "7/90s ban=250ms identity=3/1h delay=1500ms except=192.0.2.7,2001:db8::/32",
    };
    for (unsigned i = 0; i < EDGE_COUNT(lines); i++) {
        edge_snapshot_t *snapshot = with(apr_pstrcat(fixture_pool, "AuthFailures ", lines[i], "\n", NULL), "");
        edge_span_t shown = edge_failures_show(of_listener(snapshot), fixture_pool);
        edge_snapshot_t *again = with(apr_psprintf(fixture_pool, "AuthFailures %s\n", shown.at), "");
        assert_string_equal(edge_failures_show(of_listener(again), fixture_pool).at, shown.at);
        const edge_failures_rule_t *a = &edge_core_server_conf(snapshot)->auth_failures,
                                   *b = &edge_core_server_conf(again)->auth_failures;
        assert_int_equal(a->count, b->count);
        if (a->count > 0)
            assert_memory_equal(a, b, sizeof(*a));
        edge_snapshot_drop(snapshot);
        edge_snapshot_drop(again);
    }
}

static void refuses(const char *line, const char *codes) {
    edge_snapshot_drop(with(apr_pstrcat(fixture_pool, "AuthFailures", line, "\n", NULL), ""));
    assert_string_equal(fixture_codes(), codes);
}

static void nonsense_is_pointed_at(void **state) {
    (void)state;
    static const char *const heads[] = {"x", "5", "5/", "/10m", "0/10m", "5/10", "5/0s", "-1/10m", "5/10m/2", "\"\""};
    for (unsigned i = 0; i < EDGE_COUNT(heads); i++)
        refuses(apr_psprintf(fixture_pool, " %s", heads[i]), "EDG10900@2:14");
    static const char *const tails[] = {"15m",
                                        "ban",
                                        "ban=",
                                        "ban=x",
                                        "ban=15",
                                        "identity=",
                                        "identity=0/1h",
                                        "delay=fast",
                                        "except=",
                                        "except=a",
                                        "except=192.0.2.0/33",
                                        "except=,",
                                        "Bann=1h",
                                        "off",
                                        "except=192.0.2.1,,192.0.2.2"};
    for (unsigned i = 0; i < EDGE_COUNT(tails); i++)
        refuses(apr_psprintf(fixture_pool, " 5/10m %s", tails[i]), "EDG10901@2:20");
}

/* Years and hours are typing errors; a ban of no time is none. */
static void bounds(void **state) {
    (void)state;
    refuses(" 5/10m ban=0s", "");
    refuses(" 5/10m ban=400d", "EDG10901@2:20");
    refuses(" 5/10m delay=1h", "EDG10901@2:20");
    refuses(" 5/400d", "EDG10900@2:14");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_on_when_nothing_is_written),
        cmocka_unit_test(a_line_changes_what_it_names),
        cmocka_unit_test(off_and_on_again),
        cmocka_unit_test(it_is_shown_as_it_may_be_written),
        cmocka_unit_test(nonsense_is_pointed_at),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
