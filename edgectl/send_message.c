/* The message from standard input: read, its recipients found, its fields completed, its lines ended by CRLF. */
#include <apr_strings.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge_clock.h"
#include "edge_id.h"
#include "proto/address.h"
#include "proto/address_list.h"
#include "proto/header.h"
#include "send.h"

#define MESSAGE_MOST ((size_t)1 << 30)

/* Reading */

typedef struct text {
    char *at;
    size_t len, room;
} text_t;

static bool add(text_t *text, const char *bytes, size_t len) {
    if (text->len + len > text->room) {
        size_t room = (text->len + len) * 2 + 65536;
        char *larger = text->len + len > MESSAGE_MOST ? NULL : realloc(text->at, room);
        if (larger == NULL) {
            return false;
        }
        text->at = larger;
        text->room = room;
    }
    if (len > 0) {
        memcpy(text->at + text->len, bytes, len);
    }
    text->len += len;
    return true;
}

static bool is_lone_dot(const char *line, size_t len) { return len == 1 && line[0] == '.'; }

/* Line by line: each ends in CRLF whatever it had; a CR elsewhere would spoil the message, and becomes a line end too. */
static int read_lines(ctl_send_t *send, FILE *in, text_t *text) {
    char *line = NULL;
    size_t room = 0;
    ssize_t got;
    bool good = true;
    while (good && (got = getline(&line, &room, in)) >= 0) {
        size_t len = (size_t)got;
        len -= len > 0 && line[len - 1] == '\n';
        len -= len > 0 && line[len - 1] == '\r';
        if (!send->whole && is_lone_dot(line, len)) {
            break;
        }
        for (size_t i = 0; i < len; i++) {
            line[i] = line[i] == '\r' ? '\n' : line[i];
            send->eight_bit |= (signed char)line[i] < 0;
        }
        for (size_t at = 0; good && at <= len;) {
            const char *end = memchr(line + at, '\n', len - at);
            size_t piece = end != NULL ? (size_t)(end - line) - at : len - at;
            good = add(text, line + at, piece) && add(text, "\r\n", 2);
            at += piece + 1;
        }
    }
    int error = ferror(in);
    free(line);
    if (error) {
        ctl_say("standard input cannot be read: %s", strerror(errno));
        return EX_IOERR;
    }
    if (!good) {
        ctl_say("the message is larger than a message may be");
        return EX_DATAERR;
    }
    return EX_OK;
}

/* Fields */

static bool is_field(edge_span_t name, const char *wanted) {
    return edge_span_equal_nocase(name, edge_span_of(wanted));
}

static bool names_recipients(edge_span_t name) {
    return is_field(name, "To") || is_field(name, "Cc") || is_field(name, "Bcc");
}

static int take_recipients(ctl_send_t *send, const edge_header_field_t *field) {
    edge_address_list_t found;
    edge_address_list_result_t result;
    edge_span_t value = field->value;
    while ((result = edge_address_list_next(&value, &found)) == EDGE_ADDRESS_LIST_ADDRESS) {
        *(const char **)apr_array_push(send->recipients) =
            apr_pstrmemdup(send->pool, found.address.at, found.address.len);
    }
    if (result == EDGE_ADDRESS_LIST_BAD) {
        ctl_say("\"%.*s\" in %.*s is no address", (int)(found.address.len < 100 ? found.address.len : 100),
                found.address.at, (int)field->name.len, field->name.at);
        return EX_DATAERR;
    }
    return EX_OK;
}

typedef struct seen {
    bool from, date, message_id, some;
} seen_t;

/* Copies the fields that travel: a Bcc that did would be none. */
static int copy_fields(ctl_send_t *send, edge_span_t *rest, text_t *out, seen_t *seen) {
    edge_header_field_t field;
    while (edge_header_next(rest, &field)) {
        seen->some = true;
        seen->from |= is_field(field.name, "From");
        seen->date |= is_field(field.name, "Date");
        seen->message_id |= is_field(field.name, "Message-Id");
        if (send->from_headers && names_recipients(field.name)) {
            int code = take_recipients(send, &field);
            if (code != EX_OK) {
                return code;
            }
        }
        if (!is_field(field.name, "Bcc") && !add(out, field.whole.at, field.whole.len)) {
            return EX_OSERR;
        }
    }
    return EX_OK;
}

/* A display name in quotes where it must be; line ends have no place in it. */
static const char *quoted_name(const char *name, apr_pool_t *pool) {
    char *out = apr_palloc(pool, strlen(name) * 2 + 3), *at = out;
    *at++ = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\') {
            *at++ = '\\';
        }
        *at++ = (unsigned char)*name < 0x20 ? ' ' : *name;
    }
    *at++ = '"';
    *at = '\0';
    return out;
}

static bool add_text(text_t *out, const char *text) { return add(out, text, strlen(text)); }

static bool add_missing(const ctl_send_t *send, const seen_t *seen, text_t *out, const char *host) {
    char date[EDGE_CLOCK_RFC5322_SIZE], id[EDGE_UUID_TEXT];
    apr_time_t now = edge_clock_read().wall;
    bool good = true;
    edge_clock_rfc5322(now, date);
    edge_uuid_format(edge_uuid_make(now), id);
    if (!seen->from && send->sender[0] != '\0') {
        good &= add_text(out, send->name != NULL ? apr_psprintf(send->pool, "From: %s <%s>\r\n",
                                                                quoted_name(send->name, send->pool), send->sender)
                                                 : apr_psprintf(send->pool, "From: %s\r\n", send->sender));
    }
    if (!seen->date) {
        good &= add_text(out, apr_psprintf(send->pool, "Date: %s\r\n", date));
    }
    if (!seen->message_id) {
        good &= add_text(out, apr_psprintf(send->pool, "Message-Id: <%s@%s>\r\n", id, host));
    }
    return good;
}

/* Addresses: a local part alone is one of this host's users. */

static const char *qualified(const char *address, const char *host, apr_pool_t *pool) {
    return strchr(address, '@') != NULL ? address : apr_pstrcat(pool, address, "@", host, NULL);
}

static bool is_address(const char *text, bool *utf8) {
    edge_address_t address;
    bool good = edge_address_mailbox(edge_span_of(text), &address);
    *utf8 |= good && address.utf8;
    return good;
}

static int settle_addresses(ctl_send_t *send, const char *host, const char *user) {
    send->sender = send->sender == NULL ? apr_pstrcat(send->pool, user, "@", host, NULL)
                   : send->sender[0]    ? qualified(send->sender, host, send->pool)
                                        : "";
    if (send->sender[0] != '\0' && !is_address(send->sender, &send->utf8)) {
        ctl_say("the sender \"%s\" is no address", send->sender);
        return EX_USAGE;
    }
    for (int i = 0; i < send->recipients->nelts; i++) {
        const char **recipient = &APR_ARRAY_IDX(send->recipients, i, const char *);
        *recipient = qualified(*recipient, host, send->pool);
        if (!is_address(*recipient, &send->utf8)) {
            ctl_say("the recipient \"%s\" is no address", *recipient);
            return EX_USAGE;
        }
    }
    return EX_OK;
}

int ctl_send_message(ctl_send_t *send, FILE *in, const char *host, const char *user) {
    text_t raw = {0}, out = {0};
    seen_t seen = {0};
    int code = read_lines(send, in, &raw);
    edge_span_t rest = edge_span(raw.at, raw.len);
    if (code == EX_OK) {
        code = copy_fields(send, &rest, &out, &seen);
    }
    if (code == EX_OK && send->recipients->nelts == 0) {
        ctl_say("the message names no recipient in To, Cc or Bcc");
        code = EX_DATAERR;
    }
    if (code == EX_OK) {
        code = settle_addresses(send, host, user);
    }
    bool body_follows = rest.len >= 2 && memcmp(rest.at, "\r\n", 2) == 0;
    if (code == EX_OK && !(add_missing(send, &seen, &out, host) && (body_follows || add_text(&out, "\r\n")) &&
                           add(&out, rest.at, rest.len))) {
        ctl_say("there is no memory for the message");
        code = EX_OSERR;
    }
    free(raw.at);
    send->message = edge_span(out.at, out.len);
    return code;
}
