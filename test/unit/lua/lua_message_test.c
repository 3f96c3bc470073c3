/* session.message: the open transaction as a script reads and rewrites it. */
#include "lua_bench.h"

static edge_envelope_t *envelope;

static int setup(void **state) {
    if (lua_bench_setup(state) != 0)
        return -1;
    envelope = edge_transaction_begin(&bench.session)->envelope;
    apr_pool_t *pool = bench.session.transaction->pool;
    static edge_parameter_t parameter[] = {{EDGE_SPAN("NOTIFY"), EDGE_SPAN("NEVER")}},
                            size[] = {{EDGE_SPAN("SIZE"), EDGE_SPAN("10")}, {EDGE_SPAN("SMTPUTF8"), {NULL, 0}}};
    envelope->sender = edge_span_of("from@a.example");
    envelope->sender_parameters = (edge_parameters_t){size, 2};
    edge_envelope_add(envelope, pool, edge_span_of("one@b.example"));
    edge_envelope_add(envelope, pool, edge_span_of("two@b.example"))->parameters = (edge_parameters_t){parameter, 1};
    edge_envelope_add(envelope, pool, edge_span_of("Postmaster"));
    return 0;
}

static void does(const char *body, const char *reply) {
    const char *said = lua_bench_noop(body);
    if (strcmp(said, reply) != 0)
        fail_msg("%s: %s", body, said);
    edge_session_replied(&bench.session);
}

static void envelope_is(const char *expected) {
    char text[500];
    int len = snprintf(text, sizeof(text), "%.*s:", (int)envelope->sender.len, envelope->sender.at);
    for (unsigned i = 0; i < envelope->recipient_count; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, " %.*s%s", (int)envelope->recipients[i].address.len,
                        envelope->recipients[i].address.at, envelope->recipients[i].parameters.count ? "!" : "");
    assert_string_equal(text, expected);
}

#define OK "250 2.0.0 Ok"

static void reading(void **state) {
    does("assert(session.message.sender == 'from@a.example')", OK);
    does("assert(#session.message.recipients == 3 and session.message.recipients[3] == 'Postmaster')", OK);
    does("assert(session.message.recipients[0] == nil and session.message.recipients[4] == nil)", OK);
    does("assert(session.message.parameters.SIZE == '10' and session.message.parameters.SMTPUTF8 == true)", OK);
    does("local all = '' for i, r in ipairs(session.message.recipients) do all = all .. i .. r end "
         "assert(all == '1one@b.example2two@b.example3Postmaster')",
         OK);
    does("local n = 0 for i, r in pairs(session.message.recipients) do n = n + i end assert(n == 6)", OK);
    does("assert(table.concat(session.message.recipients, ',') == 'one@b.example,two@b.example,Postmaster')", OK);
    does("assert(select('#', unpack(session.message.recipients)) == 3)", OK);
    does("assert(session.message == session.message and session.message.other == nil)", OK);
    envelope_is("from@a.example: one@b.example two@b.example! Postmaster");
}

static void rewriting(void **state) {
    does("session.message.sender = ''", OK);
    does("session.message.recipients[1] = 'new@c.example'", OK);
    envelope_is(": new@c.example two@b.example! Postmaster");
    does("table.insert(session.message.recipients, 1, 'first@c.example')", OK);
    envelope_is(": first@c.example new@c.example two@b.example! Postmaster");
    does("assert(table.remove(session.message.recipients, 1) == 'first@c.example')", OK);
    envelope_is(": new@c.example two@b.example! Postmaster");
    does("session.message.recipients = {'two@b.example', 'x@c.example'}", OK);
    envelope_is(": two@b.example! x@c.example");
    does("session.message = {sender = 's@d.example', recipients = {'y@c.example'}}", OK);
    envelope_is("s@d.example: y@c.example");
    does("session.message.recipients = session.message.recipients", OK);
    envelope_is("s@d.example: y@c.example");
}

static void nonsense(void **state) {
    static const char *const bodies[] = {
        "session.message.sender = 'no address'",
        "session.message.sender = nil",
        "session.message.sender = {}",
        "session.message.sender = 'a@b\\r\\nRCPT TO:<x@y>'",
        "session.message.sender = 'a@b>\\0'",
        "session.message.recipients = {}",
        "session.message.recipients = 'a@b.example'",
        "session.message.recipients = nil",
        "session.message.recipients = {'a@b.example', 17}",
        "session.message.recipients = {''}",
        "session.message.recipients = {'\\xc3\\xa9@b.example'}",
        "session.message.recipients = setmetatable({}, {__len = function() return 2^40 // 1 end})",
        "session.message.recipients = setmetatable({}, {__len = function() return -1 end})",
        "session.message.recipients[5] = 'a@b.example'",
        "session.message.recipients[0] = 'a@b.example'",
        "session.message.recipients[1] = nil",
        "session.message.recipients.x = 'a@b.example'",
        "session.message.parameters = {}",
        "session.message = nil",
        "session.message = 5",
        "for i = 1, 1e9 do session.message.recipients[1] = 'a' .. i .. '@b.example' end",
        "while true do session.message.recipients[#session.message.recipients + 1] = 'a@b.example' end",
        "while true do session.message.recipients = session.message.recipients end",
    };
    for (unsigned i = 0; i < EDGE_COUNT(bodies); i++)
        does(bodies[i], LUA_BENCH_FAILED);
    assert_true(edge_span_equal(envelope->sender, edge_span_of("from@a.example")));
}

static void the_last_recipient_stays(void **state) {
    does("local r = session.message.recipients r[3] = nil r[2] = nil", OK);
    envelope_is("from@a.example: one@b.example");
    does("session.message.recipients[1] = nil", LUA_BENCH_FAILED);
    envelope_is("from@a.example: one@b.example");
}

static void utf8(void **state) {
    bench.session.used_utf8 = true;
    does("session.message.recipients = {'\\xc3\\xa9@b.example'}", OK);
    does("session.message.recipients = {'\\xc3@b.example'}", LUA_BENCH_FAILED);
    envelope_is("from@a.example: \xc3\xa9@b.example");
}

static void kept_messages(void **state) {
    lua_bench_load("on('NOOP', function(session, reply) m = m or session.message r = r or m.recipients "
                   "reply.message = m.sender .. #r end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 from@a.example3");
    edge_session_replied(&bench.session);
    edge_transaction_end(&bench.session, NULL, EDGE_NO_SPAN);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), LUA_BENCH_FAILED);
    edge_transaction_begin(&bench.session);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reading, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(rewriting, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(nonsense, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(the_last_recipient_stays, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(utf8, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(kept_messages, setup, lua_bench_teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
