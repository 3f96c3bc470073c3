/* Lists of overrides. */
#include "core/override.h"

#include <apr_strings.h>

apr_array_header_t *edge_override_none(apr_pool_t *pool) { return apr_array_make(pool, 4, sizeof(edge_override_t)); }

edge_override_t *edge_override_find(const apr_array_header_t *list, const char *key) {
    for (int i = 0; i < list->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(list, i, edge_override_t).key, key) == 0)
            return &APR_ARRAY_IDX(list, i, edge_override_t);
    return NULL;
}

static const char *kept(const char *text, apr_pool_t *pool) { return text ? apr_pstrdup(pool, text) : NULL; }

static void append(apr_array_header_t *list, const edge_override_t *one, apr_pool_t *pool) {
    edge_override_t *copy = apr_array_push(list);
    *copy = *one;
    copy->key = kept(one->key, pool);
    copy->value = kept(one->value, pool);
    copy->by = kept(one->by, pool);
    copy->reason = kept(one->reason, pool);
    copy->over = kept(one->over, pool);
    copy->sections = kept(one->sections, pool);
    copy->before = kept(one->before, pool);
}

/* All but the one of that key, in whose place `instead` comes. */
static apr_array_header_t *copy_but(const apr_array_header_t *list, const char *key, const edge_override_t *instead,
                                    apr_pool_t *pool) {
    apr_array_header_t *copy = edge_override_none(pool);
    for (int i = 0; i < list->nelts; i++) {
        const edge_override_t *one = &APR_ARRAY_IDX(list, i, edge_override_t);
        bool meant = key && strcmp(one->key, key) == 0;
        if (!meant)
            append(copy, one, pool);
        else if (instead)
            append(copy, instead, pool);
    }
    return copy;
}

apr_array_header_t *edge_override_copy(const apr_array_header_t *list, apr_pool_t *pool) {
    return copy_but(list, NULL, NULL, pool);
}

apr_array_header_t *edge_override_with(const apr_array_header_t *list, const edge_override_t *one, apr_pool_t *pool) {
    apr_array_header_t *copy = copy_but(list, one->key, one, pool);
    if (!edge_override_find(list, one->key))
        append(copy, one, pool);
    return copy;
}

apr_array_header_t *edge_override_without(const apr_array_header_t *list, const char *key, apr_pool_t *pool) {
    return copy_but(list, key, NULL, pool);
}
