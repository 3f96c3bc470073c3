/* From what a script asked for to sections: what is replaced, where validators are bound, what is remembered of them. */
#include "lua_conf_fixture.h"

static void what_the_section_said_is_replaced(void **state) {
    (void)state;
    wire_of_listener("smtp_edge:set_timeout(5)\nsmtp_edge:set_max_message_size(4096)", "Timeout 7s\nMaxMessageSize 1M");
    assert_string_equal(fixture_codes(), "EDG20990@11:0 EDG20990@12:0");
    assert_string_equal(wire_first_text(),
                        apr_psprintf(fixture_pool,
                                     "Timeout is set by the script, %s/edge.lua:1: this line does nothing",
                                     fixture_root));
    assert_string_equal(wire_grown(), "1 mx/Timeout 5000ms; 2 mx/MaxMessageSize 4096");
    const edge_section_t *mx = edge_snapshot_find(wire_snapshot, EDGE_SCOPE_LISTENER, edge_span_of("mx"));
    assert_int_equal(edge_conf_grow_origin(edge_section_written(mx, "MaxMessageSize")).line, 2);
}

/* The server's own line stays for the other listeners. */
static void the_server_is_not_touched(void **state) {
    (void)state;
    wire_build("smtp_edge:set_timeout(5)", "Timeout 7s\n<Listener mx>\nListen 127.0.0.1:25\nQueue main\nLuaScript "
                                           "edge.lua\n</Listener>\n");
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(wire_grown(), "1 mx/Timeout 5000ms");
}

static const elua_handler_t *handler_of(const char *validator) {
    const edge_section_t *section = edge_snapshot_find(wire_snapshot, EDGE_SCOPE_VALIDATOR, edge_span_of(validator));
    assert_non_null(section);
    assert_memory_equal(edge_section_conf(section, &lua_module), elua_grown_handler(section->node),
                        sizeof(elua_handler_t));
    return elua_grown_handler(section->node);
}

static void validators(void **state) {
    (void)state;
    wire_grows("smtp_edge:set_validator('RCPT', print)\nsmtp_edge:set_validator('EHLO', print)",
               "2 mx/On EHLO; 2 EHLO/Validate lua:mx:EHLO; 1 mx/On RCPT; 1 RCPT/Validate lua:mx:RCPT; "
               "2 Validator lua:mx:EHLO; 2 lua:mx:EHLO/Module lua_module; "
               "1 Validator lua:mx:RCPT; 1 lua:mx:RCPT/Module lua_module");
    const elua_handler_t *rcpt = handler_of("lua:mx:RCPT");
    assert_int_equal(rcpt->object, 0);
    assert_string_equal(rcpt->script->path, apr_pstrcat(fixture_pool, fixture_root, "/edge.lua", NULL));
    assert_ptr_equal(handler_of("lua:mx:EHLO")->script, rcpt->script);
}

/* Behind what is written, unless the configuration says where. */
static void the_place_in_the_list(void **state) {
    const char *script = "smtp_edge:set_validator('MAIL', print)";
    (void)state;
    wire_of_listener(script, "<On mail>\nValidate other\n</On>\n</Listener>\n<Validator other>\nModule probe_module\n"
                             "</Validator>\n<Listener b>\nListen 127.0.0.1:26\nQueue main");
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(wire_grown(), "1 mail/Validate lua:mx:MAIL; 1 Validator lua:mx:MAIL; "
                                      "1 lua:mx:MAIL/Module lua_module");
    wire_of_listener(script, "<On MAIL>\nValidate lua:mx:MAIL mode=shadow\n</On>");
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(wire_grown(), "1 Validator lua:mx:MAIL; 1 lua:mx:MAIL/Module lua_module");
}

/* Each object of a script has its number. */
static void numbers(void **state) {
    (void)state;
    wire_of_server("local _, client = slimta.bus.new_local()\nfor port = 25, 27 do\nlocal s = ratchet.socket.new()\n"
                   "s:bind('127.0.0.1:' .. port)\ns:listen()\n"
                   "slimta.edge.smtp.new(s, client):set_validator('MAIL', print)\nend");
    assert_string_equal(fixture_codes(), "");
    assert_int_equal(handler_of("lua:smtp-25:MAIL")->object, 0);
    assert_int_equal(handler_of("lua:smtp-27:MAIL")->object, 2);
}

/* With the snapshot goes what is remembered of it. */
static void it_is_forgotten(void **state) {
    (void)state;
    wire_grows("smtp_edge:set_validator('MAIL', print)",
               "1 mx/On MAIL; 1 MAIL/Validate lua:mx:MAIL; 1 Validator lua:mx:MAIL; 1 lua:mx:MAIL/Module lua_module");
    const edge_section_t *section =
        edge_snapshot_find(wire_snapshot, EDGE_SCOPE_VALIDATOR, edge_span_of("lua:mx:MAIL"));
    const edge_conf_node_t *node = section->node;
    assert_non_null(elua_grown_handler(node));
    wire_drop();
    assert_null(elua_grown_handler(node));
    assert_null(elua_grown_auth(node));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_section_said_is_replaced),
        cmocka_unit_test(the_server_is_not_touched),
        cmocka_unit_test(validators),
        cmocka_unit_test(the_place_in_the_list),
        cmocka_unit_test(numbers),
        cmocka_unit_test(it_is_forgotten),
    };
    return cmocka_run_group_tests(tests, wire_set_up, wire_tear_down);
}
