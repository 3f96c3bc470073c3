/* The part of a report for programs: message/delivery-status (RFC 3464 2), or its kin of RFC 6533. */
#include "proto/dsn_priv.h"

typedef struct said {
    char class;           /* '2', '4', '5'; 0: no code in front */
    edge_span_t enhanced; /* absent: none */
} said_t;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_class(char c) { return c == '2' || c == '4' || c == '5'; }

/* "X.YYY.ZZZ" at the front of `text` (RFC 3463 2); absent when there is none. */
static edge_span_t enhanced_of(edge_span_t text) {
    size_t at = 1, digits = 0;
    unsigned dots = 0;
    for (; at < text.len && text.at[at] != ' '; at++) {
        if (text.at[at] == '.' && dots < 2 && (digits > 0 || dots == 0)) {
            dots++;
            digits = 0;
        } else if (!is_digit(text.at[at]) || dots == 0 || ++digits > 3) {
            return EDGE_NO_SPAN;
        }
    }
    bool whole = dots == 2 && digits > 0 && is_class(text.at[0]);
    return whole ? edge_span(text.at, at) : EDGE_NO_SPAN;
}

static said_t read_reply(edge_span_t reply) {
    said_t said = {0, EDGE_NO_SPAN};
    if (reply.len < 3 || !is_class(reply.at[0]) || !is_digit(reply.at[1]) || !is_digit(reply.at[2])) {
        return said;
    }
    said.class = reply.at[0];
    if (reply.len > 5 && (reply.at[3] == ' ' || reply.at[3] == '-')) {
        said.enhanced = enhanced_of(edge_span_after(reply, 4));
    }
    return said;
}

static const char *classes_of(edge_dsn_action_t action) {
    return action == EDGE_DSN_FAILED ? "54" : action == EDGE_DSN_DELAYED ? "4" : "2";
}

void edge_dsn_status_of(const edge_dsn_recipient_t *recipient, char out[EDGE_DSN_STATUS_MOST]) {
    said_t said = read_reply(recipient->reply);
    const char *classes = classes_of(recipient->action);
    if (said.enhanced.at != NULL && strchr(classes, said.enhanced.at[0]) != NULL) {
        memcpy(out, said.enhanced.at, said.enhanced.len);
        out[said.enhanced.len] = '\0';
    } else if (said.class == '\0' && recipient->expired) {
        memcpy(out, "4.4.7", 6);
    } else {
        memcpy(out, "?.0.0", 6);
        out[0] = said.class != '\0' && strchr(classes, said.class) != NULL ? said.class : classes[0];
    }
}

/* "dns; mx.example" (RFC 3464 2.1.2), or the address as a literal has it. */
static void put_mta(edge_dsn_writer_t *writer, const char *field, edge_span_t name) {
    edge_dsn_put_string(writer, field);
    edge_dsn_put_string(writer, ": dns; ");
    edge_dsn_put_foreign(writer, name, false, EDGE_DSN_NAME_MOST);
    edge_dsn_end_line(writer);
}

void edge_dsn_write_message_fields(edge_dsn_writer_t *writer, const edge_dsn_t *dsn) {
    const edge_envelope_t *envelope = dsn->report->envelope;
    char text[EDGE_DSN_VALUE_MOST];
    edge_span_t id = edge_dsn_envelope_id(&envelope->sender_parameters, text);
    if (id.at != NULL) {
        edge_dsn_put_string(writer, "Original-Envelope-Id: ");
        edge_dsn_put_foreign(writer, id, false, EDGE_DSN_VALUE_MOST);
        edge_dsn_end_line(writer);
    }
    put_mta(writer, "Reporting-MTA", dsn->report->reporting_mta);
    if (envelope->client.ehlo.len > 0) {
        put_mta(writer, "Received-From-MTA", envelope->client.ehlo);
    }
    edge_dsn_put_string(writer, "Arrival-Date: ");
    edge_dsn_put_date(writer, envelope->received);
    edge_dsn_end_line(writer);
}

static void put_addresses(edge_dsn_writer_t *writer, const edge_dsn_t *dsn, const edge_recipient_t *recipient) {
    char text[EDGE_DSN_VALUE_MOST];
    edge_span_t original = edge_dsn_original_recipient(&recipient->parameters, text);
    if (original.at != NULL) {
        edge_dsn_put_string(writer, "Original-Recipient: ");
        edge_dsn_put_foreign(writer, original, dsn->global_status, EDGE_DSN_VALUE_MOST);
        edge_dsn_end_line(writer);
    }
    edge_dsn_put_string(writer, edge_dsn_is_ascii(recipient->address) ? "Final-Recipient: rfc822; "
                                                                      : "Final-Recipient: utf-8; ");
    edge_dsn_put_foreign(writer, recipient->address, dsn->global_status, EDGE_DSN_ADDRESS_MOST);
    edge_dsn_end_line(writer);
}

/* Words of another host are of type smtp; our own have a type nobody takes for that (RFC 3464 2.3.6). */
static void put_diagnostic(edge_dsn_writer_t *writer, const edge_dsn_recipient_t *recipient) {
    if (recipient->remote.len > 0) {
        put_mta(writer, "Remote-MTA", recipient->remote);
    }
    if (recipient->reply.len > 0) {
        edge_dsn_put_string(writer,
                            recipient->remote.len > 0 ? "Diagnostic-Code: smtp; " : "Diagnostic-Code: X-edged; ");
        edge_dsn_put_words(writer, recipient->reply, false, EDGE_DSN_REPLY_MOST, "    ");
        edge_dsn_end_line(writer);
    }
}

static void put_time(edge_dsn_writer_t *writer, const char *field, apr_time_t time) {
    if (time != 0) {
        edge_dsn_put_string(writer, field);
        edge_dsn_put_date(writer, time);
        edge_dsn_end_line(writer);
    }
}

void edge_dsn_write_recipient_fields(edge_dsn_writer_t *writer, const edge_dsn_t *dsn,
                                     const edge_dsn_recipient_t *recipient) {
    static const char *const actions[] = {"", "failed", "delayed", "delivered", "relayed", "expanded"};
    char status[EDGE_DSN_STATUS_MOST];
    edge_dsn_end_line(writer);
    put_addresses(writer, dsn, recipient->recipient);
    edge_dsn_put_string(writer, "Action: ");
    edge_dsn_line(writer, actions[recipient->action]);
    edge_dsn_status_of(recipient, status);
    edge_dsn_put_string(writer, "Status: ");
    edge_dsn_line(writer, status);
    put_diagnostic(writer, recipient);
    put_time(writer, "Last-Attempt-Date: ", recipient->last_attempt);
    put_time(writer, "Will-Retry-Until: ", recipient->action == EDGE_DSN_DELAYED ? dsn->report->retry_until : 0);
}
