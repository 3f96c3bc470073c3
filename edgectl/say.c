/* Says on standard error what is wrong. */
#include "invocation.h"

#include <stdarg.h>
#include <stdio.h>

void ctl_say(const char *format, ...) {
    va_list arguments;
    fputs("edgectl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}
