/* slimta.edge.smtp.auth: mechanisms, and what they become. */
#include "lua_conf_fixture.h"

static void mechanisms(void **state) {
    (void)state;
    wire_grows("local auth = slimta.edge.smtp.auth.new()\nauth:add_mechanism('plain', print)\n"
               "smtp_edge:enable_authentication(auth)\nauth:add_mechanism('CRAM-MD5', print, 'host')\n"
               "auth:add_mechanism('PLAIN', error)\nauth:add_mechanism('x-own', {challenge = print})",
               "3 mx/Auth on backend=lua:mx:edge.lua:1 mechanisms=PLAIN,CRAM-MD5,X-OWN; "
               "1 AuthBackend lua:mx:edge.lua:1; 1 lua:mx:edge.lua:1/Type lua");
    const edge_section_t *section =
        edge_snapshot_find(wire_snapshot, EDGE_SCOPE_AUTHBACKEND, edge_span_of("lua:mx:edge.lua:1"));
    const elua_auth_t *auth = elua_grown_auth(section->node);
    assert_int_equal(auth->count, 3);
    assert_false(auth->mechanisms[0].secure || auth->custom[0]);
    assert_true(auth->mechanisms[1].secure && !auth->custom[1]);
    assert_true(auth->custom[2] && !auth->mechanisms[2].secure);
    assert_int_equal(elua_credentials.can((void *)(uintptr_t)auth),
                     EDGE_CREDENTIALS_CAN(VERIFY) | EDGE_CREDENTIALS_CAN(SECRET));
    assert_string_equal(elua_credentials.mechanism_at((void *)(uintptr_t)auth, 0)->name, "X-OWN");
    assert_null(elua_credentials.mechanism_at((void *)(uintptr_t)auth, 1));
    assert_string_equal(elua_credentials.challenge_host((void *)(uintptr_t)auth), "host");
}

/* A script says how, not that nobody must. */
static void required_stays(void **state) {
    const char *script = "local auth = slimta.edge.smtp.auth.new()\nauth:add_mechanism('PLAIN', print)\n"
                         "smtp_edge:enable_authentication(auth)";
    (void)state;
    wire_of_listener(script, "Auth required backend=x");
    assert_string_equal(fixture_codes(), "EDG20990@11:0");
    assert_non_null(strstr(wire_grown(), "3 mx/Auth required backend=lua:mx:edge.lua:1 mechanisms=PLAIN"));
    wire_build(script,
               "Auth required\n<Listener mx>\nListen 127.0.0.1:25\nQueue main\nLuaScript edge.lua\n</Listener>\n");
    assert_non_null(strstr(wire_grown(), "3 mx/Auth required backend=lua:mx:edge.lua:1 mechanisms=PLAIN"));
}

static void what_is_refused(void **state) {
    (void)state;
#define NEW "local auth = slimta.edge.smtp.auth.new()\n"
    wire_fails(NEW "smtp_edge:enable_authentication(auth)", "EDG10991@1:0",
               "enable_authentication needs an object with a mechanism: call its add_mechanism");
    wire_fails(NEW "auth:add_mechanism('PLAIN', {})", "EDG10990@2:0",
               "bad argument #2 to 'add_mechanism' (function expected, got table)");
    wire_fails(NEW "auth:add_mechanism('PLAIN')", "EDG10990@2:0",
               "bad argument #2 to 'add_mechanism' (value expected)");
    wire_fails(
        NEW "auth:add_mechanism('CRAM-MD5', print, 'a b')", "EDG10990@2:0",
        "bad argument #3 to 'add_mechanism' (the name of a host has 1 to 255 letters, digits, dots and hyphens)");
    wire_fails(NEW "auth:add_mechanism('X-OWN', print)", "EDG10990@2:0",
               "bad argument #2 to 'add_mechanism' (mechanism object expected, got function)");
    wire_fails(NEW "auth:add_mechanism('X-OWN', {})", "EDG10990@2:0",
               "mechanism X-OWN: the object has no function challenge");
    wire_fails(NEW "auth:add_mechanism('X OWN', {})", "EDG10990@2:0",
               "bad argument #1 to 'add_mechanism' (the name of a mechanism is made of letters, digits, - and _)");
    wire_fails(NEW "auth:add_mechanism('A23456789012345678901', {})", "EDG10990@2:0",
               "bad argument #1 to 'add_mechanism' (the name of a mechanism has 1 to 20 letters)");
    wire_fails(NEW "for i = 1, 17 do auth:add_mechanism('X' .. i, {challenge = print}) end", "EDG10990@2:0",
               "more than 16 mechanisms");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mechanisms),
        cmocka_unit_test(required_stays),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, wire_set_up, wire_tear_down);
}
