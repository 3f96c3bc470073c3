/* Hands a message to a local listener by SMTP, and says in sysexits' terms how it went. */
#include <apr_strings.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "human.h"
#include "send.h"

#define PATIENCE 300 /* seconds for each reply (RFC 5321 4.5.3.2) */
#define TEXT_MOST 4096

typedef struct talk {
    FILE *in;
    int fd;
    apr_pool_t *pool;
    unsigned code;
    char text[TEXT_MOST]; /* of the last reply, its lines joined by blanks */
    char keywords[TEXT_MOST];
} talk_t;

/* Connecting */

static int try_address(const struct addrinfo *address) {
    struct timeval patience = {.tv_sec = PATIENCE};
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
        return fd;
    }
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int open_connection(const ctl_submission_t *to, apr_pool_t *pool) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *found;
    if (getaddrinfo(to->host, apr_psprintf(pool, "%u", to->port), &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int fd = try_address(found);
    freeaddrinfo(found);
    return fd;
}

/* Replies */

static void keep_line(char *into, const char *line) {
    size_t have = strlen(into);
    snprintf(into + have, TEXT_MOST - have, "%s%s", have > 0 ? " " : "", line);
}

/* False: the connection has ended, or something came that is no reply. */
static bool read_reply(talk_t *talk) {
    char *line = NULL;
    size_t room = 0;
    bool last = false, good = true;
    talk->text[0] = '\0';
    while (good && !last && getline(&line, &room, talk->in) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        good = strspn(line, "0123456789") == 3 && strchr(" -", line[3]) != NULL;
        last = good && line[3] != '-';
        talk->code = good ? (unsigned)strtoul(line, NULL, 10) : 0;
        if (good && line[3] != '\0') {
            keep_line(talk->text, line + 4);
        }
    }
    free(line);
    return good && last;
}

static bool send_all(talk_t *talk, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t sent = send(talk->fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static bool command(talk_t *talk, const char *text) {
    return send_all(talk, text, strlen(text)) && send_all(talk, "\r\n", 2) && read_reply(talk);
}

/* Outcomes */

static int lost(const ctl_submission_t *to) {
    ctl_say("the connection to listener %s at %s:%u ended before the message was accepted", to->listener, to->host,
            to->port);
    return EX_TEMPFAIL;
}

/* What a program that sends mail should make of a refusal: try again, ask for other rights, or give up. */
static int refused(const talk_t *talk, const char *what) {
    ctl_say("%s was refused: %u %s", what, talk->code, ctl_human_clean(edge_span_of(talk->text), talk->pool));
    if (talk->code / 100 == 4) {
        return EX_TEMPFAIL;
    }
    bool rights = talk->code == 530 || talk->code == 535 || strncmp(talk->text, "5.7.", 4) == 0;
    bool nobody = strncmp(talk->text, "5.1.1", 5) == 0 || strncmp(talk->text, "5.1.2", 5) == 0;
    bool message = talk->code == 552 || strncmp(talk->text, "5.6.", 4) == 0;
    return rights ? EX_NOPERM : nobody ? EX_NOUSER : message ? EX_DATAERR : EX_UNAVAILABLE;
}

static bool offers(const talk_t *talk, const char *keyword) {
    size_t len = strlen(keyword);
    for (const char *at = talk->keywords; (at = strstr(at, keyword)) != NULL; at += len) {
        if ((at == talk->keywords || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

/* The dialogue; each step gives EX_OK or ends it. */

static int step(talk_t *talk, const ctl_submission_t *to, const char *text, unsigned wanted, const char *what) {
    if (!command(talk, text)) {
        return lost(to);
    }
    return talk->code / 100 == wanted ? EX_OK : refused(talk, what);
}

static int greet(talk_t *talk, const ctl_submission_t *to, const char *host) {
    if (!read_reply(talk)) {
        return lost(to);
    }
    if (talk->code / 100 != 2) {
        return refused(talk, "the connection");
    }
    int code = step(talk, to, apr_pstrcat(talk->pool, "EHLO ", host, NULL), 2, "the greeting");
    memcpy(talk->keywords, talk->text, sizeof talk->keywords);
    return code;
}

static int say_sender(talk_t *talk, const ctl_submission_t *to, const ctl_send_t *send) {
    if (send->utf8 && !offers(talk, "SMTPUTF8")) {
        ctl_say("an address has letters beyond ASCII, which listener %s does not take", to->listener);
        return EX_DATAERR;
    }
    const char *body = send->eight_bit && offers(talk, "8BITMIME") ? " BODY=8BITMIME" : "";
    const char *size = strstr(talk->keywords, "SIZE") != NULL
                           ? apr_psprintf(talk->pool, " SIZE=%" APR_SIZE_T_FMT, send->message.len)
                           : "";
    return step(
        talk, to,
        apr_psprintf(talk->pool, "MAIL FROM:<%s>%s%s%s", send->sender, size, body, send->utf8 ? " SMTPUTF8" : ""), 2,
        apr_psprintf(talk->pool, "the sender <%s>", send->sender));
}

static int say_recipients(talk_t *talk, const ctl_submission_t *to, const ctl_send_t *send) {
    int code = EX_OK;
    for (int i = 0; i < send->recipients->nelts; i++) {
        const char *recipient = APR_ARRAY_IDX(send->recipients, i, const char *);
        int one = step(talk, to, apr_psprintf(talk->pool, "RCPT TO:<%s>", recipient), 2,
                       apr_psprintf(talk->pool, "the recipient <%s>", recipient));
        code = code == EX_OK ? one : code; /* all are tried, so that all that is wrong is said */
    }
    return code;
}

static bool send_message(talk_t *talk, edge_span_t message) {
    while (message.len > 0) {
        const char *end = memchr(message.at, '\n', message.len);
        size_t len = end != NULL ? (size_t)(end - message.at) + 1 : message.len;
        if ((message.at[0] == '.' && !send_all(talk, ".", 1)) || !send_all(talk, message.at, len)) {
            return false;
        }
        message = edge_span_after(message, len);
    }
    return true;
}

static int say_message(talk_t *talk, const ctl_submission_t *to, const ctl_send_t *send) {
    int code = step(talk, to, "DATA", 3, "the message");
    if (code != EX_OK) {
        return code;
    }
    if (!send_message(talk, send->message) || !command(talk, ".")) {
        return lost(to);
    }
    if (talk->code / 100 != 2) {
        return refused(talk, "the message");
    }
    if (send->verbose) {
        printf("%u %s\n", talk->code, ctl_human_clean(edge_span_of(talk->text), talk->pool));
    }
    return EX_OK;
}

static int dialogue(talk_t *talk, const ctl_send_t *send, const ctl_submission_t *to, const char *host) {
    int code = greet(talk, to, host);
    if (code == EX_OK) {
        code = say_sender(talk, to, send);
    }
    if (code == EX_OK) {
        code = say_recipients(talk, to, send);
    }
    if (code == EX_OK) {
        code = say_message(talk, to, send);
    }
    command(talk, "QUIT");
    return code;
}

int ctl_send_smtp(const ctl_send_t *send, const ctl_submission_t *to, const char *host) {
    talk_t *talk = apr_pcalloc(send->pool, sizeof *talk);
    talk->pool = send->pool;
    talk->fd = open_connection(to, send->pool);
    if (talk->fd < 0) {
        ctl_say("listener %s at %s:%u cannot be reached: %s", to->listener, to->host, to->port, strerror(errno));
        return EX_TEMPFAIL;
    }
    talk->in = fdopen(talk->fd, "r");
    if (talk->in == NULL) {
        close(talk->fd);
        return EX_OSERR;
    }
    int code = dialogue(talk, send, to, host);
    fclose(talk->in);
    return code;
}
