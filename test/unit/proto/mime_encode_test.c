/* Quoted-printable and base 64 as they come out, with lines that are just long enough and too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/mime_encode.h"

static char room[4096];
static edge_mime_encode_t encode;

static int set_up(void **state) {
    (void)state;
    encode = (edge_mime_encode_t){.at = room};
    edge_mime_encode_begin(&encode);
    return 0;
}

static void is_written(const char *expected) {
    assert_int_equal(encode.len, strlen(expected));
    assert_memory_equal(room, expected, encode.len);
    set_up(NULL);
}

/* '\n' is the end of a line of text. */
static void quote(const char *text) {
    for (; *text; text++)
        if (*text == '\n')
            edge_mime_quote_line(&encode);
        else
            edge_mime_quote_octet(&encode, *text);
    edge_mime_quote_end(&encode);
}

static void quoted(void **state) {
    (void)state;
    quote("plain text, \xc3\xa4 and =\n");
    is_written("plain text, =C3=A4 and =3D\r\n");
    quote("blank at the end \ntab too\t\n inside\tstays\n \n");
    is_written("blank at the end=20\r\ntab too=09\r\n inside\tstays\r\n=20\r\n");
    quote("no line end ");
    is_written("no line end=20");
    quote("\x01\x7f\r");
    is_written("=01=7F=0D");
    quote("\n\n");
    is_written("\r\n\r\n");
}

#define SEVENTY "1234567890123456789012345678901234567890123456789012345678901234567890"

static void long_lines(void **state) {
    (void)state;
    quote(SEVENTY "12345\n");
    is_written(SEVENTY "12345\r\n");
    quote(SEVENTY "123456\n");
    is_written(SEVENTY "12345=\r\n6\r\n");
    quote(SEVENTY "12\xe4\n");
    is_written(SEVENTY "12=E4\r\n");
    quote(SEVENTY "123\xe4\n");
    is_written(SEVENTY "123=\r\n=E4\r\n");
    quote(SEVENTY "12345--boundary\n--boundary\n"); /* no break makes a boundary */
    is_written(SEVENTY "12345=\r\n=2D-boundary\r\n--boundary\r\n");
    quote(SEVENTY "1234 \n");
    is_written(SEVENTY "1234=\r\n=20\r\n");
}

static void base64(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        edge_mime_base64_octet(&encode, text[i]);
    edge_mime_base64_end(&encode);
}

static void in_base64(void **state) {
    (void)state;
    base64("", 0);
    is_written("");
    base64("f", 1);
    is_written("Zg==");
    base64("fo", 2);
    is_written("Zm8=");
    base64("foo", 3);
    is_written("Zm9v");
    base64("\0\xff\r\n", 4);
    is_written("AP8NCg==");
    char zeros[58] = "";
    char line[77];
    memset(line, 'A', 76);
    line[76] = '\0';
    base64(zeros, 57);
    is_written(line);
    char two[128];
    strcpy(two, line);
    strcat(two, "\r\nAA==");
    base64(zeros, 58);
    is_written(two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(quoted, set_up),
        cmocka_unit_test_setup(long_lines, set_up),
        cmocka_unit_test_setup(in_base64, set_up),
    };
    return cmocka_run_group_tests_name("mime_encode", tests, NULL, NULL);
}
