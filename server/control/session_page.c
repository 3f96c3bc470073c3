/* Which sessions of one worker may be on a page. */
#include "control/session_page.h"

#include <stdlib.h>

#include "edge_obj.h"

int edge_session_page_order(const edge_session_record_t *a, const edge_session_record_t *b) {
    if (a->opened_mono != b->opened_mono)
        return a->opened_mono < b->opened_mono ? -1 : 1;
    return strcmp(a->id, b->id);
}

static bool is_behind(const edge_session_place_t *place, const edge_session_record_t *record) {
    edge_session_record_t last = {.opened_mono = place->after};
    if (place->after == 0)
        return true;
    memcpy(last.id, place->after_id, sizeof(last.id));
    int order = edge_session_page_order(record, &last);
    return place->oldest_first ? order > 0 : order < 0;
}

static void keep(edge_session_page_t *page, const edge_session_record_t *record) {
    if (page->count == page->room) {
        page->room = page->room ? page->room * 2 : 64;
        page->records = realloc(page->records, page->room * sizeof(*record));
        EDGE_ASSERT(page->records != NULL);
    }
    page->records[page->count++] = *record;
}

void edge_session_page_offer(edge_session_page_t *page, const edge_session_place_t *place,
                             const edge_session_record_t *record) {
    if (page->more || !is_behind(place, record))
        return;
    if (page->count < place->limit || record->opened_mono == page->records[page->count - 1].opened_mono)
        keep(page, record);
    else
        page->more = true;
}

void edge_session_page_free(edge_session_page_t *page) {
    free(page->records);
    *page = (edge_session_page_t){.records = NULL};
}
