/* edgectl: reads its command line, finds the command's row, runs it. */
#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "command_rows.h"
#include "send.h"

/* What stands behind "send" is its own, in a sendmail's manner; a program of that name has nothing in front of it. */
static int send_begins(int argc, const char *const *argv) {
    const char *slash = strrchr(argv[0], '/');
    if (strcmp(slash != NULL ? slash + 1 : argv[0], "sendmail") == 0) {
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "send") == 0) {
            return i + 1;
        }
        if (argv[i][0] != '-') {
            return 0;
        }
        i += strchr("fdDo", argv[i][1]) != NULL && argv[i][2] == '\0';
    }
    return 0;
}

int main(int argc, const char *const *argv) {
    static ctl_t ctl;
    int send_at = send_begins(argc, argv);
    ctl_line_t line = {.argc = send_at > 0 ? send_at : argc, .argv = argv};
    if (apr_app_initialize(&line.argc, &line.argv, NULL) != APR_SUCCESS ||
        apr_pool_create(&ctl.pool, NULL) != APR_SUCCESS) {
        return CTL_ERROR;
    }
    atexit(apr_terminate);
    ctl.rows = ctl_command_rows;
    ctl.path = EDGE_DEFAULT_CONF;
    ctl.server_root = EDGE_DEFAULT_ROOT;
    ctl.defines = apr_array_make(ctl.pool, 4, sizeof(const char *));
    line.words = apr_array_make(ctl.pool, 8, sizeof(const char *));
    if (!ctl_line_take_options(&ctl, &line) || (send_at == 0 && !ctl_line_take_command(&ctl, &line))) {
        return CTL_USAGE;
    }
    if (!ctl_line_settle(&ctl)) {
        return CTL_USAGE;
    }
    if (send_at > 0) {
        return ctl_send_run(&ctl, argc - send_at, argv + send_at);
    }
    ctl_exit_t code = ctl.command->run(&ctl);
    if (fflush(stdout) != 0 && code == CTL_OK) {
        ctl_say("standard output cannot be written");
        code = CTL_ERROR;
    }
    return code;
}
