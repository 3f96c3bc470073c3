/* Reading what a name server has sent (RFC 1035 4). */
#include "proto/dns_message.h"

#define HEADER_SIZE 12
#define TYPE_CNAME 5
#define TYPE_SOA 6
#define CLASS_IN 1
#define RCODE_NO_NAME 3
#define POINTERS_MOST 64     /* of one name */
#define TTL_MOST 0x7fffffffu /* RFC 2181 8: a larger one is as none */

/* A place in the message; what goes wrong is remembered, and reads zeros from then on. */
typedef struct cursor {
    const uint8_t *start;
    size_t size, at;
    bool bad;
} cursor_t;

typedef struct entry {
    edge_dns_name_t owner;
    bool odd; /* the owner is no name in plain form */
    uint16_t type, class;
    uint32_t ttl;
    size_t data, size; /* where its data is */
} entry_t;

static unsigned octet(cursor_t *cursor) {
    if (cursor->bad || cursor->at >= cursor->size) {
        cursor->bad = true;
        return 0;
    }
    return cursor->start[cursor->at++];
}

static unsigned pair(cursor_t *cursor) {
    unsigned high = octet(cursor);
    return high << 8 | octet(cursor);
}

static uint32_t number(cursor_t *cursor) {
    uint32_t high = pair(cursor);
    return high << 16 | pair(cursor);
}

static uint32_t ttl_of(cursor_t *cursor) {
    uint32_t ttl = number(cursor);
    return ttl > TTL_MOST ? 0 : ttl;
}

/* One label into `name`; octets that would not be told apart in text make the name odd. */
static void take_label(cursor_t *cursor, unsigned size, edge_dns_name_t *name, bool *odd) {
    bool fits = name->len + (name->len > 0) + size <= EDGE_DNS_NAME_MOST;
    cursor->bad |= !fits;
    if (fits && name->len > 0)
        name->text[name->len++] = '.';
    for (unsigned i = 0; i < size && !cursor->bad; i++) {
        unsigned value = octet(cursor);
        *odd |= value <= ' ' || value >= 0x7f || value == '\\' || value == '.';
        name->text[name->len++] = (char)(value >= 'A' && value <= 'Z' ? value - 'A' + 'a' : value);
    }
}

/* A name, compressed or not (RFC 1035 4.1.4); the cursor stands behind it. True: it is in plain form. */
static bool take_name(cursor_t *cursor, edge_dns_name_t *name) {
    size_t behind = 0;
    bool odd = false;
    unsigned pointers = 0;
    name->len = 0;
    for (unsigned size; (size = octet(cursor)) != 0 && !cursor->bad;) {
        if (size < 0x40) {
            take_label(cursor, size, name, &odd);
            continue;
        }
        unsigned target = (size & 0x3fu) << 8 | octet(cursor);
        if (behind == 0)
            behind = cursor->at;
        /* A pointer leads to what came before; else it could lead to itself. */
        cursor->bad |= size < 0xc0 || ++pointers > POINTERS_MOST || target + 2 >= cursor->at;
        cursor->at = target;
    }
    name->text[name->len] = '\0';
    if (behind != 0)
        cursor->at = behind;
    return !odd && !cursor->bad;
}

static bool take_entry(cursor_t *cursor, entry_t *entry) {
    entry->odd = !take_name(cursor, &entry->owner);
    entry->type = (uint16_t)pair(cursor);
    entry->class = (uint16_t)pair(cursor);
    entry->ttl = ttl_of(cursor);
    entry->size = pair(cursor);
    entry->data = cursor->at;
    if (cursor->bad || entry->size > cursor->size - cursor->at) {
        cursor->bad = true;
        return false;
    }
    cursor->at += entry->size;
    return true;
}

static bool entry_is(const entry_t *entry, unsigned type, const edge_dns_name_t *owner) {
    return entry->type == type && entry->class == CLASS_IN && !entry->odd && entry->owner.len == owner->len &&
           memcmp(entry->owner.text, owner->text, owner->len) == 0;
}

/* The data of an entry, which may point anywhere before it, but reaches no further than its own end. */
static cursor_t data_of(const cursor_t *message, const entry_t *entry) {
    cursor_t data = {message->start, entry->data + entry->size, entry->data, false};
    return data;
}

static bool keep_text(edge_dns_reading_t *reading, edge_dns_record_t *record, const char *text, size_t len) {
    if (len + 1 > sizeof(reading->texts) - reading->texts_len)
        return false;
    char *to = reading->texts + reading->texts_len;
    if (len > 0)
        memcpy(to, text, len);
    to[len] = '\0';
    reading->texts_len += len + 1;
    record->text = edge_span(to, len);
    return true;
}

static bool read_name(cursor_t *data, edge_dns_reading_t *reading, edge_dns_record_t *record) {
    edge_dns_name_t name;
    return take_name(data, &name) && keep_text(reading, record, name.text, name.len);
}

static bool read_texts(cursor_t *data, edge_dns_reading_t *reading, edge_dns_record_t *record) {
    char joined[EDGE_DNS_TEXTS_MOST];
    size_t len = 0;
    while (data->at < data->size && !data->bad) {
        unsigned size = octet(data);
        data->bad |= size > data->size - data->at;
        if (data->bad || size > sizeof(joined) - len)
            return false;
        memcpy(joined + len, data->start + data->at, size);
        data->at += size;
        len += size;
    }
    return keep_text(reading, record, joined, len);
}

static bool read_address(cursor_t *data, unsigned size, edge_dns_record_t *record) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (data->size - data->at != size)
        return false;
    memcpy(record->address.bytes, mapped, sizeof(mapped));
    memcpy(record->address.bytes + 16 - size, data->start + data->at, size);
    return true;
}

/* False: the record is left out. */
static bool read_record(cursor_t data, edge_dns_type_t type, edge_dns_reading_t *reading, edge_dns_record_t *record) {
    memset(record, 0, sizeof(*record));
    switch (type) {
    case EDGE_DNS_A: return read_address(&data, 4, record);
    case EDGE_DNS_AAAA: return read_address(&data, 16, record);
    case EDGE_DNS_MX: record->preference = (uint16_t)pair(&data); return read_name(&data, reading, record);
    case EDGE_DNS_PTR: return read_name(&data, reading, record);
    case EDGE_DNS_TXT: return read_texts(&data, reading, record);
    }
    return false;
}

/* Looks at the answers from the front. */
static entry_t *next_entry(cursor_t *answers, unsigned *left, entry_t *entry) {
    return (*left)-- > 0 && take_entry(answers, entry) ? entry : NULL;
}

/* The alias of `name`, which becomes what it stands for. False: it has none, or has records of its own. */
static bool follow(cursor_t answers, unsigned count, edge_dns_type_t type, edge_dns_name_t *name, uint32_t *ttl) {
    entry_t entry;
    edge_dns_name_t target;
    bool has = false;
    while (next_entry(&answers, &count, &entry)) {
        if (entry_is(&entry, type, name))
            return false;
        if (has || !entry_is(&entry, TYPE_CNAME, name))
            continue;
        cursor_t data = data_of(&answers, &entry);
        if (!take_name(&data, &target))
            continue;
        has = true;
        *ttl = entry.ttl < *ttl ? entry.ttl : *ttl;
    }
    if (has)
        *name = target;
    return has;
}

static void collect(cursor_t answers, unsigned count, edge_dns_type_t type, const edge_dns_name_t *name,
                    edge_dns_reading_t *reading) {
    entry_t entry;
    while (reading->count < EDGE_DNS_RECORDS_MOST && next_entry(&answers, &count, &entry)) {
        if (!entry_is(&entry, type, name) ||
            !read_record(data_of(&answers, &entry), type, reading, &reading->records[reading->count]))
            continue;
        reading->count++;
        reading->ttl = entry.ttl < reading->ttl ? entry.ttl : reading->ttl;
    }
}

/* How long a no may be kept: the lesser of the SOA's own time and its MINIMUM (RFC 2308 5). Without a SOA: not at all. */
static uint32_t ttl_of_no(cursor_t authority, unsigned count, uint32_t aliases) {
    entry_t entry;
    edge_dns_name_t skipped;
    while (next_entry(&authority, &count, &entry)) {
        if (entry.type != TYPE_SOA || entry.class != CLASS_IN)
            continue;
        cursor_t data = data_of(&authority, &entry);
        take_name(&data, &skipped);
        take_name(&data, &skipped);
        for (unsigned i = 0; i < 4; i++)
            number(&data); /* serial, refresh, retry, expire */
        uint32_t minimum = ttl_of(&data), least = entry.ttl < aliases ? entry.ttl : aliases;
        if (!data.bad)
            return minimum < least ? minimum : least;
    }
    return 0;
}

static void fail(edge_dns_reading_t *reading, const char *trouble) {
    reading->outcome = EDGE_DNS_FAILED;
    reading->trouble = trouble;
    reading->count = 0;
    reading->ttl = 0;
}

static const char *trouble_of(unsigned rcode) {
    switch (rcode) {
    case 1: return "the name server does not understand the question";
    case 2: return "the name server failed";
    case 4: return "the name server does not know this kind of question";
    case 5: return "the name server refused";
    default: return "the name server reported an error";
    }
}

/* The counts of the header, and the question, which must be ours. False: the reading has failed. */
static bool read_front(cursor_t *message, edge_dns_type_t type, const edge_dns_name_t *name, unsigned counts[4],
                       unsigned *rcode, edge_dns_reading_t *reading) {
    pair(message); /* the id was looked at by whoever received it */
    unsigned flags = pair(message);
    for (unsigned i = 0; i < 4; i++)
        counts[i] = pair(message);
    *rcode = flags & 15u;
    bool is_answer = !message->bad && (flags & 0x8000u) && (flags & 0x7800u) == 0;
    if (is_answer && *rcode != 0 && *rcode != RCODE_NO_NAME) {
        fail(reading, trouble_of(*rcode));
        return false;
    }
    edge_dns_name_t asked;
    bool plain = is_answer && counts[0] == 1 && take_name(message, &asked);
    if (!plain || asked.len != name->len || memcmp(asked.text, name->text, name->len) != 0 ||
        pair(message) != (unsigned)type || pair(message) != CLASS_IN || message->bad) {
        fail(reading, "what came answers another question, or none");
        return false;
    }
    return true;
}

void edge_dns_message_read(edge_span_t octets, edge_dns_type_t type, const edge_dns_name_t *name,
                           edge_dns_reading_t *reading) {
    cursor_t answers = {(const uint8_t *)octets.at, octets.len, 0, false};
    unsigned counts[4], rcode, aliases = 0;
    uint32_t ttl = TTL_MOST;
    edge_dns_name_t current = *name;
    entry_t entry;

    reading->trouble = "";
    reading->count = 0;
    reading->texts_len = 0;
    if (!read_front(&answers, type, name, counts, &rcode, reading))
        return;
    bool cut = counts[1] > EDGE_DNS_MESSAGE_ENTRIES_MOST;
    if (cut)
        counts[1] = EDGE_DNS_MESSAGE_ENTRIES_MOST;
    cursor_t authority = answers;
    for (unsigned left = counts[1]; next_entry(&authority, &left, &entry);)
        ;
    if (authority.bad) {
        fail(reading, "the answer is malformed");
        return;
    }
    while (follow(answers, counts[1], type, &current, &ttl)) {
        if (++aliases > EDGE_DNS_MESSAGE_ALIASES_MOST) {
            fail(reading, "a loop of CNAMEs, or too many");
            return;
        }
    }
    reading->ttl = ttl;
    collect(answers, counts[1], type, &current, reading);
    reading->outcome = reading->count > 0       ? EDGE_DNS_FOUND
                       : rcode == RCODE_NO_NAME ? EDGE_DNS_NO_NAME
                                                : EDGE_DNS_NO_DATA;
    if (reading->count == 0)
        reading->ttl = cut ? 0 : ttl_of_no(authority, counts[2], ttl);
}
