/* CRC32C: the processor's instruction where there is one, else a table. */
#include "edge_codec.h"

#include <pthread.h>

#define POLYNOMIAL 0x82f63b78U /* Castagnoli, reflected */

/* Slicing by eight for the table; two tables that shift a CRC over a stripe of zeros for the instruction. */
#define STRIPE 1024
static uint32_t slice[8][256];
static uint32_t shift_one[4][256], shift_two[4][256];
static bool have_instruction;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t load32(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t by_table(uint32_t crc, const unsigned char *at, size_t len) {
    while (len >= 8) {
        uint32_t low = crc ^ load32(at), high = load32(at + 4);
        crc = slice[7][low & 255] ^ slice[6][low >> 8 & 255] ^ slice[5][low >> 16 & 255] ^ slice[4][low >> 24] ^
              slice[3][high & 255] ^ slice[2][high >> 8 & 255] ^ slice[1][high >> 16 & 255] ^ slice[0][high >> 24];
        at += 8;
        len -= 8;
    }
    while (len-- > 0) {
        crc = crc >> 8 ^ slice[0][(crc ^ *at++) & 255];
    }
    return crc;
}

static void make_slices(void) {
    for (unsigned i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        }
        slice[0][i] = crc;
    }
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned k = 1; k < 8; k++) {
            slice[k][i] = slice[k - 1][i] >> 8 ^ slice[0][slice[k - 1][i] & 255];
        }
    }
}

/* The CRC is linear: what `zeros` zero bytes do to it is known from what they do to each of its bits. */
static void make_shift(uint32_t table[4][256], size_t zeros) {
    static const unsigned char nothing[STRIPE * 2];
    uint32_t bits[32];
    for (unsigned i = 0; i < 32; i++) {
        bits[i] = by_table(UINT32_C(1) << i, nothing, zeros);
    }
    for (unsigned byte = 0; byte < 4; byte++) {
        for (unsigned value = 0; value < 256; value++) {
            uint32_t sum = 0;
            for (unsigned i = 0; i < 8; i++) {
                sum ^= value >> i & 1 ? bits[byte * 8 + i] : 0;
            }
            table[byte][value] = sum;
        }
    }
}

#if defined(__x86_64__)

static uint32_t shift(uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^ table[3][crc >> 24];
}

static uint64_t load64(const unsigned char *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* The instruction takes three cycles and one can start each cycle: three stripes run side by side. */
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *at, size_t len) {
    uint64_t a = crc;
    while (len >= 3 * STRIPE) {
        uint64_t b = 0, c = 0;
        for (size_t i = 0; i < STRIPE; i += 8) {
            a = __builtin_ia32_crc32di(a, load64(at + i));
            b = __builtin_ia32_crc32di(b, load64(at + STRIPE + i));
            c = __builtin_ia32_crc32di(c, load64(at + 2 * STRIPE + i));
        }
        a = shift(shift_two, (uint32_t)a) ^ shift(shift_one, (uint32_t)b) ^ c;
        at += 3 * STRIPE;
        len -= 3 * STRIPE;
    }
    for (; len >= 8; at += 8, len -= 8) {
        a = __builtin_ia32_crc32di(a, load64(at));
    }
    for (; len > 0; at++, len--) {
        a = __builtin_ia32_crc32qi((uint32_t)a, *at);
    }
    return (uint32_t)a;
}

static bool look_for_instruction(void) { return __builtin_cpu_supports("sse4.2"); }

#else

static uint32_t by_instruction(uint32_t crc, const unsigned char *at, size_t len) { return by_table(crc, at, len); }
static bool look_for_instruction(void) { return false; }

#endif

static void prepare(void) {
    make_slices();
    make_shift(shift_one, STRIPE);
    make_shift(shift_two, 2 * STRIPE);
    have_instruction = look_for_instruction();
}

uint32_t edge_crc32c(uint32_t crc, const void *data, size_t len) {
    pthread_once(&once, prepare);
    return ~(have_instruction ? by_instruction(~crc, data, len) : by_table(~crc, data, len));
}

uint32_t edge_crc32c_by_table(uint32_t crc, const void *data, size_t len) {
    pthread_once(&once, prepare);
    return ~by_table(~crc, data, len);
}
