/* Tests of server/core/log_levels.c: LogLevel as written, which level an area has by it, and what is in force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"
#include "core/log_levels.h"
#include "edge_log.h"

static edge_snapshot_t *with(const char *written) {
    return fixture_build(apr_pstrcat(fixture_pool,
                                     PROBE_LOAD
                                     "<Queue q>\nSpool s\n</Queue>\n"
                                     "<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n</Listener>\n"
                                     "LogLevel ",
                                     written, "\n", NULL));
}

static void expect(const char *written, const char *area, edge_log_level_t level) {
    edge_snapshot_t *snapshot = with(written);
    const edge_core_server_conf_t *conf = edge_core_server_conf(snapshot);
    assert_int_equal(edge_core_log_level(conf, area), level);
    assert_string_equal(edge_log_levels_show(conf, fixture_pool).at, written);
    edge_snapshot_drop(snapshot);
}

static void an_area_has_its_own_or_that_of_all(void **state) {
    (void)state;
    expect("warn", NULL, EDGE_LOG_WARN);
    expect("warn", "conf", EDGE_LOG_WARN);
    expect("warn conf:debug", "conf", EDGE_LOG_DEBUG);
    expect("warn conf:debug", NULL, EDGE_LOG_WARN);
    expect("conf:debug warn", "conf", EDGE_LOG_DEBUG);
    expect("conf:debug", NULL, EDGE_LOG_NOTICE);
}

static void refuses_what_is_none(void **state) {
    (void)state;
    edge_snapshot_drop(with("loud"));
    assert_string_equal(fixture_codes(), "EDG10303@10:10");
    edge_snapshot_drop(with(""));
    assert_string_equal(fixture_codes(), "EDG10304@10:1");
    edge_snapshot_drop(with("notice nowhere:debug"));
    assert_string_equal(fixture_codes(), "EDG20011@10:17");
}

static void is_put_in_force(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = with("error conf:trace");
    const edge_log_area_t *area;
    edge_log_levels_apply(snapshot);
    for (unsigned i = 0; (area = edge_log_area_at(i)) != NULL; i++) {
        bool own = strcmp(area->name, "conf") == 0;
        assert_int_equal(area->level, own ? EDGE_LOG_TRACE : EDGE_LOG_ERROR);
    }
    edge_snapshot_drop(snapshot);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_area_has_its_own_or_that_of_all),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(is_put_in_force),
    };
    return cmocka_run_group_tests_name("core/log_levels", tests, fixture_set_up, fixture_tear_down);
}
