/* The part of a report for people: what came of their message, to whom, why, and what they may do. */
#include "proto/dsn_priv.h"

/* Sections in the order in which they are read: the worst first. */
enum { SECTION_FAILED, SECTION_EXPIRED, SECTION_DELAYED, SECTION_DELIVERED, SECTION_RELAYED, SECTION_EXPANDED };

static unsigned section_of(const edge_dsn_recipient_t *recipient) {
    static const unsigned sections[] = {
        [EDGE_DSN_NONE] = EDGE_DSN_SECTIONS,  [EDGE_DSN_FAILED] = SECTION_FAILED,
        [EDGE_DSN_DELAYED] = SECTION_DELAYED, [EDGE_DSN_DELIVERED] = SECTION_DELIVERED,
        [EDGE_DSN_RELAYED] = SECTION_RELAYED, [EDGE_DSN_EXPANDED] = SECTION_EXPANDED,
    };
    bool expired = recipient->action == EDGE_DSN_FAILED && recipient->expired;
    return expired ? SECTION_EXPIRED : sections[recipient->action];
}

bool edge_dsn_in_section(const edge_dsn_recipient_t *recipient, unsigned section) {
    return section_of(recipient) == section;
}

static unsigned count_in(const edge_dsn_t *dsn, edge_dsn_action_t action) {
    unsigned count = 0;
    for (unsigned i = 0; i < dsn->report->count; i++) {
        count += dsn->report->recipients[i].action == action;
    }
    return count;
}

const char *edge_dsn_subject(const edge_dsn_t *dsn) {
    unsigned failed = count_in(dsn, EDGE_DSN_FAILED);
    if (failed > 0) {
        return failed < dsn->report->envelope->recipient_count
                   ? "Undelivered: your message did not reach all of its recipients"
                   : "Undelivered: your message could not be delivered";
    }
    if (count_in(dsn, EDGE_DSN_DELAYED) > 0) {
        return "Delayed: your message has not been delivered yet";
    }
    return count_in(dsn, EDGE_DSN_DELIVERED) > 0 ? "Delivered: your message has arrived"
                                                 : "Handed on: your message is on its way";
}

static void paragraph(edge_dsn_writer_t *writer, const char *text) {
    edge_dsn_put_words(writer, edge_span_of(text), false, SIZE_MAX, "");
    edge_dsn_end_line(writer);
    edge_dsn_end_line(writer);
}

void edge_dsn_write_greeting(edge_dsn_writer_t *writer, const edge_dsn_t *dsn) {
    edge_dsn_line(writer, "Hello,");
    edge_dsn_end_line(writer);
    edge_dsn_put_string(writer, "this is written by a program, the mail server ");
    edge_dsn_put_foreign(writer, dsn->report->reporting_mta, false, EDGE_DSN_NAME_MOST);
    edge_dsn_put_string(writer, ",");
    edge_dsn_end_line(writer);
    edge_dsn_put_string(writer, "about your message of ");
    edge_dsn_put_date(writer, dsn->report->envelope->received);
    edge_dsn_put_string(writer, ".");
    edge_dsn_end_line(writer);
    edge_dsn_end_line(writer);
}

void edge_dsn_write_section(edge_dsn_writer_t *writer, const edge_dsn_t *dsn, unsigned section) {
    static const char *const texts[EDGE_DSN_SECTIONS] = {
        [SECTION_FAILED] = "It could not be delivered to:",
        [SECTION_EXPIRED] = "It could not be delivered in all the time that was tried, and is tried no longer for:",
        [SECTION_DELAYED] =
            "It has not been delivered yet to the recipients below. You need not send it again: the server goes "
            "on trying.",
        [SECTION_DELIVERED] = "It was delivered to:",
        [SECTION_RELAYED] =
            "It was handed on for the recipients below, to a server that sends no news of this kind. You will "
            "not be told whether it arrives.",
        [SECTION_EXPANDED] = "It was handed on to all who are behind:",
    };
    paragraph(writer, texts[section]);
    if (section == SECTION_DELAYED && dsn->report->retry_until != 0) {
        edge_dsn_put_string(writer, "It will do so until ");
        edge_dsn_put_date(writer, dsn->report->retry_until);
        edge_dsn_put_string(writer, ".");
        edge_dsn_end_line(writer);
        edge_dsn_end_line(writer);
    }
}

static bool is_good(const edge_dsn_recipient_t *recipient) {
    return recipient->action != EDGE_DSN_FAILED && recipient->action != EDGE_DSN_DELAYED;
}

static void put_why(edge_dsn_writer_t *writer, const edge_dsn_recipient_t *recipient) {
    char status[EDGE_DSN_STATUS_MOST];
    edge_dsn_status_of(recipient, status);
    edge_dsn_put_string(writer, "      ");
    edge_dsn_put_words(writer, edge_span_of(edge_dsn_words_for(status)), false, SIZE_MAX, "      ");
    edge_dsn_end_line(writer);
}

static void put_reply(edge_dsn_writer_t *writer, const edge_dsn_recipient_t *recipient) {
    edge_dsn_put_string(writer, "      ");
    if (recipient->remote.len > 0) {
        edge_dsn_put_foreign(writer, recipient->remote, false, EDGE_DSN_NAME_MOST);
        edge_dsn_put_string(writer, " said:");
    } else {
        edge_dsn_put_string(writer, "In this server's own words:");
    }
    edge_dsn_end_line(writer);
    edge_dsn_put_string(writer, "          ");
    edge_dsn_put_words(writer, recipient->reply, false, EDGE_DSN_REPLY_MOST, "          ");
    edge_dsn_end_line(writer);
}

void edge_dsn_write_person(edge_dsn_writer_t *writer, const edge_dsn_t *dsn, const edge_dsn_recipient_t *recipient) {
    edge_dsn_put_string(writer, "  <");
    edge_dsn_put_foreign(writer, recipient->recipient->address, dsn->global_status, EDGE_DSN_ADDRESS_MOST);
    edge_dsn_put_string(writer, ">");
    edge_dsn_end_line(writer);
    if (!is_good(recipient)) {
        put_why(writer, recipient);
    }
    if (recipient->reply.len > 0) {
        put_reply(writer, recipient);
    }
    edge_dsn_end_line(writer);
}

void edge_dsn_write_farewell(edge_dsn_writer_t *writer, const edge_dsn_t *dsn) {
    const char *original = dsn->whole                 ? ", and your message itself."
                           : dsn->original_octets > 0 ? ", and the headers of your message."
                                                      : ".";
    if (count_in(dsn, EDGE_DSN_FAILED) > 0) {
        paragraph(writer, "If you do not know what to do, please forward all of this to your postmaster.");
    }
    edge_dsn_put_string(writer, "Behind this text is the same for programs");
    edge_dsn_line(writer, original);
}
