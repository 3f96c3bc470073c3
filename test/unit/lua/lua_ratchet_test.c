/* Threads while loading: each runs until it ends or accepts, in the order of their making. */
#include "lua_conf_fixture.h"

#define EDGE(port)                                                                      \
    "local rec = ratchet.socket.prepare_tcp('127.0.0.1', " #port ")\n"                  \
    "local socket = ratchet.socket.new(rec.family, rec.socktype, rec.protocol)\n"       \
    "socket:setsockopt('SO_REUSEADDR', true)\nsocket:bind(rec.addr)\nsocket:listen()\n" \
    "local server, client = slimta.bus.new_local()\nlocal edge = slimta.edge.smtp.new(socket, client)\n"
#define LOOP "while true do local callable = edge:accept() ratchet.thread.attach(callable) end\n"
#define GROWN(port, line)                                                                                        \
#line " Listener smtp-" #port "; " #line " smtp-" #port "/Listen 127.0.0.1:" #port "; " #line " smtp-" #port \
          "/Protocol smtp; " #line " smtp-" #port "/Queue main"

static void server_grows(const char *script, const char *grown) {
    wire_of_server(script);
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(wire_grown(), grown);
}

static void server_fails(const char *script, const char *text) {
    wire_of_server(script);
    assert_non_null(strstr(fixture_codes(), "EDG10990"));
    for (const edge_conf_diagnostic_t *said = fixture_report.first; said; said = said->next)
        if (strcmp(said->code, "EDG10990") == 0)
            assert_string_equal(said->text, text);
}

static void the_first_accept_ends_the_script(void **state) {
    (void)state;
    server_grows(EDGE(25) LOOP "error('never')\n", GROWN(25, 7));
    server_grows(EDGE(25) "pcall(function() edge:accept() end)\nerror('never')\n", GROWN(25, 7));
    server_grows(EDGE(25) "edge:close()\n", GROWN(25, 7));
}

static void threads_of_a_kernel(void **state) {
    (void)state;
    server_grows("local function run(number)\nlocal rec = ratchet.socket.prepare_tcp('127.0.0.1', number)\n"
                 "local socket = ratchet.socket.new()\nsocket:bind(rec.addr)\nsocket:listen()\n"
                 "local _, client = slimta.bus.new_local()\nlocal edge = slimta.edge.smtp.new(socket, client)\n" LOOP
                 "end\n"
                 "local kernel = ratchet.new(function ()\nratchet.thread.attach(run, 25)\n"
                 "assert(ratchet.thread.attach(run, 26))\nend, print)\nkernel:loop()\nerror('never')\n",
                 GROWN(25, 7) "; " GROWN(26, 7));
}

/* What is attached without a kernel runs all the same, behind the script's own text. */
static void threads_without_a_kernel(void **state) {
    (void)state;
    server_grows("ratchet.thread.attach(function (a, b)\nassert(a == 1 and b == nil and done)\n" EDGE(25) LOOP
                 "end, 1)\ndone = true\n",
                 GROWN(25, 9));
}

/* Where nothing accepts, the loop comes to its end. */
static void a_loop_that_returns(void **state) {
    (void)state;
    server_grows("local ran\nratchet.new(function () ran = true end):loop()\nassert(ran)\n" EDGE(25) LOOP,
                 GROWN(25, 10));
}

static void errors_of_threads(void **state) {
    (void)state;
    server_fails("ratchet.new(function ()\nerror('here')\nend, print):loop()\n", "here");
    server_fails("ratchet.thread.attach(function ()\nlocal x = nil + 1\nend)\n",
                 "attempt to perform arithmetic on a nil value");
    server_fails("coroutine.yield(1)", "coroutine.yield outside of a coroutine of the script's own");
    server_fails("ratchet.new(5)", "bad argument #1 to 'new' (function expected, got number)");
    server_fails("while true do end", "loading it takes more than 100000000 instructions");
}

static void accept_where_it_cannot_be(void **state) {
    (void)state;
    server_fails(EDGE(25) "table.sort({1, 2}, function () edge:accept() end)\n",
                 "accept cannot be called here: only by the script itself or by one of its threads");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_accept_ends_the_script),
        cmocka_unit_test(threads_of_a_kernel),
        cmocka_unit_test(threads_without_a_kernel),
        cmocka_unit_test(a_loop_that_returns),
        cmocka_unit_test(errors_of_threads),
        cmocka_unit_test(accept_where_it_cannot_be),
    };
    return cmocka_run_group_tests(tests, wire_set_up, wire_tear_down);
}
