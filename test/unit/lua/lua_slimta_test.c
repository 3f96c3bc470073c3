/* slimta: edges on a script's own sockets, the bus, and what `require` gives. */
#include "lua_conf_fixture.h"

#define SOCKET                                                                         \
    "local function on(host, port)\nlocal s = ratchet.socket.new()\n"                  \
    "s:bind(ratchet.socket.prepare_tcp(host, port).addr)\ns:listen()\nreturn s\nend\n" \
    "local _, client = slimta.bus.new_local()\n"

static void edges(void **state) {
    (void)state;
    wire_of_server(SOCKET
                   "slimta.edge.smtp.new(on('127.0.0.1', 25), client)\n"
                   "slimta.edge.smtp.new(on('::1', 25), client)\nslimta.edge.http.new(on('127.0.0.1', 80), client)\n");
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(
        wire_grown(),
        "8 Listener smtp-25; 8 smtp-25/Listen 127.0.0.1:25; 8 smtp-25/Protocol smtp; 8 smtp-25/Queue main; "
        "9 Listener smtp-25-2; 9 smtp-25-2/Listen [::1]:25; 9 smtp-25-2/Protocol smtp; 9 smtp-25-2/Queue main; "
        "10 Listener http-80; 10 http-80/Listen 127.0.0.1:80; 10 http-80/Protocol http; 10 http-80/Queue main");
}

static void queues(void **state) {
    (void)state;
#define ONE SOCKET "slimta.edge.smtp.new(on('127.0.0.1', 25), client)\n"
    wire_build(ONE, "<Queue other>\nSpool o\n</Queue>\nLuaScript edge.lua\n");
    assert_string_equal(fixture_report.first->next->text,
                        "there is more than one <Queue>: say by LuaQueue NAME which one takes what this edge receives");
    wire_build(ONE, "<Queue other>\nSpool o\n</Queue>\nLuaScript edge.lua\nLuaQueue other\n");
    assert_string_equal(fixture_codes(), "");
    assert_non_null(strstr(wire_grown(), "smtp-25/Queue other"));
    wire_build(ONE, "LuaScript edge.lua\nLuaQueue othr\n");
    assert_string_equal(fixture_codes(), "EDG10053@8:0"); /* the ordinary check, at the script's line */
}

static void what_is_refused(void **state) {
    (void)state;
    wire_fails(SOCKET "slimta.edge.smtp.new(client, client)", "EDG10990@8:0",
               "bad argument #1 to 'new' (ratchet.socket expected, got slimta.bus.client)");
    wire_fails(SOCKET "slimta.edge.smtp.new(on('127.0.0.1', 26), _)", "EDG10990@8:0",
               "bad argument #2 to 'new' (slimta.bus.client expected, got slimta.bus.server)");
    wire_fails(
        "slimta.bus.new_client('localhost', 1234)", "EDG10990@1:0",
        "a bus to another machine cannot be made here: the edge hands on to the <Queue> of the configuration; use "
        "slimta.bus.new_local()");
}

static void required(void **state) {
    (void)state;
    wire_grows("for name, value in pairs({ratchet = ratchet, ['ratchet.socket'] = ratchet.socket,\n"
               "['ratchet.ssl'] = ratchet.ssl, ['ratchet.thread'] = ratchet.thread, slimta = slimta,\n"
               "['slimta.edge'] = slimta.edge, ['slimta.edge.smtp'] = slimta.edge.smtp,\n"
               "['slimta.edge.smtp.auth'] = slimta.edge.smtp.auth, ['slimta.edge.http'] = slimta.edge.http,\n"
               "['slimta.bus'] = slimta.bus, ['slimta.message'] = slimta.message,\n"
               "['slimta.base64'] = slimta.base64}) do\nassert(require(name) == value and value, name)\nend\n"
               "assert(slimta.edge.smtp.set_timeout)",
               "");
}

static void base64(void **state) {
    (void)state;
    wire_grows("local encode, decode = slimta.base64.encode, slimta.base64.decode\n"
               "assert(encode('') == '' and encode('a\\0b') == 'YQBi' and encode('ab') == 'YWI=')\n"
               "assert(decode('YQBi') == 'a\\0b' and decode('') == '' and decode('YQ=') == nil)\n"
               "local all = {}\nfor i = 0, 255 do all[#all + 1] = string.char(i) end\nall = table.concat(all)\n"
               "assert(decode(encode(all)) == all)",
               "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges),    cmocka_unit_test(queues), cmocka_unit_test(what_is_refused),
        cmocka_unit_test(required), cmocka_unit_test(base64),
    };
    return cmocka_run_group_tests(tests, wire_set_up, wire_tear_down);
}
