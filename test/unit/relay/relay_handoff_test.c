/* Which of a queue's sections are its next hops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/snapshot.h"

#include "../../../modules/relay/relay.h"

/* A validator, two next hops with a listener between them, an <Admin> behind them. */
static edge_section_t sections[5], queue, empty;

static int set_up(void **state) {
    static const edge_scope_t scopes[] = {EDGE_SCOPE_VALIDATOR, EDGE_SCOPE_HANDOFF, EDGE_SCOPE_LISTENER,
                                          EDGE_SCOPE_HANDOFF, EDGE_SCOPE_ADMIN};
    static const char *const names[] = {"b", "a", "b", "b", ""};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(sections); i++)
        sections[i] = (edge_section_t){.scope = scopes[i],
                                       .name = edge_span_of(names[i]),
                                       .next = i + 1 < EDGE_COUNT(sections) ? &sections[i + 1] : NULL};
    queue = (edge_section_t){.scope = EDGE_SCOPE_QUEUE, .first = &sections[0]};
    empty = (edge_section_t){.scope = EDGE_SCOPE_QUEUE};
    return 0;
}

static void one_after_the_other(void **state) {
    (void)state;
    assert_ptr_equal(relay_handoff_of(&queue), &sections[1]);
    assert_ptr_equal(relay_handoff_next(&sections[1]), &sections[1]);
    assert_ptr_equal(relay_handoff_next(sections[1].next), &sections[3]);
    assert_null(relay_handoff_next(sections[3].next));
    assert_null(relay_handoff_next(NULL));
    assert_null(relay_handoff_of(&empty));
}

static void by_name(void **state) {
    (void)state;
    assert_ptr_equal(relay_handoff_named(&queue, edge_span_of("a")), &sections[1]);
    assert_ptr_equal(relay_handoff_named(&queue, edge_span_of("b")), &sections[3]);
    assert_null(relay_handoff_named(&queue, edge_span_of("B")));
    assert_null(relay_handoff_named(&queue, edge_span_of("")));
    assert_null(relay_handoff_named(&queue, edge_span_of("ab")));
    assert_null(relay_handoff_named(&empty, edge_span_of("a")));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(one_after_the_other, set_up),
                                       cmocka_unit_test_setup(by_name, set_up)};
    return cmocka_run_group_tests_name("relay_handoff", tests, NULL, NULL);
}
