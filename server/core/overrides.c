/* Changes overrides, takes them up at a start, and ends them. */
#include "core/overrides.h"

#include <apr_strings.h>
#include <stdatomic.h>

#include "core/audit.h"
#include "core/core_conf.h"
#include "core/operations.h"
#include "core/setting.h"
#include "edge_event.h"
#include "edge_json.h"
#include "edge_log.h"
#include "edge_obj.h"

EDGE_LOG_AREA(edge_overrides_log, "settings")

/* An override that was not taken up, and why. */
typedef struct dropped {
    edge_override_t one;
    const char *action, *after, *why;
} dropped_t;

/* Octets that one of them takes in an answer: characters of six each. */
#define DROPPED_MOST ((size_t)1000 * 6 + 100)

/* This child's own. */
static struct {
    apr_pool_t *pool;
    const char *path; /* NULL: none may outlive a restart */
    edge_snapshot_t *base;
    uint64_t revision;           /* of the store, as taken up */
    apr_array_header_t *list;    /* as taken up, until taken over */
    apr_array_header_t *dropped; /* dropped_t; until then */
    _Atomic apr_time_t next_end; /* when the first of all ends; 0: none does */
} own;

/* Starting */

static void drop(const edge_override_t *one, const char *action, const char *after, const char *why) {
    *(dropped_t *)apr_array_push(own.dropped) = (dropped_t){*one, action, after, why};
}

static const char *first_error(const edge_conf_report_t *report) {
    for (const edge_conf_diagnostic_t *said = report->first; said; said = said->next)
        if (said->error)
            return said->text;
    return "it cannot be taken";
}

/* NULL: it may stay. An override alone is tried on the files: what is wrong with it would spoil all. */
static const char *what_is_wrong(edge_snapshot_t *loaded, const edge_override_t *one) {
    edge_conf_report_t report;
    apr_array_header_t *alone = edge_override_with(edge_override_none(own.pool), one, own.pool);
    edge_snapshot_t *tried = edge_derive(loaded, alone, &report, own.pool);
    edge_snapshot_drop(tried);
    return report.errors ? first_error(&report) : NULL;
}

static bool same_text(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

/* What the files say of it, where they still have it. */
static bool file_has_changed(edge_snapshot_t *loaded, const edge_override_t *one, const char **now) {
    const edge_setting_t *setting = edge_setting_find(loaded, one->key, own.pool);
    *now = setting ? edge_setting_text(setting, own.pool) : NULL;
    return setting && !same_text(*now, one->over);
}

static void take_up_one(edge_snapshot_t *loaded, const edge_override_t *one, apr_time_t now) {
    const char *file_now, *why = NULL;
    if (one->until && one->until <= now)
        drop(one, "setting.expire", one->over, "its time is over");
    else if (file_has_changed(loaded, one, &file_now))
        drop(one, "setting.drop", file_now, "the configuration file says something else now");
    else if ((why = what_is_wrong(loaded, one)) != NULL)
        drop(one, "setting.drop", NULL, why);
    else
        own.list = edge_override_with(own.list, one, own.pool);
}

/* Settings that are sound alone may not go together: then none is taken. */
static edge_snapshot_t *derive_all(edge_snapshot_t *loaded) {
    edge_conf_report_t report;
    edge_snapshot_t *derived = edge_derive(loaded, own.list, &report, own.pool);
    if (report.errors == 0)
        return derived;
    edge_snapshot_drop(derived);
    for (int i = 0; i < own.list->nelts; i++)
        drop(&APR_ARRAY_IDX(own.list, i, edge_override_t), "setting.drop", NULL, first_error(&report));
    own.list = edge_override_none(own.pool);
    return edge_derive(loaded, own.list, &report, own.pool);
}

static apr_array_header_t *kept_before(void) {
    apr_array_header_t *list = edge_override_none(own.pool);
    unsigned bad = 0;
    if (edge_override_store_begun())
        return edge_override_store_list(own.pool);
    apr_status_t status = own.path ? edge_override_file_read(own.path, &list, &bad, own.pool) : APR_SUCCESS;
    if (status != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_overrides_log, EDGE_LOG_ERROR, 1250, status, "cannot read Overrides %s", own.path);
    else if (bad)
        EDGE_LOG(&edge_overrides_log, EDGE_LOG_WARN, 1251, "%u pieces of %s are no overrides and are passed over", bad,
                 own.path);
    return list;
}

/* Under the lock. */
static edge_snapshot_t *take_up(void) {
    apr_time_t now = edge_clock_read().wall;
    apr_array_header_t *before = kept_before();
    own.revision = edge_override_store_revision();
    own.list = edge_override_none(own.pool);
    own.dropped = apr_array_make(own.pool, 4, sizeof(dropped_t));
    for (int i = 0; i < before->nelts; i++)
        take_up_one(own.base, &APR_ARRAY_IDX(before, i, edge_override_t), now);
    return derive_all(own.base);
}

edge_snapshot_t *edge_overrides_take_up(edge_snapshot_t *loaded, const char *path) {
    apr_pool_create(&own.pool, NULL);
    own.path = path ? apr_pstrdup(own.pool, path) : NULL;
    own.base = loaded;
    edge_override_store_lock();
    edge_snapshot_t *snapshot = take_up();
    edge_override_store_unlock();
    edge_overrides_apply(own.list, snapshot, own.pool);
    return snapshot;
}

static void tell_dropped(const dropped_t *dropped) {
    const edge_override_t *one = &dropped->one;
    edge_audit_entry_t entry = {.who = "edged",
                                .from = "local",
                                .action = dropped->action,
                                .target = one->key,
                                .before = one->value,
                                .after = dropped->after,
                                .reason = dropped->why,
                                .result = "done"};
    EDGE_LOG(&edge_overrides_log, EDGE_LOG_WARN, 1252, "%s: the override %s of %s is dropped: %s", one->key, one->value,
             one->by, dropped->why);
    edge_audit_write(&entry);
}

/* For the answer of the reload, as far as there is room. */
static void answer_dropped(void) {
    edge_json_t json;
    edge_json_start(&json, own.pool, 256);
    edge_json_array(&json);
    for (int i = 0; i < own.dropped->nelts && json.len < EDGE_OPERATIONS_DROPPED - DROPPED_MOST; i++) {
        const dropped_t *dropped = &APR_ARRAY_IDX(own.dropped, i, dropped_t);
        edge_json_object(&json);
        edge_json_put_text(&json, "key", edge_span_of(dropped->one.key), 200);
        edge_json_put_text(&json, "value", edge_span_of(dropped->one.value), 200);
        edge_json_put_text(&json, "file_value", edge_span_of(dropped->after), 200);
        edge_json_put_text(&json, "by", edge_span_of(dropped->one.by), 100);
        edge_json_put_text(&json, "why", edge_span_of(dropped->why), 300);
        edge_json_object_end(&json);
    }
    edge_json_array_end(&json);
    edge_operations_drop((unsigned)own.dropped->nelts, edge_span(json.text, json.len));
}

static void note_next_end(const apr_array_header_t *list) {
    apr_time_t next = 0;
    for (int i = 0; i < list->nelts; i++) {
        apr_time_t until = APR_ARRAY_IDX(list, i, edge_override_t).until;
        if (until && (!next || until < next))
            next = until;
    }
    atomic_store(&own.next_end, next);
}

/* Where nothing may persist, what did so far lasts until the restart. */
static void forbid_persistent(apr_array_header_t *list) {
    for (int i = 0; i < list->nelts && !own.path; i++)
        APR_ARRAY_IDX(list, i, edge_override_t).persistent = false;
}

static void write_file(const apr_array_header_t *list) {
    apr_status_t status = own.path ? edge_override_file_write(own.path, list, own.pool) : APR_SUCCESS;
    if (status != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_overrides_log, EDGE_LOG_ERROR, 1253, status, "cannot write Overrides %s", own.path);
}

void edge_overrides_take_over(void) {
    edge_override_store_lock();
    if (edge_override_store_revision() != own.revision) {
        /* Changed by the child before, after this one had looked. */
        edge_snapshot_t *snapshot = take_up();
        edge_overrides_apply(own.list, snapshot, own.pool);
        edge_snapshot_publish(snapshot);
        edge_snapshot_drop(snapshot);
    }
    forbid_persistent(own.list);
    write_file(own.list);
    edge_override_store_put(own.list, own.pool);
    edge_override_store_set_owner(edge_snapshot_generation(own.base));
    note_next_end(own.list);
    edge_override_store_unlock();
    answer_dropped();
    for (int i = 0; i < own.dropped->nelts; i++)
        tell_dropped(&APR_ARRAY_IDX(own.dropped, i, dropped_t));
}

bool edge_overrides_may_persist(void) { return own.path != NULL; }

/* Changing */

bool edge_overrides_begin(edge_overrides_edit_t *edit, apr_pool_t *pool) {
    *edit = (edge_overrides_edit_t){.pool = pool};
    edge_override_store_lock();
    if (!own.base || edge_override_store_owner() != edge_snapshot_generation(own.base)) {
        edge_override_store_unlock();
        return false;
    }
    edit->list = edge_override_store_list(pool);
    edit->current = edge_snapshot_current();
    edit->base = edge_snapshot_base(edit->current);
    edge_snapshot_hold(edit->base);
    return true;
}

bool edge_overrides_try(edge_overrides_edit_t *edit) {
    if (edit->tried)
        edge_snapshot_drop(edit->tried);
    edit->tried = edge_derive(edit->base, edit->list, &edit->report, edit->pool);
    return edit->report.errors == 0;
}

void edge_overrides_abandon(edge_overrides_edit_t *edit) {
    edge_override_store_unlock();
    edge_snapshot_drop(edit->current);
    edge_snapshot_drop(edit->base);
    if (edit->tried)
        edge_snapshot_drop(edit->tried);
}

apr_status_t edge_overrides_commit(edge_overrides_edit_t *edit) {
    EDGE_ASSERT(edit->tried && edit->report.errors == 0);
    apr_array_header_t *before = edge_override_store_list(edit->pool);
    apr_status_t status = own.path ? edge_override_file_write(own.path, edit->list, edit->pool) : APR_SUCCESS;
    if (status == APR_SUCCESS) {
        status = edge_override_store_put(edit->list, edit->pool);
        if (status != APR_SUCCESS && own.path)
            edge_override_file_write(own.path, before, edit->pool);
    }
    if (status == APR_SUCCESS) {
        edge_snapshot_publish(edit->tried);
        edge_overrides_apply(edit->list, edit->tried, edit->pool);
        note_next_end(edit->list);
    } else {
        EDGE_LOG_STATUS(&edge_overrides_log, EDGE_LOG_ERROR, 1254, status, "a change of settings cannot be kept");
    }
    edge_overrides_abandon(edit);
    return status;
}

apr_array_header_t *edge_overrides_now(edge_snapshot_t **current, edge_snapshot_t **base, apr_pool_t *pool) {
    edge_override_store_lock();
    apr_array_header_t *list = edge_override_store_list(pool);
    *current = edge_snapshot_current();
    *base = edge_snapshot_base(*current);
    edge_snapshot_hold(*base);
    edge_override_store_unlock();
    return list;
}

/* Time */

static void tell_expired(const edge_override_t *one) {
    edge_audit_entry_t entry = {.who = "edged",
                                .from = "local",
                                .action = "setting.expire",
                                .target = one->key,
                                .before = one->value,
                                .after = one->over,
                                .reason = one->reason,
                                .result = "done"};
    EDGE_LOG(&edge_overrides_log, EDGE_LOG_NOTICE, 1255, "%s: the override %s of %s has ended", one->key, one->value,
             one->by);
    edge_audit_write(&entry);
}

static void expire(apr_time_t now, apr_pool_t *pool) {
    edge_overrides_edit_t edit;
    if (!edge_overrides_begin(&edit, pool)) {
        atomic_store(&own.next_end, 0); /* the one that serves does it */
        return;
    }
    apr_array_header_t *before = edit.list;
    for (int i = 0; i < before->nelts; i++) {
        const edge_override_t *one = &APR_ARRAY_IDX(before, i, edge_override_t);
        if (one->until && one->until <= now)
            edit.list = edge_override_without(edit.list, one->key, pool);
    }
    if (!edge_overrides_try(&edit)) {
        atomic_store(&own.next_end, now + EDGE_SECONDS(60));
        edge_overrides_abandon(&edit);
        return;
    }
    apr_array_header_t *after = edit.list;
    if (edge_overrides_commit(&edit) != APR_SUCCESS) {
        atomic_store(&own.next_end, now + EDGE_SECONDS(60));
        return;
    }
    for (int i = 0; i < before->nelts; i++)
        if (!edge_override_find(after, APR_ARRAY_IDX(before, i, edge_override_t).key))
            tell_expired(&APR_ARRAY_IDX(before, i, edge_override_t));
}

void edge_overrides_turn(apr_time_t now) {
    apr_time_t next = atomic_load(&own.next_end);
    apr_pool_t *pool;
    if (next == 0 || now < next)
        return;
    apr_pool_create(&pool, NULL);
    expire(now, pool);
    apr_pool_destroy(pool);
}
