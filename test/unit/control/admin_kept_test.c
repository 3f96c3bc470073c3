/* Tests of server/control/admin_kept.c: one document for all who ask while it is fresh, none from before a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <apr_general.h>
#include <cmocka.h>

#include "control/admin_kept.h"

#define LONG EDGE_SECONDS(3600)

static apr_pool_t *pool;
static unsigned made;
static unsigned status;
static size_t filling;
static bool tagged, changed_meanwhile;

static void make(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    (void)request;
    made++;
    edge_json_object(&answer->json);
    edge_json_put_number(&answer->json, "made", made);
    for (size_t i = 0; i < filling; i++)
        edge_json_put_string(&answer->json, "filling", "0123456789");
    edge_json_object_end(&answer->json);
    answer->status = status;
    answer->etag = tagged ? "W/\"0123456789abcdef\"" : NULL;
    if (changed_meanwhile)
        edge_admin_kept_void();
}

static void ask(edge_admin_kept_t *kept, edge_admin_answer_t *answer) {
    edge_admin_answer_start(answer, pool);
    edge_admin_kept_answer(kept, make, NULL, answer);
}

static void expect(edge_admin_kept_t *kept, const char *document) {
    edge_admin_answer_t answer;
    ask(kept, &answer);
    assert_int_equal(answer.json.len, strlen(document));
    assert_memory_equal(answer.json.text, document, answer.json.len);
}

static edge_admin_kept_t fresh_for(edge_mono_t time) {
    made = 0;
    status = 200;
    filling = 0;
    tagged = changed_meanwhile = false;
    return (edge_admin_kept_t){.lock = PTHREAD_MUTEX_INITIALIZER, .fresh = time};
}

static void one_for_all_while_it_is_fresh(void **state) {
    edge_admin_kept_t kept = fresh_for(LONG);
    (void)state;
    expect(&kept, "{\"made\":1}");
    expect(&kept, "{\"made\":1}");
    kept.made -= LONG;
    expect(&kept, "{\"made\":2}");
    expect(&kept, "{\"made\":2}");
    free(kept.text);
}

static void its_tag_goes_along(void **state) {
    edge_admin_kept_t kept = fresh_for(LONG);
    edge_admin_answer_t answer;
    (void)state;
    tagged = true;
    ask(&kept, &answer);
    ask(&kept, &answer);
    assert_int_equal(made, 1);
    assert_string_equal(answer.etag, "W/\"0123456789abcdef\"");
    kept.made -= LONG;
    tagged = false;
    ask(&kept, &answer);
    ask(&kept, &answer);
    assert_null(answer.etag);
    free(kept.text);
}

static void a_change_ends_it(void **state) {
    edge_admin_kept_t kept = fresh_for(LONG);
    (void)state;
    expect(&kept, "{\"made\":1}");
    edge_admin_kept_void();
    expect(&kept, "{\"made\":2}");
    expect(&kept, "{\"made\":2}");
    free(kept.text);
}

static void a_change_while_it_is_made_ends_it_too(void **state) {
    edge_admin_kept_t kept = fresh_for(LONG);
    (void)state;
    changed_meanwhile = true;
    expect(&kept, "{\"made\":1}");
    changed_meanwhile = false;
    expect(&kept, "{\"made\":2}");
    expect(&kept, "{\"made\":2}");
    free(kept.text);
}

static void only_what_is_good_is_kept(void **state) {
    edge_admin_kept_t kept = fresh_for(LONG);
    (void)state;
    status = 503;
    expect(&kept, "{\"made\":1}");
    expect(&kept, "{\"made\":2}");
    status = 200;
    expect(&kept, "{\"made\":3}");
    expect(&kept, "{\"made\":3}");
    free(kept.text);
}

static void it_grows_and_shrinks(void **state) {
    edge_admin_kept_t kept = fresh_for(LONG);
    edge_admin_answer_t answer;
    (void)state;
    expect(&kept, "{\"made\":1}");
    kept.made -= LONG;
    filling = 1000;
    ask(&kept, &answer);
    size_t len = answer.json.len;
    ask(&kept, &answer);
    assert_int_equal(answer.json.len, len);
    assert_int_equal(answer.json.text[len - 1], '}');
    kept.made -= LONG;
    filling = 0;
    expect(&kept, "{\"made\":3}");
    expect(&kept, "{\"made\":3}");
    free(kept.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_for_all_while_it_is_fresh),
        cmocka_unit_test(its_tag_goes_along),
        cmocka_unit_test(a_change_ends_it),
        cmocka_unit_test(a_change_while_it_is_made_ends_it_too),
        cmocka_unit_test(only_what_is_good_is_kept),
        cmocka_unit_test(it_grows_and_shrinks),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
