/* Keeps the answers that the parser of configurations got, and gives them again. */
#include "core/conf_record.h"

#include <apr_strings.h>

typedef enum question { QUESTION_READ, QUESTION_MATCH, QUESTION_EXISTS, QUESTION_ENVIRONMENT } question_t;

typedef struct answer {
    question_t question;
    const char *about;         /* path, pattern or name */
    const char *text;          /* trouble of a read, value of a variable; NULL: none */
    edge_span_t content;       /* of a file */
    apr_array_header_t *paths; /* of a match */
    bool exists;
    struct answer *next;
} answer_t;

struct edge_conf_record {
    apr_pool_t *pool;
    edge_conf_world_t machine, taking, giving;
    answer_t *first, **last;
};

static const answer_t *find(const edge_conf_record_t *record, question_t question, const char *about) {
    for (const answer_t *answer = record->first; answer; answer = answer->next)
        if (answer->question == question && strcmp(answer->about, about) == 0)
            return answer;
    return NULL;
}

/* Asking the machine */

static const char *kept_text(apr_pool_t *pool, const char *text) { return text ? apr_pstrdup(pool, text) : NULL; }

static apr_array_header_t *kept_paths(apr_pool_t *pool, const apr_array_header_t *paths) {
    apr_array_header_t *kept = apr_array_make(pool, paths->nelts + 1, sizeof(const char *));
    for (int i = 0; i < paths->nelts; i++)
        *(const char **)apr_array_push(kept) = apr_pstrdup(pool, APR_ARRAY_IDX(paths, i, const char *));
    return kept;
}

/* Everything in `pool`: the parser's own may go before the record does. */
static answer_t *ask(const edge_conf_world_t *machine, question_t question, const char *about, apr_pool_t *pool) {
    answer_t *answer = apr_pcalloc(pool, sizeof(*answer));
    answer->question = question;
    answer->about = apr_pstrdup(pool, about);
    switch (question) {
    case QUESTION_READ:
        answer->text = kept_text(pool, machine->read(machine->context, about, pool, &answer->content));
        break;
    case QUESTION_MATCH: answer->paths = kept_paths(pool, machine->match(machine->context, about, pool)); break;
    case QUESTION_EXISTS: answer->exists = machine->exists(machine->context, about); break;
    case QUESTION_ENVIRONMENT: answer->text = kept_text(pool, machine->environment(machine->context, about)); break;
    }
    return answer;
}

/* A question that is asked twice gets one answer: what is parsed is one state of the files. */
static const answer_t *answer_to(edge_conf_record_t *record, question_t question, const char *about) {
    const answer_t *known = find(record, question, about);
    if (known)
        return known;
    answer_t *answer = ask(&record->machine, question, about, record->pool);
    *record->last = answer;
    record->last = &answer->next;
    return answer;
}

/* The two worlds. Who parses may change what it gets, and puts it into a pool of its own. */

static const char *give_content(const answer_t *answer, apr_pool_t *pool, edge_span_t *text) {
    if (!answer->text)
        *text = edge_span_copy(pool, answer->content);
    return kept_text(pool, answer->text);
}

static const char *taking_read(void *context, const char *path, apr_pool_t *pool, edge_span_t *text) {
    return give_content(answer_to(context, QUESTION_READ, path), pool, text);
}

static apr_array_header_t *taking_match(void *context, const char *pattern, apr_pool_t *pool) {
    return kept_paths(pool, answer_to(context, QUESTION_MATCH, pattern)->paths);
}

static bool taking_exists(void *context, const char *path) { return answer_to(context, QUESTION_EXISTS, path)->exists; }

static const char *taking_environment(void *context, const char *name) {
    return answer_to(context, QUESTION_ENVIRONMENT, name)->text;
}

static const char *giving_read(void *context, const char *path, apr_pool_t *pool, edge_span_t *text) {
    const edge_conf_record_t *record = context;
    const answer_t *known = find(record, QUESTION_READ, path);
    return known ? give_content(known, pool, text) : record->machine.read(record->machine.context, path, pool, text);
}

static apr_array_header_t *giving_match(void *context, const char *pattern, apr_pool_t *pool) {
    const edge_conf_record_t *record = context;
    const answer_t *known = find(record, QUESTION_MATCH, pattern);
    return known ? kept_paths(pool, known->paths) : record->machine.match(record->machine.context, pattern, pool);
}

static bool giving_exists(void *context, const char *path) {
    const edge_conf_record_t *record = context;
    const answer_t *known = find(record, QUESTION_EXISTS, path);
    return known ? known->exists : record->machine.exists(record->machine.context, path);
}

static const char *giving_environment(void *context, const char *name) {
    const edge_conf_record_t *record = context;
    const answer_t *known = find(record, QUESTION_ENVIRONMENT, name);
    return known ? known->text : record->machine.environment(record->machine.context, name);
}

edge_conf_record_t *edge_conf_record_make(edge_conf_world_t machine, apr_pool_t *pool) {
    edge_conf_record_t *record = apr_pcalloc(pool, sizeof(*record));
    record->pool = pool;
    record->machine = machine;
    record->last = &record->first;
    record->taking =
        (edge_conf_world_t){record, machine.server_root, taking_read, taking_match, taking_exists, taking_environment};
    record->giving =
        (edge_conf_world_t){record, machine.server_root, giving_read, giving_match, giving_exists, giving_environment};
    return record;
}

const edge_conf_world_t *edge_conf_record_taking(edge_conf_record_t *record) { return &record->taking; }
const edge_conf_world_t *edge_conf_record_giving(edge_conf_record_t *record) { return &record->giving; }

/* Comparing */

static bool same_text(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static bool same_paths(const apr_array_header_t *a, const apr_array_header_t *b) {
    if (a->nelts != b->nelts)
        return false;
    for (int i = 0; i < a->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(a, i, const char *), APR_ARRAY_IDX(b, i, const char *)) != 0)
            return false;
    return true;
}

static bool same(const answer_t *a, const answer_t *b) {
    switch (a->question) {
    case QUESTION_READ: return same_text(a->text, b->text) && edge_span_equal(a->content, b->content);
    case QUESTION_MATCH: return same_paths(a->paths, b->paths);
    case QUESTION_EXISTS: return a->exists == b->exists;
    case QUESTION_ENVIRONMENT: return same_text(a->text, b->text);
    }
    return false;
}

static const char *describe(const answer_t *now, apr_pool_t *pool) {
    switch (now->question) {
    case QUESTION_READ:
        return now->text ? apr_psprintf(pool, "%s cannot be read: %s", now->about, now->text)
                         : apr_psprintf(pool, "%s has changed", now->about);
    case QUESTION_MATCH: return apr_psprintf(pool, "other files match %s", now->about);
    case QUESTION_EXISTS: return apr_psprintf(pool, "%s %s", now->about, now->exists ? "is there now" : "is gone");
    case QUESTION_ENVIRONMENT: break;
    }
    return apr_psprintf(pool, "the variable %s of the environment has changed", now->about);
}

const edge_conf_record_t *edge_conf_record_of(const edge_conf_world_t *world) {
    return world && world->read == giving_read ? world->context : NULL;
}

apr_array_header_t *edge_conf_record_differences(const edge_conf_record_t *record, apr_pool_t *pool) {
    apr_array_header_t *all = apr_array_make(pool, 4, sizeof(edge_conf_difference_t));
    for (const answer_t *then = record->first; then; then = then->next) {
        const answer_t *now = ask(&record->machine, then->question, then->about, pool);
        if (!same(then, now))
            *(edge_conf_difference_t *)apr_array_push(all) =
                (edge_conf_difference_t){now->about, describe(now, pool), now->text};
    }
    return all;
}

const char *edge_conf_record_difference(const edge_conf_record_t *record, apr_pool_t *pool) {
    for (const answer_t *then = record->first; then; then = then->next) {
        const answer_t *now = ask(&record->machine, then->question, then->about, pool);
        if (!same(then, now))
            return describe(now, pool);
    }
    return NULL;
}
