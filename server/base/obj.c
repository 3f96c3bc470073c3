/* Assertions: a bug of ours is written down and ends the process. */
#include "edge_log.h"
#include "edge_obj.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

EDGE_LOG_AREA(edge_obj_area, "assert")

void edge_assert_failed(const char *file, int line, const char *function, const char *text) {
    static _Atomic bool failing; /* an assertion inside the log must not come back here for ever */
    char message[512];
    int len = snprintf(message, sizeof message, "edged: %s:%d: %s: assertion failed: %s\n", file, line, function, text);

    if (!atomic_exchange(&failing, true)) {
        if (len > 0 && !edge_log_is_stderr()) {
            size_t size = (size_t)len < sizeof message ? (size_t)len : sizeof message - 1;
            ssize_t ignored = write(STDERR_FILENO, message, size);
            (void)ignored;
        }
        EDGE_LOG(&edge_obj_area, EDGE_LOG_EMERG, 100, "%s:%d: %s: assertion failed: %s", file, line, function, text);
    }
    abort();
}
