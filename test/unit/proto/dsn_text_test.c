/* The part for people: subjects, sections, what is said of each recipient. */
#include "dsn_fixture.h"
#include "proto/dsn_priv.h"

static char out[8192];

static void subjects(void **state) {
    dsn_fixture_t *fixture = *state;
    edge_dsn_recipient_t *one = dsn_fixture_recipient(fixture, "a@b", EDGE_DSN_FAILED, NULL, NULL);
    fixture->dsn.report = &fixture->report;
    assert_string_equal(edge_dsn_subject(&fixture->dsn), "Undelivered: your message could not be delivered");
    edge_dsn_recipient_t *two = dsn_fixture_recipient(fixture, "c@d", EDGE_DSN_NONE, NULL, NULL);
    assert_string_equal(edge_dsn_subject(&fixture->dsn),
                        "Undelivered: your message did not reach all of its recipients");
    one->action = EDGE_DSN_DELAYED;
    two->action = EDGE_DSN_DELIVERED;
    assert_string_equal(edge_dsn_subject(&fixture->dsn), "Delayed: your message has not been delivered yet");
    one->action = EDGE_DSN_RELAYED;
    assert_string_equal(edge_dsn_subject(&fixture->dsn), "Delivered: your message has arrived");
    two->action = EDGE_DSN_NONE;
    assert_string_equal(edge_dsn_subject(&fixture->dsn), "Handed on: your message is on its way");
}

/* Every action that says something has its one section, and each section a title. */
static void sections(void **state) {
    dsn_fixture_t *fixture = *state;
    bool used[EDGE_DSN_SECTIONS] = {false};
    fixture->dsn.report = &fixture->report;
    for (unsigned action = EDGE_DSN_NONE; action <= EDGE_DSN_EXPANDED; action++) {
        for (unsigned expired = 0; expired <= 1; expired++) {
            edge_dsn_recipient_t recipient = {.action = (edge_dsn_action_t)action, .expired = expired != 0};
            unsigned in = 0;
            for (unsigned section = 0; section < EDGE_DSN_SECTIONS; section++) {
                bool is = edge_dsn_in_section(&recipient, section);
                in += is;
                used[section] |= is;
            }
            assert_int_equal(in, action == EDGE_DSN_NONE ? 0 : 1);
        }
    }
    for (unsigned section = 0; section < EDGE_DSN_SECTIONS; section++) {
        edge_dsn_writer_t writer = {out, 0, sizeof out, 0};
        assert_true(used[section]);
        edge_dsn_write_section(&writer, &fixture->dsn, section);
        assert_true(writer.len > 20 && memcmp(out + writer.len - 4, "\r\n\r\n", 4) == 0);
    }
}

static const char *person(dsn_fixture_t *fixture, edge_dsn_action_t action, const char *reply, const char *remote) {
    edge_dsn_writer_t writer = {out, 0, sizeof out - 1, 0};
    fixture->dsn.report = &fixture->report;
    edge_dsn_write_person(&writer, &fixture->dsn, dsn_fixture_recipient(fixture, "a@b.example", action, reply, remote));
    out[writer.len] = '\0';
    return out;
}

static void people(void **state) {
    dsn_fixture_t *fixture = *state;
    assert_string_equal(person(fixture, EDGE_DSN_FAILED, "452 4.2.2 quota", "mx"),
                        "  <a@b.example>\r\n"
                        "      The mailbox is full. Its owner has to make room; please try again\r\n"
                        "      later, or another way.\r\n"
                        "      mx said:\r\n"
                        "          452 4.2.2 quota\r\n\r\n");
    assert_string_equal(person(fixture, EDGE_DSN_DELAYED, "451 4.4.1 Connection refused", NULL),
                        "  <a@b.example>\r\n"
                        "      The server there did not answer.\r\n"
                        "      In this server's own words:\r\n"
                        "          451 4.4.1 Connection refused\r\n\r\n");
    assert_string_equal(person(fixture, EDGE_DSN_DELIVERED, NULL, NULL), "  <a@b.example>\r\n\r\n");
}

static void farewells(void **state) {
    dsn_fixture_t *fixture = *state;
    dsn_fixture_recipient(fixture, "a@b", EDGE_DSN_DELIVERED, NULL, NULL);
    fixture->dsn.report = &fixture->report;
    edge_dsn_writer_t writer = {out, 0, sizeof out - 1, 0};
    edge_dsn_write_farewell(&writer, &fixture->dsn);
    out[writer.len] = '\0';
    assert_string_equal(out, "Behind this text is the same for programs.\r\n");
    fixture->dsn.original_octets = 1;
    writer = (edge_dsn_writer_t){out, 0, sizeof out - 1, 0};
    edge_dsn_write_farewell(&writer, &fixture->dsn);
    out[writer.len] = '\0';
    assert_string_equal(out, "Behind this text is the same for programs, and the headers of your message.\r\n");
}

static void greeting(void **state) {
    dsn_fixture_t *fixture = *state;
    fixture->dsn.report = &fixture->report;
    edge_dsn_writer_t writer = {out, 0, sizeof out - 1, 0};
    edge_dsn_write_greeting(&writer, &fixture->dsn);
    out[writer.len] = '\0';
    assert_non_null(
        strstr(out, "the mail server mx.example.net,\r\nabout your message of Sun, 22 Nov 2026 16:41:09 +0000.\r\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define A(test) cmocka_unit_test_setup_teardown(test, dsn_fixture_setup, dsn_fixture_teardown)
        A(subjects), A(sections), A(people), A(farewells), A(greeting),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
