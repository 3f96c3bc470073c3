/* Answers counted by template and status: what stands at 0 from the start, and what is counted where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <apr_general.h>

#include "control/admin.h"
#include "edge_counter.h"

/* -1: there is no such series. */
static int64_t value(const char *name, const char *labels) {
    edge_counter_entry_t entry;
    for (unsigned slot = 0; edge_counter_at(slot, &entry); slot++)
        if (strcmp(entry.name, name) == 0 && strcmp(entry.labels, labels) == 0)
            return edge_counter_sum(slot);
    return -1;
}

static int64_t requests(const char *labels) { return value("admin_requests_total", labels); }

static const edge_admin_route_t *route_of(const char *method, const char *path) {
    const edge_admin_route_t *route;
    for (unsigned i = 0; (route = edge_admin_route_at(i)) != NULL; i++)
        if (strcmp(route->method, method) == 0 && strcmp(route->path, path) == 0)
            return route;
    fail_msg("no route %s %s", method, path);
    return NULL;
}

static void what_is_usual_is_there_at_once(void **state) {
    const edge_admin_route_t *route;
    for (unsigned i = 0; (route = edge_admin_route_at(i)) != NULL; i++) {
        unsigned usual = route->flags & EDGE_ADMIN_ACCEPTED ? 202 : route->flags & EDGE_ADMIN_CREATED ? 201 : 200;
        const unsigned statuses[] = {usual, 401, 403};
        for (unsigned s = 0; s < EDGE_COUNT(statuses); s++) {
            char labels[256];
            snprintf(labels, sizeof(labels), "route=\"%s\",code=\"%u\"", route->path, statuses[s]);
            assert_int_equal(requests(labels), 0);
        }
    }
    assert_int_equal(requests("route=\"/api/v1/sessions/{id}\",code=\"200\""), 0);
    assert_int_equal(requests("route=\"files\",code=\"200\""), 0);
    assert_int_equal(requests("route=\"none\",code=\"404\""), 0);
}

static void requests_are_counted_by_template_and_status(void **state) {
    const edge_admin_route_t *route = route_of("GET", "/api/v1/sessions/{id}");
    assert_int_equal(requests("route=\"/api/v1/sessions/{id}\",code=\"410\""), -1);
    edge_admin_count(route, 410);
    edge_admin_count(route, 410);
    edge_admin_count(route, 200);
    assert_int_equal(requests("route=\"/api/v1/sessions/{id}\",code=\"410\""), 2);
    assert_int_equal(requests("route=\"/api/v1/sessions/{id}\",code=\"200\""), 1);
    edge_admin_count(route, 418);
    edge_admin_count(route, 507);
    assert_int_equal(requests("route=\"/api/v1/sessions/{id}\",code=\"other\""), 2);
    edge_admin_count(NULL, 404);
    edge_admin_count_file(304);
    assert_int_equal(requests("route=\"none\",code=\"404\""), 1);
    assert_int_equal(requests("route=\"files\",code=\"304\""), 1);
}

/* After a reload the same process of counting goes on. */
static void made_again_they_are_the_same(void **state) {
    int64_t before = requests("route=\"none\",code=\"404\"");
    edge_admin_figures_make();
    edge_admin_count(NULL, 404);
    assert_int_equal(requests("route=\"none\",code=\"404\""), before + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_usual_is_there_at_once),
        cmocka_unit_test(requests_are_counted_by_template_and_status),
        cmocka_unit_test(made_again_they_are_the_same),
    };
    apr_initialize();
    if (edge_counter_map() != APR_SUCCESS)
        return 1;
    edge_admin_figures_make();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
