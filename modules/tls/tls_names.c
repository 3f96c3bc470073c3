/* Which certificates answer to which name. */
#include "tls.h"

#include <apr_strings.h>
#include <ctype.h>
#include <stdlib.h>

static bool has_name(const tls_pair_t *pair, const char *name) {
    for (int i = 0; i < pair->names->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(pair->names, i, const char *), name) == 0)
            return true;
    return false;
}

/* "mx.example.net" -> ".example.net"; NULL for a name of one label, and for what is a wildcard itself. */
static const char *behind_first_label(const char *name) {
    const char *dot = strchr(name, '.');
    return dot && dot != name && name[0] != '*' ? dot : NULL;
}

static void fill(tls_group_t *group, const tls_pair_t *pairs, unsigned count, const char *name) {
    for (unsigned i = 0; i < count; i++)
        if (group->pairs[pairs[i].kind] == TLS_NO_PAIR && has_name(&pairs[i], name))
            group->pairs[pairs[i].kind] = (int)i;
}

/* For each kind the first certificate of that very name, or else the first with a wildcard over it. */
static tls_group_t group_of(const tls_pair_t *pairs, unsigned count, const char *name, apr_pool_t *pool) {
    tls_group_t group = {.openssl = NULL};
    const char *rest = behind_first_label(name);
    for (unsigned kind = 0; kind < TLS_KINDS; kind++)
        group.pairs[kind] = TLS_NO_PAIR;
    fill(&group, pairs, count, name);
    if (rest)
        fill(&group, pairs, count, apr_pstrcat(pool, "*", rest, NULL));
    return group;
}

static unsigned add_group(apr_array_header_t *groups, const tls_group_t *group) {
    for (int i = 0; i < groups->nelts; i++)
        if (memcmp(APR_ARRAY_IDX(groups, i, tls_group_t).pairs, group->pairs, sizeof(group->pairs)) == 0)
            return (unsigned)i;
    APR_ARRAY_PUSH(groups, tls_group_t) = *group;
    return (unsigned)groups->nelts - 1;
}

static int compare(const void *a, const void *b) {
    return strcmp(((const tls_name_t *)a)->pattern, ((const tls_name_t *)b)->pattern);
}

static bool is_known(const apr_array_header_t *names, const char *pattern) {
    for (int i = 0; i < names->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(names, i, tls_name_t).pattern, pattern) == 0)
            return true;
    return false;
}

/* The first certificate answers for clients that name nothing, with those of other kinds that share its first name. */
static tls_group_t first_group(const tls_pair_t *pairs, unsigned count, apr_pool_t *pool) {
    tls_group_t group;
    if (pairs[0].names->nelts > 0)
        group = group_of(pairs, count, APR_ARRAY_IDX(pairs[0].names, 0, const char *), pool);
    else
        for (unsigned kind = 0; kind < TLS_KINDS; kind++)
            group.pairs[kind] = TLS_NO_PAIR;
    group.pairs[pairs[0].kind] = 0;
    group.openssl = NULL;
    return group;
}

static void warn_unused(const apr_array_header_t *groups, const tls_pair_t *pairs, unsigned count,
                        const tls_report_t *report) {
    for (unsigned i = 0; i < count; i++) {
        bool used = false;
        for (int g = 0; g < groups->nelts && !used; g++)
            used = APR_ARRAY_IDX(groups, g, tls_group_t).pairs[pairs[i].kind] == (int)i;
        if (!used)
            tls_report_warn(report, pairs[i].certificate_file, "EDG20806",
                            "%s is never used: certificates before it have its names and a key of the same kind",
                            pairs[i].certificate_file->path.at);
    }
}

void tls_names_make(tls_names_t *names, const tls_pair_t *pairs, unsigned count, const tls_report_t *report,
                    apr_pool_t *pool) {
    apr_array_header_t *groups = apr_array_make(pool, 4, sizeof(tls_group_t)),
                       *patterns = apr_array_make(pool, 8, sizeof(tls_name_t));
    tls_group_t group = first_group(pairs, count, pool);
    add_group(groups, &group);
    for (unsigned i = 0; i < count; i++)
        for (int n = 0; n < pairs[i].names->nelts; n++) {
            const char *pattern = APR_ARRAY_IDX(pairs[i].names, n, const char *);
            if (is_known(patterns, pattern))
                continue;
            group = group_of(pairs, count, pattern, pool);
            APR_ARRAY_PUSH(patterns, tls_name_t) = (tls_name_t){pattern, add_group(groups, &group)};
        }
    qsort(patterns->elts, (size_t)patterns->nelts, sizeof(tls_name_t), compare);
    warn_unused(groups, pairs, count, report);
    names->groups = (tls_group_t *)groups->elts;
    names->group_count = (unsigned)groups->nelts;
    names->names = (tls_name_t *)patterns->elts;
    names->name_count = (unsigned)patterns->nelts;
}

static const tls_group_t *find(const tls_names_t *names, const char *pattern) {
    tls_name_t key = {pattern, 0};
    const tls_name_t *found = bsearch(&key, names->names, names->name_count, sizeof(key), compare);
    return found ? &names->groups[found->group] : NULL;
}

/* A wildcard stands for one label only (RFC 6125 6.4.3). */
const tls_group_t *tls_names_find(const tls_names_t *names, const char *name) {
    char lower[256];
    size_t len = strlen(name);
    if (len > 0 && name[len - 1] == '.')
        len--; /* as some clients write it, though RFC 6066 3 does not */
    if (len == 0 || len >= sizeof(lower))
        return NULL;
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    lower[len] = '\0';
    if (lower[0] == '*')
        return NULL;
    const tls_group_t *group = find(names, lower);
    char *rest = strchr(lower, '.');
    if (group || !rest || rest == lower)
        return group;
    *--rest = '*';
    return find(names, rest);
}
