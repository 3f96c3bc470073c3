/*
 * The admin's routes: rows that say what may be asked of a running server.
 *
 * Concept:  a route is a row with method, path, arguments, the least role, a handler
 *           and prose. Whoever carries requests (the control socket, later HTTP over
 *           TCP) finds the row, checks role and arguments, calls the handler with a
 *           request and an answer, and sends what it gave. Help and the description
 *           of the API are printed from the same rows.
 * Owner:    rows are static; request, answer and their pool belong to the carrier for
 *           the time of one call.
 * Threads:  handlers run on the carrier's threads, never on a worker's: they may block.
 * Lifetime: one call.
 * Errors:   a handler answers trouble as a problem (RFC 9457), never by silence.
 */
#ifndef EDGE_ADMIN_H
#define EDGE_ADMIN_H

#include "edge_json.h"

/* In rising order: each may do what the ones before it may. */
typedef enum edge_admin_role {
    EDGE_ADMIN_NOBODY,
    EDGE_ADMIN_READ,
    EDGE_ADMIN_OPERATE,
    EDGE_ADMIN_ADMIN
} edge_admin_role_t;

typedef enum edge_admin_kind {
    EDGE_ADMIN_TEXT,
    EDGE_ADMIN_NUMBER, /* min..max */
    EDGE_ADMIN_WORD    /* one of `words` */
} edge_admin_kind_t;

/* A member of the query. */
typedef struct edge_admin_argument {
    const char *name;
    edge_admin_kind_t kind;
    uint64_t min, max;
    const char *const *words; /* NULL-terminated */
    const char *prose;
} edge_admin_argument_t;

#define EDGE_ADMIN_PIECES 4
#define EDGE_ADMIN_ARGUMENTS 8

struct edge_admin_route;

typedef struct edge_admin_request {
    const struct edge_admin_route *route;
    edge_admin_role_t role;
    const char *who;                       /* "uid 0": for the log */
    edge_span_t pieces[EDGE_ADMIN_PIECES]; /* what stands in place of {name} in the path, decoded; NUL behind it */
    edge_span_t
        arguments[EDGE_ADMIN_ARGUMENTS];    /* in the order of the row's arguments, decoded; absent when not given */
    uint64_t numbers[EDGE_ADMIN_ARGUMENTS]; /* of NUMBER arguments; of WORD ones the index */
    edge_span_t content;
    apr_pool_t *pool;
} edge_admin_request_t;

typedef struct edge_admin_answer edge_admin_answer_t;
struct edge_admin_answer {
    apr_pool_t *pool;
    unsigned status;   /* 200 unless set */
    const char *type;  /* media type */
    const char *allow; /* with 405 */
    edge_json_t json;  /* the document, unless streaming */
    bool streaming;
    bool broken;                                                  /* a stream that cannot be completed */
    bool (*send)(edge_admin_answer_t *answer, edge_span_t bytes); /* the carrier's */
};

typedef void edge_admin_handler_t(const edge_admin_request_t *request, edge_admin_answer_t *answer);

typedef struct edge_admin_route {
    const char *method; /* "GET", "POST", "DELETE"; a GET row also answers HEAD */
    const char *path;   /* "/api/v1/queue/{id}/hold"; NULL ends a table */
    edge_admin_role_t role;
    edge_admin_handler_t *handler;
    const edge_admin_argument_t *arguments; /* ends with name NULL; NULL: takes none */
    const char *prose;
} edge_admin_route_t;

/* The document to fill in; the carrier sends it when the handler returns. */
EDGE_API edge_json_t *edge_admin_json(edge_admin_answer_t *answer);
/* Answers trouble: `code` is a stable word for scripts ("not-found"), the rest is for people. Replaces what was there. */
EDGE_API void edge_admin_problem(edge_admin_answer_t *answer, unsigned status, const char *code, const char *format,
                                 ...) __attribute__((format(printf, 4, 5)));
/* The answer is bytes, not a document; they go by edge_admin_send as they come. */
EDGE_API void edge_admin_stream(edge_admin_answer_t *answer, const char *type);
/* False: the peer has gone, stop. */
EDGE_API bool edge_admin_send(edge_admin_answer_t *answer, edge_span_t bytes);
/* The stream cannot be completed: the carrier makes the peer see that. */
EDGE_API void edge_admin_break(edge_admin_answer_t *answer);
EDGE_API const char *edge_admin_role_name(edge_admin_role_t role);

#endif
