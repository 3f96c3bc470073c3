/* Fills in ${variables}. */
#include "proto/conf_variables.h"

#include <apr_strings.h>

#define VALUE_MOST 65536 /* a few lines of Define could else double it out of all memory */

typedef struct filling {
    const apr_table_t *variables;
    const edge_conf_world_t *world;
    edge_conf_place_t place;
    edge_conf_report_t *report;
    apr_pool_t *pool;
} filling_t;

typedef struct names {
    const apr_table_t *table;
} names_t;

static const char *name_at(const void *context, unsigned index) {
    const apr_array_header_t *entries = apr_table_elts(((const names_t *)context)->table);
    return (int)index < entries->nelts ? ((const apr_table_entry_t *)entries->elts)[index].key : NULL;
}

static const char *advice_for(const filling_t *filling, const char *name) {
    names_t names = {filling->variables};
    const char *near = edge_conf_nearest(edge_span_of(name), name_at, &names);
    if (near)
        return apr_psprintf(filling->pool, "did you mean \"${%s}\"?", near);
    if (strncmp(name, "env:", 4) == 0)
        return apr_psprintf(filling->pool, "set %s in the environment, or give it a default by ${%s?=...}", name + 4,
                            name);
    return apr_psprintf(filling->pool, "set it by Define or -D, give it a default by ${%s?=...}, or write ${env:%s}",
                        name, name);
}

/* The value of what stands between the braces; NULL after an error. */
static const char *value_of(const filling_t *filling, const char *inside) {
    char *name = apr_pstrdup(filling->pool, inside), *fallback = strstr(name, "?=");
    if (fallback) {
        *fallback = '\0';
        fallback += 2;
    }
    const char *value = strncmp(name, "env:", 4) == 0 ? filling->world->environment(filling->world->context, name + 4)
                                                      : apr_table_get(filling->variables, name);
    if (value || fallback)
        return value ? value : fallback;
    edge_conf_report_add(filling->report, true, filling->place, "EDG10004", advice_for(filling, name),
                         "\"${%s}\" is not defined", name);
    return NULL;
}

edge_span_t edge_conf_variables_fill(edge_span_t word, const apr_table_t *variables, const edge_conf_world_t *world,
                                     edge_conf_place_t place, edge_conf_report_t *report, apr_pool_t *pool) {
    filling_t filling = {variables, world, place, report, pool};
    const char *out = "", *at = word.at, *open;
    while ((open = strstr(at, "${")) != NULL) {
        const char *close = strchr(open, '}');
        if (!close) {
            edge_conf_report_add(report, true, place, "EDG10005", "write ${NAME}", "\"%s\" has a ${ that is not closed",
                                 word.at);
            break;
        }
        const char *value = value_of(&filling, apr_pstrmemdup(pool, open + 2, (apr_size_t)(close - open - 2)));
        const char *kept = value ? value : apr_pstrmemdup(pool, open, (apr_size_t)(close + 1 - open));
        if (strlen(out) + (size_t)(open - at) + strlen(kept) > VALUE_MOST) {
            edge_conf_report_add(report, true, place, "EDG10019", NULL,
                                 "the word is longer than %d octets when its variables are filled in", VALUE_MOST);
            return word;
        }
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, at, (apr_size_t)(open - at)), kept, NULL);
        at = close + 1;
    }
    return edge_span_of(apr_pstrcat(pool, out, at, NULL));
}
