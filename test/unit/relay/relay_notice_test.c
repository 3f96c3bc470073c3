/* Reports put into a queue: what stands in it, an original in any cut, one that breaks off, a queue without room. */
#include "memory_queue.h"

#include "../../../modules/relay/relay_notice.h"

#define ORIGINAL "Subject: x\r\nMessage-Id: <1@client.example>\r\n\r\nThe body.\r\n"

typedef struct telling {
    hop_t *hop;
    edge_dsn_recipient_t recipient;
    relay_notice_t notice;
    unsigned done;
} telling_t;

static void done(relay_notice_t *notice) { EDGE_CONTAINER(notice, telling_t, notice)->done++; }

static telling_t *make(const char *original) {
    hop_t *hop = hop_make(NULL, NULL, original);
    telling_t *telling = apr_pcalloc(hop->pool, sizeof *telling);
    hop_to(hop, "nobody@server.example");
    memory_queue_make();
    telling->hop = hop;
    telling->recipient = (edge_dsn_recipient_t){.recipient = &hop->envelope.recipients[0],
                                                .action = EDGE_DSN_FAILED,
                                                .reply = edge_span_of("550 5.1.1 no such user"),
                                                .remote = edge_span_of("mx.server.example")};
    hop->envelope.size = hop->from.text.len;
    telling->notice = (relay_notice_t){.queue = &memory.queue,
                                       .worker = hop_worker,
                                       .pool = hop->pool,
                                       .report = {.envelope = &hop->envelope,
                                                  .recipients = &telling->recipient,
                                                  .count = 1,
                                                  .reporting_mta = edge_span_of("mx.example.net"),
                                                  .return_most = 1000000},
                                       .source = &hop->from.source,
                                       .done = done};
    return telling;
}

static void tell(telling_t *telling) {
    relay_notice_make(&telling->notice);
    assert_int_equal(telling->done, 0);
    while (telling->done == 0) {
        edge_loop_turn(hop_worker, 0);
    }
    edge_loop_turn(hop_worker, 0);
    assert_int_equal(telling->done, 1);
}

static bool has(const char *text) { return strstr(memory.text, text) != NULL; }

static void a_report(void **state) {
    (void)state;
    for (size_t step = 1; step < 90; step += 11) {
        for (unsigned waits = 0; waits < 9; waits += 4) {
            telling_t *telling = make(ORIGINAL);
            telling->hop->from.step = step;
            telling->hop->from.waits = waits;
            memory.waits = waits;
            tell(telling);
            assert_true(telling->notice.stored);
            const edge_envelope_t *envelope = memory.submission->envelope;
            assert_true(edge_uuid_equal(envelope->id, telling->notice.id));
            assert_int_equal(envelope->sender.len, 0);
            assert_int_equal(envelope->recipient_count, 1);
            assert_true(edge_span_equal(envelope->recipients[0].address, edge_span_of("a@client.example")));
            assert_int_equal(envelope->size, strlen(memory.text));
            assert_int_equal(envelope->needs, 0);
            assert_true(has("To: <a@client.example>\r\n"));
            assert_true(has("Final-Recipient: rfc822; nobody@server.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
            assert_true(has("Content-Type: message/rfc822\r\nContent-Description: Your message\r\n"
                            "Content-Transfer-Encoding: 7bit\r\n\r\n" ORIGINAL "\r\n--=_"));
            assert_int_equal(telling->hop->from.rewinds, 1);
            hop_free(telling->hop);
        }
    }
}

static void only_headers(void **state) {
    (void)state;
    telling_t *telling = make(ORIGINAL);
    telling->notice.report.return_most = 10;
    telling->hop->from.step = 3;
    tell(telling);
    assert_true(telling->notice.stored);
    assert_true(has("text/rfc822-headers"));
    assert_true(has("References: <1@client.example>\r\n"));
    assert_false(has("The body."));
    hop_free(telling->hop);
}

/* Larger than what is done in one go, so that others have their turn. */
static void a_large_original(void **state) {
    (void)state;
    enum { SIZE = 300000 };
    telling_t *telling = make("");
    char *text = apr_palloc(telling->hop->pool, SIZE + 1);
    memcpy(text, "A: b\r\n\r\n", 8);
    for (unsigned i = 8; i < SIZE; i++) {
        text[i] = i % 60 == 58 ? '\r' : i % 60 == 59 ? '\n' : 'x';
    }
    text[SIZE] = '\0';
    telling->hop->from.text = edge_span(text, SIZE);
    telling->hop->envelope.size = SIZE;
    telling->hop->from.step = 5000;
    tell(telling);
    assert_true(telling->notice.stored);
    const char *found = strstr(memory.text, "\r\nA: b\r\n\r\n");
    assert_non_null(found);
    assert_memory_equal(found + 2, text, SIZE);
    hop_free(telling->hop);
}

/* The sender learns what happened in any case. */
static void an_original_that_cannot_be_read(void **state) {
    (void)state;
    telling_t *telling = make(ORIGINAL);
    telling->hop->from.breaks = 14;
    tell(telling);
    assert_true(telling->notice.stored);
    assert_true(has("Action: failed\r\n"));
    assert_false(has("Content-Type: message/rfc822"));
    assert_false(has("Subject: x"));
    hop_free(telling->hop);
    telling = make(ORIGINAL);
    telling->hop->from.stuck = true;
    tell(telling);
    assert_true(telling->notice.stored);
    assert_false(has("The body."));
    hop_free(telling->hop);
}

static edge_source_state_t (*look)(edge_source_t *source, edge_span_t *bytes);
static edge_source_state_t look_once(edge_source_t *source, edge_span_t *bytes) {
    hop_source_t *from = EDGE_CONTAINER(source, hop_source_t, source);
    return from->rewinds > 0 && from->at >= 7 ? EDGE_SOURCE_BROKEN : look(source, bytes);
}

/* Good once, broken the second time: half a report is none. */
static void an_original_that_breaks_while_it_is_copied(void **state) {
    (void)state;
    telling_t *telling = make(ORIGINAL);
    edge_source_kind_t kind = *telling->hop->from.source.kind;
    look = kind.look;
    kind.look = look_once;
    telling->hop->from.source.kind = &kind;
    tell(telling);
    assert_false(telling->notice.stored);
    assert_int_equal(memory.abandoned, 1);
    assert_null(memory.submission);
    hop_free(telling->hop);
}

static void a_queue_without_room(void **state) {
    (void)state;
    telling_t *telling = make(ORIGINAL);
    memory.outcome = EDGE_OUTCOME_NO_ROOM;
    tell(telling);
    assert_false(telling->notice.stored);
    hop_free(telling->hop);
}

static void beyond_ascii(void **state) {
    (void)state;
    telling_t *telling = make("Subject: J\xc3\xb6rg\r\n\r\n");
    telling->hop->envelope.needs = EDGE_CARRIES_SMTPUTF8;
    telling->hop->envelope.sender = edge_span_of("j\xc3\xb6@client.example");
    tell(telling);
    assert_int_equal(memory.submission->envelope->needs, EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8);
    assert_true(has("Content-Type: message/global\r\n"));
    hop_free(telling->hop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report),
        cmocka_unit_test(only_headers),
        cmocka_unit_test(a_large_original),
        cmocka_unit_test(an_original_that_cannot_be_read),
        cmocka_unit_test(an_original_that_breaks_while_it_is_copied),
        cmocka_unit_test(a_queue_without_room),
        cmocka_unit_test(beyond_ascii),
    };
    return cmocka_run_group_tests(tests, hop_start, hop_stop);
}
