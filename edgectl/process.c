/* Running edged, and the parent process. */
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edge_clock.h"

#define OPTIONS_MOST 64

/* "edged" in the directory of this program, if there is one; else the name alone, for the PATH. */
static const char *find_edged(apr_pool_t *pool) {
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len > 0) {
        self[len] = '\0';
        char *slash = strrchr(self, '/');
        if (slash != NULL && (size_t)(slash - self) + sizeof "/edged" <= sizeof self) {
            memcpy(slash, "/edged", sizeof "/edged");
            if (access(self, X_OK) == 0) {
                return edge_span_copy(pool, edge_span_of(self)).at;
            }
        }
    }
    return "edged";
}

int ctl_run_edged(ctl_t *ctl, const char *const *options) {
    const char *words[OPTIONS_MOST] = {find_edged(ctl->pool), "-f", ctl->path, "-d", ctl->server_root};
    unsigned count = 5;
    int status;
    for (int i = 0; i < ctl->defines->nelts && count < OPTIONS_MOST - 8; i++) {
        words[count++] = "-D";
        words[count++] = APR_ARRAY_IDX(ctl->defines, i, const char *);
    }
    for (unsigned i = 0; options[i] != NULL && count < OPTIONS_MOST - 1; i++) {
        words[count++] = options[i];
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execvp(words[0], (char *const *)(uintptr_t)words);
        ctl_say("cannot run %s: %s", words[0], strerror(errno));
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return 127;
        }
    }
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* A number that was written by an edged long gone may by now be anybody's; one that has ended but was not yet waited for
 * is no server any more. */
static bool is_edged(pid_t pid) {
    char path[64], line[128] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    const char *name = strchr(line, '('), *state = strrchr(line, ')');
    return read && name != NULL && state != NULL && strncmp(name, "(edged", 6) == 0 && strncmp(state, ") Z", 3) != 0;
}

pid_t ctl_find_parent(ctl_t *ctl) {
    const ctl_configuration_t *configuration = ctl_configuration(ctl);
    FILE *file = configuration != NULL ? fopen(configuration->pid_file, "re") : NULL;
    long pid = 0;
    if (file != NULL) {
        char text[32] = "";
        if (fgets(text, sizeof text, file) != NULL) {
            pid = strtol(text, NULL, 10);
        }
        fclose(file);
    }
    return pid > 1 && is_edged((pid_t)pid) ? (pid_t)pid : 0;
}

ctl_exit_t ctl_signal(pid_t pid, int number) {
    if (kill(pid, number) == 0) {
        return CTL_OK;
    }
    ctl_say("cannot signal process %ld: %s", (long)pid, strerror(errno));
    return errno == EPERM ? CTL_DENIED : CTL_ERROR;
}

bool ctl_wait_gone(pid_t pid, unsigned seconds) {
    edge_mono_t start = edge_clock_read().mono, now = start;
    bool said = false;
    while (is_edged(pid)) {
        if (now - start > EDGE_SECONDS(seconds)) {
            return false;
        }
        if (!said && now - start > EDGE_SECONDS(2)) {
            ctl_say("waiting for sessions to finish");
            said = true;
        }
        poll(NULL, 0, 20);
        now = edge_clock_read().mono;
    }
    return true;
}
