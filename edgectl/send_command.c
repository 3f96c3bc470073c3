/* send: which listener takes the message, who sends it, and the order of things. */
#include <apr_strings.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "send.h"

/* The listener asked for, or the first that takes mail from this host without encryption and password. */
static const ctl_listener_t *find_listener(const ctl_configuration_t *configuration, const char *name) {
    for (const ctl_listener_t *listener = configuration->listeners; listener != NULL; listener = listener->next) {
        if (name != NULL ? strcmp(listener->name, name) == 0 : listener->open) {
            return listener;
        }
    }
    return NULL;
}

static int say_no_listener(const ctl_configuration_t *configuration, const char *name, apr_pool_t *pool) {
    const char *names = "";
    for (const ctl_listener_t *listener = configuration->listeners; listener != NULL; listener = listener->next) {
        names = apr_pstrcat(pool, names, *names ? ", " : "", listener->name, NULL);
    }
    if (name != NULL) {
        ctl_say("there is no listener \"%s\" that speaks SMTP; there are: %s", name, *names ? names : "none");
    } else {
        ctl_say(
            "no listener takes mail by SMTP without immediate TLS and AUTH; of those that speak SMTP (%s) choose one "
            "with -L",
            *names ? names : "none");
    }
    return EX_CONFIG;
}

static const char *host_name(const ctl_configuration_t *configuration, apr_pool_t *pool) {
    char own[256] = "localhost";
    if (configuration->server_name != NULL) {
        return configuration->server_name;
    }
    gethostname(own, sizeof own - 1);
    return apr_pstrdup(pool, own);
}

static const char *user_name(apr_pool_t *pool) {
    const struct passwd *user = getpwuid(getuid());
    return user != NULL ? apr_pstrdup(pool, user->pw_name) : apr_psprintf(pool, "uid%lu", (unsigned long)getuid());
}

int ctl_send_run(ctl_t *ctl, int argc, const char *const *argv) {
    ctl_send_t send = {.pool = ctl->pool, .recipients = apr_array_make(ctl->pool, 4, sizeof(const char *))};
    int code = ctl_send_options(&send, argc, argv);
    if (code != EX_OK) {
        return code;
    }
    const ctl_configuration_t *configuration = ctl_configuration(ctl);
    if (configuration == NULL) {
        return EX_CONFIG;
    }
    const ctl_listener_t *listener = find_listener(configuration, send.listener);
    if (listener == NULL) {
        return say_no_listener(configuration, send.listener, ctl->pool);
    }
    const char *host = host_name(configuration, ctl->pool);
    code = ctl_send_message(&send, stdin, host, user_name(ctl->pool));
    if (code == EX_OK) {
        ctl_submission_t to = {listener->name, listener->host, listener->port};
        code = ctl_send_smtp(&send, &to, host);
    }
    free((void *)(uintptr_t)send.message.at);
    return code;
}
