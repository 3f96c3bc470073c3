#include "dsn_fixture.h"

#include <apr_strings.h>

int dsn_fixture_setup(void **state) {
    apr_pool_t *pool;
    assert_int_equal(apr_pool_create(&pool, NULL), APR_SUCCESS);
    dsn_fixture_t *fixture = apr_pcalloc(pool, sizeof *fixture);
    fixture->pool = pool;
    assert_true(edge_uuid_parse(edge_span_of("e6482085-5322-4254-8654-2d1bd59ba6cd"), &fixture->envelope.id));
    fixture->envelope.received = INT64_C(1795365669120934);
    fixture->envelope.sender = edge_span_of("sender@client.example");
    fixture->original = edge_span_of("Message-Id: <1@client.example>\r\nSubject: hello\r\n\r\nBody\r\n");
    assert_true(edge_uuid_parse(edge_span_of("01932d5c-0000-7000-8000-00000000beef"), &fixture->report.id));
    fixture->report.envelope = &fixture->envelope;
    fixture->report.now = INT64_C(1795365969000000);
    fixture->report.reporting_mta = edge_span_of("mx.example.net");
    fixture->report.recipients = fixture->results;
    fixture->report.return_most = 1000;
    *state = fixture;
    return 0;
}

int dsn_fixture_teardown(void **state) {
    dsn_fixture_t *fixture = *state;
    apr_pool_destroy(fixture->pool);
    return 0;
}

void dsn_fixture_add(dsn_fixture_t *fixture, edge_parameters_t *parameters, const char *name, const char *value) {
    edge_parameter_t *grown = apr_pcalloc(fixture->pool, sizeof *grown * (parameters->count + 1));
    for (unsigned i = 0; i < parameters->count; i++) {
        grown[i] = parameters->list[i];
    }
    grown[parameters->count].name = edge_span_of(name);
    grown[parameters->count].value = edge_span_of(value);
    parameters->list = grown;
    parameters->count++;
}

edge_dsn_recipient_t *dsn_fixture_recipient(dsn_fixture_t *fixture, const char *address, edge_dsn_action_t action,
                                            const char *reply, const char *remote) {
    assert_true(fixture->report.count < EDGE_COUNT(fixture->results));
    edge_recipient_t *recipient = apr_pcalloc(fixture->pool, sizeof *recipient);
    edge_dsn_recipient_t *result = &fixture->results[fixture->report.count++];
    recipient->address = edge_span_of(address);
    result->recipient = recipient;
    result->action = action;
    result->reply = edge_span_of(reply);
    result->remote = edge_span_of(remote);
    fixture->envelope.recipient_count++;
    return result;
}

/* The same 24 octets each time, so that tests know the boundary. */
static void survey_it(dsn_fixture_t *fixture) {
    uint8_t random[EDGE_DSN_BOUNDARY_OCTETS];
    memset(random, 0, sizeof random);
    edge_dsn_survey_begin(&fixture->survey, random);
    edge_dsn_survey_feed(&fixture->survey, fixture->original);
    edge_dsn_survey_end(&fixture->survey);
}

const char *dsn_fixture_write(dsn_fixture_t *fixture) {
    const char *text = "";
    edge_span_t piece;
    fixture->envelope.size = fixture->original.len;
    survey_it(fixture);
    edge_dsn_begin(&fixture->dsn, &fixture->report, &fixture->survey);
    for (;;) {
        switch (edge_dsn_next(&fixture->dsn, &piece)) {
        case EDGE_DSN_END: return text;
        case EDGE_DSN_ORIGINAL: piece = edge_span(fixture->original.at, (size_t)fixture->dsn.original_octets); break;
        case EDGE_DSN_PIECE: assert_true(piece.len > 0 && piece.len <= EDGE_DSN_PIECE_MOST); break;
        }
        assert_null(memchr(piece.at, '\0', piece.len));
        text = apr_pstrcat(fixture->pool, text, apr_pstrmemdup(fixture->pool, piece.at, piece.len), NULL);
    }
}
