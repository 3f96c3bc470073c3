/* The client's side of the control socket. */
#include "control_client.h"

#include <apr_strings.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/http1.h"
#include "proto/http1_chunks.h"
#include "proto/http1_write.h"
#include "proto/json_in.h"

#define FIELDS_MOST 32
#define SILENCE_MOST 60 /* seconds without an octet from the server */

/* One exchange. Octets of the head that are content are kept behind it. */
typedef struct exchange {
    int fd;
    apr_pool_t *pool;
    FILE *into;
    edge_http1_head_t head;
    edge_http1_field_t fields[FIELDS_MOST];
    char input[EDGE_HTTP1_HEAD_MOST];
    size_t have;
    char *content; /* collected */
    size_t content_len, content_size;
    bool cut; /* the answer is not whole, or could not be written */
} exchange_t;

static int dial(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {SILENCE_MOST, 0};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static bool send_request(const exchange_t *exchange, const char *method, const char *target) {
    const edge_http1_field_t fields[] = {{EDGE_SPAN("Host"), EDGE_SPAN("localhost")},
                                         {EDGE_SPAN("Connection"), EDGE_SPAN("close")}};
    char text[2048];
    size_t len = edge_http1_write_request(edge_span_of(method), edge_span_of(target), fields, EDGE_COUNT(fields), text,
                                          sizeof text),
           sent = 0;
    while (len <= sizeof text && sent < len) {
        ssize_t step = send(exchange->fd, text + sent, len - sent, MSG_NOSIGNAL);
        if (step < 0 && errno != EINTR) {
            return false;
        }
        sent += step > 0 ? (size_t)step : 0;
    }
    return sent == len;
}

/* Octets of the input; 0 at its end, at the time limit, or after an error. */
static size_t receive(const exchange_t *exchange, char *into, size_t size) {
    ssize_t got;
    do {
        got = recv(exchange->fd, into, size, 0);
    } while (got < 0 && errno == EINTR);
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
    if (exchange->into == NULL || exchange->head.status != 200) {
        collect(exchange, bytes);
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

ctl_exit_t ctl_ask(ctl_t *ctl, const char *method, const char *target, FILE *into, ctl_answer_t *answer) {
    const ctl_configuration_t *configuration = ctl_configuration(ctl);
    if (configuration == NULL) {
        return CTL_BAD_CONFIGURATION;
    }
    exchange_t *exchange = apr_pcalloc(ctl->pool, sizeof *exchange);
    exchange->pool = ctl->pool;
    exchange->into = into;
    exchange->fd = dial(configuration->control_socket);
    if (exchange->fd < 0) {
        return errno == EACCES || errno == EPERM ? CTL_DENIED : CTL_UNREACHABLE;
    }
    bool whole = send_request(exchange, method, target) && read_head(exchange);
    if (whole) {
        read_content(exchange);
    }
    close(exchange->fd);
    if (!whole || exchange->cut) {
        ctl_say("the answer of the server is not whole");
        return CTL_ERROR;
    }
    answer->status = exchange->head.status;
    answer->content = exchange->content != NULL ? edge_span(exchange->content, exchange->content_len) : EDGE_NO_SPAN;
    return CTL_OK;
}

ctl_exit_t ctl_answer_exit(ctl_t *ctl, const ctl_answer_t *answer) {
    if (answer->status / 100 == 2) {
        return CTL_OK;
    }
    const edge_json_value_t *problem = edge_json_in_read(answer->content, ctl->pool, NULL, NULL);
    edge_span_t detail = edge_json_in_text(problem, "detail");
    ctl_say("%s", detail.at != NULL ? detail.at : apr_psprintf(ctl->pool, "the server answered %u", answer->status));
    if (answer->status == 404) {
        return CTL_NOT_FOUND;
    }
    return answer->status == 401 || answer->status == 403 ? CTL_DENIED : CTL_ERROR;
}

ctl_exit_t ctl_say_unreachable(ctl_t *ctl, ctl_exit_t code) {
    if (code == CTL_DENIED) {
        ctl_say("you may not use the control socket %s", ctl->configuration->control_socket);
    } else if (code == CTL_UNREACHABLE) {
        ctl_say("no server answers at %s", ctl->configuration->control_socket);
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

ctl_exit_t ctl_demand(ctl_t *ctl, const char *method, const char *target, ctl_answer_t *answer) {
    ctl_exit_t code = ctl_ask(ctl, method, target, NULL, answer);
    return code != CTL_OK ? ctl_say_unreachable(ctl, code) : ctl_answer_exit(ctl, answer);
}
