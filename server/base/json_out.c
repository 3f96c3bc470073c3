/* Writing JSON (RFC 8259) that no input can break. */
#include "edge_json.h"
#include "edge_obj.h"
#include "edge_utf8.h"

#include <stdio.h>

#define DEPTH_MOST 30

static void reset(edge_json_t *json, apr_pool_t *pool, char *text, size_t size) {
    memset(json, 0, sizeof *json);
    json->pool = pool;
    json->text = text;
    json->size = size;
    if (size > 0) {
        text[0] = '\0';
    }
}

void edge_json_start(edge_json_t *json, apr_pool_t *pool, size_t size) {
    size = size < 64 ? 64 : size;
    reset(json, pool, apr_palloc(pool, size), size);
}

void edge_json_start_fixed(edge_json_t *json, char *buffer, size_t size) { reset(json, NULL, buffer, size); }

/* Room for `more` bytes and a NUL. The pool keeps the outgrown pieces: doubling bounds them by the final size. */
static bool reserve(edge_json_t *json, size_t more) {
    if (json->overflow) {
        return false;
    }
    if (json->len + more < json->size) {
        return true;
    }
    if (json->pool == NULL) {
        json->overflow = true;
        return false;
    }
    size_t size = json->size * 2;
    while (size <= json->len + more) {
        size *= 2;
    }
    char *text = apr_palloc(json->pool, size);
    memcpy(text, json->text, json->len + 1);
    json->text = text;
    json->size = size;
    return true;
}

static void put(edge_json_t *json, const char *text, size_t len) {
    if (reserve(json, len)) {
        memcpy(json->text + json->len, text, len);
        json->len += len;
        json->text[json->len] = '\0';
    }
}

/* Before every value and key: the comma that the place needs. */
static void separate(edge_json_t *json) {
    uint32_t bit = UINT32_C(1) << json->depth;
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth > 0 && (json->filled & bit) != 0) {
        put(json, ",", 1);
    }
    json->filled |= bit;
}

static void open_level(edge_json_t *json, const char *bracket) {
    separate(json);
    EDGE_ASSERT(json->depth < DEPTH_MOST);
    json->depth++;
    json->filled &= ~(UINT32_C(1) << json->depth);
    put(json, bracket, 1);
}

static void close_level(edge_json_t *json, const char *bracket) {
    EDGE_ASSERT(json->depth > 0 && !json->after_key);
    json->depth--;
    put(json, bracket, 1);
}

void edge_json_object(edge_json_t *json) { open_level(json, "{"); }
void edge_json_object_end(edge_json_t *json) { close_level(json, "}"); }
void edge_json_array(edge_json_t *json) { open_level(json, "["); }
void edge_json_array_end(edge_json_t *json) { close_level(json, "]"); }

/* One character, or one bad byte, of the input; returns how many bytes of it that was. */
static size_t put_char(edge_json_t *json, edge_span_t text) {
    static const char shorts[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
    unsigned char c = (unsigned char)text.at[0];
    size_t len = edge_utf8_len(text);
    const char *name = c != '\0' ? strchr(shorts, c) : NULL;

    if (len == 0) {
        put(json, "\xef\xbf\xbd", 3); /* U+FFFD */
        return 1;
    }
    if (name != NULL) {
        char escape[2] = {'\\', names[name - shorts]};
        put(json, escape, sizeof escape);
    } else if (c < 0x20 || c == 0x7f) {
        char escape[7];
        snprintf(escape, sizeof escape, "\\u%04x", c);
        put(json, escape, 6);
    } else {
        put(json, text.at, len);
    }
    return len;
}

static bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

/* The run of characters at the front that need no care: the usual case in one copy. */
static size_t plain_run(edge_span_t text, size_t most) {
    size_t run = 0;
    while (run < text.len && run < most && is_plain(text.at[run])) {
        run++;
    }
    return run;
}

static void put_quoted(edge_json_t *json, edge_span_t text, size_t most) {
    size_t left = most == 0 ? SIZE_MAX : most;
    put(json, "\"", 1);
    while (text.len > 0 && left > 0 && !json->overflow) {
        size_t eaten = plain_run(text, left);
        if (eaten > 0) {
            put(json, text.at, eaten);
            left -= eaten;
        } else {
            eaten = put_char(json, text);
            left--;
        }
        text = edge_span_after(text, eaten);
    }
    if (text.len > 0) {
        put(json, "...", 3);
    }
    put(json, "\"", 1);
}

void edge_json_key(edge_json_t *json, const char *key) {
    separate(json);
    put_quoted(json, edge_span_of(key), 0);
    put(json, ":", 1);
    json->after_key = true;
}

void edge_json_text(edge_json_t *json, edge_span_t text, size_t most) {
    if (text.at == NULL) {
        edge_json_null(json);
        return;
    }
    separate(json);
    put_quoted(json, text, most);
}

void edge_json_number(edge_json_t *json, int64_t value) {
    char text[24];
    separate(json);
    put(json, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)value));
}

void edge_json_seconds(edge_json_t *json, int64_t microseconds) {
    char text[32];
    uint64_t size = microseconds < 0 ? 0 - (uint64_t)microseconds : (uint64_t)microseconds;
    int len = snprintf(text, sizeof text, "%s%llu.%06u", microseconds < 0 ? "-" : "",
                       (unsigned long long)(size / 1000000), (unsigned)(size % 1000000));
    while (text[len - 1] == '0') {
        len--;
    }
    if (text[len - 1] == '.') {
        len--;
    }
    separate(json);
    put(json, text, (size_t)len);
}

void edge_json_bool(edge_json_t *json, bool value) {
    separate(json);
    put(json, value ? "true" : "false", value ? 4 : 5);
}

void edge_json_null(edge_json_t *json) {
    separate(json);
    put(json, "null", 4);
}

void edge_json_raw(edge_json_t *json, edge_span_t value) {
    separate(json);
    put(json, value.at, value.len);
}

void edge_json_put_text(edge_json_t *json, const char *key, edge_span_t text, size_t most) {
    edge_json_key(json, key);
    edge_json_text(json, text, most);
}

void edge_json_put_string(edge_json_t *json, const char *key, const char *text) {
    edge_json_put_text(json, key, edge_span_of(text), 0);
}

void edge_json_put_number(edge_json_t *json, const char *key, int64_t value) {
    edge_json_key(json, key);
    edge_json_number(json, value);
}

void edge_json_put_bool(edge_json_t *json, const char *key, bool value) {
    edge_json_key(json, key);
    edge_json_bool(json, value);
}
