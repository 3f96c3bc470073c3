/*
 * The admin's routes: rows that say what may be asked of a running server.
 *
 * Concept:  a route is a row with method, path, arguments of the query, members of the
 *           body, members of the answer, the least role, a handler and prose. Whoever
 *           carries requests (the control socket, HTTP over TCP) finds the row, checks
 *           role, arguments and body, calls the handler with a request and an answer,
 *           and sends what it gave. Help and the description of the API are printed
 *           from the same rows.
 * Owner:    rows are static; request, answer and their pool belong to the carrier for
 *           the time of one call.
 * Threads:  handlers run on the carrier's threads, never on a worker's: they may block.
 * Lifetime: one call.
 * Errors:   a handler answers trouble as a problem (RFC 9457), never by silence.
 */
#ifndef EDGE_ADMIN_H
#define EDGE_ADMIN_H

#include "edge_clock.h"
#include "edge_json.h"
#include "proto/json_in.h"

/* In rising order: each may do what the ones before it may. */
typedef enum edge_admin_role {
    EDGE_ADMIN_NOBODY,
    EDGE_ADMIN_READ,
    EDGE_ADMIN_OPERATE,
    EDGE_ADMIN_ADMIN
} edge_admin_role_t;

/* What a member holds. In queries and bodies: */
typedef enum edge_admin_kind {
    EDGE_ADMIN_TEXT,    /* of `max` octets at most, of `min` at least; no bound when `max` is 0 */
    EDGE_ADMIN_NUMBER,  /* whole, min..max */
    EDGE_ADMIN_WORD,    /* one of `words` */
    EDGE_ADMIN_SWITCH,  /* true or false */
    EDGE_ADMIN_SECONDS, /* a time: a number of seconds; in a query 90s, 15m, 1h or 2d; min..max in microseconds */
    EDGE_ADMIN_OBJECT,  /* bodies: an object, of `rows` when there are any */
    EDGE_ADMIN_ANY,     /* bodies: text, number, switch or null, whatever the thing named takes */
    /* In bodies and answers besides these: */
    EDGE_ADMIN_TIME,    /* RFC 3339, UTC */
    EDGE_ADMIN_LIST,    /* an array: of objects of `rows`; with no rows, of anything */
    EDGE_ADMIN_TEXTS,   /* an array of texts */
    EDGE_ADMIN_NUMBERS, /* an array of numbers, null where there is none */
    EDGE_ADMIN_MAP      /* an object of members whose names are data, each of the one kind that `rows` begins with */
} edge_admin_kind_t;

/* Bits of a member's `may`. */
#define EDGE_ADMIN_MISSING 1u /* answers: it may be absent */
#define EDGE_ADMIN_NULL 2u    /* it may be null */
#define EDGE_ADMIN_HIDDEN 4u  /* bodies: a secret; what came in its place is told in no answer either */

/* A member of a query, a body or an answer. Tables end with name NULL. In a body, a last row named "*" takes every member that
 * no other row names. */
typedef struct edge_admin_argument edge_admin_argument_t;
struct edge_admin_argument {
    const char *name;
    edge_admin_kind_t kind;
    uint64_t min, max;
    const char *const *words; /* NULL-terminated */
    const char *prose;
    const edge_admin_argument_t *rows; /* of OBJECT, LIST, MAP */
    bool required;                     /* queries and bodies */
    unsigned may;                      /* bodies (null) and answers */
};

#define EDGE_ADMIN_PIECES 4
#define EDGE_ADMIN_ARGUMENTS 16

/* Bits of a route's `flags`. */
#define EDGE_ADMIN_TAKES_REASON 1u /* a member "reason", of 200 octets at most */
#define EDGE_ADMIN_NEEDS_REASON 2u /* not without it */
#define EDGE_ADMIN_NEEDS_MATCH 4u  /* not without If-Match (428); the handler compares, by edge_admin_matches */
#define EDGE_ADMIN_DRY_RUN 8u      /* takes dry_run=true: says what would change, and changes nothing */
#define EDGE_ADMIN_PUBLIC 16u      /* for everybody, whoever they are */
#define EDGE_ADMIN_ACCEPTED 32u    /* the usual status is 202: it goes on after the answer */
#define EDGE_ADMIN_CREATED 64u     /* the usual status is 201 */
#define EDGE_ADMIN_SECRET 128u     /* its answer holds a secret: it is kept for nobody who asks again */

#define EDGE_ADMIN_REASON_MOST 200

struct edge_admin_route;

/* A member of the body. */
typedef struct edge_admin_value {
    const edge_json_value_t *json; /* NULL: not given */
    edge_span_t text;              /* TEXT, WORD: decoded, NUL behind it */
    uint64_t number;               /* NUMBER; WORD: the index; SWITCH: 0 or 1; SECONDS: microseconds */
} edge_admin_value_t;

/* How many answers that never end a carrier may have open at once. */
typedef struct edge_admin_streams {
    _Atomic unsigned open;
    unsigned most;
} edge_admin_streams_t;

typedef struct edge_admin_request {
    const struct edge_admin_route *route;
    edge_admin_role_t role;
    const char *who;        /* "uid 0", "token:ops-1", "console:ops-1": for the log and the audit trail */
    const char *from;       /* the client's address, "local" on the control socket */
    const char *request_id; /* in the answer, the problem, the log and the audit trail alike */
    edge_span_t pieces[EDGE_ADMIN_PIECES]; /* what stands in place of {name} in the path, decoded; NUL behind it */
    edge_span_t
        arguments[EDGE_ADMIN_ARGUMENTS];    /* in the order of the row's arguments, decoded; absent when not given */
    uint64_t numbers[EDGE_ADMIN_ARGUMENTS]; /* of arguments, as edge_admin_value_t has them */
    edge_admin_value_t values[EDGE_ADMIN_ARGUMENTS]; /* in the order of the row's body */
    const edge_json_value_t *body;                   /* the whole of it; NULL without one */
    edge_span_t reason;                              /* absent when not given */
    bool dry_run;
    edge_span_t fields; /* of a list: what is wanted of its items; absent: all. Whoever calls the handler sees to it */
    bool uncounted;     /* of a list: nobody reads how many there are */
    bool is_head;       /* of HEAD: only the head will be sent */
    edge_span_t if_match; /* as sent; absent when not given */
    edge_span_t if_none_match;
    edge_span_t accept;
    edge_span_t last_event_id;
    edge_admin_streams_t *streams;
    const void *carrier; /* the carrier's own, for rows that it brings itself; NULL on the control socket */
    apr_pool_t *pool;
} edge_admin_request_t;

#define EDGE_ADMIN_FIELDS 8

typedef struct edge_admin_answer edge_admin_answer_t;
struct edge_admin_answer {
    apr_pool_t *pool;
    unsigned status;                      /* the usual one of the route unless set */
    const char *type;                     /* media type */
    const char *allow;                    /* with 405 */
    const char *etag;                     /* with its quotes; edge_admin_etag makes one */
    const char *location;                 /* with 201 and 202 */
    const char *instance;                 /* the path that was asked for */
    const struct edge_admin_route *route; /* that it was; NULL: there is none */
    char request_id[24];
    struct {
        const char *name, *value;
    } fields[EDGE_ADMIN_FIELDS]; /* of the head, besides these; by edge_admin_field */
    unsigned field_count;
    edge_json_t json;        /* the document, unless streaming */
    size_t list_end;         /* of a list: where its items and counts end in it */
    const char *next_cursor; /* of a list: NULL at its end */
    enum { EDGE_ADMIN_FINE, EDGE_ADMIN_IN_PROBLEM, EDGE_ADMIN_IN_ERROR } trouble; /* what of a problem is open */
    bool streaming;
    bool elsewhere; /* by edge_admin_elsewhere: the carrier ends the connection behind the answer */
    bool broken;    /* a stream that cannot be completed */
    bool (*send)(edge_admin_answer_t *answer, edge_span_t bytes); /* the carrier's */
    bool (*is_gone)(const edge_admin_answer_t *answer);           /* the same */
};

typedef void edge_admin_handler_t(const edge_admin_request_t *request, edge_admin_answer_t *answer);

typedef struct edge_admin_route {
    const char *method; /* "GET", "POST", "PUT", "PATCH", "DELETE"; a GET row also answers HEAD */
    const char *path;   /* "/api/v1/queue/{id}/hold"; NULL ends a table */
    edge_admin_role_t role;
    unsigned flags;
    edge_admin_handler_t *handler;
    const edge_admin_argument_t *arguments; /* of the query; NULL: takes none */
    const char *prose;
    /* JSON; NULL: takes none, but for what `flags` say. Unsafe methods without body rows take their arguments in a body too. */
    const edge_admin_argument_t *body;
    const edge_admin_argument_t *answer; /* of the usual answer */
    const char *media;                   /* of the usual answer; NULL: application/json */
    const char *stream;                  /* the media type of one that goes on, for who asks so; NULL: it never does */
} edge_admin_route_t;

/* The document to fill in; the carrier sends it when the handler returns. Behind a problem: further members of it. */
EDGE_API edge_json_t *edge_admin_json(edge_admin_answer_t *answer);
/* Answers trouble: `code` is a stable word for scripts ("not-found"), the rest is for people. Replaces what was there. */
EDGE_API void edge_admin_problem(edge_admin_answer_t *answer, unsigned status, const char *code, const char *format,
                                 ...) __attribute__((format(printf, 4, 5)));
/* 503: nothing was done, since another generation of the server is the one to ask. The connection ends, so that whoever asks again
 * in a second asks that one. */
EDGE_API void edge_admin_elsewhere(edge_admin_answer_t *answer, const char *detail);
/* One thing wrong in what was asked, at a JSON pointer ("#/max_message_size") or an argument ("?limit"); the first makes the
 * problem, later ones join its list. What is put into edge_admin_error_json next belongs to this one. */
EDGE_API void edge_admin_error(edge_admin_answer_t *answer, unsigned status, const char *pointer, const char *code,
                               const char *format, ...) __attribute__((format(printf, 5, 6)));
EDGE_API edge_json_t *edge_admin_error_json(edge_admin_answer_t *answer);
/* A further field of the head; both texts live as long as the answer. */
EDGE_API void edge_admin_field(edge_admin_answer_t *answer, const char *name, const char *value);
/* An entity tag of what is told apart by these octets: 16 hex digits in quotes. */
EDGE_API const char *edge_admin_etag(apr_pool_t *pool, edge_span_t octets, bool weak);
/* Whether If-Match allows a change of what has this tag. When not, 412 is answered with the tag as "current_etag"; the handler
 * adds "current". */
EDGE_API bool edge_admin_matches(const edge_admin_request_t *request, const char *etag, edge_admin_answer_t *answer);
/* A list: {"items":[ ... and then its bracket, next_cursor, matched (-1: nobody has counted), as_of, and the object's end. */
EDGE_API edge_json_t *edge_admin_list_start(edge_admin_answer_t *answer);
EDGE_API void edge_admin_list_end(edge_admin_answer_t *answer, const char *next_cursor, int64_t matched);
/* The same without that bracket, for a list that says more behind its items. */
EDGE_API void edge_admin_list_tail(edge_admin_answer_t *answer, const char *next_cursor, int64_t matched);
/* RFC 3339 with milliseconds; null when 0. */
EDGE_API void edge_admin_put_time(edge_json_t *json, const char *key, apr_time_t when);
/* The answer is bytes, not a document; they go by edge_admin_send as they come. */
EDGE_API void edge_admin_stream(edge_admin_answer_t *answer, const char *type);
/* False: the peer has gone, stop. */
EDGE_API bool edge_admin_send(edge_admin_answer_t *answer, edge_span_t bytes);
/* Whether the peer has left: for who has nothing to send for a while. */
EDGE_API bool edge_admin_is_gone(const edge_admin_answer_t *answer);
/* The stream cannot be completed: the carrier makes the peer see that. */
EDGE_API void edge_admin_break(edge_admin_answer_t *answer);
EDGE_API const char *edge_admin_role_name(edge_admin_role_t role);

/* What every list has behind its items, as rows of an answer. */
#define EDGE_ADMIN_LIST_ROWS                                                          \
    {.name = "next_cursor",                                                           \
     .kind = EDGE_ADMIN_TEXT,                                                         \
     .may = EDGE_ADMIN_NULL,                                                          \
     .prose = "Ask with this as cursor for what follows; null at the end."},          \
        {.name = "matched",                                                           \
         .kind = EDGE_ADMIN_NUMBER,                                                   \
         .may = EDGE_ADMIN_NULL,                                                      \
         .prose = "How many there are, shown or not; null when nobody has counted."}, \
    {                                                                                 \
        .name = "as_of", .kind = EDGE_ADMIN_TIME, .prose = "When this was so."        \
    }

#endif
