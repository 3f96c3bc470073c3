/* Contexts: the <TLSContext> sections as they run, each with the set in force. */
#include "tls.h"

#include <apr_strings.h>

#include "edge_obj.h"

/* Made while loading, on one thread; read by any afterwards. */
static tls_context_t *first;

tls_context_t *tls_context_first(void) { return first; }

void tls_context_add(tls_context_t *context) {
    context->next = first;
    first = context;
}

void tls_context_forget(tls_context_t *context) {
    tls_context_t **link = &first;
    while (*link && *link != context)
        link = &(*link)->next;
    if (*link)
        *link = context->next;
    if (context->set)
        tls_set_drop(context->set);
    pthread_mutex_destroy(&context->lock);
}

static apr_status_t forget(void *memory) {
    tls_context_forget(memory);
    return APR_SUCCESS;
}

static void allow_files(const tls_conf_t *conf) {
    const tls_files_t *const all[] = {&conf->certificates, &conf->keys, &conf->staples, &conf->client_cas};
    for (unsigned i = 0; i < EDGE_COUNT(all); i++)
        for (unsigned k = 0; k < all[i]->count; k++)
            tls_file_allow(&all[i]->at[k]);
}

static tls_context_t *make(edge_conf_check_t *check, const edge_section_t *section, apr_pool_t *pool) {
    tls_context_t *context = apr_pcalloc(pool, sizeof(*context));
    tls_report_t report = {.check = check, .section = section, .pool = pool};
    context->name = section->name.at;
    context->section = section;
    context->conf = edge_section_conf(section, &tls_module);
    pthread_mutex_init(&context->lock, NULL);
    context->set = tls_set_make(context, &report);
    tls_context_add(context);
    apr_pool_cleanup_register(pool, context, forget, apr_pool_cleanup_null);
    if (context->set)
        allow_files(context->conf);
    return context;
}

tls_context_t *tls_context_of(edge_conf_check_t *check, const edge_section_t *section, apr_pool_t *pool) {
    tls_context_t *context = first;
    while (context && context->section != section)
        context = context->next;
    if (!context)
        context = make(check, section, pool);
    return context->set ? context : NULL;
}

void tls_context_check(edge_conf_check_t *check, const edge_section_t *section) {
    apr_pool_t *pool;
    for (tls_context_t *context = first; context; context = context->next)
        if (context->section == section)
            return;
    edge_conf_warn_in(check, section, NULL, "EDG20805", "no listener uses <TLSContext %s>", section->name.at);
    apr_pool_create(&pool, NULL);
    make(check, section, pool);
    apr_pool_destroy(pool); /* it was only to be seen whether it is sound */
}

tls_set_t *tls_context_take(tls_context_t *context) {
    pthread_mutex_lock(&context->lock);
    tls_set_t *set = context->set;
    EDGE_ASSERT(set != NULL);
    atomic_fetch_add_explicit(&set->counts, 1, memory_order_relaxed);
    pthread_mutex_unlock(&context->lock);
    return set;
}

void tls_context_put(tls_context_t *context, tls_set_t *set) {
    pthread_mutex_lock(&context->lock);
    tls_set_t *before = context->set;
    context->set = set;
    pthread_mutex_unlock(&context->lock);
    tls_set_drop(before);
}
