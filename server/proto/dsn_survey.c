/* Reads a message before it is returned, line by line. */
#include "proto/dsn_survey.h"
#include "edge_codec.h"

#define LINE_MOST 998 /* without CRLF */

void edge_dsn_survey_begin(edge_dsn_survey_t *survey, const uint8_t random[EDGE_DSN_BOUNDARY_OCTETS]) {
    memset(survey, 0, sizeof *survey);
    memcpy(survey->boundary, "=_", 2);
    edge_base64_encode(edge_span((const char *)random, EDGE_DSN_BOUNDARY_OCTETS), survey->boundary + 2,
                       EDGE_DSN_BOUNDARY_SIZE - 2);
}

/* Whether this octet and all in front of it on its line are those of "--" and the boundary. */
static bool matches(const edge_dsn_survey_t *survey, char c) {
    size_t at = survey->matched;
    return at == survey->line_size && (at < 2 ? c == '-' : c == survey->boundary[at - 2]);
}

static void line_octet(edge_dsn_survey_t *survey, char c) {
    bool is_boundary = false;
    if (survey->matched < 2 + EDGE_DSN_BOUNDARY_SIZE && matches(survey, c)) {
        is_boundary = ++survey->matched == 2 + EDGE_DSN_BOUNDARY_SIZE;
    }
    survey->line_size++;
    survey->line_eight_bit |= (unsigned char)c > 0x7f;
    survey->line_unfit |= c == '\0' || is_boundary || survey->line_size > LINE_MOST;
}

/* A line of the header block counts when it is whole and fit; the first that is not ends what can be copied. */
static void line_ends(edge_dsn_survey_t *survey) {
    uint64_t size = survey->size;
    if (survey->header.ended || survey->line_unfit || size > EDGE_DSN_HEADERS_MOST) {
        survey->header_over = true;
    }
    if (!survey->header_over) {
        survey->header_octets = size;
        survey->header_eight_bit |= survey->line_eight_bit;
    }
    survey->eight_bit |= survey->line_eight_bit;
    survey->unfit |= survey->line_unfit;
    survey->line_size = 0;
    survey->matched = 0;
    survey->line_eight_bit = survey->line_unfit = false;
}

static void octet(edge_dsn_survey_t *survey, char c) {
    survey->size++;
    if (survey->after_cr != (c == '\n')) {
        survey->line_unfit = true; /* one of the two without the other */
    }
    survey->after_cr = c == '\r';
    if (c == '\n') {
        line_ends(survey);
    } else if (c != '\r') {
        line_octet(survey, c);
    }
}

bool edge_dsn_survey_feed(edge_dsn_survey_t *survey, edge_span_t bytes) {
    while (bytes.len > 0 && !(survey->header_over && survey->unfit)) {
        const char *end = memchr(bytes.at, '\n', bytes.len);
        size_t len = end != NULL ? (size_t)(end - bytes.at) + 1 : bytes.len;
        edge_header_scan_feed(&survey->header, edge_span(bytes.at, len));
        for (size_t i = 0; i < len; i++) {
            octet(survey, bytes.at[i]);
        }
        bytes = edge_span_after(bytes, len);
    }
    return !(survey->header_over && survey->unfit);
}

void edge_dsn_survey_end(edge_dsn_survey_t *survey) {
    edge_header_scan_end(&survey->header);
    survey->unfit |= survey->line_unfit || survey->after_cr;
    survey->eight_bit |= survey->line_eight_bit;
}
