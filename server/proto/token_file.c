/* Reads, writes and changes the text of a token file. */
#include "proto/token_file.h"

#include <apr_strings.h>

#include "edge_codec.h"

#define DAY (APR_USEC_PER_SEC * 86400)

/* Names */

static bool is_name_letter(char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (!first && c && strchr("._@+-", c));
}

const char *edge_token_file_name(edge_span_t name) {
    if (name.len == 0)
        return "an empty name";
    if (name.len > EDGE_TOKEN_NAME_MOST)
        return "a name of more than 64 letters";
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_letter(name.at[i], i == 0))
            return "a name of other than letters, digits and . _ @ + -, or that begins with none of letter and digit";
    return NULL;
}

bool edge_token_file_same_name(edge_span_t a, edge_span_t b) { return edge_span_equal_nocase(a, b); }

/* Reading a line */

static edge_span_t next_word(edge_span_t *rest) {
    size_t from = 0, to;
    while (from < rest->len && (rest->at[from] == ' ' || rest->at[from] == '\t'))
        from++;
    for (to = from; to < rest->len && rest->at[to] != ' ' && rest->at[to] != '\t';)
        to++;
    edge_span_t word = edge_span(rest->at + from, to - from);
    *rest = edge_span_after(*rest, to);
    return word;
}

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static bool read_digest(edge_span_t word, uint8_t digest[EDGE_TOKEN_DIGEST]) {
    if (word.len != 2 * EDGE_TOKEN_DIGEST)
        return false;
    for (unsigned i = 0; i < EDGE_TOKEN_DIGEST; i++) {
        int high = hex_digit(word.at[2 * i]), low = hex_digit(word.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_time(edge_span_t value, edge_token_line_t *line, apr_time_t *into) {
    (void)line;
    return *into == 0 && edge_clock_rfc3339_parse(value, into) && *into > 0;
}

static bool read_created(edge_span_t value, edge_token_line_t *line) { return read_time(value, line, &line->created); }
static bool read_expires(edge_span_t value, edge_token_line_t *line) { return read_time(value, line, &line->expires); }

static bool read_from(edge_span_t value, edge_token_line_t *line) {
    bool first = !line->bound;
    line->bound = true;
    return first && edge_ipaddr_parse_network(value, &line->network, &line->bits);
}

static bool read_used(edge_span_t value, edge_token_line_t *line) {
    apr_time_t day;
    if (line->used >= 0 || value.len != 10 || !edge_clock_rfc3339_parse(value, &day))
        return false;
    line->used = (int32_t)(day / DAY);
    return true;
}

static const struct {
    const char *name;
    bool (*read)(edge_span_t value, edge_token_line_t *line);
    const char *why;
} parts[] = {
    {"created=", read_created, "created= is no time such as 2026-11-28T22:00:00Z, or stands twice"},
    {"expires=", read_expires, "expires= is no time such as 2026-11-28T22:00:00Z, or stands twice"},
    {"from=", read_from, "from= is no address and no network such as 192.0.2.0/24 or 2001:db8::/32, or stands twice"},
    {"used=", read_used, "used= is no day such as 2026-11-28, or stands twice"},
};

static const char *read_part(edge_span_t word, edge_token_line_t *line) {
    for (unsigned i = 0; i < EDGE_COUNT(parts); i++) {
        size_t len = strlen(parts[i].name);
        if (word.len >= len && memcmp(word.at, parts[i].name, len) == 0)
            return parts[i].read(edge_span_after(word, len), line) ? NULL : parts[i].why;
    }
    return "a word that is none of created=, expires=, from= and used=";
}

static const char *read_words(edge_span_t rest, edge_span_t name, edge_token_line_t *line) {
    const char *why = edge_token_file_name(name);
    if (why)
        return why;
    if (!edge_token_role_parse(next_word(&rest), &line->role))
        return "a role that is none of submit, read, operate and admin";
    if (!read_digest(next_word(&rest), line->digest))
        return "a SHA-256 that is not 64 small hexadecimal digits";
    for (edge_span_t word = next_word(&rest); word.len > 0 && !why; word = next_word(&rest))
        why = read_part(word, line);
    return why;
}

const char *edge_token_file_line(edge_span_t text, edge_token_line_t *line) {
    memset(line, 0, sizeof(*line));
    line->used = -1;
    if (text.len > 0 && text.at[text.len - 1] == '\r')
        text.len--;
    if (edge_span_trim(text).len == 0 || text.at[0] == '#')
        return NULL;
    if (text.len > EDGE_TOKEN_FILE_LINE_MOST)
        return "a line of more than 1024 octets";
    edge_span_t rest = text, name = next_word(&rest);
    const char *why = read_words(rest, name, line);
    line->name = why ? EDGE_NO_SPAN : name;
    return why;
}

/* Writing a line */

static const char *time_text(apr_time_t when, size_t len, apr_pool_t *pool) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(when, text);
    return apr_pstrmemdup(pool, text, len);
}

/* To the second: "2026-11-28T22:00:00Z". */
static const char *second_text(const char *name, apr_time_t when, apr_pool_t *pool) {
    return when > 0 ? apr_pstrcat(pool, name, time_text(when, 19, pool), "Z", NULL) : "";
}

edge_span_t edge_token_file_format(const edge_token_line_t *line, apr_pool_t *pool) {
    char digest[2 * EDGE_TOKEN_DIGEST + 1] = "", network[EDGE_IPADDR_NETWORK_TEXT] = "";
    edge_hex_encode(edge_span((const char *)line->digest, EDGE_TOKEN_DIGEST), digest, 2 * EDGE_TOKEN_DIGEST);
    if (line->bound)
        edge_ipaddr_format_network(line->network, line->bits, network);
    return edge_span_of(apr_pstrcat(pool, edge_span_copy(pool, line->name).at, " ", edge_token_role_name(line->role),
                                    " ", digest, second_text(" created=", line->created, pool),
                                    second_text(" expires=", line->expires, pool), line->bound ? " from=" : "", network,
                                    line->used >= 0 ? " used=" : "",
                                    line->used >= 0 ? time_text(line->used * DAY, 10, pool) : "", NULL));
}

/* The file */

bool edge_token_file_next(edge_span_t file, edge_token_cursor_t *cursor) {
    if (cursor->at >= file.len)
        return false;
    edge_span_t rest = edge_span_after(file, cursor->at);
    const char *end = memchr(rest.at, '\n', rest.len);
    size_t len = end ? (size_t)(end - rest.at) : rest.len;
    cursor->text = edge_span(rest.at, end ? len + 1 : len);
    cursor->at += cursor->text.len;
    cursor->number++;
    cursor->why = edge_token_file_line(edge_span(rest.at, len), &cursor->line);
    return true;
}

bool edge_token_file_find(edge_span_t file, edge_span_t name, edge_token_line_t *line) {
    edge_token_cursor_t cursor = {0};
    while (edge_token_file_next(file, &cursor))
        if (cursor.line.name.at && edge_token_file_same_name(cursor.line.name, name)) {
            *line = cursor.line;
            return true;
        }
    return false;
}

typedef struct writing {
    char *text;
    size_t len, size;
    apr_pool_t *pool;
} writing_t;

static writing_t writing_start(edge_span_t file, apr_pool_t *pool) {
    size_t size = file.len + EDGE_TOKEN_FILE_LINE_MOST + 2; /* one line more, as a rule */
    return (writing_t){apr_palloc(pool, size), 0, size, pool};
}

static void put(writing_t *writing, edge_span_t text) {
    if (writing->size - writing->len < text.len) {
        char *before = writing->text;
        writing->size = 2 * writing->size + text.len;
        writing->text = apr_palloc(writing->pool, writing->size);
        memcpy(writing->text, before, writing->len);
    }
    if (text.len > 0)
        memcpy(writing->text + writing->len, text.at, text.len);
    writing->len += text.len;
}

static void put_line(writing_t *writing, const edge_token_line_t *line) {
    if (writing->len > 0 && writing->text[writing->len - 1] != '\n')
        put(writing, edge_span_of("\n"));
    put(writing, edge_token_file_format(line, writing->pool));
    put(writing, edge_span_of("\n"));
}

static edge_span_t written(const writing_t *writing) { return edge_span(writing->text, writing->len); }

edge_span_t edge_token_file_add(edge_span_t file, const edge_token_line_t *line, apr_pool_t *pool) {
    writing_t writing = writing_start(file, pool);
    put(&writing, file);
    put_line(&writing, line);
    return written(&writing);
}

edge_span_t edge_token_file_remove(edge_span_t file, edge_span_t name, apr_pool_t *pool) {
    edge_token_cursor_t cursor = {0};
    writing_t writing = writing_start(file, pool);
    while (edge_token_file_next(file, &cursor))
        if (!cursor.line.name.at || !edge_token_file_same_name(cursor.line.name, name))
            put(&writing, cursor.text);
    return written(&writing);
}

edge_span_t edge_token_file_use(edge_span_t file, edge_token_used_t *used, const void *context, apr_pool_t *pool) {
    edge_token_cursor_t cursor = {0};
    writing_t writing = writing_start(file, pool);
    bool changed = false;
    while (edge_token_file_next(file, &cursor)) {
        int32_t day = cursor.line.name.at ? used(context, cursor.line.digest) : -1;
        if (day <= cursor.line.used) {
            put(&writing, cursor.text);
            continue;
        }
        cursor.line.used = day;
        put_line(&writing, &cursor.line);
        changed = true;
    }
    return changed ? written(&writing) : EDGE_NO_SPAN;
}
