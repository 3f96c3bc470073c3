/* A request that civetweb has read: who sends it, what it is about, and the way of its answer. */
#include "admin.h"

#include <apr_strings.h>
#include <civetweb.h>
#include <openssl/crypto.h>
#include <stdio.h>

#include "edge_conf_grow.h"
#include "edge_obj.h"
#include "proto/http1_write.h"

#define BLOCK 16384

static edge_admin_streams_t streams;
/* Of the configuration this process was started with. */
static const admin_conf_t *conf;
static edge_span_t hosts[ADMIN_HOSTS_MOST + 3 + ADMIN_LISTENS_MOST * 4];
static unsigned host_count;

static void allow(edge_span_t host) {
    if (host_count < EDGE_COUNT(hosts) && host.len > 0)
        hosts[host_count++] = host;
}

/* "192.0.2.1:8090" without its port. */
static void allow_addresses(const edge_section_t *section) {
    const edge_conf_node_t *listen = NULL;
    while ((listen = edge_conf_grow_directive(section->node, listen, "Listen")) != NULL) {
        edge_span_t text;
        for (unsigned i = 0; (text = edge_conf_grow_argument(listen, i)).at != NULL; i++) {
            while (text.len > 0 && text.at[text.len - 1] != ':')
                text.len--;
            allow(edge_span(text.at, text.len > 0 ? text.len - 1 : 0));
        }
    }
}

void admin_exchange_use(const edge_snapshot_t *snapshot) {
    const edge_section_t *section;
    conf = admin_conf_of(snapshot);
    streams.most = conf ? conf->max_streams : 4;
    host_count = 0;
    allow(edge_span_of("localhost"));
    allow(edge_span_of("127.0.0.1"));
    allow(edge_span_of("[::1]"));
    for (unsigned i = 0; conf && i < conf->host_count; i++)
        allow(conf->hosts[i]);
    for (unsigned i = 0; (section = admin_conf_listener(snapshot, i)) != NULL; i++) {
        allow_addresses(section);
        if (((const edge_listener_t *)section->instance)->tls)
            allow(((const edge_listener_t *)section->instance)->server_name);
    }
}

/* Sending */

/* In pieces that civetweb takes at once: its own length is an int, and a piece must leave in its time. */
static void send_all(admin_exchange_t *x, edge_span_t bytes) {
    while (!x->gone && bytes.len > 0) {
        size_t len = bytes.len < 262144 ? bytes.len : 262144;
        x->gone = mg_write(x->conn, bytes.at, len) != (int)len;
        x->sent += len;
        bytes = edge_span_after(bytes, len);
    }
}

static bool flush(admin_exchange_t *x) {
    send_all(x, edge_span(x->unsent, x->unsent_len));
    x->unsent_len = 0;
    return !x->gone;
}

/* Each write wakes the worker, and by it the client: an answer leaves in as few as it can. Something always stays for the end,
 * since it is said before the last octet leaves that the answer is whole. */
static bool put(admin_exchange_t *x, edge_span_t bytes) {
    if (bytes.len > ADMIN_UNSENT_MOST - x->unsent_len && !flush(x))
        return false;
    if (bytes.len > ADMIN_UNSENT_MOST) {
        send_all(x, edge_span(bytes.at, bytes.len - ADMIN_UNSENT_MOST));
        bytes = edge_span_after(bytes, bytes.len - ADMIN_UNSENT_MOST);
    }
    if (bytes.len > 0)
        memcpy(x->unsent + x->unsent_len, bytes.at, bytes.len);
    x->unsent_len += bytes.len;
    return !x->gone;
}

static void field(edge_http1_field_t *fields, unsigned *count, const char *name, const char *value) {
    if (value)
        fields[(*count)++] = (edge_http1_field_t){edge_span_of(name), edge_span_of(value)};
}

static bool is_http10(const admin_exchange_t *x) { return strcmp(x->info->http_version, "1.0") == 0; }

/* Before it is sent: who has his answer finds it counted. */
static void count_answer(const admin_exchange_t *x) {
    if (x->is_file)
        edge_admin_count_file(x->answer.status);
    else
        edge_admin_count(x->answer.route, x->answer.status);
}

/* A `length` of -1: chunks follow, or, for HTTP/1.0, the end of the connection tells. */
static bool send_head(admin_exchange_t *x, int64_t length, const char *cache) {
    edge_http1_field_t fields[ADMIN_OWN_FIELDS_MOST + 10 + EDGE_ADMIN_FIELDS];
    edge_admin_answer_t *answer = &x->answer;
    char text[24], out[8192];
    bool empty = answer->status == 304;
    unsigned count = admin_fields_put(fields, x->origin.tls);
    snprintf(text, sizeof(text), "%lld", (long long)length);
    x->last = x->last || answer->elsewhere || (length < 0 && is_http10(x)) || admin_origin_is_last(x->port);
    if (x->last)
        admin_origin_told(x->port);
    field(fields, &count, "Content-Type", empty ? NULL : answer->type);
    field(fields, &count, "Cache-Control", cache);
    field(fields, &count, "Transfer-Encoding", length < 0 && !is_http10(x) ? "chunked" : NULL);
    field(fields, &count, "Content-Length", length < 0 || empty ? NULL : text);
    field(fields, &count, "Allow", answer->allow);
    field(fields, &count, "ETag", answer->etag);
    field(fields, &count, "Location", answer->location);
    field(fields, &count, "X-Request-Id", answer->request_id);
    for (unsigned i = 0; i < answer->field_count; i++)
        field(fields, &count, answer->fields[i].name, answer->fields[i].value);
    field(fields, &count, "Connection", x->last ? "close" : NULL);
    size_t len = edge_http1_write_response(1, answer->status, EDGE_NO_SPAN, fields, count, out, sizeof(out));
    EDGE_ASSERT(len <= sizeof(out));
    x->head_sent = true;
    count_answer(x);
    return put(x, edge_span(out, len));
}

static bool send_stream(edge_admin_answer_t *answer, edge_span_t bytes) {
    admin_exchange_t *x = EDGE_CONTAINER(answer, admin_exchange_t, answer);
    char size[24];
    if (!x->head_sent) {
        if (strcmp(answer->type, "text/event-stream") == 0) {
            admin_origin_streams(x->port);
            admin_figures_streams(1);
            x->is_stream = true;
        }
        if (!send_head(x, -1, "no-store"))
            return false;
    }
    if (x->is_head)
        return true;
    if (is_http10(x)) {
        put(x, bytes);
    } else {
        int len = snprintf(size, sizeof(size), "%zx\r\n", bytes.len);
        put(x, edge_span(size, (size_t)len));
        put(x, bytes);
        put(x, edge_span("\r\n", 2));
    }
    return x->is_stream ? flush(x) : !x->gone; /* an event is for now */
}

/* The worker forgets a connection when its client has gone. */
static bool is_gone(const edge_admin_answer_t *answer) {
    const admin_exchange_t *x = EDGE_CONTAINER(answer, const admin_exchange_t, answer);
    admin_origin_t origin;
    return x->gone || !admin_origin_find(x->port, &origin);
}

/* No last chunk: whoever reads sees that it is not whole. The worker, which is to end the connection, looks when something
 * comes: if all has left already, that is what no chunk begins with. */
static void break_off(admin_exchange_t *x) {
    x->last = true;
    admin_origin_told(x->port);
    if (x->unsent_len == 0)
        put(x, edge_span("\r\n", 2));
}

static void send_answer(admin_exchange_t *x) {
    edge_admin_answer_t *answer = &x->answer;
    if (!answer->streaming) {
        edge_span_t document = edge_span(answer->json.text, answer->json.len);
        if (send_head(x, (int64_t)document.len, "no-store") && !x->is_head)
            put(x, document);
        return;
    }
    if (answer->broken) {
        break_off(x);
        return;
    }
    if (!x->head_sent && !send_head(x, -1, "no-store"))
        return;
    if (!x->is_head && !is_http10(x))
        put(x, edge_span("0\r\n\r\n", 5));
}

void admin_exchange_problem(admin_exchange_t *x, unsigned status, const char *code, const char *detail) {
    edge_admin_problem(&x->answer, status, code, "%s", detail);
    edge_admin_answer_end(&x->answer);
    send_answer(x);
}

static bool takes_gzip(const admin_exchange_t *x) {
    edge_span_t codings = admin_gate_field(&x->gate, "Accept-Encoding", 0);
    return codings.at && edge_http1_has_token(codings, "gzip");
}

void admin_exchange_send_file(admin_exchange_t *x, const admin_file_t *file) {
    edge_admin_answer_t *answer = &x->answer;
    edge_span_t known = admin_gate_field(&x->gate, "If-None-Match", 0);
    edge_span_t content = file->gzip.at && takes_gzip(x) ? file->gzip : file->content;
    answer->type = file->type;
    answer->etag = file->etag;
    if (known.at && edge_span_equal(known, edge_span_of(file->etag)))
        answer->status = 304;
    if (file->gzip.at)
        edge_admin_field(answer, "Vary", "Accept-Encoding");
    if (content.at == file->gzip.at && answer->status != 304)
        edge_admin_field(answer, "Content-Encoding", "gzip");
    if (send_head(x, (int64_t)content.len, "no-cache") && !x->is_head && answer->status != 304)
        put(x, content);
}

/* Reading */

static void fill_gate(admin_exchange_t *x) {
    const struct mg_request_info *info = x->info;
    admin_gate_t *gate = &x->gate;
    for (int i = 0; i < info->num_headers && gate->count < ADMIN_FIELDS_MOST; i++)
        x->fields[gate->count++] =
            (edge_http1_field_t){edge_span_of(info->http_headers[i].name), edge_span_of(info->http_headers[i].value)};
    gate->fields = x->fields;
    gate->method = edge_span_of(info->request_method);
    gate->path = edge_span_of(info->request_uri);
    gate->query = edge_span_of(info->query_string);
    gate->hosts = hosts;
    gate->host_count = host_count;
    gate->bearer = admin_gate_field(gate, "Authorization", 0).at != NULL;
    gate->cookie = admin_gate_field(gate, "Cookie", 0).at != NULL;
}

/* The whole content; false after a problem was answered, or when it did not come. */
static bool read_content(admin_exchange_t *x, edge_span_t *content) {
    long long length = x->info->content_length;
    size_t have = 0;
    *content = EDGE_NO_SPAN;
    if (length <= 0)
        return true;
    if (length > ADMIN_CONTENT_MOST) {
        x->last = true;
        admin_exchange_problem(x, 413, "too-large", "The content has more than 1048576 octets.");
        return false;
    }
    char *into = apr_palloc(x->pool, (size_t)length + 1);
    while (have < (size_t)length) {
        int got = mg_read(x->conn, into + have, (size_t)length - have);
        if (got <= 0) {
            x->gone = true;
            return false;
        }
        have += (size_t)got;
    }
    into[have] = '\0';
    *content = edge_span(into, have);
    return true;
}

/* Who fails to say who he is: 401, and too often 429. */
static void answer_failure(admin_exchange_t *x) {
    unsigned wait = admin_pace_failure(x->origin.address);
    admin_figures_failed(x->who.failure);
    if (wait == 0) {
        edge_admin_field(&x->answer, "WWW-Authenticate", "Bearer realm=\"edged\", error=\"invalid_token\"");
        admin_exchange_problem(x, 401, "unauthenticated",
                               "This token is not known, or not any more, or not from here.");
        return;
    }
    edge_admin_field(&x->answer, "Retry-After", apr_itoa(x->pool, (int)wait));
    admin_exchange_problem(x, 429, "rate-limited", "Too many wrong tokens from this address.");
}

static bool is_probe(edge_span_t path) {
    return edge_span_equal(path, edge_span_of("/livez")) || edge_span_equal(path, edge_span_of("/readyz"));
}

static bool keeps_pace(admin_exchange_t *x) {
    unsigned left = 0, wait = admin_pace_request(x->who.rate, &left);
    edge_admin_field(&x->answer, "RateLimit-Policy",
                     apr_psprintf(x->pool, "\"requests\";q=%u;w=3", 3 * admin_pace_requests()));
    edge_admin_field(&x->answer, "RateLimit", apr_psprintf(x->pool, "\"requests\";r=%u;t=1", left));
    if (wait == 0)
        return true;
    edge_admin_field(&x->answer, "Retry-After", apr_itoa(x->pool, (int)wait));
    admin_exchange_problem(x, 429, "rate-limited", "Too many requests; wait a moment.");
    return false;
}

/* A cookie comes along with whatever a browser sends: what changes something must also bring what only our page knows. */
static bool has_csrf(admin_exchange_t *x) {
    if (!x->who.cookie || x->is_head || strcmp(x->info->request_method, "GET") == 0)
        return true;
    edge_span_t given = admin_gate_field(&x->gate, "X-Edge-Csrf", 0);
    const char *own = admin_seal_csrf(&x->who.seal, x->pool);
    if (given.at && given.len == strlen(own) && CRYPTO_memcmp(given.at, own, given.len) == 0)
        return true;
    admin_figures_failed(ADMIN_FAILURE_CSRF);
    admin_exchange_problem(x, 403, "csrf", "A change by a session of the console needs X-Edge-Csrf, as login gave it.");
    return false;
}

/* What the rows say of who asks: nobody, where somebody is needed, or one who may do less. Login counts its own. */
static void note_refusal(const admin_exchange_t *x) {
    const edge_admin_route_t *route = x->answer.route;
    bool is_public = route && route->flags & EDGE_ADMIN_PUBLIC;
    if (x->answer.status == 401 && !is_public)
        admin_figures_failed(x->who.failure);
    else if (x->answer.status == 403 && route && x->who.role < route->role)
        admin_figures_failed(ADMIN_FAILURE_ROLE);
}

static void dispatch(admin_exchange_t *x) {
    edge_span_t content;
    const char *query = x->info->query_string;
    char address[EDGE_IPADDR_TEXT];
    if (!read_content(x, &content))
        return;
    edge_ipaddr_format(x->origin.address, address);
    edge_admin_call_t call = {
        .method = x->gate.method,
        .target = edge_span_of(apr_pstrcat(x->pool, x->info->request_uri, query ? "?" : "", query, NULL)),
        .content = content,
        .content_type = admin_gate_field(&x->gate, "Content-Type", 0),
        .if_match = admin_gate_field(&x->gate, "If-Match", 0),
        .if_none_match = admin_gate_field(&x->gate, "If-None-Match", 0),
        .accept = admin_gate_field(&x->gate, "Accept", 0),
        .idempotency_key = admin_gate_field(&x->gate, "Idempotency-Key", 0),
        .last_event_id = admin_gate_field(&x->gate, "Last-Event-ID", 0),
        .role = x->who.role,
        .who = x->who.who,
        .from = address,
        .streams = &streams,
        .carrier = x,
    };
    edge_admin_dispatch(&call, &x->answer);
    note_refusal(x);
    send_answer(x);
}

static bool is_of_the_api(edge_span_t path) {
    static const edge_span_t api = EDGE_SPAN("/api");
    return (edge_span_starts_nocase(path, api) && (path.len == api.len || path.at[api.len] == '/')) ||
           edge_span_equal(path, edge_span_of("/metrics")) || is_probe(path);
}

static void serve_file(admin_exchange_t *x) {
    const admin_file_t *file = !conf || conf->console ? admin_files_find(x->gate.path) : NULL;
    x->is_file = true;
    if (!file) {
        admin_exchange_problem(x, 404, "not-found", "There is nothing at this path.");
    } else if (!x->is_head && strcmp(x->info->request_method, "GET") != 0) {
        x->answer.allow = "GET, HEAD";
        admin_exchange_problem(x, 405, "method-not-allowed", "This path takes GET, HEAD.");
    } else {
        admin_exchange_send_file(x, file);
    }
}

/* A page of another site may lead here by a link, and sees nothing of it. */
static admin_refusal_t check(const admin_exchange_t *x) {
    admin_refusal_t refusal = admin_gate_check(&x->gate);
    bool page = refusal.status == 403 && !is_of_the_api(x->gate.path);
    return page ? (admin_refusal_t){0, NULL, NULL} : refusal;
}

static void serve(admin_exchange_t *x) {
    fill_gate(x);
    admin_refusal_t refusal = check(x);
    if (refusal.status != 0) {
        x->last = true;
        if (refusal.status == 403)
            admin_figures_failed(ADMIN_FAILURE_CSRF);
        admin_exchange_problem(x, refusal.status, refusal.code, refusal.detail);
        return;
    }
    if (!is_of_the_api(x->gate.path)) {
        serve_file(x);
        return;
    }
    x->who.who = "nobody";
    if (is_probe(x->gate.path) && (x->is_head || strcmp(x->info->request_method, "GET") == 0)) {
        dispatch(x); /* whoever asks, and however often */
        return;
    }
    admin_who_find(x);
    if (x->who.failed)
        answer_failure(x);
    else if (keeps_pace(x) && has_csrf(x))
        dispatch(x);
}

int admin_exchange_serve(struct mg_connection *conn) {
    admin_exchange_t x = {.conn = conn, .info = mg_get_request_info(conn), .conf = conf};
    uint16_t port = (uint16_t)x.info->remote_port;
    /* Nobody of ours: it hears nothing. */
    if (!admin_origin_find(port, &x.origin))
        return 403;
    apr_pool_create(&x.pool, NULL);
    x.unsent = apr_palloc(x.pool, ADMIN_UNSENT_MOST); /* civetweb's threads have small stacks */
    edge_admin_answer_start(&x.answer, x.pool);
    x.answer.send = send_stream;
    x.answer.is_gone = is_gone;
    x.port = port;
    x.is_head = strcmp(x.info->request_method, "HEAD") == 0;
    serve(&x);
    admin_origin_answered(port, x.sent + x.unsent_len);
    flush(&x);
    if (x.is_stream)
        admin_figures_streams(-1);
    int status = (int)x.answer.status;
    apr_pool_destroy(x.pool);
    return status;
}
