/* A script's functions as a store, and its mechanisms: what they are asked, what becomes of the answers, waiting and giving up. */
#include "lua_conf_fixture.h"

#include "edge_ticket.h"
#include "event/loop_priv.h"
#include "event/worker_priv.h"

static edge_worker_t *worker;
static elua_auth_t *store;
static edge_ticket_t paused;

/* pause(): waits until the test resumes it. */
static int go_on(lua_State *L, int status, lua_KContext context) {
    lua_pushliteral(L, "paused");
    return 1;
}

static int wait_for_test(lua_State *L) {
    elua_run_t *run = elua_run_of(L);
    paused = run->wait(run);
    run->waits = true;
    return lua_yieldk(L, 0, 0, go_on);
}

static lua_CFunction open_before;
static int open_with_pause(lua_State *L) {
    lua_pushcfunction(L, open_before);
    lua_call(L, 0, 0);
    lua_pushcfunction(L, wait_for_test);
    lua_setglobal(L, "pause");
    return 0;
}

static void script_is(const char *text) {
    wire_of_listener(apr_pstrcat(fixture_pool, "local auth = slimta.edge.smtp.auth.new()\n", text,
                                 "\nsmtp_edge:enable_authentication(auth)", NULL),
                     "");
    assert_string_equal(fixture_codes(), "");
    const edge_section_t *section =
        edge_snapshot_find(wire_snapshot, EDGE_SCOPE_AUTHBACKEND, edge_span_of("lua:mx:edge.lua:1"));
    store = elua_grown_auth(section->node);
    open_before = store->script->open;
    store->script->open = open_with_pause;
}

/* Asking */

static edge_credentials_query_t query;
static struct {
    unsigned answers;
    edge_credentials_result_t result;
    char identity[64], secret[64], message[64];
} got;

static void keep(edge_span_t text, char out[64]) {
    snprintf(out, 64, "%.*s", text.at ? (int)text.len : 1, text.at ? text.at : "-");
}

static void answered(edge_credentials_query_t *of, const edge_credentials_answer_t *answer) {
    assert_ptr_equal(of, &query);
    got.answers++;
    got.result = answer->result;
    keep(answer->identity, got.identity);
    keep(answer->secret, got.secret);
    keep(answer->message, got.message);
}

static void ask(const char *mechanism, edge_credentials_want_t want, const char *user, const char *authzid) {
    memset(&got, 0, sizeof(got));
    query = (edge_credentials_query_t){.want = want,
                                       .user = edge_span_of(user),
                                       .password = edge_span_of("x"),
                                       .mechanism = mechanism,
                                       .authzid = edge_span_of(authzid),
                                       .worker = worker,
                                       .answered = answered};
    elua_credentials.ask(store, &query);
}

static void says(edge_credentials_result_t result, const char *secret, const char *identity, const char *message) {
    assert_int_equal(got.answers, 1);
    assert_int_equal(got.result, result);
    assert_string_equal(got.secret, secret);
    assert_string_equal(got.identity, identity);
    assert_string_equal(got.message, message);
}

static void secrets(void **state) {
    (void)state;
    script_is("local function f(...)\nlocal n, name, as = select('#', ...), ...\n"
              "if name == 'none' then return nil, nil, 'why' end\nif name == 'false' then return false end\n"
              "return n .. name .. tostring(as), name == 'two' and 'identity' or nil, 5\nend\n"
              "auth:add_mechanism('PLAIN', f)\nauth:add_mechanism('LOGIN', f)\nauth:add_mechanism('CRAM-MD5', f)");
    ask("PLAIN", EDGE_CREDENTIALS_VERIFY, "ann", "ben");
    says(EDGE_CREDENTIALS_COMPARE, "2annben", "ann", "5");
    ask("PLAIN", EDGE_CREDENTIALS_VERIFY, "two", NULL);
    says(EDGE_CREDENTIALS_COMPARE, "2two", "identity", "5");
    ask("LOGIN", EDGE_CREDENTIALS_VERIFY, "ann", NULL);
    says(EDGE_CREDENTIALS_COMPARE, "1annnil", "ann", "5");
    ask("CRAM-MD5", EDGE_CREDENTIALS_SECRET, "ann", NULL);
    says(EDGE_CREDENTIALS_GOOD, "1annnil", "ann", "5");
    ask("PLAIN", EDGE_CREDENTIALS_VERIFY, "none", NULL);
    says(EDGE_CREDENTIALS_WRONG, "-", "none", "why");
    ask("LOGIN", EDGE_CREDENTIALS_VERIFY, "false", NULL);
    says(EDGE_CREDENTIALS_WRONG, "-", "false", "-");
}

static void functions_that_fail(void **state) {
    (void)state;
    script_is("auth:add_mechanism('PLAIN', function (name)\nif name == 'loop' then while true do end end\n"
              "if name == 'table' then return {} end\nif name == 'message' then return 'x', nil, print end\n"
              "if name == 'memory' then return ('x'):rep(1e9) end\nif name == 'yield' then coroutine.yield(1) end\n"
              "error('no')\nend)");
    const char *names[] = {"loop", "table", "message", "memory", "yield", "error"};
    for (unsigned i = 0; i < EDGE_COUNT(names); i++) {
        ask("PLAIN", EDGE_CREDENTIALS_VERIFY, names[i], NULL);
        assert_int_equal(got.answers, 1);
        assert_int_equal(got.result, EDGE_CREDENTIALS_TROUBLE);
    }
    ask("LOGIN", EDGE_CREDENTIALS_VERIFY, "ann", NULL); /* nobody has added it */
    assert_int_equal(got.result, EDGE_CREDENTIALS_TROUBLE);
}

static void waiting(void **state) {
    (void)state;
    script_is("auth:add_mechanism('PLAIN', function (name)\nlocal got = pause()\nreturn got .. name .. pause()\nend)");
    ask("PLAIN", EDGE_CREDENTIALS_VERIFY, "ann", NULL);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(got.answers, 0);
        edge_ticket_resume(paused, (edge_result_t){0});
        edge_loop_turn(worker, 0);
    }
    says(EDGE_CREDENTIALS_COMPARE, "pausedannpaused", "ann", "-");
    ask("PLAIN", EDGE_CREDENTIALS_VERIFY, "ann", NULL);
    elua_credentials.cancel(store, &query);
    edge_ticket_resume(paused, (edge_result_t){0});
    edge_loop_turn(worker, 0);
    assert_int_equal(got.answers, 0);
    ask("PLAIN", EDGE_CREDENTIALS_VERIFY, "ann", NULL);
    edge_ticket_resume(paused, (edge_result_t){.status = APR_TIMEUP});
    edge_loop_turn(worker, 0);
    assert_int_equal(got.answers, 1);
    assert_int_equal(got.result, EDGE_CREDENTIALS_TROUBLE);
}

/* Mechanisms */

static edge_credentials_exchange_t exchange;
static struct {
    unsigned answers, kind;
    char challenge[64], identity[64], text[64];
    unsigned code;
    bool wrong;
} step;

static void stepped(edge_credentials_exchange_t *of, const edge_credentials_step_t *said) {
    assert_ptr_equal(of, &exchange);
    step.answers++;
    step.kind = said->kind;
    keep(said->challenge, step.challenge);
    keep(said->identity, step.identity);
    step.code = said->reply.code;
    step.wrong = said->wrong;
    step.text[0] = '\0';
    if (said->reply.code)
        step.text[edge_reply_text(&said->reply, step.text, sizeof(step.text) - 1)] = '\0';
    if (said->kind != EDGE_CREDENTIALS_GOES_ON)
        elua_credentials.leave(store, of);
}

static void begin(unsigned index) {
    exchange =
        (edge_credentials_exchange_t){.mechanism = elua_credentials.mechanism_at(store, index), .stepped = stepped};
    assert_non_null(exchange.mechanism);
}

static void take(const char *response) {
    memset(&step, 0, sizeof(step));
    elua_credentials.step(store, &exchange, edge_span_of(response));
}

static void refused(unsigned code, bool wrong, const char *text) {
    assert_int_equal(step.answers, 1);
    assert_int_equal(step.kind, EDGE_CREDENTIALS_REFUSES);
    assert_int_equal(step.code, code);
    assert_int_equal(step.wrong, wrong);
    assert_string_equal(step.text, text);
    assert_null(exchange.state);
}

#define OWN(body)                                                                                        \
    "local own = {secure = true}\nfunction own:challenge(data, last, reply)\nassert(self == own)\n" body \
    "\nend\nauth:add_mechanism('X-OWN', own)"

static void steps(void **state) {
    (void)state;
    script_is(OWN("data.all = (data.all or '') .. tostring(last) .. ';'\nif last == 'end' then return data.all end\n"
                  "return nil, 'YWJj'"));
    begin(0);
    take(NULL);
    assert_int_equal(step.kind, EDGE_CREDENTIALS_GOES_ON);
    assert_string_equal(step.challenge, "YWJj");
    take("=");
    take("a b");
    take("end");
    assert_int_equal(step.kind, EDGE_CREDENTIALS_IS_DONE);
    assert_string_equal(step.identity, "nil;;a b;end;");
    assert_int_equal(step.code, 235);
    assert_string_equal(step.text, "Authentication successful");
    begin(0); /* another exchange has data of its own */
    take("end");
    assert_string_equal(step.identity, "end;");
}

static void refusals(void **state) {
    (void)state;
    script_is(
        OWN("if last == 'a' then reply.code, reply.message = 535, 'No' return 'me' end\n"
            "if last == 'b' then reply.code, reply.message, reply.enhanced_status_code = '432', 'Later', '4.7.12' end\n"
            "if last == 'c' then reply.code = 250 return 'me' end\nif last == 'd' then return nil, 'no base64!' end\n"
            "if last == 'e' then reply.code = 'x' end\nif last == 'f' then return {} end\n"
            "if last == 'g' then error('no') end"));
    const struct {
        const char *response;
        unsigned code;
        bool wrong;
        const char *text;
    } rows[] = {
        {"a", 535, true, "No"},
        {"b", 432, false, "Later"},
        {"c", 0, false, ""},
        {"d", 454, false, "Temporary authentication failure"},
        {"e", 454, false, "Temporary authentication failure"},
        {"f", 454, false, "Temporary authentication failure"},
        {"g", 454, false, "Temporary authentication failure"},
        {"h", 0, true, ""},
    };
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        begin(0);
        take(rows[i].response);
        refused(rows[i].code, rows[i].wrong, rows[i].text);
    }
}

static void mechanisms_that_wait(void **state) {
    (void)state;
    script_is(OWN("return pause()"));
    begin(0);
    take("x");
    assert_int_equal(step.answers, 0);
    edge_ticket_resume(paused, (edge_result_t){0});
    edge_loop_turn(worker, 0);
    assert_string_equal(step.identity, "paused");
    begin(0);
    take("x");
    elua_credentials.leave(store, &exchange);
    edge_ticket_resume(paused, (edge_result_t){0});
    edge_loop_turn(worker, 0);
    assert_int_equal(step.answers, 0);
    assert_null(exchange.state);
}

static int set_up(void **state) {
    if (wire_set_up(state) || edge_worker_make(0, &worker) != APR_SUCCESS)
        return 1;
    edge_log_area_level(NULL, EDGE_LOG_EMERG);
    elua_worlds_start();
    return elua_worlds_worker_start(worker) == APR_SUCCESS ? 0 : 1;
}

static int tear_down(void **state) {
    elua_worlds_worker_stop(worker);
    edge_worker_destroy(worker);
    return wire_tear_down(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets),  cmocka_unit_test(functions_that_fail),
        cmocka_unit_test(waiting),  cmocka_unit_test(steps),
        cmocka_unit_test(refusals), cmocka_unit_test(mechanisms_that_wait),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
