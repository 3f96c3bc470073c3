/*
 * A JSON writer into a growing or fixed buffer.
 *
 * Concept:  calls in document order; commas, quoting and UTF-8 repair are done
 *           here so that no hostile byte can break a line of the log or an API
 *           answer. Bad UTF-8 becomes U+FFFD, control characters \u00xx.
 * Owner:    the caller owns the writer and the pool or buffer behind it.
 * Threads:  one at a time.
 * Lifetime: the text lives as long as its pool or buffer.
 * Errors:   a fixed buffer that is too small sets `overflow`; text is then cut
 *           and must not be used. Depth is at most 30 (assertion).
 */
#ifndef EDGE_JSON_H
#define EDGE_JSON_H

#include "edge_base.h"

typedef struct edge_json {
    apr_pool_t *pool; /* NULL: fixed buffer */
    char *text;
    size_t len, size;
    unsigned depth;
    uint32_t filled; /* a bit per depth: something was written there */
    bool after_key;
    bool overflow;
} edge_json_t;

EDGE_API void edge_json_start(edge_json_t *json, apr_pool_t *pool, size_t size);
EDGE_API void edge_json_start_fixed(edge_json_t *json, char *buffer, size_t size);
EDGE_API void edge_json_object(edge_json_t *json);
EDGE_API void edge_json_object_end(edge_json_t *json);
EDGE_API void edge_json_array(edge_json_t *json);
EDGE_API void edge_json_array_end(edge_json_t *json);
EDGE_API void edge_json_key(edge_json_t *json, const char *key);
/* At most `most` characters are written, then "..."; 0 = no bound. */
EDGE_API void edge_json_text(edge_json_t *json, edge_span_t text, size_t most);
EDGE_API void edge_json_number(edge_json_t *json, int64_t value);
EDGE_API void edge_json_seconds(edge_json_t *json, int64_t microseconds); /* as a number, 6 decimals at most */
EDGE_API void edge_json_bool(edge_json_t *json, bool value);
EDGE_API void edge_json_null(edge_json_t *json);
/* A value that is JSON already. */
EDGE_API void edge_json_raw(edge_json_t *json, edge_span_t value);

/* key and value at once; an absent span gives null */
EDGE_API void edge_json_put_text(edge_json_t *json, const char *key, edge_span_t text, size_t most);
EDGE_API void edge_json_put_string(edge_json_t *json, const char *key, const char *text);
EDGE_API void edge_json_put_number(edge_json_t *json, const char *key, int64_t value);
EDGE_API void edge_json_put_bool(edge_json_t *json, const char *key, bool value);

#endif
