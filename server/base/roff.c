/* Writes text into the source of a manual page. */
#include "base/roff.h"

void edge_roff_text(FILE *out, const char *text) {
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else if (*text == '"')
            fputs("\\(dq", out);
        else
            fputc(*text, out);
    }
}

void edge_roff_line(FILE *out, const char *text) {
    edge_roff_text(out, text);
    fputc('\n', out);
}

void edge_roff_source(FILE *out, const char *const *lines) {
    for (; *lines; lines++)
        fprintf(out, "%s\n", *lines);
}
