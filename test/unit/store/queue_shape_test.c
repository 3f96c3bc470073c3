/* Tests of server/store/queue_shape.c: recipients by domain and age, of all messages or of some that stand for the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <cmocka.h>

#include "edge_clock.h"
#include "proto/json_in.h"
#include "store/queue_shape.h"

#define NOW APR_INT64_C(1700000000000000)
#define MINUTES(count) ((apr_time_t)(count)*60 * APR_USEC_PER_SEC)

static apr_pool_t *pool;
static apr_array_header_t *envelopes; /* that the queue has; NULL: one that cannot be read */
static uint64_t stands_for;           /* each of them */
static apr_status_t list_status;
static unsigned asked_spread;
static int asked_state;

static apr_status_t list(edge_queue_t *queue, const edge_queue_filter_t *filter,
                         bool (*visit)(void *context, const edge_queue_entry_t *entry), void *context) {
    asked_spread = filter->spread;
    asked_state = filter->state;
    for (int i = 0; i < envelopes->nelts; i++) {
        edge_queue_entry_t entry = {.envelope = APR_ARRAY_IDX(envelopes, i, const edge_envelope_t *),
                                    .matched = (uint64_t)envelopes->nelts * stands_for};
        assert_true(visit(context, &entry));
    }
    return list_status;
}

static const edge_queue_provider_t provider = {.name = "fake", .list = list};
static edge_queue_t queue = {.provider = &provider, .name = "main"}, second = {.provider = &provider, .name = "second"};

static edge_envelope_t *message(apr_time_t age, const char *first, const char *other) {
    edge_envelope_t *envelope = apr_pcalloc(pool, sizeof *envelope);
    envelope->received = NOW - age;
    edge_envelope_add(envelope, pool, edge_span_of(first));
    if (other != NULL) {
        edge_envelope_add(envelope, pool, edge_span_of(other));
    }
    APR_ARRAY_PUSH(envelopes, const edge_envelope_t *) = envelope;
    return envelope;
}

static const edge_json_value_t *written(edge_queue_shape_t *shape, unsigned most) {
    edge_json_t json;
    edge_json_start(&json, pool, 1024);
    edge_json_object(&json);
    edge_queue_shape_put(shape, most, &json);
    edge_json_object_end(&json);
    const edge_json_value_t *value = edge_json_in_read(edge_span(json.text, json.len), pool, NULL, NULL);
    assert_non_null(value);
    return value;
}

static int64_t number(const edge_json_value_t *value, const char *name) { return edge_json_in_number(value, name, -1); }

static void ages_are(const edge_json_value_t *row, const char *wanted) {
    assert_true(edge_span_equal(edge_json_in_member(row, "ages")->raw, edge_span_of(wanted)));
}

static void domain_is(const edge_json_value_t *row, const char *of, const char *domain, int64_t waiting) {
    assert_non_null(row);
    assert_string_equal(edge_json_in_text(row, "queue").at, of);
    assert_string_equal(edge_json_in_text(row, "domain").at, domain);
    assert_int_equal(number(row, "waiting"), waiting);
}

static const edge_json_value_t *domains(const edge_json_value_t *shape) {
    return edge_json_in_member(shape, "domains")->first;
}

static void who_waits(void **state) {
    edge_queue_shape_t *shape = edge_queue_shape_make(pool, NOW, 100);
    message(MINUTES(1), "a@example.org", "b@EXAMPLE.org");
    message(MINUTES(5), "a@example.org", "c@[192.0.2.1]");
    message(MINUTES(5) + 1, "a@example.net", NULL)->recipients[0].state = EDGE_RECIPIENT_DONE;
    edge_envelope_t *old = message(MINUTES(1281), "postmaster", "d@example.org");
    message(-MINUTES(3), "e@example.net", NULL); /* the clock was set back */
    APR_ARRAY_PUSH(envelopes, const edge_envelope_t *) = NULL;
    assert_int_equal(edge_queue_shape_take(shape, &queue, EDGE_MESSAGE_DEFERRED), APR_SUCCESS);
    assert_int_equal(asked_state, EDGE_MESSAGE_DEFERRED);
    assert_int_equal(asked_spread, 100);
    const edge_json_value_t *all = written(shape, 50), *row = domains(all);
    domain_is(row, "main", "example.org", 4);
    ages_are(row, "[3,0,0,0,0,0,0,0,0,1]");
    apr_time_t oldest = 0;
    assert_true(edge_clock_rfc3339_parse(edge_json_in_text(row, "oldest"), &oldest) && oldest == old->received);
    domain_is(row->next, "main", "", 1);
    domain_is(row->next->next, "main", "[192.0.2.1]", 1);
    domain_is(row->next->next->next, "main", "example.net", 1);
    ages_are(row->next->next->next, "[1,0,0,0,0,0,0,0,0,0]");
    assert_null(row->next->next->next->next);
    ages_are(edge_json_in_member(all, "total"), "[5,0,0,0,0,0,0,0,0,2]");
    assert_int_equal(number(edge_json_in_member(all, "other"), "waiting"), 0);
    assert_int_equal(number(all, "messages"), 6);
    assert_int_equal(number(all, "read"), 6);
    assert_int_equal(number(all, "unreadable"), 1);
    assert_true(edge_span_equal(edge_json_in_member(all, "classes")->raw,
                                edge_span_of("[300,600,1200,2400,4800,9600,19200,38400,76800]")));
}

static void each_class_ends_with_its_bound(void **state) {
    edge_queue_shape_t *shape = edge_queue_shape_make(pool, NOW, 100);
    for (unsigned i = 0, minutes = 5; i < EDGE_QUEUE_SHAPE_CLASSES - 1; i++, minutes *= 2) {
        message(MINUTES(minutes), "a@example.org", NULL);
    }
    message(MINUTES(1280) + 1, "a@example.org", NULL);
    assert_int_equal(edge_queue_shape_take(shape, &queue, -1), APR_SUCCESS);
    ages_are(edge_json_in_member(written(shape, 1), "total"), "[1,1,1,1,1,1,1,1,1,1]");
}

static void few_are_shown(void **state) {
    edge_queue_shape_t *shape = edge_queue_shape_make(pool, NOW, 100);
    for (unsigned i = 0; i < 9; i++) {
        for (unsigned k = 0; k <= i; k++) {
            message(0, apr_psprintf(pool, "a@d%u.example", i), NULL);
        }
    }
    assert_int_equal(edge_queue_shape_take(shape, &queue, -1), APR_SUCCESS);
    const edge_json_value_t *all = written(shape, 2);
    domain_is(domains(all), "main", "d8.example", 9);
    domain_is(domains(all)->next, "main", "d7.example", 8);
    assert_null(domains(all)->next->next);
    assert_int_equal(number(edge_json_in_member(all, "other"), "waiting"), 28);
    assert_int_equal(number(edge_json_in_member(all, "total"), "waiting"), 45);
}

static void some_stand_for_the_rest(void **state) {
    edge_queue_shape_t *shape = edge_queue_shape_make(pool, NOW, 4);
    message(0, "a@example.org", "b@example.net");
    message(0, "a@example.org", NULL);
    message(MINUTES(7), "a@example.org", NULL);
    message(MINUTES(7), "a@example.com", NULL);
    stands_for = 250;
    assert_int_equal(edge_queue_shape_take(shape, &queue, -1), APR_SUCCESS);
    const edge_json_value_t *all = written(shape, 50), *row = domains(all);
    domain_is(row, "main", "example.org", 750);
    ages_are(row, "[500,250,0,0,0,0,0,0,0,0]");
    assert_int_equal(number(edge_json_in_member(all, "total"), "waiting"), 1250);
    assert_int_equal(number(all, "messages"), 1000);
    assert_int_equal(number(all, "read"), 4);
}

static void queues_are_told_apart(void **state) {
    edge_queue_shape_t *shape = edge_queue_shape_make(pool, NOW, 4);
    message(0, "a@example.org", NULL);
    assert_int_equal(edge_queue_shape_take(shape, &queue, -1), APR_SUCCESS);
    message(0, "b@example.org", NULL);
    assert_int_equal(edge_queue_shape_take(shape, &second, -1), APR_SUCCESS);
    const edge_json_value_t *all = written(shape, 50);
    domain_is(domains(all), "second", "example.org", 2);
    domain_is(domains(all)->next, "main", "example.org", 1);
    assert_int_equal(number(all, "messages"), 3);
}

/* Each of a message's recipients may be of a domain of its own: memory has a bound. */
static void domains_without_end(void **state) {
    edge_queue_shape_t *shape = edge_queue_shape_make(pool, NOW, 100);
    edge_envelope_t *envelope = message(0, "a@d.example", NULL);
    for (unsigned i = 0; i < EDGE_QUEUE_SHAPE_DOMAINS + 9; i++) {
        edge_envelope_add(envelope, pool, edge_span_of(apr_psprintf(pool, "a@d%u.example", i)));
    }
    assert_int_equal(edge_queue_shape_take(shape, &queue, -1), APR_SUCCESS);
    const edge_json_value_t *all = written(shape, EDGE_QUEUE_SHAPE_DOMAINS);
    assert_int_equal(number(edge_json_in_member(all, "total"), "waiting"), EDGE_QUEUE_SHAPE_DOMAINS + 10);
    assert_int_equal(number(edge_json_in_member(all, "other"), "waiting"), 10);
}

static void trouble_and_nothing(void **state) {
    edge_queue_shape_t *shape = edge_queue_shape_make(pool, NOW, 100);
    assert_int_equal(edge_queue_shape_take(shape, &queue, -1), APR_SUCCESS);
    list_status = APR_EAGAIN;
    assert_int_equal(edge_queue_shape_take(shape, &queue, -1), APR_EAGAIN);
    const edge_json_value_t *all = written(shape, 50);
    assert_null(domains(all));
    assert_int_equal(number(all, "messages"), 0);
}

static int set_up(void **state) {
    apr_pool_create(&pool, NULL);
    envelopes = apr_array_make(pool, 16, sizeof(const edge_envelope_t *));
    stands_for = 1;
    list_status = APR_SUCCESS;
    return 0;
}

static int tear_down(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_class_ends_with_its_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(few_are_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(some_stand_for_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(queues_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(domains_without_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trouble_and_nothing, set_up, tear_down),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
