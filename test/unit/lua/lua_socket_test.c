/* ratchet.socket: addresses, and what a socket must have gone through before an edge takes it. */
#include "lua_conf_fixture.h"

static void address_is(const char *arguments, const char *address) {
    wire_grows(apr_psprintf(fixture_pool,
                            "local rec = ratchet.socket.prepare_tcp(%s)\nassert(rec.addr == '%s', rec.addr)\n"
                            "assert(rec.family and rec.socktype and rec.protocol)",
                            arguments, address),
               "");
}

static void addresses(void **state) {
    (void)state;
    address_is("'127.0.0.1', 25", "127.0.0.1:25");
    address_is("'0.0.0.0', '2525'", "0.0.0.0:2525");
    address_is("'*', 2525", "0.0.0.0:2525");
    address_is("'::1', 465", "[::1]:465");
    address_is("'::', 465", "[::]:465");
}

static void addresses_that_are_none(void **state) {
    (void)state;
    wire_fails("ratchet.socket.prepare_tcp('300.1.1.1.1.', 'no port at all')", "EDG10990@1:0",
               "prepare_tcp: 300.1.1.1.1. port no port at all: Servname not supported for ai_socktype");
    wire_fails("ratchet.socket.prepare_tcp('127.0.0.1')", "EDG10990@1:0",
               "bad argument #2 to 'prepare_tcp' (string expected, got no value)");
    wire_fails("ratchet.socket.prepare_unix('/tmp/x')", "EDG10990@1:0",
               "an edge listens on TCP here: use prepare_tcp(HOST, PORT)");
}

#define BUS "local server, client = slimta.bus.new_local()\n"

static void sockets(void **state) {
    (void)state;
    wire_fails("local s = ratchet.socket.new()\ns:listen()", "EDG10990@2:0", "listen: the socket is not bound");
    wire_fails(BUS "local s = ratchet.socket.new()\ns:bind('127.0.0.1:25')\nslimta.edge.smtp.new(s, client)",
               "EDG10990@4:0",
               "bad argument #1 to 'new' (the socket must be bound and listen: call its bind and listen before)");
    wire_fails("local s = ratchet.socket.new()\ns:bind(('x'):rep(64))", "EDG10990@2:0",
               "bad argument #1 to 'bind' (the address must be what prepare_tcp gave as addr)");
    wire_grows("local s = ratchet.socket.new()\ns.SO_REUSEADDR = true\ns:setsockopt('SO_REUSEADDR', true)\n"
               "s:set_timeout(2.0)\ns:bind('127.0.0.1:25')\ns:listen()\ns:listen(100)\ns:close()\n"
               "assert(#ratchet.socket.gethostname() > 0)",
               "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(addresses_that_are_none),
        cmocka_unit_test(sockets),
    };
    return cmocka_run_group_tests(tests, wire_set_up, wire_tear_down);
}
