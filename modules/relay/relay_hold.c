/* Holds of hand-off: the list in memory and its file. */
#include "relay_hold.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "edge_id.h"
#include "edge_json.h"
#include "edge_locked_file.h"
#include "proto/json_in.h"
#include "relay.h"

const char *const relay_hold_words[] = {"all", "backend", "domain", "listener", NULL};

/* All texts live in the pool of the list they are in: a change makes a new list, and the old one goes whole. */
typedef struct holds {
    apr_pool_t *pool;
    apr_array_header_t *list;
} holds_t;

static struct {
    pthread_mutex_t lock;
    char *path;
    holds_t now;
    _Atomic unsigned count; /* that hold, as the gauge has it; a look without the lock: mostly there is none */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static holds_t make_list(void) {
    holds_t holds;
    apr_status_t status = apr_pool_create_unmanaged(&holds.pool);
    EDGE_ASSERT(status == APR_SUCCESS);
    holds.list = apr_array_make(holds.pool, 8, sizeof(relay_hold_t));
    return holds;
}

static relay_hold_t *copy_into(apr_array_header_t *list, const relay_hold_t *hold) {
    relay_hold_t *copy = apr_array_push(list);
    *copy = *hold;
    copy->value = apr_pstrdup(list->pool, hold->value);
    copy->reason = apr_pstrdup(list->pool, hold->reason);
    copy->who = apr_pstrdup(list->pool, hold->who);
    return copy;
}

static bool is_over(const relay_hold_t *hold, apr_time_t now) { return hold->until != 0 && hold->until <= now; }

/* The file */

static void put_time(edge_json_t *json, const char *key, apr_time_t when) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(when, text);
    edge_json_put_string(json, key, when ? text : NULL);
}

static edge_span_t text_of(const apr_array_header_t *list, apr_pool_t *pool) {
    edge_json_t json;
    edge_json_start(&json, pool, 1024);
    edge_json_object(&json);
    edge_json_key(&json, "holds");
    edge_json_array(&json);
    for (int i = 0; i < list->nelts; i++) {
        const relay_hold_t *hold = &APR_ARRAY_IDX(list, i, relay_hold_t);
        edge_json_object(&json);
        edge_json_put_string(&json, "id", hold->id);
        edge_json_put_string(&json, "scope", relay_hold_words[hold->scope]);
        edge_json_put_string(&json, "value", hold->value);
        edge_json_put_string(&json, "reason", hold->reason);
        edge_json_put_string(&json, "who", hold->who);
        put_time(&json, "since", hold->since);
        put_time(&json, "until", hold->until);
        edge_json_object_end(&json);
    }
    edge_json_array_end(&json);
    edge_json_object_end(&json);
    return edge_span(apr_pstrcat(pool, apr_pstrmemdup(pool, json.text, json.len), "\n", NULL), json.len + 1);
}

static const char *member(const edge_json_value_t *value, const char *name) {
    edge_span_t text = edge_json_in_text(value, name);
    return text.at ? text.at : "";
}

static bool read_time(const edge_json_value_t *value, const char *name, apr_time_t *when) {
    edge_span_t text = edge_json_in_text(value, name);
    *when = 0;
    return !text.at || edge_clock_rfc3339_parse(text, when);
}

static const char *read_hold(const edge_json_value_t *value, apr_array_header_t *list) {
    relay_hold_t hold = {
        .value = member(value, "value"), .reason = member(value, "reason"), .who = member(value, "who")};
    edge_span_t scope = edge_json_in_text(value, "scope"), id = edge_json_in_text(value, "id");
    unsigned word = 0;
    while (word < RELAY_HOLD_SCOPES && !edge_span_equal(scope, edge_span_of(relay_hold_words[word])))
        word++;
    if (word == RELAY_HOLD_SCOPES)
        return "has a \"scope\" that is not all, backend, domain or listener";
    if (id.len != sizeof(hold.id) - 1)
        return "has an \"id\" that is not 8 characters";
    if (!read_time(value, "since", &hold.since) || !read_time(value, "until", &hold.until))
        return "has a time that is none";
    if (word != RELAY_HOLD_ALL && hold.value[0] == '\0')
        return "does not say what it holds";
    memcpy(hold.id, id.at, id.len);
    hold.scope = (relay_hold_scope_t)word;
    copy_into(list, &hold);
    return NULL;
}

static apr_status_t read_text(edge_span_t text, apr_array_header_t *list, apr_pool_t *pool, const char **why) {
    const char *wrong = NULL;
    size_t at = 0;
    if (text.len == 0)
        return APR_SUCCESS;
    const edge_json_value_t *document = edge_json_in_read(text, pool, &wrong, &at);
    const edge_json_value_t *holds = document ? edge_json_in_member(document, "holds") : NULL;
    if (!holds || holds->type != EDGE_JSON_ARRAY) {
        *why = wrong ? apr_psprintf(pool, "octet %" APR_SIZE_T_FMT ": %s", at, wrong)
                     : "there is no list of \"holds\" in it";
        return APR_EGENERAL;
    }
    unsigned number = 0;
    for (const edge_json_value_t *item = holds->first; item; item = item->next) {
        const char *trouble = read_hold(item, list);
        number++;
        if (trouble) {
            *why = apr_psprintf(pool, "hold %u of the list %s", number, trouble);
            return APR_EGENERAL;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t read_file(const char *path, apr_array_header_t *list, apr_pool_t *pool, const char **why) {
    edge_locked_file_t file = {0};
    apr_status_t status = edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_READ);
    char text[120];
    if (APR_STATUS_IS_ENOENT(status))
        return APR_SUCCESS;
    if (status == APR_SUCCESS)
        status = read_text(edge_span(file.text, file.size), list, pool, why);
    else
        *why = apr_pstrdup(pool, apr_strerror(status, text, sizeof(text)));
    edge_locked_file_close(&file);
    return status;
}

static apr_status_t write_file(const apr_array_header_t *list) {
    edge_locked_file_t file = {0};
    apr_status_t status = edge_locked_file_open(&file, all.path, EDGE_LOCKED_FILE_MAKE);
    if (status == APR_SUCCESS)
        status = edge_locked_file_replace_text(&file, text_of(list, list->pool));
    edge_locked_file_close(&file);
    return status;
}

apr_status_t relay_holds_check(const char *path, char *why, size_t size) {
    holds_t holds = make_list();
    const char *trouble = "";
    apr_status_t status = read_file(path, holds.list, holds.pool, &trouble);
    apr_cpystrn(why, trouble, size);
    apr_pool_destroy(holds.pool);
    return status;
}

/* The list */

/* With the lock; none before the list is opened and after it is closed. */
static int entries(void) { return all.now.list ? all.now.list->nelts : 0; }

/* With the lock. Nobody tells when a hold ends by itself: whoever meets one does. */
static unsigned count_again(apr_time_t now) {
    unsigned count = 0;
    for (int i = 0; i < entries(); i++)
        count += !is_over(&APR_ARRAY_IDX(all.now.list, i, relay_hold_t), now);
    relay_count(RELAY_C_HOLDS, (int64_t)count - (int64_t)atomic_exchange(&all.count, count));
    return count;
}

static void use(holds_t holds) {
    if (all.now.pool)
        apr_pool_destroy(all.now.pool);
    all.now = holds;
    count_again(edge_clock_read().wall);
}

apr_status_t relay_holds_open(const char *path) {
    const char *why;
    holds_t holds = make_list();
    apr_status_t status = read_file(path, holds.list, holds.pool, &why);
    pthread_mutex_lock(&all.lock);
    free(all.path);
    all.path = strdup(path);
    use(holds);
    pthread_mutex_unlock(&all.lock);
    return status;
}

void relay_holds_close(void) {
    pthread_mutex_lock(&all.lock);
    free(all.path);
    all.path = NULL;
    use((holds_t){0});
    pthread_mutex_unlock(&all.lock);
}

/* Without those that are over, and without the one of this id; what that was. */
static holds_t without(edge_span_t id, const relay_hold_t **found) {
    holds_t holds = make_list();
    apr_time_t now = edge_clock_read().wall;
    *found = NULL;
    for (int i = 0; i < entries(); i++) {
        const relay_hold_t *hold = &APR_ARRAY_IDX(all.now.list, i, relay_hold_t);
        if (is_over(hold, now))
            continue;
        if (id.at && edge_span_equal(id, edge_span_of(hold->id)))
            *found = hold;
        else
            copy_into(holds.list, hold);
    }
    return holds;
}

static apr_status_t change(holds_t holds) {
    apr_status_t status = write_file(holds.list);
    if (status == APR_SUCCESS)
        use(holds);
    else
        apr_pool_destroy(holds.pool);
    return status;
}

apr_status_t relay_holds_add(relay_hold_t *hold) {
    apr_status_t status = APR_ENOSPC;
    const relay_hold_t *none;
    edge_uuid_t random = edge_uuid_make(edge_clock_read().wall);
    pthread_mutex_lock(&all.lock);
    holds_t holds = without(EDGE_NO_SPAN, &none);
    for (unsigned i = 0; i < 4; i++)
        apr_snprintf(hold->id + 2 * i, 3, "%02x", random.bytes[12 + i]);
    if ((unsigned)holds.list->nelts < RELAY_HOLDS_MOST) {
        copy_into(holds.list, hold);
        status = change(holds);
    } else {
        apr_pool_destroy(holds.pool);
    }
    pthread_mutex_unlock(&all.lock);
    return status;
}

apr_status_t relay_holds_lift(edge_span_t id, relay_hold_t *lifted, apr_pool_t *pool) {
    apr_status_t status = APR_NOTFOUND;
    const relay_hold_t *found;
    pthread_mutex_lock(&all.lock);
    holds_t holds = without(id, &found);
    if (found) {
        *lifted = *copy_into(apr_array_make(pool, 1, sizeof(relay_hold_t)), found);
        status = change(holds);
    } else {
        apr_pool_destroy(holds.pool);
    }
    pthread_mutex_unlock(&all.lock);
    return status;
}

unsigned relay_holds_list(relay_hold_t **list, apr_pool_t *pool) {
    apr_array_header_t *copies = apr_array_make(pool, 8, sizeof(relay_hold_t));
    apr_time_t now = edge_clock_read().wall;
    pthread_mutex_lock(&all.lock);
    for (int i = 0; i < entries(); i++)
        if (!is_over(&APR_ARRAY_IDX(all.now.list, i, relay_hold_t), now))
            copy_into(copies, &APR_ARRAY_IDX(all.now.list, i, relay_hold_t));
    pthread_mutex_unlock(&all.lock);
    *list = (relay_hold_t *)(void *)copies->elts;
    return (unsigned)copies->nelts;
}

/* Asking */

static bool concerns(const relay_hold_t *hold, relay_hold_scope_t scope, edge_span_t value) {
    return hold->scope == scope &&
           (scope == RELAY_HOLD_ALL || edge_span_equal_nocase(value, edge_span_of(hold->value)));
}

static apr_time_t later_of(apr_time_t a, apr_time_t b) { return a > b ? a : b; }

apr_time_t relay_holds_until(relay_hold_scope_t scope, edge_span_t value) {
    apr_time_t until = 0, now;
    if (atomic_load(&all.count) == 0)
        return 0;
    now = edge_clock_read().wall;
    pthread_mutex_lock(&all.lock);
    count_again(now);
    for (int i = 0; i < entries(); i++) {
        const relay_hold_t *hold = &APR_ARRAY_IDX(all.now.list, i, relay_hold_t);
        if (!is_over(hold, now) && concerns(hold, scope, value))
            until = later_of(until, hold->until ? hold->until : EDGE_QUEUE_NEVER);
    }
    pthread_mutex_unlock(&all.lock);
    return until;
}

unsigned relay_holds_count(void) {
    if (atomic_load(&all.count) == 0)
        return 0;
    pthread_mutex_lock(&all.lock);
    unsigned count = count_again(edge_clock_read().wall);
    pthread_mutex_unlock(&all.lock);
    return count;
}
