/* A report of arbitrary replies, names, addresses, parameters and originals: its structure stays what it is. */
#include <stdlib.h>

#include "proto/dsn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECIPIENTS 3

/* Texts are separated by 0x1e; behind the last they are empty. */
static edge_span_t take(edge_span_t *rest) {
    const char *end = rest->len > 0 ? memchr(rest->at, 0x1e, rest->len) : NULL;
    edge_span_t text = edge_span(rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len);
    *rest = edge_span_after(*rest, end != NULL ? text.len + 1 : text.len);
    return text;
}

/* Goes through the report as a reader would: lines, and boundaries at their starts. */
typedef struct reader {
    char line[1100];
    size_t len;
    unsigned boundaries;
    bool after_cr, foreign;
    const edge_dsn_survey_t *survey;
} reader_t;

static void line_ends(reader_t *reader) {
    if (!reader->foreign && reader->len > 998) {
        abort();
    }
    reader->boundaries += reader->len >= 2 + EDGE_DSN_BOUNDARY_SIZE && memcmp(reader->line, "--", 2) == 0 &&
                          memcmp(reader->line + 2, reader->survey->boundary, EDGE_DSN_BOUNDARY_SIZE) == 0;
    reader->len = 0;
}

static void read_octet(reader_t *reader, char c) {
    if (reader->after_cr && c == '\n') {
        line_ends(reader);
    } else if (c != '\r') {
        if (!reader->foreign && (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)) {
            abort();
        }
        if (reader->len < sizeof reader->line) {
            reader->line[reader->len++] = c;
        }
    }
    reader->after_cr = c == '\r';
}

static void read_all(edge_dsn_t *dsn, edge_span_t original) {
    reader_t reader = {.survey = dsn->survey};
    unsigned wanted = dsn->original_octets > 0 ? 4 : 3;
    edge_span_t piece;
    for (;;) {
        edge_dsn_part_t part = edge_dsn_next(dsn, &piece);
        if (part == EDGE_DSN_END) {
            break;
        }
        if (part == EDGE_DSN_ORIGINAL) {
            if (dsn->original_octets > original.len) {
                abort();
            }
            piece = edge_span(original.at, (size_t)dsn->original_octets);
        } else if (piece.len == 0 || piece.len > EDGE_DSN_PIECE_MOST) {
            abort();
        }
        reader.foreign = part == EDGE_DSN_ORIGINAL;
        for (size_t i = 0; i < piece.len; i++) {
            if ((unsigned char)piece.at[i] > 0x7f && (dsn->needs & EDGE_CARRIES_8BITMIME) == 0) {
                abort();
            }
            read_octet(&reader, piece.at[i]);
        }
    }
    if (reader.boundaries != wanted || reader.len != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static edge_dsn_t dsn;
    static const uint8_t random[EDGE_DSN_BOUNDARY_OCTETS];
    edge_span_t rest = edge_span((const char *)data, size);
    edge_span_t choice = take(&rest);
    edge_parameter_t sender[2] = {{EDGE_SPAN("ENVID"), take(&rest)}, {EDGE_SPAN("RET"), take(&rest)}};
    edge_envelope_t envelope = {.sender = take(&rest), .sender_parameters = {sender, 2}, .recipient_count = RECIPIENTS};
    edge_recipient_t recipients[RECIPIENTS] = {{.address = EDGE_NO_SPAN}};
    edge_parameter_t originals[RECIPIENTS];
    edge_dsn_recipient_t results[RECIPIENTS] = {{.recipient = NULL}};
    edge_dsn_report_t report = {.envelope = &envelope, .recipients = results, .count = RECIPIENTS};
    if (envelope.sender.len == 0) {
        return 0;
    }
    envelope.client.ehlo = take(&rest);
    report.reporting_mta = edge_span_of("mx.example.net");
    for (unsigned i = 0; i < RECIPIENTS; i++) {
        unsigned chosen = i < choice.len ? (unsigned char)choice.at[i] : EDGE_DSN_FAILED;
        recipients[i].address = take(&rest);
        originals[i] = (edge_parameter_t){EDGE_SPAN("ORCPT"), take(&rest)};
        recipients[i].parameters = (edge_parameters_t){&originals[i], 1};
        results[i].recipient = &recipients[i];
        results[i].action = (edge_dsn_action_t)(chosen % (EDGE_DSN_EXPANDED + 1));
        results[i].expired = (chosen & 0x40) != 0;
        results[i].reply = take(&rest);
        results[i].remote = take(&rest);
    }
    envelope.needs = choice.len > RECIPIENTS ? (unsigned char)choice.at[RECIPIENTS] & 0x1fu : 0;
    envelope.size = rest.len;
    report.return_most = choice.len > RECIPIENTS + 1 ? 0 : UINT64_MAX;
    edge_dsn_survey_t survey;
    edge_dsn_survey_begin(&survey, random);
    edge_dsn_survey_feed(&survey, rest);
    edge_dsn_survey_end(&survey);
    edge_dsn_begin(&dsn, &report, &survey);
    read_all(&dsn, rest);
    return 0;
}
