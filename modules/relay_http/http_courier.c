/* The thread that runs libcurl: it takes posts from workers, asks them for blocks, and brings back answers. */
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include <apr_strings.h>

#include "edge_obj.h"
#include "relay_http.h"

#define POLL_MS 1000
#define CONNECTIONS_KEPT 64L
#define CONNECT_MS 30000L
#define ANSWER_MOST ((size_t)65536) /* of an answer's content; the rest is not waited for */

/* What a worker asks of the courier; bits. */
enum { BEGIN = 1, FEED = 2, CANCEL = 4 };

typedef struct http_errand {
    http_post_t *post;
    struct http_errand *next_asked; /* in the list of those that ask for something */
    struct http_errand *next, *previous;
    unsigned asks;
    bool asked; /* is in that list */
    CURL *easy;
    struct curl_slist *headers;
    uint64_t octets; /* of the body, given to libcurl */
    size_t answer_seen;
    bool cut; /* the answer was longer than is looked at */
    char error[CURL_ERROR_SIZE];
} errand_t;

static struct {
    pthread_mutex_t lock; /* of the list, of each errand's `asks`, and of `running` */
    errand_t *asked;
    bool running, stopping;
    CURLM *multi;
    pthread_t thread;
    errand_t *under_way; /* the thread's own */
} courier = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Called by libcurl, on the thread */

static void deliver_want(edge_letter_t *letter, edge_worker_t *worker) {
    http_post_t *post = EDGE_CONTAINER(letter, http_post_t, want_letter);
    (void)worker;
    post->wanted(post);
}

static size_t read_body(char *into, size_t size, size_t count, void *context) {
    errand_t *errand = context;
    http_post_t *post = errand->post;
    size_t room = size * count, len = post->len - post->at;
    if (len > 0) {
        len = len < room ? len : room;
        memcpy(into, post->block + post->at, len);
        post->at += len;
        errand->octets += len;
        post->sent = errand->octets == post->size;
        return len;
    }
    if (post->broken) {
        return CURL_READFUNC_ABORT;
    }
    if (post->over) {
        post->sent = true;
        return 0;
    }
    post->want_letter.deliver = deliver_want;
    edge_worker_send(post->worker, &post->want_letter);
    return CURL_READFUNC_PAUSE;
}

/* The body cannot be wound back here; who has the source can. */
static int seek_body(void *context, curl_off_t offset, int origin) {
    errand_t *errand = context;
    (void)offset;
    (void)origin;
    errand->post->must_repeat = true;
    return CURL_SEEKFUNC_FAIL;
}

static void keep_text(char *out, size_t size, edge_span_t text) {
    text = edge_span_trim(text);
    size_t len = text.len < size - 1 ? text.len : size - 1;
    if (len > 0) {
        memcpy(out, text.at, len);
    }
    out[len] = '\0';
}

static void read_status_line(http_post_t *post, edge_span_t line) {
    const char *blank = memchr(line.at, ' ', line.len);
    post->smtp_reply[0] = '\0';
    keep_text(post->reason, sizeof post->reason, EDGE_NO_SPAN);
    if (blank != NULL && line.at + line.len - blank > 5) {
        keep_text(post->reason, sizeof post->reason, edge_span_after(line, (size_t)(blank - line.at) + 4));
    }
}

static size_t read_header(char *from, size_t size, size_t count, void *context) {
    static const edge_span_t field = EDGE_SPAN("X-Smtp-Reply:"), http = EDGE_SPAN("HTTP/");
    errand_t *errand = context;
    edge_span_t line = edge_span(from, size * count);
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r')) {
        line.len--;
    }
    if (edge_span_starts_nocase(line, http)) {
        read_status_line(errand->post, line);
    } else if (edge_span_starts_nocase(line, field)) {
        keep_text(errand->post->smtp_reply, sizeof errand->post->smtp_reply, edge_span_after(line, field.len));
    }
    return size * count;
}

static size_t read_content(char *from, size_t size, size_t count, void *context) {
    errand_t *errand = context;
    http_post_t *post = errand->post;
    size_t len = size * count, room = HTTP_CONTENT_KEPT - post->content_len;
    size_t keep = len < room ? len : room;
    memcpy(post->content + post->content_len, from, keep);
    post->content_len += keep;
    errand->answer_seen += len;
    errand->cut = errand->answer_seen > ANSWER_MOST;
    return errand->cut ? 0 : len;
}

/* Errands, on the thread */

static bool add_headers(errand_t *errand) {
    for (const char **header = errand->post->headers; *header != NULL; header++) {
        struct curl_slist *longer = curl_slist_append(errand->headers, *header);
        if (longer == NULL) {
            return false;
        }
        errand->headers = longer;
    }
    struct curl_slist *longer = curl_slist_append(errand->headers, "Expect:");
    errand->headers = longer != NULL ? longer : errand->headers;
    if (errand->post->size == EDGE_SOURCE_SIZE_UNKNOWN) {
        longer = curl_slist_append(errand->headers, "Transfer-Encoding: chunked");
        errand->headers = longer != NULL ? longer : errand->headers;
    }
    return longer != NULL;
}

static void set_callbacks(errand_t *errand) {
    CURL *easy = errand->easy;
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, errand);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, errand);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, read_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, errand);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, read_content);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, errand);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, errand);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, errand->error);
}

/* Nothing of the environment has a say: no proxy, no redirect, no other protocol. */
static void set_options(errand_t *errand) {
    const http_post_t *post = errand->post;
    CURL *easy = errand->easy;
    curl_easy_setopt(easy, CURLOPT_URL, post->conf->url.at);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* no end waits for a name server */
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "edged");
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, errand->headers);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(post->conf->timeout / 1000));
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, post->fresh ? 1L : 0L);
    if (post->conf->authorities.len > 0) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, post->conf->authorities.at);
    }
    if (post->size != EDGE_SOURCE_SIZE_UNKNOWN) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->size);
    }
}

static void deliver_end(edge_letter_t *letter, edge_worker_t *worker) {
    http_post_t *post = EDGE_CONTAINER(letter, http_post_t, end_letter);
    (void)worker;
    post->ended(post);
}

static void unlink_asked(errand_t *errand) {
    errand_t **link = &courier.asked;
    while (errand->asked && *link != NULL && *link != errand) {
        link = &(*link)->next_asked;
    }
    if (errand->asked && *link == errand) {
        *link = errand->next_asked;
    }
    errand->asked = false;
}

/* The last the courier does with a post: from here on it is the worker's alone. */
static void end_errand(errand_t *errand) {
    http_post_t *post = errand->post;
    pthread_mutex_lock(&courier.lock);
    unlink_asked(errand);
    post->errand = NULL;
    pthread_mutex_unlock(&courier.lock);
    if (errand->easy != NULL) {
        curl_multi_remove_handle(courier.multi, errand->easy);
        curl_easy_cleanup(errand->easy);
    }
    curl_slist_free_all(errand->headers);
    if (errand->previous != NULL) {
        errand->previous->next = errand->next;
    } else if (courier.under_way == errand) {
        courier.under_way = errand->next;
    }
    if (errand->next != NULL) {
        errand->next->previous = errand->previous;
    }
    free(errand);
    post->end_letter.deliver = deliver_end;
    edge_worker_send(post->worker, &post->end_letter);
}

static void begin_errand(errand_t *errand) {
    errand->next = courier.under_way;
    if (errand->next != NULL) {
        errand->next->previous = errand;
    }
    courier.under_way = errand;
    errand->easy = curl_easy_init();
    if (errand->easy == NULL || !add_headers(errand)) {
        apr_cpystrn(errand->post->why, "no memory", sizeof errand->post->why);
        end_errand(errand);
        return;
    }
    set_callbacks(errand);
    set_options(errand);
    curl_multi_add_handle(courier.multi, errand->easy);
}

/* Answers */

static edge_relay_result_t trouble(edge_relay_blame_t blame, uint16_t subject, uint16_t detail) {
    edge_relay_result_t result = {.outcome = EDGE_RELAY_DEFERRED, .blame = blame};
    result.reply = (edge_reply_t){.code = 451, .subject = subject, .detail = detail, .literal = true};
    return result;
}

static edge_relay_result_t trouble_of(CURLcode code) {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return trouble(EDGE_RELAY_HOST, 4, 3);
    case CURLE_COULDNT_CONNECT: return trouble(EDGE_RELAY_HOST, 4, 1);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return trouble(EDGE_RELAY_HOST, 7, 5);
    case CURLE_ABORTED_BY_CALLBACK: return trouble(EDGE_RELAY_MESSAGE, 3, 0);
    default: return trouble(EDGE_RELAY_HOST, 4, 2);
    }
}

/* A status counts when the answer came in order, when we cut it, or when it says no before it has heard all. */
static bool status_counts(const errand_t *errand, CURLcode code, long status) {
    bool refused = status >= 300;
    bool heard = errand->post->sent && (code == CURLE_OK || errand->cut || code == CURLE_PARTIAL_FILE);
    return status >= 200 && (heard || (refused && code != CURLE_ABORTED_BY_CALLBACK));
}

static void answered(errand_t *errand, CURLcode code) {
    http_post_t *post = errand->post;
    long status = 0;
    curl_easy_getinfo(errand->easy, CURLINFO_RESPONSE_CODE, &status);
    post->status = status_counts(errand, code, status) ? (unsigned)status : 0;
    post->trouble = trouble_of(code);
    post->must_repeat = post->must_repeat && post->status == 0;
    const char *why = errand->error[0] != '\0' ? errand->error : curl_easy_strerror(code);
    apr_cpystrn(post->why, post->broken ? "The message cannot be read" : why, sizeof post->why);
    end_errand(errand);
}

static void take_answers(void) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(courier.multi, &left)) != NULL) {
        errand_t *errand = NULL;
        if (message->msg == CURLMSG_DONE) {
            CURLcode code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &errand);
            answered(errand, code);
        }
    }
}

/* The thread */

static errand_t *next_asked(unsigned *asks) {
    pthread_mutex_lock(&courier.lock);
    errand_t *errand = courier.asked;
    if (errand != NULL) {
        courier.asked = errand->next_asked;
        errand->asked = false;
        *asks = errand->asks;
        errand->asks = 0;
    }
    pthread_mutex_unlock(&courier.lock);
    return errand;
}

static void serve_asked(void) {
    errand_t *errand;
    unsigned asks;
    while ((errand = next_asked(&asks)) != NULL) {
        if ((asks & CANCEL) != 0) {
            end_errand(errand);
        } else if ((asks & BEGIN) != 0) {
            begin_errand(errand);
        } else if ((asks & FEED) != 0) {
            curl_easy_pause(errand->easy, CURLPAUSE_CONT);
        }
    }
}

static bool is_stopping(void) {
    pthread_mutex_lock(&courier.lock);
    bool stopping = courier.stopping;
    pthread_mutex_unlock(&courier.lock);
    return stopping;
}

static void end_all(void) {
    errand_t *errand;
    unsigned asks;
    while ((errand = next_asked(&asks)) != NULL) {
        if ((asks & BEGIN) != 0) {
            apr_cpystrn(errand->post->why, "This server stops", sizeof errand->post->why);
            end_errand(errand);
        }
    }
    while (courier.under_way != NULL) {
        apr_cpystrn(courier.under_way->post->why, "This server stops", sizeof courier.under_way->post->why);
        end_errand(courier.under_way);
    }
}

static void *run(void *context) {
    int running;
    (void)context;
    while (!is_stopping()) {
        serve_asked();
        curl_multi_perform(courier.multi, &running);
        take_answers();
        curl_multi_poll(courier.multi, NULL, 0, POLL_MS, NULL);
    }
    end_all();
    return NULL;
}

/* For workers */

apr_status_t http_courier_start(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    courier.multi = curl_multi_init();
    if (courier.multi == NULL) {
        return APR_ENOMEM;
    }
    curl_multi_setopt(courier.multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    courier.stopping = false;
    int error = pthread_create(&courier.thread, NULL, run, NULL);
    courier.running = error == 0;
    return error == 0 ? APR_SUCCESS : APR_FROM_OS_ERROR(error);
}

void http_courier_stop(void) {
    pthread_mutex_lock(&courier.lock);
    bool was_running = courier.running;
    courier.running = false;
    courier.stopping = true;
    pthread_mutex_unlock(&courier.lock);
    if (was_running) {
        curl_multi_wakeup(courier.multi);
        pthread_join(courier.thread, NULL);
        curl_multi_cleanup(courier.multi);
        courier.multi = NULL;
    }
}

/* With the lock. The courier is awake for good while it holds anything in the list. */
static void ask(errand_t *errand, unsigned what) {
    errand->asks |= what;
    if (!errand->asked) {
        errand->asked = true;
        errand->next_asked = courier.asked;
        courier.asked = errand;
    }
    curl_multi_wakeup(courier.multi);
}

bool http_courier_begin(http_post_t *post) {
    errand_t *errand = calloc(1, sizeof *errand);
    if (errand == NULL) {
        return false;
    }
    errand->post = post;
    post->status = 0;
    post->sent = post->size == 0;
    post->must_repeat = false;
    post->content_len = 0;
    post->why[0] = post->smtp_reply[0] = post->reason[0] = '\0';
    post->trouble = trouble(EDGE_RELAY_HOST, 3, 2);
    pthread_mutex_lock(&courier.lock);
    bool taken = courier.running;
    if (taken) {
        post->errand = errand;
        ask(errand, BEGIN);
    }
    pthread_mutex_unlock(&courier.lock);
    if (!taken) {
        free(errand);
    }
    return taken;
}

/* The courier may have ended it meanwhile, by a time limit or an early answer: then `ended` is on its way. */
static void ask_of(http_post_t *post, unsigned what) {
    pthread_mutex_lock(&courier.lock);
    if (post->errand != NULL) {
        ask(post->errand, what);
    }
    pthread_mutex_unlock(&courier.lock);
}

void http_courier_feed(http_post_t *post) { ask_of(post, FEED); }

void http_courier_cancel(http_post_t *post) { ask_of(post, CANCEL); }

const char *http_courier_url(edge_span_t url, apr_pool_t *pool, const char **remote) {
    char *scheme = NULL, *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    const char *wrong = NULL;
    if (parts == NULL || curl_url_set(parts, CURLUPART_URL, url.at, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
        wrong = "it is not written as a URL is";
    } else if (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0) {
        wrong = "only http and https are spoken";
    } else if (curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
               curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK) {
        wrong = "it names no host";
    } else {
        *remote = apr_psprintf(pool, "%s:%s", host, port);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return wrong;
}
