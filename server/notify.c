/* Sends datagrams to the service manager. */
#include "notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* False: no address that a datagram could go to. */
static bool address_of(const char *name, edge_notify_t *notify) {
    size_t len = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(notify->to.sun_path))
        return false;
    notify->to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(notify->to.sun_path, name, len);
    if (name[0] == '@')
        notify->to.sun_path[0] = '\0';
    notify->to_len = (unsigned)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

/* WATCHDOG_PID names the process that is meant; another one, such as ours before it detached, is not. */
static edge_mono_t watchdog_of(const char *usec, const char *pid) {
    uint64_t number, meant;
    if (!usec || !edge_span_number(edge_span_of(usec), &number) || number > INT64_MAX)
        return 0;
    if (pid && (!edge_span_number(edge_span_of(pid), &meant) || meant != (uint64_t)getpid()))
        return 0;
    return (edge_mono_t)number;
}

void edge_notify_open(edge_notify_t *notify) {
    const char *name = getenv("NOTIFY_SOCKET");
    *notify = (edge_notify_t){.socket = -1};
    if (name && address_of(name, notify)) {
        notify->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        notify->watchdog = watchdog_of(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void edge_notify_close(edge_notify_t *notify) {
    if (notify->socket >= 0)
        close(notify->socket);
    *notify = (edge_notify_t){.socket = -1};
}

static void say(const edge_notify_t *notify, const char *text) {
    if (notify->socket >= 0)
        (void)sendto(notify->socket, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&notify->to,
                     notify->to_len);
}

void edge_notify_ready(const edge_notify_t *notify, const char *status) {
    char text[512];
    snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", status);
    say(notify, text);
}

/* The manager compares this with when it asked: it must be its own clock. */
void edge_notify_reloading(const edge_notify_t *notify) {
    char text[128];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    say(notify, text);
}

void edge_notify_stopping(const edge_notify_t *notify, edge_mono_t patience) {
    char text[128];
    snprintf(text, sizeof(text), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld\nSTATUS=stopping; sessions may finish",
             (long long)patience);
    say(notify, text);
}

void edge_notify_status(const edge_notify_t *notify, const char *status) {
    char text[512];
    snprintf(text, sizeof(text), "STATUS=%s", status);
    say(notify, text);
}

void edge_notify_alive(const edge_notify_t *notify) { say(notify, "WATCHDOG=1"); }
