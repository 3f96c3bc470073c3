/* A report in its order: headers, the part for people, the part for programs, the original. */
#include "proto/dsn.h"
#include "edge_obj.h"
#include "proto/address.h"
#include "proto/dsn_priv.h"

/* What comes next. A section or the fields of a recipient take a step each. */
enum {
    STEP_HEADER,
    STEP_SECTION,
    STEP_PERSON,
    STEP_FAREWELL,
    STEP_FIELDS,
    STEP_ORIGINAL_HEADER,
    STEP_ORIGINAL,
    STEP_CLOSE,
    STEP_END
};

static bool has_failed(const edge_dsn_report_t *report) {
    for (unsigned i = 0; i < report->count; i++) {
        if (report->recipients[i].action == EDGE_DSN_FAILED) {
            return true;
        }
    }
    return false;
}

/* RET is about failures; good and early news bring headers only (RFC 3461 4.3). */
bool edge_dsn_may_return_whole(const edge_dsn_report_t *report) {
    const edge_envelope_t *envelope = report->envelope;
    return edge_dsn_return(&envelope->sender_parameters) != EDGE_DSN_RETURN_HEADERS && has_failed(report) &&
           envelope->size <= report->return_most && (envelope->needs & EDGE_CARRIES_BINARYMIME) == 0;
}

static bool names_beyond_ascii(const edge_dsn_report_t *report) {
    char text[EDGE_DSN_VALUE_MOST];
    for (unsigned i = 0; i < report->count; i++) {
        const edge_dsn_recipient_t *one = &report->recipients[i];
        if (one->action != EDGE_DSN_NONE &&
            (!edge_dsn_is_ascii(one->recipient->address) ||
             !edge_dsn_is_ascii(edge_dsn_original_recipient(&one->recipient->parameters, text)))) {
            return true;
        }
    }
    return false;
}

void edge_dsn_begin(edge_dsn_t *dsn, const edge_dsn_report_t *report, const edge_dsn_survey_t *survey) {
    const edge_envelope_t *envelope = report->envelope;
    EDGE_ASSERT(envelope->sender.len > 0);
    memset(dsn, 0, offsetof(edge_dsn_t, piece));
    dsn->report = report;
    dsn->survey = survey;
    dsn->whole = edge_dsn_may_return_whole(report) && !survey->unfit && survey->size == envelope->size;
    dsn->original_octets = dsn->whole ? survey->size : survey->header_octets;
    dsn->original_eight_bit = dsn->whole ? survey->eight_bit : survey->header_eight_bit;
    dsn->global_original = (envelope->needs & EDGE_CARRIES_SMTPUTF8) != 0 && survey->header_eight_bit;
    dsn->global_status = names_beyond_ascii(report);
    dsn->needs = (dsn->original_eight_bit || dsn->global_status ? EDGE_CARRIES_8BITMIME : 0) |
                 (edge_dsn_is_ascii(envelope->sender) ? 0 : EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8);
}

static void put_boundary(edge_dsn_writer_t *writer, const edge_dsn_t *dsn, const char *end) {
    edge_dsn_end_line(writer);
    edge_dsn_put_string(writer, "--");
    edge_dsn_put(writer, edge_span(dsn->survey->boundary, EDGE_DSN_BOUNDARY_SIZE));
    edge_dsn_line(writer, end);
}

/* Headers of a part, and the empty line behind them. */
static void put_part(edge_dsn_writer_t *writer, const edge_dsn_t *dsn, const char *description, const char *type,
                     bool eight_bit) {
    put_boundary(writer, dsn, "");
    edge_dsn_put_string(writer, "Content-Type: ");
    edge_dsn_line(writer, type);
    edge_dsn_put_string(writer, "Content-Description: ");
    edge_dsn_line(writer, description);
    edge_dsn_line(writer, eight_bit ? "Content-Transfer-Encoding: 8bit" : "Content-Transfer-Encoding: 7bit");
    edge_dsn_end_line(writer);
}

static void put_name(edge_dsn_writer_t *writer, const edge_dsn_t *dsn) {
    edge_dsn_put_foreign(writer, dsn->report->reporting_mta, false, EDGE_DSN_NAME_MOST);
}

static void put_id(edge_dsn_writer_t *writer, const edge_dsn_t *dsn) {
    char id[EDGE_UUID_TEXT];
    edge_uuid_format(dsn->report->id, id);
    edge_dsn_put_string(writer, id);
}

static void put_received(edge_dsn_writer_t *writer, const edge_dsn_t *dsn) {
    edge_dsn_put_string(writer, "Received: by ");
    put_name(writer, dsn);
    edge_dsn_line(writer, " (edged)");
    edge_dsn_put_string(writer, "\tid ");
    put_id(writer, dsn);
    edge_dsn_line(writer, ";");
    edge_dsn_put_string(writer, "\t");
    edge_dsn_put_date(writer, dsn->report->now);
    edge_dsn_end_line(writer);
}

static void put_to(edge_dsn_writer_t *writer, edge_span_t sender) {
    edge_address_t address;
    edge_dsn_put_string(writer, "To: ");
    if (sender.len <= EDGE_DSN_ADDRESS_MOST && edge_address_mailbox(sender, &address)) {
        edge_dsn_put_string(writer, "<");
        edge_dsn_put_foreign(writer, sender, true, EDGE_DSN_ADDRESS_MOST);
        edge_dsn_line(writer, ">");
    } else {
        edge_dsn_line(writer, "undisclosed-recipients:;");
    }
}

/* What is no message id as RFC 5322 3.6.4 has it would be no reference. */
static bool is_message_id(edge_span_t id) {
    if (id.len < 3 || id.len >= EDGE_HEADER_MESSAGE_ID_MOST || id.at[0] != '<' || id.at[id.len - 1] != '>') {
        return false;
    }
    for (size_t i = 1; i < id.len - 1; i++) {
        if (id.at[i] <= ' ' || id.at[i] > '~' || id.at[i] == '<' || id.at[i] == '>') {
            return false;
        }
    }
    return true;
}

/* So that a mail program shows the report beside the message (RFC 3834 3.1.6). */
static void put_references(edge_dsn_writer_t *writer, const edge_dsn_t *dsn) {
    edge_span_t id = edge_header_scan_message_id(&dsn->survey->header);
    if (is_message_id(id)) {
        edge_dsn_put_string(writer, "In-Reply-To: ");
        edge_dsn_put(writer, id);
        edge_dsn_end_line(writer);
        edge_dsn_put_string(writer, "References: ");
        edge_dsn_put(writer, id);
        edge_dsn_end_line(writer);
    }
}

static void put_header(edge_dsn_writer_t *writer, const edge_dsn_t *dsn) {
    put_received(writer, dsn);
    edge_dsn_put_string(writer, "Date: ");
    edge_dsn_put_date(writer, dsn->report->now);
    edge_dsn_end_line(writer);
    edge_dsn_put_string(writer, "From: Mail Delivery System <MAILER-DAEMON@");
    put_name(writer, dsn);
    edge_dsn_line(writer, ">");
    put_to(writer, dsn->report->envelope->sender);
    edge_dsn_put_string(writer, "Subject: ");
    edge_dsn_line(writer, edge_dsn_subject(dsn));
    edge_dsn_put_string(writer, "Message-Id: <");
    put_id(writer, dsn);
    edge_dsn_put_string(writer, "@");
    put_name(writer, dsn);
    edge_dsn_line(writer, ">");
    put_references(writer, dsn);
    edge_dsn_line(writer, "Auto-Submitted: auto-replied");
    edge_dsn_line(writer, "MIME-Version: 1.0");
    edge_dsn_line(writer, "Content-Type: multipart/report; report-type=delivery-status;");
    edge_dsn_put_string(writer, "\tboundary=\"");
    edge_dsn_put(writer, edge_span(dsn->survey->boundary, EDGE_DSN_BOUNDARY_SIZE));
    edge_dsn_line(writer, "\"");
    edge_dsn_line(writer, (dsn->needs & EDGE_CARRIES_8BITMIME) != 0 ? "Content-Transfer-Encoding: 8bit"
                                                                    : "Content-Transfer-Encoding: 7bit");
    edge_dsn_end_line(writer);
    put_part(writer, dsn, "For people",
             dsn->global_status ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii", dsn->global_status);
    edge_dsn_write_greeting(writer, dsn);
}

/* The next recipient from `dsn->recipient` on that has an action, and is of `section` unless that is all; NULL: none. */
static const edge_dsn_recipient_t *next_recipient(edge_dsn_t *dsn, int section) {
    while (dsn->recipient < dsn->report->count) {
        const edge_dsn_recipient_t *one = &dsn->report->recipients[dsn->recipient++];
        if (one->action != EDGE_DSN_NONE && (section < 0 || edge_dsn_in_section(one, (unsigned)section))) {
            return one;
        }
    }
    dsn->recipient = 0;
    return NULL;
}

/* A section's title, when anybody is in it. */
static void step_section(edge_dsn_t *dsn, edge_dsn_writer_t *writer) {
    if (dsn->section == EDGE_DSN_SECTIONS) {
        dsn->step = STEP_FAREWELL;
        return;
    }
    if (next_recipient(dsn, dsn->section) == NULL) {
        dsn->section++;
        return;
    }
    dsn->recipient = 0;
    edge_dsn_write_section(writer, dsn, dsn->section);
    dsn->step = STEP_PERSON;
}

static void step_person(edge_dsn_t *dsn, edge_dsn_writer_t *writer) {
    const edge_dsn_recipient_t *one = next_recipient(dsn, dsn->section);
    if (one != NULL) {
        edge_dsn_write_person(writer, dsn, one);
        return;
    }
    dsn->section++;
    dsn->step = STEP_SECTION;
}

static void step_farewell(edge_dsn_t *dsn, edge_dsn_writer_t *writer) {
    edge_dsn_write_farewell(writer, dsn);
    put_part(writer, dsn, "For programs",
             dsn->global_status ? "message/global-delivery-status" : "message/delivery-status", dsn->global_status);
    edge_dsn_write_message_fields(writer, dsn);
    dsn->step = STEP_FIELDS;
}

static void step_fields(edge_dsn_t *dsn, edge_dsn_writer_t *writer) {
    const edge_dsn_recipient_t *one = next_recipient(dsn, -1);
    if (one != NULL) {
        edge_dsn_write_recipient_fields(writer, dsn, one);
        return;
    }
    dsn->step = dsn->original_octets > 0 ? STEP_ORIGINAL_HEADER : STEP_CLOSE;
}

static void step_original_header(edge_dsn_t *dsn, edge_dsn_writer_t *writer) {
    static const char *const types[2][2] = {{"text/rfc822-headers", "message/global-headers"},
                                            {"message/rfc822", "message/global"}};
    put_part(writer, dsn, dsn->whole ? "Your message" : "The headers of your message",
             types[dsn->whole][dsn->global_original], dsn->original_eight_bit);
    dsn->step = STEP_ORIGINAL;
}

edge_dsn_part_t edge_dsn_next(edge_dsn_t *dsn, edge_span_t *piece) {
    edge_dsn_writer_t writer = {dsn->piece, 0, sizeof dsn->piece, 0};
    while (writer.len == 0) {
        switch (dsn->step) {
        case STEP_HEADER:
            put_header(&writer, dsn);
            dsn->step = STEP_SECTION;
            break;
        case STEP_SECTION: step_section(dsn, &writer); break;
        case STEP_PERSON: step_person(dsn, &writer); break;
        case STEP_FAREWELL: step_farewell(dsn, &writer); break;
        case STEP_FIELDS: step_fields(dsn, &writer); break;
        case STEP_ORIGINAL_HEADER: step_original_header(dsn, &writer); break;
        case STEP_ORIGINAL: dsn->step = STEP_CLOSE; return EDGE_DSN_ORIGINAL;
        case STEP_CLOSE:
            put_boundary(&writer, dsn, "--");
            dsn->step = STEP_END;
            break;
        default: return EDGE_DSN_END;
        }
    }
    *piece = edge_span(dsn->piece, writer.len);
    return EDGE_DSN_PIECE;
}
