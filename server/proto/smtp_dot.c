/* Decodes a message while it arrives; two memchr per line are its whole cost. */
#include "proto/smtp_dot.h"

enum {
    LINE,   /* a CRLF is behind, so a dot would mean something */
    DOT,    /* CRLF . */
    DOT_CR, /* CRLF . CR */
    TEXT,
    TEXT_CR /* a CR in a line: a CRLF, or bare */
};

/* One call's place in the input. */
typedef struct scan {
    const char *at, *end;
    const char *run; /* from here to `at` is not given out yet */
    const char *lf;  /* the next LF from `at` on, or `end`; found once, so that a flood of CR costs no more */
} scan_t;

void edge_smtp_dot_start(edge_smtp_dot_t *dot, bool stuffed, bool normalize) {
    *dot = (edge_smtp_dot_t){.state = stuffed ? LINE : TEXT, .stuffed = stuffed, .normalize = normalize};
}

static void line_ended(edge_smtp_dot_t *dot) { dot->state = dot->stuffed ? LINE : TEXT; }

/* The run up to `to` goes out, and the next call starts there. */
static edge_smtp_dot_result_t give(scan_t *scan, const char *to, edge_span_t *out) {
    *out = edge_span(scan->run, (size_t)(to - scan->run));
    scan->at = to;
    return EDGE_SMTP_DOT_SPAN;
}

/* The first bare newline: from now on ends are looked for that are none. */
static void bare_came(edge_smtp_dot_t *dot, bool lf) {
    if (dot->stuffed && !dot->bare)
        edge_smtp_smuggle_begin(&dot->smuggle, lf);
    dot->bare = true;
}

/* True: the caller is told; false: it knows. */
static bool spoil(edge_smtp_dot_t *dot, bool lf) {
    bare_came(dot, lf);
    bool first = !dot->spoilt;
    dot->spoilt = true;
    dot->state = TEXT;
    return first;
}

/* What stands before trouble goes out first, so that a message that is also too long is told the same in every cut. */
static edge_smtp_dot_result_t bare_cr(edge_smtp_dot_t *dot, scan_t *scan, const char *cr, edge_span_t *out) {
    if (!dot->spoilt) {
        dot->state = TEXT_CR; /* the octet behind it spoils the message */
        return give(scan, cr + 1, out);
    }
    scan->at = cr + 1;
    return EDGE_SMTP_DOT_MORE;
}

/* Within a line: to its CRLF, to trouble, or to the end of the input. */
static edge_smtp_dot_result_t text(edge_smtp_dot_t *dot, scan_t *scan, edge_span_t *out) {
    if (!scan->lf || scan->lf < scan->at) {
        scan->lf = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
        if (!scan->lf)
            scan->lf = scan->end;
    }
    const char *lf = scan->lf, *cr = memchr(scan->at, '\r', (size_t)(lf - scan->at));
    if (!cr && lf == scan->end) {
        scan->at = lf;
        return EDGE_SMTP_DOT_MORE;
    }
    if (cr && cr + 1 == lf) {
        scan->at = lf;
        if (lf == scan->end) {
            dot->state = TEXT_CR;
        } else {
            scan->at++;
            line_ended(dot);
        }
        return EDGE_SMTP_DOT_MORE;
    }
    if (cr)
        return bare_cr(dot, scan, cr, out);
    if (lf > scan->run && !dot->spoilt)
        return give(scan, lf, out);
    if (dot->normalize && !dot->spoilt) {
        bare_came(dot, true);
        scan->at = lf + 1;
        *out = (edge_span_t)EDGE_SPAN("\r\n");
        return EDGE_SMTP_DOT_SPAN;
    }
    scan->at = lf + 1;
    return spoil(dot, true) ? EDGE_SMTP_DOT_BARE : EDGE_SMTP_DOT_MORE;
}

/* One step of the states around line ends; MORE: go on in this call. */
static edge_smtp_dot_result_t step(edge_smtp_dot_t *dot, scan_t *scan, edge_span_t *out) {
    switch (dot->state) {
    case LINE:
        if (*scan->at != '.') {
            dot->state = TEXT;
            return text(dot, scan, out);
        }
        if (scan->at > scan->run && !dot->spoilt)
            return give(scan, scan->at, out);
        scan->run = ++scan->at;
        dot->state = DOT;
        return EDGE_SMTP_DOT_MORE;
    case DOT:
        dot->state = TEXT;
        dot->smuggled |= *scan->at == '\n';
        if (*scan->at == '\r') {
            /* Not given out: it belongs to the dot line, or it is bare and spoils the message. */
            scan->run = ++scan->at;
            dot->state = DOT_CR;
        }
        return EDGE_SMTP_DOT_MORE;
    case DOT_CR:
        if (*scan->at == '\n') {
            scan->run = ++scan->at;
            return EDGE_SMTP_DOT_END;
        }
        dot->smuggled = true;
        return spoil(dot, false) ? EDGE_SMTP_DOT_BARE : EDGE_SMTP_DOT_MORE;
    case TEXT_CR:
        if (*scan->at == '\n') {
            scan->at++;
            line_ended(dot);
            return EDGE_SMTP_DOT_MORE;
        }
        return spoil(dot, false) ? EDGE_SMTP_DOT_BARE : EDGE_SMTP_DOT_MORE;
    default: return text(dot, scan, out);
    }
}

edge_smtp_dot_result_t edge_smtp_dot_next(edge_smtp_dot_t *dot, edge_span_t *input, edge_span_t *out) {
    edge_smtp_dot_result_t result = EDGE_SMTP_DOT_MORE;
    scan_t scan = {input->at, input->at + input->len, input->at, NULL};
    bool looks = dot->smuggle.at != EDGE_SMTP_SMUGGLE_OFF;
    while (result == EDGE_SMTP_DOT_MORE && scan.at < scan.end)
        result = step(dot, &scan, out);
    if (result == EDGE_SMTP_DOT_MORE && scan.at > scan.run && !dot->spoilt)
        result = give(&scan, scan.at, out);
    if (looks)
        dot->smuggled |= edge_smtp_smuggle_look(&dot->smuggle, edge_span(input->at, (size_t)(scan.at - input->at)));
    *input = edge_span(scan.at, (size_t)(scan.end - scan.at));
    return result;
}

bool edge_smtp_dot_finish(const edge_smtp_dot_t *dot) { return dot->state != TEXT_CR; }
