/* Messages of many shapes: what they become, what they must not become, and that the way they are cut changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/mime_convert.h"

static edge_mime_convert_t convert;
static char made[1 << 20];
static size_t made_len;
static bool lossy;

static void take_out(void) {
    assert_true(convert.encode.len <= sizeof(convert.room));
    assert_true(made_len + convert.out.len < sizeof(made));
    if (convert.out.len > 0)
        memcpy(made + made_len, convert.out.at, convert.out.len);
    made_len += convert.out.len;
    made[made_len] = '\0';
}

static void feed(edge_span_t text, size_t step) {
    for (size_t at = 0; at < text.len;) {
        size_t len = text.len - at < step ? text.len - at : step;
        size_t eaten = edge_mime_convert_feed(&convert, edge_span(text.at + at, len));
        assert_true(eaten > 0 && eaten <= len);
        at += eaten;
        take_out();
    }
    edge_mime_convert_end(&convert);
    take_out();
}

static void survey(edge_span_t text, edge_mime_target_t target, size_t step) {
    made_len = 0;
    edge_mime_convert_begin(&convert, target, lossy);
    feed(text, step);
    assert_int_equal(made_len, 0);
}

static const size_t steps[] = {1, 2, 3, 7, 64, 1000, 100000};

static void becomes_of(edge_span_t text, edge_mime_target_t target, const char *expected) {
    for (unsigned i = 0; i < EDGE_COUNT(steps); i++) {
        survey(text, target, steps[i]);
        if (convert.why)
            print_message("%s\n", convert.why);
        assert_null(convert.why);
        edge_mime_convert_again(&convert);
        feed(text, steps[EDGE_COUNT(steps) - 1 - i]);
        assert_string_equal(made, expected);
    }
}

static void becomes(const char *text, const char *expected) {
    becomes_of(edge_span_of(text), EDGE_MIME_TO_7BIT, expected);
}

static void stays(const char *text) { becomes(text, text); }

static void fails_of(edge_span_t text, edge_mime_target_t target, const char *why) {
    for (unsigned i = 0; i < EDGE_COUNT(steps); i++) {
        survey(text, target, steps[i]);
        assert_non_null(convert.why);
        assert_string_equal(convert.why, why);
    }
}
static void fails(const char *text, const char *why) { fails_of(edge_span_of(text), EDGE_MIME_TO_7BIT, why); }

#define MIME "MIME-Version: 1.0\r\n"

static void nothing_to_do(void **state) {
    (void)state;
    stays("");
    stays("Subject: x\r\n");
    stays("Subject: x\r\n\r\n");
    stays("Subject: x\r\n\r\nbody\r\n");
    stays("Subject: x\r\n\r\nno line end");
    stays("\r\nno header\r\n");
    stays(MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\nA: "
               "b\r\n\r\ntwo\r\n--b--\r\npost\r\n");
    stays(MIME "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n");
    assert_false(convert.eight || convert.binary || convert.header_eight);
}

static void text_is_quoted(void **state) {
    (void)state;
    becomes(
        MIME "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nSubject: x\r\n\r\n"
             "A long enough line with \xc3\xa4 in it, and a = too\r\nblank \r\n.\r\n",
        MIME
        "Content-Type: text/plain; charset=utf-8\r\nSubject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "A long enough line with =C3=A4 in it, and a =3D too\r\nblank=20\r\n.\r\n");
    assert_true(convert.eight);
    assert_false(convert.header_eight);
    /* Nothing was said of it. */
    becomes("Subject: x\r\n\r\nA line with more than enough of ASCII in it: \xe4\r\n",
            "Subject: x\r\n" MIME "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            "A line with more than enough of ASCII in it: =E4\r\n");
    /* The field is folded, and stands there in another case. */
    becomes(MIME "content-transfer-encoding :\r\n\t8bit\r\nSubject: x\r\n\r\nMuch ASCII to begin with: \xe4\r\n",
            MIME "Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nMuch ASCII to begin with: =E4\r\n");
    becomes(MIME "\r\nMuch ASCII, and no line end: \xe4",
            MIME "Content-Transfer-Encoding: quoted-printable\r\n\r\nMuch ASCII, and no line end: =E4");
}

static void the_rest_is_base64(void **state) {
    (void)state;
    becomes(MIME "Content-Type: image/png\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xff\xfe\r\n",
            MIME "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n//4NCg==\r\n");
    becomes(MIME "Content-Type: text/plain; charset=koi8-r\r\n\r\n\xd0\xd2\xc9\xd7\xc5\xd4\r\n", MIME
            "Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n0NLJ18XUDQo=\r\n");
}

static void labels_only(void **state) {
    (void)state;
    becomes(MIME "Content-Transfer-Encoding: 8bit\r\n\r\nASCII\r\n",
            MIME "Content-Transfer-Encoding: 7bit\r\n\r\nASCII\r\n");
    becomes(MIME "Content-Transfer-Encoding: binary\r\n\r\nASCII\r\n",
            MIME "Content-Transfer-Encoding: 7bit\r\n\r\nASCII\r\n");
}

static void parts(void **state) {
    (void)state;
    becomes(
        MIME
        "Content-Type: multipart/mixed;\r\n boundary=\"b b\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\npreamble\r\n"
        "--b b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nOne, with enough of ASCII \xe4\r\n"
        "--b b \r\n\r\nTwo\r\n\r\n"
        "--b b\r\nContent-Type: application/x\r\n\r\n\xff\xff\xff\r\n"
        "--b b--\r\nepilogue\r\n",
        MIME
        "Content-Type: multipart/mixed;\r\n boundary=\"b b\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\npreamble\r\n"
        "--b b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nOne, with enough of "
        "ASCII =E4\r\n"
        "--b b \r\n\r\nTwo\r\n\r\n"
        "--b b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n////\r\n"
        "--b b--\r\nepilogue\r\n");
    /* A boundary inside of another, a part that has no body, one that has not even an empty line, and one that never ends. */
    becomes(
        MIME
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n"
        "--bb\r\n\r\n--bb\r\nContent-Type: image/x\r\n\r\n\xff\r\n--b\r\nA: b\r\n--b\r\n\r\nMuch of plain ASCII \xe4",
        MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
             "--b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n"
             "--bb\r\n\r\n--bb\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n/w==\r\n--b\r\nA: "
             "b\r\n--b\r\n"
             "Content-Transfer-Encoding: quoted-printable\r\n\r\nMuch of plain ASCII =E4");
    stays(MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n--bc\r\n--b "
               "x\r\n-b\r\n--b\r\n\r\nx\r\n--b-\r\n--b--x\r\n--b--\r\n");
}

static void messages_within(void **state) {
    (void)state;
    becomes(MIME "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                 "Subject: inner\r\n" MIME
                 "Content-Transfer-Encoding: 8bit\r\n\r\nInner text that is long enough \xe4\r\n",
            MIME "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
                 "Subject: inner\r\n" MIME
                 "Content-Transfer-Encoding: quoted-printable\r\n\r\nInner text that is long enough =E4\r\n");
    becomes(
        MIME
        "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: one\r\n\r\nLong enough a text \xe4\r\n"
        "--d\r\nContent-Type: text/plain\r\n\r\nSubject: two\r\n\r\nLong enough a text \xe4\r\n--d--\r\n",
        MIME "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: one\r\nContent-Transfer-Encoding: "
             "quoted-printable\r\n\r\nLong enough a text =E4\r\n--d\r\nContent-Type: "
             "text/plain\r\nContent-Transfer-Encoding: "
             "quoted-printable\r\n\r\nSubject: two\r\n\r\nLong enough a text =E4\r\n--d--\r\n");
    becomes(
        MIME "Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
             "Subject: \xc3\xa4\r\n\r\n\xc3\xa4\r\n",
        MIME
        "Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogw6QNCg0Kw6QNCg==\r\n");
}

static void must_not_be_touched(void **state) {
    (void)state;
    static const char *const sealed = "a signed or encrypted part must not be changed";
    fails(MIME "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n\xe4\r\n--s\r\n\r\nsig\r\n--s--\r\n",
          sealed);
    fails(
        MIME
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/encrypted; boundary=s\r\n\r\n"
        "--s\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n\xe4\r\n--x--\r\n--s--\r\n--m--\r\n",
        sealed);
    /* Beside it all may be done, and its own labels stay as they are. */
    becomes(
        MIME "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/signed; boundary=s\r\n"
             "Content-Transfer-Encoding: 8bit\r\n\r\n--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\nASCII\r\n--s--\r\n"
             "--m\r\n\r\nOutside of it, at length \xe4\r\n--m--\r\n",
        MIME "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/signed; boundary=s\r\n"
             "Content-Transfer-Encoding: 7bit\r\n\r\n--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\nASCII\r\n--s--\r\n"
             "--m\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nOutside of it, at length =E4\r\n--m--\r\n");
    fails("Subject: \xe4\r\n\r\nx\r\n", "a header has octets that cannot be encoded");
    fails(MIME "Content-Type: multipart/mixed; boundary=m\r\n\r\n\xe4\r\n--m\r\n\r\nx\r\n--m--\r\n",
          "text outside of its parts has octets that cannot be encoded");
    fails(MIME "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nx\r\n--m--\r\n\xe4",
          "text outside of its parts has octets that cannot be encoded");
    fails(MIME "Content-Transfer-Encoding: base64\r\n\r\n\xe4\r\n",
          "a part is not what its Content-Transfer-Encoding says");
    fails(MIME "Content-Type: multipart/mixed; boundary=m\r\nContent-Transfer-Encoding: "
               "base64\r\n\r\n--m\r\n\r\nx\r\n--m--\r\n",
          "a part that has parts is encoded itself");
    static const char *const fragment =
        "message/partial, message/external-body and a multipart without boundary must not be encoded";
    fails(MIME "Content-Type: message/partial\r\n\r\n\xe4\r\n", fragment);
    fails(MIME "Content-Type: multipart/mixed\r\n\r\n\xe4\r\n", fragment);
}

/* A notice of ours arrives, whatever it returns. */
static void whatever_it_is(void **state) {
    (void)state;
    lossy = true;
    becomes(MIME
            "Content-Type: multipart/report; boundary=r\r\n\r\n--r\r\nContent-Type: message/rfc822\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\nSubject: \xc3\xa4\r\n" MIME
            "Content-Type: multipart/signed; boundary=s\r\n\r\n\xe4\r\n--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            "Signed, at some length \xe4\r\n--s\r\nContent-Transfer-Encoding: base64\r\n\r\n\xe4\r\n--s--\r\n--r--\r\n",
            MIME
            "Content-Type: multipart/report; boundary=r\r\n\r\n--r\r\nContent-Type: message/rfc822\r\n"
            "Content-Transfer-Encoding: 7bit\r\n\r\nSubject: ??\r\n" MIME
            "Content-Type: multipart/signed; boundary=s\r\n\r\n?\r\n--s\r\nContent-Transfer-Encoding: "
            "quoted-printable\r\n\r\n"
            "Signed, at some length =E4\r\n--s\r\nContent-Transfer-Encoding: base64\r\n\r\n?\r\n--s--\r\n--r--\r\n");
    lossy = false;
}

static void too_much(void **state) {
    (void)state;
    static char text[300000];
    size_t len = (size_t)snprintf(text, sizeof(text), MIME "Content-Type: multipart/mixed; boundary=m\r\n\r\n");
    for (unsigned i = 0; i < EDGE_MIME_PARTS_MOST; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "--m\r\n\r\nASCII\r\n");
    becomes_of(edge_span(text, len), EDGE_MIME_TO_7BIT, text);
    snprintf(text + len, sizeof(text) - len, "--m\r\n\r\n\xe4\r\n--m--\r\n");
    fails(text, "it has too many parts");
    len = (size_t)snprintf(text, sizeof(text), MIME "Content-Type: multipart/mixed; boundary=x0\r\n\r\n");
    for (unsigned i = 1; i <= EDGE_MIME_DEPTH_MOST; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "--x%u\r\nContent-Type: multipart/mixed; boundary=x%u\r\n\r\n", i - 1, i);
    fails(text, "its parts are nested too deep");
    len = (size_t)snprintf(text, sizeof(text), MIME "Content-Type: text/plain; x=\"");
    memset(text + len, 'x', 3000);
    snprintf(text + len + 3000, 100, "\"\r\n\r\n\xe4\r\n");
    fails(text, "a Content-Type is too long");
}

static void binary(void **state) {
    (void)state;
    static const char content[] =
        MIME "Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\nc\r";
    static const char both[] =
        MIME "Content-Type: multipart/mixed; boundary=m\r\nContent-Transfer-Encoding: binary\r\n\r\n"
             "--m\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe4\r\n"
             "--m\r\nContent-Transfer-Encoding: binary\r\n\r\na\nb\r\n--m--\r\n";
    becomes_of(edge_span(content, sizeof(content) - 1), EDGE_MIME_TO_7BIT,
               MIME "Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBiCmMN\r\n");
    assert_true(convert.binary);
    becomes_of(edge_span(both, sizeof(both) - 1), EDGE_MIME_TO_8BIT,
               MIME "Content-Type: multipart/mixed; boundary=m\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                    "--m\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe4\r\n"
                    "--m\r\nContent-Transfer-Encoding: base64\r\n\r\nYQpi\r\n--m--\r\n");
    becomes_of(edge_span_of("Subject: \xe4\r\n\r\n\xe4\r\n"), EDGE_MIME_TO_8BIT, "Subject: \xe4\r\n\r\n\xe4\r\n");
    assert_true(convert.header_eight);
    fails_of(edge_span_of("A: b\nc\r\n\r\n"), EDGE_MIME_TO_8BIT, "a header has octets that cannot be encoded");
}

static void long_lines(void **state) {
    (void)state;
    static char text[20000], body[12000];
    for (size_t len = 990; len < 3100; len += len < 1010 ? 1 : 97) {
        memset(body, 'x', len);
        body[len] = '\0';
        snprintf(text, sizeof(text), MIME "Content-Transfer-Encoding: 8bit\r\n\r\n%s\r\nend\r\n", body);
        survey(edge_span_of(text), EDGE_MIME_TO_7BIT, 64);
        assert_null(convert.why);
        assert_int_equal(convert.binary, len > 998);
        edge_mime_convert_again(&convert);
        feed(edge_span_of(text), 100);
        const char *label = strstr(made, "Content-Transfer-Encoding: ") + 27;
        assert_int_equal(*label, len > 998 ? 'q' : '7');
        size_t count = 0;
        for (const char *at = strstr(made, "\r\n\r\n"); *at; at++)
            count += *at == 'x';
        assert_int_equal(count, len);
        for (char *line = strtok(made, "\r\n"); line && len > 998; line = strtok(NULL, "\r\n"))
            assert_true(strlen(line) <= 76);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_do),       cmocka_unit_test(text_is_quoted), cmocka_unit_test(the_rest_is_base64),
        cmocka_unit_test(labels_only),         cmocka_unit_test(parts),          cmocka_unit_test(messages_within),
        cmocka_unit_test(must_not_be_touched), cmocka_unit_test(too_much),       cmocka_unit_test(binary),
        cmocka_unit_test(long_lines),          cmocka_unit_test(whatever_it_is),
    };
    return cmocka_run_group_tests_name("mime_convert", tests, NULL, NULL);
}
