/* Looks for a dot between two line ends that are not both CRLF. */
#include "proto/smtp_smuggle.h"

void edge_smtp_smuggle_begin(edge_smtp_smuggle_t *smuggle, bool lf) {
    smuggle->at = lf ? EDGE_SMTP_SMUGGLE_LINE : EDGE_SMTP_SMUGGLE_CR;
    smuggle->bare = true;
}

/* Where a line may begin, the line end before it being bare or not. */
static void begin_line(edge_smtp_smuggle_t *smuggle, char c, bool bare) {
    smuggle->bare = bare;
    if (c == '.')
        smuggle->at = EDGE_SMTP_SMUGGLE_DOT;
    else
        smuggle->at = c == '\r' ? EDGE_SMTP_SMUGGLE_CR : EDGE_SMTP_SMUGGLE_TEXT;
}

static void line_end(edge_smtp_smuggle_t *smuggle, bool bare) {
    smuggle->at = EDGE_SMTP_SMUGGLE_LINE;
    smuggle->bare = bare;
}

/* True: the dot's line has ended, and one of its two ends is bare. */
static bool step(edge_smtp_smuggle_t *smuggle, char c) {
    switch (smuggle->at) {
    case EDGE_SMTP_SMUGGLE_TEXT:
        if (c == '\n')
            line_end(smuggle, true);
        else if (c == '\r')
            smuggle->at = EDGE_SMTP_SMUGGLE_CR;
        return false;
    case EDGE_SMTP_SMUGGLE_CR:
        if (c == '\n')
            line_end(smuggle, false);
        else
            begin_line(smuggle, c, true);
        return false;
    case EDGE_SMTP_SMUGGLE_LINE:
        if (c == '\n')
            line_end(smuggle, true);
        else
            begin_line(smuggle, c, smuggle->bare);
        return false;
    case EDGE_SMTP_SMUGGLE_DOT:
        if (c == '\n' || (c == '\r' && smuggle->bare))
            return true;
        smuggle->at = c == '\r' ? EDGE_SMTP_SMUGGLE_DOT_CR : EDGE_SMTP_SMUGGLE_TEXT;
        return false;
    default:
        if (c != '\n')
            return true;
        line_end(smuggle, false); /* the message's own end */
        return false;
    }
}

/* The next CR or LF from `at` on, or `end`. `lf` is the next LF, found once, so that a flood of CR costs no more. */
static const char *line_end_from(const char *at, const char *end, const char **lf) {
    if (!*lf || *lf < at)
        *lf = memchr(at, '\n', (size_t)(end - at));
    if (!*lf)
        *lf = end;
    const char *cr = memchr(at, '\r', (size_t)(*lf - at));
    return cr ? cr : *lf;
}

bool edge_smtp_smuggle_look(edge_smtp_smuggle_t *smuggle, edge_span_t octets) {
    const char *at = octets.at, *end = at + octets.len, *lf = NULL;
    while (at < end && smuggle->at != EDGE_SMTP_SMUGGLE_OFF) {
        if (smuggle->at == EDGE_SMTP_SMUGGLE_TEXT)
            at = line_end_from(at, end, &lf);
        if (at < end && step(smuggle, *at++)) {
            smuggle->at = EDGE_SMTP_SMUGGLE_OFF;
            return true;
        }
    }
    return false;
}
