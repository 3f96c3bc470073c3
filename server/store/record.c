/* Records, headers and footers of a segment, written and read as octets. */
#include "store/record.h"
#include "edge_codec.h"
#include "edge_obj.h"

#define RECORD_MAGIC 0xed9eU
#define RECORD_VERSION 1
#define STATE_LAYOUT 1
#define STATE_GIVEN_UP 1 /* a bit of the octet behind the state; records of before have none */
#define STATE_HEAD 24u
#define STATE_RECIPIENT 12u
#define NO_REPLY 0xffffffffU
static const char segment_magic[8] = "EDGESEG1", trailer_magic[8] = "EDGEFOOT";

static void put16(char *at, uint32_t value) {
    at[0] = (char)(value & 255);
    at[1] = (char)(value >> 8 & 255);
}
static void put32(char *at, uint32_t value) {
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}
static void put64(char *at, uint64_t value) {
    put32(at, (uint32_t)value);
    put32(at + 4, (uint32_t)(value >> 32));
}
static uint32_t get16(const char *at) { return (uint32_t)(uint8_t)at[0] | (uint32_t)(uint8_t)at[1] << 8; }
static uint32_t get32(const char *at) { return get16(at) | get16(at + 2) << 16; }
static uint64_t get64(const char *at) { return get32(at) | (uint64_t)get32(at + 4) << 32; }

void edge_record_write(const edge_record_t *record, uint32_t salt, char out[EDGE_RECORD_SIZE]) {
    put16(out, RECORD_MAGIC);
    out[2] = RECORD_VERSION;
    out[3] = (char)record->type;
    put32(out + 4, record->segment);
    put32(out + 8, (uint32_t)(record->offset / EDGE_RECORD_ALIGN));
    put32(out + 12, (uint32_t)(record->batch / EDGE_RECORD_ALIGN));
    put32(out + 16, record->change);
    memcpy(out + 20, record->id.bytes, 16);
    put64(out + 36, record->body_len);
    put32(out + 44, record->head_len);
    put32(out + 48, record->prelude_len);
    put32(out + 52, record->head_crc);
    put32(out + 56, record->body_crc);
    put32(out + 60, edge_crc32c(salt, out, 60));
}

bool edge_record_read(const char in[EDGE_RECORD_SIZE], uint32_t number, uint32_t salt, uint64_t offset,
                      edge_record_t *record) {
    if (get16(in) != RECORD_MAGIC || in[2] != RECORD_VERSION || get32(in + 4) != number ||
        get32(in + 8) != offset / EDGE_RECORD_ALIGN || get32(in + 60) != edge_crc32c(salt, in, 60)) {
        return false;
    }
    record->type = (edge_record_type_t)in[3];
    record->segment = number;
    record->offset = offset;
    record->batch = (uint64_t)get32(in + 12) * EDGE_RECORD_ALIGN;
    record->change = get32(in + 16);
    memcpy(record->id.bytes, in + 20, 16);
    record->body_len = get64(in + 36);
    record->head_len = get32(in + 44);
    record->prelude_len = get32(in + 48);
    record->head_crc = get32(in + 52);
    record->body_crc = get32(in + 56);
    return record->type >= EDGE_RECORD_MESSAGE && record->type <= EDGE_RECORD_DONE && record->batch <= offset &&
           record->prelude_len <= record->head_len && record->body_len <= INT64_MAX / 2;
}

void edge_record_write_head(const edge_segment_head_t *head, char out[EDGE_SEGMENT_HEAD]) {
    memset(out, 0, EDGE_SEGMENT_HEAD);
    memcpy(out, segment_magic, sizeof segment_magic);
    put32(out + 8, head->number);
    put32(out + 12, head->salt);
    put64(out + 16, head->size);
    put64(out + 24, (uint64_t)head->made);
    put32(out + 60, edge_crc32c(0, out, 60));
}

bool edge_record_read_head(const char in[EDGE_SEGMENT_HEAD], edge_segment_head_t *head) {
    if (memcmp(in, segment_magic, sizeof segment_magic) != 0 || get32(in + 60) != edge_crc32c(0, in, 60)) {
        return false;
    }
    head->number = get32(in + 8);
    head->salt = get32(in + 12);
    head->size = get64(in + 16);
    head->made = (apr_time_t)get64(in + 24);
    return true;
}

void edge_record_write_entry(const edge_footer_entry_t *entry, char out[EDGE_FOOTER_ENTRY]) {
    memcpy(out, entry->id.bytes, 16);
    put32(out + 16, (uint32_t)(entry->offset / EDGE_RECORD_ALIGN));
    put32(out + 20, (uint32_t)(entry->length / EDGE_RECORD_ALIGN));
    put64(out + 24, entry->size);
    put32(out + 32, entry->change);
    out[36] = (char)entry->type;
    out[37] = (char)entry->state;
    put16(out + 38, 0);
    put64(out + 40, (uint64_t)entry->next);
}

bool edge_record_read_entry(const char in[EDGE_FOOTER_ENTRY], edge_footer_entry_t *entry) {
    memcpy(entry->id.bytes, in, 16);
    entry->offset = (uint64_t)get32(in + 16) * EDGE_RECORD_ALIGN;
    entry->length = (uint64_t)get32(in + 20) * EDGE_RECORD_ALIGN;
    entry->size = get64(in + 24);
    entry->change = get32(in + 32);
    entry->type = (edge_record_type_t)in[36];
    entry->state = (edge_message_state_t)in[37];
    entry->next = (apr_time_t)get64(in + 40);
    return entry->type >= EDGE_RECORD_MESSAGE && entry->type <= EDGE_RECORD_REGION &&
           (unsigned)in[37] <= EDGE_MESSAGE_DAMAGED;
}

void edge_record_write_trailer(const edge_segment_trailer_t *trailer, uint32_t salt, char out[64]) {
    memset(out, 0, 64);
    memcpy(out, trailer_magic, sizeof trailer_magic);
    put32(out + 8, trailer->number);
    put32(out + 12, trailer->count);
    put64(out + 16, trailer->tail);
    put64(out + 24, trailer->entries);
    put32(out + 32, trailer->entries_crc);
    put32(out + 60, edge_crc32c(salt, out, 60));
}

bool edge_record_read_trailer(const char in[64], uint32_t number, uint32_t salt, edge_segment_trailer_t *trailer) {
    if (memcmp(in, trailer_magic, sizeof trailer_magic) != 0 || get32(in + 8) != number ||
        get32(in + 60) != edge_crc32c(salt, in, 60)) {
        return false;
    }
    trailer->number = number;
    trailer->count = get32(in + 12);
    trailer->tail = get64(in + 16);
    trailer->entries = get64(in + 24);
    trailer->entries_crc = get32(in + 32);
    return true;
}

/* The state: layout, state, attempts, next attempt, number of recipients; for each its state, attempts and last reply. */

size_t edge_record_state_size(const edge_envelope_t *envelope) {
    size_t size = STATE_HEAD;
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        size += STATE_RECIPIENT + envelope->recipients[i].last_reply.len;
    }
    return size;
}

void edge_record_write_state(const edge_envelope_t *envelope, edge_message_state_t state, char *out) {
    memset(out, 0, STATE_HEAD);
    out[0] = STATE_LAYOUT;
    out[1] = (char)state;
    out[2] = envelope->given_up ? STATE_GIVEN_UP : 0;
    put32(out + 4, envelope->attempts);
    put64(out + 8, (uint64_t)envelope->next_attempt);
    put32(out + 16, envelope->recipient_count);
    out += STATE_HEAD;
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        const edge_recipient_t *recipient = &envelope->recipients[i];
        put32(out, (uint32_t)recipient->state);
        put32(out + 4, recipient->attempts);
        put32(out + 8, recipient->last_reply.at == NULL ? NO_REPLY : (uint32_t)recipient->last_reply.len);
        out += STATE_RECIPIENT;
        if (recipient->last_reply.len > 0) {
            memcpy(out, recipient->last_reply.at, recipient->last_reply.len);
            out += recipient->last_reply.len;
        }
    }
}

static bool read_recipient(edge_span_t *in, apr_pool_t *pool, edge_recipient_t *recipient) {
    if (in->len < STATE_RECIPIENT || get32(in->at) > EDGE_RECIPIENT_FAILED) {
        return false;
    }
    uint32_t reply = get32(in->at + 8);
    recipient->state = (edge_recipient_state_t)get32(in->at);
    recipient->attempts = get32(in->at + 4);
    *in = edge_span_after(*in, STATE_RECIPIENT);
    if (reply == NO_REPLY) {
        return true;
    }
    if (reply > in->len) {
        return false;
    }
    recipient->last_reply = edge_span_copy(pool, edge_span(in->at, reply));
    *in = edge_span_after(*in, reply);
    return true;
}

bool edge_record_read_state(edge_span_t in, apr_pool_t *pool, edge_envelope_t *envelope, edge_message_state_t *state,
                            apr_time_t *next) {
    if (in.len < STATE_HEAD || in.at[0] != STATE_LAYOUT || (uint8_t)in.at[1] > EDGE_MESSAGE_HELD) {
        return false;
    }
    *state = (edge_message_state_t)in.at[1];
    *next = (apr_time_t)get64(in.at + 8);
    if (envelope == NULL) {
        return true;
    }
    if (get32(in.at + 16) != envelope->recipient_count) {
        return false;
    }
    envelope->attempts = get32(in.at + 4);
    envelope->next_attempt = *next;
    envelope->given_up = (in.at[2] & STATE_GIVEN_UP) != 0;
    in = edge_span_after(in, STATE_HEAD);
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        if (!read_recipient(&in, pool, &envelope->recipients[i])) {
            return false;
        }
    }
    return true;
}
