/*
 * Delivery status notifications: what tells a sender what became of a message (RFC 3464, 6522, 6533).
 *
 * Concept:  a report is a message of three parts, for people (plain words), for
 *           programs (message/delivery-status), and the original or its headers. It is
 *           made piece by piece in bounded memory: `edge_dsn_next` hands out what
 *           comes next, and in one place asks the caller to copy so many octets from
 *           the original's start. What other hosts said is made inert: no reply text,
 *           address or identifier ends a line, field or part.
 *
 *             survey (dsn_survey.h) over what may be returned -> edge_dsn_begin
 *             -> edge_dsn_next until EDGE_DSN_END
 *
 *           Addresses beyond ASCII make it a report of RFC 6533 (message/global...).
 * Owner:    the caller owns the generator and all that the report names, until END.
 * Threads:  any; one at a time.
 * Lifetime: a piece is good until the next call.
 * Errors:   none. Making one for the null sender is an assertion: a report about a
 *           report does not exist (edge_dsn_due says NONE).
 */
#ifndef EDGE_PROTO_DSN_H
#define EDGE_PROTO_DSN_H

#include "edge_message.h"
#include "proto/dsn_request.h"
#include "proto/dsn_survey.h"

#define EDGE_DSN_PIECE_MOST 16384

/* What became of one recipient. */
typedef struct edge_dsn_recipient {
    const edge_recipient_t *recipient; /* address and parameters */
    edge_dsn_action_t action;          /* NONE: it is left out */
    bool expired;                      /* FAILED: not refused for good, but its time is over */
    /* The last reply, "550 5.1.1 No such user", lines separated by LF; absent: none is known. */
    edge_span_t reply;
    edge_span_t remote;      /* the host that said it; absent: these are our own words */
    apr_time_t last_attempt; /* 0: none */
} edge_dsn_recipient_t;

typedef struct edge_dsn_report {
    const edge_envelope_t *envelope; /* of the original */
    edge_uuid_t id;                  /* of the report */
    apr_time_t now;
    edge_span_t reporting_mta; /* this server's name */
    const edge_dsn_recipient_t *recipients;
    unsigned count;
    apr_time_t retry_until; /* DELAYED; 0: not known */
    uint64_t return_most;   /* originals longer than this come back as headers only */
} edge_dsn_report_t;

typedef enum edge_dsn_part { EDGE_DSN_PIECE, EDGE_DSN_ORIGINAL, EDGE_DSN_END } edge_dsn_part_t;

typedef struct edge_dsn {
    const edge_dsn_report_t *report;
    const edge_dsn_survey_t *survey;
    uint64_t original_octets; /* to be copied at EDGE_DSN_ORIGINAL, from the first on; never more than were surveyed */
    uint32_t needs;           /* EDGE_CARRIES_*: what the report needs on its way */
    bool whole;               /* the original comes back whole */
    bool global_status;       /* RFC 6533: addresses beyond ASCII */
    bool global_original;     /* headers beyond ASCII */
    bool original_eight_bit;
    uint8_t step; /* the rest is the generator's own */
    uint8_t section;
    unsigned recipient;
    char piece[EDGE_DSN_PIECE_MOST];
} edge_dsn_t;

/* Whether a survey should read the whole message: false: its header block is all that can come back. */
EDGE_API bool edge_dsn_may_return_whole(const edge_dsn_report_t *report);
/* `survey` is at its end. At least one recipient has an action. */
EDGE_API void edge_dsn_begin(edge_dsn_t *dsn, const edge_dsn_report_t *report, const edge_dsn_survey_t *survey);
/* PIECE: bytes of the report. ORIGINAL: the caller copies `original_octets`. END: it is complete. */
EDGE_API edge_dsn_part_t edge_dsn_next(edge_dsn_t *dsn, edge_span_t *piece);

#endif
