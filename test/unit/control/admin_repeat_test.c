/* Idempotency-Key: what is asked again under its key is answered again and not done again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "control/admin_repeat.h"
#include "edge_module.h"
#include "proto/json_in.h"

static apr_pool_t *pool;
static edge_admin_answer_t answer;
static unsigned runs;
static const char *own_key; /* asked again with, while it is under way */

static const edge_admin_argument_t rows[] = {{.name = "n", .kind = EDGE_ADMIN_NUMBER, .max = 9, .prose = "x"},
                                             {.name = NULL}};
enum { FINE, REFUSED, FAILED, LONG, AGAIN };

static void done(edge_admin_answer_t *to, const char *text) {
    edge_json_object(edge_admin_json(to));
    edge_json_put_number(edge_admin_json(to), "run", runs);
    edge_json_put_string(edge_admin_json(to), "text", text);
    edge_json_object_end(edge_admin_json(to));
}

static void ask_inside(apr_pool_t *inner);

static void act(const edge_admin_request_t *request, edge_admin_answer_t *to) {
    runs++;
    switch (request->values[0].number) {
    case REFUSED: edge_admin_problem(to, 409, "conflict", "Run %u.", runs); return;
    case FAILED: edge_admin_problem(to, 503, "not-ready", "Run %u.", runs); return;
    case LONG: done(to, apr_pstrmemdup(to->pool, memset(apr_palloc(to->pool, 20000), 'x', 20000), 20000)); return;
    case AGAIN: ask_inside(to->pool); break;
    default: break;
    }
    to->etag = "\"tag\"";
    to->location = "/there";
    done(to, "<\xe2\x82\xac>");
}

const edge_admin_route_t edge_admin_setting_routes[] = {{.path = NULL}};
const edge_admin_route_t edge_admin_routes[] = {
    {.method = "POST", .path = "/act", .handler = act, .body = rows, .flags = EDGE_ADMIN_DRY_RUN | EDGE_ADMIN_CREATED},
    {.method = "POST", .path = "/secret", .handler = act, .body = rows, .flags = EDGE_ADMIN_SECRET},
    {.method = "POST", .path = "/public", .handler = act, .body = rows, .flags = EDGE_ADMIN_PUBLIC},
    {.method = "GET", .path = "/act", .handler = act},
    {.path = NULL},
};
const edge_module_t *edge_module_at(unsigned index) { return NULL; }

static edge_admin_call_t call_of(const char *method, const char *target, const char *content, const char *key) {
    return (edge_admin_call_t){.method = edge_span_of(method),
                               .target = edge_span_of(target),
                               .content = edge_span_of(content),
                               .idempotency_key = key != NULL ? edge_span_of(key) : EDGE_NO_SPAN,
                               .role = EDGE_ADMIN_ADMIN,
                               .who = "one",
                               .local = true};
}

static unsigned carry(edge_admin_call_t call) {
    edge_admin_answer_start(&answer, pool);
    edge_admin_dispatch(&call, &answer);
    return answer.status;
}

static unsigned ask(const char *method, const char *target, const char *content, const char *key) {
    return carry(call_of(method, target, content, key));
}

static edge_span_t member(const char *name) {
    const edge_json_value_t *document =
        edge_json_in_read(edge_span(answer.json.text, answer.json.len), pool, NULL, NULL);
    assert_non_null(document);
    return edge_json_in_text(document, name);
}

static void assert_code(const char *code) { assert_string_equal(member("code").at, code); }

static void ask_inside(apr_pool_t *inner) {
    edge_admin_call_t call = call_of("POST", "/act", "{\"n\":4}", own_key);
    edge_admin_answer_t nested;
    edge_admin_answer_start(&nested, inner);
    edge_admin_dispatch(&call, &nested);
    assert_int_equal(nested.status, 409);
}

static int start(void **state) {
    (void)state;
    apr_pool_create(&pool, NULL);
    runs = 0;
    return edge_admin_repeat_map() == APR_SUCCESS ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static void again_is_answered_again(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/act", "{\"n\":0}", "\"k 1\""), 201);
    edge_admin_answer_t first = answer;
    assert_int_equal(first.field_count, 0);
    assert_int_equal(ask("POST", "/act", "{\"n\":0}", "\"k 1\""), 201);
    assert_int_equal(runs, 1);
    assert_int_equal(answer.json.len, first.json.len);
    assert_memory_equal(answer.json.text, first.json.text, first.json.len);
    assert_string_equal(answer.request_id, first.request_id);
    assert_string_equal(answer.etag, "\"tag\"");
    assert_string_equal(answer.location, "/there");
    assert_string_equal(answer.type, "application/json");
    assert_string_equal(answer.fields[0].name, "Idempotency-Replayed");
    assert_string_equal(answer.fields[0].value, "true");
}

static void a_key_is_in_quotes_or_not(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/act", "{}", "8e03978e-40d5"), 201);
    assert_int_equal(ask("POST", "/act", "{}", " \"8e03978e-40d5\" "), 201);
    assert_int_equal(runs, 1);
}

static void without_a_key_each_counts(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/act", "{}", NULL), 201);
    assert_int_equal(ask("POST", "/act", "{}", NULL), 201);
    assert_int_equal(runs, 2);
}

static void another_request_is_refused(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/act", "{\"n\":0}", "k"), 201);
    char id[24];
    apr_cpystrn(id, answer.request_id, sizeof id);
    assert_int_equal(ask("POST", "/act", "{\"n\":1}", "k"), 422);
    assert_code("idempotency-key-reused");
    assert_non_null(strstr(member("detail").at, id));
    assert_int_equal(ask("POST", "/secret", "{\"n\":0}", "k"), 422);
    edge_admin_call_t matching = call_of("POST", "/act", "{\"n\":0}", "k");
    matching.if_match = edge_span_of("\"tag\"");
    assert_int_equal(carry(matching), 201); /* the tag that the first one has left */
    assert_int_equal(runs, 1);
}

static void keys_belong_to_who_asks(void **state) {
    (void)state;
    edge_admin_call_t other = call_of("POST", "/act", "{\"n\":1}", "k");
    other.who = "another";
    assert_int_equal(ask("POST", "/act", "{}", "k"), 201);
    assert_int_equal(carry(other), 409);
    assert_int_equal(runs, 2);
}

static void a_key_must_be_one(void **state) {
    (void)state;
    static const char *const bad[] = {"",       " ",        "\"\"",     "\"",   "a b",
                                      "a\"b\"", "\"a\"b\"", "\"a\\b\"", "a\tb", "\xc3\xa9"};
    for (unsigned i = 0; i < EDGE_COUNT(bad); i++) {
        assert_int_equal(ask("POST", "/act", "{}", bad[i]), 400);
        assert_code("bad-idempotency-key");
    }
    char *key = apr_palloc(pool, 130);
    memset(key, 'k', 130);
    key[129] = '\0';
    assert_int_equal(ask("POST", "/act", "{}", key), 400);
    key[128] = '\0';
    assert_int_equal(ask("POST", "/act", "{}", key), 201);
    assert_int_equal(runs, 1);
}

static void what_was_refused_stays_so_and_what_failed_is_tried_again(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/act", "{\"n\":1}", "refused"), 409);
    assert_int_equal(ask("POST", "/act", "{\"n\":1}", "refused"), 409);
    assert_code("conflict");
    assert_string_equal(member("request_id").at, answer.request_id);
    assert_string_equal(answer.type, "application/problem+json");
    assert_int_equal(runs, 1);
    assert_int_equal(ask("POST", "/act", "{\"n\":2}", "failed"), 503);
    assert_int_equal(ask("POST", "/act", "{\"n\":2}", "failed"), 503);
    assert_int_equal(runs, 3);
}

static void what_was_never_tried_takes_no_key(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/act", "{\"m\":1}", "k"), 422);
    assert_int_equal(ask("POST", "/act", "{\"n\":0}", "k"), 201);
    assert_int_equal(runs, 1);
}

static void secrets_and_long_answers_are_not_kept(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/secret", "{}", "secret"), 200);
    assert_int_equal(ask("POST", "/secret", "{}", "secret"), 409);
    assert_code("done-before");
    assert_int_equal(ask("POST", "/act", "{\"n\":3}", "long"), 201);
    assert_int_equal(ask("POST", "/act", "{\"n\":3}", "long"), 409);
    assert_code("done-before");
    assert_int_equal(runs, 2);
}

static void one_that_is_under_way_is_not_begun_again(void **state) {
    (void)state;
    own_key = "k";
    assert_int_equal(ask("POST", "/act", "{\"n\":4}", "k"), 201);
    assert_int_equal(runs, 1);
}

static void reading_dry_runs_and_public_routes_know_no_keys(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(ask("GET", "/act", "", "k"), 200);
        assert_int_equal(ask("POST", "/act?dry_run=true", "{}", "k"), 201);
        assert_int_equal(ask("POST", "/public", "{}", "k"), 200);
    }
    assert_int_equal(runs, 6);
}

static void the_oldest_gives_way(void **state) {
    (void)state;
    for (unsigned i = 0; i <= EDGE_ADMIN_REPEATS; i++)
        assert_int_equal(ask("POST", "/act", "{}", apr_itoa(pool, (int)i)), 201);
    assert_int_equal(runs, EDGE_ADMIN_REPEATS + 1);
    assert_int_equal(ask("POST", "/act", "{}", apr_itoa(pool, (int)EDGE_ADMIN_REPEATS)), 201);
    assert_int_equal(runs, EDGE_ADMIN_REPEATS + 1);
    assert_int_equal(ask("POST", "/act", "{}", "0"), 201);
    assert_int_equal(runs, EDGE_ADMIN_REPEATS + 2);
}

/* As dispatch does, at a time of our own. */
static bool begin_at(edge_mono_t now, edge_admin_repeat_t *repeat) {
    edge_admin_call_t call = call_of("POST", "/act", "{}", "k");
    edge_admin_request_t request = {.route = &edge_admin_routes[0], .who = "one", .request_id = "id", .pool = pool};
    edge_admin_answer_start(&answer, pool);
    bool first = edge_admin_repeat_begin(repeat, &request, &call, now, &answer);
    if (first)
        edge_admin_repeat_end(repeat, &request, now, &answer);
    return first;
}

static void it_is_forgotten_after_its_time(void **state) {
    (void)state;
    edge_admin_repeat_t repeat;
    assert_true(begin_at(EDGE_SECONDS(1000), &repeat));
    assert_false(begin_at(EDGE_SECONDS(1000) + EDGE_ADMIN_REPEAT_KEPT - 1, &repeat));
    assert_true(begin_at(EDGE_SECONDS(1000) + EDGE_ADMIN_REPEAT_KEPT, &repeat));
}

/* A name and a password may be in it (admin_credentials.c): who is asked wipes what has come, and no copy outlives that. */
static void nothing_is_left_of_what_came(void **state) {
    (void)state;
    static const char content[] = "{\"password\":\"Xyzzy-7f3a91-plugh\"}";
    edge_admin_call_t call = call_of("POST", "/secret", content, "k");
    edge_admin_request_t request = {.route = &edge_admin_routes[1], .who = "one", .request_id = "id", .pool = pool};
    edge_admin_repeat_t repeat;
    edge_admin_answer_start(&answer, pool);
    const char *first = apr_palloc(pool, 1);
    assert_true(edge_admin_repeat_begin(&repeat, &request, &call, EDGE_SECONDS(1000), &answer));
    const char *last = apr_palloc(pool, 1); /* what was taken of the pool stands between */
    assert_true(last > first);
    assert_null(memmem(first, (size_t)(last - first), "plugh", 5));
    edge_admin_repeat_end(&repeat, &request, EDGE_SECONDS(1000), &answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(again_is_answered_again, start, end),
        cmocka_unit_test_setup_teardown(a_key_is_in_quotes_or_not, start, end),
        cmocka_unit_test_setup_teardown(without_a_key_each_counts, start, end),
        cmocka_unit_test_setup_teardown(another_request_is_refused, start, end),
        cmocka_unit_test_setup_teardown(keys_belong_to_who_asks, start, end),
        cmocka_unit_test_setup_teardown(a_key_must_be_one, start, end),
        cmocka_unit_test_setup_teardown(what_was_refused_stays_so_and_what_failed_is_tried_again, start, end),
        cmocka_unit_test_setup_teardown(what_was_never_tried_takes_no_key, start, end),
        cmocka_unit_test_setup_teardown(secrets_and_long_answers_are_not_kept, start, end),
        cmocka_unit_test_setup_teardown(one_that_is_under_way_is_not_begun_again, start, end),
        cmocka_unit_test_setup_teardown(reading_dry_runs_and_public_routes_know_no_keys, start, end),
        cmocka_unit_test_setup_teardown(the_oldest_gives_way, start, end),
        cmocka_unit_test_setup_teardown(it_is_forgotten_after_its_time, start, end),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_what_came, start, end),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("control/admin_repeat", tests, NULL, NULL);
}
