/*
 * Reading a server's replies (RFC 5321 4.2).
 *
 * Concept:  lines go in, in any cut; a whole reply comes out: its code, and its text with
 *           the lines separated by LF. Kinder than the grammar: a bare LF ends a line, a
 *           TAB or nothing may stand behind the code. What is no reply is garbage, and
 *           behind garbage nobody knows what answers what.
 * Owner:    the caller; the text stands in the struct.
 * Threads:  one at a time.
 * Lifetime: text and line are good until the next call that eats.
 * Errors:   EDGE_SMTP_ANSWER_GARBAGE, for good.
 */
#ifndef EDGE_PROTO_SMTP_ANSWER_H
#define EDGE_PROTO_SMTP_ANSWER_H

#include "edge_reply.h"

#define EDGE_SMTP_ANSWER_LINE_MOST 2048 /* octets with its end; a longer line is garbage */
#define EDGE_SMTP_ANSWER_LINES_MOST 256
#define EDGE_SMTP_ANSWER_TEXT_MOST 1024 /* octets kept; what is longer is cut */

typedef struct edge_smtp_answer {
    uint16_t code; /* of the last line */
    uint16_t lines;
    bool garbage;
    uint16_t text_len, line_len;
    char text[EDGE_SMTP_ANSWER_TEXT_MOST];
    char line[EDGE_SMTP_ANSWER_LINE_MOST]; /* as far as it has come */
} edge_smtp_answer_t;

typedef enum edge_smtp_answer_result {
    EDGE_SMTP_ANSWER_MORE,  /* all input is eaten */
    EDGE_SMTP_ANSWER_LINE,  /* one that others follow; its text is `line` */
    EDGE_SMTP_ANSWER_WHOLE, /* the last line; `line` is its text, `text` that of all */
    EDGE_SMTP_ANSWER_GARBAGE
} edge_smtp_answer_result_t;

/* Eats from the front of `input` up to the end of one line. `line` gets its text, without the code. */
EDGE_API edge_smtp_answer_result_t edge_smtp_answer_next(edge_smtp_answer_t *answer, edge_span_t *input,
                                                         edge_span_t *line);
/* After WHOLE: as a reply; the enhanced code is taken off every line. A 3xx keeps its code and has none. The text is the
 * answer's own. */
EDGE_API edge_reply_t edge_smtp_answer_reply(edge_smtp_answer_t *answer);

#endif
