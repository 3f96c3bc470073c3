/* The content of a request on its way to the queue, or to nowhere. */
#include "http_edge.h"

static void refuse(http_session_t *s, unsigned status, edge_reply_row_t row) {
    edge_reply_t reply = edge_reply_of(row);
    http_answer_with_status(s, status, &reply, "DATA");
}

void http_body_begin(http_session_t *s) {
    http_request_t *request = s->request;
    edge_transaction_open_body(&s->session);
    edge_pace_body(&s->pace, http_now(s));
    edge_smtp_dot_start(&request->lines, false, http_settings_of(s)->conf->newlines == 0);
    if (request->head.expects_continue) {
        edge_conn_write(s->session.conn, edge_span_of("HTTP/1.1 100 Continue\r\n\r\n"));
        request->head.expects_continue = false;
    }
    s->stage = HTTP_READS_BODY;
    if (!s->chunked && s->left == 0)
        http_body_input(s, edge_span("", 0));
}

/* A compiler makes a few wide instructions of it. */
static bool has_eight_bit(edge_span_t bytes) {
    unsigned char all = 0;
    for (size_t i = 0; i < bytes.len; i++)
        all |= (unsigned char)bytes.at[i];
    return all >= 0x80;
}

static void store(http_session_t *s, edge_span_t bytes) {
    if (!s->request->eight_bit)
        s->request->eight_bit = has_eight_bit(bytes);
    s->body_full = edge_transaction_write(&s->session, bytes) == EDGE_BODY_WAIT;
}

static void end_of_body(http_session_t *s) {
    if (edge_smtp_dot_finish(&s->request->lines))
        s->stage = HTTP_ASKS_HAVE_DATA;
    else
        refuse(s, 400, EDGE_R_BARE_NEWLINE);
}

/* Content at the input's front; returns how much of it was eaten. */
static size_t take_content(http_session_t *s, edge_span_t content) {
    http_request_t *request = s->request;
    uint64_t most = http_settings_of(s)->limits->max_message_size;
    edge_span_t rest = content, out;
    edge_smtp_dot_result_t result = edge_smtp_dot_next(&request->lines, &rest, &out);
    size_t eaten = content.len - rest.len;
    s->open -= eaten;
    request->octets += eaten;
    if (most && request->octets > most)
        refuse(s, 413, EDGE_R_SIZE_EXCEEDED);
    else if (result == EDGE_SMTP_DOT_BARE)
        refuse(s, 400, EDGE_R_BARE_NEWLINE);
    else if (result == EDGE_SMTP_DOT_SPAN)
        store(s, out);
    return eaten;
}

typedef enum framing { FRAMING_MORE, FRAMING_CONTENT, FRAMING_END, FRAMING_BAD } framing_t;

/* What of the input is content. */
static edge_span_t content_of(const http_session_t *s, edge_span_t input) {
    return edge_span(input.at, input.len < s->open ? input.len : s->open);
}

/* Eats framing up to the next content, of which `open` then says how much is there. */
static framing_t next_content(http_session_t *s, edge_span_t *input) {
    edge_span_t rest = *input, data;
    if (s->open > 0)
        return input->len > 0 ? FRAMING_CONTENT : FRAMING_MORE;
    if (!s->chunked) {
        s->open = input->len < s->left ? input->len : (size_t)s->left;
        s->left -= s->open;
        return s->open > 0 ? FRAMING_CONTENT : s->left > 0 ? FRAMING_MORE : FRAMING_END;
    }
    switch (edge_http1_chunks_next(&s->chunks, &rest, &data)) {
    case EDGE_HTTP1_CHUNKS_DATA:
        *input = edge_span(data.at, data.len + rest.len);
        s->open = data.len;
        return FRAMING_CONTENT;
    case EDGE_HTTP1_CHUNKS_DONE:
        *input = rest;
        s->chunked = false;
        s->left = 0;
        return FRAMING_END;
    case EDGE_HTTP1_CHUNKS_BAD: return FRAMING_BAD;
    default: *input = rest; return FRAMING_MORE;
    }
}

size_t http_body_input(http_session_t *s, edge_span_t bytes) {
    edge_span_t input = bytes;
    while (s->stage == HTTP_READS_BODY && !s->body_full) {
        framing_t framing = next_content(s, &input);
        if (framing == FRAMING_MORE)
            break;
        if (framing == FRAMING_CONTENT)
            input = edge_span_after(input, take_content(s, content_of(s, input)));
        else if (framing == FRAMING_END)
            end_of_body(s);
        else
            http_answer_row(s, EDGE_HTTP_BAD_CHUNK);
    }
    return bytes.len - input.len;
}

/* The rest of a request that was answered before its end, so that the next one is found. */
size_t http_body_swallow(http_session_t *s, edge_span_t bytes) {
    edge_span_t input = bytes;
    framing_t framing;
    while ((framing = next_content(s, &input)) == FRAMING_CONTENT) {
        edge_span_t content = content_of(s, input);
        input = edge_span_after(input, content.len);
        s->open -= content.len;
    }
    size_t eaten = bytes.len - input.len;
    if (framing == FRAMING_END) {
        s->stage = HTTP_AWAITS_HEAD;
    } else if (framing == FRAMING_BAD || (s->chunked && eaten > s->left)) {
        edge_conn_close(s->session.conn, EDGE_CLOSE_REQUEST_REFUSED);
        s->stage = HTTP_CLOSES;
    } else if (s->chunked) {
        s->left -= eaten;
    }
    return eaten;
}
