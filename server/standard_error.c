/* Lets standard error follow the error log. */
#include "standard_error.h"

#include <unistd.h>

#include "edge_log.h"

/* By the descriptor, not by the name: this process may not be root any more, and the file of that name another. */
void edge_standard_error_follow(void) {
    if (!edge_log_is_stderr())
        dup2(edge_log_file(), STDERR_FILENO);
}
