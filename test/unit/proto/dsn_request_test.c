/* NOTIFY, RET, ENVID and ORCPT as envelopes hold them, and the table of which notice is due. */
#include "dsn_fixture.h"

static edge_span_t span(const char *text) { return edge_span_of(text); }

#define F EDGE_DSN_ON_FAILURE
#define D EDGE_DSN_ON_DELAY
#define S EDGE_DSN_ON_SUCCESS

static void notify(void **state) {
    static const struct {
        const char *value;
        unsigned unsaid, on;
    } rows[] = {
        {NULL, F, F},
        {NULL, F | D, F | D},
        {"NEVER", F, 0},
        {"never", F | D, 0},
        {"SUCCESS", F, S},
        {"FAILURE,DELAY", F, F | D},
        {"delay", F, D},
        {"SUCCESS,FAILURE,DELAY", 0, F | D | S},
        {"SUCCESS,SUCCESS", F, S},
        {"NONSENSE", F, F},
        {"", F, F},
    };
    dsn_fixture_t *fixture = *state;
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        edge_parameters_t parameters = {NULL, 0};
        if (rows[i].value != NULL) {
            dsn_fixture_add(fixture, &parameters, "NOTIFY", rows[i].value);
        }
        assert_int_equal(edge_dsn_notify(&parameters, rows[i].unsaid), rows[i].on);
    }
}

/* Each action against each wish; a null sender is told nothing at all. */
static void due(void **state) {
    static const struct {
        const char *notify;
        unsigned unsaid;
        bool failed, delayed, delivered, relayed, expanded;
    } rows[] = {
        {NULL, F, true, false, false, false, false},
        {NULL, F | D, true, true, false, false, false},
        {"NEVER", F | D, false, false, false, false, false},
        {"FAILURE", F | D, true, false, false, false, false},
        {"DELAY", F | D, false, true, false, false, false},
        {"SUCCESS", F | D, false, false, true, true, true},
        {"SUCCESS,FAILURE", F, true, false, true, true, true},
        {"SUCCESS,DELAY", F, false, true, true, true, true},
        {"DELAY,FAILURE", F, true, true, false, false, false},
        {"SUCCESS,FAILURE,DELAY", F, true, true, true, true, true},
    };
    dsn_fixture_t *fixture = *state;
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        const bool wanted[] = {[EDGE_DSN_NONE] = false,
                               [EDGE_DSN_FAILED] = rows[i].failed,
                               [EDGE_DSN_DELAYED] = rows[i].delayed,
                               [EDGE_DSN_DELIVERED] = rows[i].delivered,
                               [EDGE_DSN_RELAYED] = rows[i].relayed,
                               [EDGE_DSN_EXPANDED] = rows[i].expanded};
        edge_recipient_t recipient = {.address = span("a@b")};
        if (rows[i].notify != NULL) {
            dsn_fixture_add(fixture, &recipient.parameters, "NOTIFY", rows[i].notify);
        }
        for (unsigned action = EDGE_DSN_NONE; action <= EDGE_DSN_EXPANDED; action++) {
            edge_dsn_action_t asked = (edge_dsn_action_t)action;
            fixture->envelope.sender = span("a@client.example");
            assert_int_equal(edge_dsn_due(&fixture->envelope, &recipient, asked, rows[i].unsaid),
                             wanted[action] ? asked : EDGE_DSN_NONE);
            fixture->envelope.sender = edge_span("", 0);
            assert_int_equal(edge_dsn_due(&fixture->envelope, &recipient, asked, rows[i].unsaid), EDGE_DSN_NONE);
        }
    }
}

static void delays(void **state) {
    (void)state;
    /* Received at 1000, reported when 100 have passed. */
    assert_false(edge_dsn_delay_due(1000, 0, 1050, 100));
    assert_false(edge_dsn_delay_due(1000, 1050, 1099, 100));
    assert_true(edge_dsn_delay_due(1000, 1099, 1200, 100));
    assert_false(edge_dsn_delay_due(1000, 1200, 1400, 100));
    assert_true(edge_dsn_delay_due(1000, 0, 1100, 100));
    assert_false(edge_dsn_delay_due(1000, 1100, 1400, 100));
    assert_false(edge_dsn_delay_due(1000, 0, 5000, 0));
    /* Whatever the steps are, it is one of them. */
    for (apr_time_t step = 1; step < 250; step++) {
        unsigned notices = 0;
        for (apr_time_t due = 0, next = 1000 + step; next < 1500; due = next, next += step) {
            notices += edge_dsn_delay_due(1000, due, next, 100);
        }
        assert_int_equal(notices, 1);
    }
}

static void ret(void **state) {
    dsn_fixture_t *fixture = *state;
    edge_parameters_t none = {NULL, 0}, full = {NULL, 0}, headers = {NULL, 0};
    dsn_fixture_add(fixture, &full, "RET", "full");
    dsn_fixture_add(fixture, &headers, "ret", "HDRS");
    assert_int_equal(edge_dsn_return(&none), EDGE_DSN_RETURN_UNSAID);
    assert_int_equal(edge_dsn_return(&full), EDGE_DSN_RETURN_FULL);
    assert_int_equal(edge_dsn_return(&headers), EDGE_DSN_RETURN_HEADERS);
}

typedef struct text_row {
    const char *value, *shown;
} text_row_t;

static void envelope_ids(void **state) {
    static const text_row_t rows[] = {
        {"QQ314159", "QQ314159"}, {"a+2Bb+3Dc", "a+b=c"}, {"a+20b", "a b"},
        {"a+0Ab", "a+0Ab"}, /* a line end stays hidden */
        {"a+C3+B6", "a+C3+B6"},   {"a+2", "a+2"},         {"a+zz", "a+zz"},
    };
    char out[EDGE_DSN_VALUE_MOST];
    dsn_fixture_t *fixture = *state;
    edge_parameters_t none = {NULL, 0};
    assert_null(edge_dsn_envelope_id(&none, out).at);
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        edge_parameters_t parameters = {NULL, 0};
        dsn_fixture_add(fixture, &parameters, "ENVID", rows[i].value);
        assert_true(edge_span_equal(edge_dsn_envelope_id(&parameters, out), span(rows[i].shown)));
    }
}

static void original_recipients(void **state) {
    static const text_row_t rows[] = {
        {"rfc822;Bob@a.example", "rfc822;Bob@a.example"},
        {"RFC822;a+2Btag@b", "RFC822;a+tag@b"},
        {"rfc822;a+0D+0Ab@c", "rfc822;a+0D+0Ab@c"},
        {"x400;/c=de/", "x400;/c=de/"},
        {"utf-8;\xc3\xb6@a.example", "utf-8;\xc3\xb6@a.example"},
        {"utf-8;\\x{F6}+2B@a", "utf-8;\\x{F6}+2B@a"},
    };
    char out[EDGE_DSN_VALUE_MOST];
    dsn_fixture_t *fixture = *state;
    edge_parameters_t none = {NULL, 0}, untyped = {NULL, 0};
    dsn_fixture_add(fixture, &untyped, "ORCPT", "a@b");
    assert_null(edge_dsn_original_recipient(&none, out).at);
    assert_null(edge_dsn_original_recipient(&untyped, out).at);
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        edge_parameters_t parameters = {NULL, 0};
        dsn_fixture_add(fixture, &parameters, "ORCPT", rows[i].value);
        assert_true(edge_span_equal(edge_dsn_original_recipient(&parameters, out), span(rows[i].shown)));
    }
}

static void values_longer_than_any_client_may_send(void **state) {
    char out[EDGE_DSN_VALUE_MOST], value[EDGE_DSN_VALUE_MOST + 100];
    dsn_fixture_t *fixture = *state;
    edge_parameters_t id = {NULL, 0}, recipient = {NULL, 0};
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    dsn_fixture_add(fixture, &id, "ENVID", value);
    assert_int_equal(edge_dsn_envelope_id(&id, out).len, EDGE_DSN_VALUE_MOST);
    value[6] = ';';
    dsn_fixture_add(fixture, &recipient, "ORCPT", value);
    assert_null(edge_dsn_original_recipient(&recipient, out).at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define A(test) cmocka_unit_test_setup_teardown(test, dsn_fixture_setup, dsn_fixture_teardown)
        A(notify),
        A(due),
        A(delays),
        A(ret),
        A(envelope_ids),
        A(original_recipients),
        A(values_longer_than_any_client_may_send),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
