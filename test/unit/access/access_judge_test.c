/* Tests of modules/access/access_judge.c: the first rule decides; what a refusal says, by phase. Names: dialogue/access_names. */
#include "../core/lookup_fixture.h"

#include "../../../modules/access/access.h"

#include "edge_session.h"

static apr_pool_t *pool;
static access_conf_t conf;
static edge_session_t session;
static edge_check_call_t call;
static edge_reply_t reply;

static int setup(void **state) {
    (void)state;
    apr_pool_create(&pool, NULL);
    memset(&conf, 0, sizeof(conf));
    memset(&session, 0, sizeof(session));
    assert_true(edge_ipaddr_parse(edge_span_of("192.0.2.7"), &session.from_ip));
    session.ehlo_as = (char *)(uintptr_t) "client.example";
    call = (edge_check_call_t){.phase = EDGE_PHASE_RCPT,
                               .session = &session,
                               .conf = &conf,
                               .argument = edge_span_of("bob@server.example"),
                               .sender = edge_span_of("ann@client.example"),
                               .pool = pool};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static access_rule_t *rule(bool permits, access_what_t what, const char *list) {
    access_rule_t *added = &conf.rules[conf.count++];
    *added = (access_rule_t){.permits = permits, .what = what, .list = lookup_of(pool, list), .file = "f", .line = 7};
    return added;
}

static bool passes(void) {
    reply = edge_reply_of(EDGE_R_OK);
    edge_check_answer_t answer = access_judge(&call, &reply);
    assert_true(answer == EDGE_CHECK_PASS || answer == EDGE_CHECK_REPLY);
    return answer == EDGE_CHECK_PASS;
}

static void says(unsigned code, unsigned subject, unsigned detail, const char *text) {
    assert_false(passes());
    assert_int_equal(reply.code, code);
    assert_int_equal(reply.subject, subject);
    assert_int_equal(reply.detail, detail);
    if (!edge_span_equal(reply.text, edge_span_of(text)))
        fail_msg("%.*s", (int)reply.text.len, reply.text.at);
}

static void each_thing_is_asked_for(void **state) {
    static const struct {
        access_what_t what;
        const char *list, *text;
    } rows[] = {
        {ACCESS_CLIENT, "192.0.2.0/24", "Client [192.0.2.7] is not accepted here"},
        {ACCESS_HELO, "client.example", "The greeting client.example is not accepted here"},
        {ACCESS_SENDER, "client.example", "<ann@client.example> This sender is not accepted here"},
        {ACCESS_RECIPIENT, "bob@", "<bob@server.example> This recipient is not accepted here"},
    };
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        conf.count = 0;
        rule(false, rows[i].what, rows[i].list);
        says(550, 7, 1, rows[i].text);
        conf.count = 0;
        rule(false, rows[i].what, "elsewhere.example");
        assert_true(passes());
    }
}

static void the_first_decides(void **state) {
    (void)state;
    rule(true, ACCESS_CLIENT, "192.0.2.7");
    rule(false, ACCESS_SENDER, "client.example");
    assert_true(passes());
    assert_true(edge_ipaddr_parse(edge_span_of("192.0.2.8"), &session.from_ip));
    assert_false(passes());
    /* A socket of IPv6 that an IPv4 client has come to. */
    assert_true(edge_ipaddr_parse(edge_span_of("::ffff:192.0.2.7"), &session.from_ip));
    assert_true(passes());
}

static void who_is_in_no_list(void **state) {
    (void)state;
    rule(true, ACCESS_SENDER, "other.example");
    assert_true(passes());
    conf.otherwise = ACCESS_DEFAULT_REFUSE;
    says(550, 7, 1, "<bob@server.example> This recipient is not accepted here");
    call.phase = EDGE_PHASE_MAIL;
    call.argument = call.sender;
    says(550, 7, 1, "<ann@client.example> This sender is not accepted here");
    call.phase = EDGE_PHASE_EHLO;
    says(550, 7, 1, "Client [192.0.2.7] is not accepted here");
    call.phase = EDGE_PHASE_BANNER;
    says(554, 7, 1, "Client [192.0.2.7] is not accepted here");
    session.authed = (char *)(uintptr_t) "ann";
    assert_false(passes());
    conf.exempt_authenticated = true;
    assert_true(passes());
}

static void what_a_refusal_says(void **state) {
    (void)state;
    access_rule_t *own = rule(false, ACCESS_CLIENT, "192.0.2.7\n");
    own->code = 450;
    says(450, 7, 1, "Client [192.0.2.7] is not accepted here");
    own->text = edge_span_of("Later");
    says(450, 0, 0, "Later");
    own->text = edge_span_of("4.3.2 Later");
    says(450, 3, 2, "Later");
    own->enhanced = edge_span_of("4.7.2");
    own->text = edge_span_of("Later");
    says(450, 7, 2, "Later");
    call.phase = EDGE_PHASE_BANNER;
    says(421, 7, 2, "Later");
}

static void what_an_entry_says(void **state) {
    (void)state;
    access_rule_t *own = rule(false, ACCESS_CLIENT, "192.0.2.7 You again\n");
    says(550, 7, 1, "You again");
    own->code = 450;
    own->enhanced = edge_span_of("4.7.2");
    says(450, 7, 2, "You again");
    own->list = lookup_of(pool, "192.0.2.7 451 4.3.2 Later\n");
    says(451, 3, 2, "Later");
    own->list = lookup_of(pool, "192.0.2.7 553 No\n");
    says(553, 7, 1, "No");
    own->list = lookup_of(pool, "192.0.2.7 250 Ok\n"); /* no code of a refusal: it is a text */
    says(450, 7, 2, "250 Ok");
    own->code = 0;
    own->list = lookup_of(pool, "192.0.2.7 553\n");
    says(550, 7, 1, "553");
}

static void what_is_not_known_yet(void **state) {
    (void)state;
    rule(false, ACCESS_HELO, "client.example");
    session.ehlo_as = NULL;
    assert_true(passes());
    call.phase = EDGE_PHASE_EHLO;
    call.argument = edge_span_of("client.example");
    assert_false(passes());
}

static void the_null_sender(void **state) {
    (void)state;
    rule(false, ACCESS_SENDER, "<>");
    assert_true(passes());
    call.sender = edge_span_of("");
    says(550, 7, 1, "<> This sender is not accepted here");
}

static void a_pattern_that_tries_too_much(void **state) {
    (void)state;
    rule(false, ACCESS_SENDER, "/^(a+)+$/");
    call.sender = edge_span_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@client.example");
    assert_int_equal(access_judge(&call, &reply), EDGE_CHECK_ERROR);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(each_thing_is_asked_for), CASE(the_first_decides),
        CASE(who_is_in_no_list),       CASE(what_a_refusal_says),
        CASE(what_an_entry_says),      CASE(what_is_not_known_yet),
        CASE(the_null_sender),         CASE(a_pattern_that_tries_too_much),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
