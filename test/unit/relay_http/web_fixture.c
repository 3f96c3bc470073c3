#include "web_fixture.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUESTS_MOST 256
#define SIZE_MOST 600000

static struct {
    pthread_mutex_t lock;
    pthread_t thread;
    int listening, stopping[2];
    const web_answer_t *answers;
    unsigned answer_count, used, connections, count;
    char *requests[REQUESTS_MOST];
    char url[64];
} web = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whether there is something to read before the end is asked for. */
static bool readable(int fd) {
    struct pollfd both[2] = {{.fd = fd, .events = POLLIN}, {.fd = web.stopping[0], .events = POLLIN}};
    return poll(both, 2, -1) > 0 && both[1].revents == 0;
}

static bool is_whole(const char *text, size_t len) {
    const char *end = strstr(text, "\r\n\r\n"), *length;
    if (end == NULL) {
        return false;
    }
    if ((length = strcasestr(text, "Content-Length: ")) != NULL && length < end) {
        return len >= (size_t)(end + 4 - text) + (size_t)strtoul(length + 16, NULL, 10);
    }
    return len > 5 && strcmp(text + len - 5, "0\r\n\r\n") == 0;
}

/* NULL: the client left, or the end is asked for. */
static char *read_request(int fd, bool only_head) {
    char *text = calloc(1, SIZE_MOST);
    size_t len = 0;
    while (!(only_head ? strstr(text, "\r\n\r\n") != NULL : is_whole(text, len))) {
        ssize_t got = readable(fd) ? read(fd, text + len, SIZE_MOST - 1 - len) : 0;
        if (got <= 0) {
            free(text);
            return NULL;
        }
        len += (size_t)got;
    }
    return text;
}

static const web_answer_t *next_answer(void) {
    unsigned index = web.used < web.answer_count ? web.used++ : web.answer_count - 1;
    return &web.answers[index];
}

static void serve(int fd) {
    for (bool open = true; open;) {
        pthread_mutex_lock(&web.lock);
        bool early = web.answers[web.used < web.answer_count ? web.used : web.answer_count - 1].early;
        pthread_mutex_unlock(&web.lock);
        char *request = read_request(fd, early);
        if (request == NULL) {
            break;
        }
        pthread_mutex_lock(&web.lock);
        const web_answer_t *answer = next_answer();
        web.requests[web.count++] = request;
        pthread_mutex_unlock(&web.lock);
        if (answer->silent) {
            readable(web.stopping[0]);
        }
        open = answer->keep && answer->text != NULL;
        if (answer->text != NULL && write(fd, answer->text, strlen(answer->text)) < 0) {
            break;
        }
    }
    close(fd);
}

static void *run(void *context) {
    (void)context;
    while (readable(web.listening)) {
        int fd = accept(web.listening, NULL, NULL);
        pthread_mutex_lock(&web.lock);
        web.connections++;
        pthread_mutex_unlock(&web.lock);
        serve(fd);
    }
    return NULL;
}

const char *web_start(const web_answer_t *answers, unsigned count) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    web.answers = answers;
    web.answer_count = count;
    web.used = web.connections = web.count = 0;
    web.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(web.listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(web.listening, 16), 0);
    assert_int_equal(getsockname(web.listening, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(pipe(web.stopping), 0);
    snprintf(web.url, sizeof web.url, "http://127.0.0.1:%u/in", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&web.thread, NULL, run, NULL), 0);
    return web.url;
}

void web_stop(void) {
    assert_int_equal(write(web.stopping[1], "x", 1), 1);
    pthread_join(web.thread, NULL);
    close(web.listening);
    close(web.stopping[0]);
    close(web.stopping[1]);
    for (unsigned i = 0; i < web.count; i++) {
        free(web.requests[i]);
    }
    web.count = 0;
}

unsigned web_count(void) {
    pthread_mutex_lock(&web.lock);
    unsigned count = web.count;
    pthread_mutex_unlock(&web.lock);
    return count;
}

const char *web_request(unsigned index) {
    assert_true(index < web_count());
    return web.requests[index];
}

unsigned web_connections(void) { return web.connections; }
