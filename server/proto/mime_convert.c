/* Lines one after the other: headers, bodies, boundaries. */
#include "proto/mime_convert.h"

enum state {
    HEADER,
    BODY,   /* of a part that has no parts */
    BETWEEN /* in front of the first part, behind the last, of a multipart */
};

enum action { KEEP, LABEL, QUOTE, BASE64 };

enum field { FIELD_ANY, FIELD_TYPE, FIELD_ENCODING, FIELD_VERSION };

/* A line, or a piece of one that is too long. */
typedef struct piece {
    edge_span_t text;
    bool first, last; /* `last`: CRLF stands behind it */
} piece_t;

static void fail(edge_mime_convert_t *m, const char *why) {
    if (!m->why && !m->lossy)
        m->why = why;
}

static bool is_sealed(const edge_mime_convert_t *m) {
    return m->depth > 0 && m->levels[m->depth - 1].sealed && !m->lossy;
}

/* What is behind the last place has none: it is kept as it is. */
static uint8_t *action_of(edge_mime_convert_t *m) {
    return m->part > 0 && m->part <= EDGE_MIME_PARTS_MOST ? &m->actions[m->part - 1] : NULL;
}

static enum action action(edge_mime_convert_t *m) {
    const uint8_t *of = action_of(m);
    return m->converting && of ? (enum action) * of : KEEP;
}

/* Writing */

static void put(edge_mime_convert_t *m, edge_span_t text) {
    if (!m->converting || text.len == 0)
        return;
    memcpy(m->encode.at + m->encode.len, text.at, text.len);
    m->encode.len += text.len;
}

/* Of the message, as it is. */
static void put_own(edge_mime_convert_t *m, edge_span_t text) {
    size_t from = m->encode.len;
    put(m, text);
    for (size_t i = from; m->lossy && i < m->encode.len; i++) {
        unsigned char c = (unsigned char)m->encode.at[i];
        if (c == '\0' || c == '\r' || c == '\n' || (c > 0x7f && m->target == EDGE_MIME_TO_7BIT))
            m->encode.at[i] = '?';
    }
}

static void put_text(edge_mime_convert_t *m, const char *text) { put(m, edge_span_of(text)); }

static void put_piece(edge_mime_convert_t *m, const piece_t *piece) {
    put_own(m, piece->text);
    if (piece->last)
        put_text(m, "\r\n");
}

/* What octets are there */

static void look(edge_mime_convert_t *m, const piece_t *piece) {
    bool in_header = m->state == HEADER;
    for (size_t i = 0; i < piece->text.len; i++) {
        unsigned char c = (unsigned char)piece->text.at[i];
        m->over = m->over || c > 0x7f;
        m->nul = m->nul || c == '\0';
        m->bare = m->bare || c == '\r' || c == '\n';
        m->escapes += c > 0x7e || c == '=' || (c < ' ' && c != '\t');
        m->header_eight = m->header_eight || (in_header && c > 0x7f);
    }
    m->octets += piece->text.len;
    m->long_line = m->long_line || !piece->first || piece->text.len > 998;
}

static bool is_unfit(const edge_mime_convert_t *m) {
    bool binary = m->nul || m->bare || m->long_line;
    return binary || (m->over && m->target == EDGE_MIME_TO_7BIT);
}

static void begin_looking(edge_mime_convert_t *m) {
    m->octets = m->escapes = 0;
    m->nul = m->bare = m->long_line = m->over = false;
}

static void sum_up(edge_mime_convert_t *m) {
    m->eight = m->eight || m->over;
    m->binary = m->binary || m->nul || m->bare || m->long_line;
}

/* Where no body is: nothing of it can be encoded. */
static void end_looking(edge_mime_convert_t *m, const char *why) {
    sum_up(m);
    if (m->nul || m->bare || (m->over && m->target == EDGE_MIME_TO_7BIT))
        fail(m, why);
}

/* Of a body that has been seen as a whole. */

/* Text that is mostly ASCII stays readable; what is not is shorter in base 64. */
static enum action best_encoding(const edge_mime_convert_t *m) {
    bool text = m->content.type == EDGE_MIME_TEXT && !m->nul && !m->bare;
    return text && m->escapes <= m->octets / 6 ? QUOTE : BASE64;
}

static bool is_labelled_above(const edge_mime_convert_t *m) {
    return m->encoding == EDGE_MIME_BINARY || (m->encoding == EDGE_MIME_8BIT && m->target == EDGE_MIME_TO_7BIT);
}

static void decide(edge_mime_convert_t *m) {
    uint8_t *of = action_of(m);
    sum_up(m);
    if (is_sealed(m)) {
        if (is_unfit(m))
            fail(m, "a signed or encrypted part must not be changed");
    } else if (!is_unfit(m)) {
        if (of && is_labelled_above(m))
            *of = LABEL;
    } else if (m->encoding == EDGE_MIME_ENCODED) {
        fail(m, "a part is not what its Content-Transfer-Encoding says");
    } else if (m->content.type == EDGE_MIME_FRAGMENT) {
        fail(m, "message/partial, message/external-body and a multipart without boundary must not be encoded");
    } else if (!of) {
        fail(m, "it has too many parts");
    } else {
        *of = (uint8_t)best_encoding(m);
    }
}

/* Bodies */

static void end_line_of_body(edge_mime_convert_t *m) {
    switch (action(m)) {
    case KEEP:
    case LABEL: put_text(m, "\r\n"); break;
    case QUOTE: edge_mime_quote_line(&m->encode); break;
    case BASE64:
        edge_mime_base64_octet(&m->encode, '\r');
        edge_mime_base64_octet(&m->encode, '\n');
        break;
    }
}

static void body(edge_mime_convert_t *m, const piece_t *piece) {
    enum action how = action(m);
    look(m, piece);
    if (m->eol)
        end_line_of_body(m);
    m->eol = piece->last;
    if (how == KEEP || how == LABEL)
        put_own(m, piece->text);
    for (size_t i = 0; i < piece->text.len && how == QUOTE; i++)
        edge_mime_quote_octet(&m->encode, piece->text.at[i]);
    for (size_t i = 0; i < piece->text.len && how == BASE64; i++)
        edge_mime_base64_octet(&m->encode, piece->text.at[i]);
}

/* At a boundary the last CRLF is the boundary's; at the end of the message it is the body's. */
static void end_body(edge_mime_convert_t *m, bool at_boundary) {
    enum action how = action(m);
    if (m->eol && !at_boundary)
        end_line_of_body(m);
    if (how == QUOTE)
        edge_mime_quote_end(&m->encode);
    if (how == BASE64)
        edge_mime_base64_end(&m->encode);
    if ((m->eol && at_boundary) || (how == BASE64 && !at_boundary && m->encode.column > 0))
        put_text(m, "\r\n");
    m->eol = false;
    if (!m->converting)
        decide(m);
}

/* Headers */

static void begin_header(edge_mime_convert_t *m, bool message) {
    m->state = HEADER;
    m->part++;
    m->message = message;
    m->has_type = false;
    m->content = (edge_mime_content_t){.type = EDGE_MIME_TEXT};
    m->encoding = EDGE_MIME_7BIT;
    m->field = FIELD_ANY;
    m->field_len = 0;
    m->field_cut = false;
    begin_looking(m);
    edge_mime_encode_begin(&m->encode);
}

static void end_field(edge_mime_convert_t *m) {
    edge_span_t value = edge_span(m->field_text, m->field_len);
    if (m->field == FIELD_TYPE) {
        edge_mime_content_read(value, &m->content);
        m->has_type = true;
        if (m->field_cut)
            fail(m, "a Content-Type is too long");
    } else if (m->field == FIELD_ENCODING) {
        m->encoding = edge_mime_encoding_read(value);
    }
    m->mime = m->mime || (m->field == FIELD_VERSION && m->part == 1);
    m->field = FIELD_ANY;
    m->field_len = 0;
}

static enum field field_of(edge_span_t *line) {
    static const struct {
        const char *name;
        enum field field;
    } fields[] = {
        {"Content-Type", FIELD_TYPE}, {"Content-Transfer-Encoding", FIELD_ENCODING}, {"MIME-Version", FIELD_VERSION}};
    for (unsigned i = 0; i < EDGE_COUNT(fields); i++) {
        size_t len = strlen(fields[i].name);
        if (!edge_span_starts_nocase(*line, edge_span(fields[i].name, len)))
            continue;
        edge_span_t rest = edge_span_after(*line, len);
        while (rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t'))
            rest = edge_span_after(rest, 1);
        if (rest.len == 0 || rest.at[0] != ':')
            continue;
        *line = edge_span_after(rest, 1);
        return fields[i].field;
    }
    return FIELD_ANY;
}

static void keep_field(edge_mime_convert_t *m, edge_span_t text) {
    if (m->field == FIELD_ANY)
        return;
    size_t room = sizeof(m->field_text) - m->field_len, len = text.len < room ? text.len : room;
    m->field_cut = m->field_cut || len < text.len;
    memcpy(m->field_text + m->field_len, text.at, len);
    m->field_len += len;
}

static void header_line(edge_mime_convert_t *m, const piece_t *piece) {
    edge_span_t text = piece->text;
    bool folded = !piece->first || (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'));
    look(m, piece);
    if (!folded) {
        end_field(m);
        m->field = (uint8_t)field_of(&text);
    }
    keep_field(m, text);
    if (m->field != FIELD_ENCODING || action(m) == KEEP)
        put_piece(m, piece);
}

static void put_label(edge_mime_convert_t *m) {
    static const char *const labels[] = {[QUOTE] = "quoted-printable", [BASE64] = "base64"};
    enum action how = action(m);
    if (how == KEEP)
        return;
    if (m->part == 1 && !m->mime)
        put_text(m, "MIME-Version: 1.0\r\n");
    put_text(m, "Content-Transfer-Encoding: ");
    put_text(m, how != LABEL ? labels[how] : m->target == EDGE_MIME_TO_7BIT ? "7bit" : "8bit");
    put_text(m, "\r\n");
}

static void open_multipart(edge_mime_convert_t *m) {
    if (m->content.boundary[0] == '\0') { /* it has no parts that anybody could find */
        m->content.type = EDGE_MIME_FRAGMENT;
        m->state = BODY;
        return;
    }
    m->state = BETWEEN;
    if (m->depth == EDGE_MIME_DEPTH_MOST) {
        fail(m, "its parts are nested too deep");
        return;
    }
    bool sealed = is_sealed(m) || m->content.type == EDGE_MIME_SEALED;
    edge_mime_level_t *level = &m->levels[m->depth++];
    *level = (edge_mime_level_t){.digest = m->content.type == EDGE_MIME_DIGEST, .sealed = sealed};
    memcpy(level->boundary, m->content.boundary, sizeof(level->boundary));
}

/* Parts with parts are encoded by encoding these. */
static void decide_composite(edge_mime_convert_t *m, bool sealed) {
    uint8_t *of = action_of(m);
    if (!m->converting && m->encoding == EDGE_MIME_ENCODED)
        fail(m, "a part that has parts is encoded itself");
    if (!m->converting && of && !sealed && is_labelled_above(m))
        *of = LABEL;
}

/* Of a digest's parts nothing has to be said. */
static edge_mime_type_t type_of(const edge_mime_convert_t *m) {
    bool implied = !m->has_type && !m->message && m->depth > 0 && m->levels[m->depth - 1].digest;
    return implied ? EDGE_MIME_MESSAGE : m->content.type;
}

static void open_body(edge_mime_convert_t *m) {
    bool sealed = is_sealed(m);
    begin_looking(m);
    m->eol = false;
    m->content.type = type_of(m);
    switch (m->content.type) {
    case EDGE_MIME_MESSAGE:
        decide_composite(m, sealed);
        begin_header(m, true);
        break;
    case EDGE_MIME_MULTIPART:
    case EDGE_MIME_DIGEST:
    case EDGE_MIME_SEALED:
        decide_composite(m, sealed);
        open_multipart(m);
        break;
    case EDGE_MIME_TEXT:
    case EDGE_MIME_OTHER:
    case EDGE_MIME_FRAGMENT: m->state = BODY; break;
    }
}

static void end_header(edge_mime_convert_t *m) {
    end_field(m);
    if (!m->converting)
        end_looking(m, "a header has octets that cannot be encoded");
    put_label(m);
}

static void header(edge_mime_convert_t *m, const piece_t *piece) {
    if (!piece->first || !piece->last || piece->text.len > 0) {
        header_line(m, piece);
        return;
    }
    end_header(m);
    put_text(m, "\r\n");
    open_body(m);
}

/* Boundaries */

static bool is_blank(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != ' ' && text.at[i] != '\t')
            return false;
    return true;
}

/* The line is this level's boundary; `closing`: its last one. */
static bool is_boundary(const edge_mime_level_t *level, edge_span_t text, bool *closing) {
    size_t len = strlen(level->boundary);
    if (text.len < 2 + len || memcmp(text.at, "--", 2) != 0 || memcmp(text.at + 2, level->boundary, len) != 0)
        return false;
    text = edge_span_after(text, 2 + len);
    *closing = text.len >= 2 && text.at[0] == '-' && text.at[1] == '-';
    return is_blank(*closing ? edge_span_after(text, 2) : text);
}

static void end_part(edge_mime_convert_t *m, bool at_boundary) {
    switch ((enum state)m->state) {
    case HEADER: end_header(m); break;
    case BODY: end_body(m, at_boundary); break;
    case BETWEEN:
        if (!m->converting)
            end_looking(m, "text outside of its parts has octets that cannot be encoded");
        break;
    }
}

static bool boundary(edge_mime_convert_t *m, const piece_t *piece) {
    bool closing;
    if (!piece->first || piece->text.len < 3 || piece->text.at[0] != '-')
        return false;
    for (unsigned i = m->depth; i > 0; i--) {
        if (!is_boundary(&m->levels[i - 1], piece->text, &closing))
            continue;
        end_part(m, true);
        m->depth = closing ? i - 1 : i;
        put_piece(m, piece);
        begin_looking(m);
        if (closing)
            m->state = BETWEEN;
        else
            begin_header(m, false);
        return true;
    }
    return false;
}

static void take(edge_mime_convert_t *m, const piece_t *piece) {
    if (boundary(m, piece))
        return;
    switch ((enum state)m->state) {
    case HEADER: header(m, piece); break;
    case BODY: body(m, piece); break;
    case BETWEEN:
        look(m, piece);
        put_piece(m, piece);
        break;
    }
}

/* Cutting into lines */

/* A CR at the end of a piece is left for the next one: an LF may follow. */
static void take_line(edge_mime_convert_t *m, bool all) {
    bool whole = m->line_len >= 2 && m->line[m->line_len - 2] == '\r' && m->line[m->line_len - 1] == '\n';
    size_t len = whole ? m->line_len - 2 : m->line_len;
    bool left = !whole && !all && m->line[len - 1] == '\r' && len > 1;
    piece_t piece = {edge_span(m->line, left ? len - 1 : len), !m->line_goes_on, whole};
    take(m, &piece);
    m->line_goes_on = !whole;
    m->line[0] = '\r';
    m->line_len = left;
}

size_t edge_mime_convert_feed(edge_mime_convert_t *m, edge_span_t bytes) {
    size_t at = 0;
    m->encode.len = 0;
    m->out = EDGE_NO_SPAN;
    while (at < bytes.len) {
        char c = bytes.at[at++];
        m->line[m->line_len++] = c;
        if ((c == '\n' && m->line_len >= 2 && m->line[m->line_len - 2] == '\r') || m->line_len == sizeof(m->line)) {
            take_line(m, false);
            break;
        }
    }
    m->out = edge_span(m->encode.at, m->encode.len);
    return at;
}

void edge_mime_convert_end(edge_mime_convert_t *m) {
    m->encode.len = 0;
    if (m->line_len > 0)
        take_line(m, true);
    end_part(m, false);
    m->out = edge_span(m->encode.at, m->encode.len);
}

static void start(edge_mime_convert_t *m) {
    m->part = m->depth = 0;
    m->mime = m->eol = m->line_goes_on = false;
    m->line_len = 0;
    m->encode = (edge_mime_encode_t){.at = m->room};
    m->out = EDGE_NO_SPAN;
    begin_header(m, true);
}

void edge_mime_convert_begin(edge_mime_convert_t *m, edge_mime_target_t target, bool lossy) {
    memset(m->actions, KEEP, sizeof(m->actions));
    m->why = NULL;
    m->eight = m->header_eight = m->binary = m->converting = false;
    m->target = target;
    m->lossy = lossy;
    start(m);
}

void edge_mime_convert_again(edge_mime_convert_t *m) {
    m->converting = true;
    start(m);
}
