/* Asking for listening sockets: once for each address, last, and with the place of what cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/conf_listen.h"

static const char *asked;

static const char *want(void *context, const edge_core_listen_t *listen_on, apr_pool_t *pool) {
    const char *refused = context;
    asked = apr_pstrcat(fixture_pool, asked, " ", listen_on->text.at, NULL);
    return strstr(listen_on->text.at, refused) ? apr_psprintf(pool, "cannot bind %s", listen_on->text.at) : NULL;
}

static edge_snapshot_t *build(const char *text, const char *refused) {
    edge_conf_listening_t listening = {(void *)(uintptr_t)refused, want};
    edge_snapshot_source_t source = fixture_source(text);
    source.listening = &listening;
    asked = "";
    return edge_snapshot_build(&source, 1, &fixture_report, fixture_pool, &fixture_tree_of);
}

#define SECOND                                                                                           \
    "<Listener b>\nListen 127.0.0.1:1 [::1]:2\nProtocol probe\nQueue main\nlisten 127.0.0.1:3 [::1]:4\n" \
    "</Listener>\n"

static void every_address_is_asked_for(void **state) {
    (void)state;
    edge_snapshot_drop(build(PROBE_LOAD SECOND PROBE_REST, "none"));
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(asked, " 127.0.0.1:1 [::1]:2 127.0.0.1:3 [::1]:4 127.0.0.1:2525");
}

static void what_cannot_be_had_has_its_place(void **state) {
    (void)state;
    edge_snapshot_drop(build(PROBE_LOAD SECOND PROBE_REST, "[::1]"));
    assert_string_equal(fixture_codes(), "EDG10080@3:20 EDG10080@6:20");
    assert_string_equal(fixture_report.first->text, "cannot bind [::1]:2");
    assert_int_equal(fixture_report.errors, 2);
}

static void a_bad_configuration_asks_for_none(void **state) {
    (void)state;
    edge_snapshot_drop(build(PROBE_LOAD "Number x\n" PROBE_REST, "none"));
    assert_string_equal(asked, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_is_asked_for),
        cmocka_unit_test(what_cannot_be_had_has_its_place),
        cmocka_unit_test(a_bad_configuration_asks_for_none),
    };
    return cmocka_run_group_tests_name("core/conf_listen", tests, fixture_set_up, fixture_tear_down);
}
