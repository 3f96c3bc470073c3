/*
 * Reading JSON (RFC 8259).
 *
 * Concept:  a document becomes a tree in one pass. It is strict: UTF-8 only, no
 *           trailing commas, no comments, no lone surrogates, no member twice.
 *           Numbers keep their text, so none loses digits.
 * Owner:    the caller's pool owns the tree.
 * Threads:  one.
 * Lifetime: of the pool; `raw` points into the document, which must stay.
 * Errors:   reading gives NULL and says where and what.
 */
#ifndef EDGE_PROTO_JSON_IN_H
#define EDGE_PROTO_JSON_IN_H

#include "edge_base.h"

#define EDGE_JSON_IN_DEPTH 32

typedef enum edge_json_type {
    EDGE_JSON_NULL,
    EDGE_JSON_BOOL,
    EDGE_JSON_NUMBER,
    EDGE_JSON_STRING,
    EDGE_JSON_ARRAY,
    EDGE_JSON_OBJECT
} edge_json_type_t;

typedef struct edge_json_value edge_json_value_t;
struct edge_json_value {
    edge_json_type_t type;
    bool truth;       /* BOOL */
    edge_span_t name; /* of a member; absent for elements and the document */
    edge_span_t text; /* STRING: decoded, NUL behind it; NUMBER: as written */
    edge_span_t raw;  /* the value as it stands in the document */
    unsigned count;   /* of elements or members */
    edge_json_value_t *first, *next;
};

/* NULL: `wrong` says what, `at` is the octet where reading ended. Both may be NULL. */
EDGE_API const edge_json_value_t *edge_json_in_read(edge_span_t document, apr_pool_t *pool, const char **wrong,
                                                    size_t *at);
/* NULL when `value` is NULL, no object, or has no such member. */
EDGE_API const edge_json_value_t *edge_json_in_member(const edge_json_value_t *value, const char *name);
/* A member's string; absent when it is no string. */
EDGE_API edge_span_t edge_json_in_text(const edge_json_value_t *value, const char *name);
/* A member's whole part; `otherwise` when it is no number or does not fit. */
EDGE_API int64_t edge_json_in_number(const edge_json_value_t *value, const char *name, int64_t otherwise);

#endif
