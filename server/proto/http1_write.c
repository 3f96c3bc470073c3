/* Heads of HTTP/1 messages as bytes. */
#include "proto/http1_write.h"

typedef struct writer {
    char *out;
    size_t size;
    size_t len; /* of the whole, written or not */
} writer_t;

static void put_char(writer_t *writer, char c) {
    if (writer->len < writer->size) {
        writer->out[writer->len] = c;
    }
    writer->len++;
}

static void put(writer_t *writer, edge_span_t text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        put_char(writer, c < ' ' || c == 0x7f ? ' ' : (char)c);
    }
}

static void put_string(writer_t *writer, const char *text) { put(writer, edge_span_of(text)); }

static void end_line(writer_t *writer) {
    put_char(writer, '\r');
    put_char(writer, '\n');
}

static void put_fields(writer_t *writer, const edge_http1_field_t *fields, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        put(writer, fields[i].name);
        put_string(writer, ": ");
        put(writer, fields[i].value);
        end_line(writer);
    }
    end_line(writer);
}

size_t edge_http1_write_response(unsigned minor, unsigned code, edge_span_t reason, const edge_http1_field_t *fields,
                                 unsigned count, char *out, size_t size) {
    writer_t writer = {out, size, 0};
    put_string(&writer, minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ");
    put_char(&writer, (char)('0' + code / 100 % 10));
    put_char(&writer, (char)('0' + code / 10 % 10));
    put_char(&writer, (char)('0' + code % 10));
    put_char(&writer, ' ');
    put(&writer, reason.at != NULL ? reason : edge_span_of(edge_http1_reason(code)));
    end_line(&writer);
    put_fields(&writer, fields, count);
    return writer.len;
}

size_t edge_http1_write_request(edge_span_t method, edge_span_t target, const edge_http1_field_t *fields,
                                unsigned count, char *out, size_t size) {
    writer_t writer = {out, size, 0};
    put(&writer, method);
    put_char(&writer, ' ');
    put(&writer, target);
    put_string(&writer, " HTTP/1.1");
    end_line(&writer);
    put_fields(&writer, fields, count);
    return writer.len;
}

static const struct {
    unsigned code;
    const char *phrase;
} phrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *edge_http1_reason(unsigned code) {
    static const char *const classes[] = {"Informational", "Successful", "Redirection", "Client Error", "Server Error"};
    for (size_t i = 0; i < EDGE_COUNT(phrases); i++) {
        if (phrases[i].code == code) {
            return phrases[i].phrase;
        }
    }
    return code >= 100 && code < 600 ? classes[code / 100 - 1] : "Unknown";
}
