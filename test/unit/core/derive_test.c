/* A snapshot with overrides: what is filled anew, what is shared, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"
#include "core/derive.h"
#include "core/setting.h"

static apr_pool_t *pool;
static edge_snapshot_t *base, *derived;
static edge_conf_report_t report;
static apr_array_header_t *list;

static int start(void **state) {
    (void)state;
    apr_pool_create(&pool, NULL);
    base = fixture_build(PROBE_LOAD "MaxHops 50\nNumber 9\n<Validator a>\nModule probe_module\n</Validator>\n"
                                    "<Queue q>\nSpool s\n</Queue>\n"
                                    "<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\nMaxHops 60\nWords red\n"
                                    "<On MAIL>\nValidate a mode=shadow\n</On>\n</Listener>\n"
                                    "<Listener y.z>\nListen 127.0.0.1:2\nQueue q\nProtocol probe\n</Listener>\n");
    assert_int_equal(fixture_report.errors, 0);
    list = edge_override_none(pool);
    derived = NULL;
    return 0;
}

static int end(void **state) {
    (void)state;
    if (derived)
        edge_snapshot_drop(derived);
    edge_snapshot_drop(base);
    apr_pool_destroy(pool);
    return 0;
}

static void override(const char *key, const char *value) {
    edge_override_t one = {.key = key, .value = value, .by = "a test", .sections = "", .before = ""};
    list = edge_override_with(list, &one, pool);
}

static bool derive(void) {
    if (derived)
        edge_snapshot_drop(derived);
    derived = edge_derive(base, list, &report, pool);
    return report.errors == 0;
}

static const edge_section_t *listener(const edge_snapshot_t *snapshot, const char *name) {
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of(name));
    assert_non_null(section);
    return section;
}

static uint32_t hops(const edge_section_t *section) { return edge_core_listener_conf(section)->limits.max_hops; }

static void assert_code(const char *code) {
    assert_non_null(report.first);
    assert_string_equal(report.first->code, code);
}

static void the_servers_value_reaches_listeners_without_their_own(void **state) {
    (void)state;
    override("max_hops", "7");
    assert_true(derive());
    assert_int_equal(edge_core_server_conf(derived)->limits.max_hops, 7);
    assert_int_equal(hops(listener(derived, "x")), 60);
    assert_int_equal(hops(listener(derived, "y.z")), 7);
    assert_int_equal(hops(listener(base, "y.z")), 50);
}

static void a_listeners_value_is_its_own(void **state) {
    (void)state;
    override("listener.y.z.max_hops", "8");
    override("listener.x.number", "11");
    assert_true(derive());
    assert_int_equal(hops(listener(derived, "y.z")), 8);
    assert_int_equal(hops(listener(derived, "x")), 60);
    assert_int_equal(fixture_probe(listener(derived, "x"))->number, 11);
    assert_int_equal(fixture_probe(listener(derived, "y.z"))->number, 9);
    /* It counts as written there. */
    assert_true(edge_section_wrote(listener(derived, "y.z"), "MaxHops", NULL, NULL));
    assert_false(edge_section_wrote(listener(base, "y.z"), "MaxHops", NULL, NULL));
}

static void a_bound_of_connections_is_the_listeners(void **state) {
    (void)state;
    assert_false(edge_core_listener_conf(listener(base, "x"))->own_max_connections);
    override("listener.x.max_connections", "3");
    assert_true(derive());
    assert_true(edge_core_listener_conf(listener(derived, "x"))->own_max_connections);
    assert_int_equal(edge_core_listener_conf(listener(derived, "x"))->max_connections, 3);
    assert_false(edge_core_listener_conf(listener(derived, "y.z"))->own_max_connections);
}

static void words_are_edited_as_in_a_file(void **state) {
    (void)state;
    override("words", "green blue");
    override("listener.x.words", "+red -blue");
    assert_true(derive());
    assert_int_equal(fixture_probe(listener(derived, "x"))->words, 1 | 2);
    assert_int_equal(fixture_probe(listener(derived, "y.z"))->words, 2 | 4);
}

static void what_is_not_concerned_is_shared(void **state) {
    (void)state;
    unsigned checked = probe_checked, prepared = probe_prepared;
    override("listener.x.max_hops", "8");
    assert_true(derive());
    const edge_listener_t *was = listener(base, "x")->instance, *is = listener(derived, "x")->instance;
    assert_ptr_not_equal(was, is);
    assert_ptr_equal(was->policy, is->policy);
    assert_ptr_equal(was->queue, is->queue);
    assert_ptr_equal(is->section, listener(derived, "x"));
    assert_ptr_equal(listener(derived, "x")->loaded, listener(base, "x"));
    assert_ptr_equal(listener(derived, "x")->snapshot, derived);
    assert_ptr_equal(fixture_probe(listener(derived, "x")), fixture_probe(listener(base, "x")));
    assert_ptr_equal(edge_core_listener_conf(listener(derived, "y.z")), edge_core_listener_conf(listener(base, "y.z")));
    assert_ptr_equal(edge_snapshot_find(derived, EDGE_SCOPE_QUEUE, edge_span_of("q"))->instance, was->queue);
    assert_int_equal(edge_snapshot_generation(derived), edge_snapshot_generation(base));
    assert_ptr_equal(edge_snapshot_base(derived), base);
    assert_int_equal(probe_checked, checked);
    assert_int_equal(probe_prepared, prepared + 1);
}

/* It stands on the base: whoever holds it needs no count of that. */
static void it_holds_what_it_stands_on(void **state) {
    (void)state;
    override("listener.x.max_hops", "8");
    assert_true(derive());
    edge_snapshot_drop(base);
    assert_int_equal(hops(listener(derived, "x")), 8);
    assert_int_equal(fixture_probe(listener(derived, "x"))->number, 9);
    base = edge_snapshot_base(derived);
    edge_snapshot_hold(base);
}

static void values_are_checked_as_in_a_file(void **state) {
    (void)state;
    override("listener.x.number", "101");
    assert_false(derive());
    assert_code("EDG10032");
    assert_string_equal(edge_derive_key(report.first), "listener.x.number");
    override("listener.x.number", "1 2");
    assert_false(derive());
    assert_code("EDG10037");
    override("listener.x.number", "\"5");
    assert_false(derive());
    override("listener.x.number", "5\nMaxHops 1");
    assert_false(derive());
    assert_code("EDG10342");
    override("listener.x.number", "");
    assert_false(derive());
    override("listener.x.number", "5");
    override("words", "purple");
    assert_false(derive());
    assert_code("EDG10036");
    assert_string_equal(edge_derive_key(report.first), "words");
}

static void what_cannot_be_changed_is_refused(void **state) {
    static const struct {
        const char *key, *code;
    } rows[] = {{"nothing", "EDG10340"},     {"listener.w.max_hops", "EDG10340"}, {"listener.x.listen", "EDG10340"},
                {"server_name", "EDG10341"}, {"listener.x.protocol", "EDG10341"}, {"queue.q.spool", "EDG10341"},
                {"flag", "EDG10341"}};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        list = edge_override_none(pool);
        override(rows[i].key, "1");
        assert_false(derive());
        assert_code(rows[i].code);
    }
}

static void modes_and_levels_are_checked(void **state) {
    (void)state;
    override("validator.a.x.MAIL.mode", "off");
    override("log.conf", "debug");
    override("log.default", "warn");
    assert_true(derive());
    override("validator.a.x.MAIL.mode", "maybe");
    assert_false(derive());
    assert_code("EDG10343");
    list = edge_override_none(pool);
    override("log.conf", "loud");
    assert_false(derive());
    assert_code("EDG10344");
}

static void warnings_name_the_override(void **state) {
    (void)state;
    override("timeout", "command=1h session=1m");
    assert_true(derive());
    assert_int_equal(report.warnings, 1);
    assert_string_equal(edge_derive_key(report.first), "timeout");
    override("listener.x.max_connections", "5000"); /* above the server's */
    assert_true(derive());
    assert_int_equal(report.warnings, 2);
}

#define DERIVE_TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        DERIVE_TEST(the_servers_value_reaches_listeners_without_their_own),
        DERIVE_TEST(a_listeners_value_is_its_own),
        DERIVE_TEST(a_bound_of_connections_is_the_listeners),
        DERIVE_TEST(words_are_edited_as_in_a_file),
        DERIVE_TEST(what_is_not_concerned_is_shared),
        DERIVE_TEST(it_holds_what_it_stands_on),
        DERIVE_TEST(values_are_checked_as_in_a_file),
        DERIVE_TEST(what_cannot_be_changed_is_refused),
        DERIVE_TEST(modes_and_levels_are_checked),
        DERIVE_TEST(warnings_name_the_override),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
