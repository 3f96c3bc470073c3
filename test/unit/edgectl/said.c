/* ctl_say of the tests, in the place of the program's. */
#include "said.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "invocation.h"

static char last[1024], taken[1024];

void ctl_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last, sizeof(last), format, arguments);
    va_end(arguments);
}

const char *said(void) {
    strcpy(taken, last);
    last[0] = '\0';
    return taken;
}
