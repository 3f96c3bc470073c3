/* Shared by the files that write a report: the piece in the making, and the words that go into it. */
#ifndef EDGE_PROTO_DSN_PRIV_H
#define EDGE_PROTO_DSN_PRIV_H

#include "proto/dsn.h"

/* Texts of others are cut here: a piece holds one recipient, and a line at most 998 octets. */
#define EDGE_DSN_ADDRESS_MOST 900
#define EDGE_DSN_NAME_MOST 255
#define EDGE_DSN_REPLY_MOST 2000

typedef struct edge_dsn_writer {
    char *out;
    size_t len, size;
    size_t column;
} edge_dsn_writer_t;

bool edge_dsn_is_ascii(edge_span_t text);
void edge_dsn_put(edge_dsn_writer_t *writer, edge_span_t text);
void edge_dsn_put_string(edge_dsn_writer_t *writer, const char *text);
void edge_dsn_end_line(edge_dsn_writer_t *writer);
void edge_dsn_line(edge_dsn_writer_t *writer, const char *text);
void edge_dsn_put_date(edge_dsn_writer_t *writer, apr_time_t time);
/* A text of somebody else on this line, at most `most` octets of it: control bytes become "?", line ends blanks, octets
 * beyond ASCII "?" unless `utf8` and valid. */
void edge_dsn_put_foreign(edge_dsn_writer_t *writer, edge_span_t text, bool utf8, size_t most);
/* The same as words, broken at column 76; each further line begins with `indent`. */
void edge_dsn_put_words(edge_dsn_writer_t *writer, edge_span_t text, bool utf8, size_t most, const char *indent);

/* "5.1.1" of the recipient's reply, or what stands for it. */
#define EDGE_DSN_STATUS_MOST 12
void edge_dsn_status_of(const edge_dsn_recipient_t *recipient, char out[EDGE_DSN_STATUS_MOST]);

/* The part for people. Sections group recipients by what became of them. */
#define EDGE_DSN_SECTIONS 6
bool edge_dsn_in_section(const edge_dsn_recipient_t *recipient, unsigned section);
void edge_dsn_write_greeting(edge_dsn_writer_t *writer, const edge_dsn_t *dsn);
void edge_dsn_write_section(edge_dsn_writer_t *writer, const edge_dsn_t *dsn, unsigned section);
void edge_dsn_write_person(edge_dsn_writer_t *writer, const edge_dsn_t *dsn, const edge_dsn_recipient_t *recipient);
void edge_dsn_write_farewell(edge_dsn_writer_t *writer, const edge_dsn_t *dsn);
const char *edge_dsn_subject(const edge_dsn_t *dsn);
/* Why, in words, for a status such as "5.1.1". */
const char *edge_dsn_words_for(const char *status);

/* The part for programs. */
void edge_dsn_write_message_fields(edge_dsn_writer_t *writer, const edge_dsn_t *dsn);
void edge_dsn_write_recipient_fields(edge_dsn_writer_t *writer, const edge_dsn_t *dsn,
                                     const edge_dsn_recipient_t *recipient);

#endif
