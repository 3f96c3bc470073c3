/* Asks for passwords and prepares them. */
#include "passwd_input.h"

#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "invocation.h"
#include "proto/sasl_text.h"

static bool stringprep(const char *text, char **prepared) {
    return gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, prepared, NULL) == GSASL_OK;
}

char *ctl_passwd_prepare(edge_span_t text) { return edge_password_prepare(text, stringprep); }

/* One line without its end; byte by byte, so that nothing is left in a buffer of the library. */
static bool read_line(char *line, size_t size) {
    size_t len = 0;
    ssize_t got;
    char c;
    while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n' && len + 1 < size) {
        line[len++] = c;
    }
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    line[len] = '\0';
    return got == 1 ? c == '\n' : len > 0;
}

/* Interrupt characters come as they are while nothing is shown: a terminal is never left silent. */
static bool read_unseen(const char *prompt, char *line, size_t size) {
    struct termios before, silent;
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return false;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    /* Silent before it asks: who answers a prompt at once must not be shown either. */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs(prompt, stderr);
    fflush(stderr);
    bool good = read_line(line, size) && strchr(line, 3) == NULL; /* Control-C */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return good;
}

static bool read_person(const char *user, bool twice, char *line, size_t size) {
    char again[EDGE_SASL_PASSWORD_MOST + 2], prompt[EDGE_SASL_NAME_MOST + 32];
    snprintf(prompt, sizeof prompt, "Password of %s: ", user);
    if (!read_unseen(prompt, line, size)) {
        ctl_say("no password was given");
        return false;
    }
    bool same = !twice || (read_unseen("The same again: ", again, sizeof again) && strcmp(line, again) == 0);
    edge_password_wipe(again, sizeof again);
    if (!same) {
        ctl_say("the passwords differ; nothing was changed");
    }
    return same;
}

char *ctl_passwd_ask(const char *user, bool twice, bool from_stdin) {
    char line[EDGE_SASL_PASSWORD_MOST + 2] = "";
    char *prepared = NULL;
    bool person = !from_stdin && isatty(STDIN_FILENO);
    if (!person && !read_line(line, sizeof line)) {
        ctl_say("standard input holds no line of at most %d octets", EDGE_SASL_PASSWORD_MOST);
    } else if (!person || read_person(user, twice, line, sizeof line)) {
        edge_span_t text = edge_span_of(line);
        prepared = edge_sasl_text_login(text, EDGE_SASL_PASSWORD_MOST) ? ctl_passwd_prepare(text) : NULL;
        if (prepared == NULL) {
            ctl_say("the password is empty, too long, no UTF-8, or has characters that SASLprep does not allow");
        }
    }
    edge_password_wipe(line, sizeof line);
    return prepared;
}
