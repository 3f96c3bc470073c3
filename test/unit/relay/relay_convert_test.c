/* Messages surveyed and converted from a source that gives a little at a time, waits and breaks: what goes, and how much of it. */
#include "../../../modules/relay/relay_convert.h"
#include "../relay_discard/hop_fixture.h"

#include <apr_strings.h>
#include <stdio.h>

#define EIGHT EDGE_CARRIES_8BITMIME
#define BINARY EDGE_CARRIES_BINARYMIME
#define UTF8 EDGE_CARRIES_SMTPUTF8

#define MIME "MIME-Version: 1.0\r\n"
#define TEXT MIME "Content-Type: text/plain; charset=utf-8\r\n"

static hop_t *hop;
static char made[2][600000];

static int start(void **state) {
    (void)state;
    hop = hop_make(NULL, NULL, "");
    return 0;
}

static int end(void **state) {
    (void)state;
    hop_free(hop);
    return 0;
}

static void nothing(void *owner) { (void)owner; }

static void wait_for_source(void) {
    while (hop->from.waiting)
        edge_loop_turn(hop_worker, -1);
}

static relay_convert_t *begin(edge_span_t text, uint32_t needs, uint32_t lacks) {
    hop->from.text = text;
    hop->from.source.size = text.len;
    hop->from.at = 0;
    hop->from.source.ready = nothing;
    hop->envelope.needs = needs;
    return relay_convert_make(&hop->delivery, lacks);
}

static relay_survey_t survey(relay_convert_t *convert) {
    relay_survey_t said;
    while ((said = relay_convert_survey(convert)) == RELAY_SURVEY_MORE || said == RELAY_SURVEY_WAIT)
        wait_for_source();
    return said;
}

static relay_convert_t *surveyed(edge_span_t text, uint32_t needs, uint32_t lacks) {
    relay_convert_t *convert = begin(text, needs, lacks);
    assert_int_equal(survey(convert), RELAY_SURVEY_OVER);
    convert->source.ready = nothing;
    return convert;
}

/* All that the source gives, or `most` octets; eaten in pieces that have nothing to do with those it shows. */
static size_t read_all(relay_convert_t *convert, char *into, size_t most) {
    size_t len = 0, piece = 1;
    edge_span_t bytes;
    edge_source_state_t state;
    while (len < most && (state = edge_source_look(&convert->source, &bytes)) != EDGE_SOURCE_END) {
        assert_int_not_equal(state, EDGE_SOURCE_BROKEN);
        if (state == EDGE_SOURCE_WAIT) {
            wait_for_source();
            continue;
        }
        size_t eaten = bytes.len < piece ? bytes.len : piece;
        assert_true(len + eaten <= sizeof(made[0]));
        memcpy(into + len, bytes.at, eaten);
        edge_source_eat(&convert->source, eaten);
        len += eaten;
        piece = piece % 97 + 1;
    }
    return len;
}

static bool is_7bit(const char *octets, size_t len) {
    size_t line = 0;
    for (size_t i = 0; i < len; i++) {
        bool end_of_line = octets[i] == '\n' && i > 0 && octets[i - 1] == '\r';
        line = end_of_line ? 0 : line + 1;
        if ((unsigned char)octets[i] > 0x7f || octets[i] == '\0' || line > 999 || (octets[i] == '\n' && !end_of_line))
            return false;
    }
    return true;
}

/* What is said of its size is what comes, as often as it is read, however it is cut. */
static void comes_as_counted(edge_span_t text, uint32_t needs, uint32_t lacks) {
    static const size_t steps[] = {1, 2, 7, 998, 1002, 65536};
    for (unsigned i = 0; i < EDGE_COUNT(steps); i++) {
        hop->from.step = steps[i];
        hop->from.waits = i % 2 == 0 ? 101 : 0;
        relay_convert_t *convert = surveyed(text, needs, lacks);
        assert_true(convert->converts);
        read_all(convert, made[1], convert->source.size / 2); /* a next hop that was lost */
        wait_for_source();
        assert_true(edge_source_rewind(&convert->source));
        size_t len = read_all(convert, made[0], SIZE_MAX);
        assert_int_equal(convert->source.size, len);
        assert_true(edge_source_rewind(&convert->source));
        assert_int_equal(read_all(convert, made[1], SIZE_MAX), len);
        assert_memory_equal(made[0], made[1], len);
        assert_true(!(lacks & EIGHT) || is_7bit(made[0], len));
    }
}

static const char *filled(const char *head, char c, size_t count, const char *tail) {
    char *text = apr_palloc(hop->pool, strlen(head) + count + strlen(tail) + 1);
    strcpy(text, head);
    memset(text + strlen(head), c, count);
    strcpy(text + strlen(head) + count, tail);
    return text;
}

static void sizes(void **state) {
    const char *texts[] = {TEXT "\r\n\xc3\xa4",
                           TEXT "\r\n\xc3\xa4 \r\n",
                           "Subject: x\r\n\r\nwithout MIME, much of it ASCII \xc3\xa4\r\n.\r\n..\r\n-- \r\n",
                           TEXT "\r\nmostly text, and a CR at the end \xc3\xa4\r",
                           MIME "Content-Type: application/x\r\n\r\n\xe4",
                           MIME "Content-Type: application/x\r\n\r\n\xe4\xe4\r\n",
                           MIME "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                                "--b\r\n\r\n\xe4\r\n--b\r\nContent-Type: image/x\r\n\r\n\xe4\r\n--b--\r\n.\r\n",
                           MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\xe4",
                           filled(MIME "Content-Type: image/x\r\n\r\n", '\xe4', 998, "\r\n"),
                           filled(TEXT "\r\n", 'x', 997, "\xe4\r\n"),
                           filled(MIME "Content-Type: image/x\r\n\r\n", '\xe4', 56, ""),
                           filled(MIME "Content-Type: image/x\r\n\r\n", '\xe4', 57, ""),
                           filled(MIME "Content-Type: image/x\r\n\r\n", '\xe4', 58, "")};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++)
        comes_as_counted(edge_span_of(texts[i]), EIGHT, EIGHT);
}

/* Lines that no line of SMTP is as long as, NUL, CR and LF that stand alone; and more than is surveyed in one go. */
static void binary_sizes(void **state) {
    static char text[300000];
    size_t len = (size_t)snprintf(text, sizeof(text), "%s", MIME "Content-Type: application/x\r\n\r\n");
    (void)state;
    for (unsigned i = 0; len < sizeof(text); i++)
        text[len++] = (char)(i * i >> 3);
    comes_as_counted(edge_span(text, 5000), BINARY, BINARY | EIGHT);
    comes_as_counted(edge_span(text, 5000), BINARY, BINARY);
    hop->from.step = 4096;
    relay_convert_t *convert = surveyed(edge_span(text, sizeof(text)), BINARY, BINARY | EIGHT);
    assert_int_equal(convert->source.size, read_all(convert, made[0], SIZE_MAX));
}

/* What is needed, of what was asked for */

static void needs(const char *text, uint32_t asked, uint32_t lacks, uint32_t left, bool converts) {
    relay_convert_t *convert = surveyed(edge_span_of(text), asked, lacks);
    assert_int_equal(convert->needs, left);
    assert_int_equal(convert->converts, converts);
    assert_null(convert->why);
    if (converts)
        return;
    assert_int_equal(convert->source.size, strlen(text));
    assert_int_equal(read_all(convert, made[0], SIZE_MAX), strlen(text));
    assert_memory_equal(made[0], text, strlen(text));
}

static void clients_ask_for_more_than_they_use(void **state) {
    (void)state;
    hop_to(hop, "one@server.example");
    needs("Subject: x\r\n\r\nASCII\r\n", EIGHT, EIGHT, 0, false);
    needs("Subject: x\r\n\r\nASCII\r\n", BINARY | EIGHT | UTF8, BINARY | EIGHT | UTF8, 0, false);
    needs("", BINARY, BINARY, 0, false);
    needs(TEXT "\r\n\xc3\xa4\r\n", BINARY, BINARY, EIGHT, false);
    needs(TEXT "\r\n\xc3\xa4\r\n", EIGHT, EIGHT, 0, true);
    needs(TEXT "\r\na\nb\r\n", BINARY, BINARY, 0, true);
    needs(TEXT "\r\n\xc3\xa4\nb\r\n", BINARY, BINARY | EIGHT, 0, true);
    needs("Subject: x\r\n\r\nASCII\r\n", UTF8 | EDGE_CARRIES_REQUIRETLS, UTF8, EDGE_CARRIES_REQUIRETLS, false);
    needs("Subject: \xc3\xa4\r\n\r\n", UTF8, UTF8, UTF8, false);
}

static void addresses_count_where_they_go(void **state) {
    static edge_parameter_t orcpt[] = {{EDGE_SPAN("ORCPT"), EDGE_SPAN("utf-8;\xc3\xa4@client.example")}};
    static const char text[] = "Subject: x\r\n\r\nASCII\r\n";
    (void)state;
    hop_to(hop, "one@server.example");
    edge_envelope_add(&hop->envelope, hop->pool, edge_span_of("\xc3\xa4@elsewhere.example"));
    needs(text, UTF8, UTF8, 0, false);
    hop->envelope.recipients[0].parameters = (edge_parameters_t){orcpt, 1};
    needs(text, UTF8, UTF8, UTF8, false);
    hop->envelope.recipients[0].parameters = (edge_parameters_t){0};
    hop->envelope.sender = edge_span_of("\xc3\xa4@client.example");
    needs(text, UTF8, UTF8, UTF8, false);
}

static void what_must_not_be_changed(void **state) {
    static const char text[] = MIME "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n\xe4\r\n--s--\r\n";
    (void)state;
    relay_convert_t *convert = surveyed(edge_span_of(text), EIGHT, EIGHT);
    assert_string_equal(convert->why, "a signed or encrypted part must not be changed");
    assert_false(convert->converts);
    assert_int_equal(convert->needs, EIGHT);
    assert_int_equal(convert->source.size, strlen(text));
    hop->envelope.sender = edge_span_of("");
    convert = surveyed(edge_span_of(text), EIGHT, EIGHT);
    assert_non_null(convert->why); /* somebody else's notice */
    hop->envelope.client.protocol = edge_span_of("DSN");
    comes_as_counted(edge_span_of(text), EIGHT, EIGHT);
}

/* Trouble */

static void cannot_be_read(void **state) {
    static const char text[] = TEXT "\r\n\xc3\xa4, which is to be converted\r\n";
    (void)state;
    for (size_t at = 0; at < strlen(text); at += 5) {
        hop->from.breaks = at;
        assert_int_equal(survey(begin(edge_span_of(text), EIGHT, EIGHT)), RELAY_SURVEY_BROKEN);
    }
    hop->from.breaks = SIZE_MAX;
    hop->from.stuck = true;
    assert_int_equal(survey(begin(edge_span_of(text), EIGHT, EIGHT)), RELAY_SURVEY_BROKEN);
}

/* It could be read once, and cannot while its octets are counted, or after that. */
static void cannot_be_read_again(void **state) {
    static const char text[] = TEXT "\r\n\xc3\xa4, which is to be converted\r\n";
    (void)state;
    for (unsigned stuck = 0; stuck < 2; stuck++) {
        relay_convert_t *convert = begin(edge_span_of(text), EIGHT, EIGHT);
        hop->from.rewinds = 0;
        while (hop->from.rewinds == 0)
            assert_int_equal(relay_convert_survey(convert), RELAY_SURVEY_MORE);
        hop->from.stuck = stuck;
        hop->from.breaks = stuck ? SIZE_MAX : 20;
        assert_int_equal(survey(convert), RELAY_SURVEY_BROKEN);
        hop->from.stuck = false;
        hop->from.breaks = SIZE_MAX;
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {TEST(sizes),
                                       TEST(binary_sizes),
                                       TEST(clients_ask_for_more_than_they_use),
                                       TEST(addresses_count_where_they_go),
                                       TEST(what_must_not_be_changed),
                                       TEST(cannot_be_read),
                                       TEST(cannot_be_read_again)};
    return cmocka_run_group_tests_name("relay_convert", tests, hop_start, hop_stop);
}
