/* Message ids (UUID version 7) and session ids. */
#include "edge_id.h"
#include "edge_obj.h"

#include <apr_general.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* A forked child must not use the random bytes its parent may have used: it counts itself a new life. */
static _Atomic unsigned life = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forked(void) { atomic_fetch_add(&life, 1); }
static void watch_forks(void) { pthread_atfork(NULL, NULL, forked); }

static void random_bytes(void *out, size_t len) {
    static _Thread_local unsigned char block[512];
    static _Thread_local size_t used = sizeof block;
    static _Thread_local unsigned block_life;

    pthread_once(&once, watch_forks);
    unsigned now = atomic_load_explicit(&life, memory_order_relaxed);
    if (used + len > sizeof block || block_life != now) {
        apr_status_t status = apr_generate_random_bytes(block, sizeof block);
        EDGE_ASSERT(status == APR_SUCCESS);
        used = 0;
        block_life = now;
    }
    memcpy(out, block + used, len);
    used += len;
}

edge_uuid_t edge_uuid_make(apr_time_t now) {
    edge_uuid_t id;
    uint64_t ms = (uint64_t)(now / 1000);
    /* RFC 9562 6.2 method 3: the bits behind the milliseconds carry the fraction, so ids sort by microsecond. */
    unsigned fraction = (unsigned)(now % 1000) * 4096 / 1000;

    for (unsigned i = 0; i < 6; i++) {
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    id.bytes[6] = (uint8_t)(0x70 | (fraction >> 8));
    id.bytes[7] = (uint8_t)fraction;
    random_bytes(id.bytes + 8, 8);
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

static bool dash_before(unsigned byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

void edge_uuid_format(edge_uuid_t id, char out[EDGE_UUID_TEXT]) {
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < sizeof id.bytes; i++) {
        if (dash_before(i)) {
            *out++ = '-';
        }
        *out++ = digits[id.bytes[i] >> 4];
        *out++ = digits[id.bytes[i] & 15];
    }
    *out = '\0';
}

static int digit_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool edge_uuid_parse(edge_span_t text, edge_uuid_t *id) {
    const char *at = text.at;
    edge_uuid_t parsed;
    if (text.len != EDGE_UUID_TEXT - 1) {
        return false;
    }
    for (unsigned i = 0; i < sizeof parsed.bytes; i++) {
        if (dash_before(i) && *at++ != '-') {
            return false;
        }
        int high = digit_value(at[0]), low = digit_value(at[1]);
        if (high < 0 || low < 0) {
            return false;
        }
        parsed.bytes[i] = (uint8_t)(high * 16 + low);
        at += 2;
    }
    *id = parsed;
    return true;
}

bool edge_uuid_equal(edge_uuid_t a, edge_uuid_t b) { return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0; }

/* 65 bits: 42 of milliseconds (until 2109), 8 of the process id, so that two generations of a child that live at
 * the same time differ, and 15 of a sequence: 32768 sessions in a millisecond before one could repeat. */
void edge_session_id_make(apr_time_t now, char out[EDGE_SESSION_ID_TEXT]) {
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    static _Atomic unsigned sequence;
    unsigned number = atomic_fetch_add_explicit(&sequence, 1, memory_order_relaxed) & 0x7fff;
    uint64_t ms = (uint64_t)(now / 1000) & ((UINT64_C(1) << 42) - 1);
    uint64_t low = (uint64_t)((unsigned)getpid() & 0xff) << 15 | number;

    /* ms << 23 | low has one bit more than a machine word: the top 40 bits of it make the first 8 characters. */
    uint64_t high = ms >> 2;
    low |= (ms & 3) << 23;
    for (unsigned i = 8; i-- > 0; high >>= 5) {
        out[i] = digits[high & 31];
    }
    for (unsigned i = EDGE_SESSION_ID_TEXT - 1; i-- > 8; low >>= 5) {
        out[i] = digits[low & 31];
    }
    out[EDGE_SESSION_ID_TEXT - 1] = '\0';
}
