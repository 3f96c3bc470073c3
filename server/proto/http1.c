/* Heads of HTTP/1 requests and responses. */
#include "proto/http1.h"

static edge_http1_state_t bad(edge_http1_head_t *head, unsigned status, const char *wrong) {
    head->status = status;
    head->wrong = wrong;
    head->keep_alive = false;
    return EDGE_HTTP1_BAD;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
/* Octets that no head may hold; CR and LF are told apart by whoever looks for lines. */
static bool is_control(char c) { return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f; }

static bool is_token_char(char c) {
    unsigned char letter = (unsigned char)(c | 0x20);
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool edge_http1_is_token(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++) {
        if (!is_token_char(text.at[i])) {
            return false;
        }
    }
    return text.len > 0;
}

/* Looks on for the empty line that ends the head, and refuses at once what can never become right. */
static edge_http1_state_t find_end(edge_http1_head_t *head, edge_span_t input) {
    size_t at = head->searched;
    for (; at < input.len && at < EDGE_HTTP1_HEAD_MOST; at++) {
        char c = input.at[at];
        if (c == '\n') {
            if (at == 0 || input.at[at - 1] != '\r') {
                return bad(head, 400, "a line ends in LF without CR");
            }
            if (at >= 3 && input.at[at - 2] == '\n') {
                head->size = at + 1;
                return EDGE_HTTP1_DONE;
            }
        } else if (at > 0 && input.at[at - 1] == '\r') {
            return bad(head, 400, "a CR is not followed by LF");
        } else if (c != '\r' && is_control(c)) {
            return bad(head, 400, "a control byte in the head");
        }
    }
    head->searched = at;
    return at == EDGE_HTTP1_HEAD_MOST ? bad(head, 431, "the head is larger than 64 KiB") : EDGE_HTTP1_MORE;
}

edge_http1_state_t edge_http1_whole(edge_http1_head_t *head, edge_span_t input) { return find_end(head, input); }

/* The next line without its CRLF, off the front of a whole head. */
static edge_span_t take_line(edge_span_t *rest) {
    const char *end = memchr(rest->at, '\r', rest->len);
    edge_span_t line = edge_span(rest->at, (size_t)(end - rest->at));
    *rest = edge_span_after(*rest, line.len + 2);
    return line;
}

static edge_http1_state_t read_field(edge_http1_head_t *head, edge_span_t line) {
    const char *colon = memchr(line.at, ':', line.len);
    if (is_blank(line.at[0])) {
        return bad(head, 400, "a folded field");
    }
    if (colon == NULL) {
        return bad(head, 400, "a field without a colon");
    }
    edge_http1_field_t field;
    field.name = edge_span(line.at, (size_t)(colon - line.at));
    field.value = edge_span_trim(edge_span_after(line, field.name.len + 1));
    if (!edge_http1_is_token(field.name)) {
        return bad(head, 400, "a field's name is no token, or a blank stands before the colon");
    }
    if (head->count == head->room) {
        return bad(head, 431, "too many fields");
    }
    head->fields[head->count++] = field;
    return EDGE_HTTP1_DONE;
}

edge_span_t edge_http1_field(const edge_http1_head_t *head, const char *name, unsigned index) {
    edge_span_t wanted = edge_span_of(name);
    for (unsigned i = 0; i < head->count; i++) {
        if (edge_span_equal_nocase(head->fields[i].name, wanted) && index-- == 0) {
            return head->fields[i].value;
        }
    }
    return EDGE_NO_SPAN;
}

bool edge_http1_has_token(edge_span_t list, const char *token) {
    edge_span_t wanted = edge_span_of(token);
    while (list.len > 0) {
        const char *comma = memchr(list.at, ',', list.len);
        edge_span_t item = edge_span(list.at, comma != NULL ? (size_t)(comma - list.at) : list.len);
        list = edge_span_after(list, comma != NULL ? item.len + 1 : item.len);
        const char *parameters = item.len > 0 ? memchr(item.at, ';', item.len) : NULL;
        item.len = parameters != NULL ? (size_t)(parameters - item.at) : item.len;
        if (edge_span_equal_nocase(edge_span_trim(item), wanted)) {
            return true;
        }
    }
    return false;
}

/* RFC 9112 6: how the content is delimited. Everything that two readers could understand differently is refused. */
static edge_http1_state_t read_framing(edge_http1_head_t *head) {
    edge_span_t length = edge_http1_field(head, "content-length", 0);
    edge_span_t coding = edge_http1_field(head, "transfer-encoding", 0);
    if (edge_http1_field(head, "content-length", 1).at != NULL) {
        return bad(head, 400, "two Content-Length fields");
    }
    if (edge_http1_field(head, "transfer-encoding", 1).at != NULL) {
        return bad(head, 400, "two Transfer-Encoding fields");
    }
    if (length.at != NULL && coding.at != NULL) {
        return bad(head, 400, "both Content-Length and Transfer-Encoding");
    }
    if (length.at != NULL && (!edge_span_number(length, &head->length) || head->length > INT64_MAX)) {
        return bad(head, 400, "Content-Length is no number");
    }
    head->has_length = length.at != NULL;
    if (coding.at == NULL) {
        return EDGE_HTTP1_DONE;
    }
    if (head->minor == 0) {
        return bad(head, 400, "Transfer-Encoding in HTTP/1.0");
    }
    if (!edge_span_equal_nocase(coding, edge_span_of("chunked"))) {
        return bad(head, 501, "a transfer coding other than chunked");
    }
    head->chunked = true;
    return EDGE_HTTP1_DONE;
}

static void read_connection(edge_http1_head_t *head) {
    edge_span_t value;
    bool close = false, keep = head->minor > 0;
    for (unsigned i = 0; (value = edge_http1_field(head, "connection", i)).at != NULL; i++) {
        close = close || edge_http1_has_token(value, "close");
        keep = keep || edge_http1_has_token(value, "keep-alive");
    }
    head->keep_alive = keep && !close;
}

/* RFC 3986 3.2.2 and 3.2.3, as far as single characters go. */
static bool is_host(edge_span_t host) {
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];
        unsigned char letter = (unsigned char)(c | 0x20);
        if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') &&
            (c == '\0' || strchr("-._~%!$&'()*+,;=:[]", c) == NULL)) {
            return false;
        }
    }
    return true;
}

static edge_http1_state_t read_host(edge_http1_head_t *head) {
    head->host = edge_http1_field(head, "host", 0);
    if (head->host.at == NULL && head->minor > 0) {
        return bad(head, 400, "HTTP/1.1 without Host");
    }
    if (edge_http1_field(head, "host", 1).at != NULL) {
        return bad(head, 400, "two Host fields");
    }
    return is_host(head->host) ? EDGE_HTTP1_DONE : bad(head, 400, "Host is no host name");
}

static edge_http1_state_t read_expect(edge_http1_head_t *head) {
    edge_span_t expect = edge_http1_field(head, "expect", 0);
    if (expect.at == NULL || head->minor == 0) {
        return EDGE_HTTP1_DONE; /* RFC 9110 10.1.1: ignored in HTTP/1.0 */
    }
    if (!edge_span_equal_nocase(expect, edge_span_of("100-continue")) ||
        edge_http1_field(head, "expect", 1).at != NULL) {
        return bad(head, 417, "an expectation other than 100-continue");
    }
    head->expects_continue = true;
    return EDGE_HTTP1_DONE;
}

/* "HTTP/1.1"; another major version is 505, anything else 400. */
static edge_http1_state_t read_version(edge_http1_head_t *head, edge_span_t version) {
    const char *at = version.at;
    if (version.len != 8 || memcmp(at, "HTTP/", 5) != 0 || at[5] < '0' || at[5] > '9' || at[6] != '.' || at[7] < '0' ||
        at[7] > '9') {
        return bad(head, 400, "the first line is malformed");
    }
    if (at[5] != '1') {
        return bad(head, 505, "an HTTP version other than 1.0 and 1.1");
    }
    head->minor = at[7] == '0' ? 0 : 1;
    return EDGE_HTTP1_DONE;
}

static bool is_target(edge_span_t target) {
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.at[i];
        if (c <= ' ' || c >= 0x7f) {
            return false;
        }
    }
    return target.len > 0;
}

/* method SP target SP version, exactly one blank between. */
static edge_http1_state_t read_request_line(edge_http1_head_t *head, edge_span_t line) {
    const char *first = line.len > 0 ? memchr(line.at, ' ', line.len) : NULL;
    if (first == NULL) {
        return bad(head, 400, "the first line is malformed");
    }
    head->method = edge_span(line.at, (size_t)(first - line.at));
    edge_span_t rest = edge_span_after(line, head->method.len + 1);
    const char *second = rest.len > 0 ? memchr(rest.at, ' ', rest.len) : NULL;
    if (second == NULL) {
        return bad(head, 400, "the first line is malformed");
    }
    head->target = edge_span(rest.at, (size_t)(second - rest.at));
    if (!edge_http1_is_token(head->method) || head->method.len > EDGE_HTTP1_METHOD_MOST || !is_target(head->target)) {
        return bad(head, 400, "the first line is malformed");
    }
    return read_version(head, edge_span_after(rest, head->target.len + 1));
}

/* version SP code SP reason; the last blank may be missing with the reason. */
static edge_http1_state_t read_status_line(edge_http1_head_t *head, edge_span_t line) {
    uint64_t code;
    if (line.len < 12 || line.at[8] != ' ' || (line.len > 12 && line.at[12] != ' ') ||
        !edge_span_number(edge_span(line.at + 9, 3), &code) || code < 100 || code > 599) {
        return bad(head, 400, "the first line is malformed");
    }
    edge_http1_state_t state = read_version(head, edge_span(line.at, 8));
    if (state == EDGE_HTTP1_DONE) {
        head->status = (unsigned)code;
        head->reason = edge_span_after(line, line.len > 12 ? 13 : 12);
    }
    return state;
}

/* Which of two counts is nowhere said. */
static edge_http1_state_t read_credentials(edge_http1_head_t *head) {
    return edge_http1_field(head, "authorization", 1).at == NULL ? EDGE_HTTP1_DONE
                                                                 : bad(head, 400, "two Authorization fields");
}

typedef edge_http1_state_t part_t(edge_http1_head_t *head);

static edge_http1_state_t read_head(edge_http1_head_t *head, edge_span_t input,
                                    edge_http1_state_t (*first_line)(edge_http1_head_t *, edge_span_t),
                                    part_t *const *parts) {
    edge_http1_state_t state = find_end(head, input);
    if (state != EDGE_HTTP1_DONE) {
        return state;
    }
    edge_span_t rest = edge_span(input.at, head->size);
    if (rest.at[0] == '\r') {
        rest = edge_span_after(rest, 2); /* RFC 9112 2.2: one empty line in front is forgiven */
    }
    state = first_line(head, take_line(&rest));
    while (state == EDGE_HTTP1_DONE && rest.len > 2) {
        state = read_field(head, take_line(&rest));
    }
    for (unsigned i = 0; state == EDGE_HTTP1_DONE && parts[i] != NULL; i++) {
        state = parts[i](head);
    }
    if (state == EDGE_HTTP1_DONE) {
        read_connection(head);
    }
    return state;
}

edge_http1_state_t edge_http1_request(edge_http1_head_t *head, edge_span_t input) {
    static part_t *const parts[] = {read_host, read_framing, read_expect, read_credentials, NULL};
    return read_head(head, input, read_request_line, parts);
}

edge_http1_state_t edge_http1_response(edge_http1_head_t *head, edge_span_t input) {
    static part_t *const parts[] = {read_framing, NULL};
    return read_head(head, input, read_status_line, parts);
}
