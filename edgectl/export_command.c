/* export: a list of the server, whole, for a spreadsheet or a program. */
#include <apr_strings.h>
#include <stdio.h>

#include "commands.h"
#include "control_client.h"

enum { EXPORT_FIELDS };
const ctl_flag_t ctl_export_flags[] = {
    [EXPORT_FIELDS] = {"--fields", "NAME,...", "only these members, as client.ip or id"},
    {.name = NULL},
};

/* "sessions" and "config/generations" below the API; what stands behind it, as NAME=VALUE, is what the list takes. */
static const char *target_of(ctl_t *ctl) {
    const char *target = apr_pstrcat(ctl->pool, "/api/v1/", ctl->arguments[0], NULL), *mark = "?";
    for (unsigned i = 1; i < ctl->argument_count; i++) {
        const char *equals = strchr(ctl->arguments[i], '=');
        if (equals == NULL) {
            ctl_say("\"%s\" is no NAME=VALUE", ctl->arguments[i]);
            return NULL;
        }
        const char *name = apr_pstrmemdup(ctl->pool, ctl->arguments[i], (size_t)(equals - ctl->arguments[i]));
        target = apr_pstrcat(ctl->pool, target, mark, ctl_escape(name, ctl->pool), "=",
                             ctl_escape(equals + 1, ctl->pool), NULL);
        mark = "&";
    }
    return ctl->flags[EXPORT_FIELDS] == NULL
               ? target
               : apr_pstrcat(ctl->pool, target, mark, "fields=", ctl_escape(ctl->flags[EXPORT_FIELDS], ctl->pool),
                             NULL);
}

ctl_exit_t ctl_export(ctl_t *ctl) {
    const char *target =
        strspn(ctl->arguments[0], "abcdefghijklmnopqrstuvwxyz/") == strlen(ctl->arguments[0]) ? target_of(ctl) : NULL;
    ctl_answer_t answer = {0};
    if (target == NULL) {
        ctl_say("usage: edgectl export LIST [NAME=VALUE...], as: edgectl export sessions state=closed");
        return CTL_USAGE;
    }
    ctl_request_t request = {
        .method = "GET", .target = target, .accept = ctl->output == CTL_TABLE ? "text/csv" : "application/x-ndjson"};
    ctl_exit_t code = ctl_ask_with(ctl, &request, stdout, &answer);
    if (code == CTL_UNREACHABLE || code == CTL_DENIED) {
        return ctl_say_unreachable(ctl, code);
    }
    return code == CTL_OK ? ctl_answer_exit(ctl, &answer) : code;
}
