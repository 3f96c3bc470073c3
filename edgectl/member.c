/* Members of an answer, as cells of a table. */
#include "member.h"

#include <apr_strings.h>

#include "edge_clock.h"
#include "human.h"

const char *ctl_member_text(const edge_json_value_t *value, const char *name) {
    return edge_json_in_text(value, name).at;
}

const char *ctl_member_number(const edge_json_value_t *value, const char *name, apr_pool_t *pool) {
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, edge_json_in_number(value, name, 0));
}

/* -1: it is not there, or no time. */
static apr_time_t time_of(const edge_json_value_t *value, const char *name) {
    edge_span_t text = edge_json_in_text(value, name);
    return text.at != NULL ? ctl_human_parse_time(text) : -1;
}

const char *ctl_member_age(const edge_json_value_t *value, const char *name, apr_pool_t *pool) {
    apr_time_t when = time_of(value, name);
    return when >= 0 ? ctl_human_duration(edge_clock_read().wall - when, pool) : NULL;
}

const char *ctl_member_ahead(const edge_json_value_t *value, const char *name, apr_pool_t *pool) {
    apr_time_t when = time_of(value, name);
    return when >= 0 ? ctl_human_duration(when - edge_clock_read().wall, pool) : NULL;
}

const char *ctl_member_end(const edge_json_value_t *value, const char *name, apr_pool_t *pool) {
    const char *ahead = ctl_member_ahead(value, name, pool);
    return ahead != NULL ? ahead : "never";
}
