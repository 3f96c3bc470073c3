/* The envelope: its growing list of recipients, and its form as a record. */
#include "proto/envelope.h"
#include "edge_obj.h"

#define LAYOUT 1
#define VARINT_MOST 10

/* Tags are for ever: a number is never given a second meaning. */
typedef enum tag {
    TAG_ID = 1,
    TAG_RECEIVED = 2,
    TAG_SENDER = 3,
    TAG_SENDER_PARAMETER = 4, /* holds PARAMETER fields; repeated */
    TAG_RECIPIENT = 5,        /* holds RECIPIENT fields; repeated */
    TAG_SIZE = 6,
    TAG_NEEDS = 7,
    TAG_ATTEMPTS = 8,
    TAG_NEXT_ATTEMPT = 9,
    TAG_EXPIRES = 10,
    TAG_CLIENT_PROTOCOL = 16,
    TAG_CLIENT_EHLO = 17,
    TAG_CLIENT_IP = 18,
    TAG_CLIENT_PORT = 19,
    TAG_CLIENT_SECURITY = 20,
    TAG_CLIENT_TLS_VERSION = 21,
    TAG_CLIENT_TLS_CIPHER = 22,
    TAG_CLIENT_RECEIVER = 23,
    TAG_CLIENT_AUTH = 24,
    TAG_CLIENT_LISTENER = 25,
    TAG_CLIENT_SESSION = 26
} tag_t;
typedef enum recipient_tag {
    RECIPIENT_ADDRESS = 1,
    RECIPIENT_PARAMETER = 2, /* repeated */
    RECIPIENT_STATE = 3,
    RECIPIENT_ATTEMPTS = 4,
    RECIPIENT_LAST_REPLY = 5
} recipient_tag_t;
typedef enum parameter_tag { PARAMETER_NAME = 1, PARAMETER_VALUE = 2 } parameter_tag_t;

/* Single fields as rows: both directions walk the same table. An absent span and a zero are not written. */
typedef enum kind { KIND_TEXT, KIND_U16, KIND_U32, KIND_U64, KIND_TIME, KIND_STATE } kind_t;
typedef struct row {
    uint8_t tag;
    uint8_t kind;
    size_t slot;
} row_t;

#define ENVELOPE_ROW(tag, kind, member) \
    { tag, kind, offsetof(edge_envelope_t, member) }
static const row_t envelope_rows[] = {
    ENVELOPE_ROW(TAG_RECEIVED, KIND_TIME, received),
    ENVELOPE_ROW(TAG_SENDER, KIND_TEXT, sender),
    ENVELOPE_ROW(TAG_SIZE, KIND_U64, size),
    ENVELOPE_ROW(TAG_NEEDS, KIND_U32, needs),
    ENVELOPE_ROW(TAG_ATTEMPTS, KIND_U32, attempts),
    ENVELOPE_ROW(TAG_NEXT_ATTEMPT, KIND_TIME, next_attempt),
    ENVELOPE_ROW(TAG_EXPIRES, KIND_TIME, expires),
    ENVELOPE_ROW(TAG_CLIENT_PROTOCOL, KIND_TEXT, client.protocol),
    ENVELOPE_ROW(TAG_CLIENT_EHLO, KIND_TEXT, client.ehlo),
    ENVELOPE_ROW(TAG_CLIENT_IP, KIND_TEXT, client.ip),
    ENVELOPE_ROW(TAG_CLIENT_PORT, KIND_U16, client.port),
    ENVELOPE_ROW(TAG_CLIENT_SECURITY, KIND_TEXT, client.security),
    ENVELOPE_ROW(TAG_CLIENT_TLS_VERSION, KIND_TEXT, client.tls_version),
    ENVELOPE_ROW(TAG_CLIENT_TLS_CIPHER, KIND_TEXT, client.tls_cipher),
    ENVELOPE_ROW(TAG_CLIENT_RECEIVER, KIND_TEXT, client.receiver),
    ENVELOPE_ROW(TAG_CLIENT_AUTH, KIND_TEXT, client.auth),
    ENVELOPE_ROW(TAG_CLIENT_LISTENER, KIND_TEXT, client.listener),
    ENVELOPE_ROW(TAG_CLIENT_SESSION, KIND_TEXT, client.session),
};
#define RECIPIENT_ROW(tag, kind, member) \
    { tag, kind, offsetof(edge_recipient_t, member) }
static const row_t recipient_rows[] = {
    RECIPIENT_ROW(RECIPIENT_ADDRESS, KIND_TEXT, address),
    RECIPIENT_ROW(RECIPIENT_STATE, KIND_STATE, state),
    RECIPIENT_ROW(RECIPIENT_ATTEMPTS, KIND_U32, attempts),
    RECIPIENT_ROW(RECIPIENT_LAST_REPLY, KIND_TEXT, last_reply),
};
#define PARAMETER_ROW(tag, kind, member) \
    { tag, kind, offsetof(edge_parameter_t, member) }
static const row_t parameter_rows[] = {
    PARAMETER_ROW(PARAMETER_NAME, KIND_TEXT, name),
    PARAMETER_ROW(PARAMETER_VALUE, KIND_TEXT, value),
};

edge_recipient_t *edge_envelope_add(edge_envelope_t *envelope, apr_pool_t *pool, edge_span_t address) {
    if (envelope->recipient_count == envelope->recipient_room) {
        unsigned room = envelope->recipient_room == 0 ? 4 : envelope->recipient_room * 2;
        edge_recipient_t *grown = apr_palloc(pool, sizeof *grown * room);
        if (envelope->recipient_count > 0) {
            memcpy(grown, envelope->recipients, sizeof *grown * envelope->recipient_count);
        }
        envelope->recipients = grown;
        envelope->recipient_room = room;
    }
    edge_recipient_t *recipient = &envelope->recipients[envelope->recipient_count++];
    memset(recipient, 0, sizeof *recipient);
    recipient->address = edge_span_copy(pool, address);
    return recipient;
}

/* Writing. With `out` NULL a writer only counts, so the size and the bytes come from the same walk. */
typedef struct writer {
    char *out;
    size_t len;
} writer_t;

static void put(writer_t *writer, const void *bytes, size_t len) {
    if (writer->out != NULL && len > 0) {
        memcpy(writer->out + writer->len, bytes, len);
    }
    writer->len += len;
}

static size_t varint(uint64_t value, unsigned char out[VARINT_MOST]) {
    size_t len = 0;
    for (; value >= 0x80; value >>= 7) {
        out[len++] = (unsigned char)(value | 0x80);
    }
    out[len++] = (unsigned char)value;
    return len;
}

static void put_varint(writer_t *writer, uint64_t value) {
    unsigned char bytes[VARINT_MOST];
    put(writer, bytes, varint(value, bytes));
}

static void put_field(writer_t *writer, unsigned tag, const void *value, size_t len) {
    unsigned char octet = (unsigned char)tag;
    put(writer, &octet, 1);
    put_varint(writer, len);
    put(writer, value, len);
}

static void put_number(writer_t *writer, unsigned tag, uint64_t value) {
    unsigned char bytes[VARINT_MOST];
    if (value != 0) {
        put_field(writer, tag, bytes, varint(value, bytes));
    }
}

static void put_row(writer_t *writer, const row_t *row, const void *object) {
    const char *slot = (const char *)object + row->slot;
    edge_span_t text;
    switch ((kind_t)row->kind) {
    case KIND_TEXT:
        text = *(const edge_span_t *)(const void *)slot;
        if (text.at != NULL) {
            put_field(writer, row->tag, text.at, text.len);
        }
        break;
    case KIND_U16: put_number(writer, row->tag, *(const uint16_t *)(const void *)slot); break;
    case KIND_U32: put_number(writer, row->tag, *(const uint32_t *)(const void *)slot); break;
    case KIND_U64: put_number(writer, row->tag, *(const uint64_t *)(const void *)slot); break;
    case KIND_TIME: put_number(writer, row->tag, (uint64_t)(*(const apr_time_t *)(const void *)slot)); break;
    case KIND_STATE:
        put_number(writer, row->tag, (uint64_t)(*(const edge_recipient_state_t *)(const void *)slot));
        break;
    }
}

static void put_rows(writer_t *writer, const row_t *rows, size_t count, const void *object) {
    for (size_t i = 0; i < count; i++) {
        put_row(writer, &rows[i], object);
    }
}

/* A value that holds fields: it is counted first, since its length stands in front. */
static void put_nested(writer_t *writer, unsigned tag, void (*body)(writer_t *, const void *), const void *object) {
    writer_t counter = {NULL, 0};
    unsigned char octet = (unsigned char)tag;
    body(&counter, object);
    put(writer, &octet, 1);
    put_varint(writer, counter.len);
    body(writer, object);
}

static void put_parameter(writer_t *writer, const void *object) {
    put_rows(writer, parameter_rows, EDGE_COUNT(parameter_rows), object);
}

static void put_parameters(writer_t *writer, unsigned tag, const edge_parameters_t *parameters) {
    for (unsigned i = 0; i < parameters->count; i++) {
        put_nested(writer, tag, put_parameter, &parameters->list[i]);
    }
}

static void put_recipient(writer_t *writer, const void *object) {
    const edge_recipient_t *recipient = object;
    put_rows(writer, recipient_rows, EDGE_COUNT(recipient_rows), recipient);
    put_parameters(writer, RECIPIENT_PARAMETER, &recipient->parameters);
}

static void put_envelope(writer_t *writer, const edge_envelope_t *envelope) {
    unsigned char layout = LAYOUT;
    put(writer, &layout, 1);
    put_field(writer, TAG_ID, envelope->id.bytes, sizeof envelope->id.bytes);
    put_rows(writer, envelope_rows, EDGE_COUNT(envelope_rows), envelope);
    put_parameters(writer, TAG_SENDER_PARAMETER, &envelope->sender_parameters);
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        put_nested(writer, TAG_RECIPIENT, put_recipient, &envelope->recipients[i]);
    }
}

size_t edge_envelope_encoded_size(const edge_envelope_t *envelope) {
    writer_t counter = {NULL, 0};
    put_envelope(&counter, envelope);
    return counter.len;
}

size_t edge_envelope_encode(const edge_envelope_t *envelope, char *out, size_t size) {
    writer_t writer = {out, 0};
    EDGE_ASSERT(edge_envelope_encoded_size(envelope) <= size);
    put_envelope(&writer, envelope);
    return writer.len;
}

/* Reading. */
typedef struct field {
    unsigned tag;
    edge_span_t value;
} field_t;

/* In the shortest form only, so a record has one encoding. */
static bool take_varint(edge_span_t *from, uint64_t *value) {
    uint64_t sum = 0;
    for (size_t i = 0; i < from->len && i < VARINT_MOST; i++) {
        unsigned char octet = (unsigned char)from->at[i];
        if (i == VARINT_MOST - 1 && octet > 1) {
            return false;
        }
        sum |= (uint64_t)(octet & 0x7f) << (7 * i);
        if ((octet & 0x80) == 0) {
            *value = sum;
            *from = edge_span_after(*from, i + 1);
            return octet != 0 || i == 0;
        }
    }
    return false;
}

static bool take_field(edge_span_t *from, field_t *field) {
    uint64_t len;
    if (from->len == 0) {
        return false;
    }
    field->tag = (unsigned char)from->at[0];
    *from = edge_span_after(*from, 1);
    if (!take_varint(from, &len) || len > from->len) {
        return false;
    }
    field->value = edge_span(from->at, (size_t)len);
    *from = edge_span_after(*from, (size_t)len);
    return true;
}

static bool get_number(edge_span_t value, uint64_t most, uint64_t *number) {
    return take_varint(&value, number) && value.len == 0 && *number != 0 && *number <= most;
}

static const char *get_row(const row_t *row, edge_span_t value, void *object) {
    char *slot = (char *)object + row->slot;
    uint64_t number;
    static const uint64_t most[] = {
        [KIND_TEXT] = 0,         [KIND_U16] = UINT16_MAX, [KIND_U32] = UINT32_MAX,
        [KIND_U64] = UINT64_MAX, [KIND_TIME] = INT64_MAX, [KIND_STATE] = EDGE_RECIPIENT_FAILED};
    if (row->kind == KIND_TEXT) {
        *(edge_span_t *)(void *)slot = value;
        return NULL;
    }
    if (!get_number(value, most[row->kind], &number)) {
        return "a number is malformed or out of its range";
    }
    switch ((kind_t)row->kind) {
    case KIND_TEXT: break;
    case KIND_U16: *(uint16_t *)(void *)slot = (uint16_t)number; break;
    case KIND_U32: *(uint32_t *)(void *)slot = (uint32_t)number; break;
    case KIND_U64: *(uint64_t *)(void *)slot = number; break;
    case KIND_TIME: *(apr_time_t *)(void *)slot = (apr_time_t)number; break;
    case KIND_STATE: *(edge_recipient_state_t *)(void *)slot = (edge_recipient_state_t)number; break;
    }
    return NULL;
}

/* Single fields of `rows`; `seen` has a bit per row. A tag of no row is not looked at. */
static const char *get_single(const row_t *rows, size_t count, const field_t *field, uint32_t *seen, void *object) {
    for (size_t i = 0; i < count; i++) {
        if (rows[i].tag != field->tag) {
            continue;
        }
        if ((*seen & UINT32_C(1) << i) != 0) {
            return "a field is there twice";
        }
        *seen |= UINT32_C(1) << i;
        return get_row(&rows[i], field->value, object);
    }
    return NULL;
}

/* Fields of one tag, so that their array is made once in the right size; SIZE_MAX when a length is wrong. */
static size_t count_tag(edge_span_t record, unsigned tag) {
    size_t count = 0;
    field_t field;
    while (record.len > 0) {
        if (!take_field(&record, &field)) {
            return SIZE_MAX;
        }
        count += field.tag == tag;
    }
    return count;
}

static const char cut_short[] = "a field is longer than the record, or its length is malformed";

static const char *get_parameter(edge_span_t record, edge_parameter_t *parameter) {
    uint32_t seen = 0;
    field_t field;
    while (record.len > 0) {
        if (!take_field(&record, &field)) {
            return cut_short;
        }
        const char *wrong = get_single(parameter_rows, EDGE_COUNT(parameter_rows), &field, &seen, parameter);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return parameter->name.len == 0 ? "a parameter has no name" : NULL;
}

static const char *room_for_parameters(edge_span_t record, unsigned tag, apr_pool_t *pool,
                                       edge_parameters_t *parameters) {
    size_t count = count_tag(record, tag);
    if (count == SIZE_MAX) {
        return cut_short;
    }
    if (count > 0) {
        parameters->list = apr_pcalloc(pool, sizeof *parameters->list * count);
    }
    return NULL;
}

static const char *get_recipient(edge_span_t record, apr_pool_t *pool, edge_recipient_t *recipient) {
    uint32_t seen = 0;
    field_t field;
    const char *wrong = room_for_parameters(record, RECIPIENT_PARAMETER, pool, &recipient->parameters);
    while (wrong == NULL && take_field(&record, &field)) {
        if (field.tag == RECIPIENT_PARAMETER) {
            wrong = get_parameter(field.value, &recipient->parameters.list[recipient->parameters.count++]);
        } else {
            wrong = get_single(recipient_rows, EDGE_COUNT(recipient_rows), &field, &seen, recipient);
        }
    }
    if (wrong == NULL && recipient->address.len == 0) {
        wrong = "a recipient has no address";
    }
    return wrong;
}

static const char *get_id(edge_span_t value, bool *seen, edge_uuid_t *id) {
    if (*seen || value.len != sizeof id->bytes) {
        return "the id is there twice or has not 16 octets";
    }
    memcpy(id->bytes, value.at, value.len);
    *seen = true;
    return NULL;
}

static const char *get_envelope(edge_span_t record, apr_pool_t *pool, edge_envelope_t *envelope) {
    uint32_t seen = 0;
    bool has_id = false;
    field_t field;
    const char *wrong = room_for_parameters(record, TAG_SENDER_PARAMETER, pool, &envelope->sender_parameters);
    if (wrong != NULL) {
        return wrong;
    }
    envelope->recipient_room = (unsigned)count_tag(record, TAG_RECIPIENT);
    if (envelope->recipient_room > 0) {
        envelope->recipients = apr_pcalloc(pool, sizeof *envelope->recipients * envelope->recipient_room);
    }
    while (wrong == NULL && take_field(&record, &field)) {
        if (field.tag == TAG_ID) {
            wrong = get_id(field.value, &has_id, &envelope->id);
        } else if (field.tag == TAG_SENDER_PARAMETER) {
            wrong = get_parameter(field.value, &envelope->sender_parameters.list[envelope->sender_parameters.count++]);
        } else if (field.tag == TAG_RECIPIENT) {
            wrong = get_recipient(field.value, pool, &envelope->recipients[envelope->recipient_count++]);
        } else {
            wrong = get_single(envelope_rows, EDGE_COUNT(envelope_rows), &field, &seen, envelope);
        }
    }
    return wrong == NULL && !has_id ? "it has no id" : wrong;
}

const char *edge_envelope_decode(edge_span_t record, apr_pool_t *pool, edge_envelope_t *envelope) {
    memset(envelope, 0, sizeof *envelope);
    if (record.len == 0) {
        return "it is empty";
    }
    if (record.at[0] != LAYOUT) {
        return "its layout is of another version";
    }
    record = edge_span_after(edge_span_copy(pool, record), 1);
    const char *wrong = get_envelope(record, pool, envelope);
    if (wrong == NULL && envelope->sender.at == NULL) {
        envelope->sender = edge_span("", 0);
    }
    return wrong;
}
