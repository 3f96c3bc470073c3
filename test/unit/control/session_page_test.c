/* Tests of server/control/session_page.c: pages that follow each other show every session once, whatever their ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <cmocka.h>

#include "control/session_page.h"

/* As one worker has them, the oldest first: three of one turn, whose numbers began again amidst, between two others. */
static const struct {
    edge_mono_t opened;
    const char *id;
} sessions[] = {
    {10, "A000000000001"}, {20, "A00000000ZZZY"}, {20, "A00000000ZZZZ"}, {20, "A000000000000"}, {30, "B000000000001"}};
#define SESSIONS (sizeof(sessions) / sizeof(sessions[0]))

static void record_of(unsigned i, edge_session_record_t *record) {
    memset(record, 0, sizeof(*record));
    record->opened_mono = sessions[i].opened;
    apr_cpystrn(record->id, sessions[i].id, sizeof(record->id));
}

static void gather(const edge_session_place_t *place, edge_session_page_t *page) {
    edge_session_record_t record;
    for (unsigned i = 0; i < SESSIONS; i++) {
        record_of(place->oldest_first ? i : (unsigned)SESSIONS - 1 - i, &record);
        edge_session_page_offer(page, place, &record);
    }
}

static int older_first(const void *a, const void *b) { return edge_session_page_order(a, b); }
static int younger_first(const void *a, const void *b) { return edge_session_page_order(b, a); }

/* The next page, as whoever asks cuts it; how many it shows. */
static unsigned turn(edge_session_place_t *place, char seen[][EDGE_SESSION_ID_TEXT], bool *more) {
    edge_session_page_t page = {.records = NULL};
    gather(place, &page);
    qsort(page.records, page.count, sizeof(*page.records), place->oldest_first ? older_first : younger_first);
    unsigned count = page.count < place->limit ? page.count : place->limit;
    *more = page.more || page.count > place->limit;
    for (unsigned i = 0; i < count; i++)
        memcpy(seen[i], page.records[i].id, EDGE_SESSION_ID_TEXT);
    assert_true(count > 0);
    place->after = page.records[count - 1].opened_mono;
    memcpy(place->after_id, page.records[count - 1].id, EDGE_SESSION_ID_TEXT);
    edge_session_page_free(&page);
    return count;
}

static void every_one_once(bool oldest_first, unsigned limit) {
    static const char *const wanted[] = {"A000000000001", "A000000000000", "A00000000ZZZY", "A00000000ZZZZ",
                                         "B000000000001"};
    edge_session_place_t place = {.oldest_first = oldest_first, .limit = limit};
    char seen[2 * SESSIONS][EDGE_SESSION_ID_TEXT];
    unsigned count = 0;
    for (bool more = true; more && count <= SESSIONS;)
        count += turn(&place, &seen[count], &more);
    assert_int_equal(count, SESSIONS);
    for (unsigned i = 0; i < SESSIONS; i++)
        assert_string_equal(seen[i], wanted[oldest_first ? i : SESSIONS - 1 - i]);
}

static void pages_show_each_once(void **state) {
    (void)state;
    for (unsigned limit = 1; limit <= SESSIONS + 1; limit++) {
        every_one_once(true, limit);
        every_one_once(false, limit);
    }
}

static void no_more_than_needed_is_kept(void **state) {
    edge_session_place_t place = {.oldest_first = true, .limit = 1};
    edge_session_page_t page = {.records = NULL};
    (void)state;
    gather(&place, &page);
    assert_int_equal(page.count, 1);
    assert_true(page.more);
    edge_session_page_free(&page);
    place.limit = 2;
    gather(&place, &page);
    assert_int_equal(page.count, 4);
    assert_true(page.more);
    edge_session_page_free(&page);
    place.limit = SESSIONS;
    gather(&place, &page);
    assert_int_equal(page.count, SESSIONS);
    assert_false(page.more);
    edge_session_page_free(&page);
    assert_null(page.records);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(pages_show_each_once),
                                       cmocka_unit_test(no_more_than_needed_is_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
