/* The header fields put in front of a message: Received, and what is missing. */
#include "proto/trace.h"
#include "edge_clock.h"
#include "edge_obj.h"
#include "edge_utf8.h"

#define COLUMNS 77       /* folded before a line gets longer */
#define NAME_MOST 255    /* octets of a host name (RFC 5321 4.5.3.1.2), of an address literal too */
#define ADDRESS_MOST 330 /* 64 + "@" + 255, with some room for quotes */
#define WORD_MOST 48     /* protocol, TLS version, cipher */

typedef struct writer {
    char *out;
    size_t len;
    size_t column;
} writer_t;

static void put(writer_t *writer, const char *text, size_t len) {
    memcpy(writer->out + writer->len, text, len);
    writer->len += len;
    writer->column += len;
}

static void put_string(writer_t *writer, const char *text) { put(writer, text, strlen(text)); }

static void end_line(writer_t *writer) {
    put(writer, "\r\n", 2);
    writer->column = 0;
}

static void fold(writer_t *writer) {
    end_line(writer);
    put(writer, "\t", 1);
    writer->column = 8;
}

/* A word of a field, after a blank or a fold. */
static void put_word(writer_t *writer, edge_span_t word) {
    if (writer->column + 1 + word.len > COLUMNS) {
        fold(writer);
    } else {
        put(writer, " ", 1);
    }
    put(writer, word.at, word.len);
}

/* What may stand in a word outside quotes and comments: atoms (RFC 5322 3.2.3), dots, and what address literals need.
 * Characters beyond ASCII stay when they are whole (RFC 6532). */
static bool is_safe(unsigned char c) { return c > ' ' && c < 0x7f && strchr("()<>,;\\\"@", c) == NULL; }

/* A cleaned copy of at most `most` octets; each other octet becomes "?". */
static edge_span_t clean(edge_span_t from, char *into, size_t most) {
    size_t len = 0;
    while (from.len > 0) {
        size_t step = edge_utf8_len(from);
        bool whole = step > 1 || (step == 1 && is_safe((unsigned char)from.at[0]));
        size_t eaten = whole ? step : 1;
        if (len + eaten > most) {
            break;
        }
        memcpy(into + len, whole ? from.at : "?", eaten);
        len += eaten;
        from = edge_span_after(from, eaten);
    }
    return edge_span(into, len);
}

/* Whether the text can stand as an address: quotes are balanced, and outside of them nothing but words and "@". */
static bool is_address(edge_span_t text) {
    bool quoted = false;
    if (text.len == 0 || text.len > ADDRESS_MOST || !edge_utf8_valid(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < ' ' || c == 0x7f) {
            return false;
        }
        if (c == '"') {
            quoted = !quoted;
        } else if (quoted && c == '\\') {
            i++; /* the octet behind it is text; a control byte there is caught as it would be in front */
            if (i == text.len || (unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f) {
                return false;
            }
        } else if (!quoted && c < 0x80 && c != '@' && !is_safe(c)) {
            return false;
        }
    }
    return !quoted;
}

static edge_span_t clean_name(edge_span_t name, char into[NAME_MOST]) {
    edge_span_t cleaned = clean(name, into, NAME_MOST);
    return cleaned.len > 0 ? cleaned : edge_span("unknown", 7);
}

/* "([192.0.2.7])", "([IPv6:2001:db8::1])" (RFC 5321 4.1.3) */
static void put_literal(writer_t *writer, edge_span_t ip) {
    char text[WORD_MOST], word[WORD_MOST + 16];
    edge_span_t cleaned = clean(ip, text, sizeof text);
    writer_t literal = {word, 0, 0};
    if (cleaned.len == 0) {
        return;
    }
    put_string(&literal, memchr(cleaned.at, ':', cleaned.len) != NULL ? "([IPv6:" : "([");
    put(&literal, cleaned.at, cleaned.len);
    put_string(&literal, "])");
    put_word(writer, edge_span(word, literal.len));
}

static void put_tls(writer_t *writer, const edge_client_facts_t *client) {
    char text[WORD_MOST], word[WORD_MOST + 2];
    edge_span_t version = clean(client->tls_version, text, sizeof text);
    writer_t part = {word, 0, 0};
    bool has_cipher = client->tls_cipher.len > 0;
    if (version.len == 0) {
        return;
    }
    put_string(&part, "(");
    put(&part, version.at, version.len);
    put_string(&part, has_cipher ? "" : ")");
    put_word(writer, edge_span(word, part.len));
    if (has_cipher) {
        edge_span_t cipher = clean(client->tls_cipher, word, WORD_MOST);
        word[cipher.len] = ')';
        put_word(writer, edge_span(word, cipher.len + 1));
    }
}

/* With one recipient only: with several it would tell each of the others (RFC 5321 7.6). */
static void put_for(writer_t *writer, const edge_envelope_t *envelope) {
    char word[ADDRESS_MOST + 8];
    writer_t part = {word, 0, 0};
    if (envelope->recipient_count != 1 || !is_address(envelope->recipients[0].address)) {
        return;
    }
    put_string(&part, "for <");
    put(&part, envelope->recipients[0].address.at, envelope->recipients[0].address.len);
    put_string(&part, ">");
    put_word(writer, edge_span(word, part.len));
}

static void put_received(writer_t *writer, const edge_envelope_t *envelope) {
    const edge_client_facts_t *client = &envelope->client;
    char text[NAME_MOST], id[EDGE_UUID_TEXT], date[EDGE_CLOCK_RFC5322_SIZE];
    put_string(writer, "Received: from");
    put_word(writer, clean_name(client->ehlo, text));
    put_literal(writer, client->ip);
    fold(writer);
    put_string(writer, "by");
    put_word(writer, clean_name(client->receiver, text));
    put_word(writer, edge_span("(edged)", 7));
    put_word(writer, edge_span("with", 4));
    put_word(writer, client->protocol.len > 0 ? clean(client->protocol, text, WORD_MOST) : edge_span("SMTP", 4));
    put_tls(writer, client);
    fold(writer);
    put_string(writer, "id");
    edge_uuid_format(envelope->id, id);
    put_word(writer, edge_span_of(id));
    put_for(writer, envelope);
    put_string(writer, ";");
    fold(writer);
    edge_clock_rfc5322(envelope->received, date);
    put_string(writer, date);
    end_line(writer);
}

static void put_from(writer_t *writer, edge_span_t sender) {
    if (is_address(sender)) {
        put_string(writer, "From:");
        put_word(writer, sender);
        end_line(writer);
    }
}

static void put_date(writer_t *writer, apr_time_t received) {
    char date[EDGE_CLOCK_RFC5322_SIZE];
    edge_clock_rfc5322(received, date);
    put_string(writer, "Date: ");
    put_string(writer, date);
    end_line(writer);
}

static void put_message_id(writer_t *writer, const edge_envelope_t *envelope) {
    char text[NAME_MOST], id[EDGE_UUID_TEXT], word[NAME_MOST + EDGE_UUID_TEXT + 3];
    writer_t part = {word, 0, 0};
    edge_span_t receiver = clean_name(envelope->client.receiver, text);
    edge_uuid_format(envelope->id, id);
    put_string(&part, "<");
    put_string(&part, id);
    put_string(&part, "@");
    put(&part, receiver.at, receiver.len);
    put_string(&part, ">");
    put_string(writer, "Message-Id:");
    put_word(writer, edge_span(word, part.len));
    end_line(writer);
}

size_t edge_trace_write(const edge_envelope_t *envelope, unsigned add, char *out, size_t size) {
    writer_t writer = {out, 0, 0};
    EDGE_ASSERT(size >= EDGE_TRACE_MOST);
    put_received(&writer, envelope);
    if ((add & EDGE_TRACE_FROM) != 0) {
        put_from(&writer, envelope->sender);
    }
    if ((add & EDGE_TRACE_DATE) != 0) {
        put_date(&writer, envelope->received);
    }
    if ((add & EDGE_TRACE_MESSAGE_ID) != 0) {
        put_message_id(&writer, envelope);
    }
    if ((add & EDGE_TRACE_BLANK) != 0) {
        end_line(&writer);
    }
    return writer.len;
}
