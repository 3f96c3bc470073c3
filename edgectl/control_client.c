/* Requests to the server, and its answers. */
#include "control_client.h"
#include "control_peer.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "edge_obj.h"

#include "proto/http1.h"
#include "proto/http1_chunks.h"
#include "proto/http1_write.h"
#include "proto/json_in.h"

#define ASKED_AGAIN_MOST 5u
#define FIELDS_MOST 32

/* One exchange. Octets of the head that are content are kept behind it. */
typedef struct exchange {
    ctl_peer_t *peer;
    apr_pool_t *pool;
    const ctl_request_t *request;
    FILE *into;
    edge_http1_head_t head;
    edge_http1_field_t fields[FIELDS_MOST];
    char input[EDGE_HTTP1_HEAD_MOST];
    size_t have;
    char *content; /* collected */
    size_t content_len, content_size;
    bool cut; /* the answer is not whole, or could not be written */
} exchange_t;

static bool send_all(ctl_peer_t *peer, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t step = ctl_peer_send(peer, bytes, len);
        if (step <= 0) {
            return false;
        }
        bytes += step;
        len -= (size_t)step;
    }
    return true;
}

static void put_field(edge_http1_field_t *fields, unsigned *count, const char *name, const char *value) {
    if (value != NULL) {
        fields[(*count)++] = (edge_http1_field_t){edge_span_of(name), edge_span_of(value)};
    }
}

/* Whoever runs the command again makes the same requests in the same order. */
static const char *idempotency_key(ctl_t *ctl, const ctl_request_t *request) {
    return ctl->once == NULL || strcmp(request->method, "GET") == 0
               ? NULL
               : apr_psprintf(ctl->pool, "%s.%u", ctl->once, ++ctl->changes);
}

static bool send_request(exchange_t *exchange, ctl_t *ctl) {
    const ctl_request_t *request = exchange->request;
    const char *token = ctl_peer_token(ctl),
               *target = apr_pstrcat(ctl->pool, ctl_peer_prefix(ctl), request->target, NULL);
    edge_http1_field_t fields[8];
    unsigned count = 0;
    put_field(fields, &count, "Host", ctl_peer_host(ctl));
    put_field(fields, &count, "Connection", "close");
    put_field(fields, &count, "Authorization", token != NULL ? apr_pstrcat(ctl->pool, "Bearer ", token, NULL) : NULL);
    put_field(fields, &count, "If-Match", request->if_match);
    put_field(fields, &count, "Accept", request->accept);
    put_field(fields, &count, "Last-Event-ID", request->last_event_id);
    put_field(fields, &count, "Idempotency-Key", idempotency_key(ctl, request));
    if (request->body.at != NULL) {
        put_field(fields, &count, "Content-Type", "application/json");
        put_field(fields, &count, "Content-Length", apr_psprintf(ctl->pool, "%" APR_SIZE_T_FMT, request->body.len));
    }
    size_t size = strlen(target) + 4096;
    char *text = apr_palloc(ctl->pool, size);
    size_t len =
        edge_http1_write_request(edge_span_of(request->method), edge_span_of(target), fields, count, text, size);
    return len <= size && send_all(exchange->peer, text, len) &&
           send_all(exchange->peer, request->body.at, request->body.len);
}

/* Octets of the input; 0 at its end, at the time limit, or after an error. */
static size_t receive(const exchange_t *exchange, char *into, size_t size) {
    ssize_t got = ctl_peer_receive(exchange->peer, into, size);
    return got > 0 ? (size_t)got : 0;
}

static bool read_head(exchange_t *exchange) {
    edge_http1_state_t state;
    exchange->head = (edge_http1_head_t){.fields = exchange->fields, .room = FIELDS_MOST};
    while ((state = edge_http1_response(&exchange->head, edge_span(exchange->input, exchange->have))) ==
           EDGE_HTTP1_MORE) {
        size_t got = receive(exchange, exchange->input + exchange->have, sizeof exchange->input - exchange->have);
        if (got == 0) {
            return false;
        }
        exchange->have += got;
    }
    return state == EDGE_HTTP1_DONE;
}

static void collect(exchange_t *exchange, edge_span_t bytes) {
    if (exchange->content_len + bytes.len > exchange->content_size) {
        size_t size = (exchange->content_len + bytes.len) * 2 + 4096;
        char *larger = apr_palloc(exchange->pool, size);
        if (exchange->content_len > 0) {
            memcpy(larger, exchange->content, exchange->content_len);
        }
        exchange->content = larger;
        exchange->content_size = size;
    }
    memcpy(exchange->content + exchange->content_len, bytes.at, bytes.len);
    exchange->content_len += bytes.len;
}

static void take_content(exchange_t *exchange, edge_span_t bytes) {
    if (bytes.len == 0) {
        return;
    }
    const ctl_request_t *request = exchange->request;
    if (exchange->head.status != 200 || (exchange->into == NULL && request->take == NULL)) {
        collect(exchange, bytes);
    } else if (request->take != NULL) {
        request->take(request->context, bytes);
    } else if (fwrite(bytes.at, 1, bytes.len, exchange->into) != bytes.len) {
        exchange->cut = true;
    }
}

/* Takes what has arrived; true when the content is over. */
static bool take_input(exchange_t *exchange, edge_http1_chunks_t *chunks, edge_span_t input) {
    edge_http1_chunks_state_t state;
    edge_span_t data;
    if (!exchange->head.chunked) {
        size_t len = input.len < exchange->head.length ? input.len : (size_t)exchange->head.length;
        take_content(exchange, edge_span(input.at, len));
        exchange->head.length -= len;
        return exchange->head.length == 0;
    }
    while ((state = edge_http1_chunks_next(chunks, &input, &data)) == EDGE_HTTP1_CHUNKS_DATA) {
        take_content(exchange, data);
    }
    exchange->cut = exchange->cut || state == EDGE_HTTP1_CHUNKS_BAD;
    return state != EDGE_HTTP1_CHUNKS_MORE;
}

/* The whole content, or `cut`. */
static void read_content(exchange_t *exchange) {
    edge_http1_chunks_t chunks = {0};
    char block[65536];
    bool over = take_input(exchange, &chunks,
                           edge_span(exchange->input + exchange->head.size, exchange->have - exchange->head.size));
    while (!over && !exchange->cut) {
        size_t got = receive(exchange, block, sizeof block);
        exchange->cut = exchange->cut || got == 0;
        over = take_input(exchange, &chunks, edge_span(block, got));
    }
    if (exchange->into != NULL && fflush(exchange->into) != 0) {
        exchange->cut = true;
    }
}

/* Read once, here: what cannot be read must not pass for an answer without members. */
static ctl_exit_t read_document(ctl_t *ctl, edge_span_t type, ctl_answer_t *answer) {
    const char *wrong;
    size_t at;
    answer->document = NULL;
    if (answer->content.at == NULL || (!edge_span_equal_nocase(type, edge_span_of("application/json")) &&
                                       !edge_span_equal_nocase(type, edge_span_of("application/problem+json")))) {
        return CTL_OK;
    }
    answer->document = edge_json_in_read(answer->content, ctl->pool, &wrong, &at);
    if (answer->document == NULL) {
        ctl_say("the answer of the server cannot be read: octet %zu: %s", at, wrong);
        return CTL_ERROR;
    }
    return CTL_OK;
}

/* `again` tells that the server has done nothing and can be asked again in a moment: it changes generations. */
static ctl_exit_t ask_once(ctl_t *ctl, const ctl_request_t *request, FILE *into, ctl_answer_t *answer, bool *again) {
    exchange_t *exchange = apr_pcalloc(ctl->pool, sizeof *exchange);
    exchange->pool = ctl->pool;
    exchange->request = request;
    exchange->into = into;
    *again = false;
    ctl_exit_t code = ctl_peer_open(ctl, &exchange->peer);
    if (code != CTL_OK) {
        return code;
    }
    bool whole = send_request(exchange, ctl) && read_head(exchange);
    if (whole) {
        read_content(exchange);
    }
    ctl_peer_close(exchange->peer);
    if (!whole || exchange->cut) {
        ctl_say("the answer of the server is not whole");
        return CTL_ERROR;
    }
    edge_span_t etag = edge_http1_field(&exchange->head, "ETag", 0);
    answer->status = exchange->head.status;
    answer->content = exchange->content != NULL ? edge_span(exchange->content, exchange->content_len) : EDGE_NO_SPAN;
    answer->etag = etag.at != NULL ? edge_span_copy(ctl->pool, etag).at : NULL;
    code = read_document(ctl, edge_http1_field(&exchange->head, "Content-Type", 0), answer);
    *again = answer->status == 503 && edge_http1_field(&exchange->head, "Retry-After", 0).at != NULL &&
             edge_span_equal(edge_json_in_text(answer->document, "code"), edge_span_of("not-ready"));
    return code;
}

ctl_exit_t ctl_ask_with(ctl_t *ctl, const ctl_request_t *request, FILE *into, ctl_answer_t *answer) {
    bool again;
    ctl_exit_t code = ask_once(ctl, request, into, answer, &again);
    for (unsigned left = ASKED_AGAIN_MOST; again && left > 0; left--) {
        apr_sleep(APR_USEC_PER_SEC);
        code = ask_once(ctl, request, into, answer, &again);
    }
    return code;
}

ctl_exit_t ctl_ask(ctl_t *ctl, const char *method, const char *target, FILE *into, ctl_answer_t *answer) {
    return ctl_ask_with(ctl, &(ctl_request_t){.method = method, .target = target}, into, answer);
}

ctl_exit_t ctl_answer_exit(ctl_t *ctl, const ctl_answer_t *answer) {
    if (answer->status / 100 == 2) {
        return CTL_OK;
    }
    const edge_json_value_t *problem = answer->document;
    edge_span_t detail = edge_json_in_text(problem, "detail");
    ctl_say("%s", detail.at != NULL ? detail.at : apr_psprintf(ctl->pool, "the server answered %u", answer->status));
    if (answer->status == 404) {
        return CTL_NOT_FOUND;
    }
    return answer->status == 401 || answer->status == 403 ? CTL_DENIED : CTL_ERROR;
}

bool ctl_may_go_offline(const ctl_t *ctl, ctl_exit_t code) {
    return code == CTL_UNREACHABLE && ctl->remote.url == NULL;
}

/* Of a server elsewhere it has been said already. */
ctl_exit_t ctl_say_unreachable(ctl_t *ctl, ctl_exit_t code) {
    if (ctl->remote.url != NULL) {
        return code;
    }
    if (code == CTL_DENIED) {
        ctl_say("you may not use the control socket %s", ctl_peer_name(ctl));
    } else if (code == CTL_UNREACHABLE) {
        ctl_say("no server answers at %s", ctl_peer_name(ctl));
    }
    return code;
}

const char *ctl_escape(const char *text, apr_pool_t *pool) {
    static const char digits[] = "0123456789ABCDEF";
    char *out = apr_palloc(pool, strlen(text) * 3 + 1), *at = out;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text, letter = c | 0x20;
        if ((letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || strchr("-._~", c) != NULL) {
            *at++ = (char)c;
        } else {
            *at++ = '%';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        }
    }
    *at = '\0';
    return out;
}

bool ctl_print_items(const ctl_t *ctl, const edge_json_value_t *items) {
    if (ctl->output == CTL_JSON) {
        ctl_print_json(items != NULL ? items->raw : edge_span("[]", 2));
    } else if (ctl->output == CTL_JSONL) {
        for (const edge_json_value_t *item = items != NULL ? items->first : NULL; item != NULL; item = item->next) {
            ctl_print_json(item->raw);
        }
    }
    return ctl->output != CTL_TABLE;
}

ctl_exit_t ctl_demand_with(ctl_t *ctl, const ctl_request_t *request, ctl_answer_t *answer) {
    ctl_exit_t code = ctl_ask_with(ctl, request, NULL, answer);
    return code != CTL_OK ? ctl_say_unreachable(ctl, code) : ctl_answer_exit(ctl, answer);
}

ctl_exit_t ctl_demand(ctl_t *ctl, const char *method, const char *target, ctl_answer_t *answer) {
    ctl_exit_t code = ctl_ask(ctl, method, target, NULL, answer);
    return code != CTL_OK ? ctl_say_unreachable(ctl, code) : ctl_answer_exit(ctl, answer);
}

static void feed(void *stream, edge_span_t bytes) { ctl_event_stream_feed(stream, bytes); }

ctl_exit_t ctl_demand_events(ctl_t *ctl, const char *target, const char *last, ctl_event_take_t *take, void *context) {
    ctl_event_stream_t *stream = calloc(1, sizeof *stream); /* a stream may be asked for again and again */
    ctl_answer_t answer = {0};
    EDGE_ASSERT(stream != NULL);
    stream->take = take;
    stream->context = context;
    const ctl_request_t request = {.method = "GET",
                                   .target = target,
                                   .last_event_id = last[0] != '\0' ? last : NULL,
                                   .take = feed,
                                   .context = stream};
    ctl_exit_t code = ctl_demand_with(ctl, &request, &answer);
    free(stream);
    return code;
}

ctl_exit_t ctl_demand_of_relay(ctl_t *ctl, const char *method, const char *target, ctl_answer_t *answer) {
    ctl_exit_t code = ctl_ask(ctl, method, target, NULL, answer);
    if (code == CTL_OK && (answer->status == 404 || answer->status == 405)) {
        ctl_say("this server hands nothing on: it has not loaded relay_module");
        return CTL_NOT_FOUND;
    }
    return code != CTL_OK ? ctl_say_unreachable(ctl, code) : ctl_answer_exit(ctl, answer);
}
