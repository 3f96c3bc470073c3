/* Lists of checks made of <On> sections, in the order written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/policy.h"

#define VALIDATORS                                                                 \
    "<Validator a>\nModule probe_module\nOnError pass\nTimeout 5s\n</Validator>\n" \
    "<Validator b>\nModule probe_module\n</Validator>\n"

static edge_snapshot_t *with(const char *inside) {
    return fixture_build(
        apr_pstrcat(fixture_pool,
                    PROBE_LOAD VALIDATORS
                    "<Queue q>\nSpool s\n</Queue>\n<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n",
                    inside, "</Listener>\n", NULL));
}

static const edge_policy_t *policy_of(const edge_snapshot_t *snapshot) {
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x"));
    return ((const edge_listener_t *)section->instance)->policy;
}

static void bound_in_order_with_their_modes(void **state) {
    (void)state;
    edge_snapshot_t *snapshot =
        with("<On RCPT>\nValidate b mode=shadow\nValidate a\n</On>\n<On mail>\nValidate a mode=OFF\n</On>\n"
             "<On RCPT>\nValidate b\n</On>\n");
    /* One section a name: the second <On RCPT> is refused like any other repeated section. */
    assert_string_equal(fixture_codes(), "EDG10027@24:1");
    edge_snapshot_drop(snapshot);
    snapshot = with("<On RCPT>\nValidate b mode=shadow\nValidate a\n</On>\n<On mail>\nValidate a mode=OFF\n</On>\n");
    assert_string_equal(fixture_codes(), "");
    const edge_policy_list_t *list = &policy_of(snapshot)->phases[EDGE_PHASE_RCPT];
    assert_int_equal(list->count, 2);
    assert_string_equal(list->bindings[0].validator, "b");
    assert_int_equal(list->bindings[0].mode, EDGE_MODE_SHADOW);
    assert_false(list->bindings[0].error_passes);
    assert_int_equal(list->bindings[0].row->kind, EDGE_CHECK_BLOCKING);
    assert_int_equal(list->bindings[0].line, 18);
    assert_string_equal(list->bindings[1].validator, "a");
    assert_int_equal(list->bindings[1].mode, EDGE_MODE_ENFORCE);
    assert_true(list->bindings[1].error_passes);
    assert_int_equal(list->bindings[1].timeout, 5000000);
    assert_int_equal(policy_of(snapshot)->phases[EDGE_PHASE_MAIL].bindings[0].mode, EDGE_MODE_OFF);
    assert_int_equal(policy_of(snapshot)->phases[EDGE_PHASE_EHLO].count, 0);
    edge_snapshot_drop(snapshot);
}

static void refuses(const char *inside, const char *codes) {
    edge_snapshot_drop(with(inside));
    assert_string_equal(fixture_codes(), codes);
}

static void what_cannot_be_bound(void **state) {
    (void)state;
    refuses("<On RCPT>\nValidate c\n</On>\n", "EDG10060@18:10");
    refuses("<On DATA>\nValidate a\n</On>\n", "EDG10063@18:10");
    refuses("<On FNORD>\nValidate a\n</On>\n", "EDG10064@17:5");
    refuses("</Listener>\n<Validator d>\n</Validator>\n<Listener y>\nListen 127.0.0.1:2\nQueue q\nProtocol probe\n",
            "EDG10061@18:1");
    refuses("</Listener>\n<Validator d>\nModule gone_module\n</Validator>\n<Listener y>\nListen 127.0.0.1:2\nQueue "
            "q\nProtocol probe\n",
            "EDG10062@19:1");
}

static void phases_have_names(void **state) {
    (void)state;
    for (int i = 0; i < EDGE_PHASE_COUNT; i++) {
        assert_int_equal(edge_phase_parse(edge_span_of(edge_phase_name((edge_phase_t)i))), i);
        assert_non_null(edge_phase_prose((edge_phase_t)i));
    }
    assert_int_equal(edge_phase_parse(edge_span_of("have_data")), EDGE_PHASE_HAVE_DATA);
    assert_int_equal(edge_phase_parse(edge_span_of("CONNECT")), -1);
    assert_int_equal(edge_phase_parse(edge_span_of("")), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_in_order_with_their_modes),
        cmocka_unit_test(what_cannot_be_bound),
        cmocka_unit_test(phases_have_names),
    };
    return cmocka_run_group_tests_name("core/policy_prepare", tests, fixture_set_up, fixture_tear_down);
}
