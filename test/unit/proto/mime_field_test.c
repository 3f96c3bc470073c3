/* Content-Type and Content-Transfer-Encoding as they are written, and as they should not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/mime_field.h"

static void types(void **state) {
    (void)state;
    static const struct {
        const char *value;
        edge_mime_type_t type;
        const char *boundary;
    } cases[] = {
        {" text/plain; charset=utf-8", EDGE_MIME_TEXT, ""},
        {" TEXT / html", EDGE_MIME_TEXT, ""},
        {" application/octet-stream; boundary=x", EDGE_MIME_OTHER, "x"},
        {"", EDGE_MIME_OTHER, ""},
        {" ;;;", EDGE_MIME_OTHER, ""},
        {" multipart/mixed; boundary=abc", EDGE_MIME_MULTIPART, "abc"},
        {" multipart/mixed;\r\n\tboundary=\"a b c\"; x=y", EDGE_MIME_MULTIPART, "a b c"},
        {" (who (inner \\) one)) multipart/mixed (a;b) ; (c) boundary (d) = (e) abc (f)", EDGE_MIME_MULTIPART, "abc"},
        {" multipart/mixed; charset=\"a;boundary=no\"; BOUNDARY=\"q\\\"x\"", EDGE_MIME_MULTIPART, "q\"x"},
        {" multipart/mixed; boundary=\"abc ", EDGE_MIME_MULTIPART, "abc"},
        {" multipart/mixed; boundary=\"\"", EDGE_MIME_MULTIPART, ""},
        {" multipart/mixed; boundary", EDGE_MIME_MULTIPART, ""},
        {" multipart/mixed; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         EDGE_MIME_MULTIPART, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {" multipart/mixed; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
         EDGE_MIME_MULTIPART, ""},
        {" multipart/digest; boundary=d", EDGE_MIME_DIGEST, "d"},
        {" multipart/signed; boundary=s", EDGE_MIME_SEALED, "s"},
        {" Multipart/Encrypted; boundary=s", EDGE_MIME_SEALED, "s"},
        {" message/rfc822", EDGE_MIME_MESSAGE, ""},
        {" message/partial; id=1", EDGE_MIME_FRAGMENT, ""},
        {" message/external-body", EDGE_MIME_FRAGMENT, ""},
        {" message/global", EDGE_MIME_OTHER, ""},
        {" message/delivery-status", EDGE_MIME_OTHER, ""},
        {" (never closed multipart/mixed", EDGE_MIME_OTHER, ""},
        {" mul(ends in \\", EDGE_MIME_OTHER, ""},
        {" multipart/mixed; boundary=\"ends in \\", EDGE_MIME_MULTIPART, "ends in \\"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++) {
        edge_mime_content_t content;
        edge_mime_content_read(edge_span_of(cases[i].value), &content);
        assert_int_equal(content.type, cases[i].type);
        assert_string_equal(content.boundary, cases[i].boundary);
    }
}

static void encodings(void **state) {
    (void)state;
    static const struct {
        const char *value;
        edge_mime_encoding_t encoding;
    } cases[] = {
        {"", EDGE_MIME_7BIT},           {" 7bit", EDGE_MIME_7BIT},
        {" 8BIT", EDGE_MIME_8BIT},      {" (x) 8bit (y)", EDGE_MIME_8BIT},
        {"binary", EDGE_MIME_BINARY},   {" quoted-printable", EDGE_MIME_ENCODED},
        {" base64", EDGE_MIME_ENCODED}, {" x-uuencode", EDGE_MIME_ENCODED},
        {" 8bits", EDGE_MIME_ENCODED},
    };
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++)
        assert_int_equal(edge_mime_encoding_read(edge_span_of(cases[i].value)), cases[i].encoding);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(types), cmocka_unit_test(encodings)};
    return cmocka_run_group_tests_name("mime_field", tests, NULL, NULL);
}
