/* The fields that every answer has, and whole answers for requests that nobody can serve. */
#include "admin.h"

#include <stdio.h>

#include "edge_json.h"
#include "proto/http1_write.h"

/* Nothing but our own files runs in a page of ours, and no page of others can show, embed or read one. */
static const char *const rows[][2] = {
    {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
                                "form-action 'self'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
};

unsigned admin_fields_put(edge_http1_field_t *fields, bool tls) {
    unsigned count = 0;
    for (; count < EDGE_COUNT(rows); count++)
        fields[count] = (edge_http1_field_t){edge_span_of(rows[count][0]), edge_span_of(rows[count][1])};
    if (tls)
        fields[count++] =
            (edge_http1_field_t){edge_span_of("Strict-Transport-Security"), edge_span_of("max-age=31536000")};
    return count;
}

size_t admin_fields_refusal(unsigned status, const char *code, const char *detail, bool tls, char *out, size_t size) {
    char document[1024], length[24];
    edge_http1_field_t fields[ADMIN_OWN_FIELDS_MOST + 4];
    edge_json_t json;
    edge_json_start_fixed(&json, document, sizeof(document));
    edge_json_object(&json);
    edge_json_put_string(&json, "type", "about:blank");
    edge_json_put_string(&json, "title", edge_http1_reason(status));
    edge_json_put_number(&json, "status", status);
    edge_json_put_string(&json, "detail", detail);
    edge_json_put_string(&json, "code", code);
    edge_json_object_end(&json);
    snprintf(length, sizeof(length), "%zu", json.len);
    unsigned count = admin_fields_put(fields, tls);
    fields[count++] = (edge_http1_field_t){edge_span_of("Content-Type"), edge_span_of("application/problem+json")};
    fields[count++] = (edge_http1_field_t){edge_span_of("Content-Length"), edge_span_of(length)};
    fields[count++] = (edge_http1_field_t){edge_span_of("Cache-Control"), edge_span_of("no-store")};
    fields[count++] = (edge_http1_field_t){edge_span_of("Connection"), edge_span_of("close")};
    size_t len = edge_http1_write_response(1, status, EDGE_NO_SPAN, fields, count, out, size);
    if (json.overflow || len + json.len > size)
        return 0;
    memcpy(out + len, document, json.len);
    return len + json.len;
}
