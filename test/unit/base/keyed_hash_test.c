/* The keyed hash gives what other implementations give, and another thing for another key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge_keyed_hash.h"

/* The key is octets 0 to 15, the text octets 0 to length - 1; results as octets. */
static const struct {
    size_t length;
    const char *result;
} known[] = {
    {0, "a3817f04ba25a8e66df67214c7550293"},  {1, "da87c1d86b99af44347659119b22fc45"},
    {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},  {8, "3b62a9ba6258f5610f83e264f31497b4"},
    {15, "5493e99933b0a8117e08ec0f97cfc3d9"}, {16, "6ee2a4ca67b054bbfd3315bf85230577"},
    {63, "5150d1772f50834a503e069a973fbd7c"},
};

static edge_keyed_hash_t counted_key(void) { return (edge_keyed_hash_t){{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}}; }

static void as_hex(edge_keyed_hash_t hash, char out[33]) {
    for (unsigned i = 0; i < 16; i++)
        snprintf(out + (size_t)i * 2, 3, "%02x", (unsigned)(hash.bits[i / 8] >> (i % 8 * 8) & 0xff));
}

static void known_results(void **state) {
    char text[64], hex[33];
    (void)state;
    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    for (unsigned i = 0; i < EDGE_COUNT(known); i++) {
        as_hex(edge_keyed_hash(counted_key(), edge_span(text, known[i].length)), hex);
        assert_string_equal(hex, known[i].result);
    }
}

static void key_and_text_both_count(void **state) {
    edge_keyed_hash_t key = counted_key(), other = key;
    (void)state;
    other.bits[1] ^= 1;
    edge_keyed_hash_t first = edge_keyed_hash(key, edge_span_of("a"));
    assert_memory_not_equal(&first, (&(edge_keyed_hash_t[]){edge_keyed_hash(other, edge_span_of("a"))}[0]),
                            sizeof(first));
    assert_memory_not_equal(&first, (&(edge_keyed_hash_t[]){edge_keyed_hash(key, edge_span("a", 2))}[0]),
                            sizeof(first));
    /* A NUL at the end is not the same as none, and no octets may be an absent span. */
    edge_keyed_hash_t none = edge_keyed_hash(key, EDGE_NO_SPAN), empty = edge_keyed_hash(key, edge_span_of(""));
    assert_memory_equal(&none, &empty, sizeof(none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_results),
        cmocka_unit_test(key_and_text_both_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
