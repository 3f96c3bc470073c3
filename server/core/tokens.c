/* The tokens in force: checking one, changing them, following the file. */
#include "core/tokens.h"

#include <pthread.h>
#include <stdlib.h>

#include "edge_clock.h"
#include "edge_locked_file.h"
#include "edge_log.h"
#include "edge_password.h"
#include "edge_watch.h"
#include "proto/token_file.h"

EDGE_LOG_AREA(edge_tokens_log, "tokens")

#define LOOK_EVERY 1       /* seconds */
#define KEEP_DAYS_EVERY 60 /* looks */
#define DAY (APR_USEC_PER_SEC * 86400)

static struct {
    pthread_mutex_t lock; /* of `table` */
    edge_token_table_t *table;
    pthread_mutex_t file_lock; /* of all below, and of changes to the file */
    char *path;
    edge_followed_t followed;
    bool days_lost;
    unsigned looks;
    edge_watch_t watch;
} tokens = {.lock = PTHREAD_MUTEX_INITIALIZER, .file_lock = PTHREAD_MUTEX_INITIALIZER};
static _Atomic bool days_changed;

/* The table */

static edge_token_table_t *take(void) {
    pthread_mutex_lock(&tokens.lock);
    edge_token_table_t *table = tokens.table ? edge_token_table_hold(tokens.table) : NULL;
    pthread_mutex_unlock(&tokens.lock);
    return table;
}

static void put(edge_token_table_t *table) {
    pthread_mutex_lock(&tokens.lock);
    edge_token_table_t *before = tokens.table;
    tokens.table = table;
    pthread_mutex_unlock(&tokens.lock);
    if (before && table)
        edge_token_table_inherit(table, before);
    edge_token_table_drop(before);
}

void edge_tokens_use(const char *path, edge_token_table_t *table, edge_file_stamp_t stamp) {
    pthread_mutex_lock(&tokens.file_lock);
    put(table);
    free(tokens.path);
    tokens.path = path ? strdup(path) : NULL;
    edge_followed_took(&tokens.followed, stamp);
    tokens.days_lost = false;
    if (path)
        edge_reopen_allow(path);
    pthread_mutex_unlock(&tokens.file_lock);
}

const char *edge_tokens_path(void) { return tokens.path; }

unsigned edge_tokens_count(void) {
    edge_token_table_t *table = take();
    unsigned count = table ? table->count : 0;
    edge_token_table_drop(table);
    return count;
}

unsigned edge_tokens_count_of(edge_token_role_t role) {
    edge_token_table_t *table = take();
    unsigned count = 0;
    for (unsigned i = 0; table && i < table->count; i++)
        count += table->rows[i].facts.role == role;
    edge_token_table_drop(table);
    return count;
}

/* Checking */

static void note_use(edge_token_row_t *row, apr_time_t now) {
    int32_t today = (int32_t)(now / DAY);
    if (today > atomic_load_explicit(&row->used, memory_order_relaxed)) {
        atomic_store_explicit(&row->used, today, memory_order_relaxed);
        atomic_store_explicit(&days_changed, true, memory_order_relaxed);
    }
}

static edge_token_verdict_t verdict_of(edge_token_row_t *row, edge_ipaddr_t from, apr_time_t now) {
    const edge_token_facts_t *facts = &row->facts;
    if (facts->expires > 0 && now >= facts->expires)
        return EDGE_TOKEN_EXPIRED;
    if (facts->bound && !edge_ipaddr_in_network(from, facts->network, facts->bits))
        return EDGE_TOKEN_WRONG_SOURCE;
    note_use(row, now);
    return EDGE_TOKEN_OK;
}

static edge_token_facts_t facts_of(const edge_token_row_t *row) {
    edge_token_facts_t facts = row->facts;
    facts.used = atomic_load_explicit(&row->used, memory_order_relaxed);
    return facts;
}

edge_token_verdict_t edge_token_check(edge_span_t token, edge_ipaddr_t from, apr_time_t now,
                                      edge_token_facts_t *facts) {
    uint8_t digest[EDGE_TOKEN_DIGEST];
    edge_token_table_t *table = edge_token_is(token) ? take() : NULL;
    bool known = table && edge_token_digest(token, digest);
    edge_token_row_t *row = known ? edge_token_table_find(table, digest) : NULL;
    edge_token_verdict_t verdict = row ? verdict_of(row, from, now) : EDGE_TOKEN_UNKNOWN;
    if (row)
        *facts = facts_of(row);
    edge_token_table_drop(table);
    return verdict;
}

apr_array_header_t *edge_tokens_list(apr_pool_t *pool) {
    edge_token_table_t *table = take();
    apr_array_header_t *list = apr_array_make(pool, table ? (int)table->count : 0, sizeof(edge_token_facts_t));
    for (unsigned i = 0; table && i < table->count; i++)
        *(edge_token_facts_t *)apr_array_push(list) = facts_of(&table->rows[i]);
    edge_token_table_drop(table);
    return list;
}

/* Following the file. The caller holds file_lock. */

static edge_file_faults_t no_faults(void) {
    return (edge_file_faults_t){.area = &edge_tokens_log, .number = 970, .path = tokens.path};
}

static bool read_anew(edge_file_stamp_t *stamp) {
    edge_file_faults_t faults = no_faults();
    edge_token_table_t *table = edge_token_table_read(tokens.path, stamp, edge_file_fault, &faults);
    if (table)
        put(table);
    return table != NULL;
}

static bool take_change(void *unused, edge_file_stamp_t *stamp) {
    (void)unused;
    bool good = read_anew(stamp);
    if (good)
        EDGE_LOG(&edge_tokens_log, EDGE_LOG_NOTICE, 973, "%s is read anew; tokens: %u", tokens.path,
                 edge_tokens_count());
    else
        EDGE_LOG(&edge_tokens_log, EDGE_LOG_ERROR, 972, "%s is not read anew, its old tokens stay good", tokens.path);
    return good;
}

edge_followed_look_t edge_tokens_look(void) {
    pthread_mutex_lock(&tokens.file_lock);
    edge_followed_look_t seen =
        tokens.path ? edge_followed_look(&tokens.followed, tokens.path, take_change, NULL) : EDGE_FOLLOWED_SAME;
    pthread_mutex_unlock(&tokens.file_lock);
    return seen;
}

/* Changing the file */

typedef struct change {
    edge_locked_file_t file;
    apr_pool_t *pool;
} change_t;

static apr_status_t change_begin(change_t *change, edge_locked_file_use_t use) {
    pthread_mutex_lock(&tokens.file_lock);
    apr_status_t status = tokens.path ? edge_locked_file_open(&change->file, tokens.path, use) : APR_ENOENT;
    if (status == APR_SUCCESS)
        status = apr_pool_create(&change->pool, NULL);
    return status;
}

static edge_span_t change_text(const change_t *change) { return edge_span(change->file.text, change->file.size); }

/* What was written is in force before anybody hears of it. */
static apr_status_t change_write(change_t *change, edge_span_t text) {
    apr_status_t status = edge_locked_file_replace_text(&change->file, text);
    edge_file_stamp_t stamp;
    if (status != APR_SUCCESS)
        return status;
    if (!read_anew(&stamp))
        return APR_EGENERAL;
    edge_followed_took(&tokens.followed, stamp);
    return APR_SUCCESS;
}

static apr_status_t change_end(change_t *change, apr_status_t status) {
    edge_locked_file_close(&change->file);
    if (change->pool)
        apr_pool_destroy(change->pool);
    pthread_mutex_unlock(&tokens.file_lock);
    return status;
}

/* A file that would be refused is not made longer. */
static apr_status_t check_room(const change_t *change, edge_span_t name) {
    edge_file_faults_t faults = no_faults();
    edge_token_line_t line;
    edge_token_table_t *table = edge_token_table_make(change_text(change), edge_file_fault, &faults);
    unsigned count = table ? table->count : 0;
    edge_token_table_drop(table);
    if (!table)
        return APR_EGENERAL;
    if (edge_token_file_find(change_text(change), name, &line))
        return APR_EEXIST;
    return count == EDGE_TOKENS_MOST ? APR_ENOSPC : APR_SUCCESS;
}

static apr_status_t add(change_t *change, const edge_token_facts_t *facts, char token[EDGE_TOKEN_TEXT]) {
    edge_token_line_t line = {.name = edge_span_of(facts->name),
                              .role = facts->role,
                              .created = facts->created,
                              .expires = facts->expires,
                              .bound = facts->bound,
                              .network = facts->network,
                              .bits = facts->bits,
                              .used = -1};
    apr_status_t status = check_room(change, line.name);
    if (status != APR_SUCCESS)
        return status;
    if (!edge_token_make(facts->role, token) || !edge_token_digest(edge_span_of(token), line.digest))
        return APR_EGENERAL;
    status = change_write(change, edge_token_file_add(change_text(change), &line, change->pool));
    if (status != APR_SUCCESS)
        edge_password_wipe(token, EDGE_TOKEN_TEXT);
    return status;
}

apr_status_t edge_tokens_create(edge_token_facts_t *facts, char token[EDGE_TOKEN_TEXT]) {
    change_t change = {.pool = NULL};
    if (edge_token_file_name(edge_span_of(facts->name)))
        return APR_EINVAL;
    facts->created = edge_clock_read().wall / APR_USEC_PER_SEC * APR_USEC_PER_SEC;
    facts->used = -1;
    apr_status_t status = change_begin(&change, EDGE_LOCKED_FILE_MAKE);
    if (status == APR_SUCCESS)
        status = add(&change, facts, token);
    return change_end(&change, status);
}

apr_status_t edge_tokens_revoke(edge_span_t name) {
    change_t change = {.pool = NULL};
    edge_token_line_t line;
    apr_status_t status = change_begin(&change, EDGE_LOCKED_FILE_CHANGE);
    bool known = status == APR_SUCCESS && edge_token_file_find(change_text(&change), name, &line);
    if (known)
        status = change_write(&change, edge_token_file_remove(change_text(&change), name, change.pool));
    else if (status == APR_SUCCESS || APR_STATUS_IS_ENOENT(status))
        status = APR_NOTFOUND;
    return change_end(&change, status);
}

/* Days of use */

static int32_t used_day(const void *context, const uint8_t digest[EDGE_TOKEN_DIGEST]) {
    const edge_token_row_t *row = edge_token_table_find((edge_token_table_t *)(uintptr_t)context, digest);
    return row ? row->used : -1;
}

static apr_status_t write_days(change_t *change) {
    edge_token_table_t *table = take();
    edge_span_t text = edge_token_file_use(change_text(change), used_day, table, change->pool);
    edge_token_table_drop(table);
    return text.at ? change_write(change, text) : APR_SUCCESS;
}

void edge_tokens_keep_days(void) {
    change_t change = {.pool = NULL};
    if (!atomic_exchange(&days_changed, false))
        return;
    apr_status_t status = change_begin(&change, EDGE_LOCKED_FILE_CHANGE);
    if (status == APR_SUCCESS)
        status = write_days(&change);
    bool lost = status != APR_SUCCESS, first = lost && !tokens.days_lost;
    tokens.days_lost = lost;
    if (lost)
        atomic_store(&days_changed, true);
    if (first)
        EDGE_LOG_STATUS(&edge_tokens_log, EDGE_LOG_NOTICE, 974, status,
                        "%s cannot be written: the days its tokens were last used are known until the next reload only",
                        tokens.path);
    change_end(&change, status);
}

/* The thread that looks */

static unsigned look(void *unused) {
    (void)unused;
    edge_tokens_look();
    if (++tokens.looks % KEEP_DAYS_EVERY == 0)
        edge_tokens_keep_days();
    return LOOK_EVERY;
}

apr_status_t edge_tokens_start(void) {
    return tokens.path ? edge_watch_start(&tokens.watch, "token-file", LOOK_EVERY, look, NULL) : APR_SUCCESS;
}

void edge_tokens_stop(void) {
    edge_watch_stop(&tokens.watch);
    edge_tokens_keep_days();
}
