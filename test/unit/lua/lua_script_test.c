/* LuaScript: which files are read, where their errors are, and within which limits. */
#include "lua_conf_fixture.h"

static void of_both_kinds(void **state) {
    (void)state;
    fixture_file("other.lua", "smtp_edge:set_timeout(7)");
    wire_build("assert(smtp_edge == nil and http_edge == nil)",
               "LuaScript edge.lua\nLuaScript edge.lua\n<Listener mx>\nListen 127.0.0.1:25\nQueue main\n"
               "LuaScript other.lua\n</Listener>\n<Listener plain>\nListen 127.0.0.1:26\nQueue main\n</Listener>\n");
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(wire_grown(), "1 mx/Timeout 7000ms");
    assert_int_equal(fixture_report.files, 3);
}

static void errors_have_their_place(void **state) {
    (void)state;
    wire_fails("\n\nerror('so it is')", "EDG10990@3:0", "so it is");
    wire_fails("x = = 2", "EDG10990@1:0", "unexpected symbol near '='");
    wire_fails("local function f()\nreturn g.x\nend\nf()", "EDG10990@2:0", "attempt to index a nil value (global 'g')");
    wire_fails("#!/usr/bin/lua\nerror('second')", "EDG10990@2:0", "second");
    wire_of_listener("error({})", "");
    assert_non_null(strstr(wire_first_text(), "table: 0x"));
    wire_of_listener("\x1bLua", "");
    assert_non_null(strstr(wire_first_text(), "attempt to load a binary chunk"));
}

/* In a file that the script requires, the script's own line is meant by what grows. */
static void required_files(void **state) {
    (void)state;
    fixture_file("part.lua", "\n\n\nsmtp_edge:set_timeout(7)");
    wire_grows("\nrequire 'part'", "2 mx/Timeout 7000ms");
    fixture_file("part.lua", "\n\n\nerror('in the part')");
    wire_of_listener("\nrequire 'part'", "");
    assert_string_equal(fixture_codes(), "EDG10990@0:0");
    assert_non_null(strstr(wire_first_text(), "/part.lua:4: in the part"));
}

static void limits(void **state) {
    (void)state;
    wire_build(
        "for i = 1, 1e7 do end",
        "LuaInstructions 10000\n<Listener mx>\nListen 127.0.0.1:25\nQueue main\nLuaScript edge.lua\n</Listener>\n");
    assert_string_equal(wire_first_text(), "loading it takes more than 1000000 instructions");
    wire_build("local x = ('x'):rep(4 * 1024 * 1024)",
               "LuaMemory 1M\n<Listener mx>\nListen 127.0.0.1:25\nQueue main\nLuaScript edge.lua\n</Listener>\n");
    assert_string_equal(wire_first_text(), "loading it takes more than 1048576 octets of memory");
}

static void files_and_protocols(void **state) {
    (void)state;
    wire_build("", "LuaScript nowhere.lua\n<Listener mx>\nListen 127.0.0.1:25\nQueue main\n</Listener>\n");
    assert_string_equal(fixture_codes(), "EDG10077@7:11");
    wire_of_listener("", "Protocol probe");
    assert_string_equal(fixture_codes(), "EDG10993@10:0");
    wire_of_listener("", "Module lua_module");
    assert_string_equal(fixture_report.first->code, "EDG10020");
}

static void by_hand(void **state) {
    (void)state;
    wire_of_listener("", "</Listener>\n<Validator mine>\nModule lua_module\n</Validator>\n<Listener b>\n"
                         "Listen 127.0.0.1:26\nQueue main");
    assert_string_equal(fixture_codes(), "EDG10994@13:1");
}

/* Setting up is for the start: later there is no configuration to grow. */
static void setters_are_for_the_start(void **state) {
    (void)state;
    wire_grows("local keep = smtp_edge\nratchet.thread.attach(function() keep:set_timeout(1) end)",
               "2 mx/Timeout 1000ms");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_both_kinds),
        cmocka_unit_test(errors_have_their_place),
        cmocka_unit_test(required_files),
        cmocka_unit_test(limits),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(files_and_protocols),
        cmocka_unit_test(setters_are_for_the_start),
    };
    return cmocka_run_group_tests(tests, wire_set_up, wire_tear_down);
}
