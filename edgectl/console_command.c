/* console: a link that opens the console in a browser on this machine. */
#include <stdio.h>

#include "commands.h"
#include "control_client.h"
#include "proto/json_in.h"

ctl_exit_t ctl_console(ctl_t *ctl) {
    ctl_answer_t answer = {0};
    ctl_exit_t code = ctl_demand(ctl, "POST", "/api/v1/auth/link", &answer);
    if (code != CTL_OK) {
        return code;
    }
    if (ctl->output != CTL_TABLE) {
        ctl_print_json(answer.content);
        return CTL_OK;
    }
    edge_span_t url = edge_json_in_text(answer.document, "url");
    if (url.at == NULL) {
        ctl_say("the server's answer holds no link");
        return CTL_ERROR;
    }
    puts(url.at);
    return CTL_OK;
}
