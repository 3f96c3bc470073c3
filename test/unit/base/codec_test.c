/* Tests of server/base/codec.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_codec.h"

static void encodes(const char *in, const char *expected) {
    char out[64];
    size_t len = edge_base64_encode(edge_span_of(in), out, sizeof out);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(out, expected, len);
}

/* RFC 4648 10 */
static void base64_vectors(void **state) {
    (void)state;
    encodes("", "");
    encodes("f", "Zg==");
    encodes("fo", "Zm8=");
    encodes("foo", "Zm9v");
    encodes("foob", "Zm9vYg==");
    encodes("fooba", "Zm9vYmE=");
    encodes("foobar", "Zm9vYmFy");
    encodes("\xfb\xff\xfe", "+//+");
}

static void every_length_comes_back(void **state) {
    char in[200], text[EDGE_BASE64_SIZE(200)], out[201];
    (void)state;
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (char)(i * 73 + 5);
    }
    for (size_t len = 0; len <= sizeof in; len++) {
        size_t back = 999, size = edge_base64_encode(edge_span(in, len), text, sizeof text);
        assert_true(edge_base64_decode(edge_span(text, size), out, sizeof out, &back));
        assert_int_equal(back, len);
        assert_memory_equal(in, out, len);
    }
}

static bool decodes(const char *text) {
    char out[64];
    size_t len;
    return edge_base64_decode(edge_span_of(text), out, sizeof out, &len);
}

static void refuses_what_is_not_exact(void **state) {
    (void)state;
    assert_true(decodes("Zg=="));
    assert_false(decodes("Zh=="));     /* unused bits set */
    assert_false(decodes("Zm9="));     /* the same, two bytes */
    assert_false(decodes("Zg="));      /* short */
    assert_false(decodes("Zg"));       /* no padding */
    assert_false(decodes("Zg==Zg==")); /* padding inside */
    assert_false(decodes("Z==="));
    assert_false(decodes("===="));
    assert_false(decodes("Z=g="));
    assert_false(decodes("Zm9v\n"));
    assert_false(decodes("Zm 9"));
    assert_false(decodes("Zm-_"));
    assert_false(decodes("Zm\xc3\xa4"));
}

static void hex(void **state) {
    char out[8];
    (void)state;
    edge_hex_encode(edge_span("\x00\x9f\xff\x10", 4), out, sizeof out);
    assert_memory_equal(out, "009fff10", 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(refuses_what_is_not_exact),
        cmocka_unit_test(hex),
    };
    return cmocka_run_group_tests_name("base/codec", tests, NULL, NULL);
}
