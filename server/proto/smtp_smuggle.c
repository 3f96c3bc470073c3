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

bool edge_smtp_smuggle_look(edge_smtp_smuggle_t *smuggle, edge_span_t octets) {
    for (size_t i = 0; i < octets.len && smuggle->at != EDGE_SMTP_SMUGGLE_OFF; i++)
        if (step(smuggle, octets.at[i])) {
            smuggle->at = EDGE_SMTP_SMUGGLE_OFF;
            return true;
        }
    return false;
}
