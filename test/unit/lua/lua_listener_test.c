/* The edge objects: what each setter comes to, and what it refuses. */
#include "lua_conf_fixture.h"

static void settings(void **state) {
    (void)state;
    wire_grows("smtp_edge:set_banner_message('220', 'hello there')", "1 mx/Banner 220 hello there");
    wire_grows("smtp_edge:set_banner_message(554, '')", "1 mx/Banner 554 ");
    wire_grows("\n\nsmtp_edge:set_max_message_size(78643200)", "3 mx/MaxMessageSize 78643200");
    wire_grows("smtp_edge:set_max_message_size(nil)", "1 mx/MaxMessageSize none");
    wire_grows("smtp_edge:set_timeout(30.0)", "1 mx/Timeout 30000ms");
    wire_grows("smtp_edge:set_timeout(0.25)", "1 mx/Timeout 250ms");
    wire_grows("smtp_edge:set_timeout()", "1 mx/Timeout none");
}

static void the_last_one_counts(void **state) {
    (void)state;
    wire_grows("smtp_edge:set_timeout(1)\nsmtp_edge:set_timeout(2)", "2 mx/Timeout 2000ms");
    wire_grows("local function f() end\nsmtp_edge:set_validator('MAIL', f)\nsmtp_edge:set_validator('mail', f)",
               "3 mx/On MAIL; 3 MAIL/Validate lua:mx:MAIL; 3 Validator lua:mx:MAIL; "
               "3 lua:mx:MAIL/Module lua_module");
    wire_grows("smtp_edge:set_validator('MAIL', print)\nsmtp_edge:set_validator('MAIL', nil)", "");
}

static void what_is_refused(void **state) {
    (void)state;
    wire_fails(
        "smtp_edge.set_timeout(1)", "EDG10990@1:0",
        "bad argument #1 to 'set_timeout' (an edge object: call it with a colon, edge:method(...), expected, got "
        "number)");
    wire_fails("\nsmtp_edge:set_banner_message('none', 'x')", "EDG10990@2:0",
               "bad argument #1 to 'set_banner_message' (number expected, got string)");
    wire_fails("smtp_edge:set_max_message_size(0)", "EDG10990@1:0",
               "bad argument #1 to 'set_max_message_size' (a size is a number of octets above 0; nil is none)");
    wire_fails("smtp_edge:set_max_message_size(1.5)", "EDG10990@1:0",
               "bad argument #1 to 'set_max_message_size' (number has no integer representation)");
    wire_fails("smtp_edge:set_timeout(0)", "EDG10990@1:0",
               "bad argument #1 to 'set_timeout' (a time is a number of seconds above 0; nil is none)");
    wire_fails("smtp_edge:set_timeout(1/0)", "EDG10990@1:0",
               "bad argument #1 to 'set_timeout' (a time is a number of seconds above 0; nil is none)");
    wire_fails("smtp_edge:set_validator('MAIL', 5)", "EDG10990@1:0",
               "bad argument #2 to 'set_validator' (function expected, got number)");
    wire_fails("smtp_edge:set_validator('MAIL')", "EDG10990@1:0",
               "bad argument #2 to 'set_validator' (value expected)");
    wire_fails("smtp_edge:enable_tls(true)", "EDG10990@1:0",
               "bad argument #1 to 'enable_tls' (ratchet.ssl expected, got boolean)");
    wire_fails("smtp_edge:enable_authentication({})", "EDG10990@1:0",
               "bad argument #1 to 'enable_authentication' (slimta.edge.smtp.auth expected, got table)");
}

/* By the row of the directive, with the script's line. */
static void values_are_checked_by_their_rows(void **state) {
    (void)state;
    wire_of_listener("\nsmtp_edge:set_timeout(1e8)", "");
    assert_string_equal(fixture_codes(), "EDG20601@2:0");
}

static void a_command_that_is_none(void **state) {
    (void)state;
    wire_fails("\nsmtp_edge:set_validator('RCTP', print)", "EDG20991@2:0",
               "\"RCTP\" is no command that can be validated: this function never runs; did you mean \"RCPT\"?");
    wire_fails("smtp_edge:set_validator('ETRN', print)", "EDG20991@1:0",
               "\"ETRN\" is no command that can be validated: this function never runs");
}

static void fields(void **state) {
    (void)state;
    wire_grows("smtp_edge.mine = 5\nassert(smtp_edge.mine == 5 and smtp_edge.yours == nil)\n"
               "smtp_edge.set_timeout = 7\nassert(type(smtp_edge.set_timeout) == 'function')\n"
               "assert(getmetatable(smtp_edge) == 'an edge object')",
               "");
    wire_grows("smtp_edge:set_timeout(3)\nassert(smtp_edge.timeout == 3)", "1 mx/Timeout 3000ms");
}

static void http(void **state) {
    (void)state;
    wire_of_listener("assert(smtp_edge == nil)\nhttp_edge:set_max_message_size(10240)", "Protocol http");
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(wire_grown(), "2 mx/MaxMessageSize 10240");
    wire_of_listener("http_edge:set_banner_message(220, 'x')", "Protocol http");
    assert_string_equal(wire_first_text(), "an HTTP edge has no banner");
    wire_of_listener("local c = ratchet.ssl.new()\nc:load_certs('a')\nhttp_edge:enable_tls(c)", "Protocol http");
    assert_string_equal(wire_grown(), "3 mx/TLS immediate context=lua:mx:edge.lua:1; 1 TLSContext lua:mx:edge.lua:1; "
                                      "2 lua:mx:edge.lua:1/Certificate a; 2 lua:mx:edge.lua:1/CertificateKey a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings),
        cmocka_unit_test(the_last_one_counts),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(values_are_checked_by_their_rows),
        cmocka_unit_test(a_command_that_is_none),
        cmocka_unit_test(fields),
        cmocka_unit_test(http),
    };
    return cmocka_run_group_tests(tests, wire_set_up, wire_tear_down);
}
