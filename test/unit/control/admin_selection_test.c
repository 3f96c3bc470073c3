/* Paths of members: which there are, what they choose, and what is said of those there are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "control/admin_selection.h"
#include "edge_module.h"
#include "proto/json_in.h"

const edge_admin_route_t edge_admin_setting_routes[] = {{.path = NULL}};
const edge_admin_route_t edge_admin_routes[] = {{.path = NULL}};
const edge_module_t *edge_module_at(unsigned index) { return NULL; }

static const edge_admin_argument_t deep_rows[] = {{.name = "deeper", .kind = EDGE_ADMIN_NUMBER, .prose = "x"},
                                                  {.name = NULL}};
static const edge_admin_argument_t client_rows[] = {
    {.name = "ip", .kind = EDGE_ADMIN_TEXT, .prose = "x"},
    {.name = "ipv6", .kind = EDGE_ADMIN_TEXT, .prose = "x"},
    {.name = "deep", .kind = EDGE_ADMIN_OBJECT, .rows = deep_rows, .prose = "x"},
    {.name = NULL}};
static const edge_admin_argument_t rows[] = {
    {.name = "id", .kind = EDGE_ADMIN_NUMBER, .prose = "x"},
    {.name = "client", .kind = EDGE_ADMIN_OBJECT, .rows = client_rows, .prose = "x"},
    {.name = "clients", .kind = EDGE_ADMIN_LIST, .rows = client_rows, .prose = "x"},
    {.name = NULL}};

static apr_pool_t *pool;
static edge_admin_answer_t answer;
static edge_admin_selection_t selection;

static int set_up(void **state) {
    (void)state;
    return apr_pool_create(&pool, NULL);
}

static int tear_down(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static bool reads(const char *fields) {
    edge_admin_answer_start(&answer, pool);
    return edge_admin_selection_read(&selection, rows, edge_span_of(fields), &answer);
}

static void chooses(const char *fields, const char *wanted) {
    static const char item[] =
        "{\"id\":1,\"client\":{\"ip\":\"a\",\"ipv6\":\"b\",\"deep\":{\"deeper\":2}},\"clients\":[{\"ip\":\"c\"}]}";
    edge_json_t json;
    const edge_json_value_t *read = edge_json_in_read(edge_span_of(item), pool, NULL, NULL);
    assert_true(reads(fields));
    edge_json_start(&json, pool, 256);
    edge_admin_selection_put(&selection, &json, read);
    assert_string_equal(apr_pstrmemdup(pool, json.text, json.len), wanted);
}

static void what_there_is(void **state) {
    (void)state;
    chooses(NULL,
            "{\"id\":1,\"client\":{\"ip\":\"a\",\"ipv6\":\"b\",\"deep\":{\"deeper\":2}},\"clients\":[{\"ip\":\"c\"}]}");
    chooses("id", "{\"id\":1}");
    chooses("client.ip", "{\"client\":{\"ip\":\"a\"}}"); /* and not what only begins so */
    chooses("client.ipv6,client.ip", "{\"client\":{\"ip\":\"a\",\"ipv6\":\"b\"}}");
    chooses("client.deep.deeper", "{\"client\":{\"deep\":{\"deeper\":2}}}");
    chooses("client.deep", "{\"client\":{\"deep\":{\"deeper\":2}}}");
    chooses("client", "{\"client\":{\"ip\":\"a\",\"ipv6\":\"b\",\"deep\":{\"deeper\":2}}}");
    chooses("client.deep.deeper,client", "{\"client\":{\"ip\":\"a\",\"ipv6\":\"b\",\"deep\":{\"deeper\":2}}}");
    chooses("clients", "{\"clients\":[{\"ip\":\"c\"}]}");
    chooses(" id , id\t", "{\"id\":1}");
}

static void what_there_is_not(void **state) {
    static const char *const wrong[] = {
        "",         " ",   ",",          "id,",        ",id",          "id,,client",  ".",  "id.",
        "client.",  ".id", "client..ip", "client.ip.", "client. ip",   "client.ip.x", "ID", "clients.ip",
        "client.i", "i",   "id client",  "id\xff",     "client.deep.", "id;client"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(wrong); i++) {
        if (reads(wrong[i])) {
            fail_msg("\"%s\" is taken", wrong[i]);
        }
        assert_int_equal(answer.status, 422);
    }
}

/* All of it is said, not only the first. */
static void each_is_said(void **state) {
    (void)state;
    assert_false(reads("idd,client.ipp,id,zzzzzzzz"));
    const edge_json_value_t *errors = NULL, *document = NULL;
    edge_admin_answer_end(&answer);
    document = edge_json_in_read(edge_span(answer.json.text, answer.json.len), pool, NULL, NULL);
    assert_non_null(document);
    errors = edge_json_in_member(document, "errors");
    assert_int_equal(errors->count, 3);
    assert_string_equal(edge_json_in_text(errors->first->next, "suggestion").at, "client.ip");
}

static void shares(void **state) {
    (void)state;
    assert_true(reads("client.deep"));
    assert_int_equal(edge_admin_selection_share(&selection, edge_span_of("id")), EDGE_ADMIN_NOTHING);
    assert_int_equal(edge_admin_selection_share(&selection, edge_span_of("client")), EDGE_ADMIN_PART);
    assert_int_equal(edge_admin_selection_share(&selection, edge_span_of("clien")), EDGE_ADMIN_NOTHING);
    assert_int_equal(edge_admin_selection_share(&selection, edge_span_of("client.deep")), EDGE_ADMIN_WHOLE);
    assert_int_equal(edge_admin_selection_share(&selection, edge_span_of("client.deep.deeper")), EDGE_ADMIN_WHOLE);
    assert_int_equal(edge_admin_selection_share(&selection, edge_span_of("client.deeper")), EDGE_ADMIN_NOTHING);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(what_there_is), TEST(what_there_is_not), TEST(each_is_said), TEST(shares)};
    apr_initialize();
    return cmocka_run_group_tests_name("control/admin_selection", tests, NULL, NULL);
}
