/* The queue routes over queues in memory: pages over several queues, one message, its content, changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>
#include <stdio.h>

#include "control/admin_priv.h"
#include "edge_conf.h"
#include "edge_module.h"
#include "proto/json_in.h"

static apr_pool_t *pool;

/* Two queues in memory */

#define MESSAGES_MOST 8
#define CONTENT "Subject: x\r\nFrom: a@b\r\n\r\nBody.\r\n"

typedef struct fake {
    edge_uuid_t ids[MESSAGES_MOST];
    edge_message_state_t states[MESSAGES_MOST];
    edge_envelope_t envelopes[MESSAGES_MOST];
    unsigned count;
} fake_t;

struct edge_queue_reader {
    edge_queue_entry_t entry;
    size_t at;
};

static fake_t fakes[2];
static unsigned readers_open, snapshots_held;
static apr_status_t read_status = APR_SUCCESS, list_status = APR_SUCCESS, change_status = APR_SUCCESS;

static int find(edge_queue_t *queue, edge_uuid_t id) {
    fake_t *fake = queue->state;
    for (unsigned i = 0; i < fake->count; i++) {
        if (edge_uuid_equal(fake->ids[i], id)) {
            return (int)i;
        }
    }
    return -1;
}

static edge_queue_entry_t entry_of(fake_t *fake, unsigned i) {
    return (edge_queue_entry_t){.id = fake->ids[i],
                                .state = fake->states[i],
                                .envelope = fake->states[i] == EDGE_MESSAGE_DAMAGED ? NULL : &fake->envelopes[i]};
}

static apr_status_t fake_list(edge_queue_t *queue, const edge_queue_filter_t *filter,
                              bool (*visit)(void *context, const edge_queue_entry_t *entry), void *context) {
    fake_t *fake = queue->state;
    unsigned visited = 0;
    for (unsigned i = 0; i < fake->count; i++) {
        edge_queue_entry_t entry = entry_of(fake, i);
        if (memcmp(entry.id.bytes, filter->after.bytes, 16) <= 0 ||
            (filter->state >= 0 && (int)entry.state != filter->state)) {
            continue;
        }
        if ((filter->most > 0 && visited++ == filter->most) || !visit(context, &entry)) {
            break;
        }
    }
    return list_status;
}

static apr_status_t fake_stat(edge_queue_t *queue, edge_queue_stat_t *stat) {
    stat->messages = ((fake_t *)queue->state)->count;
    stat->accepting = true;
    return APR_SUCCESS;
}

static apr_status_t fake_open(edge_queue_t *queue, edge_uuid_t id, apr_pool_t *in, edge_queue_reader_t **reader) {
    int at = find(queue, id);
    if (at < 0) {
        return APR_NOTFOUND;
    }
    *reader = apr_pcalloc(in, sizeof **reader);
    (*reader)->entry = entry_of(queue->state, (unsigned)at);
    readers_open++;
    return APR_SUCCESS;
}

static const edge_queue_entry_t *fake_entry(edge_queue_reader_t *reader) { return &reader->entry; }

/* Seven octets at a time, so that a header block ends inside a piece. */
static apr_status_t fake_read(edge_queue_reader_t *reader, char *into, size_t size, size_t *got) {
    size_t left = strlen(CONTENT) - reader->at;
    *got = left < 7 ? left : 7;
    assert_true(*got <= size);
    memcpy(into, &CONTENT[reader->at], *got);
    reader->at += *got;
    if (reader->at > 14 && read_status != APR_SUCCESS) {
        return read_status;
    }
    return *got == 0 ? APR_EOF : APR_SUCCESS;
}

static void fake_close(edge_queue_reader_t *reader) {
    (void)reader;
    readers_open--;
}

static apr_status_t set_state(edge_queue_t *queue, edge_uuid_t id, edge_message_state_t state) {
    int at = find(queue, id);
    fake_t *fake = queue->state;
    if (at < 0) {
        return APR_NOTFOUND;
    }
    if (change_status != APR_SUCCESS) {
        return change_status;
    }
    if (fake->states[at] == EDGE_MESSAGE_LEASED) {
        return APR_EBUSY;
    }
    fake->states[at] = state;
    return APR_SUCCESS;
}

static apr_status_t fake_hold(edge_queue_t *queue, edge_uuid_t id) { return set_state(queue, id, EDGE_MESSAGE_HELD); }
static apr_status_t fake_release(edge_queue_t *queue, edge_uuid_t id) {
    return set_state(queue, id, EDGE_MESSAGE_ACTIVE);
}
static apr_status_t fake_remove(edge_queue_t *queue, edge_uuid_t id) {
    return set_state(queue, id, EDGE_MESSAGE_DAMAGED);
}

static const edge_queue_provider_t provider = {
    .name = "fake",
    .list = fake_list,
    .stat = fake_stat,
    .reader_open = fake_open,
    .reader_entry = fake_entry,
    .reader_read = fake_read,
    .reader_close = fake_close,
    .hold = fake_hold,
    .release = fake_release,
    .requeue = fake_release,
    .remove = fake_remove,
};
static edge_queue_t queues[] = {{.provider = &provider, .name = "main", .state = &fakes[0]},
                                {.provider = &provider, .name = "b:c", .state = &fakes[1]}};

/* The configuration they stand in */

static edge_section_t sections[] = {
    {.scope = EDGE_SCOPE_QUEUE, .instance = &queues[0], .next = &sections[1]},
    {.scope = EDGE_SCOPE_LISTENER, .next = &sections[2]},
    {.scope = EDGE_SCOPE_QUEUE, .instance = &queues[1]},
};
static edge_section_t server = {.scope = EDGE_SCOPE_SERVER, .first = &sections[0]};

edge_snapshot_t *edge_snapshot_current(void) {
    snapshots_held++;
    return (edge_snapshot_t *)(void *)&server;
}
void edge_snapshot_drop(edge_snapshot_t *snapshot) {
    (void)snapshot;
    snapshots_held--;
}
const edge_section_t *edge_snapshot_server(const edge_snapshot_t *snapshot) {
    return (const edge_section_t *)(const void *)snapshot;
}
edge_queue_t *edge_snapshot_queue(const edge_snapshot_t *snapshot, unsigned index) {
    const edge_section_t *section = edge_snapshot_server(snapshot)->first;
    while (section != NULL && (section->scope != EDGE_SCOPE_QUEUE || section->instance == NULL || index-- > 0)) {
        section = section->next;
    }
    return section != NULL ? section->instance : NULL;
}
const edge_module_t *edge_module_at(unsigned index) {
    (void)index;
    return NULL;
}

const edge_admin_route_t edge_admin_setting_routes[] = {{.path = NULL}};
const edge_admin_route_t edge_admin_routes[] = {
    {.method = "GET",
     .path = "/queue",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_queue_list,
     .arguments = edge_admin_queue_list_arguments,
     .prose = "x"},
    {.method = "GET", .path = "/queue/stat", .role = EDGE_ADMIN_READ, .handler = edge_admin_queue_stat, .prose = "x"},
    {.method = "GET", .path = "/queue/{id}", .role = EDGE_ADMIN_READ, .handler = edge_admin_queue_show, .prose = "x"},
    {.method = "GET",
     .path = "/queue/{id}/content",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_queue_content,
     .arguments = edge_admin_queue_content_arguments,
     .prose = "x"},
    {.method = "POST",
     .path = "/queue/{id}/hold",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_queue_hold,
     .prose = "x"},
    {.method = "POST",
     .path = "/queue/{id}/release",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_queue_release,
     .prose = "x"},
    {.method = "DELETE",
     .path = "/queue/{id}",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_queue_delete,
     .arguments = edge_admin_queue_delete_arguments,
     .prose = "x"},
    {.path = NULL},
};

/* Asking */

static char streamed[256];

static bool keep(edge_admin_answer_t *answer, edge_span_t bytes) {
    (void)answer;
    strncat(streamed, bytes.at, bytes.len);
    return true;
}

static edge_admin_answer_t ask_as(edge_admin_role_t role, const char *method, const char *target) {
    edge_admin_answer_t answer;
    edge_admin_call_t call = {
        .method = edge_span_of(method), .target = edge_span_of(target), .role = role, .who = "uid 0", .local = true};
    edge_admin_answer_start(&answer, pool);
    answer.send = keep;
    streamed[0] = '\0';
    edge_admin_dispatch(&call, &answer);
    assert_int_equal(readers_open, 0);
    assert_int_equal(snapshots_held, 0);
    return answer;
}

static edge_admin_answer_t ask(const char *method, const char *target) {
    return ask_as(EDGE_ADMIN_ADMIN, method, target);
}

static const edge_json_value_t *ask_json(const char *target) {
    edge_admin_answer_t answer = ask("GET", target);
    assert_int_equal(answer.status, 200);
    const edge_json_value_t *value = edge_json_in_read(edge_span(answer.json.text, answer.json.len), pool, NULL, NULL);
    assert_non_null(value);
    return value;
}

#define ID(n) "00000000-0000-7000-8000-00000000000" #n

static void add(fake_t *fake, const char *id, edge_message_state_t state) {
    unsigned at = fake->count++;
    assert_true(edge_uuid_parse(edge_span_of(id), &fake->ids[at]));
    fake->states[at] = state;
    fake->envelopes[at] = (edge_envelope_t){.id = fake->ids[at], .sender = edge_span_of("s@x"), .size = 34};
    edge_envelope_add(&fake->envelopes[at], pool, edge_span_of("r@x"));
}

/* The last digits of the ids of a page, and "+" when there is a next one. */
static const char *page(const char *target, const char **cursor) {
    const edge_json_value_t *value = ask_json(target);
    const char *ids = "";
    for (const edge_json_value_t *item = edge_json_in_member(value, "items")->first; item != NULL; item = item->next) {
        ids = apr_pstrcat(pool, ids, edge_json_in_text(item, "id").at + 35, NULL);
    }
    *cursor = edge_json_in_text(value, "next_cursor").at;
    return *cursor != NULL ? apr_pstrcat(pool, ids, "+", NULL) : ids;
}

static void lists_page_by_page(void **state) {
    (void)state;
    static const char *const all = "12345";
    for (unsigned limit = 1; limit <= 6; limit++) {
        const char *cursor = NULL, *seen = "", *ids;
        unsigned pages = 0;
        do {
            ids = page(cursor == NULL ? apr_psprintf(pool, "/queue?limit=%u", limit)
                                      : apr_psprintf(pool, "/queue?limit=%u&cursor=%s", limit, cursor),
                       &cursor);
            seen = apr_pstrcat(pool, seen, apr_pstrmemdup(pool, ids, strcspn(ids, "+")), NULL);
            assert_true(pages++ < 6);
        } while (cursor != NULL);
        assert_string_equal(seen, all);
        assert_int_equal(pages, (5 + limit - 1) / limit);
    }
}

static void lists_by_queue_and_state(void **state) {
    (void)state;
    const char *cursor;
    assert_string_equal(page("/queue", &cursor), "12345");
    assert_string_equal(page("/queue?queue=main", &cursor), "123");
    assert_string_equal(page("/queue?queue=main&limit=3", &cursor), "123");
    assert_string_equal(page("/queue?queue=b%3Ac", &cursor), "45");
    assert_string_equal(page("/queue?queue=none", &cursor), "");
    assert_string_equal(page("/queue?state=held", &cursor), "2");
    assert_string_equal(page("/queue?state=damaged&queue=b:c", &cursor), "5");
    assert_int_equal(ask("GET", "/queue?state=sleeping").status, 422);
    assert_int_equal(ask("GET", "/queue?limit=0").status, 422);
    assert_int_equal(ask("GET", "/queue?limit=1001").status, 422);
    static const char *const cursors[] = {"",        "x",           "main",
                                          ":" ID(1), "main;" ID(1), "main:00000000-0000-7000-8000-00000000000x"};
    for (size_t i = 0; i < EDGE_COUNT(cursors); i++) {
        assert_int_equal(ask("GET", apr_pstrcat(pool, "/queue?cursor=", cursors[i], NULL)).status, 422);
    }
}

/* The spool is being read, or goes to the next generation: that passes. */
static void says_that_it_cannot_be_listed_now(void **state) {
    (void)state;
    list_status = APR_EAGAIN;
    assert_int_equal(ask("GET", "/queue").status, 503);
    list_status = APR_EGENERAL;
    assert_int_equal(ask("GET", "/queue").status, 500);
    list_status = APR_SUCCESS;
    assert_int_equal(ask("GET", "/queue").status, 200);
}

static void shows_one(void **state) {
    (void)state;
    const edge_json_value_t *value = ask_json("/queue/" ID(4));
    assert_string_equal(edge_json_in_text(value, "queue").at, "b:c");
    assert_string_equal(edge_json_in_text(value, "sender").at, "s@x");
    assert_int_equal(edge_json_in_member(value, "deliveries")->count, 1);
    value = ask_json("/queue/" ID(5));
    assert_string_equal(edge_json_in_text(value, "state").at, "damaged");
    assert_int_equal(edge_json_in_member(value, "sender")->type, EDGE_JSON_NULL);
    assert_int_equal(ask("GET", "/queue/" ID(9)).status, 404);
    assert_int_equal(ask("GET", "/queue/none").status, 404);
}

static void sends_content(void **state) {
    (void)state;
    edge_admin_answer_t answer = ask("GET", "/queue/" ID(1) "/content");
    assert_true(answer.streaming && !answer.broken);
    assert_string_equal(streamed, CONTENT);
    ask("GET", "/queue/" ID(1) "/content?part=headers");
    assert_string_equal(streamed, "Subject: x\r\nFrom: a@b\r\n\r\n");
    read_status = APR_EGENERAL;
    answer = ask("GET", "/queue/" ID(1) "/content");
    assert_true(answer.broken);
    read_status = APR_SUCCESS;
    assert_int_equal(ask("GET", "/queue/" ID(9) "/content").status, 404);
    assert_int_equal(ask_as(EDGE_ADMIN_OPERATE, "GET", "/queue/" ID(1) "/content").status, 403);
}

static unsigned given_up;

static apr_status_t give_up(edge_queue_t *queue, edge_uuid_t id) {
    given_up += find(queue, id) >= 0;
    return find(queue, id) >= 0 ? APR_SUCCESS : APR_NOTFOUND;
}

static void changes(void **state) {
    (void)state;
    assert_int_equal(ask("POST", "/queue/" ID(4) "/hold").status, 200);
    assert_int_equal(fakes[1].states[0], EDGE_MESSAGE_HELD);
    assert_int_equal(ask("POST", "/queue/" ID(4) "/release").status, 200);
    assert_int_equal(fakes[1].states[0], EDGE_MESSAGE_ACTIVE);
    assert_int_equal(ask("POST", "/queue/" ID(3) "/hold").status, 409);
    assert_int_equal(ask("POST", "/queue/" ID(9) "/hold").status, 404);
    change_status = APR_EAGAIN;
    assert_int_equal(ask("POST", "/queue/" ID(4) "/hold").status, 503);
    change_status = APR_SUCCESS;
    assert_int_equal(ask_as(EDGE_ADMIN_READ, "POST", "/queue/" ID(4) "/hold").status, 403);
    assert_int_equal(ask_as(EDGE_ADMIN_OPERATE, "DELETE", "/queue/" ID(4)).status, 403);
    assert_int_equal(ask("DELETE", "/queue/" ID(4) "?bounce=true").status, 409); /* nobody hands it on */
    assert_int_equal(ask("DELETE", "/queue/" ID(9) "?bounce=true").status, 404);
    atomic_store(&queues[1].give_up, give_up);
    assert_int_equal(ask("DELETE", "/queue/" ID(4) "?bounce=true").status, 200);
    assert_int_equal(given_up, 1);
    assert_int_equal(fakes[1].states[0], EDGE_MESSAGE_ACTIVE);
    atomic_store(&queues[1].give_up, NULL);
    assert_int_equal(ask("DELETE", "/queue/" ID(4)).status, 200);
    assert_int_equal(fakes[1].states[0], EDGE_MESSAGE_DAMAGED);
}

static void tells_figures(void **state) {
    (void)state;
    const edge_json_value_t *list = edge_json_in_member(ask_json("/queue/stat"), "queues");
    assert_int_equal(list->count, 2);
    assert_int_equal(edge_json_in_number(list->first, "messages", -1), 3);
    assert_true(edge_json_in_member(list->first, "accepting")->truth);
}

static int fill(void **state) {
    (void)state;
    memset(fakes, 0, sizeof fakes);
    add(&fakes[0], ID(1), EDGE_MESSAGE_ACTIVE);
    add(&fakes[0], ID(2), EDGE_MESSAGE_HELD);
    add(&fakes[0], ID(3), EDGE_MESSAGE_LEASED);
    add(&fakes[1], ID(4), EDGE_MESSAGE_ACTIVE);
    add(&fakes[1], ID(5), EDGE_MESSAGE_DAMAGED);
    return 0;
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists_page_by_page, fill),
        cmocka_unit_test_setup(lists_by_queue_and_state, fill),
        cmocka_unit_test_setup(says_that_it_cannot_be_listed_now, fill),
        cmocka_unit_test_setup(shows_one, fill),
        cmocka_unit_test_setup(sends_content, fill),
        cmocka_unit_test_setup(changes, fill),
        cmocka_unit_test_setup(tells_figures, fill),
    };
    return cmocka_run_group_tests_name("control/admin_queue", tests, set_up, NULL);
}
