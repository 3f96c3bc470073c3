/* Keeps documents for a moment, and tells them to all who ask meanwhile. */
#include "control/admin_kept.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_uint changes;

void edge_admin_kept_void(void) { atomic_fetch_add(&changes, 1); }

static bool is_good(const edge_admin_kept_t *kept) {
    return kept->len > 0 && kept->changes == atomic_load(&changes) && edge_clock_mono() - kept->made < kept->fresh;
}

static void tell(const edge_admin_kept_t *kept, edge_admin_answer_t *answer) {
    edge_json_start(&answer->json, answer->pool, kept->len + 1);
    memcpy(answer->json.text, kept->text, kept->len);
    answer->json.len = kept->len;
    if (kept->etag[0])
        answer->etag = apr_pstrdup(answer->pool, kept->etag);
}

static bool has_room(edge_admin_kept_t *kept, size_t len) {
    if (len > kept->room) {
        char *larger = realloc(kept->text, len);
        if (!larger)
            return false;
        kept->text = larger;
        kept->room = len;
    }
    return true;
}

static void keep(edge_admin_kept_t *kept, unsigned before, const edge_admin_answer_t *answer) {
    kept->len = 0;
    if (answer->status != 200 || answer->streaming || !has_room(kept, answer->json.len))
        return;
    memcpy(kept->text, answer->json.text, answer->json.len);
    apr_cpystrn(kept->etag, answer->etag ? answer->etag : "", sizeof(kept->etag));
    kept->len = answer->json.len;
    kept->changes = before;
    kept->made =
        edge_clock_mono(); /* making may have waited for a worker that hangs: who waits now need not do so again */
}

void edge_admin_kept_answer(edge_admin_kept_t *kept, edge_admin_handler_t *make, const edge_admin_request_t *request,
                            edge_admin_answer_t *answer) {
    pthread_mutex_lock(&kept->lock);
    if (is_good(kept)) {
        tell(kept, answer);
    } else {
        unsigned before = atomic_load(&changes);
        make(request, answer);
        keep(kept, before, answer);
    }
    pthread_mutex_unlock(&kept->lock);
}
