/* A request's head as an envelope; replies as statuses. */
#include "proto/http_submit.h"

#include "edge_codec.h"
#include "edge_password.h"
#include "proto/address.h"
#include "proto/encoded_word.h"
#include "proto/http_target.h"

/* Answers */

static const struct {
    unsigned status;
    edge_span_t reason;
} rows[] = {
#define EDGE_HTTP_ANSWER(name, status, reason, prose) {status, EDGE_SPAN(reason)},
#include "tbl/http_answers.def"
#undef EDGE_HTTP_ANSWER
};

unsigned edge_http_answer_status(edge_http_answer_row_t row) { return rows[row].status; }

size_t edge_http_answer_reason(edge_http_answer_row_t row, edge_span_t name, char *out, size_t size) {
    edge_span_t reason = rows[row].reason;
    size_t len = 0;
    for (size_t i = 0; i < reason.len; i++) {
        bool filled = reason.at[i] == '%' && i + 1 < reason.len && reason.at[i + 1] == 's';
        edge_span_t part = filled ? name : edge_span(reason.at + i, 1);
        i += filled ? 1 : 0;
        for (size_t j = 0; j < part.len; j++, len++) {
            if (len < size) {
                out[len] = part.at[j];
            }
        }
    }
    return len;
}

unsigned edge_http_submit_status(const edge_reply_t *reply) {
    switch (edge_reply_class(reply)) {
    case 2: return 200;
    case 4: return reply->code == 421 || reply->code == 450 ? 503 : 500;
    default: return reply->code == 535 ? 403 : 400;
    }
}

/* Where and how */

/* RFC 9112 3.2.2: a server takes the absolute form as well. */
static edge_span_t without_authority(edge_span_t target) {
    static const edge_span_t schemes[] = {EDGE_SPAN("http://"), EDGE_SPAN("https://")};
    for (size_t i = 0; i < EDGE_COUNT(schemes); i++) {
        if (edge_span_starts_nocase(target, schemes[i])) {
            edge_span_t rest = edge_span_after(target, schemes[i].len);
            const char *slash = rest.len > 0 ? memchr(rest.at, '/', rest.len) : NULL;
            return slash != NULL ? edge_span_after(rest, (size_t)(slash - rest.at)) : edge_span("/", 1);
        }
    }
    return target;
}

bool edge_http_submit_is_path(edge_span_t target, edge_span_t path) {
    edge_span_t asked, query;
    if (!edge_http_target_split(without_authority(target), &asked, &query)) {
        return false;
    }
    if (asked.len == path.len + 1 && asked.at[path.len] == '/') {
        asked.len--;
    }
    return edge_span_equal(asked, path);
}

edge_http_answer_row_t edge_http_submit_method(edge_span_t method) {
    static const struct {
        edge_span_t method;
        edge_http_answer_row_t row;
    } methods[] = {
        {EDGE_SPAN("POST"), EDGE_HTTP_ANSWER_COUNT},
        {EDGE_SPAN("GET"), EDGE_HTTP_NOT_READABLE},
        {EDGE_SPAN("HEAD"), EDGE_HTTP_NOT_READABLE},
        {EDGE_SPAN("OPTIONS"), EDGE_HTTP_OPTIONS},
    };
    for (size_t i = 0; i < EDGE_COUNT(methods); i++) {
        if (edge_span_equal(method, methods[i].method)) {
            return methods[i].row;
        }
    }
    return EDGE_HTTP_NOT_IMPLEMENTED;
}

/* The envelope */

/* "message/rfc822", with parameters or without. */
static bool is_message(edge_span_t type) {
    static const edge_span_t message = EDGE_SPAN("message/rfc822");
    if (!edge_span_starts_nocase(type, message)) {
        return false;
    }
    edge_span_t rest = edge_span_trim(edge_span_after(type, message.len));
    return rest.len == 0 || rest.at[0] == ';';
}

static edge_http_answer_row_t check_content(const edge_http1_head_t *head) {
    edge_span_t coding = edge_http1_field(head, "content-encoding", 0);
    if (!is_message(edge_http1_field(head, "content-type", 0)) ||
        edge_http1_field(head, "content-type", 1).at != NULL) {
        return EDGE_HTTP_WRONG_TYPE;
    }
    if (coding.len > 0 && !edge_span_equal_nocase(coding, edge_span_of("identity"))) {
        return EDGE_HTTP_CODED;
    }
    return head->has_length || head->chunked ? EDGE_HTTP_ANSWER_COUNT : EDGE_HTTP_NO_LENGTH;
}

/* The index-th field of that name; a bare pointer walk, since names are settings. */
static edge_span_t field_at(const edge_http1_head_t *head, edge_span_t name, unsigned index) {
    for (unsigned i = 0; i < head->count; i++) {
        if (edge_span_equal_nocase(head->fields[i].name, name) && index-- == 0) {
            return head->fields[i].value;
        }
    }
    return EDGE_NO_SPAN;
}

/* The one field of that name, decoded; absent when there is none. */
static edge_http_answer_row_t read_single(const edge_http1_head_t *head, edge_span_t name, apr_pool_t *pool,
                                          edge_http_submit_t *submit, edge_span_t *value) {
    edge_span_t written = field_at(head, name, 0);
    *value = written;
    submit->about = name;
    if (field_at(head, name, 1).at != NULL) {
        return EDGE_HTTP_REPEATED;
    }
    if (written.at != NULL && !edge_encoded_word_decode(written, pool, value)) {
        return EDGE_HTTP_MALFORMED;
    }
    *value = written.at != NULL ? edge_span_trim(*value) : *value;
    return EDGE_HTTP_ANSWER_COUNT;
}

static bool is_hello(edge_span_t name) {
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == ' ' || name.at[i] == '\t') {
            return false;
        }
    }
    return name.len <= EDGE_ADDRESS_DOMAIN_MOST;
}

static edge_http_answer_row_t read_hello(const edge_http1_head_t *head, edge_span_t name, apr_pool_t *pool,
                                         edge_http_submit_t *submit) {
    edge_http_answer_row_t row = read_single(head, name, pool, submit, &submit->ehlo);
    if (row != EDGE_HTTP_ANSWER_COUNT) {
        return row;
    }
    if (submit->ehlo.len == 0) {
        submit->ehlo = edge_span("none", 4);
    }
    return is_hello(submit->ehlo) ? EDGE_HTTP_ANSWER_COUNT : EDGE_HTTP_MALFORMED;
}

/* A mailbox, bare or in angle brackets. */
static bool read_address(edge_span_t text, edge_address_path_kind_t kind, edge_address_t *address) {
    static const edge_span_t postmaster = EDGE_SPAN("postmaster");
    memset(address, 0, sizeof *address);
    if (text.len > 0 && text.at[0] == '<') {
        return edge_address_path(&text, kind, address) && text.len == 0;
    }
    if (kind == EDGE_ADDRESS_REVERSE && text.len == 0) {
        address->mailbox = edge_span("", 0);
        return true;
    }
    if (kind == EDGE_ADDRESS_FORWARD && edge_span_equal_nocase(text, postmaster)) {
        address->mailbox = text;
        return true;
    }
    return edge_address_mailbox(text, address);
}

static edge_http_answer_row_t read_sender(const edge_http1_head_t *head, edge_span_t name, apr_pool_t *pool,
                                          edge_http_submit_t *submit) {
    edge_address_t address;
    edge_span_t text;
    edge_http_answer_row_t row = read_single(head, name, pool, submit, &text);
    if (row != EDGE_HTTP_ANSWER_COUNT) {
        return row;
    }
    if (text.at == NULL) {
        return EDGE_HTTP_NO_SENDER;
    }
    if (!read_address(text, EDGE_ADDRESS_REVERSE, &address)) {
        return EDGE_HTTP_MALFORMED;
    }
    submit->sender = address.mailbox;
    submit->sender_utf8 = address.utf8;
    return EDGE_HTTP_ANSWER_COUNT;
}

/* RFC 9110 5.3: whoever stands between may have joined several fields by commas. One inside quotes or a literal belongs to
 * the address. */
static edge_span_t take_listed(edge_span_t *list) {
    bool quoted = false, literal = false;
    size_t len = 0;
    for (; len < list->len; len++) {
        char c = list->at[len];
        if (c == '\\' && quoted && len + 1 < list->len) {
            len++;
        } else if (c == '"' && !literal) {
            quoted = !quoted;
        } else if (!quoted && (c == '[' || c == ']')) {
            literal = c == '[';
        } else if (c == ',' && !quoted && !literal) {
            break;
        }
    }
    edge_span_t item = edge_span(list->at, len);
    *list = edge_span_after(*list, len < list->len ? len + 1 : len);
    return edge_span_trim(item);
}

static unsigned count_listed(edge_span_t list) {
    unsigned count = 0;
    while (list.len > 0) {
        count += take_listed(&list).len > 0;
    }
    return count;
}

static void add_recipient(edge_span_t text, edge_http_submit_t *submit) {
    edge_http_recipient_t *recipient = &submit->recipients[submit->recipient_count++];
    edge_address_t address;
    bool good = read_address(text, EDGE_ADDRESS_FORWARD, &address);
    recipient->address = good ? address.mailbox : text;
    recipient->row = good ? EDGE_R_RECIPIENT_OK : EDGE_R_BAD_RECIPIENT;
    recipient->utf8 = good && address.utf8;
}

static edge_http_answer_row_t read_recipients(const edge_http1_head_t *head, edge_span_t name, apr_pool_t *pool,
                                              edge_http_submit_t *submit) {
    edge_span_t *values = apr_palloc(pool, (head->count + 1) * sizeof *values);
    unsigned fields = 0, count = 0;
    submit->about = name;
    for (unsigned i = 0; i < head->count; i++) {
        if (!edge_span_equal_nocase(head->fields[i].name, name)) {
            continue;
        }
        if (!edge_encoded_word_decode(head->fields[i].value, pool, &values[fields])) {
            return EDGE_HTTP_MALFORMED;
        }
        count += count_listed(values[fields++]);
    }
    if (count == 0) {
        return EDGE_HTTP_NO_RECIPIENT;
    }
    submit->recipients = apr_pcalloc(pool, count * sizeof *submit->recipients);
    for (unsigned i = 0; i < fields; i++) {
        while (values[i].len > 0) {
            edge_span_t item = take_listed(&values[i]);
            if (item.len > 0) {
                add_recipient(item, submit);
            }
        }
    }
    return EDGE_HTTP_ANSWER_COUNT;
}

edge_http_answer_row_t edge_http_submit_read(const edge_http1_head_t *head, const edge_http_names_t *names,
                                             apr_pool_t *pool, edge_http_submit_t *submit) {
    edge_http_answer_row_t row = check_content(head);
    memset(submit, 0, sizeof *submit);
    if (row == EDGE_HTTP_ANSWER_COUNT) {
        row = read_sender(head, names->sender, pool, submit);
    }
    if (row == EDGE_HTTP_ANSWER_COUNT) {
        row = read_recipients(head, names->recipient, pool, submit);
    }
    if (row == EDGE_HTTP_ANSWER_COUNT) {
        row = read_hello(head, names->ehlo, pool, submit);
    }
    return row;
}

/* Credentials */

edge_span_t edge_http_submit_plain(edge_span_t authorization, apr_pool_t *pool) {
    static const edge_span_t scheme = EDGE_SPAN("Basic ");
    if (!edge_span_starts_nocase(authorization, scheme)) {
        return EDGE_NO_SPAN;
    }
    edge_span_t base64 = edge_span_trim(edge_span_after(authorization, scheme.len));
    char *message = apr_palloc(pool, base64.len + 3);
    size_t len;
    if (!edge_base64_decode(base64, message + 2, base64.len + 1, &len)) {
        return EDGE_NO_SPAN;
    }
    char *colon = len > 0 ? memchr(message + 2, ':', len) : NULL;
    bool good = colon != NULL && memchr(message + 2, '\0', len) == NULL;
    edge_span_t plain = EDGE_NO_SPAN;
    if (good) {
        *colon = '\0';
        message[1] = '\0'; /* NUL name NUL password */
        char *out = apr_palloc(pool, EDGE_BASE64_SIZE(len + 1) + 1);
        plain = edge_span(out, edge_base64_encode(edge_span(message + 1, len + 1), out, EDGE_BASE64_SIZE(len + 1)));
    }
    edge_password_wipe(message, base64.len + 3);
    return plain;
}

edge_span_t edge_http_submit_token(edge_span_t authorization) {
    static const edge_span_t scheme = EDGE_SPAN("Bearer");
    bool blank = authorization.len > scheme.len && authorization.at[scheme.len] == ' ';
    if (!edge_span_starts_nocase(authorization, scheme) || (authorization.len > scheme.len && !blank)) {
        return EDGE_NO_SPAN;
    }
    return edge_span_trim(edge_span_after(authorization, scheme.len));
}
