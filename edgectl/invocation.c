/* What every command stands on: printing a document, the configuration. */
#include "invocation.h"

#include <stdio.h>

void ctl_print_json(edge_span_t document) {
    fwrite(document.at, 1, document.len, stdout);
    fputc('\n', stdout);
}

const ctl_configuration_t *ctl_configuration(ctl_t *ctl) {
    const char *why;
    if (ctl->configuration == NULL) {
        ctl->configuration = ctl_configuration_read(ctl->path, ctl->server_root, ctl->defines, ctl->pool, &why);
        if (ctl->configuration == NULL) {
            ctl_say("cannot read %s: %s", ctl->path, why);
        }
    }
    return ctl->configuration;
}
