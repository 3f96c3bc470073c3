/*
 * bare_answers: the least a server can do for requests, to tell what those who ask cost from what is asked.
 *
 *     bare_answers PORT [OCTETS]         OCTETS of content in each answer (1200)
 *
 * One thread answers whatever comes on 127.0.0.1 with 200 and the same content, one answer for each read that ends with an
 * empty line. It ends with its standard input.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTENT_MOST 60000

static char answer[CONTENT_MOST + 256];
static size_t answer_len;

static _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static void make_answer(size_t octets) {
    int len = snprintf(answer, 256, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                       octets);
    memset(answer + len, ' ', octets);
    answer_len = (size_t)len + octets;
}

static int listen_on(uint16_t port) {
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 64) < 0)
        die("listen");
    return fd;
}

static void watch(int set, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

static void take(int set, int listener) {
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    watch(set, fd);
}

static void serve(int fd) {
    char bytes[4096];
    ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
    if (got <= 0)
        close(fd);
    else if (got >= 4 && memcmp(bytes + got - 4, "\r\n\r\n", 4) == 0 &&
             send(fd, answer, answer_len, MSG_NOSIGNAL) != (ssize_t)answer_len)
        close(fd);
}

int main(int argc, char **argv) {
    long octets = argc > 2 ? atol(argv[2]) : 1200;
    if (argc < 2 || octets < 0 || octets > CONTENT_MOST) {
        fprintf(stderr, "bare_answers PORT [OCTETS], at most %d\n", CONTENT_MOST);
        return 2;
    }
    make_answer((size_t)octets);
    int listener = listen_on((uint16_t)atoi(argv[1])), set = epoll_create1(EPOLL_CLOEXEC);
    watch(set, listener);
    watch(set, STDIN_FILENO);
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(set, events, 64, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == STDIN_FILENO)
                return 0;
            events[i].data.fd == listener ? take(set, listener) : serve(events[i].data.fd);
        }
    }
}
