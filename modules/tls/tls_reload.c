/* New certificates without a restart: asked for, or noticed. All contexts change, or none does. */
#include "tls.h"

#include <apr_strings.h>
#include <time.h>

#include "edge_clock.h"
#include "edge_watch.h"

#define LOOK_EVERY 10 /* seconds */
#define LOOK_AGAIN 1  /* while files are changing */
#define EXPIRY_EVERY EDGE_SECONDS(86400)

static pthread_mutex_t reloading = PTHREAD_MUTEX_INITIALIZER;

/* A set that waits to be put in force. */
typedef struct made {
    tls_context_t *context;
    tls_set_t *set;
} made_t;

static bool make_all(apr_array_header_t *all, apr_pool_t *pool, const char **why) {
    bool good = true;
    for (tls_context_t *context = tls_context_first(); context; context = context->next) {
        tls_report_t report = {.section = context->section, .pool = pool};
        made_t made = {context, tls_set_make(context, &report)};
        if (made.set)
            APR_ARRAY_PUSH(all, made_t) = made;
        else
            *why = *why ? apr_pstrcat(pool, *why, "; ", report.why, NULL) : report.why;
        good &= made.set != NULL;
    }
    return good;
}

/* Under `reloading`. */
static apr_status_t reload(apr_pool_t *pool, const char **why) {
    apr_array_header_t *all = apr_array_make(pool, 4, sizeof(made_t));
    *why = NULL;
    bool good = make_all(all, pool, why);
    for (int i = 0; i < all->nelts; i++) {
        made_t *made = &APR_ARRAY_IDX(all, i, made_t);
        if (good)
            tls_context_put(made->context, made->set);
        else
            tls_set_drop(made->set);
    }
    tls_count(good ? TLS_C_RELOADS : TLS_C_RELOADS_FAILED);
    if (good)
        EDGE_LOG(&tls_log, EDGE_LOG_NOTICE, 811, "certificates are loaded anew");
    else
        EDGE_LOG(&tls_log, EDGE_LOG_ERROR, 812, "certificates are not loaded anew, the old ones stay in use");
    return good ? APR_SUCCESS : APR_EINVAL;
}

/* Looking at the files */

static uint64_t mix(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x9e3779b97f4a7c15u + (sum >> 29); }

static uint64_t mix_stamp(uint64_t sum, const edge_file_stamp_t *stamp) {
    sum = mix(mix(mix(sum, (uint64_t)stamp->device), (uint64_t)stamp->inode), (uint64_t)stamp->size);
    return mix(mix(sum, (uint64_t)stamp->changed.tv_sec), (uint64_t)stamp->changed.tv_nsec);
}

static uint64_t now_of(const tls_context_t *context, uint64_t sum) {
    const tls_conf_t *conf = context->conf;
    const tls_files_t *const all[] = {&conf->certificates, &conf->keys, &conf->staples, &conf->client_cas};
    for (unsigned i = 0; i < EDGE_COUNT(all); i++)
        for (unsigned k = 0; k < all[i]->count; k++) {
            edge_file_stamp_t stamp = edge_file_stamp(all[i]->at[k].path.at);
            sum = mix_stamp(sum, &stamp);
        }
    return sum;
}

/* In the same order as now_of. */
static uint64_t loaded_of(tls_context_t *context, uint64_t sum) {
    tls_set_t *set = tls_context_take(context);
    for (unsigned part = 0; part < 2; part++)
        for (unsigned i = 0; i < set->pair_count; i++)
            sum = mix_stamp(sum, &set->pairs[i].stamps[part]);
    for (unsigned i = 0; i < context->conf->staples.count; i++)
        sum = mix_stamp(sum, &set->staple_stamps[i]);
    for (unsigned i = 0; i < context->conf->client_cas.count; i++)
        sum = mix_stamp(sum, &set->client.stamps[i]);
    tls_set_drop(set);
    return sum;
}

/* What the last looks have seen; under `reloading`. */
static uint64_t seen, refused;

static tls_look_t act(uint64_t now) {
    apr_pool_t *pool;
    const char *why;
    if (now == refused)
        return TLS_LOOK_SAME; /* said once; it is tried again when the files change again */
    if (now != seen) {
        seen = now;
        return TLS_LOOK_CHANGING; /* certificate and key are written one after the other */
    }
    apr_pool_create(&pool, NULL);
    apr_status_t status = reload(pool, &why);
    apr_pool_destroy(pool);
    refused = status == APR_SUCCESS ? 0 : now;
    return status == APR_SUCCESS ? TLS_LOOK_RELOADED : TLS_LOOK_REFUSED;
}

tls_look_t tls_reload_look(void) {
    uint64_t now = 1, loaded = 1;
    pthread_mutex_lock(&reloading);
    for (tls_context_t *context = tls_context_first(); context; context = context->next) {
        now = now_of(context, now);
        loaded = loaded_of(context, loaded);
    }
    tls_look_t look = now == loaded ? TLS_LOOK_SAME : act(now);
    if (now == loaded)
        refused = 0; /* the old files are back */
    pthread_mutex_unlock(&reloading);
    return look;
}

apr_status_t tls_reload(apr_pool_t *pool, const char **why) {
    pthread_mutex_lock(&reloading);
    apr_status_t status = reload(pool, why);
    pthread_mutex_unlock(&reloading);
    return status;
}

/* The thread that looks */

static edge_watch_t watch;
static edge_mono_t warned; /* of certificates that run out; 0: never */

static void warn_daily(void) {
    edge_mono_t now = edge_clock_read().mono;
    if (warned != 0 && now - warned < EXPIRY_EVERY)
        return;
    warned = now;
    tls_expiry_warn(time(NULL));
}

static unsigned look(void *unused) {
    (void)unused;
    bool changing = tls_reload_look() == TLS_LOOK_CHANGING;
    warn_daily();
    return changing ? LOOK_AGAIN : LOOK_EVERY;
}

apr_status_t tls_reload_start(void) {
    if (!tls_context_first())
        return APR_SUCCESS;
    warned = 0;
    warn_daily();
    return edge_watch_start(&watch, "tls-files", LOOK_EVERY, look, NULL);
}

void tls_reload_stop(void) { edge_watch_stop(&watch); }
