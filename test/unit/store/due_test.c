/* The heap of what is due, against looking through all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/spool_priv.h"

#define COUNT 3000u

static edge_index_t index_of;
static edge_segment_t segment; /* any: an entry without one is free */
static edge_uuid_t ids[COUNT];

static edge_index_entry_t *slowly_found(void) {
    edge_index_entry_t *best = NULL;
    for (uint32_t i = 0; i < edge_index_places(&index_of); i++) {
        edge_index_entry_t *entry = edge_index_at(&index_of, i);
        if (entry == NULL || entry->leased || entry->changing || entry->state > EDGE_MESSAGE_DEFERRED)
            continue;
        if (best == NULL || entry->next < best->next ||
            (entry->next == best->next && memcmp(&entry->id, &best->id, sizeof entry->id) < 0))
            best = entry;
    }
    return best;
}

static edge_index_entry_t *add(unsigned i) {
    edge_index_entry_t *entry = edge_index_add(&index_of, ids[i]);
    entry->segment = &segment;
    edge_index_set_state(&index_of, entry, EDGE_MESSAGE_ACTIVE, false);
    return entry;
}

static void in_order(void **state) {
    (void)state;
    assert_null(edge_due_first(&index_of));
    for (unsigned i = 0; i < COUNT; i++) {
        ids[i] = edge_uuid_make(1000 * (apr_time_t)(i + 1));
        add(i);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        edge_index_entry_t *entry = edge_due_first(&index_of);
        assert_true(edge_uuid_equal(entry->id, ids[i]));
        edge_index_remove(&index_of, entry);
    }
    assert_null(edge_due_first(&index_of));
    assert_int_equal(index_of.due_count, 0);
}

/* Whatever is done to whichever, the first is the first. */
static void in_disorder(void **state) {
    (void)state;
    srand(7);
    for (unsigned i = 0; i < COUNT; i++)
        add(i);
    for (unsigned round = 0; round < 6000; round++) {
        unsigned i = (unsigned)rand() % COUNT;
        edge_index_entry_t *entry = edge_index_find(&index_of, ids[i]);
        switch (entry == NULL ? 9 : rand() % 6) {
        case 0: edge_index_set_next(&index_of, entry, rand() % 50); break;
        case 1: edge_index_set_state(&index_of, entry, EDGE_MESSAGE_HELD, false); break;
        case 2: edge_index_set_state(&index_of, entry, EDGE_MESSAGE_DEFERRED, rand() % 3 == 0); break;
        case 3: edge_index_set_changing(&index_of, entry, rand() % 2 == 0); break;
        case 4: edge_index_remove(&index_of, entry); break;
        case 9: add(i); break;
        default:
            if (edge_due_first(&index_of) != NULL)
                edge_index_set_state(&index_of, edge_due_first(&index_of), EDGE_MESSAGE_ACTIVE, true);
        }
        if (round % 10 == 0)
            assert_ptr_equal(edge_due_first(&index_of), slowly_found());
    }
    edge_index_free(&index_of);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_order), cmocka_unit_test(in_disorder)};
    return cmocka_run_group_tests_name("store/due", tests, NULL, NULL);
}
