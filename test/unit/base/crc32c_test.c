/* Tests of server/base/crc32c.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_codec.h"

#include <stdlib.h>

/* The definition, a bit at a time. */
static uint32_t by_definition(uint32_t crc, const unsigned char *at, size_t len) {
    crc = ~crc;
    while (len-- > 0) {
        crc ^= *at++;
        for (int i = 0; i < 8; i++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
        }
    }
    return ~crc;
}

/* RFC 3720 B.4, and the check value of the CRC catalogues. */
static void vectors(void **state) {
    unsigned char data[32];
    (void)state;
    assert_int_equal(edge_crc32c(0, "", 0), 0);
    assert_int_equal(edge_crc32c(0, "123456789", 9), 0xe3069283U);
    memset(data, 0, sizeof data);
    assert_int_equal(edge_crc32c(0, data, sizeof data), 0x8a9136aaU);
    memset(data, 0xff, sizeof data);
    assert_int_equal(edge_crc32c(0, data, sizeof data), 0x62a8ab43U);
    for (unsigned i = 0; i < 32; i++) {
        data[i] = (unsigned char)i;
    }
    assert_int_equal(edge_crc32c(0, data, sizeof data), 0x46dd794eU);
}

static void all_ways_agree(void **state) {
    static unsigned char data[20000];
    static const size_t lens[] = {0, 1, 7, 8, 9, 63, 1023, 3071, 3072, 3073, 6144, 9999, 19993};
    (void)state;
    srand(1);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (unsigned char)rand();
    }
    for (size_t i = 0; i < EDGE_COUNT(lens); i++) {
        for (size_t skip = 0; skip < 8; skip += 3) {
            uint32_t expected = by_definition(0x1234, data + skip, lens[i]);
            assert_int_equal(edge_crc32c(0x1234, data + skip, lens[i]), expected);
            assert_int_equal(edge_crc32c_by_table(0x1234, data + skip, lens[i]), expected);
        }
    }
}

static void goes_on_where_it_stopped(void **state) {
    static unsigned char data[9000];
    (void)state;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (unsigned char)(i * 31);
    }
    uint32_t whole = edge_crc32c(0, data, sizeof data);
    for (size_t cut = 0; cut <= sizeof data; cut += 777) {
        assert_int_equal(edge_crc32c(edge_crc32c(0, data, cut), data + cut, sizeof data - cut), whole);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(all_ways_agree),
        cmocka_unit_test(goes_on_where_it_stopped),
    };
    return cmocka_run_group_tests_name("base/crc32c", tests, NULL, NULL);
}
