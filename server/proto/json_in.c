/* Reading JSON into a tree. */
#include "proto/json_in.h"
#include "edge_utf8.h"

typedef struct reader {
    edge_span_t rest;
    apr_pool_t *pool;
    const char *wrong;
    unsigned depth;
} reader_t;

static edge_json_value_t *read_value(reader_t *reader);

static void *refuse(reader_t *reader, const char *wrong) {
    if (reader->wrong == NULL) {
        reader->wrong = wrong;
    }
    return NULL;
}

static void skip(reader_t *reader, size_t count) { reader->rest = edge_span_after(reader->rest, count); }

static void skip_blanks(reader_t *reader) {
    while (reader->rest.len > 0 && reader->rest.at[0] != '\0' && strchr(" \t\r\n", reader->rest.at[0]) != NULL) {
        skip(reader, 1);
    }
}

/* The next octet, or NUL at the end: no token begins with a NUL. */
static char next(const reader_t *reader) { return reader->rest.len > 0 ? reader->rest.at[0] : '\0'; }

static bool take(reader_t *reader, char c) {
    if (next(reader) != c) {
        return false;
    }
    skip(reader, 1);
    return true;
}

/* Strings */

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits behind \u; -1 when they are none. */
static int read_unit(reader_t *reader) {
    int unit = 0;
    if (reader->rest.len < 4) {
        return -1;
    }
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_value(reader->rest.at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    skip(reader, 4);
    return unit;
}

static size_t put_utf8(unsigned point, char *out) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--, point >>= 6) {
        out[i] = (char)(0x80 | (point & 0x3f));
    }
    out[0] = (char)(leads[len] | point);
    return len;
}

/* Behind \u; 0 after a failure. A pair of surrogates is one character of four octets. */
static size_t read_escaped_point(reader_t *reader, char *out) {
    int unit = read_unit(reader);
    unsigned point = (unsigned)unit;
    if (unit >= 0xd800 && unit < 0xdc00 && take(reader, '\\') && take(reader, 'u')) {
        int low = read_unit(reader);
        unit = low >= 0xdc00 && low < 0xe000 ? 0 : -1;
        point = 0x10000 + ((point - 0xd800) << 10) + (unsigned)(low - 0xdc00);
    }
    if (unit < 0 || (unit >= 0xd800 && unit < 0xe000)) {
        refuse(reader, "a \\u escape is malformed");
        return 0;
    }
    return put_utf8(point, out);
}

/* Behind the backslash; 0 after a failure. */
static size_t read_escape(reader_t *reader, char *out) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char name = next(reader);
    const char *known = name != '\0' ? strchr(names, name) : NULL;
    if (known == NULL && name != 'u') {
        refuse(reader, "an unknown escape");
        return 0;
    }
    skip(reader, 1);
    if (name == 'u') {
        return read_escaped_point(reader, out);
    }
    out[0] = values[known - names];
    return 1;
}

/* One character, or an escape, into `out`; an escape is never shorter than what it stands for. 0 after a failure. */
static size_t read_char(reader_t *reader, char *out) {
    if (take(reader, '\\')) {
        return read_escape(reader, out);
    }
    size_t len = reader->rest.len > 0 ? edge_utf8_len(reader->rest) : 0;
    if (len == 0 || (unsigned char)next(reader) < 0x20) {
        refuse(reader, reader->rest.len == 0 ? "a string has no end" : "a string holds a control byte or bad UTF-8");
        return 0;
    }
    memcpy(out, reader->rest.at, len);
    skip(reader, len);
    return len;
}

/* Octets up to the closing quote; SIZE_MAX without one. */
static size_t string_len(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"') {
            return i;
        }
        i += text.at[i] == '\\';
    }
    return SIZE_MAX;
}

/* Behind the opening quote. Decoded text is never longer than the text as written. */
static bool read_string(reader_t *reader, edge_span_t *text) {
    size_t most = string_len(reader->rest);
    if (most == SIZE_MAX) {
        return refuse(reader, "a string has no end") != NULL;
    }
    char *out = apr_palloc(reader->pool, most + 1);
    size_t len = 0;
    while (!take(reader, '"')) {
        size_t step = read_char(reader, out + len);
        if (step == 0) {
            return false;
        }
        len += step;
    }
    out[len] = '\0';
    *text = edge_span(out, len);
    return true;
}

/* Numbers */

static bool skip_digits(reader_t *reader) {
    size_t before = reader->rest.len;
    while (next(reader) >= '0' && next(reader) <= '9') {
        skip(reader, 1);
    }
    return reader->rest.len < before;
}

static bool read_number(reader_t *reader, edge_json_value_t *value) {
    const char *start = reader->rest.at;
    take(reader, '-');
    bool good = take(reader, '0') || skip_digits(reader);
    if (good && take(reader, '.')) {
        good = skip_digits(reader);
    }
    if (good && (take(reader, 'e') || take(reader, 'E'))) {
        if (!take(reader, '+')) {
            take(reader, '-');
        }
        good = skip_digits(reader);
    }
    value->type = EDGE_JSON_NUMBER;
    value->text = edge_span(start, (size_t)(reader->rest.at - start));
    return good || refuse(reader, "a number is malformed") != NULL;
}

/* Arrays and objects */

static bool is_new_name(reader_t *reader, const edge_json_value_t *object, edge_span_t name) {
    for (const edge_json_value_t *member = object->first; member != NULL; member = member->next) {
        if (edge_span_equal(member->name, name)) {
            return refuse(reader, "a member is there twice") != NULL;
        }
    }
    return true;
}

static edge_json_value_t *read_member(reader_t *reader, const edge_json_value_t *object) {
    edge_span_t name;
    skip_blanks(reader);
    if (!take(reader, '"')) {
        return refuse(reader, "a member's name is no string");
    }
    if (!read_string(reader, &name) || !is_new_name(reader, object, name)) {
        return NULL;
    }
    skip_blanks(reader);
    if (!take(reader, ':')) {
        return refuse(reader, "a colon is missing");
    }
    edge_json_value_t *value = read_value(reader);
    if (value != NULL) {
        value->name = name;
    }
    return value;
}

/* Behind the opening bracket. */
static bool read_many(reader_t *reader, edge_json_value_t *value) {
    bool is_object = value->type == EDGE_JSON_OBJECT;
    char end = is_object ? '}' : ']';
    edge_json_value_t **last = &value->first;
    if (++reader->depth > EDGE_JSON_IN_DEPTH) {
        return refuse(reader, "it is nested too deep") != NULL;
    }
    skip_blanks(reader);
    if (!take(reader, end)) {
        do {
            *last = is_object ? read_member(reader, value) : read_value(reader);
            if (*last == NULL) {
                return false;
            }
            last = &(*last)->next;
            value->count++;
            skip_blanks(reader);
        } while (take(reader, ','));
        if (!take(reader, end)) {
            return refuse(reader, is_object ? "a comma or } is missing" : "a comma or ] is missing") != NULL;
        }
    }
    reader->depth--;
    return true;
}

static bool read_word(reader_t *reader, edge_json_value_t *value) {
    static const struct {
        edge_span_t word;
        edge_json_type_t type;
        bool truth;
    } words[] = {{EDGE_SPAN("null"), EDGE_JSON_NULL, false},
                 {EDGE_SPAN("true"), EDGE_JSON_BOOL, true},
                 {EDGE_SPAN("false"), EDGE_JSON_BOOL, false}};
    for (size_t i = 0; i < EDGE_COUNT(words); i++) {
        if (reader->rest.len >= words[i].word.len &&
            memcmp(reader->rest.at, words[i].word.at, words[i].word.len) == 0) {
            skip(reader, words[i].word.len);
            value->type = words[i].type;
            value->truth = words[i].truth;
            return true;
        }
    }
    return refuse(reader, reader->rest.len == 0 ? "it ends too soon" : "an unknown word") != NULL;
}

static bool read_by_first(reader_t *reader, edge_json_value_t *value) {
    char c = next(reader);
    if (take(reader, '"')) {
        value->type = EDGE_JSON_STRING;
        return read_string(reader, &value->text);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return read_number(reader, value);
    }
    if (take(reader, '{') || take(reader, '[')) {
        value->type = c == '{' ? EDGE_JSON_OBJECT : EDGE_JSON_ARRAY;
        return read_many(reader, value);
    }
    return read_word(reader, value);
}

static edge_json_value_t *read_value(reader_t *reader) {
    edge_json_value_t *value = apr_pcalloc(reader->pool, sizeof *value);
    skip_blanks(reader);
    const char *start = reader->rest.at;
    if (!read_by_first(reader, value)) {
        return NULL;
    }
    value->raw = edge_span(start, (size_t)(reader->rest.at - start));
    return value;
}

const edge_json_value_t *edge_json_in_read(edge_span_t document, apr_pool_t *pool, const char **wrong, size_t *at) {
    reader_t reader = {.rest = document, .pool = pool};
    edge_json_value_t *value = read_value(&reader);
    if (value != NULL) {
        skip_blanks(&reader);
        if (reader.rest.len > 0) {
            value = refuse(&reader, "something follows the value");
        }
    }
    if (wrong != NULL) {
        *wrong = reader.wrong;
    }
    if (at != NULL) {
        *at = document.len - reader.rest.len;
    }
    return value;
}

const edge_json_value_t *edge_json_in_member(const edge_json_value_t *value, const char *name) {
    const edge_json_value_t *member = value != NULL && value->type == EDGE_JSON_OBJECT ? value->first : NULL;
    while (member != NULL && !edge_span_equal(member->name, edge_span_of(name))) {
        member = member->next;
    }
    return member;
}

edge_span_t edge_json_in_text(const edge_json_value_t *value, const char *name) {
    const edge_json_value_t *member = edge_json_in_member(value, name);
    return member != NULL && member->type == EDGE_JSON_STRING ? member->text : EDGE_NO_SPAN;
}

int64_t edge_json_in_number(const edge_json_value_t *value, const char *name, int64_t otherwise) {
    const edge_json_value_t *member = edge_json_in_member(value, name);
    if (member == NULL || member->type != EDGE_JSON_NUMBER) {
        return otherwise;
    }
    edge_span_t digits = member->text;
    bool negative = digits.at[0] == '-';
    digits = edge_span_after(digits, negative);
    size_t len = 0;
    while (len < digits.len && digits.at[len] >= '0' && digits.at[len] <= '9') {
        len++;
    }
    uint64_t number;
    bool has_exponent = memchr(digits.at, 'e', digits.len) != NULL || memchr(digits.at, 'E', digits.len) != NULL;
    if (has_exponent || !edge_span_number(edge_span(digits.at, len), &number) || number > INT64_MAX) {
        return otherwise;
    }
    return negative ? -(int64_t)number : (int64_t)number;
}
